"""Finds single members of a JSON reply, by a path or without decoding the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gemel.kit.http.charset import in_other_charset, json_of
from gemel.kit.http.messages import Response
from gemel.kit.types import is_object

__all__ = ["NOWHERE", "paths_of", "raw_members", "value_at"]

NOWHERE: Any = object()
"""The result for a path that leads to no value."""


def paths_of(path: str) -> list[tuple[str, ...]]:
    """Return the readings of a path: dots that go into objects, and the whole text as one key."""
    steps = tuple(path.split("."))
    return [steps] if len(steps) == 1 else [steps, (path,)]


def value_at(document: Any, path: str) -> Any:
    """Return the value at a path in decoded JSON, NOWHERE when there is none.

    Args:
        document: The decoded JSON.
        path: A key, with dots to go into objects, as "meta.next". A key that contains dots itself is found too.
    """
    for steps in paths_of(path):
        value = document
        for step in steps:
            value = value.get(step, NOWHERE) if is_object(value) else NOWHERE
        if value is not NOWHERE:
            return value
    return NOWHERE


def raw_members(names: Iterable[str]) -> Callable[[Response], dict[str, bytes]]:
    """Return a function that reads the raw JSON of these members of a reply.

    It finds nothing in a body that is not a JSON object, and never raises.
    """
    heads = list(names)
    fields = [f"member_{index}" for index in range(len(heads))]
    # Raw needs a default: a field without one is required.
    absent = msgspec.Raw()
    declared: Any = [(field, msgspec.Raw, absent) for field in fields]
    envelope = msgspec.defstruct("Envelope", declared, rename=dict(zip(fields, heads, strict=True)))
    decoder = msgspec.json.Decoder(envelope)

    def read(response: Response) -> dict[str, bytes]:
        if in_other_charset(response.headers):
            return _slowly(response, heads)
        try:
            opened = decoder.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _slowly(response, heads)
        raw = {head: bytes(getattr(opened, field)) for head, field in zip(heads, fields, strict=True)}
        return {head: value for head, value in raw.items() if value}

    return read


def _slowly(response: Response, heads: list[str]) -> dict[str, bytes]:
    """Read a body that msgspec does not take, such as UTF-16."""
    try:
        document = json_of(response)
        members = document if is_object(document) else {}
    except (ValueError, RecursionError):
        return {}
    return {head: json.dumps(members[head]).encode() for head in heads if head in members}
