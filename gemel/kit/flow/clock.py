"""Clock: time as a client takes it, of the machine unless a test gives another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gemel.kit.flow.drive import AsyncPerformer, Performer

__all__ = ["Clock"]


class Clock(Protocol):
    """What a client may be given in the place of the machine's time; `gemel.testing.FrozenClock` is one."""

    def __call__(self) -> float:
        """Return the monotonic time, in seconds."""
        ...

    def time(self) -> float:
        """Return the time of day, in seconds since 1970 (UTC)."""
        ...

    def performing(self, performer: Performer) -> Performer:
        """Return what sends as this one does, and waits by this clock."""
        ...

    def async_performing(self, performer: AsyncPerformer) -> AsyncPerformer:
        """Return what sends as this one does, and waits by this clock."""
        ...
