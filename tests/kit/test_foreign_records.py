"""Records that are no Models: what is in them is read as it is declared, or refused when it is declared."""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import attrs
import marshmallow as ma
import msgspec
import pytest
import typing_extensions as te

from gemel.kit.declare import get
from gemel.kit.errors import DeclarationError
from gemel.kit.models.decode import from_json
from gemel.kit.models.model import Model
from gemel.kit.models.schema import load
from gemel.kit.models.unions import Discriminator
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import SYNC, Mode
from .wire import Wire, reply

T = TypeVar("T")
AT = "2024-02-29T13:30:15"
UTC = datetime(2024, 2, 29, 13, 30, 15, tzinfo=timezone.utc)


class Item(Model):
    """An item."""

    a: int


class Box(Model, Generic[T]):
    """Anything, in a box."""

    content: T


class Keeping(Model, unknown="keep"):
    """A record that keeps."""

    a: int


class Cat(Model):
    """A cat."""

    kind: Literal["cat"]


class Dog(Model):
    """A dog."""

    kind: Literal["dog"]


MAKERS: dict[str, Any] = {
    "dataclass": lambda hint: dataclasses.make_dataclass("Outer", [("inner", hint)]),
    "attrs": lambda hint: attrs.make_class("Outer", {"inner": attrs.field(type=hint)}),
    "typed dict": lambda hint: te.TypedDict("Outer", {"inner": hint}),  # type: ignore[operator]
    "struct": lambda hint: msgspec.defstruct("Outer", [("inner", hint)]),
    "named tuple": lambda hint: NamedTuple("Outer", [("inner", hint)]),  # type: ignore[misc]
}


@pytest.fixture(params=MAKERS)
def form(request: Any) -> Any:
    """Each test that asks for it runs with every kind of record."""
    return request.param


def read(form: str, hint: Any, value: Any) -> Any:
    """Read one field of a record by the fast road and by the schema, which must agree."""
    outer = MAKERS[form](hint)
    document = [value] if form == "named tuple" else {"inner": value}
    fast, slow = from_json(outer, json.dumps(document)), load(outer, document)
    assert repr(fast) == repr(slow)
    return fast["inner"] if form == "typed dict" else fast.inner


LOOSE: list[tuple[Any, str]] = [
    (T, "Outer.inner: nothing says what T stands for"),
    (list[T], "Outer.inner: nothing says what T stands for"),
    (Box, "Outer.inner: Box needs its type argument"),
    (Item | Any, "Outer.inner: a union with Any would be read as Any alone"),
    (dict[str, list[Item | Any]], "Outer.inner: a union with Any would be read as Any alone"),
    (datetime | Any, "Outer.inner: a union with Any would be read as Any alone"),
    (deque[int], "Outer.inner: deque is nothing that JSON can hold"),
]


@pytest.mark.parametrize(("hint", "said"), LOOSE, ids=str)
def test_what_would_be_read_as_anything_is_refused(form: str, hint: Any, said: str) -> None:
    outer = MAKERS[form](hint)
    for place in (outer, list[outer], outer | None):
        for road in (lambda hint: from_json(hint, "[]"), lambda hint: load(hint, [])):
            with pytest.raises(TypeError, match=said.replace("[", r"\[")):
                road(place)


def test_an_endpoint_says_which(form: str) -> None:
    outer = MAKERS[form](Item | Any)

    class Things(Resource[M]):
        @get("things")
        def read(self) -> outer: ...  # type: ignore[valid-type]

    outer_things: Any = Things[Sync]
    with pytest.raises(DeclarationError, match=r"Things\.read.*Outer\.inner"):
        SYNC.run("http://127.0.0.1:9", lambda client: outer_things(client).read())


@pytest.mark.parametrize("hint", [Any, object, Any | None, str | Any, Item | None])
def test_what_is_plainly_anything_is_read(form: str, hint: Any) -> None:
    assert read(form, hint, None) is None


