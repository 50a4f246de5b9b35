"""What a flow may ask for: Send, Open, Read, Sleep, Lock, Wait and Offload; only the drivers perform them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from typing_extensions import TypeVar

from gemel.kit.http.messages import Request, Response

__all__ = [
    "AsyncReader",
    "Effect",
    "Flow",
    "Lock",
    "Offload",
    "Open",
    "Opened",
    "Read",
    "Reader",
    "Send",
    "Signal",
    "Sleep",
    "Unlockable",
    "Wait",
    "discard",
]

R = TypeVar("R")


class Unlockable(Protocol):
    """A lock that a driver has acquired; releasing it never waits."""

    def release(self) -> None:
        """Let the next one in."""
        ...


class Reader(Protocol):
    """The body of an open reply, blocking."""

    def read(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end. Raises APIConnectionError."""
        ...

    def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it. May be called again."""
        ...


class AsyncReader(Protocol):
    """The body of an open reply, awaited."""

    async def read(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end. Raises APIConnectionError."""
        ...

    def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it. May be called again."""
        ...


class Opened(Response, frozen=True, kw_only=True):
    """A success whose body is still to be read: `body` is empty, `reader` gives the pieces.

    Attributes:
        secrets: Values of the client that must not be shown of what it says, such as its token.
    """

    reader: Reader | AsyncReader
    secrets: tuple[str, ...] = ()


def discard(response: Response) -> None:
    """Close a reply that is not wanted, should it be open."""
    if isinstance(response, Opened):
        response.reader.close()


class Send(Struct, frozen=True):
    """Send this request once; the answer is a Response."""

    request: Request


class Open(Struct, frozen=True):
    """Send this request once; the answer is an Opened reply when its status is 2xx, else a Response."""

    request: Request


class Read(Struct, frozen=True):
    """Read the next piece of an open reply; the answer is bytes, b"" at the end."""

    reader: Reader | AsyncReader


class Offload(Struct, frozen=True):
    """Do work that may block, such as writing to a disk; when awaited, in a thread. The answer is what it returns."""

    work: Callable[[], Any]


class Sleep(Struct, frozen=True):
    """Wait this many seconds."""

    seconds: float


class Lock(Struct, frozen=True):
    """Wait to be the only one inside; the answer is to be released, or None after `deadline` (monotonic seconds).

    Attributes:
        name: Of the lock; those who ask for the same one wait for each other.
    """

    deadline: float
    name: str = ""


class Signal:
    """What one flow waits for and another gives, in whatever thread or event loop each of them runs; it is given once.

    A lock would not do: that of an event loop can only be released in its own thread.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._given = False
        self._listener: Callable[[], object] | None = None

    def give(self) -> None:
        """Let the one who waits go on; never waits itself."""
        with self._guard:
            self._given, listener = True, self._listener
        if listener is not None:
            listener()

    def heard(self, listener: Callable[[], object]) -> None:
        """Have `listener` called when it is given, in the giver's thread; at once when it was given already."""
        with self._guard:
            self._listener, given = listener, self._given
        if given:
            listener()


class Wait(Struct, frozen=True):
    """Wait for a signal, so many seconds at most; the answer is whether it was given."""

    signal: Signal
    seconds: float


Effect: TypeAlias = Send | Open | Read | Offload | Sleep | Lock | Wait
"""What a flow may ask for."""

Flow: TypeAlias = Generator[Effect, Any, R]
"""A generator that yields effects, receives their outcomes and returns R."""
