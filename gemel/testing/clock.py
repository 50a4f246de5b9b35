"""FrozenClock and Random: time and random numbers under the control of a test."""

from __future__ import annotations

import asyncio
import math
import threading
from datetime import datetime, timezone
from itertools import cycle

from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.drive import AsyncPerformer, Performer
from gemel.kit.flow.effects import Unlockable
from gemel.kit.http.messages import Request, Response

__all__ = ["FrozenClock", "Random"]


class FrozenClock:
    """A clock that stands still until it is advanced: `InfisicalClient(clock=FrozenClock())`.

    A client with this clock does not wait: its pauses between attempts advance the clock and are over at once. Token
    lifetimes and deadlines go by it, and so do a Cache and a Poll without a clock of their own.
    Calling the clock returns monotonic seconds.

    Args:
        start: The time of day at which it begins, with a time zone; None is now.

    Raises:
        ValueError: `start` has no time zone.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.utcoffset() is None:
            raise ValueError("the clock's start needs a time zone: datetime(2030, 1, 1, tzinfo=timezone.utc)")
        self._guard = threading.Lock()
        self._monotonic = monotonic()
        self._apart = (start or datetime.now(timezone.utc)).timestamp() - self._monotonic
        self._slept: list[float] = []

    def __call__(self) -> float:
        """Return the monotonic time, in seconds."""
        with self._guard:
            return self._monotonic

    def time(self) -> float:
        """Return the time of day, in seconds since 1970 (UTC)."""
        return self() + self._apart

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    def advance(self, seconds: float) -> None:
        """Advance the clock; raises ValueError for a number that is negative or not finite."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock moves on by a finite number of seconds from 0, not by {seconds!r}")
        with self._guard:
            self._monotonic += seconds

    @property
    def slept(self) -> list[float]:
        """The pauses that clients would have made, in seconds."""
        with self._guard:
            return list(self._slept)

    def sleep(self, seconds: float) -> None:
        """Advance the clock instead of waiting, and note the pause."""
        self.advance(max(0.0, seconds))
        with self._guard:
            self._slept.append(seconds)

    def real(self, deadline: float) -> float:
        """Return the machine's monotonic time at which a deadline of this clock is as far away as now."""
        return monotonic() + (deadline - self())

    def performing(self, performer: Performer) -> Performer:
        """Return what sends as this one does, and moves the clock in the place of waiting."""
        return _Fast(performer, self)

    def async_performing(self, performer: AsyncPerformer) -> AsyncPerformer:
        """Return what sends as this one does, and moves the clock in the place of waiting."""
        return _AsyncFast(performer, self)

    def __repr__(self) -> str:
        return f"<FrozenClock at {self.now().isoformat()}>"


class _Fast:
    """Sends with the machine's time, which sockets need, and advances the frozen clock instead of waiting."""

    def __init__(self, performer: Performer, clock: FrozenClock) -> None:
        self._performer = performer
        self._clock = clock

    def send(self, request: Request) -> Response:
        return self._performer.send(request.with_context(deadline=self._clock.real(request.context.deadline)))

    def stream(self, request: Request) -> Response:
        return self._performer.stream(request.with_context(deadline=self._clock.real(request.context.deadline)))

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    def lock(self, deadline: float, name: str = "") -> Unlockable | None:
        return self._performer.lock(self._clock.real(deadline), name)


class _AsyncFast:
    """Does the same, awaited."""

    def __init__(self, performer: AsyncPerformer, clock: FrozenClock) -> None:
        self._performer = performer
        self._clock = clock

    async def send(self, request: Request) -> Response:
        return await self._performer.send(request.with_context(deadline=self._clock.real(request.context.deadline)))

    async def stream(self, request: Request) -> Response:
        return await self._performer.stream(request.with_context(deadline=self._clock.real(request.context.deadline)))

    async def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        await asyncio.sleep(0)

    async def lock(self, deadline: float, name: str = "") -> Unlockable | None:
        return await self._performer.lock(self._clock.real(deadline), name)


class Random:
    """Random numbers that a test decides: `Random(0.5)`, or a sequence that starts over after its last number.

    Calling it returns the next number.

    Args:
        *numbers: The numbers, each in [0, 1).

    Raises:
        ValueError: A number is not in [0, 1).
        TypeError: There is no number.
    """

    def __init__(self, *numbers: float) -> None:
        if not numbers:
            raise TypeError("give at least one number")
        if not all(0 <= number < 1 for number in numbers):
            raise ValueError(f"numbers are from 0 to below 1, not {numbers!r}")
        self._numbers = cycle(numbers)
        self._shown = ", ".join(map(str, numbers))

    def __call__(self) -> float:
        """Return the next number."""
        return next(self._numbers)

    def __repr__(self) -> str:
        return f"Random({self._shown})"
