"""What msgspec is told a field's type is, so that it accepts no more than the marshmallow schema does.

A model's annotations say `datetime`; msgspec is told `datetime with a zone`, for one without is the schema's to read.
A union with a Discriminator becomes one class that reads the field first. The annotations of the class itself are
replaced only while msgspec looks at them, once, when the first decoder of the model is made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, cast, get_args, get_origin

import msgspec
from msgspec.inspect import CustomType, type_info

from gemel.kit.annotations import replaced
from gemel.kit.models.hints import (
    ANNOTATIONS,
    Tag,
    discriminator,
    holds_decimals,
    is_class,
    is_schema,
    members_by_tag,
    model_fields,
    model_of,
    parts,
    remembered,
    tag_of,
    taken_apart,
)
from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.unions import Discriminator
from gemel.kit.types import is_array, is_object

__all__ = ["FastDecoder", "converter", "fast_decoder", "read_moment"]

FastDecoder: TypeAlias = Callable[[bytes], Any]
"""Decodes bytes; raises msgspec.DecodeError, UnicodeDecodeError or RecursionError for what it does not accept."""

_AWARE: Any = Annotated[datetime, msgspec.Meta(tz=True)]
_told: set[Any] = set()


def read_moment(value: Any) -> datetime:
    """Return a time of RFC 3339; one that says no zone is in UTC. Raises msgspec.ValidationError."""
    moment = msgspec.convert(value, datetime)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


@remembered
def fast_decoder(hint: Any, unwrap: str | None = None) -> FastDecoder | None:
    """Return a decoder that accepts only what the schema of the hint accepts, with an equal result.

    unwrap: the key of an envelope around the value.   None where only a schema can say: the hint names one.
    Raises TypeError for a type that cannot be decoded.
    """
    if any(is_schema(part) for part in parts(hint)):
        return None
    _refuse_undecodable(hint)
    told = _tell(hint)
    if any(isinstance(part, _Choice) for part in parts(told)) and holds_decimals(hint):
        return None
    if unwrap is None:
        return msgspec.json.Decoder(told, dec_hook=_read_choice).decode
    envelope = msgspec.defstruct("Envelope", [("value", told)], rename={"value": unwrap}, gc=False)
    decode = msgspec.json.Decoder(envelope, dec_hook=_read_choice).decode
    return lambda body: cast(Any, decode(body)).value


@remembered
def converter(hint: Any, *, str_keys: bool = False) -> Callable[[Any], Any]:
    """Return what makes decoded JSON into the type as the decoder would; it raises msgspec.ValidationError."""
    told = _tell(hint)
    return functools.partial(msgspec.convert, type=told, dec_hook=_read_choice, str_keys=str_keys)


def _tell(hint: Any) -> Any:
    """Return the exact form of a hint, after msgspec has seen the exact annotations of the models in it."""
    with ANNOTATIONS:
        met = [part for part in parts(hint) if model_of(part) is not None and part not in _told]
        told = _exact(hint)
        with ExitStack() as meanwhile:
            for model in {model for part in met if (model := model_of(part)) is not None}:
                exact = {item.name: _exact(item.type) for item in model_fields(model)}
                meanwhile.enter_context(replaced(model, exact))
            for seen in [*met, told]:  # msgspec reads the annotations of a model once, and keeps what it made of them
                msgspec.json.Decoder(seen, dec_hook=_read_choice)
        _told.update(part for part in met if isinstance(part, ModelMeta))
    return told


def _exact(hint: Any) -> Any:
    if hint is datetime:
        return _AWARE
    if hint is object:
        return Any
    origin, inner = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal or origin is Callable:
        return hint
    if origin is Annotated:
        return _exact_annotated(hint, inner)
    told = tuple(map(_exact, inner))
    if told == inner:
        return hint
    return Union[told] if origin in (Union, UnionType) else origin[told]  # noqa: UP007


def _exact_annotated(hint: Any, inner: tuple[Any, ...]) -> Any:
    plain, *marks = inner
    chosen = discriminator(marks)
    if plain is datetime and any(isinstance(mark, msgspec.Meta) and mark.tz is not None for mark in marks):
        return hint
    told = _exact(plain) if chosen is None else _exact_choice(plain, chosen)
    return Annotated[cast(Any, (told, *marks))]


def _exact_choice(union: Any, chosen: Discriminator) -> Any:
    members = [member for member in get_args(union) if member is not type(None)]
    by_tag = members_by_tag(members, chosen)
    if all(tag_of(member) is not None for member in members):
        return union
    choice = _Choice("Choice", (), {"by_tag": by_tag, "field": chosen.field})
    return choice | None if type(None) in get_args(union) else choice


class _Choice(type):
    """A class that stands for a union of models; msgspec hands what it meets there to `_read_choice`."""

    by_tag: Mapping[Tag, Any]
    field: str

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, msgspec.Struct)


def _read_choice(choice: type, value: Any) -> Any:
    if not isinstance(choice, _Choice):
        raise NotImplementedError(f"{choice.__name__} cannot be decoded")
    tag: Any = value.get(choice.field) if is_object(value) else None
    if type(tag) not in (str, int) or tag not in choice.by_tag:
        raise ValueError("not one of the union's models")
    return msgspec.convert(value, choice.by_tag[tag], dec_hook=_read_choice)


def _refuse_undecodable(hint: Any) -> None:
    """Raise TypeError for a type that is, or has in it, one that JSON cannot be read as."""
    for place, leaf in _leaves(hint, "", set()):
        if _holds_custom(type_info(leaf)):
            raise TypeError(f"{place}{getattr(leaf, '__qualname__', leaf)} is nothing that JSON can hold")


def _leaves(hint: Any, place: str, seen: set[Any]) -> Iterator[tuple[str, type[Any]]]:
    """Yield the classes in a hint that are no Models, and in which field each is; marks are none of its types."""
    plain = taken_apart(hint).plain
    base, inner = get_origin(plain) or plain, get_args(plain)
    model = model_of(plain)
    if model is not None:
        if plain not in seen:
            seen.add(plain)
            for item in model_fields(plain):
                yield from _leaves(item.type, f"{model.__name__}.{item.name}: ", seen)
        return
    if is_class(base) and base not in (object, UnionType, Union):
        yield place, base
    for member in () if base is Literal else inner:
        yield from _leaves(member, place, seen)


def _holds_custom(info: Any, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a description by msgspec is, or has in it, that of a class it does not know; one may describe itself."""
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
