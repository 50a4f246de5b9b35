"""What a flow may ask for: Send, Sleep and Lock; only the drivers perform them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from typing_extensions import TypeVar

from gemel.kit.messages import Request

__all__ = ["Effect", "Flow", "Lock", "Send", "Sleep", "Unlockable"]

R = TypeVar("R")


class Unlockable(Protocol):
    """A lock that a driver has acquired; releasing it never waits."""

    def release(self) -> None:
        """Let the next one in."""
        ...


class Send(Struct, frozen=True):
    """Send this request once; the answer is a Response."""

    request: Request


class Sleep(Struct, frozen=True):
    """Wait this many seconds."""

    seconds: float


class Lock(Struct, frozen=True):
    """Wait to be the only one inside; the answer is to be released, or None after `deadline` (monotonic seconds)."""

    deadline: float


Effect: TypeAlias = Send | Sleep | Lock
Flow: TypeAlias = Generator[Effect, Any, R]
"""A generator that yields effects, receives their outcomes and returns R."""
