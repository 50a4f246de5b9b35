"""Says what may be cached and for how long, by RFC 9111 for a private cache and RFC 5861; pure functions.

| a reply says | it means |
|---|---|
| no-store, Set-Cookie, Vary: * | not kept |
| no-cache | kept, and confirmed by the server before each use |
| must-revalidate | never served stale |
| max-age=N, Expires with Date | fresh for N seconds less its Age, if that is less than the client's ttl |
| stale-if-error=N | stale for N seconds at most, if that is less than the client's stale_if_error |
| private, public, s-maxage, proxy-revalidate, stale-while-revalidate, immutable | nothing |

| a request says | it means |
|---|---|
| no-store, Range, If-Match, If-None-Match, If-Modified-Since and the like | the cache takes no part |
| no-cache | the server is asked, and the reply kept |
| max-age=N | a kept reply may be N seconds old |
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from gemel.kit.http.messages import Headers, Request, Response

__all__ = [
    "REVALIDATED_FOR",
    "UNKEYED",
    "asks_anew",
    "bypasses",
    "freshness",
    "oldest_wanted",
    "refreshed",
    "spare_time",
    "storable",
    "useful_for",
    "validators",
]

REVALIDATED_FOR = 3600.0
"""Seconds for which an expired reply with a validator is kept, since the server may confirm it with a 304."""

UNKEYED = frozenset({"baggage", "cache-control", "idempotency-key", "traceparent", "tracestate", "x-request-id"})
"""Request headers that do not tell replies apart."""

_BYPASSING = ("range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
# They describe the message that carried them, and a 304 has no body (RFC 9111, section 3.2).
_OF_THE_BODY = frozenset({"connection", "content-encoding", "content-length", "content-range", "transfer-encoding"})
# Both forms of an argument, token and quoted string (RFC 9111, section 5.2).
_DIRECTIVE = re.compile(r'([^\s,;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?')


def _directives(headers: Headers) -> dict[str, str]:
    """Return the directives of Cache-Control by name; of a repeated one, the first (RFC 9111, section 4.2.1)."""
    said: dict[str, str] = {}
    for name, value in _DIRECTIVE.findall(headers.get("cache-control", "")):
        said.setdefault(name.lower(), value.strip('"'))
    return said


def _number(text: str) -> float:
    """Return a number of seconds; anything else counts as 0 (RFC 9111, section 4.2.1)."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def bypasses(request: Request) -> bool:
    """Say whether a request that only reads bypasses the cache."""
    # The body of a GET has no meaning that a cache may count on (RFC 9110, section 9.3.1).
    if not isinstance(request.body, bytes | None) or (request.method == "GET" and request.body is not None):
        return True
    if not request.context.cacheable or request.context.streamed or any(name in request.headers for name in _BYPASSING):
        return True
    return "no-store" in _directives(request.headers)


def asks_anew(request: Request) -> bool:
    """Say whether the request demands that the server is asked."""
    return "no-cache" in _directives(request.headers)


def oldest_wanted(request: Request) -> float:
    """Return the greatest age of a reply that the request accepts, in seconds."""
    said = _directives(request.headers)
    return _number(said["max-age"]) if "max-age" in said else float("inf")


def storable(request: Request, response: Response, largest: int) -> bool:
    """Say whether this reply may be cached; `largest` is the most bytes its body may have."""
    if response.status != 200 or len(response.body) > largest or "set-cookie" in response.headers:
        return False
    # Every other header is a part of the key, so that Vary needs no second look-up.
    varying = {name.strip().lower() for name in response.headers.get("vary", "").split(",")}
    if "*" in varying or varying & UNKEYED or ("cookie" in varying and "cookie" not in request.headers):
        return False
    return "no-store" not in _directives(response.headers)


def freshness(headers: Headers, ttl: float) -> float:
    """Return for how many seconds a reply is fresh: `ttl`, or less if the server says so."""
    said = _directives(headers)
    if "no-cache" in said:
        return 0.0
    if "max-age" in said:
        claimed = _number(said["max-age"])
    elif "expires" in headers:
        claimed = _until(headers["expires"], headers.get("date", ""))
    else:
        return ttl
    return min(ttl, max(0.0, claimed - _number(headers.get("age", "0"))))


def _until(expires: str, date: str) -> float:
    """Return the seconds from Date to Expires; 0 when either is not a date (RFC 9111, section 5.3)."""
    try:
        return (parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def spare_time(headers: Headers, bound: float) -> float:
    """Return for how many seconds more a reply may stand in for a server that is down, `bound` at most."""
    said = _directives(headers)
    # RFC 5861, section 4, and RFC 9111, section 5.2.2.2: must-revalidate forbids stale replies even from a dead server.
    if "no-cache" in said or "must-revalidate" in said:
        return 0.0
    return min(bound, _number(said["stale-if-error"])) if "stale-if-error" in said else bound


def useful_for(headers: Headers, fresh: float, spare: float) -> float:
    """Return for how many seconds a reply is worth keeping."""
    return fresh + max(spare, REVALIDATED_FOR if validators(headers) else 0.0)


def validators(headers: Headers) -> dict[str, str]:
    """Return the headers of a conditional request (RFC 9110, section 13.1), empty for a reply without a validator."""
    if etag := headers.get("etag"):
        return {"If-None-Match": etag}
    modified = headers.get("last-modified")
    return {"If-Modified-Since": modified} if modified else {}


def refreshed(headers: Headers, confirmation: Headers) -> Headers:
    """Return the headers of a cached reply, updated from a 304 (RFC 9111, section 3.2)."""
    told = [pair for pair in confirmation.pairs() if pair[0].lower() not in _OF_THE_BODY]
    kept = [pair for pair in headers.pairs() if pair[0].lower() != "age"]
    return Headers(kept).with_values(told)
