"""The connections of an async client: aiohttp's, watched by a clock of ours."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import select
import socket
from typing import Any, cast
from weakref import WeakSet

import aiohttp
import aiohttp.abc
from aiohttp.client_proto import ResponseHandler

from gemel.kit.transport.failures import BROKEN
from gemel.kit.transport.resolving import looked_up
from gemel.kit.transport.timeout import within

__all__ = ["NEVER", "Connector", "Limits", "Reply"]

NEVER = float("inf")


class Limits(aiohttp.ClientTimeout):
    """The limits of one request, which aiohttp hands on to the connector as they are; there it is noted how far it is.

    Attributes:
        making: Seconds for making a connection: the name, every address of it, the proxy, TLS.
        sent: Whether a byte of the request may have gone out: no exception of aiohttp tells that.
        stalled: Whether the peer has stopped to read the request; aiohttp tells a lost connection then.
    """

    __setattr__ = object.__setattr__  # of the class below a frozen one

    making: float
    sent: bool = False
    stalled: bool = False


class _Connection(ResponseHandler):
    """A connection of ours: it knows whether it was used before, and sets its timer for reading once for many replies.

    aiohttp cancels that timer and makes a new one with each piece that comes. Here the one that runs looks, when it
    rings, how long nothing has come; what is overridden are names of aiohttp's that begin with an underscore, and where
    it calls others one day, its own timer holds again.
    """

    used: bool = False
    _due: float | None = None
    _alarm: asyncio.TimerHandle | None = None
    _poll: Any = None

    def _reschedule_timeout(self) -> None:
        """Begin to wait for the next piece."""
        silence = self._read_timeout
        self._due = due = self._loop.time() + silence if silence else None
        if due is None:
            return
        if self._alarm is not None:
            if self._alarm.when() <= due:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(due, self._rang)

    def _drop_timeout(self) -> None:
        """Wait for nothing; the alarm may still ring, once, for nobody."""
        self._due = None

    def _rang(self) -> None:
        due, self._alarm = self._due, None
        if due is None:
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
