"""The async transport: one aiohttp.ClientSession per running loop."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Any, cast
from weakref import WeakValueDictionary, finalize

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gemel.kit.errors import APIConnectionError, ClientClosedError, GemelError, UploadError
from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.effects import Opened
from gemel.kit.flow.loop import running_loop
from gemel.kit.fork import renewed_after_fork
from gemel.kit.http.messages import Headers, Request, Response, Streamed
from gemel.kit.transport.aiohttp_pool import (
    LONGEST_LINE,
    NEVER,
    NOT_ADDED,
    Connector,
    Limits,
    Reply,
    exchanged,
    untouched,
)
from gemel.kit.transport.body import Intake, check_framing, open_decoder
from gemel.kit.transport.environment import Network
from gemel.kit.transport.failures import (
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

# aiohttp writes a body of bytes in one go, and warns from 1 MiB on that it holds up the loop; an async iterable lets
# other tasks run between its pieces.
_PIECE = 1 << 18
_TURN = 0.005
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
"""What fails before a request is sent; for those whose way nobody notes, over a session that was passed in."""

_CUT = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)
_FAILURES = (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError)
_TLS = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)


class AiohttpTransport:
    """Sends over an aiohttp session of the running loop; a session that is passed in is never closed.

    An own session is closed by `close`, or with its loop when that shuts down (as `asyncio.run` does).

    Args:
        network: Which proxy and TLS context each address gets.
        session: A session to send with instead of a new one; it keeps its connector, headers and cookies.
        largest: The most bytes a body may have, None for no limit.
        pool_size: The most connections in all.

    Raises:
        ValueError: The session has an auth of its own.
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
        limits = self._limits(request, time_left(request))
        try:
            reply = await self._asked(session, request, limits)
            try:
                headers = _received(reply, request)
                return Response(reply.status, headers, await self._read(reply, request), request.url)
            finally:
                reply.release()  # a 101 is whole, and does not release itself
                if request.body is not None:  # it may still be on its way
                    await reply.wait_for_close()
        except _FAILURES as failure:
            raise self._translated(failure, request, limits) from None
        except RuntimeError as failure:
            raise self._unusable(failure, request) from None

    async def stream(self, request: Request) -> Response:
        """Send the request; for a success read only the headers, within its deadline, and return an Opened reply."""
        session = self._usable(request) or (await self._room()).session
        limits = self._limits(request, None)
        try:
            async with within(time_left(request)):
                return await self._opened(session, request, limits)
        except _FAILURES as failure:
            raise self._translated(failure, request, limits) from None
        except RuntimeError as failure:
            raise self._unusable(failure, request) from None

    async def _opened(self, session: aiohttp.ClientSession, request: Request, limits: Limits) -> Response:
        reply = await self._asked(session, request, limits)
        if not 200 <= reply.status < 300:
            async with reply:
                headers = _received(reply, request)
                return Response(reply.status, headers, await self._read(reply, request), request.url)
        try:
            headers = _received(reply, request)
            reader = _Pieces(reply, request, lambda: self._closed)
        except BaseException:
            reply.close()
            raise
        return Opened(reply.status, headers, b"", request.url, reader=reader)

    async def _read(self, reply: aiohttp.ClientResponse, request: Request) -> bytes:
        """Return the whole body, if it is not larger than what is taken."""
        try:
            announced = 0 if reply.content.at_eof() else reply.content_length
            if self._intake.at_once(announced, reply.status, request):
                body = await reply.read()
            else:
                body = await self._gathered(reply, request)
        except BaseException:
            reply.close()
            raise
        if "Content-Encoding" not in reply.headers:
            return body
        return await _in_turns(self._intake.decoding(body, _coding(reply), reply.status, request))

    async def _gathered(self, reply: aiohttp.ClientResponse, request: Request) -> bytes:
        pieces, size = list[bytes](), 0
        while piece := await reply.content.readany():
            pieces.append(piece)
            size += len(piece)
            self._intake.check(size, reply.status, request)
        return b"".join(pieces)

    def _usable(self, request: Request) -> aiohttp.ClientSession | None:
        """Return the session to send with, None when this loop has none yet; raises ClientClosedError."""
        if self._closed:
            raise closed_before(request, "async with")
        room = self._rooms.get(running_loop())
        return self._given or (None if room is None else room.session)

    def _limits(self, request: Request, total: float | None) -> Limits:
        """Return the limits of a request, which has `total` seconds for everything; aiohttp would round them up.

        Our own connector counts the time for connecting. What aiohttp counts beside it, for each address, could run out
        in the same moment, and make it try the next address.
        """
        timeout = request.context.timeout
        if self._given is not None:
            return Limits(total=total, sock_connect=timeout.connect, sock_read=timeout.read, ceil_threshold=NEVER)
        limits = Limits(total=total, connect=total, sock_read=timeout.read, ceil_threshold=NEVER)
        limits.making = timeout.connect
        if total is not None:
            limits.ends = running_loop().time() + total
        return limits

    def _asked(self, session: aiohttp.ClientSession, request: Request, limits: Limits) -> Any:
        """Return what sends the request when awaited."""
        method, url, headers = request.method, URL(request.url, encoded=True), _headers(request)
        data = None if request.body is None else _content(request.body, limits)
        settings = self._settings(request)
        if self._given is None and "proxy" not in settings and not session.trace_configs and untouched():
            return exchanged(session, method, url, headers, data, limits, settings.get("ssl"))
        return session.request(
            method,
            url,
            headers=headers,
            data=data,
            timeout=limits,
            allow_redirects=False,
            raise_for_status=False,
            auto_decompress=False,  # aiohttp knows no bound for what a body grows into
            **settings,
        )

    def _translated(self, failure: Exception, request: Request, limits: Limits) -> GemelError:
        """Return the error of a failure; over a session that is not ours, its class tells whether anything was sent."""
        if self._closed and self._given is None and isinstance(failure, aiohttp.ClientError):
            return closed_meanwhile(request, "it waited for its reply")
        if limits.stalled:
            return out_of_time(request, sent=True)
        return _translated(failure, request, sent=not isinstance(failure, _NOT_SENT) if self._given else limits.sent)

    def _unusable(self, failure: RuntimeError, request: Request) -> RuntimeError:
        """Return the error of a session that was passed in and cannot be used; of an own one, what it raised."""
        if self._given is None:
            return failure
        problem = "the aiohttp session that was passed in is closed or belongs to another event loop"
        return ClientClosedError(f"{request.context.label}: {problem} ({failure})")

    def _settings(self, request: Request) -> dict[str, Any]:
        if self._given is not None:
            return {"skip_auto_headers": NOT_ADDED}
        tls = {"ssl": self._network.tls(request.url)} if request.url.startswith("https") else {}
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
            async with within(max(0.0, deadline - monotonic())):
                await lock.acquire()
        except asyncio.TimeoutError:
            return None
        return lock

    async def _room(self) -> _Room:
        loop = running_loop()
        room = self._rooms.get(loop)
        if room is None:
            self._abandon_closed()
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

    def _abandon_closed(self) -> None:
        """Close the sessions of loops that were closed before their asynchronous generators were shut down."""
        for loop in [loop for loop in list(self._rooms) if loop.is_closed()]:
            room = self._rooms.pop(loop, None)
            if room is not None:
                room.abandon()

    async def close(self) -> None:
        """Close this loop's connections; calls after this raise ClientClosedError."""
        self._closed = True
        self._abandon_closed()
        room = self._rooms.get(running_loop())
        if room is not None:
            await room.keeper.aclose()

    def forked(self) -> None:
        """Leave the connections to the parent; closing them here would take them out of its loop's poll set."""
        _left_to_parent.append(self._rooms)
        self._rooms = {}


