"""Encodes values for the wire, each in one form: path segments, query text, header text and JSON bodies.

| Python | path, query, header | JSON |
|---|---|---|
| str | as it is | string |
| bool | true, false (in a path only where its type says so) | true, false |
| int, float, Decimal | digits; NaN and infinity are refused | number; Decimal a string |
| enum | its value | its value |
| datetime | RFC 3339 in UTC, ending in Z; without a zone it is refused | RFC 3339, its offset kept; the same refusal |
| date, UUID | ISO 8601; hyphenated | string |
| list, tuple | a query repeats the name; a path and a header have commas | array |
| dict, Model | refused; a nested form or query names its members | object with wire names |
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from msgspec import Struct

from gemel.kit.types import is_array, is_mapping

__all__ = [
    "Nesting",
    "Refused",
    "cookie_name",
    "cookie_text",
    "encode_path",
    "encode_segment",
    "encode_segment_list",
    "header_field",
    "header_list",
    "header_name",
    "header_text",
    "named_values",
    "percent_encoded",
    "query_pairs",
    "rfc3339",
    "separator",
    "utf8_bytes",
    "wire_text",
]


_FRAMING = {
    "content-length": "the body",
    "transfer-encoding": "the body",
    "host": "the address",
}
_COOKIE_OCTETS = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]*")
_PERCENT = {code: quote(chr(code), safe="") for code in range(128)}
"""Each ASCII character as a query has it; what `quote` says of them, but found at once."""


class Refused(ValueError):
    """A value cannot be sent safely; the message says why without showing the value."""


def wire_text(value: Any) -> str:
    """Return a scalar as text; raises Refused for anything else."""
    if type(value) is str:
        return value
    if isinstance(value, enum.Enum):
        return wire_text(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    raise Refused(f"{type(value).__name__} has no text form")


def rfc3339(value: datetime) -> str:
    """Return a point in time in UTC as text (RFC 3339); raises Refused for one without a zone."""
    if value.utcoffset() is None:
        raise Refused("a datetime needs a time zone: use datetime.now(timezone.utc)")
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _number(value: float | Decimal) -> str:
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise Refused("the number must be finite")
    return str(value)


def encode_segment(value: Any) -> str:
    """Return a path value as one percent-encoded segment (RFC 3986, section 3.3).

    Raises Refused for values that would change the path: None, bool, containers, "", "." and "..".
    """
    if isinstance(value, bool):
        raise Refused("a path value cannot be a bool")
    text = wire_text(value)
    # Clients and servers remove dot segments, percent-encoded ones too (RFC 3986, section 5.2.4), and many collapse
    # "//".
    if text in ("", ".", ".."):
        raise Refused(f"a path value cannot be {text!r}: it would address another resource")
    return percent_encoded(text)


def encode_path(value: Any) -> str:
    """Return a path value as the segments that its slashes make of it, each encoded (RFC 6570, section 3.2.3).

    Refuses what would leave the place where it stands: an empty head, "." and "..", also behind a backslash, which
    some servers take for a slash; and any empty segment, which proxies leave out.
    """
    if isinstance(value, bool):
        raise Refused("a path value cannot be a bool")
    text = wire_text(value)
    segments = text.split("/")
    if "" in segments:
        raise Refused("a path value cannot be empty, begin or end with a slash, or have an empty segment")
    if not {".", ".."}.isdisjoint(re.split(r"[/\\]", text)):
        raise Refused("a path value cannot have the segments . or ..: it would address another resource")
    return "/".join(map(percent_encoded, segments))


def encode_segment_list(value: Any, join: str) -> str:
    """Return a bool or a list as one segment; what joins the items is encoded already.

    Refuses what would change the path, an empty list, and empty items.
    """
    if isinstance(value, bool):
        return wire_text(value)
    if not is_array(value):
        return encode_segment(value)
    texts = [percent_encoded(wire_text(item)) for item in value]
    if not all(texts):
        raise Refused("a list in the path cannot have an empty item")
    text = join.join(texts)
    if text in ("", ".", ".."):
        raise Refused(f"a path value cannot be {text!r}: it would address another resource")
    return text


class Nesting(Struct, frozen=True):
    """How lists, and the members of objects, are named in a query or a form.

    Attributes:
        style: "deep" for `a[b]=`, "dots" for `a.b=`, "" where there are no objects.
        lists: "repeat" for `a=1&a=2`, "brackets" for `a[]=1&a[]=2`, "indices" for `a[0]=1&a[1]=2`.
        join: What stands between the items of a list that is sent as one parameter, encoded; "" for none.
    """

    style: str = ""
    lists: str = "repeat"
    join: str = ""

    def pairs(self, name: str, value: Any) -> list[str]:
        """Return the encoded name=value pairs of a value of plain JSON; None gives none.

        Args:
            name: Encoded already.
            value: A scalar, a list, or a dict whose keys are text.

        Raises:
            Refused: It has no form under these rules.
        """
        if value is None:
            return []
        if self.style and is_mapping(value):
            return [pair for key, inner in value.items() for pair in self.pairs(self._member(name, key), inner)]
        if is_array(value):
            return self._of_list(name, value)
        return [f"{name}={percent_encoded(wire_text(value))}"]

    def _of_list(self, name: str, items: Any) -> list[str]:
        if self.join:
            # Each item by itself: what separates them must not be taken for what is in one (RFC 6570, section 3.2.8).
            text = self.join.join(percent_encoded(wire_text(item)) for item in items)
            return [f"{name}={text}"] if text else []
        if self.lists == "repeat" and any(is_array(item) or is_mapping(item) for item in items):
            raise Refused('a list of objects or lists needs lists="indices" or lists="brackets"')
        ends = (f"%5B{number}%5D" if self.lists == "indices" else _ENDS[self.lists] for number in range(len(items)))
        return [pair for item, end in zip(items, ends, strict=True) for pair in self.pairs(name + end, item)]

    def _member(self, name: str, key: str) -> str:
        if not key or any(sign in key for sign in _SIGNS[self.style]):
            raise Refused(f"a key of a nested object cannot be empty or hold {_SIGNS[self.style]!r}")
        return f"{name}.{percent_encoded(key)}" if self.style == "dots" else f"{name}%5B{percent_encoded(key)}%5D"


_ENDS = {"repeat": "", "brackets": "%5B%5D"}
_SIGNS = {"deep": "[]", "dots": "."}


def query_pairs(name: str, value: Any) -> list[str]:
    """Return the encoded name=value pairs of a query parameter; None yields none, a list repeats the name.

    Args:
        name: The name, encoded already, since a declared one is encoded once for all calls.
        value: The value, not encoded yet.

    Raises:
        Refused: The value has no text form.
    """
    if value is None:
        return []
    if is_array(value):
        return [pair for item in value if item is not None for pair in query_pairs(name, item)]
    return [f"{name}={percent_encoded(wire_text(value))}"]


def percent_encoded(text: str) -> str:
    """Percent-encode a text except for unreserved characters (RFC 3986, section 2.3); raises Refused."""
    if _UNRESERVED.fullmatch(text):
        return text
    if text.isascii():
        return text.translate(_PERCENT)
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise Refused("the text is not valid Unicode (a lone surrogate)") from None


def named_values(values: Any) -> Iterable[tuple[str, Any]]:
    """Return the pairs of a mapping of names to values; refuses what is none, such as a list of pairs."""
    if not is_mapping(values):
        raise Refused(f"expected a mapping of names to values, got {type(values).__name__}")
    for name in values:
        if not isinstance(name, str):
            raise Refused(f"a name is text, got {type(name).__name__}")
    return values.items()


def separator(text: str) -> str:
    """Return the separator of the items in one parameter, encoded where a query cannot hold it."""
    return quote(text, safe="!$'()*,;:@/?")


def utf8_bytes(text: str) -> bytes:
    """Encode a text as UTF-8; raises Refused for a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("the text is not valid Unicode (a lone surrogate)") from None