def test_models_in_it_are_read_as_everywhere(form: str) -> None:
    class Event(Model):
        at: datetime
        what: Item | Any = None
        pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None

    document = {"at": AT, "what": {"a": 1}, "pet": {"kind": "dog"}}
    event = Event(at=UTC, what=Item(a=1), pet=Dog(kind="dog"))
    assert read(form, Event, document) == event
    assert read(form, list[Event], [document]) == [event]
    assert read(form, Event | None, document) == event
    assert Event.from_dict(document) == Event.from_json(json.dumps(document)) == event  # it is as exact as before


def test_models_in_it_keep_what_they_do_not_know(form: str) -> None:
    found = read(form, Keeping, {"a": 1, "b": 2})
    assert found == Keeping.from_dict({"a": 1, "b": 2}) and found.extras == {"b": 2}


def test_faults_of_models_in_it_come_all_at_once_by_path(form: str) -> None:
    outer = MAKERS[form](dict[str, Item])
    first: Any = 0 if form == "named tuple" else "inner"
    value = {"x": {"a": "1x"}, "y": {}}
    with pytest.raises(ma.ValidationError) as caught:
        load(outer, [value] if form == "named tuple" else {"inner": value})
    faults: Any = caught.value.messages
    assert set(faults[first]) == {"x", "y"}


def test_a_record_of_another_kind_is_no_such_record(form: str) -> None:
    outer = MAKERS[form](Item)
    for wrong in ("x", 3, {"inner": {"a": 1}} if form == "named tuple" else [{"a": 1}]):
        with pytest.raises(ma.ValidationError):
            from_json(outer, json.dumps(wrong))


def test_a_record_may_nest_itself() -> None:
    document = {"item": {"a": 1}, "at": {"at": AT}, "inner": {"item": {"a": 2}, "at": {"at": AT}}}
    assert from_json(Nested, json.dumps(document)) == load(Nested, document)
    assert load(Nested, document).inner.item == Item(a=2)


@dataclasses.dataclass
class Nested:
    """A dataclass that nests itself."""

    item: Item
    at: Timed
    inner: Nested | None = None


class Timed(Model):
    """A time, and a number that keeps its digits."""

    at: datetime
    amount: Decimal = Decimal(0)


class Movie(te.TypedDict):
    """Keys that nobody may change."""

    title: te.ReadOnly[str]
    made: te.Required[te.ReadOnly[Timed]]
    year: te.NotRequired[te.ReadOnly[int]]
    note: te.ReadOnly[te.NotRequired[Annotated[str | None, "a mark"]]]


def test_keys_that_are_read_only() -> None:
    document: Any = {"title": "a", "made": {"at": AT}}
    assert from_json(Movie, json.dumps(document)) == load(Movie, document) == {"title": "a", "made": Timed(at=UTC)}
    whole = {**document, "year": 1, "note": None}
    assert from_json(Movie, json.dumps(whole)) == load(Movie, whole)
    for wrong in ({"title": "a"}, {"made": {"at": AT}}, {**document, "year": "x"}):
        with pytest.raises(ma.ValidationError):
            from_json(Movie, json.dumps(wrong))
    assert "ReadOnly" in str(Movie.__annotations__)


class Things(Resource[M]):
    """Things of many kinds."""

    @get("movie")
    def movie(self) -> Movie: ...

    @get("nested")
    def nested(self) -> list[Nested]: ...


def test_over_the_wire(mode: Mode) -> None:
    things: Any = Things[Async] if mode.is_async else Things[Sync]
    with Wire(reply({"title": "a", "made": {"at": AT}})) as wire:
        assert mode.run(wire.url, lambda client: things(client).movie())["made"] == Timed(at=UTC)
    with Wire(reply([{"item": {"a": 1}, "at": {"at": AT}}])) as wire:
        assert mode.run(wire.url, lambda client: things(client).nested()) == [Nested(Item(a=1), Timed(at=UTC))]
