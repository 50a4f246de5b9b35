"""Notes writes by resource: no reply that was asked for before a write is taken for the state after it."""

from __future__ import annotations

from collections import Counter

__all__ = ["Writes"]

_UNDECLARED = ""
_NEVER = float("-inf")


class Writes:
    """The writes of one client, by resource; the empty name stands for requests of no declared resource.

    A write of no declared resource concerns them all, and every write concerns what no resource declares.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._times: dict[str, float] = {}
        self._last = _NEVER

    def noted(self, resource: str, now: float) -> None:
        """Note that this resource may have changed at this time, in seconds of the cache's clock."""
        self._counts[resource] += 1
        self._times[resource] = self._last = now

    def mark(self, resource: str) -> tuple[int, int]:
        """Return a value that changes with every write that concerns this resource."""
        if resource == _UNDECLARED:
            return sum(self._counts.values()), 0
        return self._counts[resource], self._counts[_UNDECLARED]

    def precede(self, resource: str, time: float) -> bool:
        """Say whether every write that concerns this resource was before that time."""
        if resource == _UNDECLARED:
            return self._last < time
        return max(self._times.get(resource, _NEVER), self._times.get(_UNDECLARED, _NEVER)) < time
