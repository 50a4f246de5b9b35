"""Makes records from JSON that does not fit: what fits is typed, the rest stays as JSON has it."""

from __future__ import annotations

from datetime import datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from gemel.kit.models.codec import codec_in
from gemel.kit.models.extras import keep_extras, keeps_unknown
from gemel.kit.models.fast import converter, read_moment
from gemel.kit.models.hints import json_kind, members_of, model_fields, model_of, tag_of, taken_apart
from gemel.kit.models.pydantic_ import is_read_by_pydantic
from gemel.kit.models.schema import load
from gemel.kit.types import OMIT, is_array, is_object

__all__ = ["construct"]


def construct(hint: Any, value: Any) -> Any:
    """Return decoded JSON as close to a type as possible; never raises.

    A missing required field is OMIT. A value that does not fit the type of its field stays as JSON has it.
    """
    plain, marks, _ = taken_apart(hint)
    if is_read_by_pydantic(plain) or codec_in(marks) is not None:
        return _leaf(hint, value)
    if get_origin(plain) in (Union, UnionType):
        members = members_of(plain, marks)
        if members.anything and not (members.by_tag and is_object(value)):
            return load(hint, value)  # what fits none of the others is anything
        found = members.told(value)
        return _leaf(hint, value) if found is None else construct(found, value)
    if model_of(plain) is not None and is_object(value):
        return _record(plain, value)
    inner = get_args(plain)
    if json_kind(plain) == "object" and is_object(value) and inner:
        return {key: construct(inner[1], item) for key, item in value.items()}
    if get_origin(plain) is list and is_array(value):
        return [construct(inner[0], item) for item in value]
    return _leaf(plain, value)


def _record(model: Any, value: dict[str, Any]) -> Any:
    fields: dict[str, Any] = {}
    known = {(tag_of(model) or ("",))[0]}
    for item in model_fields(model):
        known.add(item.encode_name)
        if item.encode_name in value:
            fields[item.name] = construct(item.type, value[item.encode_name])
        elif item.required:
            fields[item.name] = OMIT
    made: Any = model(**fields)
    extras = {name: inner for name, inner in value.items() if name not in known}
    return keep_extras(made, extras) if keeps_unknown(model_of(model)) else made


def _leaf(hint: Any, value: Any) -> Any:
    try:
        return read_moment(value) if hint is datetime else converter(hint)(value)
    except (msgspec.ValidationError, TypeError):
        return value
