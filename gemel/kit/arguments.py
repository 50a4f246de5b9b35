"""Run-time checks of arguments against their annotations, so that a wrong type is refused before sending."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import UnsetType

from gemel.kit.types import is_mapping

__all__ = ["Check", "checker", "exact_types", "expectation"]

Check = Callable[[Any], bool]
"""Whether a value fits an annotation."""

_SEQUENCES = (list, Sequence)
_MAPPINGS = (dict, Mapping)


def exact_types(hint: Any) -> frozenset[type]:
    """Return the classes whose direct instances surely fit the hint; the quick answer for almost every call."""
    return frozenset(member for member in _members(hint) if isinstance(member, type) and get_origin(member) is None)


def checker(hint: Any) -> Check:
    """Return the full check of a hint: every item of a sequence or mapping, and no bool for a number."""
    checks = [_check_of(member) for member in _members(hint)]
    return lambda value: any(check(value) for check in checks)


def expectation(hint: Any) -> str:
    """Return a hint in words: "str or None"."""
    return " or ".join(_word(member) for member in _members(hint) if member is not UnsetType)


def _members(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Annotated:
        return _members(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(inner for member in get_args(hint) for inner in _members(member))
    return (hint,)


def _check_of(hint: Any) -> Check:
    base, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if base is Literal:
        return lambda value: any(value == choice and type(value) is type(choice) for choice in inner)
    if base in _SEQUENCES:
        return _each(base, checker(inner[0]))
    if base in _MAPPINGS:
        return _values(base, checker(inner[1]))
    if hint is date:
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    if hint in (int, float):
        return lambda value: not isinstance(value, bool) and isinstance(value, (int, hint))
    return lambda value: _fits(value, hint)


def _each(base: type, check: Check) -> Check:
    def fits(value: Any) -> bool:
        return isinstance(value, base) and not isinstance(value, str | bytes) and _all(check, value)

    return fits


def _values(base: type, check: Check) -> Check:
    def fits(value: Any) -> bool:
        return is_mapping(value) and isinstance(value, base) and _all(check, value.values())

    return fits


def _all(check: Check, items: Any) -> bool:
    return all(check(item) for item in items)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, type) and get_origin(hint) is None:
        return isinstance(value, hint)
    from beartype.door import is_bearable

    return bool(is_bearable(value, hint))


def _word(hint: Any) -> str:
    if hint is type(None):
        return "None"
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")
