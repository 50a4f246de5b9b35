"""The async transport: one aiohttp.ClientSession per running loop."""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast
from weakref import WeakSet, WeakValueDictionary

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gemel.kit.errors import APIConnectionError, ClientClosedError, UploadError
from gemel.kit.flow.effects import Opened
from gemel.kit.fork import renewed_after_fork
from gemel.kit.http.messages import Headers, Request, Response, Streamed
from gemel.kit.transport.body import Intake
from gemel.kit.transport.environment import Network
from gemel.kit.transport.failures import (
    BROKEN,
    MOST_FIELDS,
    closed_before,
    closed_meanwhile,
    cut_short,
    fell_silent,
    lost,
    out_of_time,
    stream_deadline,
    time_left,
    unreadable,
)
from gemel.kit.transport.timeout import within

__all__ = ["AiohttpTransport"]

_PIECE = 1 << 18
_LONGEST_LINE = 1 << 16  # as http.client has it
_NOT_ADDED = ("Content-Type",)
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
_CUT = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)
_FAILURES = (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError)
_TLS = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)


class AiohttpTransport:
    """Sends over an aiohttp session of the running loop; a session that is passed in is never closed.

    An own session is closed by `close`, or with its loop when that shuts down (as `asyncio.run` does).
    largest: the bytes of a body that are taken, None for any number.   pool_size: connections kept in all.
    """

    def __init__(
        self,
        network: Network,
        session: aiohttp.ClientSession | None = None,
        *,
        largest: int | None = None,
        pool_size: int = 100,
    ) -> None:
        if session is not None and session.auth is not None:
            raise ValueError("session: it has an auth of its own, which would replace the client's credentials")
        self._network = network
        self._intake = Intake(largest)
        self._given = session
        self._pool_size = pool_size
        self._rooms: dict[asyncio.AbstractEventLoop, _Room] = {}
        self._closed = False
        renewed_after_fork(self)

    async def send(self, request: Request) -> Response:
        """Send the request and read the whole reply, within its deadline."""
        session = self._usable(request) or (await self._room()).session
        try:
            async with self._asked(session, request, time_left(request), auto_decompress=False) as reply:
                headers = _received(reply, request)
                body = await self._read(reply, request)
                codings = reply.headers.getall("Content-Encoding", ())
                if codings:
                    body = self._intake.decoded(body, ",".join(codings), reply.status, request)
                return Response(reply.status, headers, body, request.url)
        except _FAILURES as failure:
            raise _translated(failure, request) from None
        except RuntimeError as failure:
            raise self._unusable(failure, request) from None

    async def stream(self, request: Request) -> Response:
        """Send the request; of a success read the headers only, within its deadline, and return an Opened reply."""
        session = self._usable(request) or (await self._room()).session
        try:
            async with within(time_left(request)):
                return await self._opened(session, request)
        except _FAILURES as failure:
            raise _translated(failure, request) from None
        except RuntimeError as failure:
            raise self._unusable(failure, request) from None

    async def _opened(self, session: aiohttp.ClientSession, request: Request) -> Response:
        reply = await self._asked(session, request, None)
        if 200 <= reply.status < 300:
            headers = _received(reply, request)
            return Opened(reply.status, headers, b"", request.url, reader=_Pieces(reply, request, lambda: self._closed))
        async with reply:
            headers = _received(reply, request)
            return Response(reply.status, headers, await self._read(reply, request), request.url)

    async def _read(self, reply: aiohttp.ClientResponse, request: Request) -> bytes:
        """Return the whole body, if it is not larger than what is taken."""
        try:
            announced = 0 if reply.content.at_eof() else reply.content_length
            if self._intake.at_once(announced, reply.status, request):
                return await reply.read()
            pieces, size = list[bytes](), 0
            while piece := await reply.content.readany():
                pieces.append(piece)
                size += len(piece)
                self._intake.check(size, reply.status, request)
            return b"".join(pieces)
        except BaseException:
            reply.close()
            raise

    def _usable(self, request: Request) -> aiohttp.ClientSession | None:
        """Return the session to send with; None when this loop has none yet. Raises ClientClosedError."""
        if self._closed:
            raise closed_before(request, "async with")
        room = self._rooms.get(asyncio.get_running_loop())
        return self._given or (None if room is None else room.session)

    def _asked(self, session: aiohttp.ClientSession, request: Request, total: float | None, **options: Any) -> Any:
        """Return what sends the request when awaited or entered; `total` seconds for the whole reply."""
        limits = request.context.timeout
        return session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=_headers(request),
            data=_content(request.body),
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=limits.connect, sock_read=limits.read),
            allow_redirects=False,
            raise_for_status=False,
            **options,
            **self._settings(request),
        )

    def _unusable(self, failure: RuntimeError, request: Request) -> RuntimeError:
        """Return the error of a session that was passed in and cannot be used; of an own one, what it raised."""
        if self._given is None:
            return failure
        problem = "the aiohttp session that was passed in is closed or belongs to another event loop"
        return ClientClosedError(f"{request.context.label}: {problem} ({failure})")

    def _settings(self, request: Request) -> dict[str, Any]:
        if self._given is not None:
            return {"skip_auto_headers": _NOT_ADDED}
        tls = {"ssl": self._network.tls()} if request.url.startswith("https") else {}
        proxy = self._network.proxy_for(request.url)
        return {**tls, "proxy": proxy} if proxy else tls

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(seconds)

    async def lock(self, deadline: float, name: str = "") -> asyncio.Lock | None:
        """Acquire the client's lock of that name in this loop; None when the deadline passes first."""
        locks = (await self._room()).locks
        lock = locks.get(name)
        if lock is None:
            lock = locks[name] = asyncio.Lock()
        try:
            async with within(max(0.0, deadline - time.monotonic())):
                await lock.acquire()
        except asyncio.TimeoutError:
            return None
        return lock

    async def _room(self) -> _Room:
        loop = asyncio.get_running_loop()
        room = self._rooms.get(loop)
        if room is None:
            room = self._rooms[loop] = _Room(self._pool_size)
            room.keeper = self._keep(room.session)
            await anext(room.keeper)
        return room

    async def _keep(self, session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
        """Close the session when the loop shuts its asynchronous generators down, or when asked."""
        try:
            yield
        finally:
            self._rooms.pop(asyncio.get_running_loop(), None)
            await session.close()

    async def close(self) -> None:
        """Close this loop's connections; calls after this raise ClientClosedError."""
        self._closed = True
        room = self._rooms.get(asyncio.get_running_loop())
        if room is not None:
            await room.keeper.aclose()

    def forked(self) -> None:
        """Leave the connections to the parent; closing them here would take them out of its loop's poll set."""
        _left_to_parent.append(self._rooms)
        self._rooms = {}


_left_to_parent: list[object] = []
"""What must not even be collected in this process."""


class _Pieces:
    """The body of a reply, read as it comes; what came before a loss is given before the loss is told."""

    def __init__(self, reply: aiohttp.ClientResponse, request: Request, client_closed: Callable[[], bool]) -> None:
        self._reply = reply
        self._request = request
        self._client_closed = client_closed
        self._deadline = stream_deadline(request)
        self._failure: Exception | None = None

    async def read(self) -> bytes:
        """Return what has come; b"" at the end, when the connection goes back to the pool."""
        try:
            return await self._next()
        except (*_FAILURES, RuntimeError) as failure:
            held = _held(self._reply.content)
            self.close()
            if held:
                self._failure = failure
                return held
            raise self._told(failure) from None

    async def _next(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        if self._request.context.timeout.stream is None:
            return await self._reply.content.readany()
        left = max(0.0, self._deadline - time.monotonic())
        async with within(left):
            return await self._reply.content.readany()

    def _told(self, failure: Exception) -> Exception:
        if self._client_closed():
            return closed_meanwhile(self._request)
        if isinstance(failure, RuntimeError) and "closed" not in str(failure):
            return failure
        return _translated(failure, self._request, fell_silent)

    def close(self) -> None:
        """Close the connection, unless it went back to the pool."""
        self._reply.release()


def _held(content: aiohttp.StreamReader) -> bytes:
    """Return what came before a loss; aiohttp tells a reader of the loss first, and has no public way to the rest."""
    take: Callable[[int], bytes] | None = getattr(content, "_read_nowait", None)
    return take(-1) if take is not None else b""


class _Room:
    """What a client keeps in one loop: its session, its locks, and the keeper that ends with the loop."""

    keeper: AsyncGenerator[None, None]

    def __init__(self, pool_size: int) -> None:
        self.locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.session = aiohttp.ClientSession(
            connector=_Connector(limit=pool_size),
            response_class=_Reply,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_ADDED,
            trust_env=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )
        # aiohttp repeats a GET or DELETE by itself when a kept connection was closed; repeating is the retry policy's.
        self.session._retry_connection = False  # pyright: ignore[reportPrivateUsage]


class _Connector(aiohttp.TCPConnector):
    """Hands out kept connections only while nothing has come by them.

    aiohttp would take bytes that nobody asked for, such as the 408 of a server that is tired of waiting, for the reply
    to the next request; and it would use a connection that the server has closed while the loop was busy.
    """

    def __init__(self, *, limit: int) -> None:
        cast(Any, super()).__init__(limit=limit)
        self._used: WeakSet[Any] = WeakSet()

    async def connect(self, *args: Any, **options: Any) -> Any:
        """Return a connection, as aiohttp does; those that are no longer fit for use are closed on the way."""
        while True:
            connection = await super().connect(*args, **options)
            protocol: Any = connection.protocol
            if protocol not in self._used:
                self._used.add(protocol)
                return connection
            if not protocol.should_close and not _something_came(protocol.transport):
                return connection
            connection.close()


class _Reply(aiohttp.ClientResponse):
    """A reply whose connection is not used again when the server's program failed."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Read the headers; a short body may be read with them, and the connection be back in the pool."""
        protocol = connection.protocol
        await super().start(connection)
        if self.status == BROKEN:
            protocol._should_close = True  # its force_close() is not there in aiohttp 3.11.0
        return self


def _something_came(transport: Any) -> bool:
    """Say whether there is something to read, or an end, as urllib3 asks before it uses a connection again."""
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None:
        return False
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


def _headers(request: Request) -> CIMultiDict[str]:
    headers = CIMultiDict(request.headers.pairs())
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    return headers


def _received(reply: aiohttp.ClientResponse, request: Request) -> Headers:
    """Return the header fields as latin-1 text and in such number as http.client reads them."""
    fields = reply.raw_headers
    if len(fields) > MOST_FIELDS:
        reply.close()
        raise unreadable(request, "too many headers")
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields])


