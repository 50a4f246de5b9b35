"""A request in the making: what the handlers of arguments fill, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from gemel.kit.bodies.multipart import Piece
from gemel.kit.bodies.parts import UNKNOWN_TYPE, pieces
from gemel.kit.bodies.upload import Upload
from gemel.kit.http.encoding import encode_segment, header_text, query_pairs, utf8_bytes, wire_text
from gemel.kit.http.redaction import redact
from gemel.kit.models.encode import json_bytes
from gemel.kit.stubs.roles import Body, Form, Header, Part, Query, Role
from gemel.kit.types import OMIT, is_array

__all__ = ["Bound", "Draft", "Handler", "handler_of", "hiding"]


class Draft:
    """A request while its arguments are put in place."""

    __slots__ = ("body", "fields", "form", "headers", "parts", "query", "raw", "secrets", "segments")

    def __init__(self) -> None:
        self.segments: dict[str, str] = {}
        self.query: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.fields: dict[str, Any] = {}
        self.form: list[str] = []
        self.parts: list[Piece] = []
        self.body: Any = OMIT
        self.raw: bytes | None = None
        self.secrets: list[str] = []


class Bound(Struct, frozen=True):
    """The outcome of a plan: a request's address below the base, its own headers, body and secret values."""

    address: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Upload | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Bound to {redact(self.address, self.secrets)}>"


Handler = Callable[[Draft, Any], None]
"""Puts one value in its place in a draft."""


def handler_of(role: Role | None, name: str) -> Handler:
    """Return what puts a value in the place of its role; it raises Refused for a value without a wire form."""
    if role is None:
        return lambda draft, value: _add_segment(draft, name, value)
    if isinstance(role, Query):
        return lambda draft, value: _add_query(draft, role, name, value)
    if isinstance(role, Header):
        return lambda draft, value: _add_header(draft, name, value)
    if isinstance(role, Body):
        return lambda draft, value: _put_body(draft, role, value)
    if isinstance(role, Form):
        return lambda draft, value: draft.form.extend(query_pairs(name, value))
    if isinstance(role, Part):
        return lambda draft, value: draft.parts.extend(pieces(name, value))
    return lambda draft, value: _add_field(draft, name, value)


def _add_segment(draft: Draft, name: str, value: Any) -> None:
    draft.segments[name] = encode_segment(value)


def _add_query(draft: Draft, role: Query, name: str, value: Any) -> None:
    if role.json and value is not None:
        value = json_bytes(value).decode()
    if role.join and is_array(value):
        value = role.join.join(map(wire_text, value)) or None
    draft.query.extend(query_pairs(name, value))
    if role.also:
        draft.query.extend(query_pairs(role.also, value))


def _add_header(draft: Draft, name: str, value: Any) -> None:
    if value is not None:
        draft.headers.append((name, header_text(value)))


def _add_field(draft: Draft, name: str, value: Any) -> None:
    draft.fields[name] = value


def _put_body(draft: Draft, role: Body, value: Any) -> None:
    kind = role.content_type
    if isinstance(value, bytes | bytearray):
        draft.raw, kind = bytes(value), kind or UNKNOWN_TYPE
    elif isinstance(value, str) and kind and "json" not in kind:
        draft.raw = utf8_bytes(value)
    else:
        draft.body = value
    if kind and not isinstance(value, Upload):
        draft.headers.append(("Content-Type", kind))


def hiding(handle: Handler, secrets: Callable[[Any], Iterable[str]]) -> Handler:
    """Note the secret values first, so that no error made from this request can show them."""

    def put(draft: Draft, value: Any) -> None:
        draft.secrets.extend(secrets(value))
        handle(draft, value)

    return put
