"""Types that JSON cannot be read as, found when a declaration is compiled, not with the first reply."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec.inspect import CustomType, type_info

from gemel.kit.hints import is_class, model_fields, model_of, taken_apart
from gemel.kit.types import is_array

__all__ = ["refuse_undecodable"]


def refuse_undecodable(hint: Any) -> None:
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
