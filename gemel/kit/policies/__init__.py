"""Decisions around the sending of a request: what is repeated, signed, followed and told."""
