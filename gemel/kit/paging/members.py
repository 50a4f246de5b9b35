"""Single members of a JSON reply, read without decoding the rest: a total, a cursor, an address."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gemel.kit.types import is_object

__all__ = ["Members", "member_reader"]


class Members(msgspec.Struct, frozen=True):
    """What a reply has beside its items.

    values: by the path asked for; a path that leads nowhere is not there.
    listed: the items as bytes, to tell whether they came before.
    """

    values: dict[str, Any]
    listed: bytes


def member_reader(listed: str | None, paths: Iterable[str]) -> Callable[[bytes], Members]:
    """Return what reads these members of a body; it never raises, and finds nothing in what is not a JSON object.

    listed: the key of the items; None when they are the whole body.
    paths: keys, with dots to go into objects: "meta.next".
    """
    wanted = tuple(paths)
    heads = sorted({listed or "", *(path.partition(".")[0] for path in wanted)} - {""})
    if not heads:
        return lambda body: Members({}, body)
    opened = _opener(heads)

    def read(body: bytes) -> Members:
        raw = opened(body)
        found = {path: value for path in wanted if (value := _walked(raw, path)) is not None}
        return Members(found, raw.get(listed, b"") if listed else body)

    return read


def _opener(heads: list[str]) -> Callable[[bytes], dict[str, bytes]]:
    """Return what gives the raw JSON of each head that an object has."""
    names = [f"member_{index}" for index in range(len(heads))]
    absent = msgspec.Raw()
    fields: Any = [(name, msgspec.Raw, absent) for name in names]
    envelope = msgspec.defstruct("Envelope", fields, rename=dict(zip(names, heads, strict=True)))
    decoder = msgspec.json.Decoder(envelope)

    def opened(body: bytes) -> dict[str, bytes]:
        try:
            envelope = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _slowly(body, heads)
        raw = {head: bytes(getattr(envelope, name)) for head, name in zip(heads, names, strict=True)}
        return {head: value for head, value in raw.items() if value}

    return opened


def _slowly(body: bytes, heads: list[str]) -> dict[str, bytes]:
    """Read what the fast decoder does not take, such as UTF-16."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    members = document if is_object(document) else {}
    return {head: json.dumps(members[head]).encode() for head in heads if head in members}


def _walked(raw: dict[str, bytes], path: str) -> Any:
    head, *rest = path.split(".")
    value = msgspec.json.decode(raw[head]) if head in raw else None
    for key in rest:
        value = value.get(key) if is_object(value) else None
    return value
