"""An event loop that needs no socket: what its tasks wait for is time and each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from selectors import BaseSelector, SelectorKey
from typing import Any, NoReturn

__all__ = ["Policy"]

Refuse = Callable[[str], NoReturn]


class Idle(BaseSelector):
    """A selector that watches no file: it only lets time pass."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def register(self, fileobj: Any, events: int, data: Any = None) -> SelectorKey:
        self._refuse("a socket")

    def unregister(self, fileobj: Any) -> SelectorKey:
        self._refuse("a socket")

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            self._refuse("something from outside the loop")
        time.sleep(max(timeout, 0))
        return []

    def get_map(self) -> Mapping[Any, SelectorKey]:
        return {}

    def close(self) -> None: ...


class IdleLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop without the pair of sockets by which another thread wakes it."""

    def _make_self_pipe(self) -> None: ...

    def _close_self_pipe(self) -> None: ...

    def _write_to_self(self) -> None: ...


class Policy(asyncio.events._AbstractEventLoopPolicy):  # type: ignore[name-defined, misc]
    """Makes such loops, also for asyncio.run()."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._loop: asyncio.AbstractEventLoop | None = None

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return IdleLoop(Idle(self._refuse))

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("There is no current event loop")
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
