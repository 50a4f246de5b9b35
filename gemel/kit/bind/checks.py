"""Checks arguments against their annotations at run time, so that a wrong type is refused before sending."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from msgspec import UnsetType

from gemel.kit.errors import InvalidArgument
from gemel.kit.http.redaction import MASK
from gemel.kit.models.secrecy import holds_secrets, is_secret
from gemel.kit.models.typed_dicts import is_open, is_typed_dict, keys_of
from gemel.kit.types import Predicate, is_mapping, is_object

__all__ = ["Check", "checker", "exact_types", "expectation", "misfit", "unfit"]

Check = Callable[[Any], bool]
"""Says whether a value fits an annotation."""

_SEQUENCES = (list, Sequence)
_MAPPINGS = (dict, Mapping)


def exact_types(hint: Any) -> frozenset[type]:
    """Return the classes whose direct instances certainly fit a hint, a quick answer for almost every call.

    Args:
        hint: The annotation, resolved.
    """
    return frozenset(member for member in _members(hint) if isinstance(member, type) and get_origin(member) is None)


def checker(hint: Any) -> Check:
    """Return the full check of a hint: every item of a sequence, mapping or TypedDict, and no bool for a number.

    Args:
        hint: The annotation, resolved.

    Returns:
        A function that says whether a value fits.
    """
    checks = [_check_of(member) for member in _members(hint)]
    if len(checks) == 1:
        return checks[0]
    return lambda value: any(check(value) for check in checks)


def expectation(hint: Any) -> str:
    """Return a hint in words, such as "str or None".

    Args:
        hint: The annotation, resolved.
    """
    return " or ".join(_word(member) for member in _members(hint) if member is not UnsetType)


def unfit(label: str, name: str, hint: Any, value: Any) -> InvalidArgument:
    """Return the error for a value that does not fit its annotation.

    Args:
        label: The name of the endpoint in errors.
        name: The name of the argument.
        hint: Its annotation.
        value: The value; the message shows it only if it is short, plain and not secret.

    Returns:
        An InvalidArgument, or the subclass that a Predicate in the annotation names.
    """
    errors = [predicate.error for member in _members(hint) for predicate in _predicates(member) if predicate.error]
    error = cast("type[InvalidArgument]", errors[0]) if errors else InvalidArgument
    problem = f"expected {expectation(hint)}, got {_shown(hint, value)}"
    inside = "" if is_secret(hint) else misfit(hint, value)
    return error(label, name, f"{problem}; {inside}" if inside else problem)


def _shown(hint: Any, value: Any) -> str:
    """Return a value's type, and the value itself where it is short, plain and not secret."""
    kind = type(value).__name__
    plain = exact_types(hint) or any(_predicates(member) for member in _members(hint))
    harmless = plain and not holds_secrets(hint) and isinstance(value, int | float | str)
    return f"{kind} {value!r:.80}" if harmless else kind


