"""Values with codecs as the wire has them, before anything else is made of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec

from gemel.kit.models.codec import Codec, anything_coded, codec_in, refuse_other_type
from gemel.kit.models.extras import keep_extras, kept
from gemel.kit.models.hints import is_alias, json_kind, loosest, model_fields, opened, remembered, taken_apart
from gemel.kit.models.parts import parts
from gemel.kit.types import OMIT, is_array, is_mapping

__all__ = ["as_written", "writer_of"]

Writer = Callable[[Any], Any]
"""Makes of a value what the wire has; what no codec is about stays as it is."""


def as_written(value: Any) -> Any:
    """Return a value whose records hold, where a field has a codec, what the wire has.

    Raises:
        ValueError: A value has no such form.
    """
    return _written(value) if anything_coded() else value


def _written(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _written_record(value)
    if is_mapping(value):
        made = {name: _written(item) for name, item in value.items()}
        return made if any(made[name] is not value[name] for name in made) else value
    if is_array(value):
        items = [_written(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _written_record(record: Any) -> Any:
    changes = {name: write(getattr(record, name)) for name, write in _writers(cast("Any", type(record)))}
    changed = {name: new for name, new in changes.items() if new is not getattr(record, name)}
    return keep_extras(msgspec.structs.replace(record, **changed), kept(record)) if changed else record


@functools.cache
def _writers(model: Any) -> tuple[tuple[str, Writer], ...]:
    """Return what writes those fields of a model in which there may be a codec."""
    if not _may_hold_codecs(model):
        return ()
    found = ((item.name, writer_of(item.type) or _written) for item in model_fields(loosest(model)))
    return tuple(found)


@functools.cache
def _may_hold_codecs(model: Any) -> bool:
    return any(isinstance(part, Codec) or part in _OPEN for part in parts(loosest(model)))


_OPEN: tuple[Any, ...] = (Any, object, dict, list, tuple)


@remembered
def writer_of(hint: Any) -> Writer | None:
    """Return what writes the values of a type, None where no codec stands in the type itself.

    Raises:
        TypeError: A codec makes other values than those of the type beside it.
    """
    if not any(isinstance(part, Codec) for part in _marks_in(hint)):
        return None
    plain, marks, _ = taken_apart(hint)
    codec = codec_in(marks)
    if codec is not None:
        refuse_other_type(codec, plain)
        return lambda value: value if value is None or value is OMIT else codec.write(value)
    inner = get_args(plain)
    if get_origin(plain) in (Union, UnionType):
        raise TypeError("a codec can stand in a union with None alone")
    if json_kind(plain) == "object":
        write = writer_of(inner[1]) or _written
        return lambda value: {name: write(item) for name, item in value.items()} if is_mapping(value) else value
    write = writer_of(inner[0]) or _written
    return lambda value: [write(item) for item in value] if is_array(value) else value


def _marks_in(hint: Any) -> list[Any]:
    """Return the marks in a type, but not those of the fields of records in it."""
    if is_alias(hint):
        hint = opened(hint)
    if is_alias(hint):
        return []
    inner = get_args(hint)
    marks = list(inner[1:]) if get_origin(hint) is Annotated else []
    return [*marks, *(mark for part in inner for mark in _marks_in(part))]
