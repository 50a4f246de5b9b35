"""Decodes a body to text: JSON by RFC 8259, anything else by its declared charset or its byte order mark."""

from __future__ import annotations

import codecs
import functools
import json
import re
from typing import Any

from msgspec.structs import replace

from gemel.kit.http.messages import Headers, Response

__all__ = [
    "Unreadable",
    "in_other_charset",
    "in_utf_8",
    "is_empty",
    "is_json",
    "json_of",
    "media_type",
    "obstacle",
    "shown_text",
    "text_of",
]

_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([^\s"';]{1,40})""", re.IGNORECASE)
_READ_CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
# Codecs of Python that are not charsets; some of them take time that grows with the square of the size.
_NOT_CHARSETS = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EMPTY = frozenset({codecs.BOM_UTF8, *(mark for mark, _ in _MARKS)})
_UTF_8 = "utf-8-sig"  # takes the byte order mark away, should there be one


class Unreadable(ValueError):
    """A body is not text, or its charset is unknown; the message says which."""


def media_type(headers: Headers) -> str:
    """Return the media type in lower case, without parameters, "" when none is declared."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(headers: Headers) -> bool:
    """Say whether the declared media type is JSON or one built on it (RFC 6839, section 3.1)."""
    kind = media_type(headers)
    return kind.endswith(("/json", "+json"))


def is_empty(body: bytes) -> bool:
    """Say whether a body holds nothing: no byte, white space, or the byte order mark of a text that has no letter."""
    return (body.strip() or codecs.BOM_UTF8) in _EMPTY


def text_of(response: Response) -> str:
    """Return the body as text, without a byte order mark.

    Raises:
        Unreadable: The body is not text in its charset, or the charset is unknown.
    """
    codec = _codec_of(response)
    try:
        return response.body.decode(codec)
    except UnicodeError:
        raise Unreadable(f"not {codec.upper().removesuffix('-SIG')} text") from None


def shown_text(response: Response) -> str:
    """Return the body as text for people to read, with U+FFFD for undecodable bytes."""
    try:
        return response.body.decode(_codec_of(response), "replace")
    except (Unreadable, UnicodeError):
        return response.body.decode(_UTF_8, "replace")


def in_utf_8(response: Response) -> Response:
    """Return the reply with its text and Content-Type in UTF-8, for readers that know nothing else.

    A reply in an unknown charset is returned as it is.
    """
    try:
        codec = _codec_of(response)
    except Unreadable:
        return response
    if codec == _UTF_8:
        return response
    kind = f"{media_type(response.headers)}; charset=utf-8"
    body = response.body.decode(codec, "replace").encode("utf-8", "replace")
    return replace(response, body=body, headers=response.headers.with_values({"Content-Type": kind}))


def json_of(response: Response, **loading: Any) -> Any:
    """Return the body as decoded JSON.

    JSON is UTF-8, before RFC 8259 also UTF-16 or UTF-32, and its first bytes tell which. A charset has no meaning
    for it (section 11); only a body in none of these is read in the charset that the server declares.

    Args:
        response: The reply.
        **loading: Arguments of json.loads.

    Raises:
        ValueError: The body is not JSON.
        RecursionError: The body is nested too deeply.
    """
    try:
        return json.loads(response.body, **loading)
    except ValueError:
        if not _declared(response.headers):
            raise
        text = text_of(response)
    return json.loads(text, **loading)


def obstacle(response: Response) -> str:
    """Return in words what in the declared coding or charset makes the body unreadable, "" when nothing does."""
    codings = [coding.strip().lower() for coding in response.headers.get("content-encoding", "").split(",")]
    for coding in codings:
        if coding not in _READ_CODINGS:
            return f"its Content-Encoding {coding[:40]!r} is not known here"
    charset = _declared(response.headers)
    return f"its charset {charset!r} is not known here" if charset and _codec(charset) is None else ""


def in_other_charset(headers: Headers) -> bool:
    """Say whether a charset other than UTF-8 is declared."""
    charset = _declared(headers)
    return bool(charset) and _codec(charset) != _UTF_8


def _declared(headers: Headers) -> str:
    found = _CHARSET.search(headers.get("content-type", ""))
    return found[1].lower() if found is not None else ""


def _codec_of(response: Response) -> str:
    """Return the name of the codec of the body; raises Unreadable."""
    body, charset = response.body, _declared(response.headers)
    if is_json(response.headers) and _decodes(body, detected := json.detect_encoding(body)):
        return _UTF_8 if detected == "utf-8" else detected
    if charset:
        codec = _codec(charset)
        if codec is None:
            raise Unreadable(f"readable: its charset {charset!r} is not known here")
        return codec
    marked = (codec for mark, codec in _MARKS if body.startswith(mark) and _decodes(body, codec))
    return next(marked, _UTF_8)


def _decodes(body: bytes, codec: str) -> bool:
    try:
        body.decode(codec)
    except UnicodeError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _codec(charset: str) -> str | None:
    """Return the name of Python's codec for a charset, None for an unknown one."""
    try:
        name = codecs.lookup(charset).name.replace("_", "-")
        b"a".decode(charset, "replace")
    except (LookupError, ValueError):
        return None
    if name in _NOT_CHARSETS:
        return None
    # ASCII is a part of UTF-8, which is what servers that say ASCII send when it is not.
    return _UTF_8 if name in ("ascii", "utf-8") else name
