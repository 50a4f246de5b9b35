"""The blocking transport: a requests.Session that sends prepared requests."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast
from weakref import WeakSet, WeakValueDictionary

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from gemel.kit.errors import APIConnectionError, ClientClosedError
from gemel.kit.flow.effects import Opened
from gemel.kit.fork import free, lock_made_anew, renewed_after_fork
from gemel.kit.http.messages import BodyReader, Headers, Request, Response
from gemel.kit.transport.body import Intake
from gemel.kit.transport.deadline import POOLS, HandshakeError, aim, reply_deadline
from gemel.kit.transport.environment import Network
from gemel.kit.transport.failures import (
    closed_before,
    closed_meanwhile,
    cut_short,
    fell_silent,
    left_to_parent,
    lost,
    out_of_time,
    stream_deadline,
    time_left,
    unreadable,
)

__all__ = ["RequestsTransport"]

_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_CHUNK = 1 << 16
_PIECE = 1 << 20
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
    HandshakeError,
    urllib3.exceptions.ConnectTimeoutError,
)
_CUT = (http.client.IncompleteRead, http.client.RemoteDisconnected)
_NOT_HTTP = (http.client.HTTPException, urllib3.exceptions.InvalidHeader)
_TIMEOUTS = (urllib3.exceptions.TimeoutError, TimeoutError, requests.Timeout)


class RequestsTransport:
    """Sends over one requests.Session; a session that is passed in is used as it is and never closed.

    largest: the bytes of a body that are taken, None for any number.   pool_size: connections kept to one host.
    """

    def __init__(
        self,
        network: Network,
        session: requests.Session | None = None,
        *,
        largest: int | None = None,
        pool_size: int = 32,
    ) -> None:
        self._intake = Intake(largest)
        self._owned = session is None
        self._network = network
        self._pool_size = pool_size
        self._session = session if session is not None else _own_session(network, pool_size)
        self._options: dict[str, Any] = {} if session is not None else {"verify": True, "cert": None}
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._guard = lock_made_anew()
        self._streams: WeakSet[_Pieces] = WeakSet()
        self._closed = False
        renewed_after_fork(self)

    def send(self, request: Request) -> Response:
        """Send the request and read the whole reply, within its deadline."""
        with reply_deadline(request.context.deadline, request.context.timeout.read):
            try:
                reply = self._begun(request)
                headers, body = Headers(reply.raw.headers.items()), self._read(reply, request)
                if self._closed and self._owned:
                    self._session.close()  # it may have made a connection after it was closed
                return Response(reply.status_code, headers, body, request.url)
            except _FAILURES as failure:
                raise _translated(failure, request) from None

    def stream(self, request: Request) -> Response:
        """Send the request; of a success read the headers only, within its deadline, and return an Opened reply."""
        with reply_deadline(request.context.deadline, request.context.timeout.read) as limits:
            try:
                reply = self._begun(request)
                headers = Headers(reply.raw.headers.items())
                if not 200 <= reply.status_code < 300:
                    return Response(reply.status_code, headers, self._read(reply, request), request.url)
            except _FAILURES as failure:
                raise _translated(failure, request) from None
        limits.deadline = stream_deadline(request)
        pieces = _Pieces(reply, request, limits.deadline)
        with self._guard:
            self._streams.add(pieces)
        return Opened(reply.status_code, headers, b"", request.url, reader=pieces)

    def _begun(self, request: Request) -> requests.Response:
        """Send the request and read the headers of the reply."""
        if self._closed:
            raise closed_before(request)
        if request.body is None or isinstance(request.body, bytes):
            return self._sent(request, request.body)
        with request.body.opened(request.context.deadline) as reader:
            return self._sent(request, reader)

    def _sent(self, request: Request, body: bytes | BodyReader | None) -> requests.Response:
        left = time_left(request)
        return self._session.send(
            self._prepared(request, body),
            stream=True,
            allow_redirects=False,
            timeout=(min(request.context.timeout.connect, left), min(request.context.timeout.read, left)),
            **self._settings(request),
        )

    def _read(self, reply: requests.Response, request: Request) -> bytes:
        raw: Any = reply.raw
        status, intake = reply.status_code, self._intake
        try:
            if self._owned and intake.at_once(raw.length_remaining, status, request):
                body: bytes = raw.read(decode_content=False)
            else:
                # Over a session that is not ours nothing else looks at the clock: take what there is, each time.
                body = _pieced(raw.read if self._owned else raw.read1, status, intake, request)
            coding: str | None = raw.headers.get("content-encoding")
            return body if coding is None else intake.decoded(body, coding, status, request)
        except BaseException:
            reply.close()
            raise

    def _prepared(self, request: Request, body: Any) -> requests.PreparedRequest:
        session = self._session
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.body = body
        prepared.hooks = session.hooks
        prepared.headers = CaseInsensitiveDict(request.headers.pairs())
        if not self._owned:
            prepared.headers = CaseInsensitiveDict({**session.headers, **prepared.headers})
            prepared.prepare_cookies(session.cookies)
        if request.body is not None:
            prepared.headers["Content-Length"] = str(len(request.body))
        return prepared

    def _settings(self, request: Request) -> Mapping[str, Any]:
        if not self._owned:
            return {"proxies": self._session.proxies, "verify": self._session.verify, "cert": self._session.cert}
        proxy = self._network.proxy_for(request.url)
        return {**self._options, "proxies": {"http": proxy, "https": proxy} if proxy else {}}

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def lock(self, deadline: float, name: str = "") -> threading.Lock | None:
        """Acquire the client's lock of that name; None when the deadline passes first."""
        with self._guard:
            lock = self._locks.get(name)
            if lock is None:
                lock = self._locks[name] = lock_made_anew()
        left = max(0.0, min(deadline - time.monotonic(), threading.TIMEOUT_MAX))
        return lock if lock.acquire(timeout=left) else None

    def close(self) -> None:
        """Close the connections, those of open streams too; calls after this raise ClientClosedError."""
        self._closed = True
        with self._guard:
            streams = list(self._streams)
        for pieces in streams:
            pieces.abort()
        if self._owned:
            self._session.close()

    def forked(self) -> None:
        """Leave the connections to the parent, also those of its streams; closing them here does not end them there."""
        for pieces in list(self._streams):
            pieces.leave()
        self._streams = WeakSet()
        if self._owned:
            left, self._session = self._session, _own_session(self._network, self._pool_size)
            cast("_OwnAdapter", left.get_adapter("http://")).leave()


