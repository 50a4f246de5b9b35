"""The marshmallow schema of a Model: the contract of a valid reply, and the source of every detailed error."""

from __future__ import annotations

import functools
import types
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import marshmallow as ma
import marshmallow.validate
import msgspec
from typing_extensions import get_type_hints

from gemel.kit.model import ModelMeta

__all__ = ["ValidationError", "load", "schema_of"]

ValidationError = ma.ValidationError

T = TypeVar("T")


@functools.cache
def schema_of(model: ModelMeta) -> type[ma.Schema]:
    """Return the schema class of a model: same fields, wire names, defaults; unknown fields are dropped."""
    hints = get_type_hints(model, include_extras=True)
    fields = {
        item.name: _field(hints[item.name], name=item.encode_name, required=item.required)
        for item in msgspec.structs.fields(cast("type[msgspec.Struct]", model))
    }
    body: dict[str, Any] = {"Meta": type("Meta", (), {"unknown": ma.EXCLUDE}), "_make": _maker(model), **fields}
    return type(f"{model.__name__}Schema", (ma.Schema,), body)


def load(hint: Any, value: Any) -> Any:
    """Return `value`, decoded JSON, as the type the hint says; raises marshmallow.ValidationError with every fault."""
    field: Any = _field(hint, name=None, required=True)
    return field.deserialize(value)


def _maker(model: ModelMeta) -> Any:
    def make(self: ma.Schema, data: dict[str, Any], **_: Any) -> Any:
        return model(**data)

    return ma.post_load(make)


def _field(hint: Any, *, name: str | None, required: bool) -> ma.fields.Field[Any]:
    outer, schema = _unwrapped(hint)
    options: dict[str, Any] = {"data_key": name, "required": required, "allow_none": _allows_none(outer)}
    plain, inner = _unwrapped(_without_none(outer))
    schema = schema or inner
    if schema is not None:
        return ma.fields.Nested(schema, **options)
    if isinstance(plain, ModelMeta):
        return ma.fields.Nested(lambda: schema_of(plain)(), **options)
    if plain in _SIMPLE:
        simple: ma.fields.Field[Any] = _SIMPLE[plain](**options)
        return simple
    return _container(plain, options)


def _container(plain: Any, options: dict[str, Any]) -> ma.fields.Field[Any]:
    base, inner = get_origin(plain), get_args(plain)
    if base is list:
        return ma.fields.List(_field(inner[0], name=None, required=True), **options)
    if base is dict and inner[0] is str:
        values = _field(inner[1], name=None, required=True)
        return ma.fields.Dict(keys=ma.fields.String(), values=values, **options)
    if base is Literal:
        return ma.fields.Raw(validate=marshmallow.validate.OneOf(inner), **options)
    return _Converted(plain, **options)


class _Converted(ma.fields.Field[Any]):
    """A value whose one reading is msgspec's: dates, UUIDs, decimals, enums, unions."""

    def __init__(self, hint: Any, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._hint = hint

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return msgspec.convert(value, self._hint)
        except msgspec.ValidationError as error:
            raise ma.ValidationError(str(error)) from None


class _Text(ma.fields.String):
    """A JSON string; nothing else is taken for one."""


def _integer(**options: Any) -> ma.fields.Field[Any]:
    return ma.fields.Integer(strict=True, **options)


_SIMPLE: dict[Any, Any] = {
    str: _Text,
    int: _integer,
    float: ma.fields.Float,
    bool: ma.fields.Boolean,
    Any: ma.fields.Raw,
    dict: ma.fields.Dict,
}


def _unwrapped(hint: Any) -> tuple[Any, type[ma.Schema] | ma.Schema | None]:
    """Return the hint without Annotated, and the marshmallow schema it names, if any."""
    if get_origin(hint) is not Annotated:
        return hint, None
    plain, *marks = get_args(hint)
    for mark in marks:
        if isinstance(mark, ma.Schema) or (isinstance(mark, type) and issubclass(mark, ma.Schema)):
            return plain, mark
    return plain, None


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _allows_none(hint: Any) -> bool:
    return hint is Any or type(None) in _members(hint)


def _without_none(hint: Any) -> Any:
    left = tuple(member for member in _members(hint) if member not in (type(None), msgspec.UnsetType))
    return functools.reduce(lambda one, other: one | other, left) if left else hint
