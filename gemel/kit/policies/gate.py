"""Gates: after a 429 a client holds its calls until the limit is over, then lets in more and more at a time.

A rate limit is about the client, not about the one call that was refused: a client that goes on sending is refused
again and again, and each refusal takes one of a call's few repeats, until the call is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gemel.kit.flow.effects import Effect, Flow, Signal, Sleep, Wait
from gemel.kit.fork import lock_made_anew, renewed_after_fork
from gemel.kit.http.messages import Request, origin

__all__ = ["Gate", "Gates", "Group"]

Group = Callable[[Request], str]
"""Returns the name of the rate limit that a request falls under; requests of one name wait together."""

_WIDENING = 0.5
"""By how many calls a gate widens with each one that the server takes.

With a half, at most half as many calls are under way when the server refuses again as it has taken before. They go
first when the next window begins, so that no call is refused a third time, however many wait.
"""


class _Turn:
    """One call that waits before a gate; `attempt` says how often it was sent, counted from 1."""

    __slots__ = ("attempt", "signal")

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.signal = Signal()


class Gate:
    """Where the calls of one group wait while the server refuses them, in the order they came.

    Those that were refused before go first. Whoever is first waits for the time, or for room; all others wait until
    it is their turn, in whatever thread or event loop. So there is no thread of its own that could be left behind.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._guard = lock_made_anew()
        # The guard is a lock of threading in async code too: clients of several threads and event loops may wait here,
        # and it is held for a few steps only, never across a wait.
        self._waiting: list[_Turn] = []
        self._opens_at = 0.0
        self._inside = 0
        self._width = 1.0
        self.refusals: int = 0

    def close(self, seconds: float) -> None:
        """Let no call in for this many seconds, and after that one call alone at first."""
        with self._guard:
            self._opens_at = max(self._opens_at, self._clock() + seconds)
            self._width = 1.0
            self.refusals += 1

    @property
    def wait(self) -> float:
        """Seconds until the gate opens, 0 when it is open."""
        return max(0.0, self._opens_at - self._clock())

    @property
    def idle(self) -> bool:
        """Whether the gate is open with nobody waiting or inside, so that it is no longer needed."""
        with self._guard:
            return not self._waiting and not self._inside and self._clock() >= self._opens_at

    def entered(self, attempt: int, deadline: float) -> Flow[bool]:
        """Wait until the call may be sent and return True; return False as soon as that would be too late.

        After True the caller must call `leave`.

        Args:
            attempt: Which attempt it is, counted from 1.
            deadline: When the call must be over, in monotonic seconds.
        """
        turn = _Turn(attempt)
        with self._guard:
            place = sum(1 for before in self._waiting if before.attempt >= attempt)
            self._waiting.insert(place, turn)
        try:
            while self._clock() < deadline and self._opens_at < deadline:
                step = self._step(turn, deadline)
                if step is None:
                    return True
                yield step
            return False
        finally:
            self._given_up(turn)

    def _step(self, turn: _Turn, deadline: float) -> Effect | None:
        """Return what to do before the next look, None when the call has been let in."""
        with self._guard:
            now = self._clock()
            if self._waiting[0] is turn and now < self._opens_at:
                return Sleep(self._opens_at - now)
            if self._waiting[0] is turn and self._inside < int(self._width):
                self._inside += 1
                del self._waiting[0]
                self._call()
                return None
            # A signal is given once, so each wait needs a new one; it is made under the guard, or a `give` in between
            # is lost.
            turn.signal = Signal()
            return Wait(turn.signal, deadline - now)

    def _given_up(self, turn: _Turn) -> None:
        """Leave the line; whoever was let in has left it already."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                self._call()

    def leave(self, *, taken: bool) -> None:
        """Make room for another call, and for more than one when the server has `taken` this one."""
        with self._guard:
            self._inside -= 1
            if taken:
                self._width += _WIDENING
                self.refusals = 0
            self._call()

    def _call(self) -> None:
        """Wake the first in line, which then looks again."""
        if self._waiting:
            self._waiting[0].signal.give()


class Gates:
    """The gates of one client: one for each group of requests that the server limits together.

    Attributes:
        closed: The gates that are in use, by server and group; empty unless there was a 429.
    """

    def __init__(self, group: Group, clock: Callable[[], float] = time.monotonic) -> None:
        self._group = group
        self._clock = clock
        self._guard = lock_made_anew()
        self.closed: dict[tuple[object, str], Gate] = {}
        renewed_after_fork(self)

    def before(self, request: Request) -> Gate | None:
        """Return the gate that a request must pass, None when there is none."""
        return self.closed.get(self._key(request))

    def refused(self, request: Request) -> Gate:
        """Return the gate of a request that was refused, made if there is none."""
        with self._guard:
            return self.closed.setdefault(self._key(request), Gate(self._clock))

    def left(self, request: Request, gate: Gate, *, taken: bool) -> None:
        """Leave a gate, and drop it when it is no longer needed.

        Args:
            request: The request that was sent.
            gate: The gate that it has passed.
            taken: Whether the server has answered with anything but a 429.
        """
        gate.leave(taken=taken)
        with self._guard:
            key = self._key(request)
            if self.closed.get(key) is gate and gate.idle:
                del self.closed[key]

    def _key(self, request: Request) -> tuple[object, str]:
        return origin(request.url), self._group(request)

    def forked(self) -> None:
        """Forget those who wait in the parent: nobody would give them their turn here."""
        self.closed = {}
