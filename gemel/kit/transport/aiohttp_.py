"""The async transport: one aiohttp.ClientSession per running loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gemel.kit.environment import Network
from gemel.kit.errors import APIConnectionError, ClientClosedError
from gemel.kit.messages import Headers, Request, Response
from gemel.kit.transport.faults import lost, out_of_time, time_left

__all__ = ["AiohttpTransport"]

_PIECE = 1 << 18
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
_TLS = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)


class AiohttpTransport:
    """Sends over an aiohttp session of the running loop; a session that is passed in is never closed.

    An own session is closed by `close`, or with its loop when that shuts down (as `asyncio.run` does).
    pool_size: connections kept in all.
    """

    def __init__(self, network: Network, session: aiohttp.ClientSession | None = None, *, pool_size: int = 100) -> None:
        self._network = network
        self._given = session
        self._pool_size = pool_size
        self._rooms: dict[asyncio.AbstractEventLoop, _Room] = {}
        self._closed = False

    async def send(self, request: Request) -> Response:
        """Send the request and read the whole reply, within its deadline."""
        if self._closed:
            raise ClientClosedError(
                f"{request.label}: the client is closed; make a new one, or call it inside `async with`"
            )
        session = self._given or (await self._room()).session
        left, limits = time_left(request), request.timeout
        timeout = aiohttp.ClientTimeout(total=left, sock_connect=limits.connect, sock_read=limits.read)
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=_headers(request),
                data=_content(request.body),
                timeout=timeout,
                allow_redirects=False,
                raise_for_status=False,
                **self._settings(request),
            ) as reply:
                body = await reply.read()
                return Response(reply.status, _received(reply.raw_headers), body, request.url)
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError) as failure:
            raise _translated(failure, request) from None
        except RuntimeError as failure:
            if self._given is None:
                raise
            problem = "the aiohttp session that was passed in is closed or belongs to another event loop"
            raise ClientClosedError(f"{request.label}: {problem} ({failure})") from None

    def _settings(self, request: Request) -> dict[str, Any]:
        if self._given is not None:
            return {}
        tls = {"ssl": self._network.tls()} if request.url.startswith("https") else {}
        proxy = self._network.proxy_for(request.url)
        return {**tls, "proxy": proxy} if proxy else tls

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        await asyncio.sleep(seconds)

    async def lock(self, deadline: float) -> asyncio.Lock | None:
        """Acquire the client's lock in this loop; None when the deadline passes first."""
        lock = (await self._room()).lock
        try:
            await asyncio.wait_for(lock.acquire(), max(0.0, deadline - time.monotonic()))
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


class _Room:
    """What a client keeps in one loop: its session, its lock, and the keeper that ends with the loop."""

    keeper: AsyncGenerator[None, None]

    def __init__(self, pool_size: int) -> None:
        self.lock = asyncio.Lock()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=pool_size), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )


def _headers(request: Request) -> CIMultiDict[str]:
    headers = CIMultiDict(request.headers.pairs())
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    return headers


def _received(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the header fields as latin-1 text, as http.client reads them."""
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields])


def _content(body: bytes | None) -> bytes | AsyncGenerator[bytes, None] | None:
    """Return the body in the form for its size: a large one goes out in pieces and does not hold up the loop."""
    return _pieces(body) if body is not None and len(body) > _PIECE else body


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _translated(failure: Exception, request: Request) -> APIConnectionError:
    sent = not isinstance(failure, _NOT_SENT)
    if isinstance(failure, asyncio.TimeoutError | TimeoutError):
        return out_of_time(request, sent=sent)
    garbled = isinstance(failure, aiohttp.ClientPayloadError) and "encoding" in str(failure)
    return lost(request, failure, sent=sent, tls=isinstance(failure, _TLS), garbled=garbled)