class _Pieces:
    """The body of a reply, read as it comes; over a session that is not ours the clock is looked at after a piece."""

    def __init__(self, reply: requests.Response, request: Request, deadline: float) -> None:
        self._reply = reply
        self._request = request
        self._deadline = deadline
        self._gone: Callable[[Request], ClientClosedError] | None = None
        sock = self._socket()
        if sock is not None:
            sock.settimeout(request.context.timeout.read)

    def _socket(self) -> Any:
        """Return the socket while it belongs to this reply, where the connection still knows it."""
        return getattr(getattr(self._reply.raw, "connection", None), "sock", None)

    def read(self) -> bytes:
        """Return what has come; b"" at the end, when the connection goes back to the pool."""
        try:
            piece = self._next()
        except Exception as failure:
            self.close()
            raise self._told(failure) from None
        if self._gone is not None:
            raise self._gone(self._request)
        return piece

    def _next(self) -> bytes:
        piece: bytes = b"" if self._gone else self._reply.raw.read1(_CHUNK, decode_content=True)
        if piece and time.monotonic() > self._deadline:
            raise TimeoutError
        return piece or b""

    def _told(self, failure: Exception) -> Exception:
        """Return what to raise for a failure; whoever reads while another thread closes meets errors of any kind."""
        if self._gone is not None:
            return self._gone(self._request)
        return _translated(failure, self._request, fell_silent) if isinstance(failure, _FAILURES) else failure

    def close(self) -> None:
        """Close the connection, unless it went back to the pool."""
        self._reply.close()

    def abort(self) -> None:
        """Close from another thread: one that waits for a piece is woken first."""
        self._gone = closed_meanwhile
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._socket().shutdown(socket.SHUT_RDWR)
        self.close()

    def leave(self) -> None:
        """Read no more: the connection is the parent's."""
        self._gone = left_to_parent


