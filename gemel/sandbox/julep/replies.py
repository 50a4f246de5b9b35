"""The two kinds of replies that the Julep server gives: JSON documents and plain text."""

from __future__ import annotations

import json
from typing import Any

from ..messages import ServerReply

__all__ = ["json_reply", "plain"]

Headers = tuple[tuple[str, str], ...]


def json_reply(value: Any, status: int = 200, headers: Headers = ()) -> ServerReply:
    """A reply with a JSON document; its type names no charset."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    return ServerReply(status, body, (("Content-Type", "application/json"), *headers))


def plain(status: int, text: str, *, hang_up: bool = False) -> ServerReply:
    """A reply of plain text."""
    return ServerReply(status, text.encode(), (("Content-Type", "text/plain; charset=utf-8"),), hang_up=hang_up)
