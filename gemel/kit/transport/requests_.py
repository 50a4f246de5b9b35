"""The blocking transport: a requests.Session that sends prepared requests."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet, finalize

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.sessions import merge_setting
from requests.structures import CaseInsensitiveDict

from gemel.kit.errors import APIConnectionError, ClientClosedError
from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.effects import Opened
from gemel.kit.fork import lock_made_anew, renewed_after_fork
from gemel.kit.http.messages import BodyReader, Headers, Request, Response
from gemel.kit.transport.body import Intake, check_framing, open_decoder, to_the_end
from gemel.kit.transport.deadline import LIMITS, Limits
from gemel.kit.transport.environment import Network
from gemel.kit.transport.failures import (
    LONGEST_WAIT,
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
from gemel.kit.transport.locks import Held, Locks
from gemel.kit.transport.logs import logs_targets, masked_logs
from gemel.kit.transport.pool import POOLS, Idle

__all__ = ["RequestsTransport"]

_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_CHUNK = 1 << 16
# http.client allocates the size that is asked for, so pieces of a body of unknown length are kept moderate.
_PIECE = 1 << 20
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.LocationValueError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
)
"""What fails before a request is sent; for those whose way nobody notes, over a session that was passed in."""

# RemoteDisconnected is both a BadStatusLine and a ConnectionResetError: the server closed without a word, which is a
# lost connection and not a malformed reply.
_CUT = (http.client.IncompleteRead, http.client.RemoteDisconnected)
_NOT_HTTP = (http.client.HTTPException, urllib3.exceptions.InvalidHeader)
_TIMEOUTS = (urllib3.exceptions.TimeoutError, TimeoutError, requests.Timeout)
_TLS = (urllib3.exceptions.SSLError, ssl.SSLError)
# A peer that closes during the handshake raises an SSLError too, though its certificate was never at fault.
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


class RequestsTransport:
    """Sends over one requests.Session; a session that is passed in is used as it is and never closed.

    Args:
        network: Which proxy and TLS context each address gets.
        session: A session to send with instead of a new one; it keeps its adapters, headers, cookies and hooks.
        largest: The most bytes a body may have, None for no limit.
        pool_size: How many idle connections to one origin are kept; more may be in use, one for each calling thread.
        kept: Seconds for which idle connections to an origin are kept while the client calls others.
    """

    def __init__(
        self,
        network: Network,
        session: requests.Session | None = None,
        *,
        largest: int | None = None,
        pool_size: int = 32,
        kept: float = 15.0,
    ) -> None:
        self._intake = Intake(largest)
        self._owned = session is None
        self._make: Callable[[], requests.Session] = partial(_own_session, network, pool_size, kept)
        self._network = network
        self._session = session if session is not None else self._make()
        # A lock lives as long as somebody holds or awaits it, so names that are used once do not pile up.
        self._locks = Locks()
        self._guard = lock_made_anew()
        self._streams: WeakSet[_Pieces] = WeakSet()
        self._closed = False
        renewed_after_fork(self)

    def send(self, request: Request) -> Response:
        """Send the request and read the whole reply, within its deadline."""
        context = request.context
        limits = Limits(context.deadline, context.timeout.connect, context.timeout.read)
        before = LIMITS.set(limits)
        try:
            reply = self._begun(request)
            headers = _headers(reply)
            body = self._read(reply, headers, request)
            if self._closed and self._owned:
                self._session.close()  # it may have made a connection after it was closed
            return Response(reply.status_code, headers, body, request.url)
        except _FAILURES as failure:
            raise _translated(failure, request, limits) from None
        finally:
            LIMITS.reset(before)

    def stream(self, request: Request) -> Response:
        """Send the request; for a success read only the headers, within its deadline, and return an Opened reply."""
        context = request.context
        limits = Limits(context.deadline, context.timeout.connect, context.timeout.read)
        before = LIMITS.set(limits)
        try:
            reply = self._begun(request)
            headers = _headers(reply)
            if not 200 <= reply.status_code < 300:
                return Response(reply.status_code, headers, self._read(reply, headers, request), request.url)
            reader = self._opened(reply, headers, request, limits)
            return Opened(reply.status_code, headers, b"", request.url, reader=reader)
        except _FAILURES as failure:
            raise _translated(failure, request, limits) from None
        finally:
            LIMITS.reset(before)

    def _opened(self, reply: requests.Response, headers: Headers, request: Request, limits: Limits) -> _Pieces:
        """Return what reads the body, which may live longer than the call that opened it."""
        try:
            check_framing(headers, request)
            limits.deadline = stream_deadline(request)
            pieces = _Pieces(reply, headers, request, limits)
            with self._guard:
                self._streams.add(pieces)
        except BaseException:
            _close(reply)
            raise
        return pieces

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
        limits = request.context.timeout
        options = {
            # Redirects are a policy: requests would follow them with the credentials of its own rules and without the
            # deadline.
            "allow_redirects": False,
            "timeout": (min(limits.connect, left), min(limits.read, left)),
            **self._settings(request),
        }
        # Nobody sees the records, so masking them would be wasted work in every call.
        if not logs_targets():
            return self._session.send(self._prepared(request, body), **options)
        with masked_logs(request.context.secrets):
            return self._session.send(self._prepared(request, body), **options)

    def _read(self, reply: requests.Response, headers: Headers, request: Request) -> bytes:
        """Return the whole body, if it is not larger than what is taken."""
        status, intake, raw = reply.status_code, self._intake, reply.raw
        try:
            check_framing(headers, request)
            if not _is_unread(reply):
                return _gathered(_made_elsewhere(reply), status, intake, request)
            # Only our connections read by the clock, so only there may one read wait for the whole body.
            if self._owned and intake.at_once(raw.length_remaining, status, request):
                body: bytes = raw.read(decode_content=False)
            else:
                # Over a session that is not ours nothing else looks at the clock: take what there is, each time.
                body = _gathered(_taken(raw.read if self._owned else raw.read1, _PIECE), status, intake, request)
            coding = headers.get("content-encoding")
            return body if coding is None else to_the_end(intake.decoding(body, coding, status, request))
        except BaseException:
            _close(reply)
            raise

    def _prepared(self, request: Request, body: Any) -> requests.PreparedRequest:
        session = self._session
        # Filled by hand: `prepare` would quote the URL again, which changes what is encoded already, and look for
        # credentials in ~/.netrc.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.body = body
        prepared.hooks = session.hooks
        prepared.headers = CaseInsensitiveDict(request.headers.pairs())
        if not self._owned:
            # As requests does it: of both, what the request has goes first, and None takes a header of the session out.
            prepared.headers = merge_setting(prepared.headers, session.headers, dict_class=CaseInsensitiveDict)
            prepared.prepare_cookies(session.cookies)
        if request.body is not None:
            # Without it HTTPAdapter.send chooses the chunked coding for a file, which many servers do not take (S3 and
            # WSGI, for two).
            prepared.headers["Content-Length"] = str(len(request.body))
        return prepared

    def _settings(self, request: Request) -> Mapping[str, Any]:
        if not self._owned:
            return self._session.merge_environment_settings(request.url, {}, True, None, None)
        proxy = self._network.proxy_for(request.url)
        return {
            "stream": True,
            "verify": True,
            "cert": None,
            "proxies": {"http": proxy, "https": proxy} if proxy else {},
        }

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def lock(self, deadline: float, name: str = "") -> Held | None:
        """Acquire the client's lock of that name; None when the deadline passes first."""
        return self._locks.acquired(name, deadline)

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
        self._locks = Locks()  # no thread is left that would give the old ones back
        if self._owned:
            left, self._session = self._session, self._make()
            left.close()  # this process's side of the idle ones; there is no lock in it that the parent could hold


