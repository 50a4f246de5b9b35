"""Runs `python -m gemel` as a process of its own, as strict as the one that runs the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

DEVELOPMENT = ["-X", "dev"] if sys.flags.dev_mode else []
COMMAND = [sys.executable, "-W", "error", *DEVELOPMENT, "-m", "gemel"]
SECONDS = 60
# An access token (JWT), a client secret or a signing key of the sandbox, and an API key of its Julep.
CREDENTIAL = re.compile(r"eyJ[\w-]+\.[\w-]+|\b[0-9a-f]{64}\b|(?<![\w-])[\w-]{43}(?![\w-])")
# What changes what a terminal program writes must come from the test alone.
_LEFT_OUT = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return kept | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | more


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, its output on pipes."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, env=environment(**variables)
    )


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on; it is killed if the block leaves it running."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, *arguments], text=True, env=environment(), **pipes) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def complaints(stderr: str) -> list[str]:
    """What a process wrote on stderr, without asyncio's remarks in its debug mode on what took long."""
    return [line for line in stderr.splitlines() if not re.match(r"Executing <.* took [\d.]+ seconds$", line)]
