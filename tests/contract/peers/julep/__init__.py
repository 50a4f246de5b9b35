"""The published Julep SDK 0.3.9 as a peer, in an environment of its own."""
