"""Rate limits over fixed windows, for all requests or for groups of them, with the headers of the server's limiter."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .messages import Api, RecordedRequest, ServerReply, answered

__all__ = ["RateLimit"]

UNLIMITED_PATH = "/api/status"


@dataclass
class _Window:
    """How many requests are answered in a time, and how many have been."""

    limit: int
    seconds: float
    ends: float = 0.0
    used: int = 0

    def take(self) -> tuple[int, int]:
        """Take one request: what is left, below zero when it is too many, and the seconds until the window ends."""
        now = time.monotonic()
        if now >= self.ends:
            self.ends, self.used = now + self.seconds, 0
        self.used += 1
        return self.limit - self.used, math.ceil(self.ends - now)


class RateLimit:
    """How many requests are answered in a window of time; by default all of them.

    Arguments:
        groups_of: The groups that a request may count in; it counts in the first that has a limit.
    """

    def __init__(self, groups_of: Callable[[RecordedRequest], tuple[str, ...]] = lambda request: ()) -> None:
        self._lock = threading.Lock()
        self._groups_of = groups_of
        self._whole: _Window | None = None
        self._groups: dict[str, _Window] = {}

    def set(self, limit: int | None, window: float) -> None:
        """Allow so many requests in so many seconds from now on; None allows all."""
        with self._lock:
            self._whole = None if limit is None else _Window(limit, window)

    def set_groups(self, limits: Mapping[str, int | None], window: float) -> None:
        """Allow so many requests of each group in so many seconds from now on; None allows all of a group."""
        with self._lock:
            self._groups = {name: _Window(limit, window) for name, limit in limits.items() if limit is not None}

    async def apply(self, request: RecordedRequest, api: Api) -> ServerReply:
        """The reply of the API, or 429 when the window is used up; both with x-ratelimit-* headers."""
        taken = None if request.path == UNLIMITED_PATH else self._take(request)
        if taken is None:
            return await answered(api, request)
        limit, left, seconds = taken
        reply = api.rate_limited(seconds) if left < 0 else await answered(api, request)
        headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": max(left, 0), "x-ratelimit-reset": seconds}
        if left < 0:
            headers["retry-after"] = seconds
        return replace(reply, headers=(*reply.headers, *((name, str(value)) for name, value in headers.items())))

    def _take(self, request: RecordedRequest) -> tuple[int, int, int] | None:
        """Take one request: the limit, what is left of it, and the seconds until the window ends."""
        with self._lock:
            grouped = [self._groups[name] for name in self._groups_of(request) if name in self._groups]
            window = grouped[0] if grouped else self._whole
            return None if window is None else (window.limit, *window.take())
