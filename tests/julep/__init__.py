"""Tests of the Julep SDK against the sandbox, recorded replies and small servers, each in both modes."""
