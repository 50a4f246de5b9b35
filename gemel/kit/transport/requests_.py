"""The blocking transport: a requests.Session that sends prepared requests."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from gemel.kit.environment import Network
from gemel.kit.errors import APIConnectionError, ClientClosedError
from gemel.kit.messages import Headers, Request, Response
from gemel.kit.transport.deadline import POOLS, HandshakeError, reply_deadline
from gemel.kit.transport.faults import lost, out_of_time, time_left

__all__ = ["RequestsTransport"]

_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_CHUNK = 1 << 16
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
    HandshakeError,
    urllib3.exceptions.ConnectTimeoutError,
)
_TIMEOUTS = (urllib3.exceptions.TimeoutError, TimeoutError, requests.Timeout)


class RequestsTransport:
    """Sends over one requests.Session; a session that is passed in is used as it is and never closed.

    pool_size: connections kept to one host.
    """

    def __init__(self, network: Network, session: requests.Session | None = None, *, pool_size: int = 32) -> None:
        self._owned = session is None
        self._network = network
        self._session = session if session is not None else _own_session(network, pool_size)
        self._options: dict[str, Any] = {} if session is not None else {"verify": True, "cert": None}
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: Request) -> Response:
        """Send the request and read the whole reply, within its deadline."""
        if self._closed:
            raise ClientClosedError(f"{request.label}: the client is closed; make a new one, or call it inside `with`")
        left = time_left(request)
        timeout = (min(request.timeout.connect, left), min(request.timeout.read, left))
        with reply_deadline(request.deadline, request.timeout.read):
            try:
                reply = self._session.send(
                    self._prepared(request),
                    stream=True,
                    allow_redirects=False,
                    timeout=timeout,
                    **self._settings(request),
                )
                headers, body = Headers(reply.raw.headers.items()), self._read(reply, request)
                return Response(reply.status_code, headers, body, request.url)
            except _FAILURES as failure:
                raise _translated(failure, request) from None

    def _read(self, reply: requests.Response, request: Request) -> bytes:
        if not self._owned:
            return _read_by_the_clock(reply, request)
        try:
            body: bytes = reply.raw.read(decode_content=True)
        except BaseException:
            reply.close()
            raise
        return body

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        session = self._session
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.body = request.body
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

    def lock(self, deadline: float) -> threading.Lock | None:
        """Acquire the client's lock; None when the deadline passes first."""
        left = max(0.0, min(deadline - time.monotonic(), threading.TIMEOUT_MAX))
        return self._lock if self._lock.acquire(timeout=left) else None

    def close(self) -> None:
        """Close the connections; calls after this raise ClientClosedError."""
        self._closed = True
        if self._owned:
            self._session.close()


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
        self._pools.clear()
        super().close()

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
        """Return the request target, encoded already; through a proxy it may be a whole address."""
        if proxies:
            return super().request_url(request, proxies)
        target: str = request.url[len(_origin_text(request.url)) :]
        return target

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


def _read_by_the_clock(reply: requests.Response, request: Request) -> bytes:
    """Read over a session that is not ours, and does not know of deadlines: look at the clock after every piece."""
    raw: Any = reply.raw
    try:
        body = bytearray()
        for chunk in raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if time.monotonic() > request.deadline:
                raise TimeoutError
        return bytes(body)
    except BaseException:
        reply.close()
        raise


def _translated(failure: Exception, request: Request) -> APIConnectionError:
    cause = _cause(failure)
    sent = not isinstance(cause, _NOT_SENT)
    # urllib3 calls a refused connection a timeout too.
    late = isinstance(cause, _TIMEOUTS) or isinstance(failure, _TIMEOUTS)
    if late and not isinstance(cause, urllib3.exceptions.NewConnectionError):
        return out_of_time(request, sent=sent)
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
