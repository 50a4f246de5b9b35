"""A rate limit over a fixed window, with the headers that the server's limiter sends."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

from .messages import Api, RecordedRequest, Reply, answered

__all__ = ["RateLimit"]

UNLIMITED_PATH = "/api/status"


class RateLimit:
    """How many requests are answered in a window of time; by default all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.set(None, 60.0)

    def set(self, limit: int | None, window: float) -> None:
        """Allow so many requests in so many seconds from now on; None allows all."""
        with self._lock:
            self._limit = limit
            self._window = window
            self._ends = 0.0
            self._used = 0

    async def apply(self, request: RecordedRequest, api: Api) -> Reply:
        """The reply of the API, or 429 when the window is used up; both with x-ratelimit-* headers."""
        if self._limit is None or request.path == UNLIMITED_PATH:
            return await answered(api, request)
        limit, left, seconds = self._taken(self._limit)
        reply = api.rate_limited(seconds) if left < 0 else await answered(api, request)
        headers = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": max(left, 0), "x-ratelimit-reset": seconds}
        if left < 0:
            headers["retry-after"] = seconds
        return replace(reply, headers=(*reply.headers, *((name, str(value)) for name, value in headers.items())))

    def _taken(self, limit: int) -> tuple[int, int, int]:
        """Take one request: the limit, what is left of it, and the seconds until the window ends."""
        with self._lock:
            return limit, self._count(limit), math.ceil(self._ends - time.monotonic())

    def _count(self, limit: int) -> int:
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._used = now + self._window, 0
        self._used += 1
        return limit - self._used
