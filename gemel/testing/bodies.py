"""Converts bodies to the form in a recording, with their names of members, by which values can be masked.

| content | kept as |
|---|---|
| JSON | {"json": value}: its value, not its spelling |
| application/x-www-form-urlencoded | {"form": [[name, value], ...]} |
| multipart/form-data, in a request | {"parts": [[name, {"text": ...} or {"base64": ...}], ...]} |
| text/event-stream, lines of JSON | {"lines": [[field, value], ...]}, the value decoded where it is JSON |
| other UTF-8 | {"text": "..."} |
| anything else | {"base64": "..."} |
| none | null |
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

from gemel.kit.http.messages import Headers

__all__ = ["Kept", "kept_body", "kept_request", "sent_body"]

Kept = dict[str, Any] | None
"""A body in the form of a recording."""

_FORM = "application/x-www-form-urlencoded"
_IN_LINES = ("text/event-stream", "ndjson", "jsonl", "json-lines")
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'\bname="([^"]*)"')
_FIELD = re.compile(r"(data|event|id|retry|): ?")


def kept_request(headers: Headers, body: bytes) -> Kept:
    """Return the body of a request in recorded form, without the boundary of a multipart one, which is random."""
    kind = headers.get("content-type", "")
    boundary = _BOUNDARY.search(kind) if kind.startswith("multipart/form-data") else None
    if boundary is None:
        return kept_body(headers, body)
    pieces = body.split(b"--" + boundary[1].encode())[1:-1]
    return {"parts": [_part(piece) for piece in pieces]}


def kept_body(headers: Headers, body: bytes) -> Kept:
    """Return a body in recorded form."""
    if not body:
        return None
    kind = headers.get("content-type", "").lower()
    if kind.startswith(_FORM):
        return {"form": [list(pair) for pair in parse_qsl(body.decode("latin-1"), keep_blank_values=True)]}
    try:
        return {"json": json.loads(body)}
    except (ValueError, RecursionError):
        kept = _text_or_bytes(body)
    if "text" in kept and any(word in kind for word in _IN_LINES):
        return {"lines": [_line(line) for line in kept["text"].split("\n")]}
    return kept


def sent_body(kept: Kept) -> bytes:
    """Return the bytes of a recorded body; raises ValueError for a form that a reply cannot have."""
    if kept is None:
        return b""
    if "json" in kept:
        return _json(kept["json"]).encode(errors="surrogatepass")
    if "form" in kept:
        return urlencode(kept["form"]).encode()
    if "lines" in kept:
        return "\n".join(
            field + (value if isinstance(value, str) else _json(value)) for field, value in kept["lines"]
        ).encode()
    if "text" in kept:
        return str(kept["text"]).encode()
    if "base64" in kept:
        return base64.b64decode(kept["base64"])
    raise ValueError(f"the body of a reply is not kept as {', '.join(kept) or 'nothing'}")


def _text_or_bytes(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _part(piece: bytes) -> list[Any]:
    """Return the name and the content of a part (RFC 7578, section 4)."""
    head, _, content = piece.partition(b"\r\n\r\n")
    name = _NAME.search(head)
    return ["" if name is None else name[1].decode(errors="replace"), _text_or_bytes(content.removesuffix(b"\r\n"))]


def _line(line: str) -> list[Any]:
    """Split a line into the field before its value and the value, decoded if it is a JSON object or array."""
    found = _FIELD.match(line)
    field = found[0] if found is not None else ""
    value = line[len(field) :]
    try:
        decoded = json.loads(value)
    except (ValueError, RecursionError):
        return [field, value]
    return [field, decoded if isinstance(decoded, dict | list) else value]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
