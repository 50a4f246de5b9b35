"""Tells msgspec types under which it accepts no more than the marshmallow schema does.

A model's annotations say `datetime`; msgspec is told `datetime with a zone`, for one without is the schema's to read.
A union with a Discriminator becomes one class that reads the field first. The annotations of the class itself are
replaced only while msgspec looks at them, once, when the first decoder of the model is made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

import msgspec
from msgspec.inspect import CustomType, type_info
from typing_extensions import NotRequired, Required

from gemel.kit.annotations import annotations_of, replaced
from gemel.kit.models.codec import Codec, codec_in, refuse_other_type
from gemel.kit.models.hints import (
    ANNOTATIONS,
    Members,
    completed,
    discriminator,
    is_alias,
    is_class,
    is_schema,
    json_kind,
    members_of,
    model_fields,
    model_of,
    opened,
    rebuilt,
    refuse_unknown_variables,
    remembered,
    tag_of,
    taken_apart,
)
from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.parts import holds_decimals, parts
from gemel.kit.models.pydantic_ import is_pydantic, is_read_by_pydantic, read_by_pydantic
from gemel.kit.models.records import is_record, record_fields
from gemel.kit.models.typed_dicts import is_typed_dict, keys_of
from gemel.kit.types import is_array, is_object

__all__ = ["FastDecoder", "converter", "described", "fast_decoder", "read_moment", "refuse_unreadable"]

FastDecoder: TypeAlias = Callable[[bytes], Any]
"""Decodes a JSON body; raises msgspec.DecodeError, UnicodeDecodeError or RecursionError for one it does not accept."""

# By itself msgspec takes a time without a zone, and makes a naive datetime of it, which no aware one compares with.
_AWARE: Any = Annotated[datetime, msgspec.Meta(tz=True)]
_told: set[Any] = set()


def read_moment(value: Any) -> datetime:
    """Return an RFC 3339 time as a datetime, in UTC when it names no zone; raises msgspec.ValidationError."""
    moment = msgspec.convert(value, datetime)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


@remembered
def fast_decoder(hint: Any, path: tuple[str, ...] = ()) -> FastDecoder | None:
    """Return a decoder that accepts only what the hint's schema accepts, and gives an equal result.

    Args:
        hint: The declared type.
        path: The keys that lead from the top of the reply to the value, through the envelopes around it.

    Returns:
        The decoder; None where the hint names a marshmallow schema or needs exact decimals inside a hook.

    Raises:
        TypeError: JSON cannot be read as the type, or does not say which member of a union it is.
    """
    refuse_unreadable(hint)
    if any(is_schema(part) for part in parts(hint)):
        return None
    told = _tell(hint)
    # What msgspec gives a hook is decoded already, numbers with a fraction to floats.
    if any(_is_hooked(part) and holds_decimals(part) for part in parts(hint)):
        return None
    for key in reversed(path):
        # gc=False keeps it out of the cycle collector: it lives for one call and holds no reference back to itself.
        told = msgspec.defstruct("Envelope", [("value", told)], rename={"value": key}, gc=False)
    # The bound method of a Decoder: `msgspec.json.decode(body, type=...)` looks its type up again on each call.
    decode: FastDecoder = msgspec.json.Decoder(told, dec_hook=_read_choice).decode
    if len(path) < 2:
        return (lambda body: cast(Any, decode(body)).value) if path else decode
    return lambda body: functools.reduce(_value_of, path, decode(body))


def _value_of(envelope: Any, key: str) -> Any:
    return envelope.value


@remembered
def converter(hint: Any, *, str_keys: bool = False) -> Callable[[Any], Any]:
    """Return a function that converts decoded JSON to the type; it raises msgspec.ValidationError."""
    told = _tell(hint)
    return functools.partial(msgspec.convert, type=told, dec_hook=_read_choice, str_keys=str_keys)


def described(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type, by msgspec; raises TypeError where it cannot say."""
    _tell(hint)  # before msgspec looks at the annotations by itself, and keeps what it made of them
    return msgspec.json.schema(hint)


def _tell(hint: Any) -> Any:
    """Return the exact form of a hint, once msgspec has seen the exact annotations of the models in it."""
    hint = opened(hint)
    # One lock for all models: msgspec reads `__annotations__` of the class itself, which are replaced meanwhile.
    with ANNOTATIONS:
        met = [part for part in parts(hint) if model_of(part) is not None and part not in _told]
        told = _exact(hint)
        with ExitStack() as meanwhile:
            for model in {model for part in met if (model := model_of(part)) is not None}:
                exact = {item.name: _exact(item.type) for item in model_fields(model)}
                meanwhile.enter_context(replaced(model, exact))
            for typed_dict in {part for part in map(_origin, parts(hint)) if is_typed_dict(part)}:
                if plain := _without_read_only(typed_dict):
                    meanwhile.enter_context(replaced(typed_dict, plain))
            for seen in [*met, told]:  # msgspec reads the annotations of a model once, and keeps what it made of them
                msgspec.json.Decoder(completed(seen), dec_hook=_read_choice)
        _told.update(part for part in met if isinstance(part, ModelMeta))
    return told


