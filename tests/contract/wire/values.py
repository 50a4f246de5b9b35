"""Values for the arguments of a call, made from their annotations: plain ones, hostile ones, empty ones, None.

They are the same in every run: a value depends on the annotation and on the name that it is for, so that a value that
lands in another's place is seen.
"""

from __future__ import annotations

import enum
import inspect
import sys
import types
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin
from uuid import UUID

import msgspec
from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

HOSTILE = (
    "a b  c",
    "grün, 漢字 and 😀",
    "a/b//c/",
    "100% %2F %zz",
    "a&b=c;d",
    "1+1",
    "\"double\" 'single' `back`",
    "line\r\nbreak\ttab",
    "?#[]@!$()*,:|^~",
    "back\\slash",
    "../..",
    "e\u0301 \u2028 \u200b \u00a0",
    "\x00\x1f\x7f",
    "{name} <tag> &amp;",
)
ZONE = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2024, 2, 29, 23, 30, 15, 250000, tzinfo=ZONE)


class Colour(enum.Enum):
    """An enum of a user."""

    RED = "red & blue"
    LEVEL = 7


ANYTHING: tuple[Any, ...] = (
    {"plain": 1, "deep": {"list": [1, "two", None, True, 0.5, []], "nothing": {}}},
    {"grün 😀/%": HOSTILE[6], "line\n": HOSTILE[7], "e": HOSTILE[11], "": HOSTILE[12]},
    {
        "datetime": MOMENT,
        "utc": datetime(1999, 12, 31, tzinfo=timezone.utc),
        "date": date(2024, 2, 29),
        "uuid": UUID("12345678-9abc-4def-8123-456789abcdef"),
        "decimal": Decimal("10.50"),
        "enums": [Colour.RED, Colour.LEVEL],
        "numbers": [0, -1, 2**53 + 1, 1e-7, 1e22, -0.0, 1.0],
        "tuple": (1, (2,)),
    },
)


class Parameter(NamedTuple):
    """One argument that a call takes; `values` are those that are tried."""

    name: str
    values: Sequence[Any]
    required: bool
    positional: bool = False
    default: Any = None

    def value(self, number: int, calls: int) -> Any:
        """The value in one of several calls; the first has the plainest, and one has the last, None where it fits."""
        many = len(self.values)
        return self.values[number % many if many <= calls else number * (many - 1) // (calls - 1)]


def parameters(call: Any, owner: Any, template: str = "") -> list[Parameter]:
    """The arguments of a bound call of a resource, those of an unpacked TypedDict too.

    template: of the path, in which no value can be the empty text.
    """
    taken = inspect.signature(call).parameters
    made_in = next(each for each in type(owner).__mro__ if call.__name__ in vars(each))
    stub = types.SimpleNamespace(__annotations__={name: each.annotation for name, each in taken.items()})
    hints = get_type_hints(stub, globalns=vars(sys.modules[made_in.__module__]), include_extras=True)
    found: list[Parameter] = []
    for name, each in taken.items():
        if each.kind is each.VAR_KEYWORD:
            found += keys(get_args(hints[name])[0])  # of Unpack[...]
        else:
            tried = [value for value in values(hints[name], name) if value != "" or f"{{{name}}}" not in template]
            required, positional = each.default is each.empty, each.kind is each.POSITIONAL_OR_KEYWORD
            found.append(Parameter(name, tried, required, positional, each.default))
    return found


def keys(typed_dict: Any) -> list[Parameter]:
    """The keys of a TypedDict."""
    found: list[Parameter] = []
    hint: Any
    for name, hint in get_type_hints(typed_dict, include_extras=True).items():
        required = name in typed_dict.__required_keys__
        if get_origin(hint) in (Required, NotRequired):
            required, hint = get_origin(hint) is Required, get_args(hint)[0]
        found.append(Parameter(name, values(hint, name), required))
    return found


def values(hint: Any, name: str) -> list[Any]:
    """The values that are tried for an annotation, the plainest first and None last."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        predicates = [mark.holds for mark in inner[1:] if hasattr(mark, "holds")]
        return [value for value in values(inner[0], name) if all(holds(value) for holds in predicates)]
    if origin in (Union, types.UnionType):
        return _of_union(inner, name)
    if origin is Literal:
        return list(inner)
    if origin in (list, Sequence):
        return _lists(values(inner[0], name))
    if origin in (dict, Mapping):
        return [*ANYTHING, {}] if inner[1] is Any else _mappings(values(inner[1], name), name)
    if is_typeddict(hint):
        return _records(keys(hint), dict)
    if issubclass(hint, msgspec.Struct):
        fields = msgspec.structs.fields(hint)
        return _records([Parameter(each.name, values(each.type, each.name), each.required) for each in fields], hint)
    return list(hint) if issubclass(hint, enum.Enum) else _scalars(name)[hint]


def _of_union(hints: Sequence[Any], name: str) -> list[Any]:
    if {str, UUID} <= set(hints):
        return [str(uuid_of(name)), uuid_of(f"another {name}"), str(uuid_of(name)).upper()]
    kinds = [each for each in hints if each not in (msgspec.UnsetType, type(None))]
    found = [value for each in kinds for value in values(each, name)]
    return [*found, None] if type(None) in hints else found


def uuid_of(name: str) -> UUID:
    """The UUID of version 4 that stands for a name."""
    return UUID(int=zlib.crc32(name.encode()) * (2**96 + 2**64 + 2**32 + 1), version=4)


def texts(name: str) -> list[Any]:
    """A plain text, four hostile ones and the empty one."""
    start = zlib.crc32(name.encode())
    hostile = [HOSTILE[(start + step) % len(HOSTILE)] for step in range(4)]
    return [f"{name}-1", *(f"{name} {text}" for text in hostile), ""]


def _scalars(name: str) -> dict[Any, list[Any]]:
    return {
        str: texts(name),
        int: [1, 0, 31, -7, 2**53 + 1],
        float: [0.5, -1.5, 2, 1e-7, 1e22],
        bool: [True, False],
        UUID: [uuid_of(name)],
    }


def _lists(items: list[Any]) -> list[Any]:
    return [items[:1], items[1:3] or items, items[3:] or items, []]


def _mappings(items: list[Any], name: str) -> list[Any]:
    return [dict(zip([f"{name}-1", *HOSTILE], items, strict=False)), {}]


def _records(fields: list[Parameter], make: Any) -> list[Any]:
    """With all fields, each time with other values, and with the least."""
    whole = [make(**{each.name: each.values[number % len(each.values)] for each in fields}) for number in (0, 1, -1)]
    return [*whole, make(**{each.name: each.values[0] for each in fields if each.required})]
