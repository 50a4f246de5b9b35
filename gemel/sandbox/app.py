"""Starting and stopping a sandbox, in a thread of its own or in the running event loop."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, overload

from .assembly import ASSEMBLIES, Assembly, BothSandbox
from .box import Box, Running, Sandbox
from .faults import Faults
from .julep.box import JulepSandbox
from .messages import RequestLog
from .rate import RateLimit
from .store import Store
from .thread import ServerThread
from .web import WebServer

__all__ = ["Serving", "serve"]

BoxT = TypeVar("BoxT", bound=Box)
DataFile = str | os.PathLike[str]


@overload
def serve(
    api: Literal["infisical"] = "infisical", *, host: str = ..., port: int = ..., data: DataFile | None = ...
) -> Serving[Sandbox]: ...
@overload
def serve(
    api: Literal["julep"], *, host: str = ..., port: int = ..., data: DataFile | None = ...
) -> Serving[JulepSandbox]: ...
@overload
def serve(
    api: Literal["both"], *, host: str = ..., port: int = ..., data: DataFile | None = ...
) -> Serving[BothSandbox]: ...
@overload
def serve(api: str, *, host: str = ..., port: int = ..., data: DataFile | None = ...) -> Serving[Any]: ...
def serve(
    api: str = "infisical", *, host: str = "127.0.0.1", port: int = 0, data: DataFile | None = None
) -> Serving[Any]:
    """A sandbox server, as a context manager.

    `with serve() as sandbox:` runs it in a daemon thread with an event loop of its own;
    `async with serve() as sandbox:` runs it in the running loop. Leaving the block stops it.

    Arguments:
        api: Which API to serve: "infisical", "julep" (generation 0.3.9: agents below /api/, model
            serving below /v1/), or "both" on one port, where the paths of Infisical are those that
            begin with /api/status and /api/v1, /api/v2 and so on.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        data: A file to keep the records in; None keeps them in memory. The file holds every
            secret in the clear.

    Raises:
        ValueError: There is no such API.
        SandboxDataError: On entering: the file is not a sandbox's.
        OSError: On entering: the port is taken.
    """
    if api not in ASSEMBLIES:
        raise ValueError(f"there is no sandbox for {api!r}, only for {', '.join(ASSEMBLIES)}")
    return Serving(ASSEMBLIES[api], host, port, data)


class _Session(Generic[BoxT]):
    """One run of a sandbox, from opening its records to closing them."""

    def __init__(self, assembly: Assembly[BoxT], host: str, port: int, data: DataFile | None) -> None:
        self._host = host
        self._port = port
        self._store = Store(assembly.schema, data)
        self._assembled = assembly.over(self._store)
        self._faults = Faults(self._assembled.failure)
        self._log = RequestLog()
        self._limit = RateLimit()
        self._web = WebServer(self._assembled.api, self._faults, self._log, self._limit)

    async def start(self) -> BoxT:
        try:
            port = await self._web.start(self._host, self._port)
            host = f"[{self._host}]" if ":" in self._host else self._host
            return self._assembled.box(Running(f"http://{host}:{port}", self._faults, self._log, self._limit))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._web.stop()
        self._store.close()


class Serving(Generic[BoxT]):
    """A sandbox to be entered with `with` or `async with`; made by `serve`."""

    def __init__(self, assembly: Assembly[BoxT], host: str, port: int, data: DataFile | None) -> None:
        self._arguments = (assembly, host, port, data)
        self._thread: ServerThread[BoxT] | None = None
        self._session: _Session[BoxT] | None = None

    def _open(self) -> _Session[BoxT]:
        if self._thread is not None or self._session is not None:
            raise RuntimeError("this sandbox is already running; call serve() again for another one")
        return _Session(*self._arguments)

    def __enter__(self) -> BoxT:
        thread = ServerThread(self._open())
        sandbox = thread.start()
        self._thread = thread
        return sandbox

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    async def __aenter__(self) -> BoxT:
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
