"""Running a sandbox until a signal stops it."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from gemel.sandbox import Sandbox, SandboxDataError, serve

__all__ = ["Unusable", "run_sandbox"]

# Python on Windows handles a signal between two waits, not during one.
_LONGEST_WAIT = 0.5


class Unusable(Exception):
    """The address or the data file cannot be used."""


def run_sandbox(api: str, *, host: str, port: int, data: Path | None, say: Callable[[str], Any]) -> None:
    """Serve an API until SIGINT or SIGTERM; to be called on the main thread.

    api, host, port, data: as for `gemel.sandbox.serve`.
    say: prints a text, of which every line is a comment or a command of a POSIX shell.
    Raises Unusable when the port is taken, the host is not of this machine, or the data file is not a sandbox's.
    """
    # From 3.12 on asyncio also logs an address that it cannot bind; the error says it.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with _stopped_by(signal.SIGINT, signal.SIGTERM) as stop, ExitStack() as stack:
        try:
            sandbox = stack.enter_context(serve(api, host=host, port=port, data=data))
        except SandboxDataError as error:
            raise Unusable(str(error)) from None
        except OSError as error:
            raise Unusable(f"cannot listen on {host}:{port}: {_reason(error)}") from None
        say(_announcement(api, sandbox, data))
        while not stop.wait(_LONGEST_WAIT):
            pass


@contextmanager
def _stopped_by(*signals: signal.Signals) -> Generator[threading.Event, None, None]:
    """Give an event that these signals set while the block runs."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # None: it was not set by Python


def _reason(error: OSError) -> str:
    """Return the system's own words, where asyncio wraps them in a longer sentence."""
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; choose another one, or 0 for a free one"
    if error.errno in (errno.EADDRNOTAVAIL, None):  # None: asyncio's own error from 3.12 on
        return "this machine has no such address"
    return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)


def _announcement(api: str, sandbox: Sandbox, data: Path | None) -> str:
    kept = f"in {str(data)!r}, every secret in the clear" if data else "in memory, gone when it stops"
    variables = {
        "INFISICAL_URL": sandbox.url,
        "INFISICAL_CLIENT_ID": sandbox.client_id,
        "INFISICAL_CLIENT_SECRET": sandbox.client_secret,
    }
    lines = [
        f"# {api} sandbox at {sandbox.url}; Ctrl-C stops it",
        f"# records: {kept}",
        "# its admin identity, worth nothing elsewhere; the clients find it in these variables:",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
    return "\n".join(lines)