class _Pieces:
    """The body of a reply, read as it comes and freed of its content coding.

    Over a session that is not ours the clock is looked at after a piece. When nobody holds it any more, its connection
    is closed.
    """

    def __init__(self, reply: requests.Response, headers: Headers, request: Request, limits: Limits) -> None:
        self._reply = reply
        self._request = request
        self._limits = limits
        self._gone: Callable[[Request], ClientClosedError] | None = None
        # At exit the system closes sockets anyway.
        finalize(self, _close, reply).atexit = False
        unread = _is_unread(reply)
        # read1 returns what one recv gave. `read(n)` waits for n bytes, and an event stream would be heard of too late.
        self._come: Iterator[bytes] = _taken(reply.raw.read1, _CHUNK) if unread else _made_elsewhere(reply)
        coding = headers.get("content-encoding") if unread else None
        self._decoder = None if coding is None else open_decoder(coding, request)
        self._decoded: Iterator[bytes] = iter(())
        sock = self._socket()
        if sock is not None:
            # Over a session that is not ours urllib3 has set the timeout for the headers; from now on silence counts.
            sock.settimeout(min(limits.silence, LONGEST_WAIT))

    def _socket(self) -> Any:
        """Return the socket while it belongs to this reply, where the connection still knows it."""
        return getattr(getattr(self._reply.raw, "connection", None), "sock", None)

    def read(self) -> bytes:
        """Return what has come; b"" at the end, when the connection goes back to the pool."""
        try:
            piece = b"" if self._gone else self._next()
        except Exception as failure:
            self.close()
            raise self._told(failure) from None
        if self._gone is not None:
            raise self._gone(self._request)
        return piece

    def _next(self) -> bytes:
        while True:
            for piece in self._decoded:
                self._check_time()
                if piece:
                    return piece
            come = next(self._come, b"")
            if not come:
                if self._decoder is not None:
                    self._decoder.end()
                return b""
            if self._decoder is None:
                self._check_time()
                return come
            self._decoded = self._decoder.feed(come)

    def _check_time(self) -> None:
        if monotonic() > self._limits.deadline:
            raise TimeoutError

    def _told(self, failure: Exception) -> Exception:
        """Return what to raise for a failure; whoever reads while another thread closes meets errors of any kind."""
        if self._gone is not None:
            return self._gone(self._request)
        if isinstance(failure, zlib.error):
            return lost(self._request, failure, sent=True, garbled=True)
        known = isinstance(failure, _FAILURES)
        return _translated(failure, self._request, self._limits, fell_silent) if known else failure

    def close(self) -> None:
        """Close the connection, unless it went back to the pool."""
        _close(self._reply)

    def abort(self) -> None:
        """Close from another thread: one that waits for a piece is woken first."""
        self._gone = closed_meanwhile
        with contextlib.suppress(OSError, ValueError, AttributeError):
            # close() alone does not wake a thread that is blocked in recv on the same socket; shutdown does, on every
            # system.
            self._socket().shutdown(socket.SHUT_RDWR)
        self.close()

    def leave(self) -> None:
        """Read no more: the connection is the parent's."""
        self._gone = left_to_parent


