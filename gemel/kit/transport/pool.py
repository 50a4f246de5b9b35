"""The connection pools of a blocking client: urllib3's, without their queue, their retries and their limits."""

from __future__ import annotations

import queue
from collections import deque
from types import FunctionType
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3.connectionpool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ClosedPoolError, HTTPError, ProxyError

from gemel.kit.flow.clock import monotonic
from gemel.kit.transport.deadline import LIMITS, Clocked, ClockedConnection, ClockedSecureConnection

__all__ = ["POOLS", "Idle"]


class Idle:
    """The idle connections of a pool, up to a number; further ones are closed.

    It stands in for queue.LifoQueue, whose lock stays locked when a signal handler raises inside of it: the next call
    would wait for ever. A deque needs no lock. Nor does anybody wait for a connection: a thread that finds none makes
    its own.
    """

    def __init__(self, maxsize: int) -> None:
        self._most = maxsize
        self._connections: deque[Any] = deque()
        self._closed = False
        self.used: float = monotonic()
        """When the last connection came back, in monotonic seconds."""

    def get(self, block: bool = False, timeout: float | None = None) -> Any:
        """Return the connection used last; raises queue.Empty when there is none."""
        try:
            # The last one used is the least likely to have been closed by the server meanwhile; the others may time out
            # unused.
            return self._connections.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, connection: Any, block: bool = False, timeout: float | None = None) -> None:
        """Keep a connection, or close it; urllib3 also puts in a None for each connection that it could make."""
        if connection is None:
            return
        if self._closed or len(self._connections) >= self._most:
            connection.close()
            return
        self.used = monotonic()
        self._connections.append(connection)
        if self._closed:  # in this moment, by another thread
            self.drain()

    def qsize(self) -> int:
        """Return how many connections are idle."""
        return len(self._connections)

    def drain(self) -> None:
        """Close all idle connections."""
        while self._connections:
            try:
                connection = self._connections.pop()
            except IndexError:  # another thread was faster
                return
            connection.close()

    def close(self) -> None:
        """Close all idle connections, and each that comes back later."""
        self._closed = True
        self.drain()


def _own(function: Any) -> Any:
    """Return a function of urllib3 that no tool has exchanged yet, None for one that is not urllib3's."""
    own = type(function) is FunctionType and function.__module__ == urllib3.connectionpool.__name__
    return function if own else None


_FAILURES = (OSError, HTTPError)

_URLOPEN = _own(HTTPConnectionPool.urlopen)
_MAKE_REQUEST = _own(HTTPConnectionPool._make_request)  # pyright: ignore[reportPrivateUsage]


def _watched() -> bool:
    """Say whether a tool has put itself into urllib3's way: a tracer, a recorder, a mock.

    They exchange methods and connection classes of urllib3's pools (OpenTelemetry, pook, vcrpy).
    """
    pool, secure = cast(Any, HTTPConnectionPool), cast(Any, HTTPSConnectionPool)
    return (
        pool.urlopen is not _URLOPEN
        or pool._make_request is not _MAKE_REQUEST
        or pool.ConnectionCls is not HTTPConnection
        or secure.ConnectionCls is not HTTPSConnection
    )


class _Straight:
    """What our pools do beyond urllib3's: they send straight on, once, and keep what is idle in an `Idle`."""

    QueueCls: Any = Idle

    def urlopen(self, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **options: Any) -> Any:
        """Send a request and return the reply, its body unread.

        urllib3 encodes the target once more, letter by letter, writes it into its log, and prepares for repeats, which
        are the retry policy's: a third of its work. Who watches urllib3 gets its own way.
        """
        if _watched():
            return cast(Any, super()).urlopen(method, url, body, headers, *args, **options)
        if cast(Any, self).proxy is not None:
            return self._by_proxy(method, url, body, headers)
        connection = self._get_conn()
        try:
            self._validate_conn(connection)
            reply = _exchanged(connection, method, url, body, headers)
        except BaseException:
            connection.close()
            raise
        reply._connection, reply._pool = connection, self  # by these it goes back when the body has been read
        return reply

    def _by_proxy(self, method: str, url: str, body: Any, headers: Any) -> Any:
        """Send a request by a proxy: through a tunnel, or where the target is a whole address, to the proxy itself."""
        me = cast(Any, self)
        connection = self._get_conn()
        try:
            if url.startswith("http:"):
                headers = {"Host": _host_of(url), **headers, **me.proxy_headers}
            elif connection.is_closed:
                me._prepare_proxy(connection)
            self._validate_conn(connection)
            reply = _exchanged(connection, method, url, body, headers)
        except BaseException as failure:
            connection.close()
            if connection.has_connected_to_proxy or not isinstance(failure, _FAILURES):
                raise
            raise ProxyError("Unable to connect to proxy", failure) from None
        reply._connection, reply._pool = connection, self
        return reply

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Return a connection by which nothing has come, or a new one."""
        me = cast(Any, self)
        idle: Idle | None = me.pool
        if idle is None:
            raise ClosedPoolError(me, "Pool is closed.")
        limits, kind = LIMITS.get(), me.ConnectionCls
        while True:
            try:
                connection = idle.get()
            except queue.Empty:
                connection = me._new_conn()
                break
            # is_connected polls the socket: bytes that nobody asked for, or an end, make a kept connection unfit for a
            # request.
            if connection.is_connected and isinstance(connection, kind):
                break
            connection.close()
        if limits is not None:
            limits.known = isinstance(connection, Clocked)
        return connection

    def _validate_conn(self, conn: Any) -> None:
        """Connect before sending; who passed verify=False needs no warning at each call."""
        if conn.is_closed:
            conn.connect()

    def close(self) -> None:
        """Close the connections that are idle, and each of the others when its reply has been read."""
        idle = cast(Any, self).pool
        cast(Any, super()).close()
        if idle is not None:
            idle.close()


def _host_of(url: str) -> str:
    """Return what the Host field says of an address: without the dot that ends an absolute name, as aiohttp has it."""
    return urlsplit(url).netloc.replace(".:", ":").rstrip(".")


def _exchanged(connection: Any, method: str, target: str, body: Any, headers: Any) -> Any:
    """Send a request by a connection and return the reply, its headers read."""
    try:
        connection.request(
            method,
            target,
            body=body,
            headers=headers,
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
        )
    except (BrokenPipeError, ConnectionResetError):
        # A server may answer a large body before it has read it, and close; the answer is there all the same.
        return connection.getresponse()
    return connection.getresponse()


class _Pool(_Straight, HTTPConnectionPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]
        """The class of its connections: ours, unless a tool has exchanged urllib3's."""
        kind: Any = HTTPConnectionPool.ConnectionCls
        return ClockedConnection if kind is HTTPConnection else kind


class _SecurePool(_Straight, HTTPSConnectionPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]
        """The class of its connections: ours, unless a tool has exchanged urllib3's."""
        kind: Any = HTTPSConnectionPool.ConnectionCls
        return ClockedSecureConnection if kind is HTTPSConnection else kind


POOLS: dict[str, Any] = {"http": _Pool, "https": _SecurePool}
"""The pool class of each scheme, for urllib3's managers."""
