"""Every kind of field: what the fast roads accept the schema accepts, with an equal result; and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal

import marshmallow as ma
import msgspec
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from gemel.kit.errors import ResponseValidationError
from gemel.kit.http.messages import CallContext, Headers, Request, Response
from gemel.kit.models.decimals import read_json
from gemel.kit.models.decode import decoder
from gemel.kit.models.fast import fast_decoder
from gemel.kit.models.keep_unknown import keeper
from gemel.kit.models.model import Model
from gemel.kit.models.schema import load
from gemel.kit.models.unions import Discriminator, OpenEnum

from .everything import (
    Box,
    Cat,
    Circle,
    Color,
    Dog,
    Everything,
    Inner,
    Kept,
    Square,
    junk,
    records,
    right,
    scalars,
    values,
)

REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
REQUEST = Request("GET", "http://h/x", Headers(), context=CallContext(label="Things.read"))


def read(hint: Any, body: bytes, **options: Any) -> Any:
    response = Response(200, Headers({"Content-Type": "application/json"}), body, "http://h/x")
    return decoder(hint, **options)(response, REQUEST)


def accepted(road: Callable[[Any], Any] | None, given: Any) -> list[Any]:
    """What a road makes of it, in a list; the empty list where it refuses."""
    assert road is not None
    try:
        return [road(given)]
    except REFUSALS:
        return []


def agree(hint: Any, body: bytes) -> None:
    """Hold the fast road, and the road of models that keep, against the schema."""
    for quick in accepted(fast_decoder(hint), body):
        same(load(hint, read_json(body, exact=True)), quick)
    keep = keeper(hint)
    for kept in accepted(keep, json.loads(body)) if keep is not None else []:
        same(load(hint, json.loads(body)), kept)


def same(slow: Any, quick: Any) -> None:
    """Hold two results together; Decimal("NaN"), which text may say, is not even equal to itself."""
    assert repr(slow) == repr(quick)
    assert slow == quick or "Decimal('NaN')" in repr(quick)


@given(junk, st.data())
def test_no_fast_road_accepts_what_the_schema_does_not(document: Any, data: Any) -> None:
    good = {name: data.draw(values) for name in data.draw(st.lists(st.sampled_from(list(document)), max_size=2))}
    agree(Everything, json.dumps({**document, **good}).encode())


@given(right)
def test_a_record_comes_back_by_every_road(record: Everything) -> None:
    body = record.to_json().encode()
    assert accepted(fast_decoder(Everything), body) == [record]
    assert load(Everything, read_json(body, exact=True)) == record
    assert Everything.from_json(body) == record == Everything.from_dict(record.to_dict())
    assert json.loads(json.dumps(record.to_dict())) == json.loads(body)


@given(right, st.sampled_from(["whole", "inner", "pet", "shape", "color", "kept", "box", "moment"]), values)
def test_a_record_with_one_field_changed_is_read_alike(record: Everything, name: str, value: Any) -> None:
    agree(Everything, json.dumps({**record.to_dict(), name: value}).encode())


HINTS = [
    Kept,
    list[Kept],
    dict[str, Kept | int],
    tuple[Kept, int] | None,
    Box[Kept],
    Annotated[Cat | Dog, Discriminator("kind")],
    list[Circle | Square],
    Square,
    dict[int, Inner],
    list[Inner] | str,
    datetime,
    datetime | float,
    Decimal | int,
    list[Decimal],
    float,
    Color | None,
    Literal["a", 1, None],
    set[date],
    bytes,
    Any,
]


# To make up a document takes longer than to read it: each is read as every type.
@settings(max_examples=settings().max_examples * 2)
@given(values | records | st.lists(records, max_size=2) | st.lists(scalars, max_size=2))
def test_plain_types_are_read_alike(document: Any) -> None:
    body = json.dumps(document).encode()
    for hint in HINTS:
        note(f"read as {hint}")
        agree(hint, body)


NUMBERS = ["1", "-0", "1.0", "1e2", "1E400", "1e-400", "123456789012345678901234567890", "0.1", "1.10", "9" * 400]
NUMBERS += ["0.1000000000000000055511151231257827", "1.7976931348623157e308", "-9223372036854775809"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize(
    "hint", [int, float, Any, Decimal, Decimal | int, Decimal | bool, int | float, bool, Literal[1]]
)
def test_odd_numbers_are_read_alike(hint: Any, number: str) -> None:
    agree(hint, number.encode())
    agree(list[hint], f"[{number}]".encode())


DISAGREED = [
    (Literal["a", None], b"null"),
    (dict[int, str], b'{"1": "a"}'),
    (list[Decimal], b"[0.1000000000000000055511151231257827]"),
    (Decimal, b"1.10"),
    (list[Decimal], b'["NaN", "-Infinity"]'),
    (Kept, b'{"docId": 1, "inner": {"docId": 2, "x": 1}}'),
    (Circle | Square, b'{"shape": "square", "side": 1, "new": 2}'),
    (Square, b'{"side": 1}'),
    (tuple[int, str], b'[1, "a"]'),
]


@pytest.mark.parametrize(("hint", "body"), DISAGREED, ids=str)
def test_what_the_roads_once_read_differently(hint: Any, body: bytes) -> None:
    slow = load(hint, read_json(body, exact=True))
    same(slow, read(hint, body))
    agree(hint, body)


REFUSED = [
    (Literal[1], b"true"),
    (Square, b'{"shape": "circle"}'),
    (Square, b'{"shape": null}'),
    (Circle | Square, b'{"side": 1}'),
    (Annotated[Cat | Dog, Discriminator("kind")], b'{"kind": "cow"}'),
    (Annotated[Cat | Dog, Discriminator("kind")], b'{"lives": 1}'),
    (Annotated[Cat | Dog, Discriminator("kind")], b'{"kind": ["cat"]}'),
    (datetime, b"1700000000"),
    (list[bytes], b'["YQ"]'),
    (Color, b"1"),
    (int, b"1.0"),
    (int, b'"1"'),
    (dict[int, str], b'{"a": "b"}'),
]


@pytest.mark.parametrize(("hint", "body"), REFUSED, ids=str)
def test_what_every_road_refuses(hint: Any, body: bytes) -> None:
    with pytest.raises(ResponseValidationError):
        read(hint, body)
    with pytest.raises(ma.ValidationError):
        load(hint, json.loads(body))


MOMENTS = [
    ("2024-02-29T13:30:15Z", datetime(2024, 2, 29, 13, 30, 15, tzinfo=timezone.utc)),
    ("2024-02-29T13:30:15", datetime(2024, 2, 29, 13, 30, 15, tzinfo=timezone.utc)),
    ("2024-02-29T13:30:15+02:00", datetime(2024, 2, 29, 13, 30, 15, tzinfo=timezone(timedelta(hours=2)))),
]


@pytest.mark.parametrize(("text", "moment"), MOMENTS)
def test_a_time_without_a_zone_is_in_utc_wherever_it_stands(text: str, moment: datetime) -> None:
    inside = {"text": "", "moments": [text], "pet": {"kind": "cat", "bornAt": text}, "momentOrNumber": text}
    record = read(Everything, json.dumps(inside).encode())
    assert record.moments == [moment] and record.pet == Cat(born_at=moment) and record.moment_or_number == moment
    assert record.moments[0].utcoffset() == moment.utcoffset() == record.pet.born_at.utcoffset()
    assert read(dict[str, datetime], json.dumps({"a": text}).encode()) == {"a": moment}


def test_annotations_are_as_written_after_decoding() -> None:
    class Late(Cat):
        again_at: datetime | None = None

    read(Late, b"{}")
    assert Late.__annotations__ == {"again_at": "datetime | None"}
    assert Cat.__annotations__ == {"kind": "Literal['cat']", "born_at": "datetime | None"}
    assert read(Late, b'{"again_at": "2024-02-29T13:30:15"}').again_at.tzinfo is timezone.utc


class LiteralCat(Model):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class LiteralDog(Model):
    kind: Literal["dog"] = "dog"
    lives: int = 1


class TaggedCat(Model, tag_field="kind", tag="cat"):
    lives: int = 9


class TaggedDog(Model, tag_field="kind", tag="dog"):
    lives: int = 1


BY_LITERAL = Annotated[LiteralCat | LiteralDog, Discriminator("kind")]
BY_BOTH = Annotated[TaggedCat | TaggedDog, Discriminator("kind")]


@given(st.fixed_dictionaries({}, optional={"kind": st.sampled_from(["cat", "dog", "cow", 1, None]), "lives": scalars}))
def test_both_ways_to_tell_a_union_apart_agree(document: Any) -> None:
    body = json.dumps(document).encode()
    results = []
    for hint in (BY_LITERAL, BY_BOTH, TaggedCat | TaggedDog):
        try:
            value = read(hint, body)
            results.append((type(value).__name__[-3:], value.lives, value.to_dict()))
        except ResponseValidationError as error:
            results.append(error.errors)
    assert results[0] == results[1] == results[2]


WRONG: list[tuple[Any, str]] = [
    (LiteralCat | LiteralDog, "must be tagged"),
    (Annotated[LiteralCat | LiteralDog, Discriminator("sort")], "'sort'"),
    (Annotated[TaggedCat | TaggedDog, Discriminator("sort")], "'sort'"),
    (Annotated[LiteralCat | TaggedCat, Discriminator("kind")], "both are 'cat'"),
    (Annotated[LiteralCat | int, Discriminator("kind")], "to be told apart"),
]


@pytest.mark.parametrize(("hint", "said"), WRONG, ids=str)
def test_a_union_that_cannot_be_told_apart_is_refused_when_declared(hint: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        decoder(hint)


class Doubtful(Inner.Schema):
    """A user's schema, which refuses what the model allows."""

    @ma.validates("count")
    def check_count(self, value: int, **_: Any) -> None:
        if value > 9:
            raise ma.ValidationError("Too many.")


