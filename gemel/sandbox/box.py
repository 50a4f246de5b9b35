"""A running sandbox as a test sees it: where it is, who may log in, and how to disturb it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import checks
from .control import Action
from .faults import Faults
from .messages import RequestLog
from .rate import RateLimit

__all__ = ["Box", "Running"]


@dataclass(frozen=True)
class Running:
    """The running server under a sandbox: where it listens, and what its requests suffer."""

    url: str
    faults: Faults
    requests: RequestLog
    limit: RateLimit


class Box:
    """What the sandboxes of all APIs have. Methods may be called from any thread.

    Attributes:
        url: Where it listens, without a trailing slash.
        faults: What the next requests shall suffer.
        requests: The last requests received.
        controls: Which of its methods may be called over HTTP.
    """

    controls: ClassVar[tuple[Action, ...]] = (Action("PUT", "rate-limit", "set_rate_limit"),)

    def __init__(self, running: Running) -> None:
        self.url: str = running.url
        self.faults: Faults = running.faults
        self.requests: RequestLog = running.requests
        self._limit = running.limit

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self.url!r})"

    def set_rate_limit(self, limit: int | None, window: float = 60.0) -> None:
        """Answer so many requests in so many seconds, then 429; None answers all.

        Raises:
            ValueError: The limit is no whole number, or the window not above 0 and at most a day.
        """
        if limit is not None:
            checks.whole("limit", limit)
        self._limit.set(limit, checks.seconds("window", window, zero=False))
