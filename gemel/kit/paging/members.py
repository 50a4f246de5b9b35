"""Reads what a reply has beside its items: a total, a cursor, an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from gemel.kit.http.messages import Response
from gemel.kit.models.members import paths_of, raw_members

__all__ = ["PageMembers", "member_reader"]


class PageMembers(msgspec.Struct, frozen=True):
    """The members of a reply beside its items.

    Attributes:
        values: The values by path; a path that leads nowhere is left out.
        listed: The raw JSON of the items, to tell whether they came before.
    """

    values: dict[str, Any]
    listed: bytes


def member_reader(listed: str | None, paths: Iterable[str]) -> Callable[[Response], PageMembers]:
    """Return a function that reads these members of a reply; it never raises, and finds nothing outside a JSON object.

    The items themselves are not decoded a second time.

    Args:
        listed: The key of the items, with dots to go into objects; None when they are the whole body.
        paths: Keys, with dots to go into objects: "meta.next".
    """
    wanted = tuple(paths)
    asked = (*wanted, listed) if listed else wanted
    if not asked:
        return lambda response: PageMembers({}, response.body)
    opened = raw_members(sorted({steps[0] for path in asked for steps in paths_of(path)}))

    def read(response: Response) -> PageMembers:
        raw = opened(response)
        found = {path: value for path in wanted if (value := _decoded(_raw_at(raw, path))) is not None}
        return PageMembers(found, _raw_at(raw, listed) if listed else response.body)

    return read


def _raw_at(raw: Mapping[str, Any], path: str) -> bytes:
    """Return the raw JSON that a path leads to, b"" where it leads to none."""
    for head, *rest in paths_of(path):
        value = bytes(raw.get(head, b""))
        for step in rest:
            value = bytes(_members(value).get(step, b""))
        if value:
            return value
    return b""


def _members(raw: bytes) -> Mapping[str, Any]:
    try:
        return _OBJECT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


# Raw leaves each value undecoded, so that a large list of items is passed over and not built a second time.
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