def _predicates(hint: Any) -> list[Predicate]:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return [mark for mark in marks if isinstance(mark, Predicate)]


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, without marks that play no part in the check."""
    if _predicates(hint):
        return (hint,)
    if get_origin(hint) is Annotated:
        return _members(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(inner for member in get_args(hint) for inner in _members(member))
    return (hint,)


def _check_of(hint: Any) -> Check:
    base, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if base is Annotated:
        return _narrowed(checker(inner[0]), _predicates(hint))
    if base is Literal:
        return _one_of(inner)
    if is_typed_dict(hint):
        return lambda value: is_object(value) and _has_keys(value, hint)
    if base in _SEQUENCES and inner:
        return _each(base, checker(inner[0]))
    if base in _MAPPINGS and inner:
        return _entries(base, *map(checker, inner))
    if hint is date:
        # datetime is a subclass of date, and would be sent with a time that the API does not take.
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    if hint in (int, float):
        # bool is a subclass of int; an int, however, is a float as far as type checkers go (PEP 484).
        return lambda value: not isinstance(value, bool) and isinstance(value, (int, hint))
    return lambda value: _fits(value, hint)


def _one_of(choices: tuple[Any, ...]) -> Check:
    """Return the check of a Literal; `True` is not `1` there, and what cannot be hashed is none of its values."""
    kinds: frozenset[type[Any]] = frozenset(map(type, choices))
    pairs = frozenset(zip(map(type, choices), choices, strict=True))
    return lambda value: type(value) in kinds and (type(value), value) in pairs


def _narrowed(check: Check, predicates: list[Predicate]) -> Check:
    return lambda value: check(value) and all(predicate.holds(value) for predicate in predicates)


def _each(base: type, check: Check) -> Check:
    def fits(value: Any) -> bool:
        # A str is a Sequence[str] of its own letters.
        return isinstance(value, base) and not isinstance(value, str | bytes) and _all(check, value)

    return fits


def _entries(base: type, check_key: Check, check: Check) -> Check:
    def fits(value: Any) -> bool:
        return is_mapping(value) and isinstance(value, base) and _all(check_key, value) and _all(check, value.values())

    return fits


def _has_keys(value: Mapping[Any, Any], typed_dict: Any) -> bool:
    """Whether a dict has every key that must be there, no unknown one unless it may, and in each what it may hold."""
    checks, others = _checks_of(typed_dict), is_open(typed_dict)
    fits = (checks[key](item) if key in checks else others for key, item in value.items())
    return all(fits) and not _missing(value, typed_dict)


@functools.cache
def _checks_of(typed_dict: Any) -> dict[str, Check]:
    """Return the checks of the keys; made when first asked for, since a TypedDict may nest itself."""
    return {name: checker(key.hint) for name, key in keys_of(typed_dict).items()}


def _missing(value: Mapping[Any, Any], typed_dict: Any) -> list[str]:
    return [name for name, key in keys_of(typed_dict).items() if key.required and name not in value]


def _all(check: Check, items: Any) -> bool:
    return all(check(item) for item in items)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, type) and get_origin(hint) is None:
        return isinstance(value, hint)
    # Imported here, since few annotations need it.
    from beartype.door import is_bearable

    return bool(is_bearable(value, hint))


def _word(hint: Any) -> str:
    if hint is type(None):
        return "None"
    if predicates := _predicates(hint):
        more = " and ".join(predicate.expected for predicate in predicates)
        return f"{expectation(get_args(hint)[0])} ({more})"
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    base: Any = get_origin(hint)
    if base in (*_SEQUENCES, *_MAPPINGS):
        return f"{base.__name__}[{', '.join(map(expectation, get_args(hint)))}]"
    return str(hint).replace("typing.", "")


def misfit(hint: Any, value: Any, path: str = "") -> str:
    """Return where a value does not fit and why, "" when nothing more can be said than that it does not.

    No value is shown, only names, numbers of items and types.

    Args:
        hint: The hint that the value does not fit.
        value: The value.
        path: The path to the value from the argument.
    """
    for member in _members(hint):
        if _predicates(member) and not checker(get_args(member)[0])(value):
            return misfit(get_args(member)[0], value, path)
    here = f"at {path}: " if path else ""
    holding = [member for member in _members(hint) if _is_of_kind(member, value)]
    if len(holding) != 1:
        return f"{here}expected {expectation(hint)}, got {type(value).__name__}" if path else ""
    for step, inner_hint, inner in _inside(holding[0], value):
        if not checker(inner_hint)(inner):
            return misfit(inner_hint, inner, f"{path}{step}".removeprefix("."))
    fault = _fault_of_keys(holding[0], value)
    return f"{here}{fault}" if fault else ""


def _is_of_kind(hint: Any, value: Any) -> bool:
    base: Any = get_origin(hint) or hint
    kind: Any = dict if is_typed_dict(base) else base
    return kind in (*_MAPPINGS, *_SEQUENCES) and isinstance(value, kind) and not isinstance(value, str | bytes)


def _inside(hint: Any, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the items of a value: the step that leads to each, its hint, and the item."""
    inner = get_args(hint)
    if is_typed_dict(hint):
        keys = keys_of(hint)
        yield from ((f".{name}", keys[name].hint, item) for name, item in value.items() if name in keys)
    elif is_mapping(value) and inner:
        is_hidden = is_secret(inner[0])
        yield from ((f".{MASK if is_hidden else name}", inner[1], item) for name, item in value.items())
    elif inner:
        yield from ((f"[{number}]", inner[0], item) for number, item in enumerate(value))


def _fault_of_keys(hint: Any, value: Any) -> str:
    if is_typed_dict(hint):
        missing, keys = _missing(value, hint), keys_of(hint)
        unknown = [] if is_open(hint) else [name for name in value if name not in keys]
        if unknown:
            return f"there is no {unknown[0]!r:.80}; it takes {', '.join(sorted(keys)) or 'none'}"
        return f"{missing[0]!r} is missing" if missing else ""
    if not is_mapping(value) or not get_args(hint):
        return ""
    wrong = [key for key in value if not checker(get_args(hint)[0])(key)]
    return f"a key: expected {expectation(get_args(hint)[0])}, got {type(wrong[0]).__name__}" if wrong else ""
