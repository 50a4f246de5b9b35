"""Reads how long a server asks to wait: Retry-After, its millisecond form, and the fields of rate limiters.

| field | says | about |
|---|---|---|
| retry-after-ms | milliseconds | any refusal |
| Retry-After | seconds, or a date (RFC 9110, section 10.2.3) | any refusal |
| RateLimit | `"name";r=0;t=30`, or `remaining=0, reset=30`: seconds (IETF draft) | a 429 |
| RateLimit-Reset, X-RateLimit-Reset, X-Rate-Limit-Reset | seconds, or a time since 1970 in s or ms | a 429 |

A limiter sends its fields with every reply, so they say nothing about a reply that it did not refuse.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import timezone
from email.utils import parsedate_to_datetime

from gemel.kit.http.messages import Headers

__all__ = ["retry_after"]

_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_QUOTED = re.compile(r'"[^"]*"')
_REMAINING = re.compile(r"(?:^|[;,\s])(?:r|remaining)\s*=\s*([0-9]+)", re.IGNORECASE)
_RESET = re.compile(r"(?:^|[;,\s])(?:t|reset)\s*=\s*([0-9]+)", re.IGNORECASE)

_EPOCH = 1e8
"""From here on a number is a time since 1970, and not seconds to wait, which would be three years."""

_EPOCH_IN_MILLISECONDS = 1e11
"""From here on a time is in milliseconds; in seconds it would be in the year 5138."""


def retry_after(headers: Headers, now: Callable[[], float] = time.time, *, limited: bool = True) -> float | None:
    """Return the seconds that a reply asks to wait, 0 or more; None when it names none, or an impossible number.

    Args:
        headers: The header fields of the reply.
        now: The time of day, in seconds.
        limited: Whether the reply is a 429, so that the fields of a rate limiter count.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after", "").strip()
    seconds = _number(asked)
    if seconds is None and asked:
        seconds = _until(_date(asked), now)
    if seconds is not None or not limited:
        return seconds
    return _window(headers, now)


def _window(headers: Headers, now: Callable[[], float]) -> float | None:
    """Return the seconds until the window of the rate limiter ends."""
    seconds = _listed(_QUOTED.sub("", headers.get("ratelimit", "")))
    for name in _RESETS:
        if seconds is None:
            seconds = _reset(_number(headers.get(name, "")), now)
    return seconds


def _listed(field: str) -> float | None:
    """Return the seconds in a RateLimit field; of several limits, those of the exhausted one that takes longest.

    In the later drafts each limit of the list has its own r and t; in the earlier ones the whole field is one limit.
    """
    limits = field.split(",") if ";" in field else [field]
    said = [(_REMAINING.search(limit), found) for limit in limits if (found := _RESET.search(limit))]
    exhausted = [reset for remaining, reset in said if remaining is not None and int(remaining[1]) == 0]
    return max((float(reset[1]) for reset in exhausted or [reset for _, reset in said]), default=None)


def _reset(value: float | None, now: Callable[[], float]) -> float | None:
    """Return the seconds until a reset, None for a time in the past, since the limit is still in force."""
    if value is None or value < _EPOCH:
        return value
    seconds = _until(value / 1000 if value >= _EPOCH_IN_MILLISECONDS else value, now)
    return seconds or None


def _until(moment: float | None, now: Callable[[], float]) -> float | None:
    return None if moment is None else max(0.0, moment - now())


def _date(text: str) -> float | None:
    """Return a date in any of the three HTTP forms as seconds since 1970 (RFC 9110, section 5.6.7); all are UTC.

    The standard library takes the asctime form, which names no zone, and "-0000" for times of the machine's own zone.
    """
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _number(text: str) -> float | None:
    """Return a plain decimal number; None for a sign, an exponent, a word, or a number too large for a float."""
    found = _NUMBER.fullmatch(text.strip())
    value = math.inf if found is None else float(found[0])
    return value if math.isfinite(value) else None
