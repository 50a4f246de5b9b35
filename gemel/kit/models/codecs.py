"""The codecs that APIs use most: dates of mails, seconds since 1970, durations, numbers as text, bytes in base64.

| mark | value | on the wire |
|---|---|---|
| Rfc2822 | datetime | text: "Thu, 29 Feb 2024 12:00:00 +0000" (RFC 5322, section 3.3) |
| Epoch | datetime | a number of seconds since 1970 |
| EpochMillis | datetime | a number of milliseconds since 1970, what is less is cut off |
| Iso8601Duration | timedelta | text: "PT1H30M"; no months and years |
| Seconds | timedelta | a number of seconds |
| NumberText | float | text: "1.5", "NaN", "+Inf", "-Inf" |
| IntegerText | int | text: "15" |
| Base64 | bytes | text (RFC 4648, section 4) |
| Base64Url | bytes | text without padding (RFC 4648, section 5); with padding it is read too |
"""

from __future__ import annotations

import math
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import msgspec

from gemel.kit.models.codec import Codec

__all__ = [
    "Base64",
    "Base64Url",
    "Epoch",
    "EpochMillis",
    "IntegerText",
    "Iso8601Duration",
    "NumberText",
    "Rfc2822",
    "Seconds",
]

_START = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_INTEGER = re.compile(r"-?[0-9]+")
_BASE64_URL = re.compile(r"[A-Za-z0-9_-]*={0,2}")


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("a datetime needs a time zone: use datetime.now(timezone.utc)")
    return value


def _read_date(text: str) -> datetime:
    found = parsedate_to_datetime(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _write_date(value: datetime) -> str:
    if value.year < 1900:  # RFC 5322, section 3.3; a year of two digits is read as one of our times
        raise ValueError("the year must not be before 1900")
    return format_datetime(_aware(value))


def _shortest(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _read_seconds(number: float) -> datetime:
    return _START + timedelta(seconds=number)


def _write_seconds(value: datetime) -> int | float:
    return _shortest((_aware(value) - _START).total_seconds())


def _read_milliseconds(number: float) -> datetime:
    return _START + timedelta(milliseconds=number)


def _write_milliseconds(value: datetime) -> int:
    return (_aware(value) - _START) // _MILLISECOND


def _read_duration(text: str) -> timedelta:
    return msgspec.convert(text, timedelta)


def _write_duration(value: timedelta) -> str:
    return str(msgspec.to_builtins(value))


def _length(number: float) -> timedelta:
    return timedelta(seconds=number)


def _write_length(value: timedelta) -> int | float:
    return _shortest(value.total_seconds())


def _read_number(value: Any) -> float:
    if type(value) is str and "_" not in value:  # which Python takes between digits
        return float(value)
    raise ValueError("not a number as text")


def _write_number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value)) if isinstance(value, float) else str(int(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _read_base64(text: str) -> bytes:
    return b64decode(text, validate=True)


def _read_base64_url(text: str) -> bytes:
    if not _BASE64_URL.fullmatch(text):
        raise ValueError(text)
    bare = text.rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True)


Rfc2822: Codec = Codec(_read_date, _write_date, makes=datetime, name="date of RFC 2822")
"""A datetime as text: "Thu, 29 Feb 2024 12:00:00 +0000"."""

Epoch: Codec = Codec(_read_seconds, _write_seconds, wire=float, makes=datetime, name="number of seconds since 1970")
"""A datetime as a number of seconds since 1970."""

EpochMillis: Codec = Codec(
    _read_milliseconds, _write_milliseconds, wire=float, makes=datetime, name="number of milliseconds since 1970"
)
"""A datetime as a number of milliseconds since 1970; what is less is cut off."""

Iso8601Duration: Codec = Codec(_read_duration, _write_duration, makes=timedelta, name="duration of ISO 8601")
"""A timedelta as text: "PT1H30M"."""

Seconds: Codec = Codec(_length, _write_length, wire=float, makes=timedelta, name="number of seconds")
"""A timedelta as a number of seconds."""


class _NumberText(Codec):
    """Reads in one call, since some replies hold little else."""

    def __init__(self) -> None:
        super().__init__(_read_number, _write_number, makes=float, name="number as text")
        self.read = _read_number


NumberText: Codec = _NumberText()
"""A float as text, NaN and the infinities included."""

IntegerText: Codec = Codec(_read_integer, str, makes=int, name="whole number as text")
"""An int as text."""

Base64: Codec = Codec(_read_base64, lambda value: b64encode(value).decode(), makes=bytes, name="text in base64")
"""Bytes as text in base64."""

Base64Url: Codec = Codec(
    _read_base64_url,
    lambda value: urlsafe_b64encode(value).decode().rstrip("="),
    makes=bytes,
    name="text in base64url",
)
"""Bytes as text in base64url, without padding."""