def _origin(hint: Any) -> Any:
    return get_origin(hint) or hint


def _without_read_only(typed_dict: Any) -> dict[str, Any]:
    """Return the annotations of a TypedDict without the mark of keys that nobody may change; {} where none has it.

    msgspec does not know that mark (PEP 705). All keys are given, since annotations are replaced as a whole.
    """
    if not any("ReadOnly" in str(written) for written in annotations_of(typed_dict).values()):
        return {}
    return {name: (Required if key.required else NotRequired)[key.hint] for name, key in keys_of(typed_dict).items()}


def _exact(hint: Any) -> Any:
    if hint is datetime:
        return _AWARE
    # msgspec takes `object` for a custom class and calls the hook for it.
    if hint is object:
        return Any
    if isinstance(hint, ModelMeta):
        return completed(hint)
    if is_alias(hint):
        # An alias may hold itself; the hook stops msgspec from opening it without end.
        return _Choice("Again", (), {"read": functools.partial(_read_again, hint)})
    if is_read_by_pydantic(hint):
        choice = _Choice("Foreign", (), {"read": functools.partial(read_by_pydantic, hint)})
        return choice | None if taken_apart(hint).allow_none else choice
    if get_origin(hint) is Annotated:
        codec = codec_in(get_args(hint)[1:])
        return _exact_annotated(hint, get_args(hint)) if codec is None else _exact_coded(hint, codec)
    if _is_open(hint):
        return _exact_open(members_of(*taken_apart(hint)[:2]))
    return rebuilt(hint, _exact)


def _is_open(hint: Any) -> bool:
    """Say whether a hint is a union in which Any is one of the members."""
    return get_origin(hint) in (Union, UnionType) and any(member in (Any, object) for member in get_args(hint))


def _is_hooked(hint: Any) -> bool:
    """Say whether a `_Choice` stands for a hint."""
    if get_origin(hint) is Annotated and (chosen := discriminator(get_args(hint)[1:])) is not None:
        return isinstance(_exact_choice(get_args(hint)[0], (chosen,)), _Choice | UnionType)
    return is_alias(hint) or _is_open(hint)


def _exact_annotated(hint: Any, inner: tuple[Any, ...]) -> Any:
    plain, *marks = inner
    chosen = discriminator(marks)
    if plain is datetime and any(isinstance(mark, msgspec.Meta) and mark.tz is not None for mark in marks):
        return hint
    told = _exact(plain) if chosen is None else _exact_choice(plain, tuple(marks))
    return Annotated[cast(Any, (told, *marks))]


def _exact_choice(union: Any, marks: tuple[Any, ...]) -> Any:
    members = members_of(taken_apart(union).plain, marks)
    if members.anything:
        return _exact_open(members)
    # msgspec reads a union of tagged structs by itself, faster than a hook that picks the member in Python.
    if all(tag_of(member) is not None for member in members.by_tag.values()):
        return union
    choice = _Choice("Choice", (), {"read": functools.partial(_read_told, members)})
    # With None beside it msgspec answers null by itself; alone, the class would be given null by way of the hook.
    return choice | None if type(None) in get_args(union) else choice


def _exact_open(members: Members) -> Any:
    """Return what stands for a union that has Any in it, which msgspec takes for Any alone."""
    if not members.by_kind:
        return Any
    return _Choice("Open", (), {"read": functools.partial(_read_open, members)})


def _read_again(alias: Any, value: Any) -> Any:
    return converter(alias)(value)


def _read_told(members: Members, value: Any) -> Any:
    member = members.told(value)
    if member is None:
        raise ValueError("not one of the union's models")
    return converter(member)(value)


def _read_open(members: Members, value: Any) -> Any:
    """Read what a member is meant by as that member, and leave anything else as it came.

    What does not fit the one type that it may be is left to the schema, which forgives more.
    """
    if members.by_tag and is_object(value):
        member = members.told(value)
        return value if member is None else converter(member)(value)
    kind = members.by_kind.get("object" if is_object(value) else "array" if is_array(value) else "scalar")
    return value if kind is None or value is None else converter(Union[kind])(value)  # noqa: UP007


class _Choice(type):
    """A class that stands for what msgspec cannot read by itself; it hands what it meets there to `_read_choice`."""

    read: Callable[[Any], Any]

    # msgspec asks whether what the hook gave is an instance of the class that it was called for.
    def __instancecheck__(cls, instance: Any) -> bool:
        return True


class _Coded(_Choice):
    """A _Choice that a codec reads, of which there may be thousands in a reply."""


