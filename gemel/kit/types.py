"""The vocabulary of every declaration: the two modes, OMIT, SECRET and JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias, TypeGuard, final

from msgspec import UNSET, Struct, UnsetType
from typing_extensions import TypeVar

__all__ = [
    "ABSENT",
    "JSON",
    "OMIT",
    "SCALARS",
    "SECRET",
    "Absence",
    "Async",
    "Auth",
    "Discreet",
    "JSONObject",
    "M",
    "Omit",
    "Predicate",
    "Secrecy",
    "Sync",
    "is_array",
    "is_mapping",
    "is_object",
]


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Say whether a value is a mapping."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    """Say whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)


@final
class Sync:
    """The blocking mode: a call returns its result."""


@final
class Async:
    """The coroutine mode: a call is awaited."""


M = TypeVar("M", bound="Sync | Async", default=Sync)
"""The mode of a resource or client, `Sync` unless said otherwise (PEP 696)."""

SCALARS: frozenset[type] = frozenset({str, int, bool, type(None)})
"""The types whose direct instances contain no other value and are JSON as they are."""

JSON: TypeAlias = "dict[str, Any] | list[Any] | str | int | float | bool | None"
"""Any JSON value, decoded."""

JSONObject: TypeAlias = "dict[str, Any]"
"""A decoded JSON object."""

Auth: TypeAlias = "str | tuple[str, ...] | None"
"""The credentials of an endpoint: the name of one, several names for all of them, or None for none."""

Omit: TypeAlias = UnsetType
"""The type of OMIT, for signatures: `version: int | Omit = OMIT`."""

# msgspec's own marker, so that a model field with this default is left out when it is encoded.
OMIT: Final = UNSET
"""The value of an argument that is not sent; `None` is JSON null in a body, and not sent in a query."""


@final
class Absence:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = Absence()
"""The default of a record's field that reads as None when a reply leaves it out, and is not sent back then."""


class Discreet(Struct, frozen=True):
    """A Struct whose repr leaves something out; rich shows that repr too.

    msgspec gives each Struct a `__rich_repr__` of its own, which shows every field in it.
    """

    __rich_repr__: ClassVar[Any] = None


class Predicate(Struct, frozen=True, eq=False):
    """A condition on an argument beyond its type: `Annotated[int, Predicate("0 or more", lambda value: value >= 0)]`.

    Attributes:
        expected: The condition in words, for the error.
        holds: Says whether a value of the type meets it.
        error: The class to raise, derived from InvalidArgument; None for InvalidArgument itself.
    """

    expected: str
    holds: Callable[[Any], bool]
    error: type[Exception] | None = None


@final
class Secrecy:
    """The type of the SECRET marker."""

    def __repr__(self) -> str:
        return "SECRET"


SECRET: Final = Secrecy()
"""Marks a field or argument whose value is never shown: `Annotated[str, SECRET]`."""
