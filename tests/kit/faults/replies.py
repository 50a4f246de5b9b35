"""Rows: what a server may do to one reply."""

from __future__ import annotations

import gzip
import time
from typing import Any

from gemel.kit.http.messages import Retry, Timeout

from ..wire import cut, drip, flood, reply
from .hostile import BODY, CHUNKED, JSON, OK, endless, held, reset, sized
from .rows import CLOSED, GOOD, KEPT, Outcome, Row, replied

MEGABYTE = 1_000_000
LIMIT = {"max_response_bytes": MEGABYTE}
FOLLOW = {"follow_redirects": True}
SILENTLY: dict[str, Any] = {"timeout": Timeout(total=5.0, read=0.06)}
SLOWLY: dict[str, Any] = {"timeout": 0.12, "posts": False}
GZIP = {"Content-Encoding": "gzip"}
BROTLI = {"Content-Encoding": "br"}
PACKED = gzip.compress(BODY)
EMPTY = gzip.compress(b"", mtime=0) * 100_000
DOUBLY = JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n"

LOST = Outcome("APIConnectionError", "GET", CLOSED)
LATE = Outcome("APITimeoutError", "GET", CLOSED)
OVER = Outcome("APITimeoutError", "no", CLOSED)
LARGE = Outcome("ResponseTooLargeError", "no", CLOSED)
UNKNOWN = Outcome("APIConnectionError", "no", KEPT)
GARBLED = Outcome("APIConnectionError", "GET", KEPT)
WRONG = Outcome("ResponseValidationError", "no", KEPT)
CUT_WRONG = Outcome("ResponseValidationError", "no", CLOSED)
NOTHING = Outcome("nothing", "no", KEPT)
CUT_NOTHING = Outcome("nothing", "no", CLOSED)
WELL = Outcome("the value", "no", KEPT)
WELL_CLOSED = Outcome("the value", "no", CLOSED)
REFUSED = Outcome("APIStatusError", "no", KEPT)
REFUSED_CLOSED = Outcome("APIStatusError", "no", CLOSED)
LARGE_KEPT = Outcome("ResponseTooLargeError", "no", KEPT)
CIRCLE = Outcome("APIConnectionError", "no", KEPT)
DOWN = Outcome("InternalServerError", "GET", KEPT)
BUSY = Outcome("RateLimitError", "GET, POST", KEPT)
AWAY = Outcome("RateLimitError", "no", KEPT)

FAILED = Outcome("InternalServerError", "no", KEPT)
DENIED = Outcome("PermissionDeniedError", "GET", KEPT)

