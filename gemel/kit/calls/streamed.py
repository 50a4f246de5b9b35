"""Calls that open a reply and leave its body to be read: event streams and downloads."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Mapping
from typing import Any, Generic, NoReturn, Protocol, get_args, get_origin

from typing_extensions import ParamSpec, TypeVar

from gemel.kit.bind.declaration import Declaration
from gemel.kit.calls.call import Call
from gemel.kit.calls.download import AsyncDownload, Download, open_transfer
from gemel.kit.calls.event_reader import EventReader, Wanted, event_text, open_event_reader, parsed_by
from gemel.kit.calls.stream import AsyncStream, Stream
from gemel.kit.errors import DeclarationError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.json_stream import accepted_types
from gemel.kit.http.messages import Request
from gemel.kit.http.sse import EventStream, ServerSentEvent
from gemel.kit.paging import Page
from gemel.kit.policies.options import Options
from gemel.kit.stubs.resource import Resource
from gemel.kit.stubs.roles import Spec
from gemel.kit.tracebacks import entry

__all__ = [
    "ALONE",
    "AsyncDownloadCall",
    "AsyncStreamCall",
    "DownloadCall",
    "Opening",
    "StreamCall",
    "SyncDownloadCall",
    "SyncStreamCall",
    "check_opening",
    "opening_class",
    "read_type",
]

ALONE = (Page, Stream, Download)
"""What is a return type by itself, and never one of several replies."""

P = ParamSpec("P")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)

# As browsers ask for an event stream; no-store keeps proxies from holding it back until it is whole.
_EVENTS: Mapping[str, str] = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
# Without a content coding Content-Length is the size of the file, and progress can be shown.
_BYTES: Mapping[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity"}


class _Closable(Protocol):
    async def close(self) -> None: ...


S = TypeVar("S", bound=_Closable)


class Opening(Generic[S]):
    """The result of an async call that opens a reply: `async with client.chat.stream(...) as events`, or await it.

    As a context manager it closes what it has opened; awaited, closing is up to you.
    """

    def __init__(self, opened: Coroutine[Any, Any, S]) -> None:
        self._coroutine: Coroutine[Any, Any, S] = opened
        self._opened: S | None = None

    def __await__(self) -> Generator[Any, Any, S]:
        return self._coroutine.__await__()

    @entry
    async def __aenter__(self) -> S:
        self._opened = await self._coroutine
        return self._opened

    @entry
    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None:
            await self._opened.close()


class _OpeningCall(Call[P, R_co]):
    """A call whose reply is read piece by piece."""

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        return super()._request(args, kwargs).with_context(streamed=True)

    def _read_type(self, returns: Any) -> Any:
        return read_type(returns, self._declaration.label)

    def flow(self, deadline: float, *args: P.args, **kwargs: P.kwargs) -> NoReturn:
        """Raise DeclarationError: a flow cannot hold an open reply."""
        raise DeclarationError(
            f"{self._declaration.label}: a flow cannot hold an open reply; call it outside, or use .gathered() of a "
            "stream"
        )


class StreamCall(_OpeningCall[P, Stream[T]], Generic[P, T]):
    """A streaming endpoint bound to a resource of a client."""

    _wanted_headers = _EVENTS

    def __init__(self, declaration: Declaration, resource: Resource[Any], options: Options | None = None) -> None:
        formats = declaration.spec.events.formats if declaration.spec.events else ("sse",)
        if formats != ("sse",):
            self._wanted_headers = {**_EVENTS, "Accept": accepted_types(formats)}
        super().__init__(declaration, resource, options)
        self._events: EventStream = declaration.spec.events or EventStream()
        self._wanted: Wanted = self._decode
        hint = read_type(declaration.definition.returns, declaration.label)
        if self._events.parse is not None:
            self._wanted = parsed_by(self._events.parse)
        elif hint is ServerSentEvent:
            self._wanted = None
        elif hint is str and declaration.spec.unwrap is None and not declaration.spec.alternatives:
            self._wanted = event_text

    def _read_type(self, returns: Any) -> Any:
        events = self._declaration.spec.events
        return None if events is not None and events.parse is not None else super()._read_type(returns)

    def gathered(self, *args: P.args, **kwargs: P.kwargs) -> Flow[list[T]]:
        """Return a flow whose result is the list of all events: `words = yield from self.stream.gathered()`."""
        reader = yield from self._reader(args, kwargs)
        try:
            return (yield from reader.rest())
        finally:
            reader.close()

    def _reader(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[EventReader]:
        return open_event_reader(self._caller, self._request(args, kwargs), self._events, self._wanted)


class SyncStreamCall(StreamCall[P, T]):
    """A streaming endpoint bound to a resource of a Client."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Stream[T]:
        """Send the request and return the open stream of its events."""
        return Stream(self._caller.run(self._reader(args, kwargs)))


