"""The published SDKs as peers of gemel: each in a process of its own, at work on the sandbox."""
