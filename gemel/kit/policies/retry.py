"""When to send again: a value, a pure decision, and a budget that stops storms.

Defaults: 2 repeats; full jitter from 0.5 s doubling to 8 s; Retry-After obeyed up to 60 s. Repeated are: any request
that was certainly not sent; any request refused with 429; GET, HEAD, OPTIONS, PUT and DELETE (RFC 9110, section 9.2.2),
and others that carry an Idempotency-Key, after a lost connection, 408, 500, 502, 503 or 504.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import random as system_random

from msgspec.structs import replace

from gemel.kit.errors import APIConnectionError
from gemel.kit.flow.effects import Flow, Sleep
from gemel.kit.fork import lock_made_anew
from gemel.kit.http.messages import Headers, Request, Response, Retry

__all__ = ["Budget", "Retrying", "retry_after", "wait"]

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_REFUSED = 429


def wait(
    retry: Retry,
    request: Request,
    outcome: Response | APIConnectionError,
    repeats: int,
    drawn: float,
    now: Callable[[], float] = time.time,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None when there must be none.

    Args:
        retry: how often and how patiently.
        request: the request of the attempt that has ended.
        outcome: how it ended.
        repeats: how many were made.
        drawn: a number in [0, 1), by chance.
        now: the time of day, in seconds, for Retry-After as a date.
    """
    if repeats >= retry.limit or not request.replayable or not _repeatable(request, outcome):
        return None
    asked = None if isinstance(outcome, APIConnectionError) else retry_after(outcome.headers, now)
    if asked is not None:
        return asked if asked <= retry.retry_after_cap else None
    return retry.pause(repeats, drawn)


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

    clock (monotonic seconds), random and now (the time of day, in seconds) come in.
    """

    def __init__(
        self,
        retry: Retry,
        *,
        repeating: Callable[[Request, Response | APIConnectionError, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.retry = retry
        self._repeating = repeating
        self.budget: Budget = Budget()
        self._clock = clock
        self._random = random
        self._now = now

    def around(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send until a reply is final or a repeat would be unsafe, too late or too many."""
        repeats = 0
        while True:
            outcome: Response | APIConnectionError
            try:
                outcome = yield from send(request)
            except APIConnectionError as error:
                outcome = error
            seconds = self._wait(request, outcome, repeats)
            if seconds is None:
                return _final(outcome, repeats + 1)
            if self._repeating is not None:
                self._repeating(request, outcome, seconds)
            yield Sleep(seconds)
            repeats += 1
            request = request.with_context(attempt=repeats + 1)

    def _wait(self, request: Request, outcome: Response | APIConnectionError, repeats: int) -> float | None:
        if isinstance(outcome, Response) and outcome.status < 400:
            self.budget.refund()
            return None
        seconds = wait(request.context.retry or self.retry, request, outcome, repeats, self._random(), self._now)
        if seconds is None or self._clock() + seconds >= request.context.deadline:
            return None
        return seconds if self.budget.spend() else None


def _final(outcome: Response | APIConnectionError, attempts: int) -> Response:
    if isinstance(outcome, APIConnectionError):
        outcome.attempts = attempts
        raise outcome
    return outcome if attempts == 1 else replace(outcome, attempts=attempts)
