"""A hostile server, what it does in one row each, and what both clients make of it: the table of docs/faults.md."""