_left_to_parent: list[object] = []
"""Objects that must not even be collected in this process."""


class _Pieces:
    """The body of a reply, read as it comes and freed of its content coding.

    What came before a loss is given before the loss is told. When nobody holds it any more, its connection is closed:
    after `async for ...: break` over a stream there is nobody who could close it.
    """

    def __init__(self, reply: aiohttp.ClientResponse, request: Request, client_closed: Callable[[], bool]) -> None:
        self._reply = reply
        self._request = request
        self._client_closed = client_closed
        self._deadline = stream_deadline(request)
        self._failure: Exception | None = None
        self._decoder = open_decoder(_coding(reply), request)
        self._decoded: Iterator[bytes] = iter(())
        self._left = finalize(self, _let_go, reply, asyncio.get_running_loop())
        self._left.atexit = False

    async def read(self) -> bytes:
        """Return what has come; b"" at the end, when the connection goes back to the pool."""
        try:
            return await self._next()
        except (*_FAILURES, RuntimeError, zlib.error) as failure:
            self.close()
            raise self._told(failure) from None

    async def _next(self) -> bytes:
        while True:
            for piece in self._decoded:
                self._check_time()
                if piece:
                    return piece
            come = await self._come()
            if self._decoder is None:
                return come
            if not come:
                self._decoder.end()
                return b""
            self._decoded = self._decoder.feed(come)

    async def _come(self) -> bytes:
        """Return what has come, encoded still; raises what ended the connection when all before it was given."""
        if self._failure is not None:
            raise self._failure
        try:
            return await self._piece()
        except (*_FAILURES, RuntimeError) as failure:
            self._failure = failure
            held = _held(self._reply.content)
            self.close()
            if held:
                return held
            raise

    async def _piece(self) -> bytes:
        if self._request.context.timeout.stream is None:
            return await self._reply.content.readany()
        # While there is always something to read, nothing is waited for, and no timer ever fires.
        left = self._check_time()
        async with within(left):
            return await self._reply.content.readany()

    def _check_time(self) -> float:
        left = self._deadline - monotonic()
        if left <= 0:
            raise asyncio.TimeoutError
        return left

    def _told(self, failure: Exception) -> Exception:
        if self._client_closed():
            return closed_meanwhile(self._request)
        if isinstance(failure, zlib.error):
            return lost(self._request, failure, sent=True, garbled=True)
        if isinstance(failure, RuntimeError) and "closed" not in str(failure):
            return failure
        return _translated(failure, self._request, fell_silent, sent=True)

    def close(self) -> None:
        """Close the connection, unless it went back to the pool."""
        self._left.detach()
        self._reply.release()