class AsyncStreamCall(StreamCall[P, T]):
    """A streaming endpoint bound to a resource of an AsyncClient."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Opening[AsyncStream[T]]:
        """Return an object that opens the stream of events when it is entered or awaited."""
        return Opening(self._open(args, kwargs))

    @entry
    async def _open(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AsyncStream[T]:
        return AsyncStream(await self._caller.arun(self._reader(args, kwargs)))


class DownloadCall(_OpeningCall[P, Download]):
    """An endpoint for a download, bound to a resource of a client."""

    _wanted_headers = _BYTES


class SyncDownloadCall(DownloadCall[P]):
    """An endpoint for a download, bound to a resource of a Client."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Download:
        """Send the request and return the open download."""
        return Download(self._caller.run(open_transfer(self._caller, self._request(args, kwargs))))


class AsyncDownloadCall(DownloadCall[P]):
    """An endpoint for a download, bound to a resource of an AsyncClient."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Opening[AsyncDownload]:
        """Return an object that opens the download when it is entered or awaited."""
        return Opening(self._open(args, kwargs))

    @entry
    async def _open(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AsyncDownload:
        return AsyncDownload(await self._caller.arun(open_transfer(self._caller, self._request(args, kwargs))))


def check_opening(spec: Spec, returned: Any, label: str) -> None:
    """Check the decorator's arguments against the return type, None while unknown; raises DeclarationError."""
    events: Any = spec.events
    if events is not None and not isinstance(events, EventStream):
        raise DeclarationError(f"{label}(): events: not an EventStream: {events!r}")
    if events is not None and returned is not None and (get_origin(returned) or returned) is not Stream:
        raise DeclarationError(f"{label}(): with events=... it returns Stream[T], the type of one event in brackets")
    if events is not None and events.parse is not None and (spec.unwrap is not None or spec.alternatives):
        raise DeclarationError(
            f"{label}(): with parse=... nothing else is known of the data: no unwrap, no alternatives"
        )
    if returned is Download and spec.unwrap is not None:
        raise DeclarationError(f"{label}(): a Download is the body as it comes; there is no envelope to unwrap")
    if returned is Download and spec.alternatives:
        raise DeclarationError(f"{label}(): a Download is the body as it comes; there are no keys in it")


def read_type(returned: Any, label: str) -> Any:
    """Return the type that is decoded: T for a Stream[T], None for a Download, else the return type.

    Raises:
        DeclarationError: It is Stream without a type in brackets.
    """
    if returned is Download:
        return None
    if (get_origin(returned) or returned) is not Stream:
        return returned
    arguments = get_args(returned)
    if not arguments:
        raise DeclarationError(f"{label}(): write Stream[T], the type of one event in brackets")
    return arguments[0]


def opening_class(returned: Any, is_async: bool) -> type[Call[..., Any]] | None:
    """Return the class of a call that opens its reply; None for a return type that is read whole."""
    if (get_origin(returned) or returned) is Stream:
        return AsyncStreamCall if is_async else SyncStreamCall
    if returned is Download:
        return AsyncDownloadCall if is_async else SyncDownloadCall
    return None
