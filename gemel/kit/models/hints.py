"""Type hints taken apart: what models, marks and unions are in them, and how JSON tells the members apart."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from enum import EnumMeta
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeGuard, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import UnsetType
from typing_extensions import ParamSpec

from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.unions import Discriminator

__all__ = [
    "ANNOTATIONS",
    "Apart",
    "Tag",
    "discriminator",
    "holds_decimals",
    "is_class",
    "is_schema",
    "json_kind",
    "members_by_tag",
    "model_fields",
    "model_of",
    "parts",
    "remembered",
    "tag_of",
    "taken_apart",
]

P = ParamSpec("P")
R = TypeVar("R")

Tag: TypeAlias = "str | int"
"""What tells a model apart from the others of its union."""

ANNOTATIONS = threading.RLock()
"""Held while annotations are read, or are other than written."""


def remembered(make: Callable[P, R]) -> Callable[P, R]:
    """Remember what a function made of hints; of those that cannot be hashed it is made anew."""
    cached = functools.lru_cache(maxsize=4096)(make)

    def remembering(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return cached(*cast(Any, args), **cast(Any, kwargs))
        except TypeError as error:
            if "unhashable" not in str(error):
                raise
            return make(*args, **kwargs)

    return functools.wraps(make)(remembering)


def model_of(hint: Any) -> ModelMeta | None:
    """Return the Model class of a hint that is one, or one with type arguments: `Page[Secret]`."""
    found = hint if isinstance(hint, ModelMeta) else get_origin(hint)
    return found if isinstance(found, ModelMeta) else None


def is_class(value: Any) -> TypeGuard[type[Any]]:
    """Whether it is a class, and not a form of typing such as Any."""
    return isinstance(value, type)


def is_schema(value: Any) -> bool:
    """Whether it is a marshmallow schema, told without importing marshmallow."""
    return hasattr(value, "_declared_fields")


@functools.cache
def model_fields(model: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a model as declared, type arguments filled in."""
    with ANNOTATIONS:
        return msgspec.structs.fields(model)


def parts(hint: Any, seen: set[Any] | None = None) -> Iterator[Any]:
    """Yield a hint, the marks and hints in it, and those of the fields of each Model that is met, once."""
    seen = set() if seen is None else seen
    yield hint
    if model_of(hint) is not None:
        if hint in seen:
            return
        seen.add(hint)
        for item in model_fields(hint):
            yield from parts(item.type, seen)
    for inner in () if get_origin(hint) is Literal else get_args(hint):
        yield from parts(inner, seen)


class Apart(NamedTuple):
    """A hint taken apart: without its marks and without None."""

    plain: Any
    marks: tuple[Any, ...]
    allow_none: bool


@remembered
def taken_apart(hint: Any) -> Apart:
    """Return a hint without its marks, and without None and OMIT in a union."""
    marks, allow_none = tuple[Any, ...](), hint in (None, type(None))
    while True:
        members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        left = [member for member in members if member not in (type(None), UnsetType)]
        allow_none = allow_none or type(None) in members
        if len(left) < len(members) and left:
            hint = Union[tuple(left)]  # noqa: UP007
        elif get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif isinstance(hint, TypeVar):
            hint = hint.__bound__ or Any
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        else:
            allow_none = allow_none or hint in (Any, object) or (get_origin(hint) is Literal and None in get_args(hint))
            return Apart(hint, marks, allow_none)


def json_kind(hint: Any) -> str:
    """Return what kind of JSON value a type is read from: "object", "array", "scalar", or "any" of them."""
    if get_origin(hint) is Annotated:
        return json_kind(get_args(hint)[0])
    base: Any = get_origin(hint) or hint
    if base in (Any, object) or isinstance(base, TypeVar):
        return "any"
    if not is_class(base) or issubclass(base, str | bytes | bytearray):
        return "scalar"
    if issubclass(base, Mapping) or isinstance(base, msgspec.StructMeta) or hasattr(base, "__dataclass_fields__"):
        return "object"
    return "array" if issubclass(base, Collection) and not isinstance(base, EnumMeta) else "scalar"


@remembered
def holds_decimals(hint: Any) -> bool:
    """Whether a value of this type may hold a Decimal: JSON numbers then keep every digit."""
    return any(part is Decimal for part in parts(hint))


def discriminator(marks: Any) -> Discriminator | None:
    """Return the Discriminator among the marks of an Annotated hint."""
    return next((mark for mark in marks if isinstance(mark, Discriminator)), None)


def tag_of(model: Any) -> tuple[str, Tag] | None:
    """Return the field and the value that tell a model apart from others, when it was made with a tag."""
    found = model_of(model)
    config = cast(Any, found).__struct_config__ if found is not None else None
    return (config.tag_field, config.tag) if config is not None and config.tag_field is not None else None


def members_by_tag(members: list[Any], chosen: Discriminator | None) -> dict[Tag, Any]:
    """Return the models of a union by the value that tells them apart.

    Raises TypeError when there is none, it is not the discriminator's, or two models have the same.
    """
    found: dict[Tag, Any] = {}
    for member in members:
        for tag in _tags(member, chosen):
            if found.setdefault(tag, member) is not member:
                raise TypeError(f"{found[tag]!r} and {member!r} cannot be told apart: both are {tag!r}")
    return found


def _tags(member: Any, chosen: Discriminator | None) -> tuple[Tag, ...]:
    tagged = tag_of(member)
    if tagged is not None and chosen in (None, Discriminator(tagged[0])):
        return (tagged[1],)
    if chosen is None:
        raise TypeError(f"{member!r} needs a tag, or its union a Discriminator, to be told apart from the others")
    for item in model_fields(member) if model_of(member) is not None else ():
        if item.encode_name == chosen.field and get_origin(item.type) is Literal:
            return get_args(item.type)
    raise TypeError(f"{member!r} needs the Literal field or tag {chosen.field!r} to be told apart from the others")
