"""The endpoints of the Julep API 0.x, a module a noun."""
