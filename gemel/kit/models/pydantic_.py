"""pydantic's models and dataclasses: known by what their classes have, read and written by pydantic itself.

Nothing of pydantic is imported before a class of it is met. What is handed to it is JSON, so that a type means what
`model_validate_json` makes of it: a date is a text there, also to a strict model.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeGuard, Union, cast, get_args, get_origin

import msgspec

from gemel.kit.http.encoding import Refused
from gemel.kit.http.redaction import MASK
from gemel.kit.types import is_array, is_mapping, is_object

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, ValidationError

__all__ = [
    "PydanticField",
    "core_schema_of",
    "dumped",
    "extras_of",
    "faults_in",
    "guards_a_secret",
    "is_pydantic",
    "is_read_by_pydantic",
    "pydantic_fields",
    "read_by_pydantic",
    "root_of_model",
]


def is_pydantic(kind: Any) -> TypeGuard[type[Any]]:
    """Say whether a class is a model or a dataclass of pydantic's."""
    return isinstance(kind, type) and hasattr(kind, "__pydantic_validator__")


def is_read_by_pydantic(hint: Any) -> bool:
    """Say whether pydantic reads a type as a whole: a class of its own, or a union that has one beside others."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(plain) in (Union, UnionType):
        members = [member for member in get_args(plain) if member is not type(None)]
        closed = Any not in members and object not in members
        return len(members) > 1 and closed and any(map(is_read_by_pydantic, members))
    return is_pydantic(get_origin(plain) or plain)


def root_of_model(kind: Any) -> Any:
    """Return what a RootModel is read from, None for any other class."""
    return pydantic_fields(kind)[0].hint if getattr(kind, "__pydantic_root_model__", False) else None


def guards_a_secret(kind: Any) -> bool:
    """Say whether a class keeps what it holds out of its repr, as SecretStr does."""
    return hasattr(kind, "get_secret_value")


class PydanticField(NamedTuple):
    """One field of a class of pydantic's.

    Attributes:
        name: In Python.
        wire: In JSON.
        hint: What it may hold, marks included.
        shown: Whether the repr shows it.
    """

    name: str
    wire: str
    hint: Any
    shown: bool


def pydantic_fields(kind: Any) -> list[PydanticField]:
    """Return the fields of a class of pydantic's; raises NameError while one names what is not there."""
    if not kind.__dict__.get("__pydantic_complete__", True) and not _completed(kind):
        raise NameError(f"{kind.__name__} names types that are not there yet")
    return [
        PydanticField(name, item.serialization_alias or name, _marked(item), bool(item.repr))
        for name, item in cast("Mapping[str, Any]", kind.__pydantic_fields__).items()
    ]


def _completed(kind: Any) -> bool:
    rebuild = getattr(kind, "model_rebuild", None)
    return rebuild is not None and bool(rebuild(raise_errors=False))


def _marked(item: Any) -> Any:
    return Annotated[cast("Any", (item.annotation, *item.metadata))] if item.metadata else item.annotation


def extras_of(value: Any) -> Mapping[str, Any]:
    """Return what a record of pydantic's keeps beside its fields."""
    return getattr(value, "__pydantic_extra__", None) or {}


def read_by_pydantic(hint: Any, value: Any) -> Any:
    """Return decoded JSON as a type that pydantic reads; raises pydantic's ValidationError, which is a ValueError."""
    return _reader(hint)(msgspec.json.encode(value))


