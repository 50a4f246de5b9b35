"""Cancels a task at its n-th wait, for every n there is."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from .leaks import other_tasks, wait_in_loop

MOST_WAITS = 500
MOMENTS = ("before the wait", "a turn of the loop later", "when what is waited for has come")


class Breaking:
    """Runs a coroutine in the present task and cancels the task at one of its waits.

    at: which wait, from 1.   moment: one of MOMENTS; the last is the one at which a cancellation gets lost most easily.
    """

    def __init__(self, at: int, moment: str) -> None:
        self.at = at
        self.moment = moment
        self.waits = 0

    @types.coroutine
    def over(self, inner: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Return what the coroutine returns."""
        thrown: BaseException | None = None
        while True:
            try:
                waited = inner.send(None) if thrown is None else inner.throw(thrown)
            except StopIteration as end:
                return end.value
            self.waits += 1
            if self.waits == self.at:
                self._cancel(waited)
            try:
                yield waited
                thrown = None
            except BaseException as error:
                thrown = error

    def _cancel(self, waited: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self.moment == MOMENTS[0]:
            task.cancel()
        elif self.moment == MOMENTS[1] or waited is None:
            asyncio.get_running_loop().call_soon(task.cancel)
        else:
            waited.add_done_callback(lambda _: task.cancel())


async def cancelled_at(call: Callable[[], Coroutine[Any, Any, Any]], at: int, moment: str) -> bool:
    """Cancel a call at one of its waits; False when it had no such wait. Fails when the cancellation gets lost."""
    breaking = Breaking(at, moment)

    async def whole() -> Any:
        return await breaking.over(call())

    task = asyncio.create_task(whole())
    try:
        await task
    except asyncio.CancelledError:
        return True
    assert breaking.waits < at, f"{moment}: the cancellation at wait {at} of {breaking.waits} got lost"
    return False


async def cancelled_everywhere(
    call: Callable[[], Coroutine[Any, Any, Any]], after: Callable[[], Coroutine[Any, Any, Any]]
) -> int:
    """Cancel a call at its first wait, its second, and so on; after each nothing is left running, and `after` works.

    Returns how many waits there were.
    """
    most = 0
    for moment in MOMENTS:
        at = 1
        while await cancelled_at(call, at, moment):
            await wait_in_loop(lambda: not other_tasks())
            assert not other_tasks(), f"{moment}, wait {at}: {other_tasks()}"
            await after()
            at += 1
            assert at < MOST_WAITS
        most = max(most, at - 1)
    return most
