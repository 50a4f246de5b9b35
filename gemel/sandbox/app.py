"""Starting and stopping a sandbox, in a thread of its own or in the running event loop."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, overload

from . import checks
from .assembly import ASSEMBLIES, Assembly, BothSandbox
from .box import Box, Running
from .control import Control
from .faults import Faults
from .guard import Guard, is_wildcard
from .infisical.box import Sandbox
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
    api: Literal["infisical"] = "infisical",
    *,
    host: str = ...,
    port: int = ...,
    data: DataFile | None = ...,
    control_hosts: Iterable[str] = ...,
) -> Serving[Sandbox]: ...
@overload
def serve(
    api: Literal["julep"],
    *,
    host: str = ...,
    port: int = ...,
    data: DataFile | None = ...,
    control_hosts: Iterable[str] = ...,
) -> Serving[JulepSandbox]: ...
@overload
def serve(
    api: Literal["both"],
    *,
    host: str = ...,
    port: int = ...,
    data: DataFile | None = ...,
    control_hosts: Iterable[str] = ...,
) -> Serving[BothSandbox]: ...
@overload
def serve(
    api: str, *, host: str = ..., port: int = ..., data: DataFile | None = ..., control_hosts: Iterable[str] = ...
) -> Serving[Any]: ...
def serve(
    api: str = "infisical",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: DataFile | None = None,
    control_hosts: Iterable[str] = (),
) -> Serving[Any]:
    """Serve a sandbox, as a context manager.

    `with serve() as sandbox:` runs it in a daemon thread with an event loop of its own;
    `async with serve() as sandbox:` runs it in the running loop. Leaving the block stops it.

    Args:
        api: Which API to serve: "infisical", "julep" (generation 0.3.9: agents below /api/, model
            serving below /v1/), or "both" on one port, where the paths of Infisical are those that
            begin with /api/status and /api/v1, /api/v2 and so on.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        data: A file to keep the records in; None keeps them in memory. The file holds every
            secret in the clear, and is readable by its owner alone.
        control_hosts: Names other than localhost under which the control endpoint may be reached,
            such as the name of a container.

    Raises:
        ValueError: There is no such API, or no such port.
        SandboxDataError: On entering: the file is not a sandbox's.
        OSError: On entering: the port is taken.
    """
    if api not in ASSEMBLIES:
        raise ValueError(f"there is no sandbox for {api!r}, only for {', '.join(ASSEMBLIES)}")
    checks.whole("port", port, 0, 65535)
    return Serving(ASSEMBLIES[api], _Place(host, port, data, tuple(control_hosts)))


@dataclass(frozen=True)
class _Place:
    """Where a sandbox listens and keeps its records; the arguments of `serve`."""

    host: str
    port: int
    data: DataFile | None
    control_hosts: tuple[str, ...]

    def url(self, port: int) -> str:
        """Return the address to call: one that listens everywhere is called on this machine."""
        host = self.host
        if is_wildcard(host):
            host = "::1" if ":" in host else "127.0.0.1"
        # RFC 6874, 2: the zone of a link-local address is part of the host.
        shown = f"[{host.replace('%', '%25')}]" if ":" in host else host
        return f"http://{shown}:{port}"


class _Session(Generic[BoxT]):
    """One run of a sandbox, from opening its records to closing them."""

    def __init__(self, assembly: Assembly[BoxT], place: _Place) -> None:
        self._place = place
        self._store = Store(assembly.schema, place.data)
        self._assembled = assembly.over(self._store)
        self._faults = Faults(self._assembled.failure)
        self._log = RequestLog()
        self._limit = RateLimit(self._assembled.rate_groups)
        self._control = Control(self._faults, self._log, Guard(place.host, place.control_hosts))
        self._web = WebServer(self._assembled.api, self._faults, self._log, self._limit, control=self._control)

    async def start(self) -> BoxT:
        try:
            port = await self._web.start(self._place.host, self._place.port)
            box = self._assembled.box(Running(self._place.url(port), self._faults, self._log, self._limit))
            self._control.steer(box)
            return box
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._web.stop()
        self._store.close()


class Serving(Generic[BoxT]):
    """A sandbox to be entered with `with` or `async with`; made by `serve`."""

    def __init__(self, assembly: Assembly[BoxT], place: _Place) -> None:
        self._arguments = (assembly, place)
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