class _OwnAdapter(HTTPAdapter):
    """Sends by our pools, each found in one step, with one TLS context for all connections to an origin."""

    def __init__(self, network: Network, pool_size: int, kept: float) -> None:
        self._network = network
        self._kept = kept
        self._pools: dict[Any, Any] = {}
        super().__init__(pool_maxsize=pool_size)
        self._pool_size = pool_size

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Find the pool of an origin in one look-up; requests builds a key from the whole TLS setup on each call."""
        key = (_origin_text(request.url), proxies.get("http") if proxies else None)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = self._new_pool(request.url, key[1])
        if len(self._pools) > 1:
            self._forget_others(key)
        return pool

    def _new_pool(self, url: str, proxy: str | None) -> Any:
        parts = urlsplit(url)
        # Loading the authorities into a context takes tens of milliseconds, so that one context serves all connections.
        tls: dict[str, Any] = {"ssl_context": self._network.tls(url)} if parts.scheme == "https" else {}
        if proxy is None:
            return POOLS[parts.scheme](parts.hostname, parts.port, maxsize=self._pool_size, **tls)
        manager: Any = self.proxy_manager_for(proxy)
        self.proxy_manager.clear()  # it would keep each pool, also when this adapter forgets it
        manager.pool_classes_by_scheme = POOLS
        return manager.connection_from_host(parts.hostname, parts.port, parts.scheme, pool_kwargs=tls)

    def _forget_others(self, key: Any) -> None:
        """Close the idle connections to origins that were not called for a while: those of redirects, mostly.

        A thread that uses such a pool at this moment may go on; its connection is closed when it comes back.
        """
        longest = monotonic() - self._kept
        for other, pool in list(self._pools.items()):
            idle: Idle | None = pool.pool
            if other != key and (idle is None or idle.used < longest):
                self._pools.pop(other, None)
                if idle is not None:
                    idle.close()

    def close(self) -> None:
        """Close the connections now: urllib3 leaves them to the end of their pool, which an error may keep alive.

        The managers of requests, which `super().close()` would close, have no pools; but they have a lock.
        """
        for pool in list(self._pools.values()):
            pool.close()
        self._pools.clear()

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Hand the reply on; its text encoding and its cookies are of no use here."""
        reply = requests.Response()
        reply.status_code, reply.reason, reply.raw = resp.status, resp.reason, resp
        # requests copies them into a CaseInsensitiveDict and guesses an encoding; the HTTPHeaderDict keeps repeated
        # fields.
        reply.headers = resp.headers
        reply.url, reply.request = req.url, req
        return reply

    def request_url(self, request: Any, proxies: Any) -> str:
        """Return the target, which is encoded already; requests would take it apart and put it together again."""
        url: str = request.url
        return url if proxies and url.startswith("http:") else url[len(_origin_text(url)) :]

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


