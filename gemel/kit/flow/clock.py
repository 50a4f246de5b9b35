"""Clock: the time that a client goes by, the machine's unless a test gives another one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gemel.kit.flow.drive import AsyncPerformer, Performer

__all__ = ["Clock", "monotonic"]

monotonic: Callable[[], float] = partial(time.monotonic)
"""The machine's monotonic time, in seconds: the one clock of every deadline.

A deadline is set by one part of the kit and looked at by another, so both must read the same clock. Tools that freeze
time (freezegun) exchange `time.monotonic` wherever a module names it, but not what an object has bound before: one side
would be frozen and the other not. They do not find it in a partial, which costs no call of its own.
"""


class Clock(Protocol):
    """A clock to give a client in place of the machine's; `gemel.testing.FrozenClock` is one."""

    def __call__(self) -> float:
        """Return the monotonic time, in seconds."""
        ...

    def time(self) -> float:
        """Return the time of day, in seconds since 1970 (UTC)."""
        ...

    def performing(self, performer: Performer) -> Performer:
        """Return a performer that sends as this one does, and waits by this clock."""
        ...

    def async_performing(self, performer: AsyncPerformer) -> AsyncPerformer:
        """Return a performer that sends as this one does, and waits by this clock."""
        ...