OVER_SINCE = "Sun Nov  6 08:49:37 1994"
NAMED = Retry(limit=1, base=0.001, cap=0.001, statuses=frozenset({403, 520}))
WAITING = reply({}, 403, {"Retry-After": "0"})
PIECE = b"1" * 65536
HUGE = 100 * MEGABYTE
ANNOUNCED = endless(sized(HUGE), PIECE, HUGE)
CHUNKS = endless(CHUNKED, b"10000\r\n" + PIECE + b"\r\n", HUGE)
FAILING = endless(sized(HUGE).replace(b"200 OK", b"503 No"), PIECE, HUGE)
BOMB = gzip.compress(bytes(HUGE // 10), 1) * 10
EXBIBYTE = CHUNKED + b"1" + b"0" * 15 + b"\r\n" + BODY
SWITCHING = b"HTTP/1.1 101 Now\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"
LENGTH = b"Content-Length: 12\r\n"


def in_an_hour() -> dict[str, str]:
    """The time in an hour, in seconds since 1970."""
    return {"x-ratelimit-reset": f"{time.time() + 3600:.0f}"}


def fields(number: int) -> bytes:
    """A good reply with so many header fields."""
    return OK + b"".join(b"X-%d: a\r\n" % n for n in range(number - 1)) + b"Content-Length: 12\r\n\r\n" + BODY


def long_field(size: int) -> bytes:
    """A good reply with a header field of so many bytes."""
    return OK + b"X-A: " + b"a" * size + b"\r\n" + LENGTH + b"\r\n" + BODY


LAST = CHUNKED + b"c\r\n" + BODY + b"\r\n0\r\n"

CUT = [
    Row("before its first byte", replied(cut()), LOST),
    Row("in the status line", replied(cut(OK[:9])), LOST),
    Row("after the status line", replied(cut(OK)), LOST),
    Row("in a header field", replied(cut(OK + b"Content-Ty")), LOST),
    Row("before the empty line that ends the headers", replied(cut(sized()[:-2])), LOST),
    Row("after the headers", replied(cut(sized())), LOST),
    Row("in the body", replied(cut(sized() + BODY[:5])), LOST),
    Row("in the size of a chunk", replied(cut(CHUNKED + b"c")), LOST),
    Row("in a chunk", replied(cut(CHUNKED + b"c\r\n" + BODY[:5])), LOST),
    Row("between two chunks", replied(cut(CHUNKED + b"c\r\n" + BODY + b"\r\n")), LOST),
    Row(
        "in the last line, all chunks have come",
        replied(cut(CHUNKED + b"c\r\n" + BODY + b"\r\n0\r\n")),
        WELL_CLOSED,
        LOST,
    ),
    Row("in a body whose length nobody has said", replied(cut(JSON + b"\r\n" + BODY[:5])), CUT_WRONG),
    Row("before its first byte, by a reset", replied(reset()), LOST),
    Row("in the body, by a reset", replied(reset(sized() + BODY[:5])), LOST),
]

SLOW = [
    Row("says nothing", replied(held(b""), **SILENTLY), LATE),
    Row("stops after the status line", replied(held(OK), **SILENTLY), LATE),
    Row("stops in the body", replied(held(sized() + BODY[:5]), **SILENTLY), LATE),
    Row("stops in a chunk", replied(held(CHUNKED + b"c\r\n" + BODY[:5]), **SILENTLY), LATE),
    Row("sends the headers byte by byte", replied(drip(OK + b"X-A: b\r\n" * 99, first=17), **SLOWLY), OVER),
    Row("sends the body byte by byte", replied(drip(sized(9999) + b"1", first=len(sized(9999))), **SLOWLY), OVER),
    Row("sends small chunks without an end", replied(flood(CHUNKED, b"1\r\n1\r\n"), **SLOWLY), OVER),
    Row("sends trailers without an end", replied(drip(LAST + b"X-A: b\r\n", first=len(LAST)), **SLOWLY), OVER),
    Row("sends interim replies (103) without an end", replied(flood(b"", EARLY), **SLOWLY), OVER),
]

BODIES = [
    Row("a Content-Length larger than the body; the server closes", replied(cut(sized(20) + BODY)), LOST),
    Row("a Content-Length larger than the body; the server waits", replied(held(sized(20) + BODY), **SILENTLY), LATE),
    Row("a Content-Length smaller than the body", replied(held(sized(5) + BODY)), CUT_WRONG, LOST),
    Row("a second reply that nobody has asked for", replied(held(GOOD + reply({"evil": 1}))), WELL_CLOSED),
    Row("a Content-Length that is no number", replied(held(JSON + b"Content-Length: x\r\n\r\n" + BODY)), LOST),
    Row("two Content-Length that differ", replied(held(JSON + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY)), LOST),
    Row("a chunk whose size is no number", replied(held(CHUNKED + b"zz\r\n")), LOST),
    Row("a chunk of negative size", replied(held(CHUNKED + b"-5\r\n" + BODY)), LOST),
    Row("a chunk that announces an exbibyte", replied(held(EXBIBYTE), **SILENTLY), LATE),
    Row("`Content-Encoding: gzip`, and it is not", replied(reply(b"plain", headers=GZIP)), GARBLED),
    Row("a gzip body that is cut, its length as announced", replied(reply(PACKED[:-9], headers=GZIP)), GARBLED),
    Row("a gzip body with a wrong checksum", replied(reply(PACKED[:-8] + b"12345678", headers=GZIP)), GARBLED),
    Row(
        "two megabytes of empty gzip members, then one with the value",
        replied(reply(EMPTY + PACKED, headers=GZIP)),
        WELL,
    ),
    Row("`Content-Encoding: br`, which was not asked for", replied(reply(b"\x1b\x03", headers=BROTLI)), UNKNOWN),
    Row("`Transfer-Encoding: gzip, chunked`", replied(held(DOUBLY + PACKED)), LOST),
    Row("100 MB, announced", replied(ANNOUNCED, **LIMIT), LARGE),
    Row("100 MB in chunks", replied(CHUNKS, **LIMIT), LARGE),
    Row("a body without an end and without a length", replied(endless(JSON + b"\r\n", b"1" * 65536), **LIMIT), LARGE),
    Row("100 MB that come as 100 kB of gzip", replied(reply(BOMB, headers=GZIP), **LIMIT), LARGE_KEPT),
    Row("100 MB with the status 503", replied(FAILING, **LIMIT), LARGE),
    Row("the same as 100 kB of gzip", replied(reply(BOMB, 503, GZIP), **LIMIT), LARGE_KEPT),
    Row("JSON in UTF-16, and no charset says so", replied(reply(BODY.decode().encode("utf-16"))), WELL),
    Row("a byte order mark and no JSON, where any value was declared", replied(reply(b"\xef\xbb\xbf")), NOTHING),
]

HEADS = [
    Row("99 header fields", replied(fields(99)), WELL),
    Row("10,000 header fields", replied(held(fields(10_000))), LOST),
    Row("a header field of 60 kB", replied(long_field(60_000)), WELL),
    Row("a header field of 300 kB", replied(held(long_field(300_000))), LOST),
    Row("a header line without a colon", replied(held(JSON + b"nonsense\r\n" + LENGTH + b"\r\n" + BODY)), LOST),
    Row("another protocol (SSH)", replied(held(b"SSH-2.0-OpenSSH_9.6\r\n")), LOST),
    Row("100 and 103 before the reply", replied(b"HTTP/1.1 100 Go\r\n\r\n" + EARLY + GOOD), WELL),
    Row("101, a change of protocol that nobody has asked for", replied(held(SWITCHING)), REFUSED_CLOSED),
    Row("204 where any value was declared", replied(b"HTTP/1.1 204 None\r\n\r\n"), NOTHING),
    Row("204 with a body", replied(held(b"HTTP/1.1 204 None\r\n" + LENGTH + b"\r\n" + BODY)), CUT_NOTHING, LOST),
    Row("304, and nobody has asked whether it changed", replied(b"HTTP/1.1 304 Same\r\n\r\n"), REFUSED),
    Row("302, not followed", replied(reply(b"", 302, {"Location": "/api/any/fault"})), REFUSED),
    Row("302 in a circle, followed", replied(reply(b"", 302, {"Location": "the-fault"}), **FOLLOW), CIRCLE),
    Row("302 without a Location, followed", replied(reply(b"", 302), **FOLLOW), REFUSED),
    Row("302 to what is no address, followed", replied(reply(b"", 302, {"Location": "//[::1]x/"}), **FOLLOW), REFUSED),
    Row("503", replied(reply({}, 503)), DOWN),
    Row("429", replied(reply({}, 429)), BUSY),
    Row("429 with a Retry-After of an hour", replied(reply({}, 429, {"Retry-After": "3600"})), AWAY),
    Row("429 with a Retry-After that is over", replied(reply({}, 429, {"Retry-After": OVER_SINCE})), BUSY),
    Row("429 with `retry-after-ms: 10`", replied(reply({}, 429, {"retry-after-ms": "10"})), BUSY),
    Row("429 with `x-ratelimit-reset` in an hour, since 1970", replied(reply({}, 429, in_an_hour())), AWAY),
    Row("503 with `x-ratelimit-reset` in an hour, since 1970", replied(reply({}, 503, in_an_hour())), DOWN),
    Row("520, which nobody has named", replied(reply({}, 520)), FAILED),
    Row("520, named in `Retry(statuses=...)`", replied(reply({}, 520), retry=NAMED), DOWN),
    Row("403 with a Retry-After, named in `Retry(statuses=...)`", replied(WAITING, retry=NAMED), DENIED),
]
