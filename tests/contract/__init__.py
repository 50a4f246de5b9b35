"""The contract with the outside: the published descriptions of the APIs, and the published SDKs as peers."""