def _exact_coded(hint: Any, codec: Codec) -> Any:
    plain, _, allow_none = taken_apart(hint)
    refuse_other_type(codec, plain)
    coded = _Coded("Coded", (), {"read": staticmethod(codec.read)})
    return coded | None if allow_none else coded


def _read_choice(choice: type, value: Any) -> Any:
    if type(choice) is _Coded:
        return choice.read(value)
    if choice is object:
        return value
    if not isinstance(choice, _Choice):
        raise NotImplementedError(f"{choice.__name__} cannot be decoded")
    # The road of models that keep has built some records by itself.
    return value if isinstance(value, msgspec.Struct) else choice.read(value)


@remembered
def refuse_unreadable(hint: Any) -> None:
    """Refuse a type that JSON cannot be read as, or only in part.

    Args:
        hint: The type. One that names a marshmallow schema is that schema's to judge.

    Raises:
        TypeError: It is, or has in it, such a type, or a type parameter that stands for nothing.
    """
    refuse_unknown_variables(hint)
    if not any(is_schema(part) for part in parts(hint)):
        _refuse_undecodable(hint)


def _refuse_undecodable(hint: Any) -> None:
    for place, leaf in _leaves(hint, "", set()):
        # msgspec builds a decoder for any class and calls the hook for it only when a value comes, which would fail at
        # the first reply and not at import.
        if _holds_custom(type_info(leaf)):
            raise TypeError(f"{place}{getattr(leaf, '__qualname__', leaf)} is nothing that JSON can hold")
    for part in parts(hint):
        if _is_open(part):
            for kind in ("array", "scalar"):
                members = tuple(member for member in get_args(part) if json_kind(member) == kind)
                if members:
                    # Building it is the check: msgspec refuses a union with two members of one JSON kind by TypeError.
                    converter(Union[members])  # noqa: UP007


def _leaves(hint: Any, place: str, seen: set[Any]) -> Iterator[tuple[str, type[Any]]]:
    """Yield the classes in a hint that are no Models, and in which field each is; marks are none of its types."""
    if is_alias(hint):
        if hint in seen:
            return
        seen.add(hint)
    plain, marks, _ = taken_apart(hint)
    base, inner = get_origin(plain) or plain, get_args(plain)
    model = model_of(plain)
    if (codec := codec_in(marks)) is not None:
        if any(isinstance(mark, msgspec.Meta) for mark in marks):
            raise TypeError(f"{place}a codec and a Meta cannot stand together: let the codec refuse what is none")
        refuse_other_type(codec, plain, place)
        return
    if model is not None:
        if plain not in seen:
            seen.add(plain)
            for item in model_fields(plain):
                yield from _leaves(item.type, f"{model.__name__}.{item.name}: ", seen)
        return
    if is_pydantic(base):
        return
    if is_record(base):
        if plain not in seen:
            seen.add(plain)
            yield from _leaves_of_record(plain, seen)
    elif is_class(base) and base not in (object, UnionType, Union):
        yield place, base
    for member in () if base is Literal else inner:
        yield from _leaves(member, place, seen)


def _leaves_of_record(record: Any, seen: set[Any]) -> Iterator[tuple[str, type[Any]]]:
    """Yield what is in the fields of a record that is no Model, whose annotations msgspec reads as they are written.

    Raises:
        TypeError: It would take a field for Any that says more.
    """
    for item in record_fields(record):
        place = f"{(get_origin(record) or record).__name__}.{item.name}: "
        refuse_unknown_variables(item.hint, place)
        if _is_more_than_any(opened(item.hint)):
            raise TypeError(f"{place}a union with Any would be read as Any alone: derive the record from Model")
        if any(isinstance(part, Codec) for part in parts(item.hint)) and model_of(item.hint) is None:
            raise TypeError(f"{place}msgspec does not know a codec: derive the record from Model")
        yield from _leaves(item.hint, place, seen)


def _is_more_than_any(hint: Any) -> bool:
    """Say whether a hint has a union with Any in it that says more than Any does."""
    if _is_open(hint) and not {*get_args(hint)} <= _AS_JSON_HAS_THEM:
        return True
    return any(map(_is_more_than_any, () if get_origin(hint) is Literal else get_args(hint)))


_AS_JSON_HAS_THEM: set[Any] = {Any, object, type(None), bool, int, float, str, list, dict}


def _holds_custom(info: Any, seen: frozenset[int] = frozenset()) -> bool:
    """Say whether msgspec's description of a type contains a class it does not know; one may contain itself."""
    if isinstance(info, CustomType):
        return info.cls is not object
    if id(info) in seen:
        return False
    around = seen | {id(info)}
    if is_array(info):
        return any(_holds_custom(inner, around) for inner in info)
    return isinstance(info, msgspec.Struct) and any(
        _holds_custom(getattr(info, name), around) for name in info.__struct_fields__ if name != "cls"
    )
