"""The fast path accepts only what the marshmallow schema accepts, with an equal result."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import marshmallow as ma
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import get
from gemel.kit.errors import DeclarationError, ResponseValidationError
from gemel.kit.http.messages import CallContext, Headers, Request, Response
from gemel.kit.models.decode import decoder, keyed_decoder
from gemel.kit.models.model import Model, field
from gemel.kit.models.schema import load
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync

from .shop import Album, Mode, Track, Tree
from .wire import Wire, reply

REQUEST = Request("GET", "http://h/x", Headers(), context=CallContext(label="Things.read"))


class Kind(enum.Enum):
    A = "a"
    B = "b"


class Inner(Model, case="camel"):
    some_text: str
    count: int = 0


class Outer(Model, case="camel"):
    """A field of every sort."""

    text: str
    whole: int = 0
    number: float = 0.0
    flag: bool = False
    anything: Any = None
    maybe: str | None = None
    inner: Inner | None = None
    inners: list[Inner] = field(default_factory=list)
    by_name: dict[str, Inner] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)
    raw: dict = field(default_factory=dict)  # type: ignore[type-arg]
    items: list = field(default_factory=list)  # type: ignore[type-arg]
    matrix: list[list[int]] = field(default_factory=list)
    moment: datetime | None = None
    day: date | None = None
    ident: UUID | None = None
    price: Decimal | None = None
    kind: Kind | None = None
    one_of: Literal["x", "y", 3] | None = None
    mixed: str | int | None = None
    several: list[str] | None = None
    hidden: Annotated[str | None, SECRET] = None
    wire_named: int = field(name="oddName", default=0)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "a", "b", "x", "y", "3", "true", "1.5", "\u00e9", "2024-02-29T13:30:15Z", "2024-02-29"]),
    st.sampled_from(
        ["2024-02-29T13:30:15.25+02:00", "2024-02-30", "2024-02-29 13:30:15", str(UUID(int=7)), "1e5", "NaN"]
    ),
    st.text(max_size=5),
)
inner = st.fixed_dictionaries({}, optional={"someText": scalars, "count": scalars, "extra": scalars})
values = st.recursive(
    scalars | inner,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3),
    max_leaves=6,
)
names = [item.encode_name for item in msgspec.structs.fields(Outer)]
documents = st.fixed_dictionaries({"text": st.text(max_size=3) | scalars}, optional=dict.fromkeys(names[1:], values))
likely = {
    "whole": st.integers(),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "flag": st.booleans(),
    "inner": st.none() | inner,
    "inners": st.lists(inner, max_size=3),
    "byName": st.dictionaries(st.text(max_size=2), inner, max_size=2),
    "counts": st.dictionaries(st.text(max_size=2), st.integers(-3, 3), max_size=2),
    "byNumber": st.dictionaries(st.sampled_from(["1", "-2", "x", "01", "1.0"]), st.text(max_size=2), max_size=2),
    "matrix": st.lists(st.lists(st.integers(), max_size=2), max_size=2),
    "moment": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "day": st.dates().map(str),
    "ident": st.uuids().map(str),
    "price": st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str) | st.integers(-9, 9),
    "kind": st.sampled_from(["a", "b", "c"]),
    "oneOf": st.sampled_from(["x", "y", 3, "z"]),
    "mixed": st.text(max_size=2) | st.integers(),
    "several": st.none() | st.lists(st.text(max_size=2), max_size=2),
    "free": st.dictionaries(st.text(max_size=2), values, max_size=2),
}
near = st.fixed_dictionaries({"text": st.text(max_size=3)}, optional=likely)


def fast(body: bytes, hint: Any) -> Any:
    return msgspec.json.decode(body, type=hint)


@given(near | documents)
def test_what_the_fast_path_accepts_the_schema_accepts_alike(document: Any) -> None:
    body = json.dumps(document).encode()
    try:
        quick = fast(body, Outer)
    except msgspec.ValidationError:
        return
    slow = Outer.Schema().load(json.loads(body))
    assert slow == quick
    assert repr(slow) == repr(quick)


HINTS = [
    list[Inner],
    dict[str, Inner],
    list[int] | None,
    dict[int, str],
    Inner | None,
    str | int,
    list[Any],
    Any,
    float,
]


@pytest.mark.parametrize("hint", HINTS, ids=str)
@given(
    document=values | st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["1", "a"]), scalars, max_size=2)
)
def test_so_do_plain_types(hint: Any, document: Any) -> None:
    body = json.dumps(document).encode()
    try:
        quick = fast(body, hint)
    except msgspec.ValidationError:
        return
    assert load(hint, json.loads(body)) == quick


NUMBERS = [b"1", b"-0", b"1.0", b"1e2", b"1E400", b"123456789012345678901234567890", b"-9223372036854775809", b"0.1"]


@pytest.mark.parametrize("number", [*NUMBERS, b"1.10", b"0.1000000000000000055511151231257827"])
@pytest.mark.parametrize("hint", [int, float, Any, Decimal], ids=str)
def test_so_do_odd_numbers(hint: Any, number: bytes) -> None:
    try:
        quick = fast(number, hint)
    except msgspec.ValidationError:
        return
    slow = load(hint, json.loads(number, parse_float=Decimal if hint is Decimal else None))
    assert slow == quick
    assert type(slow) is type(quick)


def read(hint: Any, body: bytes, **options: Any) -> Any:
    response = Response(200, Headers({"Content-Type": "application/json"}), body, "http://h/x")
    return decoder(hint, **options)(response, REQUEST)


def test_all_faults_are_collected_with_their_paths() -> None:
    body = {"text": 1, "whole": "x", "flag": [], "inners": [{"someText": "a"}, {"count": "x"}], "byName": {"k": {}}}
    body |= {"moment": "then", "kind": "z", "oneOf": "z", "matrix": [[1], ["a"]], "counts": {"a": "b"}}
    with pytest.raises(ResponseValidationError) as caught:
        read(Outer, json.dumps(body).encode())
    faults = caught.value.errors
    assert set(faults) == set(body)
    assert set(faults["inners"][1]) == {"someText", "count"}
    assert faults["byName"]["k"]["value"]["someText"] == ["Missing data for required field."]
    assert "at most" not in str(caught.value)
    assert str(caught.value).count(";") <= 5


def test_the_path_of_an_envelope_is_part_of_the_faults() -> None:
    with pytest.raises(ResponseValidationError) as caught:
        read(list[Inner], b'{"things": [{"someText": "a"}, {}]}', unwrap="things")
    assert caught.value.errors == {"things": {1: {"someText": ["Missing data for required field."]}}}
    assert "things.1.someText" in str(caught.value)


def test_unknown_fields_are_dropped_on_both_roads() -> None:
    expected = Inner(some_text="a")
    assert read(Inner, b'{"someText": "a", "new": {"x": [1]}}') == expected
    assert Inner.Schema().load({"someText": "a", "new": 1}) == expected


class ShoutSchema(ma.Schema):
    """A user's own schema, in marshmallow's way."""

    class Meta:
        unknown = ma.EXCLUDE

    name = ma.fields.String(required=True, validate=ma.validate.Length(min=2))

    @ma.post_load
    def shout(self, data: Any, **_: Any) -> Any:
        return data["name"].upper()


class Strict(Inner.Schema):  # type: ignore[name-defined,misc]
    """The model's schema, made stricter."""

    count = ma.fields.Integer(validate=ma.validate.Range(min=1))


