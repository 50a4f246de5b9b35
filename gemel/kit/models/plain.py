"""Turns records into plain JSON values, their unknown fields included."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

import msgspec

from gemel.kit.models.coding import as_written
from gemel.kit.models.extras import anything_keeps, kept, models_that_keep
from gemel.kit.models.hints import model_of
from gemel.kit.models.parts import parts
from gemel.kit.models.pydantic_ import dumped, is_pydantic
from gemel.kit.models.records import is_record, record_fields
from gemel.kit.types import OMIT, SCALARS, is_array, is_mapping

__all__ = [
    "as_builtin",
    "builtins_of",
    "by_name",
    "given_back",
    "plain_of",
]


def given_back(value: Any) -> Any:
    """Return a value to encode: the value itself, or plain JSON when a record in it has extras."""
    value = as_written(value)
    return builtins_of(value) if anything_keeps() and _has_extras(value) else value


def plain_of(value: Any, *, kept_types: tuple[type, ...] = ()) -> Any:
    """Return a value as plain JSON, with names on the wire and extras; values of `kept_types` stay as they are.

    Raises:
        ValueError: A value has no form by its codec.
    """
    return builtins_of(as_written(value), kept_types=kept_types)


def builtins_of(value: Any, *, kept_types: tuple[type, ...] = ()) -> Any:
    """Return the same of a value in which nothing is left for a codec to write."""
    document = msgspec.to_builtins(value, builtin_types=kept_types, str_keys=True, enc_hook=as_builtin)
    if anything_keeps():
        _merge(value, document)
    return document


def by_name(value: Any) -> Any:
    """Return a value as plain JSON, but with the names that fields have in Python."""
    return _by_name(as_written(value))


def _by_name(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value).items()
        return {**{name: _by_name(inner) for name, inner in fields if inner is not OMIT}, **kept(value)}
    if is_mapping(value):
        names = msgspec.to_builtins(dict.fromkeys(value), str_keys=True, enc_hook=as_builtin)
        return dict(zip(names, map(_by_name, value.values()), strict=True))
    if is_array(value) or isinstance(value, set | frozenset):
        return [_by_name(inner) for inner in cast("list[Any]", value)]
    return msgspec.to_builtins(value, str_keys=True, enc_hook=as_builtin)


def as_builtin(value: Any) -> Any:
    """Return a value of a derived class as its builtin base: numpy's float64, a template engine's safe string.

    msgspec encodes only the builtin classes themselves, and calls its hook for others.

    Raises:
        TypeError: JSON has no form for it.
    """
    for kind, plain in _BUILTIN.items():
        if isinstance(value, kind):
            return plain(value)
    if is_pydantic(type(value)):
        return dumped(value)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


def _datetime(value: datetime) -> datetime:
    day = (value.year, value.month, value.day)
    return datetime(*day, value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


def _time(value: time) -> time:
    return time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


# In this order: a datetime is a date, too. The methods are those of the builtin classes, so that a text is what it
# holds, and not what a derived class shows in its place.
_BUILTIN: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    datetime: _datetime,
    date: lambda value: date(value.year, value.month, value.day),
    time: _time,
    timedelta: lambda value: timedelta(value.days, value.seconds, value.microseconds),
    Decimal: Decimal,
    bytes: bytes,
    Mapping: dict,
}


def _has_extras(value: Any) -> bool:
    return bool(kept(value)) or any(map(_has_extras, _inside(value)))


@functools.cache
def _may_hold_extras(model: type, keeping_models: int) -> bool:
    """Say whether a record of this model may hold extras; the number of keeping models is part of the cache key."""
    for part in parts(model):
        found = model_of(part)
        if part in _OPEN or isinstance(part, TypeVar):
            return True
        if found is not None and any(issubclass(keeps, found) for keeps in models_that_keep()[:keeping_models]):
            return True
    return False


_OPEN: list[Any] = [Any, object, dict, list, tuple, set, frozenset]


def _inside(value: Any) -> Any:
    """Return the values in a record, mapping or array."""
    if isinstance(value, msgspec.Struct):
        if not _may_hold_extras(type(value), len(models_that_keep())):
            return ()
        return [getattr(value, name) for name in value.__struct_fields__]
    if is_mapping(value):
        return value.values()
    if is_record(type(value)):
        return [getattr(value, item.name, None) for item in record_fields(type(value))]
    return cast("Any", value) if is_array(value) or isinstance(value, set | frozenset) else ()


def _merge(value: Any, document: Any) -> None:
    """Add the extras of records to the plain JSON that was made from them."""
    if type(value) in SCALARS:
        return
    if isinstance(value, msgspec.Struct):
        if _may_hold_extras(type(value), len(models_that_keep())):
            _merge_record(value, document)
    elif is_record(type(value)) and not is_pydantic(type(value)):
        for name in document if is_mapping(document) else ():
            _merge(getattr(value, name), document[name])
    elif is_mapping(document) or is_array(document):
        plain = document.values() if is_mapping(document) else document
        for inner, made in zip(_inside(value), plain, strict=True):
            _merge(inner, made)


def _merge_record(value: msgspec.Struct, document: Any) -> None:
    for name, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        if wire in document:
            _merge(getattr(value, name), document[wire])
    document.update(kept(value))
