"""Tests of the Julep half of the sandbox, over real sockets."""