class Own(Resource[M]):
    """Replies by schemas."""

    @get("one", unwrap="value")
    def one(self) -> Annotated[str, ShoutSchema]:
        """Read one."""
        ...

    @get("many")
    def many(self) -> Annotated[list[str], ShoutSchema(many=True)]:
        """Read many."""
        ...

    @get("listed")
    def listed(self) -> list[Annotated[str, ShoutSchema]]:
        """Read a list."""
        ...

    @get("strict")
    def strict(self) -> Annotated[Inner, Strict]:
        """Read one strictly."""
        ...


class OwnClient(Client):
    own: Own[Sync]


class OwnAsyncClient(AsyncClient):
    own: Own[Async]


OWN = [
    (lambda shop: shop.own.one(), {"value": {"name": "ab", "x": 1}}, "AB"),
    (lambda shop: shop.own.many(), [{"name": "ab"}, {"name": "cd"}], ["AB", "CD"]),
    (lambda shop: shop.own.listed(), [{"name": "ab"}], ["AB"]),
    (lambda shop: shop.own.strict(), {"someText": "a", "count": 2}, Inner(some_text="a", count=2)),
    (lambda shop: shop.own.one(), {"value": {"name": "a"}}, None),
    (lambda shop: shop.own.many(), [{"name": "ab"}, {}], None),
    (lambda shop: shop.own.strict(), {"someText": "a", "count": 0}, None),
]


