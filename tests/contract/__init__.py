"""The contract with the outside: the published description of the API, and the published SDKs as peers."""
