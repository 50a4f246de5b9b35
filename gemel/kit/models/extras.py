"""Keeps the unknown fields of a reply in a record, and gives them back when it is sent."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from gemel.kit.types import OMIT

__all__ = [
    "KEEPING",
    "anything_keeps",
    "keep_extras",
    "keeping",
    "keeps_unknown",
    "kept",
    "models_that_keep",
    "none_for_absent",
]

T = TypeVar("T")

_PLACE = "__extras__"
_NONE: dict[str, Any] = {}
_keeping_models: list[type] = []


def keeping(model: type) -> None:
    """Note a model that keeps unknown fields; while there is none, nothing is looked for."""
    _keeping_models.append(model)


def anything_keeps() -> bool:
    """Say whether any model keeps unknown fields."""
    return bool(_keeping_models)


def models_that_keep() -> list[type]:
    """Return the models that keep unknown fields, in the order they were made; do not change the list."""
    return _keeping_models


def keeps_unknown(model: Any) -> bool:
    """Say whether a model was made with `unknown="keep"`."""
    return bool(model.__struct_config__.forbid_unknown_fields)


def none_for_absent(model: Any, name: str) -> property:
    """Return a property that reads a field as None while the record holds OMIT, which is never encoded."""
    place = model.__dict__[name]

    def read(record: Any) -> Any:
        value = place.__get__(record)
        return None if value is OMIT else value

    return property(read)


def keep_extras(record: T, extras: dict[str, Any]) -> T:
    """Store the unknown fields in a new record, and return it."""
    if extras:
        # Models are frozen structs, whose attributes nothing else can set.
        msgspec.structs.force_setattr(cast(Any, record), _PLACE, extras)
    return record


def kept(record: Any) -> dict[str, Any]:
    """Return the unknown fields of a record; do not change the dict."""
    return getattr(record, _PLACE, _NONE)


def _equal(self: Any, other: Any) -> Any:
    same = msgspec.Struct.__eq__(self, other)
    return same if same is not True else kept(self) == kept(other)


def _hash(self: Any) -> int:
    return msgspec.Struct.__hash__(self)


def _reduce(self: Any) -> tuple[Any, ...]:
    return _revived, (type(self), msgspec.structs.asdict(self), kept(self))


def _revived(model: Any, fields: dict[str, Any], extras: dict[str, Any]) -> Any:
    return keep_extras(model(**fields), extras)


def _replace(self: Any, /, **changes: Any) -> Any:
    return keep_extras(msgspec.structs.replace(self, **changes), kept(self))


KEEPING: dict[str, Any] = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__reduce__": _reduce,
    "__copy__": _replace,
    "__replace__": _replace,
}
"""The methods of models that keep unknown fields: these are compared, copied and pickled with the declared ones."""