@pytest.mark.parametrize(("call", "body", "expected"), OWN)
def test_an_own_marshmallow_schema_decides(mode: Mode, call: Any, body: Any, expected: Any) -> None:
    client = OwnAsyncClient if mode.is_async else OwnClient
    with Wire(reply(body)) as wire:
        if expected is not None:
            assert mode.run(wire.url, call, client=client) == expected
        else:
            with pytest.raises(ResponseValidationError):
                mode.run(wire.url, call, client=client)


EXPECTED = [
    ({"album": Album, "": Any}, {"album": {"id": "a"}}, Album(id="a")),
    ({"x": Album, "albums": list[Album]}, {"albums": [{"id": "a"}]}, [Album(id="a")]),
    ({"x": Album, "": Any}, {"y": 1}, {"y": 1}),
    ({"": Track}, {"title": "t"}, Track(title="t")),
    ({"name": ShoutSchema}, {"name": {"name": "ab"}}, "AB"),
    ({"": ShoutSchema}, {"name": "ab"}, "AB"),
]


@pytest.mark.parametrize(("expected", "body", "value"), EXPECTED)
def test_the_first_expected_key_decides(expected: Any, body: Any, value: Any) -> None:
    response = Response(200, Headers(), json.dumps(body).encode(), "http://h/x")
    assert keyed_decoder(expected)(response, REQUEST) == value


@pytest.mark.parametrize("body", [{"y": 1}, [], None, "x"])
def test_none_of_the_expected_keys_is_an_error(body: Any) -> None:
    response = Response(200, Headers(), json.dumps(body).encode(), "http://h/x")
    with pytest.raises(ValueError, match="none of the keys") as caught:
        keyed_decoder({"x": Album})(response, REQUEST)
    assert isinstance(caught.value, ResponseValidationError)


def test_a_nested_record_is_read_by_both_roads() -> None:
    body = b'{"leaf": 1, "inner": {"leaf": 2}}'
    assert read(Tree, body) == Tree.Schema().load(json.loads(body)) == Tree(leaf=1, inner=Tree(leaf=2))


class Odd(Model):
    """A record with a field that JSON cannot give."""

    name: str
    number: list[complex] = field(default_factory=list)


@dataclasses.dataclass
class Plain:
    where: Path


@dataclasses.dataclass
class Chain:
    rest: Chain | None = None


class Pair(NamedTuple):
    first: int
    second: Fraction


class Dict(TypedDict):
    inner: dict[str, Callable[[], int]]


UNDECODABLE = [
    complex,
    list[complex],
    dict[str, complex | None],
    Annotated[Path, "mark"],
    Odd,
    list[Odd] | None,
    Plain,
    Pair,
    Dict,
    object.__class__,
    Callable[[], int],
    Iterable[int],
    Fraction | int,
]


@pytest.mark.parametrize("hint", UNDECODABLE, ids=str)
@pytest.mark.parametrize("settings", [{}, {"validate": "strict"}, {"validate": "off"}, {"on_drift": print}], ids=str)
def test_what_no_reply_can_be_is_refused_before_one_comes(hint: Any, settings: dict[str, Any]) -> None:
    class Wrong(Resource[M]):
        @get("x")
        def read(self) -> hint: ...

    with Client("http://127.0.0.1:1", **settings) as client, pytest.raises(DeclarationError) as caught:
        _ = Wrong[Sync](client).read
    assert str(caught.value).startswith("Wrong.read(): the return type cannot be decoded: ")


def test_an_endpoint_of_a_type_that_no_reply_can_be_says_which() -> None:
    class Wrong(Resource[M]):
        @get("x", unwrap="odd")
        def read(self) -> Odd: ...

    with Client("http://127.0.0.1:1") as client, pytest.raises(DeclarationError, match="complex"):
        _ = Wrong[Sync](client).read


@pytest.mark.parametrize(
    ("hint", "body", "value"),
    [
        (object, b'{"a":[1,null]}', {"a": [1, None]}),
        (list[object], b'[1,"a"]', [1, "a"]),
        (dict[str, object], b'{"a":1.5}', {"a": 1.5}),
        (Any, b"[1]", [1]),
        (Chain, b'{"rest":{"rest":null}}', Chain(Chain())),
        (Annotated[complex, ShoutSchema], b'{"name":"ab"}', "AB"),
    ],
    ids=str,
)
def test_what_may_be_anything_is_read(mode: Mode, hint: Any, body: bytes, value: Any) -> None:
    class Free(Resource[M]):
        @get("x")
        def read(self) -> hint: ...

    with Wire(reply(body)) as wire:
        step = lambda client: (Free[Async] if mode.is_async else Free[Sync])(client).read()  # noqa: E731
        assert mode.run(wire.url, step) == value