def _let_go(reply: aiohttp.ClientResponse, loop: asyncio.AbstractEventLoop) -> None:
    """Release a reply that nobody holds any more; the last who held it may be the collector, in any thread."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(reply.release)


def _held(content: aiohttp.StreamReader) -> bytes:
    """Return what came before a loss; aiohttp tells a reader of the loss first, and has no public way to the rest."""
    take: Callable[[int], bytes] | None = getattr(content, "_read_nowait", None)
    return take(-1) if take is not None else b""


class _Room:
    """What a client keeps in one loop: its session, its locks, and the keeper that ends with the loop."""

    keeper: AsyncGenerator[None, None]

    def __init__(self, pool_size: int) -> None:
        self.locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._connector = Connector(limit=pool_size)
        self.session = aiohttp.ClientSession(
            connector=self._connector,
            # The jar of aiohttp would send the cookies of one reply with the next call; credentials of an API are not
            # cookies.
            response_class=Reply,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=NOT_ADDED,
            trust_env=False,
            # aiohttp stops at 8190 bytes, which long redirect addresses and policies exceed.
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        # aiohttp repeats a GET or DELETE by itself when a kept connection was closed; repeating is the retry policy's.
        self.session._retry_connection = False  # pyright: ignore[reportPrivateUsage]

    def abandon(self) -> None:
        """Close what is open although the loop is closed, so that nothing can be awaited."""
        self.session.detach()
        self._connector.abandon()


def _headers(request: Request) -> CIMultiDict[str]:
    headers = CIMultiDict(request.headers.pairs())
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    return headers


def _received(reply: aiohttp.ClientResponse, request: Request) -> Headers:
    """Return the header fields as latin-1 text and in such number as http.client reads them."""
    headers = _ReceivedHeaders(reply.raw_headers)
    try:
        if len(reply.raw_headers) > MOST_FIELDS:
            raise unreadable(request, "too many headers")
        if "Transfer-Encoding" in reply.headers:
            check_framing(headers, request)
    except BaseException:
        reply.close()
        raise
    return headers


class _ReceivedHeaders(Headers):
    """The header fields of a reply, decoded when somebody looks at them: most calls never do."""

    __slots__ = ("_raw",)

    def __init__(self, raw: tuple[tuple[bytes, bytes], ...]) -> None:
        self._raw = raw
        self._index = None

    def __getattr__(self, name: str) -> Any:
        if name != "_items":
            raise AttributeError(name)
        self._items = tuple((field.decode("latin-1"), value.decode("latin-1")) for field, value in self._raw)
        return self._items


def _coding(reply: aiohttp.ClientResponse) -> str:
    """Return the content coding, "" for none; a field that is repeated is one list (RFC 9110, section 5.2)."""
    return ",".join(reply.headers.getall("Content-Encoding", ()))


async def _in_turns(decoding: Generator[None, None, bytes]) -> bytes:
    """Run a decoding to its end and return the body, giving other tasks their turns in between."""
    turn = monotonic() + _TURN
    try:
        while True:
            next(decoding)
            if monotonic() > turn:
                await asyncio.sleep(0)
                turn = monotonic() + _TURN
    except StopIteration as end:
        body: bytes = end.value
        return body


def _content(body: bytes | Streamed, limits: Limits) -> bytes | AsyncGenerator[bytes, None]:
    """Return the body in the form for its size: a large one goes out in pieces and does not hold up the loop."""
    if isinstance(body, bytes):
        return _paced(_pieces(body), limits) if len(body) > _PIECE else body
    return _paced(_uploaded(body), limits)


async def _paced(pieces: AsyncGenerator[bytes, None], limits: Limits) -> AsyncGenerator[bytes, None]:
    """Hand on the pieces of a body; a peer that takes none of one for `read` seconds has stopped to read.

    aiohttp counts its time for reading from the last byte of a request, and has none for sending. What asks for the
    pieces is a task of its own, which closes the connection when it is cancelled.
    """
    loop, writer = asyncio.get_running_loop(), cast("asyncio.Task[Any]", asyncio.current_task())

    def stop() -> None:
        limits.stalled = True
        writer.cancel()

    async for piece in pieces:
        timer = loop.call_later(cast(float, limits.sock_read), stop)
        try:
            yield piece
        finally:
            timer.cancel()


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
    failure: Exception,
    request: Request,
    too_late: Callable[..., APIConnectionError] = out_of_time,
    *,
    sent: bool,
) -> APIConnectionError | UploadError:
    if isinstance(failure.__cause__, UploadError):
        return failure.__cause__
    if isinstance(failure, asyncio.TimeoutError | TimeoutError):
        return too_late(request, sent=sent)
    garbled = isinstance(failure, aiohttp.ClientPayloadError) and "encoding" in str(failure)
    if isinstance(failure, _CUT) and sent and not garbled:
        return cut_short(request)
    if isinstance(failure, aiohttp.ClientResponseError) and not isinstance(failure, aiohttp.ClientHttpProxyError):
        return unreadable(request, failure.message, sent=sent)
    return lost(request, failure, sent=sent, tls=isinstance(failure, _TLS), garbled=garbled)
