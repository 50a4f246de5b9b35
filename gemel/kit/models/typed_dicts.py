"""Takes TypedDicts apart: their keys, which of them are required, and their types (PEP 589, 655, 692)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, cast, get_args, get_origin

from typing_extensions import NotRequired, ReadOnly, Required, Unpack, get_type_hints, is_typeddict

__all__ = ["DictKey", "dicts_in", "is_open", "is_typed_dict", "keys_of", "open_keys", "unpacked"]

T = TypeVar("T")


class DictKey(NamedTuple):
    """One key of a TypedDict: its type, marks included, and whether it is required."""

    hint: Any
    required: bool


_known: dict[Any, Mapping[str, DictKey]] = {}
_open: set[Any] = set()


def open_keys(typed_dict: type[T]) -> type[T]:
    """Let a TypedDict take keys at run time that it does not name: a decorator, for dicts that come from elsewhere."""
    _open.add(typed_dict)
    return typed_dict


def is_open(typed_dict: Any) -> bool:
    """Whether a TypedDict takes keys that it does not name."""
    return typed_dict in _open


def is_typed_dict(hint: Any) -> bool:
    """Say whether a hint is a TypedDict of typing or of typing_extensions."""
    return is_typeddict(hint)


def unpacked(hint: Any) -> Any:
    """Return the Args of a hint `Unpack[Args]`, None for any other hint."""
    return get_args(hint)[0] if get_origin(hint) is Unpack else None


def keys_of(typed_dict: Any, scope: Mapping[str, Any] | None = None) -> Mapping[str, DictKey]:
    """Return the keys of a TypedDict by name, those of its bases first.

    They are resolved once and cached.

    Args:
        typed_dict: The TypedDict.
        scope: Names that its annotations may use besides those of its module.

    Raises:
        NameError: A name is not defined, or not yet.
    """
    keys = _known.get(typed_dict)
    if keys is None:
        hints = get_type_hints(typed_dict, localns=None if scope is None else dict(scope), include_extras=True)
        keys = _known[typed_dict] = {
            name: _key(hint, required=name in typed_dict.__required_keys__) for name, hint in hints.items()
        }
    return keys


def _key(hint: Any, *, required: bool) -> DictKey:
    """Return the key of an annotation; `__required_keys__` misses the Required in one that was still text."""
    origin = get_origin(hint)
    if origin in (Required, NotRequired):
        return _key(get_args(hint)[0], required=origin is Required)
    if origin is ReadOnly:
        return _key(get_args(hint)[0], required=required)
    if origin is Annotated:
        plain, *marks = get_args(hint)
        inner = _key(plain, required=required)
        return DictKey(Annotated[cast(Any, (inner.hint, *marks))], inner.required)
    return DictKey(hint, required)


def dicts_in(hint: Any, scope: Mapping[str, Any] | None = None, seen: set[Any] | None = None) -> Iterator[Any]:
    """Yield once each TypedDict in a hint and in the keys of those.

    Raises:
        NameError: A name is not defined, or not yet.
        TypeError: A TypedDict has type arguments.
    """
    seen = set() if seen is None else seen
    if is_typed_dict(get_origin(hint)):
        raise TypeError(f"{hint} has type arguments; name a TypedDict without")
    if is_typed_dict(hint):
        if hint not in seen:
            seen.add(hint)
            yield hint
            for key in keys_of(hint, scope).values():
                yield from dicts_in(key.hint, scope, seen)
        return
    for inner in () if get_origin(hint) is Literal else get_args(hint):
        yield from dicts_in(inner, scope, seen)
