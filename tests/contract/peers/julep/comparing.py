"""Where two SDKs differ in what they told of the same steps, each at work on records of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ABSENT = "absent"
SOON = 120.0


class Plain:
    """Makes the words of two runs alike: an id is the place where it was told first, a time is "now"."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._now = datetime.now(timezone.utc).timestamp()
        self._ids: dict[str, str] = {}
        for place, value in leaves(told):
            if place.endswith(".id"):
                self._ids.setdefault(str(value), f"id of {place}")
        self.told: dict[str, Any] = {place: self._plain(place, value) for place, value in leaves(told)}

    def _plain(self, place: str, value: Any) -> Any:
        if isinstance(value, str) and value in self._ids:
            return self._ids[value]
        if isinstance(value, str) and UUID.search(value):
            return UUID.sub(lambda found: self._ids.get(found[0], "an id"), value)
        return "now" if re.search(r"(_at|\.created)$", place) and self._is_now(value) else value

    def _is_now(self, value: Any) -> bool:
        written = isinstance(value, str)
        moment = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() if written else float(value)
        return abs(moment - self._now) < SOON


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no object or list, with its place; an empty one is a value, null is none."""
    if isinstance(value, dict) and any(inner is not None for inner in value.values()):
        for name, inner in value.items():
            yield from leaves(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{place}[{index}]")
    elif value is not None:
        yield place, {} if isinstance(value, dict) else value


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By place, what the one told and what the other told, where that is not the same."""
    first, second = Plain(one).told, Plain(other).told
    places = [*first, *(place for place in second if place not in first)]
    pairs = {place: (first.get(place, ABSENT), second.get(place, ABSENT)) for place in places}
    return {place: pair for place, pair in pairs.items() if pair[0] != pair[1]}
