"""What a record keeps of a reply beside its fields, and how it gives that back."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, cast

import msgspec

from gemel.kit.types import OMIT, SCALARS, is_array, is_mapping

__all__ = [
    "KEEPING",
    "anything_keeps",
    "by_name",
    "given_back",
    "keep_extras",
    "keeping",
    "keeps_unknown",
    "kept",
    "none_for_absent",
    "plain_of",
]

T = TypeVar("T")

_PLACE = "__extras__"
_NONE: dict[str, Any] = {}
_keeping_models: list[type] = []


def keeping(model: type) -> None:
    """Note that there is a model that keeps what it does not declare; without one, nothing is ever looked for."""
    _keeping_models.append(model)


def anything_keeps() -> bool:
    """Whether there is a model that keeps, anywhere."""
    return bool(_keeping_models)


def keeps_unknown(model: Any) -> bool:
    """Whether a model was made with `unknown="keep"`."""
    return bool(model.__struct_config__.forbid_unknown_fields)


def none_for_absent(model: Any, name: str) -> property:
    """Return what reads a field as None while its place in the record holds OMIT, which is never encoded."""
    place = model.__dict__[name]

    def read(record: Any) -> Any:
        value = place.__get__(record)
        return None if value is OMIT else value

    return property(read)


def keep_extras(record: T, extras: dict[str, Any]) -> T:
    """Give a record that was just made its extras, and return it."""
    if extras:
        msgspec.structs.force_setattr(cast(Any, record), _PLACE, extras)
    return record


def kept(record: Any) -> dict[str, Any]:
    """Return the extras of a record, not to be changed."""
    return getattr(record, _PLACE, _NONE)


def given_back(value: Any) -> Any:
    """Return what to encode for a value: itself, or plain JSON when a record in it has extras."""
    return plain_of(value) if _keeping_models and _has_extras(value) else value


def plain_of(value: Any, *, kept_types: tuple[type, ...] = ()) -> Any:
    """Return a value as JSON would hold it, by wire names, extras included; values of `kept_types` stay as they are."""
    document = msgspec.to_builtins(value, builtin_types=kept_types, str_keys=True)
    if _keeping_models:
        _merge(value, document)
    return document


def by_name(value: Any) -> Any:
    """Return a value as JSON would hold it, but records by their Python names."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value).items()
        return {**{name: by_name(inner) for name, inner in fields if inner is not OMIT}, **kept(value)}
    if is_mapping(value):
        names = msgspec.to_builtins(dict.fromkeys(value), str_keys=True)
        return dict(zip(names, map(by_name, value.values()), strict=True))
    if is_array(value) or isinstance(value, set | frozenset):
        return [by_name(inner) for inner in cast("list[Any]", value)]
    return msgspec.to_builtins(value, str_keys=True)


def _has_extras(value: Any) -> bool:
    return bool(kept(value)) or any(map(_has_extras, _inside(value)))


@functools.cache
def _may_hold_extras(model: type, keeping_models: int) -> bool:
    """Whether a record of this model can be, or have in it, one with extras; asked anew when there are more models."""
    from gemel.kit.hints import model_of, parts

    for part in parts(model):
        found = model_of(part)
        if part in _OPEN or isinstance(part, TypeVar):
            return True
        if found is not None and any(issubclass(keeps, found) for keeps in _keeping_models[:keeping_models]):
            return True
    return False


_OPEN: list[Any] = [Any, object, dict, list, tuple, set, frozenset]


def _inside(value: Any) -> Any:
    """Return the values that a record, mapping or array holds."""
    if isinstance(value, msgspec.Struct):
        if not _may_hold_extras(type(value), len(_keeping_models)):
            return ()
        return [getattr(value, name) for name in value.__struct_fields__]
    if is_mapping(value):
        return value.values()
    return cast("Any", value) if is_array(value) or isinstance(value, set | frozenset) else ()


def _merge(value: Any, document: Any) -> None:
    """Put the extras of records into the plain JSON that was made of them."""
    if type(value) in SCALARS:
        return
    if isinstance(value, msgspec.Struct):
        if _may_hold_extras(type(value), len(_keeping_models)):
            _merge_record(value, document)
    elif is_mapping(document) or is_array(document):
        plain = document.values() if is_mapping(document) else document
        for inner, made in zip(_inside(value), plain, strict=True):
            _merge(inner, made)


def _merge_record(value: msgspec.Struct, document: Any) -> None:
    for name, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        if wire in document:
            _merge(getattr(value, name), document[wire])
    document.update(kept(value))


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
"""The methods of models that keep: extras count when they are compared, and are copied and pickled with the fields."""
