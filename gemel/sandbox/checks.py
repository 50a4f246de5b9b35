"""What a caller of the sandbox may ask for: numbers that can be waited for, statuses that exist, text that is text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "DAY",
    "flag",
    "header_pairs",
    "json_value",
    "one_of",
    "path_pattern",
    "seconds",
    "status_code",
    "text",
    "verb",
    "whole",
]

DAY = 86400.0  # the longest that anything here waits, in seconds
# RFC 9110, 5.6.2: what the name of a header and a verb are made of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_FRAMING = frozenset({"content-length", "transfer-encoding"})  # written by the server itself


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."


def whole(name: str, value: object, least: int = 0, most: int | None = None) -> int:
    """Return a whole number.

    Raises:
        ValueError: It is none, or not between `least` and `most`.
    """
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= least and (most is None or value <= most)
    if not fits or not isinstance(value, int):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {bounds}, not {_shown(value)}")
    return value


def seconds(name: str, value: object, *, zero: bool = True) -> float:
    """Return a time in seconds, up to a day.

    Args:
        zero: Whether 0 is one.

    Raises:
        ValueError: It is no number, not finite, negative or more than a day.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not isinstance(value, (int, float)) or not 0 <= value <= DAY or (not value and not zero):
        least = "0" if zero else "above 0"
        raise ValueError(f"{name} must be a number of seconds, {least} to {DAY:g}, not {_shown(value)}")
    return float(value)


def status_code(value: object) -> int:
    """Return the status of a final reply (RFC 9110, 15): 200 to 599.

    Raises:
        ValueError: It is none.
    """
    return whole("status", value, 200, 599)


def text(name: str, value: object, *, empty: bool = False) -> str:
    """Return text.

    Args:
        empty: Whether it may be empty.

    Raises:
        ValueError: It is no text, or empty.
    """
    if not isinstance(value, str) or not (value or empty):
        raise ValueError(f"{name} must be text{'' if empty else ' and not empty'}, not {_shown(value)}")
    return value


def flag(name: str, value: object) -> bool:
    """Return true or false.

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {_shown(value)}")
    return value


def one_of(name: str, value: object, *options: str) -> str:
    """Return one of some words.

    Raises:
        ValueError: It is none of them.
    """
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}, not {_shown(value)}")
    return value


def verb(value: object) -> str:
    """Return the verb of a request.

    Raises:
        ValueError: No request can have it.
    """
    if not isinstance(value, str) or not _TOKEN.match(value):
        raise ValueError(f"method must be a verb such as GET, not {_shown(value)}")
    return value


def path_pattern(value: object) -> str:
    """Return the beginning of a path, or a pattern with wildcards.

    Raises:
        ValueError: No path can begin with it.
    """
    if not isinstance(value, str) or not value.startswith(("/", "*", "?", "[")):
        raise ValueError(f"path must begin with / or a wildcard, not {_shown(value)}")
    return value


def json_value(name: str, value: Any) -> Any:
    """Return a value that can be sent as JSON.

    Raises:
        ValueError: It cannot.
    """
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} cannot be sent as JSON: {error}") from None
    return value


def header_pairs(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers that a reply can carry.

    Raises:
        ValueError: A name is no token, a value is no text of one line, or the server writes that header itself.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"headers must be names and values, not {_shown(headers)}")
    for name, value in headers.items():
        _check_header(name, value)
    return dict(headers)


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _TOKEN.match(name):
        raise ValueError(f"{_shown(name)} is no name of a header")
    if not isinstance(value, str) or set(value) & set("\r\n\0"):
        raise ValueError(f"the header {name} must be text of one line, not {_shown(value)}")
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name} is written by the server; cut and truncate send a wrong length")
