"""Reads replies with unknown fields into models that keep them, without a schema."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

from gemel.kit.models.extras import anything_keeps, keep_extras, keeps_unknown
from gemel.kit.models.fast import converter
from gemel.kit.models.hints import (
    is_alias,
    json_kind,
    members_of,
    model_fields,
    model_of,
    opened,
    remembered,
    tag_of,
    taken_apart,
)
from gemel.kit.models.parts import holds_decimals, parts
from gemel.kit.models.pydantic_ import is_read_by_pydantic
from gemel.kit.models.records import is_record
from gemel.kit.types import is_array, is_object

__all__ = ["keeper"]

Build: TypeAlias = "Callable[[Any], Any]"
"""Replaces JSON objects that have unknown fields by finished records."""


@remembered
def keeper(hint: Any) -> Build | None:
    """Return a function that reads decoded JSON as a type with models that keep unknown fields, None without any.

    It raises msgspec.ValidationError for what it does not accept, which the schema may still accept.
    """
    if not anything_keeps() or not _keeps(hint) or holds_decimals(hint):
        return None
    build, convert = _building(hint), converter(hint)
    return lambda value: convert(build(value))


def _keeps(hint: Any) -> bool:
    return any(keeps_unknown(model) for part in parts(hint) if (model := model_of(part)) is not None)


@remembered
def _building(hint: Any) -> Build:
    if not _keeps(hint):
        return _as_it_is
    if is_alias(hint):  # it may name itself, so it is looked into on first use
        return lambda value: _building(opened(hint))(value)
    plain, marks, _ = taken_apart(hint)
    if model_of(plain) is not None:
        return _Records(plain)
    if is_read_by_pydantic(plain):
        return _as_it_is
    if is_record(plain):
        return _as_it_is  # left to the schema
    base, inner = get_origin(plain), get_args(plain)
    if base in (Union, UnionType):
        members = members_of(plain, marks)
        return lambda value: value if (found := members.told(value)) is None else _building(found)(value)
    if json_kind(plain) == "object":
        build = _building(inner[1])
        return lambda value: {key: build(item) for key, item in value.items()} if is_object(value) else value
    if base is tuple and inner[1:] != (...,):
        builds = list(map(_building, inner))
        return lambda value: _each(builds, value) if is_array(value) and len(value) == len(builds) else value
    build = _building(inner[0])
    return lambda value: list(map(build, value)) if is_array(value) else value


def _each(builds: list[Build], value: Any) -> list[Any]:
    return [build(item) for build, item in zip(builds, value, strict=True)]


def _as_it_is(value: Any) -> Any:
    return value


class _Records:
    """Builds the records of one model; its fields are examined on first use, since a model may contain itself."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._keeps = keeps_unknown(model_of(model))
        tag = tag_of(model)
        self._known = {item.encode_name for item in model_fields(model)} | ({tag[0]} if tag is not None else set[str]())

    @functools.cached_property
    def _inner(self) -> dict[str, Build]:
        return {item.encode_name: _building(item.type) for item in model_fields(self._model) if _keeps(item.type)}

    @functools.cached_property
    def _convert(self) -> Build:
        return converter(self._model)

    def __call__(self, value: Any) -> Any:
        if not is_object(value):
            return value
        built = {name: build(value[name]) for name, build in self._inner.items() if name in value}
        if not self._keeps:
            return {**value, **built}
        extras = {name: item for name, item in value.items() if name not in self._known}
        fields = {name: item for name, item in value.items() if name in self._known} if extras else value
        # msgspec would refuse the unknown fields (`forbid_unknown_fields`), so they are taken out before and stored
        # after.
        return keep_extras(self._convert({**fields, **built}), extras)
