"""A model with a field of every kind, and hypothesis' ideas of JSON for it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from typing_extensions import TypedDict

from gemel.kit.models.hints import model_fields
from gemel.kit.models.model import Model, field
from gemel.kit.models.unions import Discriminator, OpenEnum
from gemel.kit.types import OMIT, SECRET, Omit

T = TypeVar("T")


class Color(OpenEnum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Cat(Model, case="camel"):
    kind: Literal["cat"] = "cat"
    born_at: datetime | None = None


class Dog(Model):
    kind: Literal["dog", "hound"] = "dog"
    lives: int = 1


class Circle(Model, tag="circle", tag_field="shape"):
    radius: float


class Square(Model, tag="square", tag_field="shape"):
    side: float = 1.0


class Inner(Model, case="camel"):
    some_text: str
    count: int = 0


class Kept(Model, case="camel", unknown="keep"):
    doc_id: int
    inner: Kept | None = None
    others: list[Kept] = field(default_factory=list)
    seen_at: datetime | None = None


class Box(Model, Generic[T]):
    content: T
    many: list[T] = field(default_factory=list)


class Plain(TypedDict, total=False):
    a: int
    b: str


class Everything(Model, case="camel"):
    """A field of every kind."""

    text: str
    whole: int = 0
    number: float = 0.0
    flag: bool = False
    anything: Any = None
    maybe: str | None = None
    inner: Inner | None = None
    inners: list[Inner] = field(default_factory=list)
    row: Sequence[int] = field(default_factory=list)
    pair: tuple[int, str] | None = None
    run: tuple[float, ...] = ()
    group: set[int] = field(default_factory=set)
    frozen: frozenset[str] = frozenset()
    matrix: list[list[int]] = field(default_factory=list)
    by_name: dict[str, Inner] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    by_day: Mapping[date, float] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)
    raw: dict = field(default_factory=dict)  # type: ignore[type-arg]
    items: list = field(default_factory=list)  # type: ignore[type-arg]
    moment: datetime | None = None
    moments: list[datetime] = field(default_factory=list)
    day: date | None = None
    clock: time | None = None
    span: timedelta | None = None
    ident: UUID | None = None
    price: Decimal | None = None
    prices: list[Decimal] = field(default_factory=list)
    price_or_text: Decimal | bool | None = None
    blob: bytes | None = None
    color: Color = Color.RED
    colors: dict[Color, Color] = field(default_factory=dict)
    level: Level | None = None
    one_of: Literal["x", "y", 3] | None = None
    null_or: Literal["n", None] = None
    mixed: str | int | None = None
    model_or_text: Inner | str | list[int] | None = None
    moment_or_number: datetime | int | None = None
    pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None
    pets: list[Annotated[Cat | Dog, Discriminator("kind")]] = field(default_factory=list)
    shape: Circle | Square | None = None
    shapes: Annotated[list[Circle | Square], "note"] = field(default_factory=list)
    alone: Square | None = None
    told: Annotated[Circle | Square | None, Discriminator("shape")] = None
    kept: Kept | None = None
    box: Box[Inner] | None = None
    record: Plain | None = None
    hidden: Annotated[str | None, SECRET] = None
    left_out: int | Omit = OMIT
    wire_named: int = field(name="oddName", default=0)


WIRE_NAMES = [item.encode_name for item in model_fields(Everything)]

TEXTS = [
    "",
    "a",
    "b",
    "x",
    "y",
    "n",
    "3",
    "true",
    "1.5",
    "é",
    "NaN",
    "1e5",
    "red",
    "mauve",
    "cat",
    "YQ==",
    "YQ",
    "PT1H",
]
TIMES = [
    "2024-02-29T13:30:15Z",
    "2024-02-29T13:30:15.25+02:00",
    "2024-02-29T13:30:15",
    "2024-02-29 13:30:15",
    "13:30:15",
]
DAYS = ["2024-02-29", "2024-02-30", str(UUID(int=7)), "0001-01-01T00:00:00+01:00"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(TEXTS + TIMES + DAYS),
    st.text(max_size=5),
)
odd_records = st.fixed_dictionaries(
    {},
    optional={
        "someText": st.text(max_size=3) | scalars,
        "count": st.integers() | scalars,
        "kind": st.sampled_from(["cat", "dog", "hound", "cow", 1, None]),
        "shape": st.sampled_from(["circle", "square", "line", 1, None]),
        "bornAt": st.sampled_from(TIMES),
        "lives": st.integers(),
        "radius": st.integers(0, 9) | st.floats(0, 9),
        "side": scalars,
        "docId": st.integers(0, 3),
        "seenAt": st.sampled_from(TIMES),
        "new": scalars,
    },
)
records = st.recursive(
    odd_records,
    lambda one: st.builds(
        lambda outer, inner, others: {**outer, "inner": inner, "others": others},
        odd_records,
        one,
        st.lists(one, max_size=2),
    ),
    max_leaves=4,
)
values = st.recursive(
    scalars | records,
    lambda one: (
        st.lists(one, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "1", "2024-02-29", "red"]) | st.text(max_size=2), one, max_size=3)
    ),
    max_leaves=6,
)
junk = st.fixed_dictionaries({"text": st.text(max_size=3) | scalars}, optional=dict.fromkeys(WIRE_NAMES[1:], values))

zones = (
    st.timezones() | st.just(timezone.utc) | st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
)
moments = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(timezone.utc))
numbers = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=4)
inners = st.builds(Inner, some_text=texts, count=st.integers())
cats = st.builds(Cat, born_at=st.none() | moments)
dogs = st.builds(Dog, kind=st.sampled_from(["dog", "hound"]), lives=st.integers())
shapes = st.builds(Circle, radius=numbers) | st.builds(Square, side=numbers)
colors = st.sampled_from(list(Color)) | texts.map(Color)
kept = st.builds(Kept, doc_id=st.integers(), seen_at=st.none() | moments, others=st.just([]))
right = st.builds(
    Everything,
    text=texts,
    whole=st.integers(),
    number=numbers,
    flag=st.booleans(),
    anything=st.none() | texts | st.lists(st.integers(), max_size=2),
    inner=st.none() | inners,
    inners=st.lists(inners, max_size=2),
    pair=st.tuples(st.integers(), texts),
    run=st.lists(numbers, max_size=2).map(tuple),
    group=st.sets(st.integers(), max_size=2),
    by_name=st.dictionaries(texts, inners, max_size=2),
    by_number=st.dictionaries(st.integers(-9, 9), texts, max_size=2),
    by_day=st.dictionaries(st.dates(), numbers, max_size=2),
    moment=st.none() | moments,
    moments=st.lists(moments, max_size=2),
    day=st.none() | st.dates(),
    clock=st.none() | st.times(),
    span=st.none() | st.timedeltas(timedelta(days=-999), timedelta(days=999)),
    ident=st.none() | st.uuids(),
    price=st.none() | decimals,
    blob=st.none() | st.binary(max_size=5),
    color=colors,
    colors=st.dictionaries(colors, colors, max_size=2),
    level=st.none() | st.sampled_from(Level),
    one_of=st.sampled_from([None, "x", 3]),
    mixed=st.none() | texts | st.integers(),
    model_or_text=st.none() | inners | texts | st.lists(st.integers(), max_size=2),
    pet=st.none() | cats | dogs,
    pets=st.lists(cats | dogs, max_size=2),
    shape=st.none() | shapes,
    shapes=st.lists(shapes, max_size=2),
    told=st.none() | shapes,
    kept=st.none() | kept,
    box=st.none() | st.builds(Box, content=inners, many=st.lists(inners, max_size=2)),
    left_out=st.just(OMIT) | st.integers(),
    wire_named=st.integers(),
)