class _OwnAdapter(HTTPAdapter):
    """Keeps every reply within its call's deadline, and one TLS context for all connections."""

    def __init__(self, network: Network, pool_size: int) -> None:
        self._network = network
        self._pools: dict[Any, Any] = {}
        super().__init__(pool_connections=8, pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager: Any = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Find the pool of an origin once: the long way takes a tenth of a call."""
        key = (_origin_text(request.url), proxies.get("http") if proxies else None)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return pool

    def close(self) -> None:
        """Close the connections now: urllib3 leaves them to the end of their pool, which an error may keep alive."""
        for pool in list(self._pools.values()):
            pool.close()
        self._pools.clear()
        super().close()

    def leave(self) -> None:
        """Close this process's side of idle connections, although a thread of the parent may hold the pool's lock."""
        for pool in self._pools.values():
            if pool.pool is not None:
                free(pool.pool.mutex)
                pool.close()

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Hand the reply on; its text encoding and its cookies are of no use here."""
        reply = requests.Response()
        reply.status_code, reply.reason, reply.raw = resp.status, resp.reason, resp
        reply.headers = resp.headers
        reply.url, reply.request = req.url, req
        return reply

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        secure = host["scheme"] == "https"
        return host, {"ssl_context": self._network.tls()} if secure else {}

    def request_url(self, request: Any, proxies: Any) -> str:
        """Return what urllib3 takes for the target; it is told the real one only of what goes by a proxy."""
        if proxies:
            return super().request_url(request, proxies)
        aim(request.url[len(_origin_text(request.url)) :])
        return "/"

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the certificates to the TLS context."""


def _origin_text(url: str) -> str:
    return url[: url.index("/", url.index("//") + 2)]


class _NoCookies(RequestsCookieJar):
    """A jar that takes nothing: an API's credentials are not its cookies."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Leave the cookies of a reply alone."""


class _OwnSession(requests.Session):
    """A session that leaves redirects to the policy of that name."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none: requests would read the body, and prepare a request that nobody sends."""


def _own_session(network: Network, pool_size: int) -> requests.Session:
    session = _OwnSession()
    session.trust_env = False
    session.cookies = _NoCookies()
    adapter = _OwnAdapter(network, pool_size)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _pieced(take: Callable[..., bytes], status: int, intake: Intake, request: Request) -> bytes:
    """Read piece by piece; http.client would make room at once for whatever size a chunk announces."""
    pieces, size = list[bytes](), 0
    try:
        while piece := take(_PIECE, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            intake.check(size, status, request)
            if time.monotonic() > request.context.deadline:
                raise TimeoutError
    except ValueError as failure:  # http.client does not expect a chunk of negative size
        raise http.client.HTTPException(str(failure)) from None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _translated(
    failure: Exception, request: Request, too_late: Callable[..., APIConnectionError] = out_of_time
) -> APIConnectionError | ClientClosedError:
    cause = _cause(failure)
    if isinstance(cause, urllib3.exceptions.ClosedPoolError):
        return closed_before(request)
    sent = not isinstance(cause, _NOT_SENT)
    # urllib3 calls a refused connection a timeout too.
    late = isinstance(cause, _TIMEOUTS) or isinstance(failure, _TIMEOUTS)
    if late and not isinstance(cause, urllib3.exceptions.NewConnectionError):
        return too_late(request, sent=sent)
    if isinstance(cause, _CUT):
        return cut_short(request)
    if isinstance(cause, _NOT_HTTP):
        return unreadable(request, f"{type(cause).__name__}: {cause}")
    tls, garbled = (isinstance(cause, kind) for kind in (urllib3.exceptions.SSLError, urllib3.exceptions.DecodeError))
    return lost(request, cause, sent=sent, tls=tls, garbled=garbled)


def _cause(failure: BaseException) -> BaseException:
    """Return the error at the bottom: requests wraps urllib3's, which wraps the socket's."""
    inner = failure.args[0] if failure.args else None
    reason = getattr(inner, "reason", inner)
    cause = reason if isinstance(reason, BaseException) else failure
    if isinstance(cause, urllib3.exceptions.ProtocolError) and isinstance(cause.args[-1], BaseException):
        return cause.args[-1]
    return cause
