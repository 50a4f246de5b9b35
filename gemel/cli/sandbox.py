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
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from gemel.sandbox import JulepSandbox, Sandbox, SandboxDataError, serve
from gemel.sandbox.guard import is_loopback

__all__ = ["Options", "Unusable", "run_sandbox"]

# Python on Windows handles a signal between two waits, not during one.
_LONGEST_WAIT = 0.5


class Unusable(Exception):
    """The address or the data file cannot be used."""


@dataclass(frozen=True)
class Options:
    """How a sandbox is run.

    Attributes:
        host: As for `gemel.sandbox.serve`, like the next three.
        port: The port.
        data: The file of the records.
        control_hosts: Other names of the control endpoint.
        show_secrets: Whether the credentials are printed, not only where they are to be had.
    """

    host: str
    port: int
    data: Path | None
    control_hosts: tuple[str, ...] = ()
    show_secrets: bool = False


def run_sandbox(api: str, options: Options, say: Callable[[str], Any], warn: Callable[[str], Any]) -> None:
    """Serve an API, or "both", until SIGINT or SIGTERM; to be called on the main thread.

    Args:
        api: As for `gemel.sandbox.serve`.
        options: How it is run.
        say: Prints a text, of which every line is a comment or a command of a POSIX shell.
        warn: Prints a line where a person sees it.

    Raises:
        Unusable: The port is taken, the host is not of this machine, or the data file is not a sandbox's.
    """
    host, port, data = options.host, options.port, options.data
    # From 3.12 on asyncio also logs an address that it cannot bind; the error says it.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with _stopped_by(signal.SIGINT, signal.SIGTERM) as stop, ExitStack() as stack:
        try:
            sandbox = stack.enter_context(
                serve(api, host=host, port=port, data=data, control_hosts=options.control_hosts)
            )
        except SandboxDataError as error:
            raise Unusable(str(error)) from None
        except OSError as error:
            raise Unusable(f"cannot listen on {host}:{port}: {_reason(error)}") from None
        if not is_loopback(host):
            warn(
                f"warning: it listens on {host or 'every address'}: whoever reaches this machine can log in, steer it"
                " and read every request that it has received"
            )
        say(_announcement(api, sandbox, options))
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


def _announcement(api: str, sandbox: Sandbox | JulepSandbox, options: Options) -> str:
    served = "infisical and julep" if api == "both" else api
    kept = f"in {str(options.data)!r}, every secret in the clear" if options.data else "in memory, gone when it stops"
    public, secret = _variables(sandbox)
    shown = public | secret if options.show_secrets else public
    lines = [
        f"# {served} sandbox at {sandbox.url}; Ctrl-C stops it",
        f"# records: {kept}",
        "# its credentials, worth nothing elsewhere; the clients find them in these variables:",
        *(f"export {name}={shlex.quote(value)}" for name, value in shown.items()),
    ]
    if not options.show_secrets:
        lines.append(f"# {' and '.join(secret)} too, with --show-secrets")
    return "\n".join(lines)


def _variables(sandbox: Sandbox | JulepSandbox) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the clients read, and of that what is secret; a sandbox of both APIs is of both classes."""
    public: dict[str, str] = {}
    secret: dict[str, str] = {}
    if isinstance(sandbox, Sandbox):
        public |= {"INFISICAL_URL": sandbox.url, "INFISICAL_CLIENT_ID": sandbox.client_id}
        secret["INFISICAL_CLIENT_SECRET"] = sandbox.client_secret
    if isinstance(sandbox, JulepSandbox):
        public["JULEP_API_URL"] = sandbox.api_url
        secret["JULEP_API_KEY"] = sandbox.api_key
    return public, secret
