"""Ends an awaited block in time, in the task that runs it: no cancellation gets lost, as with asyncio.wait_for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

__all__ = ["within"]


class within:
    """Cancel what the block awaits after so many seconds, and raise asyncio.TimeoutError in its place.

    As asyncio.timeout, which Python 3.10 does not have. Of asyncio.wait_for's own, up to Python 3.11, a cancellation is
    swallowed when what is waited for comes at the same time, and each needs a task.
    """

    __slots__ = ("_already", "_over", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = False

    async def __aenter__(self) -> None:
        self._task: Any = cast(Any, asyncio.current_task())
        self._already: int = self._task.cancelling() if hasattr(self._task, "cancelling") else 0
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._over = True
        self._task.cancel()

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._timer.cancel()
        if not self._over:
            return
        also_from_outside = hasattr(self._task, "uncancel") and self._task.uncancel() > self._already
        if kind is asyncio.CancelledError and not also_from_outside:
            raise asyncio.TimeoutError from None
