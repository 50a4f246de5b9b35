"""The marshmallow schema of a Model: the contract of a valid reply, and the source of every detailed error."""

from __future__ import annotations

import enum
import functools
from collections.abc import MutableSet
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import marshmallow as ma
import msgspec

from gemel.kit.models.codec import codec_in
from gemel.kit.models.decimals import plain_numbers
from gemel.kit.models.extras import keep_extras, keeps_unknown
from gemel.kit.models.fast import refuse_unreadable
from gemel.kit.models.fields import (
    Again,
    Array,
    Choice,
    Coded,
    Converted,
    DecimalNumber,
    ForeignRecord,
    Key,
    Member,
    Moment,
    Plain,
    Scalars,
    TagField,
    UnionField,
    Validated,
)
from gemel.kit.models.hints import (
    Members,
    is_alias,
    is_class,
    is_schema,
    json_kind,
    members_of,
    model_fields,
    model_of,
    opened,
    remembered,
    tag_of,
    taken_apart,
)
from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.parts import parts
from gemel.kit.models.pydantic_ import is_read_by_pydantic
from gemel.kit.models.records import is_record, record_fields

__all__ = ["ValidationError", "load", "schema_of"]

ValidationError = ma.ValidationError


@functools.cache
def schema_of(model: Any) -> type[ma.Schema]:
    """Return the schema class of a model, with the same fields, names on the wire and defaults."""
    made = model_of(model)
    assert made is not None
    fields = {
        item.name: _field(item.type, name=item.encode_name, required=item.required) for item in model_fields(model)
    }
    tag = tag_of(model)
    if tag is not None:
        fields[_TAG] = TagField(tag[1], data_key=tag[0], load_only=True)
    body: dict[str, Any] = {"Meta": type("Meta", (), {"unknown": ma.EXCLUDE}), "_make": _maker(made), **fields}
    body["__module__"] = made.__module__
    return type(f"{made.__name__}Schema", (ma.Schema,), body)


def load(hint: Any, value: Any) -> Any:
    """Load decoded JSON as a type; raises marshmallow.ValidationError that lists every fault."""
    return _root(hint).deserialize(value)


@remembered
def _root(hint: Any) -> Any:
    refuse_unreadable(hint)
    return _field(opened(hint), name=None, required=True)


_TAG = "tag of the model"


def _maker(model: ModelMeta) -> Any:
    known = {item.encode_name for item in model_fields(model)} | {(tag_of(model) or ("",))[0]}

    def make(self: ma.Schema, data: dict[str, Any], original: Any, **_: Any) -> Any:
        data.pop(_TAG, None)
        made = model(**data)
        if keeps_unknown(model):
            keep_extras(made, {name: plain_numbers(value) for name, value in original.items() if name not in known})
        return made

    return ma.post_load(make, pass_original=True)


def _field(hint: Any, *, name: str | None, required: bool) -> ma.fields.Field[Any]:
    plain, marks, allow_none = taken_apart(hint)
    options: dict[str, Any] = {"data_key": name, "required": required, "allow_none": allow_none}
    if is_alias(hint):
        return Again(functools.partial(_root, hint), **options)
    schema = next((mark for mark in marks if is_schema(mark)), None)
    if schema is not None:
        return ma.fields.Nested(schema, **options)
    if (codec := codec_in(marks)) is not None:
        return Coded(codec, **options)
    if is_read_by_pydantic(plain):
        return Validated(Annotated[cast(Any, (plain, *marks))] if marks else plain, **options)
    if any(isinstance(mark, msgspec.Meta) for mark in marks):
        return Converted(Annotated[cast(Any, (plain, *marks))], **options)
    if get_origin(plain) in (Union, UnionType):
        return _union(members_of(plain, marks), options)
    if model_of(plain) is not None:
        # A function, since a model may contain itself; marshmallow calls it on first use.
        return ma.fields.Nested(lambda: schema_of(plain)(), **options)
    if plain in _SIMPLE:
        simple: ma.fields.Field[Any] = _SIMPLE[plain](**options)
        return simple
    return _container(plain, options)


def _container(plain: Any, options: dict[str, Any]) -> ma.fields.Field[Any]:
    base: Any = get_origin(plain) or plain
    inner = get_args(plain)
    if base is Literal:
        return Member(plain, [choice for choice in inner if choice is not None], **options)
    if is_class(base) and issubclass(base, enum.Enum):
        return Member(base, [member.value for member in base], **options)
    if is_record(base):
        return ForeignRecord(plain, functools.partial(_fields_with_models, plain), **options)
    kind = json_kind(plain)
    if kind == "array":
        return _array(base, inner, options)
    if kind == "object":
        keys, values = inner or (str, Any)
        return ma.fields.Dict(keys=Key(keys), values=_field(values, name=None, required=True), **options)
    return Converted(plain, **options)


def _array(base: Any, inner: tuple[Any, ...], options: dict[str, Any]) -> ma.fields.Field[Any]:
    if base is tuple and inner[1:] != (...,) and inner:
        return ma.fields.Tuple([_field(hint, name=None, required=True) for hint in inner], **options)
    make = base if base in (tuple, frozenset) else set if base in (set, AbstractSet, MutableSet) else list
    return Array(make, _field(inner[0] if inner else Any, name=None, required=True), **options)


def _fields_with_models(record: Any) -> dict[Any, ma.fields.Field[Any]]:
    """Return the fields in which a record that is no Model has Models, by name or, in a NamedTuple, by position."""
    is_array = json_kind(record) == "array"
    return {
        position if is_array else item.wire: _field(opened(item.hint), name=None, required=True)
        for position, item in enumerate(record_fields(record))
        if any(model_of(part) is not None for part in parts(item.hint))
    }


def _union(members: Members, options: dict[str, Any]) -> ma.fields.Field[Any]:
    rest = Plain() if members.anything else None
    fields = {kind: _of_kind(kind, members, rest) for kind in members.by_kind}
    return UnionField(fields, rest, **options)


def _of_kind(kind: str, members: Members, rest: ma.fields.Field[Any] | None) -> ma.fields.Field[Any]:
    group = members.by_kind[kind]
    if kind == "object" and members.by_tag:
        by_tag = {tag: _field(model, name=None, required=True) for tag, model in members.by_tag.items()}
        return Choice(by_tag, members.field, rest)
    return _field(group[0], name=None, required=True) if len(group) == 1 else Scalars(list(group))


def _integer(**options: Any) -> ma.fields.Field[Any]:
    # Without strict marshmallow cuts 1.9 to 1.
    return ma.fields.Integer(strict=True, **options)


_SIMPLE: dict[Any, Any] = {
    str: ma.fields.String,
    int: _integer,
    float: ma.fields.Float,
    bool: ma.fields.Boolean,
    Any: Plain,
    object: Plain,
    datetime: Moment,
    Decimal: DecimalNumber,
}
