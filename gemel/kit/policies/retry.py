"""Decides when to send again: a value, a pure decision, a budget against storms, and gates for rate limits.

Defaults: 2 retries; full jitter from 0.5 s doubling to 8 s; Retry-After obeyed up to 60 s. Repeated are: any request
that was certainly not sent; any request refused with 429; GET, HEAD, OPTIONS, PUT and DELETE (RFC 9110, section 9.2.2),
and others that carry an Idempotency-Key, after a lost connection, 408, 500, 502, 503, 504 and what the Retry or an SDK
adds. After a 429 all calls of the client wait, as `gemel.kit.policies.gate` says.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from random import random as system_random
from typing import cast

from msgspec.structs import replace

from gemel.kit.errors import APIConnectionError, APITimeoutError
from gemel.kit.flow.effects import Flow, Sleep
from gemel.kit.fork import lock_made_anew
from gemel.kit.http.limits import retry_after
from gemel.kit.http.messages import Request, Response, Retry
from gemel.kit.http.problem import FaultReader, read_fault
from gemel.kit.policies.gate import Gate, Gates, Group

__all__ = ["Budget", "Outcome", "Repeatable", "Retrying", "asked_wait", "wait"]

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
# 501 and 505 are left out: they say that the server will never do it.
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_REFUSED = 429

Outcome = Response | APIConnectionError
"""How an attempt ended: with a reply of any status, or without one."""

Repeatable = Callable[[Response], bool]
"""Says whether a request is repeated after this reply as after a 503, although its status does not say so."""


def _never(response: Response) -> bool:
    return False


def _ungrouped(request: Request) -> str:
    return ""


def asked_wait(
    response: Response, now: Callable[[], float] = time.time, read: FaultReader = read_fault
) -> float | None:
    """Return the seconds that a failed reply asks to wait, by its headers or else its body; None when it does not ask.

    Args:
        response: The reply.
        now: The time of day, in seconds, for a Retry-After that is a date.
        read: Reads the error body; used for a 429 only.
    """
    limited = response.status == _REFUSED
    asked = retry_after(response.headers, now, limited=limited)
    if asked is None and limited:
        asked = read(response).retry_after
    return asked if asked is not None and 0 <= asked < math.inf else None


def wait(
    retry: Retry,
    request: Request,
    outcome: Outcome,
    repeats: int,
    drawn: float,
    asked: Callable[[Response], float | None] = asked_wait,
    repeatable: Repeatable = _never,
) -> float | None:
    """Return the seconds to wait before the next attempt, None when there must be none.

    Args:
        retry: How often and how patiently.
        request: The request of the attempt that has ended.
        outcome: How it ended.
        repeats: How many retries were made so far.
        drawn: A random number in [0, 1).
        asked: Returns the seconds that a failed reply asks to wait, None when it does not.
        repeatable: Whether a failed reply may be repeated, beyond what its status says.
    """
    if repeats >= retry.limit or not request.replayable or not _may_repeat(retry, request, outcome, repeatable):
        return None
    seconds = asked(outcome) if isinstance(outcome, Response) else None
    if seconds is not None:
        # A shorter wait than the server asks for would only be refused again, so there is none.
        return seconds if seconds <= retry.retry_after_cap else None
    return retry.pause(repeats, drawn)


def _may_repeat(retry: Retry, request: Request, outcome: Outcome, repeatable: Repeatable) -> bool:
    said = request.context.idempotent
    safe = (request.method in _IDEMPOTENT if said is None else said) or "idempotency-key" in request.headers
    if isinstance(outcome, APIConnectionError):
        # What has not left this process cannot have had an effect, whatever its verb.
        return (safe or not outcome.sent) and not outcome.permanent
    status = outcome.status
    return status == _REFUSED or (safe and (status in _TRANSIENT or status in retry.statuses or repeatable(outcome)))


class Budget:
    """The retries that one client may still make: each costs 1, each success gives 0.1 back, up to `capacity`.

    Args:
        capacity: How many retries there are at first, and at most; None for no limit.
    """

    def __init__(self, capacity: float | None = 20.0) -> None:
        # The scheme of gRPC's retry throttling: while a server is down, each client soon sends each request once, and
        # the retries of all clients do not keep it down.
        self._capacity = self._left = math.inf if capacity is None else capacity
        self._guard = lock_made_anew()

    def spend(self) -> bool:
        """Take one retry from the budget; return False when it is empty."""
        with self._guard:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def refund(self) -> None:
        """Give a tenth of a retry back, after a success."""
        # Read without the lock: most calls succeed with a full budget, and then there is nothing to do.
        if self._left < self._capacity:
            with self._guard:
                self._left = min(self._capacity, self._left + 0.1)


class Retrying:
    """The retry policy of one client, with its budget and the gates of its rate limits.

    Args:
        retry: How often and how patiently, unless a call says otherwise.
        repeating: Called before each retry with the request, how its attempt ended, and the seconds to wait.
        read: Reads error bodies, which may say how long to wait.
        repeatable: Whether a failed reply may be repeated, beyond what its status says.
        group: Names the group of requests that the server limits together.
        clock: Returns monotonic seconds.
        random: Returns random numbers in [0, 1).
        now: Returns the time of day, in seconds.
    """

    def __init__(
        self,
        retry: Retry,
        *,
        repeating: Callable[[Request, Outcome, float], None] | None = None,
        read: FaultReader = read_fault,
        repeatable: Repeatable = _never,
        group: Group = _ungrouped,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.retry = retry
        self.budget: Budget = Budget(retry.budget)
        self._repeating = repeating
        self._read = read
        self._repeatable = repeatable
        self._gates = Gates(group, clock)
        self._clock = clock
        self._random = random
        self._now = now

    def around(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send until a reply is final, or until a retry would be unsafe, too late or one too many."""
        last: Outcome | None = None
        repeats = 0
        while True:
            gate = self._gate(request) if self._gates.closed else None
            if gate is not None and not (yield from gate.entered(repeats + 1, request.context.deadline)):
                return _final(last or _held_back(request, gate), repeats)
            outcome: Outcome
            taken = False
            try:
                try:
                    outcome = yield from send(request)
                except APIConnectionError as error:
                    outcome = error
                seconds = self._wait(request, outcome, repeats)
                taken = gate is not None and isinstance(outcome, Response) and not _is_limited(request, outcome)
            finally:
                if gate is not None:
                    self._gates.left(request, gate, taken=taken)
            repeats += 1
            if seconds is None:
                return _final(outcome, repeats)
            if self._repeating is not None:
                self._repeating(request, outcome, seconds)
            if not _is_limited(request, outcome):  # else it waits at the gate, which opens when the limit is over
                yield Sleep(seconds)
            request, last = request.with_context(attempt=repeats + 1), outcome

    def _gate(self, request: Request) -> Gate | None:
        """Return the gate that a request must pass; a call without retries does not wait at a gate either."""
        return self._gates.before(request) if self._retry_of(request).limit else None

    def _retry_of(self, request: Request) -> Retry:
        return request.context.retry or self.retry

    def _wait(self, request: Request, outcome: Outcome, repeats: int) -> float | None:
        if isinstance(outcome, Response) and (outcome.status < 400 or outcome.status in request.context.statuses):
            self.budget.refund()
            return None
        retry, drawn, limited = self._retry_of(request), self._random(), _is_limited(request, outcome)
        if limited and retry.limit:
            self._close(request, retry, self._asked(cast("Response", outcome)), drawn)
        seconds = wait(retry, request, outcome, repeats, drawn, self._asked, self._repeatable)
        if seconds is None or self._clock() + seconds >= request.context.deadline:
            return None
        # What the server asks for is no storm: it says when.
        return seconds if limited or retry.budget is None or self.budget.spend() else None

    def _asked(self, response: Response) -> float | None:
        return asked_wait(response, self._now, self._read)

    def _close(self, request: Request, retry: Retry, asked: float | None, drawn: float) -> None:
        """Close the gate of a refused request for as long as the server asks, up to `retry_after_cap`."""
        gate = self._gates.refused(request)
        gate.close(retry.pause(gate.refusals, drawn) if asked is None else min(asked, retry.retry_after_cap))


def _is_limited(request: Request, outcome: Outcome) -> bool:
    return isinstance(outcome, Response) and outcome.status == _REFUSED and _REFUSED not in request.context.statuses


def _held_back(request: Request, gate: Gate) -> APITimeoutError:
    """Return the error of a call that has no time left for its turn."""
    context = request.context
    return APITimeoutError(
        f"{context.label or 'request'}: not sent: the server refuses calls by its rate limit for {gate.wait:.0f} s "
        f"more, and this one has {context.timeout.total:g} s in all; raise `timeout`, or send fewer requests",
        request=request,
        sent=False,
    )


def _final(outcome: Outcome, attempts: int) -> Response:
    if isinstance(outcome, APIConnectionError):
        outcome.attempts = attempts
        raise outcome
    return outcome if attempts == 1 else replace(outcome, attempts=attempts)
