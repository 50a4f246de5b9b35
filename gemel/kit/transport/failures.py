"""Turns failures on the wire into errors, in the same words for every transport."""

from __future__ import annotations

import re

from gemel.kit.errors import APIConnectionError, APITimeoutError, ClientClosedError, ResponseTooLargeError
from gemel.kit.flow.clock import monotonic
from gemel.kit.http.messages import Request
from gemel.kit.http.redaction import redact
from gemel.kit.http.sensitive import without_password

__all__ = [
    "BROKEN",
    "LONGEST_WAIT",
    "MOST_FIELDS",
    "closed_before",
    "closed_meanwhile",
    "cut_short",
    "fell_silent",
    "left_to_parent",
    "lost",
    "not_asked_for",
    "out_of_time",
    "stream_deadline",
    "time_left",
    "too_large",
    "unreadable",
]

MOST_FIELDS = 99
"""How many header fields a reply may have; http.client takes no more."""

BROKEN = 500
"""The status after which a connection is not used again: a server whose program failed often closes it, unannounced."""

_TOO_MANY = f"it has more than {MOST_FIELDS} header fields"
# Parts of messages of http.client, urllib3 and aiohttp, in lower case; the first that fits counts, so "100 headers"
# stands before "header". None of the three gives a type or an attribute to tell these apart.
_UNREADABLE = {
    "100 headers": _TOO_MANY,
    "too many headers": _TOO_MANY,
    "when reading": "a line of its head is too long",
    "status line": "it does not begin with a status line",
    "badstatusline": "it does not begin with a status line",
    "expected http/": "it does not begin with a status line",
    "content-length": "its Content-Length is wrong",
    "transfer-encoding": "its Transfer-Encoding is not chunked, and no other one was asked for",
    "chunk": "its chunks are wrong",
    "header": "a line of its head is no header field",
}

# urllib3 writes reprs into its messages: "<urllib3.connection.HTTPConnection object at 0x7f…>: ",
# "HTTPConnectionPool(host=…): " and "(Caused by …". They say nothing to a user, and change with each run.
_OBJECT = re.compile(r"<[^<>]*>:? ?|\(Caused by |\w*Connection(?:Pool)?\([^)]*\):? ?")


LONGEST_WAIT = 2e6
"""Seconds, 23 days: a socket takes no timeout whose milliseconds do not fit into 31 bits."""


def time_left(request: Request) -> float:
    """Return the seconds until the deadline, or LONGEST_WAIT; raises APITimeoutError when there are none."""
    left = request.context.deadline - monotonic()
    if left <= 0:
        raise out_of_time(request, sent=False)
    return min(left, LONGEST_WAIT)


def stream_deadline(request: Request) -> float:
    """Return until when a stream that opens now may live, in monotonic seconds."""
    life = request.context.timeout.stream
    return float("inf") if life is None else monotonic() + life


def out_of_time(request: Request, *, sent: bool) -> APITimeoutError:
    """Return the error of a reply that did not come in time."""
    limits = request.context.timeout
    waited = "no connection" if not sent else "no whole reply"
    return APITimeoutError(
        f"{_asked(request)}: {waited} in time (connect {limits.connect:g} s, read {limits.read:g} s, "
        f"total {limits.total:g} s); raise `timeout` or look at the server",
        request=request,
        sent=sent,
    )


def fell_silent(request: Request, *, sent: bool = True) -> APITimeoutError:
    """Return the error of a stream that was open and then gave nothing, or lived too long."""
    limits = request.context.timeout
    whole = "" if limits.stream is None else f", {limits.stream:g} s in all"
    return APITimeoutError(
        f"{_asked(request)}: the stream did not go on in time (read {limits.read:g} s{whole}); "
        "raise `timeout` or look at the server",
        request=request,
        sent=sent,
    )


def closed_before(request: Request, statement: str = "with") -> ClientClosedError:
    """Return the error of a call to a closed client; `statement` ("with", "async with") goes into its advice."""
    return ClientClosedError(
        f"{request.context.label}: the client is closed; make a new one, or call it inside `{statement}`"
    )


def closed_meanwhile(request: Request, moment: str = "its stream was open") -> ClientClosedError:
    """Return the error of a stream, or of a call at another moment, whose client was closed."""
    return ClientClosedError(f"{request.context.label}: the client was closed while {moment}")


def too_large(request: Request, status: int, limit: int) -> ResponseTooLargeError:
    """Return the error of a reply with more bytes than the client takes."""
    return ResponseTooLargeError(
        f"{_asked(request)}: the reply (status {status}) is larger than {limit} bytes; "
        "raise `max_response_bytes`, or declare the endpoint `-> Download` and save it to a file",
        request=request,
        limit=limit,
        status=status,
    )


def left_to_parent(request: Request) -> ClientClosedError:
    """Return the error of a stream that this process has inherited."""
    return ClientClosedError(
        f"{request.context.label}: the stream was opened before this process was forked; open another one"
    )


def cut_short(request: Request) -> APIConnectionError:
    """Return the error of a reply that ended before it was whole."""
    return APIConnectionError(f"{_asked(request)}: the reply ended too soon; the connection was lost", request=request)


def unreadable(request: Request, told: str, *, sent: bool = True) -> APIConnectionError:
    """Return the error of a reply that is not HTTP; when the request was not sent, it is that of a proxy to CONNECT.

    Args:
        request: The request that was to be answered.
        told: The library's message. It is never shown: it often quotes what came, which may be a secret.
        sent: Whether the request may have reached the server.
    """
    said = told.lower()
    reason = next((reason for mark, reason in _UNREADABLE.items() if mark in said), "it is not HTTP/1.1")
    return APIConnectionError(
        f"{_asked(request)}: the reply is not readable: {reason}; "
        "check the endpoint, the server, and a proxy before it",
        request=request,
        sent=sent,
    )


def not_asked_for(request: Request, coding: str) -> APIConnectionError:
    """Return the error of a reply whose content coding is not understood; to repeat the request would not help."""
    return APIConnectionError(
        f"{_asked(request)}: the reply is encoded as {coding}, which was not asked for; the server, or a proxy "
        "before it, must heed Accept-Encoding",
        request=request,
        permanent=True,
    )


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
    told = f"{_asked(request)}: {without_password(_reason(cause))}; {advice}"
    return APIConnectionError(told, request=request, sent=sent, permanent=tls)


def _reason(cause: BaseException) -> str:
    """Return what a failure says, without the objects of the libraries in it.

    urllib3 tells of a proxy by two arguments, a sentence and the failure behind it.
    """
    match cause.args:
        case (str(sentence), BaseException() as behind):
            text = f"{sentence}: {_reason(behind)}"
        case _:
            text = str(cause)
    text = " ".join(_OBJECT.sub("", text).split()).strip(" :")
    # The pattern above takes the opening bracket of "(Caused by …)" alone.
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1]
    return text or type(cause).__name__


def _asked(request: Request) -> str:
    where = redact(request.url.partition("?")[0], request.context.secrets)
    return f"{request.context.label or 'request'} ({request.method} {where})"
