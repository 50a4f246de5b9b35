"""Tests of the Infisical SDK against the sandbox, each in both modes."""
