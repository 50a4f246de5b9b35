"""Records of the Julep API, a module a noun."""
