"""The two clients of one API, open for many calls: what one does is held against what the other does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import Self


class Pair:
    """A blocking and an awaited client of one server; a step is done with each of them, in this order."""

    def __init__(self, url: str, blocking: Any, awaited: Any, **settings: Any) -> None:
        self._settings = {"retries": 0, "timeout": 10.0, **settings}
        self._loop = asyncio.new_event_loop()
        self._blocking = blocking(url, **self._settings)
        self._awaited = awaited(url, **self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._blocking.close()
        self._loop.run_until_complete(self._awaited.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def outcomes(self, step: Callable[[Any], Any]) -> list[Any]:
        """What the step gives with each client: its result, or the exception that it raised, of whatever kind."""
        return [_outcome(lambda: step(self._blocking)), _outcome(lambda: self._loop.run_until_complete(self._do(step)))]

    async def _do(self, step: Callable[[Any], Any]) -> Any:
        return await step(self._awaited)


def _outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception as error:
        return error
