"""A network that misbehaves, as far as one machine can make it: dead addresses, names that mean what a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from .faults.leaks import wait_until


@contextlib.contextmanager
def dead(addresses: int = 1) -> Iterator[list[tuple[str, int]]]:
    """Addresses that never answer a connection: nobody accepts there, and the queue is full."""
    with contextlib.ExitStack() as stack:
        found, port = list[tuple[str, int]](), 0
        for number in range(addresses):
            listener = stack.enter_context(socket.socket())
            listener.bind((f"127.0.0.{number + 2}", port))
            listener.listen(0)
            found.append(listener.getsockname())
            port = listener.getsockname()[1]
            _fill(found[-1], stack)
        yield found


def _fill(address: tuple[str, int], stack: contextlib.ExitStack) -> None:
    while True:
        held = stack.enter_context(socket.socket())
        held.settimeout(0.05)
        try:
            held.connect(address)
        except TimeoutError:
            return


class Names:
    """What names mean during a test; a name that is `held` gets its answer when that is set.

    asked: every name that was asked for.   threads: in which threads that was.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.known: dict[str, list[str]] = {}
        self.held = threading.Event()
        self.held.set()
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self._real = socket.getaddrinfo
        patch.setattr(socket, "getaddrinfo", self._told)

    def _told(self, host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        if host not in self.known:
            return self._real(host, port, *args, **options)
        self.asked.append(host)
        self.threads.add(threading.get_ident())
        self.held.wait(10)
        if not self.known[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.known[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """A resolver of the test's own, for the names it tells."""
    told = Names(monkeypatch)
    yield told
    told.held.set()
    wait_until(lambda: not any(thread.name == "gemel-resolver" for thread in threading.enumerate()))
