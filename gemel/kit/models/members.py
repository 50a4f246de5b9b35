"""Single members of a JSON reply: found by a path, or read without decoding the rest."""

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
"""What a path leads to that leads nowhere."""


def paths_of(path: str) -> list[tuple[str, ...]]:
    """Return the ways that a path may mean: by its dots into objects, else as the one key that it is as a whole."""
    steps = tuple(path.split("."))
    return [steps] if len(steps) == 1 else [steps, (path,)]


def value_at(document: Any, path: str) -> Any:
    """Return the value that a path leads to in decoded JSON, NOWHERE where it leads to none.

    Args:
        document: The decoded JSON.
        path: A key, with dots to go into objects: "meta.next". A key that has dots itself is found too.
    """
    for steps in paths_of(path):
        value = document
        for step in steps:
            value = value.get(step, NOWHERE) if is_object(value) else NOWHERE
        if value is not NOWHERE:
            return value
    return NOWHERE


def raw_members(names: Iterable[str]) -> Callable[[Response], dict[str, bytes]]:
    """Return what gives the raw JSON of each of these members that a reply has.

    It finds nothing in what is not a JSON object, and never raises.
    """
    heads = list(names)
    fields = [f"member_{index}" for index in range(len(heads))]
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
    """Read what the fast decoder does not take, such as UTF-16."""
    try:
        document = json_of(response)
        members = document if is_object(document) else {}
    except (ValueError, RecursionError):
        return {}
    return {head: json.dumps(members[head]).encode() for head in heads if head in members}
