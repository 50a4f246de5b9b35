"""Every shape that a secret may have: types that hold one, and a value of each."""

from __future__ import annotations

import collections
import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID

import attrs
import msgspec
from typing_extensions import NotRequired, TypeAliasType, TypedDict

from gemel.kit.models.model import Model
from gemel.kit.types import SECRET

T = TypeVar("T")
Sec = Annotated[str, SECRET]
Alias = TypeAliasType("Alias", Sec)
AliasOfList = TypeAliasType("AliasOfList", list[Alias])
PairOf = TypeAliasType("PairOf", tuple[T, T], type_params=(T,))
New = NewType("New", Sec)  # type: ignore[valid-newtype]
Loop: Any = TypeAliasType("Loop", "dict[str, Loop] | list[Sec]")


class Plain(Model):
    """A record with a secret field."""

    value: Sec
    name: str = "n"


class Box(Model, Generic[T]):
    """A record that holds what it is told."""

    value: T


class SecretBox(Box[Sec]):
    """A box of a secret."""


class Tree(Model):
    """A record that nests itself."""

    value: Sec
    inner: list[Tree] = []  # noqa: RUF012


class Derived(Plain):
    """A record that adds to another one."""

    more: int = 0


class Open(Model, unknown="keep"):
    """A record that keeps what it does not declare."""

    name: str = "n"


@dataclasses.dataclass
class Data:
    """A dataclass with a secret field."""

    value: Sec
    name: str = "n"
    unshown: str = dataclasses.field(default="u", repr=False)
    shared: ClassVar[int] = 1


@dataclasses.dataclass
class DataBox(Generic[T]):
    """A dataclass that holds what it is told."""

    value: T


@attrs.define
class Attrs:
    """An attrs class with a secret field."""

    value: Sec
    name: str = "n"


class Named(NamedTuple):
    """A NamedTuple with a secret field."""

    value: Sec
    name: str = "n"


class Dict(TypedDict):
    """A TypedDict with a secret key."""

    value: NotRequired[Sec]
    name: str


class Struct(msgspec.Struct):
    """A Struct that is no Model."""

    value: Sec
    name: str = "n"


class Shape(NamedTuple):
    """A type, what makes a value of it, and where it is used.

    argument: whether an endpoint takes it.   field: whether a record may have it.
    """

    hint: Any
    make: Callable[[str], Any]
    argument: bool = True
    field: bool = True


def _open(secret: str) -> Open:
    return Open.from_dict({"name": "n", "added": {"deep": [secret]}})


