"""Starting and stopping a sandbox, in a thread of its own or in the running event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType

from .box import Sandbox
from .faults import Faults
from .infisical import Backend, Infisical
from .messages import RequestLog
from .rate import RateLimit
from .web import WebServer

__all__ = ["Serving", "serve"]

APIS = ("infisical",)


def serve(
    api: str = "infisical",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: str | os.PathLike[str] | None = None,
) -> Serving:
    """A sandbox server, as a context manager.

    `with serve() as sandbox:` runs it in a daemon thread with an event loop of its own;
    `async with serve() as sandbox:` runs it in the running loop. Leaving the block stops it.

    Arguments:
        api: Which API to serve: "infisical".
        host: The address to listen on.
        port: The port; 0 takes a free one.
        data: A file to keep the records in; None keeps them in memory. The file holds every
            secret in the clear.

    Raises:
        ValueError: There is no such API.
        SandboxDataError: On entering: the file is not a sandbox's.
        OSError: On entering: the port is taken.
    """
    if api not in APIS:
        raise ValueError(f"there is no sandbox for {api!r}, only for {', '.join(APIS)}")
    return Serving(host, port, data)


class _Session:
    """One run of a sandbox, from opening its records to closing them."""

    def __init__(self, host: str, port: int, data: str | os.PathLike[str] | None) -> None:
        self._host = host
        self._port = port
        self._backend = Backend(data)
        self._faults = Faults()
        self._log = RequestLog()
        self._limit = RateLimit()
        self._web = WebServer(Infisical(self._backend), self._faults, self._log, self._limit)

    async def start(self) -> Sandbox:
        try:
            port = await self._web.start(self._host, self._port)
            host = f"[{self._host}]" if ":" in self._host else self._host
            return Sandbox(f"http://{host}:{port}", self._backend, self._faults, self._log, self._limit)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._web.stop()
        self._backend.store.close()


class _Thread:
    """A session in a daemon thread of its own."""

    def __init__(self, session: _Session) -> None:
        self._session = session
        self._started: Future[Sandbox] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="gemel-sandbox", daemon=True)

    def start(self) -> Sandbox:
        self._thread.start()
        try:
            return self._started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
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
            sandbox = await self._session.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(sandbox)
        await self._stop.wait()
        await self._session.stop()


class Serving:
    """A sandbox to be entered with `with` or `async with`; made by `serve`."""

    def __init__(self, host: str, port: int, data: str | os.PathLike[str] | None) -> None:
        self._arguments = (host, port, data)
        self._thread: _Thread | None = None
        self._session: _Session | None = None

    def _open(self) -> _Session:
        if self._thread is not None or self._session is not None:
            raise RuntimeError("this sandbox is already running; call serve() again for another one")
        return _Session(*self._arguments)

    def __enter__(self) -> Sandbox:
        thread = _Thread(self._open())
        sandbox = thread.start()
        self._thread = thread
        return sandbox

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    async def __aenter__(self) -> Sandbox:
        session = self._open()
        sandbox = await session.start()
        self._session = session
        return sandbox

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.stop()
