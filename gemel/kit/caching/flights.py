"""One request for several calls: those that miss the same reply at the same time share the first one's outcome."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from copy import copy
from typing import TypeAlias

from msgspec.structs import replace

from gemel.kit.errors import APIError, APITimeoutError
from gemel.kit.fork import lock_made_anew
from gemel.kit.http.messages import Request, Response

__all__ = ["Flight", "Flights", "Outcome"]

Outcome: TypeAlias = "Response | APIError"
"""How a request ended: with a reply, or with an error."""


class Flight:
    """One request under way, whose outcome others wait for by its lock.

    Args:
        name: The name of the lock.

    Attributes:
        apart: Whether the outcome turned out to be for the first caller only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.apart: bool = False
        self._outcome: Outcome | None = None
        self._deadline = 0.0

    def landed(self, request: Request, outcome: Outcome, *, apart: bool) -> None:
        """Note the outcome; `apart` says that it is for the first caller only."""
        self._outcome, self._deadline, self.apart = outcome, request.context.deadline, apart

    def shared(self, request: Request) -> Outcome | None:
        """Return the outcome for another call, None when that call must ask the server itself.

        A timeout is not shared with a call that has much longer to go than the one that ran out of time.
        """
        outcome = self._outcome
        if self.apart:
            return None
        if (
            isinstance(outcome, APITimeoutError)
            and request.context.deadline - self._deadline > request.context.timeout.total / 2
        ):
            return None
        if isinstance(outcome, Response):
            return replace(outcome, attempts=0, cache="shared")
        # Each caller raises an error of its own: a raise adds to the traceback, and the frames would be mixed.
        return copy(outcome)


class Flights:
    """The requests of one client that are under way and may be joined."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Flight] = {}
        self._guard = lock_made_anew()
        self._numbers = itertools.count(1)

    def joined(self, key: Hashable) -> Flight:
        """Return the flight of this key, made if there is none."""
        with self._guard:
            flight = self._under_way.get(key)
            if flight is None:
                flight = self._under_way[key] = Flight(f"cache-{next(self._numbers)}")
            return flight

    def closed(self, key: Hashable, flight: Flight) -> None:
        """Take a flight off the list, so that no call joins it any more."""
        with self._guard:
            if self._under_way.get(key) is flight:
                del self._under_way[key]
