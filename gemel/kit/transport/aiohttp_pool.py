"""The connections of an async client: aiohttp's, with one timer each, and the way of a request over one of them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import select
import socket
import ssl
from collections.abc import AsyncGenerator
from types import FunctionType
from typing import Any, cast
from weakref import WeakSet

import aiohttp
import aiohttp.abc
import aiohttp.client
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from gemel.kit.transport.failures import BROKEN
from gemel.kit.transport.resolving import looked_up
from gemel.kit.transport.timeout import within

__all__ = ["LONGEST_LINE", "NEVER", "NOT_ADDED", "Connector", "Limits", "Reply", "exchanged", "untouched"]

NEVER = float("inf")
LONGEST_LINE = 1 << 16
"""How long a line of a reply's head may be, in bytes, as http.client has it."""

# aiohttp would add application/octet-stream to a body without a type; requests adds none.
NOT_ADDED = ("Content-Type",)
_CLIENT: object = vars(aiohttp.client)


class Limits(aiohttp.ClientTimeout):
    """The limits of one request, which aiohttp hands on to the connector as they are; there it is noted how far it is.

    Attributes:
        making: Seconds for making a connection: the name, every address of it, the proxy, TLS.
        ends: When the whole reply must be there, by the loop's clock, in seconds.
        sent: Whether a byte of the request may have gone out: no exception of aiohttp tells that.
        stalled: Whether the peer has stopped to read the request; aiohttp tells a lost connection then.
    """

    __setattr__: Any = object.__setattr__  # of the class below a frozen one

    making: float
    ends: float = NEVER
    sent: bool = False
    stalled: bool = False


class _Connection(ResponseHandler):
    """A connection of ours: it knows whether it was used before, and sets one timer for many replies.

    aiohttp sets a timer for each whole request, and another for the silence before each piece that comes. Here the one
    that runs looks, when it rings, how long nothing has come, and whether the request it serves has had its time; what
    is overridden are names of aiohttp's that begin with an underscore, and where it calls others one day, its own timer
    of the silence holds again.
    """

    used: bool = False
    _ends: float = NEVER
    _due: float = NEVER
    _alarm: asyncio.TimerHandle | None = None
    _poll: Any = None

    def begin(self, ends: float) -> None:
        """Serve a request that must have its whole reply at `ends`, by the loop's clock."""
        self._ends = ends
        self._ring_at(ends)

    def rest(self) -> None:
        """Serve nobody; the alarm may still ring, once, for nobody."""
        self._ends = self._due = NEVER

    def _reschedule_timeout(self) -> None:
        """Begin to wait for the next piece."""
        silence = self._read_timeout
        self._ring_at(min(self._loop.time() + silence, self._ends) if silence else self._ends)

    def _drop_timeout(self) -> None:
        """Wait for no piece."""
        self._due = self._ends

    def _ring_at(self, due: float) -> None:
        self._due = due
        if due == NEVER:
            return
        if self._alarm is not None:
            if self._alarm.when() <= due:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(due, self._rang)

    def _rang(self) -> None:
        due, self._alarm = self._due, None
        if due == NEVER:
            return
        if self._loop.time() < due:
            self._alarm = self._loop.call_at(due, self._rang)
        else:
            self._on_read_timeout()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End with the connection."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        super().connection_lost(exc)

    def something_came(self) -> bool:
        """Say whether there is something to read, or an end, as urllib3 asks before it uses a connection again."""
        sock = None if self.transport is None else self.transport.get_extra_info("socket")
        if sock is None:
            return False
        if not hasattr(select, "poll"):
            return bool(select.select([sock], [], [], 0)[0])
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(sock, select.POLLIN)
        return bool(self._poll.poll(0))


