"""Drift: where a reply differs from its declared type though it can be read; and how strictly replies are read."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from gemel.kit.models.unions import OpenEnum, OpenIntEnum
from gemel.kit.types import is_array, is_mapping, is_object

__all__ = [
    "LENIENT",
    "Drift",
    "DriftKind",
    "Found",
    "OnDrift",
    "Reading",
    "Validate",
    "drift_of",
    "drift_of_faults",
    "faults_of",
]

Validate: TypeAlias = Literal["lenient", "strict", "off"]
"""How strictly replies are checked; see `Reading`."""

DriftKind: TypeAlias = Literal["unknown", "missing", "invalid"]
"""The kind of a difference; see `Drift`."""


class Drift(Struct, frozen=True):
    """One difference between a reply and its declared type. It holds no value of the reply, so it may be logged.

    Attributes:
        path: Where it is, from the top of the reply, by names on the wire: "secrets[].tags[].slug"; "*" stands for the
            keys of a dict.
        kind: "unknown" for a field that the model does not declare or a value that an OpenEnum does not know,
            "missing" for a declared field that is not there, "invalid" for a value of another type, which was refused
            or which only the leniency of the schema accepts.
        endpoint: The call, such as "secrets.list".
    """

    path: str
    kind: DriftKind
    endpoint: str


OnDrift: TypeAlias = Callable[[Drift], object]
"""A function called with each difference, once for each reply; what it raises reaches the caller."""


class Reading(Struct, frozen=True):
    """How a client reads replies.

    Attributes:
        validate: "lenient" accepts what the schema accepts; unknown fields are dropped or kept as the model says.
            "strict" also refuses unknown fields, unknown values of open enums, and values that only the leniency of the
            schema accepts. "off" leaves what does not fit as JSON has it, and refuses only a reply that is not JSON or
            lacks its envelope.
        on_drift: Called with each difference, None for no report.

    Raises:
        ValueError: `validate` is none of the three.
    """

    validate: Validate = "lenient"
    on_drift: OnDrift | None = None

    def __post_init__(self) -> None:
        if self.validate not in ("lenient", "strict", "off"):
            raise ValueError(f'validate: expected "lenient", "strict" or "off", got {self.validate!r}')


LENIENT: Reading = Reading()
"""The default: lenient, without reports of drift."""

Location: TypeAlias = "tuple[str | int, ...]"

Found: TypeAlias = "dict[tuple[str, DriftKind], Location]"
"""Differences by path and kind, each with its first location: keys and indices from the top of the reply."""


def drift_of(value: Any, document: Any, place: Location = ()) -> Found:
    """Return where a decoded value differs from its JSON: the first location of each path and kind."""
    found: Found = {}
    _compare(value, document, ".".join(str(step) for step in place), place, found)
    return found


def drift_of_faults(faults: Any) -> Found:
    """Return the drift that the messages of a schema report."""
    found: Found = {}
    for path, place, text in _flat(faults, "", ()):
        kind: DriftKind = "missing" if text.startswith("Missing") else "unknown" if "nknown" in text else "invalid"
        found.setdefault((path, kind), place)
    return found


def faults_of(found: Found) -> dict[Any, Any]:
    """Return a message for each difference that strict reading refuses, nested by path as those of a schema."""
    faults: dict[Any, Any] = {}
    for (_, kind), place in found.items():
        if kind != "missing":
            inner = functools.reduce(_opened, place[:-1], faults)
            inner[place[-1] if place else "_schema"] = [_TEXTS[kind]]
    return faults


_TEXTS: dict[DriftKind, str] = {
    "unknown": "Unknown field or value.",
    "invalid": "Not of the declared type.",
}


def _opened(faults: dict[Any, Any], step: str | int) -> dict[Any, Any]:
    """Return the faults inside a step, with those of the step itself among them."""
    inner: Any = faults.setdefault(step, {})
    if is_object(inner):
        return inner
    made: dict[Any, Any] = {"_schema": inner}
    faults[step] = made
    return made


@functools.cache
def _wire_names(model: type[Struct]) -> dict[str, str]:
    return dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))


def _compare(value: Any, document: Any, path: str, place: Location, found: Found) -> None:
    if isinstance(value, Struct):
        if is_object(document):
            _compare_record(value, document, path, place, found)
    elif is_mapping(value):
        if is_mapping(document):
            for (key, inner), given in zip(document.items(), value.values(), strict=False):
                _compare(given, inner, f"{path}.*" if path else "*", (*place, key), found)
    elif is_array(value):
        if is_array(document):
            for index, (given, inner) in enumerate(zip(value, document, strict=False)):
                _compare(given, inner, f"{path}[]", (*place, index), found)
    elif (kind := _leaf_drift(value, document)) is not None:
        found.setdefault((path, kind), place)


def _compare_record(value: Struct, document: dict[str, Any], path: str, place: Location, found: Found) -> None:
    names, before = _wire_names(type(value)), f"{path}." if path else ""
    for wire, name in names.items():
        given, written = getattr(value, name), document.get(wire, names)
        if written is names:
            found.setdefault((before + wire, "missing"), (*place, wire))
        elif type(given) is not type(written) or type(given) in (dict, list):
            _compare(given, written, before + wire, (*place, wire), found)
    for wire in document.keys() - names.keys():
        if wire != value.__struct_config__.tag_field:
            found.setdefault((before + wire, "unknown"), (*place, wire))


_ZONE = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")


def _leaf_drift(value: Any, document: Any) -> DriftKind | None:
    """Return how a single value differs from the JSON value that it was made from."""
    if isinstance(value, enum.Enum):
        return "unknown" if isinstance(value, OpenEnum | OpenIntEnum) and not value.known else None
    if isinstance(value, datetime):
        return None if _ZONE.search(str(document)) else "invalid"
    if isinstance(value, bool | int | float) and type(value) is not type(document):
        return None if type(value) is float and type(document) is int else "invalid"
    return None


def _flat(faults: Any, path: str, place: Location) -> Iterator[tuple[str, Location, str]]:
    if not is_mapping(faults):
        yield path, place, " ".join(map(str, faults)) if is_array(faults) else str(faults)
        return
    for key, inner in faults.items():
        if isinstance(key, int):
            yield from _flat(inner, f"{path}[]", (*place, key))
        elif key == "_schema":
            yield from _flat(inner, path, place)
        else:
            yield from _flat(inner, f"{path}.{key}" if path else str(key), (*place, str(key)))
