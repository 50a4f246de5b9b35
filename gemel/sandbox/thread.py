"""A server in a daemon thread with an event loop of its own, for blocking and for asynchronous callers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

__all__ = ["ServerThread", "Startable"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Startable(Protocol[T_co]):
    """A server that runs in the running event loop."""

    async def start(self) -> T_co:
        """Listen; what a test is given."""
        ...

    async def stop(self) -> None:
        """Close the port and every connection."""
        ...


class ServerThread(Generic[T]):
    """One run of a server; `start` returns when it listens, `stop` when it is gone."""

    def __init__(self, server: Startable[T], name: str = "gemel-sandbox") -> None:
        self._server = server
        self._started: Future[T] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> T:
        """Start the thread and wait until the server listens; raises what its start raises."""
        self._thread.start()
        try:
            return self._started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and wait for the end of the thread."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):  # the loop may have closed by itself, after a failed start
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            started = await self._server.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(started)
        await self._stop.wait()
        await self._server.stop()
