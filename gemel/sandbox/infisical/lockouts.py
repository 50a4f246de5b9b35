"""Lockouts: an identity that has failed to log in too often may not for a while, not even with the right secret."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..store import Row

__all__ = ["Lockouts"]


@dataclass
class _State:
    failures: int
    locked: bool
    ends: float  # of the lock, or of the count


class Lockouts:
    """The failed logins of each identity, forgotten when their time is over.

    A count is forgotten `lockout_reset` seconds after its last failure; at `lockout_threshold`
    it becomes a lock, which lasts `lockout_seconds`.

    Attributes:
        clock: Monotonic seconds.
    """

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._states: dict[str, _State] = {}

    def _state(self, identity_id: str) -> _State | None:
        state = self._states.get(identity_id)
        if state is not None and self.clock() >= state.ends:
            del self._states[identity_id]
            return None
        return state

    def is_locked(self, identity: Row) -> bool:
        """Tell whether an identity may not log in now."""
        state = self._state(identity["id"])
        return state is not None and state.locked

    def failed(self, identity: Row) -> None:
        """Count a failed login."""
        if not identity["lockout_enabled"]:
            return
        state = self._state(identity["id"])
        failures = 1 if state is None else state.failures + 1
        locked = failures >= identity["lockout_threshold"]
        lasts = identity["lockout_seconds"] if locked else identity["lockout_reset"]
        self._states[identity["id"]] = _State(failures, locked, self.clock() + lasts)

    def forget(self, identity_id: str) -> int:
        """Forget the failures of an identity; how many locks that ended."""
        state = self._state(identity_id)
        self._states.pop(identity_id, None)
        return int(state is not None and state.locked)

    def clear(self) -> None:
        """Forget every failure."""
        self._states.clear()
