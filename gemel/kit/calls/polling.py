"""wait_until: repeats a call until its result is accepted, with back-off and a deadline."""

from __future__ import annotations

from collections.abc import Callable
from random import random as system_random
from typing import Any, Generic

from typing_extensions import ParamSpec, TypeVar

from gemel.kit.calls.call import Call
from gemel.kit.calls.flows import Composable, FlowCall
from gemel.kit.errors import GemelError
from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.effects import Flow, Sleep
from gemel.kit.stubs.resource import caller_of

__all__ = ["Poll", "WaitTimeoutError", "wait_until"]

P = ParamSpec("P")
R = TypeVar("R")


class WaitTimeoutError(GemelError):
    """No result was accepted in time.

    Attributes:
        last: The last result of the call.
        attempts: How often the call was made.
    """

    def __init__(self, message: str, *, last: Any, attempts: int) -> None:
        self.last: Any = last
        self.attempts: int = attempts
        super().__init__(message)


class Poll(Generic[R]):
    """The condition of wait_until, and how patiently it waits.

    Args:
        until: Says whether a result ends the waiting.
        timeout: Seconds in all; no call is made after them.
        interval: Seconds between the first and the second call.
        factor: By how much each pause is longer than the one before, 1 or more.
        cap: The longest pause, in seconds.
        jitter: The share of each pause that is random, 0 to 1, so that many waiters do not call at the same moment.
        clock: Returns monotonic seconds; None for the clock of the client whose call is repeated.
        random: Returns random numbers in [0, 1); None for those of that client.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        until: Callable[[R], bool],
        *,
        timeout: float = 300.0,
        interval: float = 1.0,
        factor: float = 1.5,
        cap: float = 30.0,
        jitter: float = 0.1,
        clock: Callable[[], float] | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        if not (timeout > 0 and interval > 0 and factor >= 1 and cap >= interval and 0 <= jitter <= 1):
            raise ValueError(
                "poll: timeout and interval must be positive, factor at least 1, cap at least the interval"
            )
        self.until: Callable[[R], bool] = until
        self.timeout: float = timeout
        self.clock: Callable[[], float] | None = clock
        self.random: Callable[[], float] | None = random
        self._interval, self._factor, self._cap, self._jitter = interval, factor, cap, jitter

    def pause(self, attempts: int, drawn: float) -> float:
        """Return the seconds to wait after so many calls; `drawn` is a random number in [0, 1)."""
        # The exponent is bounded, since a float power overflows with an error after some thousand calls.
        plain = min(self._cap, self._interval * self._factor ** min(attempts - 1, 64))
        return plain * (1 - self._jitter * drawn)


def wait_until(poll: Poll[R], call: Composable[P, R], *args: P.args, **kwargs: P.kwargs) -> Flow[R]:
    """Return a flow that repeats the call until `poll.until` accepts its result.

    In a flow: `job = yield from wait_until(Poll(done, timeout=60), self.retrieve, job_id)`; elsewhere
    `client.run(wait_until(Poll(done), client.jobs.retrieve, job_id))`. Errors of the call end the waiting.
    The server is asked each time, whatever the client's cache holds.

    Args:
        poll: When to stop, and how patiently to wait.
        call: A bound endpoint, or a flow.
        *args: The arguments of the call.
        **kwargs: The arguments of the call.

    Returns:
        A flow whose result is the accepted one.

    Raises:
        WaitTimeoutError: No result was accepted before `poll.timeout` seconds had passed.
    """
    looked: Composable[P, R] = call.options(cache=False) if isinstance(call, Call) else call
    client = caller_of(call) if isinstance(call, Call | FlowCall) else None
    clock = poll.clock or (client.clock if client else monotonic)
    random = poll.random or (client.random if client else system_random)
    deadline, attempts = clock() + poll.timeout, 0
    while True:
        result = yield from looked.flow(deadline, *args, **kwargs)
        attempts += 1
        if poll.until(result):
            return result
        pause = poll.pause(attempts, random())
        if clock() + pause >= deadline:
            problem = (
                f"not as waited for after {attempts} looks in {poll.timeout:g} s; raise `timeout` or look at .last"
            )
            raise WaitTimeoutError(problem, last=result, attempts=attempts)
        yield Sleep(pause)
