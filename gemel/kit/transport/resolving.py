"""The addresses of a host, within a deadline.

getaddrinfo has no timeout and nothing interrupts it: a name server that is silent holds it for as long as the system
likes, often half a minute. So a name is looked up in a thread that may be left behind, one for all who ask for the name
at the same time. asyncio has such threads too, but few, which the program's files need as well, and `asyncio.run` waits
for them at its end.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from gemel.kit.fork import renewed_after_fork

__all__ = ["Lookup", "SocketAddress", "looked_up", "resolved"]

SocketAddress: TypeAlias = "tuple[Any, Any, int, str, Any]"
"""What getaddrinfo tells of an address: family, type, protocol, canonical name, and what a socket connects to."""

_Question: TypeAlias = "tuple[str, int | None, int]"
_LITERAL = frozenset("0123456789.")


class Lookup:
    """One question to the resolver of the system, and those who wait for its answer."""

    def __init__(self, question: _Question) -> None:
        self.question: _Question = question
        self.over: bool = False
        self._waiting: list[Callable[[], object]] = []
        self._addresses: list[SocketAddress] = []
        self._failure: Exception | None = None

    def run(self) -> None:
        """Ask, and wake those who wait."""
        host, port, family = self.question
        try:
            self._addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except Exception as failure:  # whatever it is, somebody waits for it in another thread
            self._failure = failure
        self.over = True
        for wake in list(self._waiting):
            wake()

    def wakes(self, wake: Callable[[], object]) -> bool:
        """Have `wake` called at the end, in another thread; False when the end has come already.

        Who is noted before `over` is set is found by the thread, which looks through the notes after it has set it.
        """
        self._waiting.append(wake)
        return not self.over

    def answer(self) -> list[SocketAddress]:
        """Return the addresses; raises what the resolver raised."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return self._addresses


class _Lookups:
    """The questions that are being asked.

    No lock guards them, which a signal handler that raises could leave locked: at worst a name is looked up twice.
    """

    def __init__(self) -> None:
        self._running: dict[_Question, Lookup] = {}
        renewed_after_fork(self)

    def of(self, question: _Question) -> Lookup:
        """Return the lookup that is on its way, else a new one in a thread of its own."""
        lookup = self._running.get(question)
        return self._begun(question) if lookup is None or lookup.over else lookup

    def _begun(self, question: _Question) -> Lookup:
        lookup = self._running[question] = Lookup(question)
        try:
            threading.Thread(target=self._run, args=(lookup,), name="gemel-resolver", daemon=True).start()
        except RuntimeError:  # no more threads: there are too many, or the interpreter is about to end
            self._run(lookup)
        except BaseException:
            self._running.pop(question, None)
            raise
        return lookup

    def _run(self, lookup: Lookup) -> None:
        lookup.run()
        if self._running.get(lookup.question) is lookup:
            self._running.pop(lookup.question, None)

    def forked(self) -> None:
        """Forget what threads of the parent look up."""
        self._running = {}


_lookups = _Lookups()


def looked_up(host: str, port: int | None, family: int) -> Lookup:
    """Return the lookup of a host, which may be over already."""
    return _lookups.of((host, port, family))


def resolved(host: str, port: int | None, family: int, seconds: float) -> list[SocketAddress]:
    """Return the addresses of a host, blocking.

    Args:
        host: A name or an address.
        port: Where to connect to.
        family: AF_INET, AF_INET6 or AF_UNSPEC.
        seconds: How long to wait at most.

    Raises:
        TimeoutError: When the answer does not come in time.
        OSError, UnicodeError: What getaddrinfo raises.
    """
    if host == "localhost" or ":" in host or _LITERAL.issuperset(host):  # nobody is asked for these
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    lookup = looked_up(host, port, family)
    # A lock for this call alone: whatever a signal handler raises here, nobody else waits for it.
    latch = threading.Lock()
    latch.acquire()
    if lookup.wakes(latch.release) and not latch.acquire(timeout=seconds):
        raise TimeoutError("the name was not resolved in time")
    return lookup.answer()