def _content(body: bytes | Streamed | None) -> bytes | AsyncGenerator[bytes, None] | None:
    """Return the body in the form for its size: a large one goes out in pieces and does not hold up the loop."""
    if body is None or isinstance(body, bytes):
        return _pieces(body) if body is not None and len(body) > _PIECE else body
    return _uploaded(body)


async def _uploaded(upload: Streamed) -> AsyncGenerator[bytes, None]:
    """Read the file in a thread, and tell the progress here."""
    with upload.opened() as reader:
        while piece := await asyncio.to_thread(reader.take, _PIECE):
            reader.progressed(len(piece))
            yield piece


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _translated(
    failure: Exception, request: Request, too_late: Callable[..., APIConnectionError] = out_of_time
) -> APIConnectionError | UploadError:
    if isinstance(failure.__cause__, UploadError):
        return failure.__cause__
    sent = not isinstance(failure, _NOT_SENT)
    if isinstance(failure, asyncio.TimeoutError | TimeoutError):
        return too_late(request, sent=sent)
    garbled = isinstance(failure, aiohttp.ClientPayloadError) and "encoding" in str(failure)
    if isinstance(failure, _CUT) and not garbled:
        return cut_short(request)
    if isinstance(failure, aiohttp.ClientResponseError) and sent:
        return unreadable(request, failure.message)
    return lost(request, failure, sent=sent, tls=isinstance(failure, _TLS), garbled=garbled)
