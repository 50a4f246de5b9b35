"""Tests of the command line: the command as its own process, on pipes and on a pseudo-terminal."""