class Holder(Model):
    """A model whose field names a schema."""

    inner: Annotated[Inner, Doubtful]


def test_a_schema_named_by_a_field_is_asked() -> None:
    assert read(Holder, b'{"inner": {"someText": "a", "count": 9}}') == Holder(inner=Inner(some_text="a", count=9))
    with pytest.raises(ResponseValidationError) as caught:
        read(Holder, b'{"inner": {"someText": "a", "count": 10}}')
    assert caught.value.errors == {"inner": {"count": ["Too many."]}}
    with pytest.raises(ResponseValidationError, match="Too many"):
        read(list[Annotated[Inner, Doubtful]], b'[{"someText": "a", "count": 10}]')
    assert Doubtful().load({"someText": "a", "unknown": 1}) == Inner(some_text="a")


def test_an_open_enum_keeps_what_it_does_not_know() -> None:
    class Paint(Model):
        color: Color

    paint = read(Paint, b'{"color": "mauve"}')
    assert isinstance(paint.color, Color) and not paint.color.known
    assert paint.color.value == paint.color.name == str(paint.color) == f"{paint.color}" == "mauve"
    assert repr(paint.color) == "Color('mauve')" and repr(Color.RED) == "Color.RED"
    assert paint.to_json() == '{"color":"mauve"}' and Paint.from_json(paint.to_json()) == paint
    assert paint.color == Color("mauve") == "mauve" and {paint.color: 1}["mauve"] == 1
    assert read(Paint, b'{"color": "red"}').color is Color.RED
    assert list(Color) == [Color.RED, Color.BLUE]
    with pytest.raises(ValueError, match="1 is not a valid"):
        Color(1)


def test_an_open_enum_has_members_of_text_alone() -> None:
    class Size(OpenEnum):
        BIG = "big"

    assert Size("big") is Size.BIG and Size.BIG.known
    assert Size("small") != Size.BIG and Size("small") == Size("small")
