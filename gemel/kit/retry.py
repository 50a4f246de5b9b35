"""When to send again: a value, a pure decision, and a budget that stops storms.

Defaults: 2 repeats; full jitter from 0.5 s doubling to 8 s; Retry-After obeyed up to 60 s. Repeated are: any request
that was certainly not sent; any request refused with 429; GET, HEAD, OPTIONS, PUT and DELETE (RFC 9110, section 9.2.2),
and others that carry an Idempotency-Key, after a lost connection, 408, 500, 502, 503 or 504.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.effects import Flow, Sleep
from gemel.kit.errors import APIConnectionError
from gemel.kit.forking import lock_made_anew
from gemel.kit.messages import Headers, Request, Response

__all__ = ["Budget", "Retry", "Retrying", "retry_after"]

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_REFUSED = 429


class Retry(Struct, frozen=True):
    """How often and how patiently a failed request is sent again.

    limit: repeats after the first attempt; 0 switches retries off.
    base, cap: the waiting ceiling doubles from `base` to `cap` seconds; the wait is drawn below it (full jitter).
    retry_after_cap: the longest Retry-After that is obeyed, in seconds; a longer one ends the attempts.
    Raises ValueError for numbers that cannot work.
    """

    limit: int = 2
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 60.0

    def __post_init__(self) -> None:
        limit = cast("object", self.limit)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"retries: the limit must be a whole number, 0 or more, got {limit!r}")
        if not (0 < self.base <= self.cap < float("inf") and 0 <= self.retry_after_cap < float("inf")):
            raise ValueError("retries: base must be positive and at most cap, and all of them finite, in seconds")

    @classmethod
    def of(cls, value: Retry | int) -> Retry:
        """Return a Retry from one or from a number of repeats."""
        return value if isinstance(value, Retry) else cls(limit=value)

    def wait(
        self,
        request: Request,
        outcome: Response | APIConnectionError,
        repeats: int,
        dice: float,
        now: Callable[[], float] = time.time,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None when there must be none.

        repeats: how many were made.   dice: a number in [0, 1).   now: the time of day, for Retry-After as a date.
        """
        if repeats >= self.limit or not request.replayable or not _repeatable(request, outcome):
            return None
        asked = None if isinstance(outcome, APIConnectionError) else retry_after(outcome.headers, now)
        if asked is not None:
            return asked if asked <= self.retry_after_cap else None
        return self.pause(repeats, dice)

    def pause(self, repeats: int, dice: float) -> float:
        """Return the seconds to wait after so many repeats: full jitter below a ceiling that doubles."""
        return float(dice * min(self.cap, self.base * 2 ** min(repeats, 64)))


def _repeatable(request: Request, outcome: Response | APIConnectionError) -> bool:
    safe = request.method in _IDEMPOTENT or "idempotency-key" in request.headers
    if isinstance(outcome, APIConnectionError):
        return (safe or not outcome.sent) and not outcome.permanent
    return outcome.status == _REFUSED or (safe and outcome.status in _TRANSIENT)


def retry_after(headers: Headers, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds a reply asks to wait: Retry-After as seconds or date (RFC 9110), or x-ratelimit-reset."""
    for name in ("retry-after", "x-ratelimit-reset"):
        value = headers.get(name, "").strip()
        if value:
            seconds = _seconds(value, now)
            if seconds is not None:
                return seconds
    return None


def _seconds(value: str, now: Callable[[], float]) -> float | None:
    try:
        if value.replace(".", "", 1).isdecimal():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - now())
    except (ValueError, TypeError, OverflowError):
        return None


class Budget:
    """How many repeats one client may still make: each costs 1, each success gives 0.1 back, up to `capacity`."""

    def __init__(self, capacity: float = 20.0) -> None:
        self._capacity = self._left = capacity
        self._guard = lock_made_anew()

    def spend(self) -> bool:
        """Take one repeat; False when the budget is empty."""
        with self._guard:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def refund(self) -> None:
        """Give a tenth of a repeat back, after a success."""
        if self._left < self._capacity:
            with self._guard:
                self._left = min(self._capacity, self._left + 0.1)


class Retrying:
    """The retry policy of one client; `repeating` is told of repeats.

    clock (monotonic seconds), dice and now (the time of day, in seconds) come in.
    """

    def __init__(
        self,
        retry: Retry,
        *,
        repeating: Callable[[Request, Response | APIConnectionError, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.retry = retry
        self._repeating = repeating
        self.budget: Budget = Budget()
        self._clock = clock
        self._dice = dice
        self._now = now

    def around(self, request: Request, once: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send until a reply is final or a repeat would be unsafe, too late or too many."""
        repeats = 0
        while True:
            outcome = yield from _attempt(request, once)
            wait = self._wait(request, outcome, repeats)
            if wait is None:
                return _final(outcome, repeats + 1)
            if self._repeating is not None:
                self._repeating(request, outcome, wait)
            yield Sleep(wait)
            repeats += 1
            request = replace(request, attempt=repeats + 1)

    def _wait(self, request: Request, outcome: Response | APIConnectionError, repeats: int) -> float | None:
        if isinstance(outcome, Response) and outcome.status < 400:
            self.budget.refund()
            return None
        wait = (request.retry or self.retry).wait(request, outcome, repeats, self._dice(), self._now)
        if wait is None or self._clock() + wait >= request.deadline:
            return None
        return wait if self.budget.spend() else None


def _attempt(request: Request, once: Callable[[Request], Flow[Response]]) -> Flow[Response | APIConnectionError]:
    try:
        return (yield from once(request))
    except APIConnectionError as error:
        return error


def _final(outcome: Response | APIConnectionError, attempts: int) -> Response:
    if isinstance(outcome, APIConnectionError):
        outcome.attempts = attempts
        raise outcome
    return outcome if attempts == 1 else replace(outcome, attempts=attempts)
