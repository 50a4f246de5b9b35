"""The tests of gemel.kit: every behaviour on real sockets, on both transports."""