@functools.lru_cache(maxsize=4096)
def _reader(hint: Any) -> Callable[[bytes], Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(hint).validate_json


def faults_in(error: ValueError) -> Any:
    """Return the faults that pydantic tells of, nested by path and worded as marshmallow's, without values."""
    faults: dict[Any, Any] = {}
    for fault in cast("Any", error).errors(include_url=False, include_context=False, include_input=False):
        inner = faults
        for step in fault["loc"]:
            inner = inner.setdefault(step, {})
        inner.setdefault("_schema", []).append(_WORDS.get(fault["type"], fault["msg"]))
    return _without_empty_levels(faults)


_WORDS = {"missing": "Missing data for required field.", "extra_forbidden": "Unknown field."}


def _without_empty_levels(faults: dict[Any, Any]) -> Any:
    if list(faults) == ["_schema"]:
        return faults["_schema"]
    return {step: inner if step == "_schema" else _without_empty_levels(inner) for step, inner in faults.items()}


def dumped(value: Any) -> Any:
    """Return a record of pydantic's as JSON would hold it, by its aliases.

    Raises:
        Refused: It does not fit its own class, or would be sent with a secret masked.
    """
    kind = cast("Any", type(value))
    try:
        document = kind.__pydantic_serializer__.to_python(value, mode="json", by_alias=True, warnings="error")
    except ValueError as error:  # PydanticSerializationError; its text shows the value
        fields = ", ".join(dict.fromkeys(re.findall(r"field_name='(\w+)'", str(error))))
        told = f": look at {fields}" if fields else ""
        raise Refused(f"pydantic cannot write it as the {kind.__name__} that it is{told}") from None
    if _STARS in _texts(document):
        raise Refused(
            f"pydantic writes a secret of this {kind.__name__} as asterisks; give the field "
            'a @field_serializer(..., when_used="json") that returns its get_secret_value()'
        )
    return document


_STARS = "*" * 10
"""What pydantic writes in the place of what a SecretStr holds, whatever its length."""


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif is_object(document):
        for inner in document.values():
            yield from _texts(inner)
    elif is_array(document):
        for inner in document:
            yield from _texts(inner)


def core_schema_of(
    source: Any,
    read: Callable[[Any], Any],
    write: Callable[[Any], Any],
    *,
    schema: Callable[[], dict[str, Any]],
    hides: bool,
    refusal: Callable[[Exception], Any],
) -> CoreSchema:
    """Return how pydantic reads and writes a record of ours.

    Args:
        source: The class, or one with type arguments.
        read: Makes decoded JSON, or a record, into a record.
        write: Makes a record into plain JSON.
        schema: Returns its JSON Schema.
        hides: Whether errors may not show what was given, which may hold secrets.
        refusal: Returns the faults that an error of `read` tells of, nested by path; None for another error.
    """
    from pydantic_core import core_schema

    def validate(value: Any) -> Any:
        try:
            return read(value)
        except Exception as error:
            faults = refusal(error)
            if faults is None:
                raise
            raise _validation_error(source, faults, MASK if hides else value) from None

    def describe(_schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return _json_schema(source, schema)

    return core_schema.no_info_plain_validator_function(
        validate,
        metadata={"pydantic_js_functions": [describe]},
        serialization=core_schema.plain_serializer_function_ser_schema(write),
    )


def _validation_error(source: Any, faults: Any, given: Any) -> ValidationError:
    from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

    told = [
        InitErrorDetails(type=PydanticCustomError("gemel", "{text}", {"text": text}), loc=place, input=given)
        for place, text in _flat(faults, ())
    ]
    return ValidationError.from_exception_data(getattr(source, "__name__", str(source)), told)


def _flat(faults: Any, place: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if is_mapping(faults):
        for step, inner in faults.items():
            yield from _flat(inner, place if step == "_schema" else (*place, step))
    else:
        yield place, " ".join(map(str, faults))


def _json_schema(source: Any, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON Schema of a record of ours, what it refers to written out; an open one where it nests itself."""
    title = getattr(source, "__name__", str(source))
    try:
        schema = describe()
        return cast("dict[str, Any]", _written_out(schema, schema.get("$defs", {}), ()))
    except (TypeError, RecursionError):
        return {"type": "object", "title": title}


def _written_out(schema: Any, known: Mapping[str, Any], around: tuple[str, ...]) -> Any:
    if is_array(schema):
        return [_written_out(inner, known, around) for inner in schema]
    if not is_object(schema):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name in around:
        return {"type": "object", "title": name}
    if name:
        return _written_out(known[name], known, (*around, name))
    # msgspec says "additionalProperties": false of models that keep what they do not declare.
    left_out = ("$defs",) if is_object(schema.get("additionalProperties")) else ("$defs", "additionalProperties")
    return {key: _written_out(inner, known, around) for key, inner in schema.items() if key not in left_out}