def _own_session(network: Network, pool_size: int, kept: float) -> requests.Session:
    session = _OwnSession()
    # The network settings have read the environment already, once, when the client was made.
    session.trust_env = False
    session.cookies = _NoCookies()
    adapter = _OwnAdapter(network, pool_size, kept)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _is_unread(reply: requests.Response) -> bool:
    """Say whether a body is still to be read from urllib3.

    What a mock, a recorder or an adapter of a program returns may have its body in itself, or in any object that can be
    read, and a hook of the session may have read it before.
    """
    content: Any = getattr(reply, "_content", False)
    return content is False and isinstance(reply.raw, urllib3.BaseHTTPResponse)


def _headers(reply: requests.Response) -> Headers:
    """Return the header fields, repeated ones too, which requests joins."""
    raw = reply.raw
    return Headers((raw if isinstance(raw, urllib3.BaseHTTPResponse) else reply).headers.items())


def _close(reply: requests.Response) -> None:
    if reply.raw is not None:  # requests does not expect that
        reply.close()


def _made_elsewhere(reply: requests.Response) -> Iterator[bytes]:
    """Yield a body as requests gives it, its content coding removed."""
    content: Any = getattr(reply, "_content", False)
    if content is False and reply.raw is not None:
        yield from reply.iter_content(_CHUNK)
    elif content:
        yield content


def _taken(take: Callable[..., bytes], size: int) -> Iterator[bytes]:
    """Yield a body piece by piece; http.client would make room at once for whatever size a chunk announces."""
    try:
        while piece := take(size, decode_content=False):
            yield piece
    except ValueError as failure:  # http.client does not expect a chunk of negative size
        raise http.client.HTTPException(str(failure)) from None


def _gathered(pieces: Iterable[bytes], status: int, intake: Intake, request: Request) -> bytes:
    """Return a body that comes in pieces."""
    gathered, size = list[bytes](), 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        intake.check(size, status, request)
        if monotonic() > request.context.deadline:
            raise TimeoutError
    return gathered[0] if len(gathered) == 1 else b"".join(gathered)


def _translated(
    failure: Exception,
    request: Request,
    limits: Limits,
    too_late: Callable[..., APIConnectionError] = out_of_time,
) -> APIConnectionError | ClientClosedError:
    cause = _cause(failure)
    if isinstance(cause, urllib3.exceptions.ClosedPoolError):
        return closed_before(request)
    sent = limits.sent if limits.known else not isinstance(cause, _NOT_SENT)
    if any(map(_is_late, (failure, cause, getattr(cause, "original_error", None)))):
        return too_late(request, sent=sent)
    # Before anything was sent the same error is that of the proxy, and a lost connection.
    if isinstance(cause, _CUT) and sent:
        return cut_short(request)
    if isinstance(cause, _NOT_HTTP) and not isinstance(cause, _CUT):
        return unreadable(request, f"{type(cause).__name__}: {cause}", sent=sent)
    # Beside a certificate that is refused, TLS fails like any connection: who hangs up may answer the next time.
    tls = isinstance(cause, _TLS) and not isinstance(cause, _HUNG_UP) and not (sent and limits.known)
    return lost(request, cause, sent=sent, tls=tls, garbled=isinstance(cause, urllib3.exceptions.DecodeError))


def _is_late(cause: object) -> bool:
    """Say whether an error is that of a timeout; urllib3 calls a refused connection one too."""
    return isinstance(cause, _TIMEOUTS) and not isinstance(cause, urllib3.exceptions.NewConnectionError)


def _cause(failure: BaseException) -> BaseException:
    """Return the error at the bottom: requests wraps urllib3's, which wraps the socket's."""
    inner = failure.args[0] if failure.args else None
    reason = getattr(inner, "reason", None)  # of ssl.SSLError that is a text
    cause = next((one for one in (reason, inner) if isinstance(one, BaseException)), failure)
    wrapped = isinstance(cause, urllib3.exceptions.ProtocolError | urllib3.exceptions.SSLError) and cause.args
    return cause.args[-1] if wrapped and isinstance(cause.args[-1], BaseException) else cause