def header_name(name: str) -> str:
    """Return a header name; raises Refused unless it is a token (RFC 9110, section 5.6.2) that a caller may set.

    The transports derive Content-Length, Transfer-Encoding and Host from body and address. A second value of one would
    make two servers on the way see two different messages in the same bytes (request smuggling).
    """
    if not isinstance(cast("object", name), str) or not _TOKEN.fullmatch(name):
        raise Refused(f"{name!r} is not a header name")
    if name.lower() in _FRAMING:
        raise Refused(f"{name} follows from {_FRAMING[name.lower()]} and cannot be set")
    if name.lower() == "expect":  # aiohttp would wait for the word of a server that waits for the body
        raise Refused("Expect cannot be set: neither client waits for the server's word before it sends the body")
    return name


def header_field(name: str, value: Any) -> tuple[str, str]:
    """Return a header field; raises Refused like header_name and header_text, or for a Connection naming fields."""
    field = header_name(name), header_text(value)
    if name.lower() == "connection" and field[1].lower() not in ("close", "keep-alive"):
        raise Refused("Connection can be close or keep-alive; with other words it makes proxies drop or change fields")
    return field


def header_list(value: Any, join: str) -> str:
    """Return a list as one header value (RFC 9110, section 5.6.1); refuses items that what joins them would cut."""
    if not is_array(value):
        return header_text(value)
    texts = [header_text(item) for item in value]
    if any(not text or join.strip() in text for text in texts):
        raise Refused(f"an item of a header's list cannot be empty or hold {join!r}")
    return join.join(texts)


def cookie_name(name: str) -> str:
    """Return the name of a cookie; refuses what is not a token (RFC 6265, section 4.1.1)."""
    if not _TOKEN.fullmatch(name):
        raise Refused(f"{name!r} is not the name of a cookie")
    return name


def cookie_text(value: Any) -> str:
    """Return the value of a cookie; refuses what would not arrive as it is (RFC 6265, section 4.1.1)."""
    text = wire_text(value)
    if not _COOKIE_OCTETS.fullmatch(text):
        raise Refused('a cookie cannot hold white space, ", a comma, a semicolon, a backslash, or what is not ASCII')
    return text


def header_text(value: Any) -> str:
    """Return a header value (RFC 9110, section 5.5); raises Refused for one that would not arrive unchanged.

    That is one with control characters, white space at an end, or letters beyond ASCII.
    """
    text = wire_text(value)
    if text != text.strip(" \t"):
        raise Refused("a header value cannot begin or end with white space: servers leave it out")
    # A line break would begin another header field, or a second request (CRLF injection).
    if any((character < " " and character != "\t") or character == "\x7f" for character in text):
        raise Refused("a header value cannot hold control characters or line breaks")
    if not text.isascii():
        raise Refused("a header value must be ASCII text: servers read other letters in different ways")
    return text