class Connector(aiohttp.TCPConnector):
    """Makes connections by the clock, and hands out kept ones only while nothing has come by them.

    aiohttp would take bytes that nobody asked for, such as the 408 of a server that is tired of waiting, for the reply
    to the next request; and it would use a connection that the server has closed while the loop was busy.
    """

    def __init__(self, *, limit: int) -> None:
        threaded = aiohttp.DefaultResolver is aiohttp.ThreadedResolver
        cast(Any, super()).__init__(limit=limit, resolver=_Resolver() if threaded else None)
        self._factory = cast(Any, functools.partial(_Connection, loop=self._loop))
        self._made: WeakSet[Any] = WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Return a connection, as aiohttp does; those that are no longer fit for use are closed on the way."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol: Any = connection.protocol
            if not protocol.used:
                protocol.used = True
                self._made.add(protocol)
                break
            if not protocol.should_close and not protocol.something_came():
                break
            connection.close()
        # From here on aiohttp writes to the connection, and none of its exceptions says how much has gone out.
        timeout.sent = True
        return connection

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Make a connection in `connect` seconds; aiohttp counts after resolving, and anew with each address."""
        async with within(timeout.making):
            return await cast(Any, super())._create_connection(req, traces, timeout)

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        """Take a connection back; one that still has bytes to send is dropped, asyncio would wait for their reader."""
        protocol.rest()
        transport = protocol.transport
        if should_close and transport is not None and transport.get_write_buffer_size():
            transport.abort()
        super()._release(key, protocol, should_close=should_close)

    def abandon(self) -> None:
        """Close the sockets of a loop that is closed.

        By themselves they would stay open, each held by its transport, which only its loop could close, as long as the
        client lives; asyncio has no public way to them.
        """
        self._closed = True
        for protocol in list(self._made):
            transport: Any = protocol.transport
            secure = getattr(transport, "_ssl_protocol", None)
            if secure is not None:
                transport._closed = True
                transport = secure._transport
            sock, plain = getattr(transport, "_sock", None), transport
            if sock is not None:
                plain._sock = None
                sock.close()
        self._conns.clear()


class _Resolver(aiohttp.abc.AbstractResolver):
    """Looks names up in threads that nobody waits for, as the blocking client does."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
        """Return the addresses of a host in the form of aiohttp; raises OSError."""
        loop = asyncio.get_running_loop()
        came: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_settle, came)

        lookup = looked_up(host, port, family)
        if lookup.wakes(wake):
            await came
        return [_as_resolved(host, *address) for address in lookup.answer()]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _as_resolved(name: str, family: Any, _: Any, protocol: int, __: str, address: Any) -> dict[str, Any]:
    """Return an address as aiohttp takes it; of a link-local one, the interface is a part."""
    host = f"{address[0]}%{address[3]}" if len(address) > 3 and address[3] and "%" not in address[0] else address[0]
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return {"hostname": name, "host": host, "port": address[1], "family": family, "proto": protocol, "flags": flags}


class Reply(aiohttp.ClientResponse):
    """A reply whose connection is not used again when the server's program failed."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Read the headers; a short body may be read with them, and the connection be back in the pool."""
        protocol = connection.protocol
        await super().start(connection)
        if self.status == BROKEN:
            protocol._should_close = True  # its force_close() is not there in aiohttp 3.11.0
        return self


def untouched() -> bool:
    """Say whether aiohttp's session sends as aiohttp wrote it.

    Recorders, mocks and tracers put a function of theirs in its place; they are to see every request.
    """
    return all(
        type(send) is FunctionType and cast(object, send.__globals__) is _CLIENT
        for send in (aiohttp.ClientSession.request, aiohttp.ClientSession._request)  # pyright: ignore[reportPrivateUsage]
    )


async def exchanged(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: CIMultiDict[str],
    data: bytes | AsyncGenerator[bytes, None] | None,
    limits: Limits,
    tls: ssl.SSLContext | None,
) -> aiohttp.ClientResponse:
    """Send a request over a session of ours, without a proxy, and return the reply when its headers have come.

    This is what aiohttp's session does for a request, less the redirects, cookies, credentials, traces and middlewares
    that a session of ours has none of, and less its timer: they take a fifth of the time of a call.
    """
    connector = cast(Any, session.connector)
    bodiless = data is None and method in aiohttp.ClientRequest.GET_METHODS
    asked = aiohttp.ClientRequest(
        method,
        url,
        headers=headers,
        skip_auto_headers=None if bodiless else NOT_ADDED,
        data=data,
        loop=connector._loop,
        response_class=Reply,
        session=session,
        ssl=tls or True,
    )
    connection = await connector.connect(asked, [], limits)
    try:
        protocol = connection.protocol
        protocol.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,  # aiohttp knows no bound for what a body grows into
            read_timeout=limits.sock_read,
            # aiohttp stops at 8190 bytes, which long redirect addresses and policies exceed.
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        protocol.begin(limits.ends)
        reply = await asked.send(connection)
        try:
            return await reply.start(connection)
        except BaseException:
            reply.close()
            raise
    except BaseException:
        connection.close()
        raise