SHAPES = {
    "marked": Shape(Sec, lambda s: s),
    "marked or None": Shape(Annotated[str | None, SECRET], lambda s: s),
    "marked in a union": Shape(Sec | None, lambda s: s),
    "marked twice around": Shape(Annotated[Annotated[Sec, "a"], "b"], lambda s: s),
    "alias": Shape(Alias, lambda s: s),
    "alias of an alias": Shape(AliasOfList, lambda s: [s]),
    "alias with arguments": Shape(PairOf[Sec], lambda s: (s, s)),
    "alias that names itself": Shape(Loop, lambda s: {"a": {"b": [s]}}, argument=False, field=False),
    "new type": Shape(New, lambda s: s),
    "list": Shape(list[Sec], lambda s: [s]),
    "list of aliases": Shape(list[Alias], lambda s: [s]),
    "list, marked": Shape(Annotated[list[str], SECRET], lambda s: [s]),
    "sequence": Shape(Sequence[Sec], lambda s: [s]),
    "iterable": Shape(Iterable[Sec], lambda s: [s], argument=False, field=False),
    "tuple": Shape(tuple[Sec, ...], lambda s: (s,)),
    "tuple by place": Shape(tuple[int, Sec], lambda s: (1, s)),
    "set": Shape(set[Sec], lambda s: {s}, argument=False),
    "frozen set": Shape(frozenset[Sec], lambda s: frozenset({s}), argument=False),
    "deque": Shape(collections.deque[Sec], lambda s: collections.deque([s]), argument=False, field=False),
    "dict": Shape(dict[str, Sec], lambda s: {"a": s}),
    "dict, by key": Shape(dict[Sec, int], lambda s: {s: 1}),
    "dict, marked": Shape(Annotated[dict[str, Any], SECRET], lambda s: {"a": {"b": [s]}}),
    "mapping": Shape(Mapping[str, Sec], lambda s: {"a": s}),
    "dict of lists": Shape(dict[str, list[dict[str, Sec]]], lambda s: {"a": [{"b": s}]}),
    "list or None": Shape(list[Sec] | None, lambda s: [s]),
    "list or text": Shape(str | list[Sec], lambda s: [s], field=False),
    "record": Shape(Plain, lambda s: Plain(value=s)),
    "records": Shape(list[Plain], lambda s: [Plain(value=s)]),
    "derived record": Shape(Plain, lambda s: Derived(value=s)),
    "box": Shape(Box[Sec], lambda s: Box(value=s)),
    "box of a list": Shape(Box[list[Sec]], lambda s: Box(value=[s])),
    "box in a box": Shape(Box[Box[Sec]], lambda s: Box(value=Box(value=s))),
    "derived box": Shape(SecretBox, lambda s: SecretBox(value=s)),
    "dict of boxes": Shape(dict[str, Box[Sec]], lambda s: {"a": Box(value=s)}),
    "tree": Shape(Tree, lambda s: Tree(value="root-of-all", inner=[Tree(value=s)])),
    "open record": Shape(Open, _open),
    "dataclass": Shape(Data, Data),
    "dataclass, generic": Shape(DataBox[Sec], DataBox, argument=False),
    "attrs": Shape(Attrs, Attrs),
    "named tuple": Shape(Named, Named),
    "typed dict": Shape(Dict, lambda s: {"value": s, "name": "n"}),
    "typed dicts": Shape(list[Dict], lambda s: [{"value": s, "name": "n"}]),
    "struct": Shape(Struct, Struct),
    "anything that is a record": Shape(Any, lambda s: {"a": [Plain(value=s)]}),
    "anything that is a dataclass": Shape(Any, lambda s: [Data(s)]),
    "anything that is a named tuple": Shape(Any, Named),
    "dict of anything": Shape(dict[str, Any], lambda s: {"a": Struct(s)}),
}


class Level(enum.Enum):
    """An enum whose texts are secret."""

    HIGH = "high-and-secret"


class Code(enum.IntEnum):
    """An enum whose numbers are secret."""

    ONE = 71_234_567


VALUES: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "int": (int, 71_234_567, ("71234567",)),
    "float": (float, 71234.5678, ("71234.5678",)),
    "large float": (float, 7.1234e22, ("7.1234e+22", "7.1234e22")),
    "decimal": (Decimal, Decimal("71234.56780"), ("71234.56780",)),
    "UUID": (UUID, UUID("12345678-1234-5678-1234-567812345678"), ("12345678-1234-5678-1234-567812345678",)),
    "date": (date, date(2031, 5, 17), ("2031-05-17",)),
    "time": (datetime, datetime(2031, 5, 17, 3, 4, 5, tzinfo=timezone.utc), ("2031-05-17T03:04:05",)),
    "bytes": (bytes, b"text-as-bytes", ("text-as-bytes", "dGV4dC1hcy1ieXRlcw")),
    "bytes that are no text": (bytes, b"\xff\xfe\x00\x01\x80\x81", ("//4AAYCB",)),
    "enum": (Level, Level.HIGH, ("high-and-secret",)),
    "number of an enum": (Code, Code.ONE, ("71234567",)),
    "literal": (Literal["one-of-two", "two-of-two"], "one-of-two", ("one-of-two",)),
    "text": (str, "text-of-all-days", ("text-of-all-days",)),
}
"""Types whose values are no text: by name the type, a value, and what texts it must not be seen in."""
