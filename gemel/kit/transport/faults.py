"""How a failure on the wire is told, the same for every transport."""

from __future__ import annotations

import re
import time

from gemel.kit.errors import APIConnectionError, APITimeoutError, ClientClosedError
from gemel.kit.messages import Request, redact

__all__ = ["closed_meanwhile", "fell_silent", "lost", "out_of_time", "stream_deadline", "time_left"]

_OBJECT = re.compile(r"<[^<>]*>:? ?|\(Caused by |HTTPS?ConnectionPool\([^)]*\):? ?|HTTPS?Connection\([^)]*\):? ?")


def time_left(request: Request) -> float:
    """Return the seconds until the deadline; raises APITimeoutError when there are none."""
    left = request.deadline - time.monotonic()
    if left <= 0:
        raise out_of_time(request, sent=False)
    return left


def stream_deadline(request: Request) -> float:
    """Return until when a stream that opens now may live, in monotonic seconds."""
    life = request.timeout.stream
    return float("inf") if life is None else time.monotonic() + life


def out_of_time(request: Request, *, sent: bool) -> APITimeoutError:
    """Return the error of a reply that did not come in time."""
    limits = request.timeout
    waited = "no connection" if not sent else "no whole reply"
    return APITimeoutError(
        f"{_asked(request)}: {waited} in time (connect {limits.connect:g} s, read {limits.read:g} s, "
        f"total {limits.total:g} s); raise `timeout` or look at the server",
        request=request,
        sent=sent,
    )


def fell_silent(request: Request, *, sent: bool = True) -> APITimeoutError:
    """Return the error of a stream that was open and then gave nothing, or lived too long."""
    limits = request.timeout
    whole = "" if limits.stream is None else f", {limits.stream:g} s in all"
    return APITimeoutError(
        f"{_asked(request)}: the stream did not go on in time (read {limits.read:g} s{whole}); "
        "raise `timeout` or look at the server",
        request=request,
        sent=sent,
    )


def closed_meanwhile(request: Request) -> ClientClosedError:
    """Return the error of a stream whose client was closed."""
    return ClientClosedError(f"{request.label}: the client was closed while its stream was open")


def lost(
    request: Request, cause: BaseException, *, sent: bool, tls: bool = False, garbled: bool = False
) -> APIConnectionError:
    """Return the error of a connection that could not be made or was cut, or of a reply that came garbled."""
    if tls:
        advice = "check the server's certificate, or name its authority with verify='ca.pem'"
    elif garbled:
        advice = "the body is not what its Content-Encoding says; a proxy may have changed it"
    else:
        advice = "the connection was lost" if sent else "check the endpoint, the network and the proxy"
    reason = " ".join(_OBJECT.sub("", str(cause)).split()).strip(" :)") or type(cause).__name__
    return APIConnectionError(f"{_asked(request)}: {reason}; {advice}", request=request, sent=sent, permanent=tls)


def _asked(request: Request) -> str:
    where = redact(request.url.partition("?")[0], request.secrets)
    return f"{request.label or 'request'} ({request.method} {where})"
