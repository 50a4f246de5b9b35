"""The effects that a flow may yield, such as Send, Open, Read, Sleep and Lock; the drivers perform them."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from typing_extensions import TypeVar

from gemel.kit.http.messages import Request, Response

__all__ = [
    "AsyncReader",
    "Await",
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
        """Release the lock, so that the next one acquires it."""
        ...


class Reader(Protocol):
    """Reads the body of an open reply, blocking."""

    def read(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end. Raises APIConnectionError."""
        ...

    def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it. May be called again."""
        ...


class AsyncReader(Protocol):
    """Reads the body of an open reply, awaited."""

    async def read(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end. Raises APIConnectionError."""
        ...

    def close(self) -> None:
        """Give the connection back when the body was read to its end, else close it. May be called again."""
        ...


class Opened(Response, frozen=True, kw_only=True):
    """A successful reply whose body is still to be read: `body` is empty, `reader` returns the pieces.

    Attributes:
        reader: Reads the body.
        secrets: Values that are masked in errors made from the body, such as the client's token.
    """

    reader: Reader | AsyncReader
    secrets: tuple[str, ...] = ()


def discard(response: Response) -> None:
    """Close a reply that is not needed, if it is open."""
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
    """Do work that may block, such as writing to a disk, in async code in a thread; the answer is its result."""

    work: Callable[[], Any]


class Await(Struct, frozen=True):
    """Await what this function returns; the answer is what comes of it. A blocking client cannot."""

    work: Callable[[], Awaitable[Any]]


class Sleep(Struct, frozen=True):
    """Wait this many seconds."""

    seconds: float


class Lock(Struct, frozen=True):
    """Acquire a lock; the answer is the lock, to be released, or None when the deadline passes first.

    Attributes:
        deadline: When to give up, in monotonic seconds.
        name: The name of the lock, which is one for the whole client.
    """

    deadline: float
    name: str = ""


class Signal:
    """A one-time event that one flow waits for and another gives, in whatever threads or event loops they run.

    A lock would not do: that of an event loop can only be released in its own thread.
    """

    def __init__(self) -> None:
        # Held for two assignments only, so that it never makes an event loop wait.
        self._guard = threading.Lock()
        self._given = False
        self._listener: Callable[[], object] | None = None

    def give(self) -> None:
        """Wake the flow that waits; never blocks."""
        with self._guard:
            self._given, listener = True, self._listener
        # Outside the lock: the listener may run code that gives or hears signals itself.
        if listener is not None:
            listener()

    def heard(self, listener: Callable[[], object]) -> None:
        """Call `listener` when the signal is given, in the giver's thread, or at once if it was given already."""
        with self._guard:
            self._listener, given = listener, self._given
        if given:
            listener()


class Wait(Struct, frozen=True):
    """Wait for a signal for at most this many seconds; the answer says whether it was given."""

    signal: Signal
    seconds: float


Effect: TypeAlias = Send | Open | Read | Offload | Await | Sleep | Lock | Wait
"""Any effect."""

Flow: TypeAlias = Generator[Effect, Any, R]
"""A generator that yields effects, receives their outcomes and returns R."""
