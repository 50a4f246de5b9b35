"""Endpoints of the Infisical API, one module a noun."""
