# mypy: disable-error-code="empty-body"
"""Codecs: what a mark says of the form on the wire, in replies, bodies, paths, queries, headers and forms."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, TypedDict

import marshmallow as ma
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, Cookie, Form, Header, Query, get, post
from gemel.kit.errors import DeclarationError, InvalidArgument, ResponseValidationError
from gemel.kit.models.codec import Codec
from gemel.kit.models.codecs import (
    Base64,
    Base64Url,
    Epoch,
    EpochMillis,
    IntegerText,
    Iso8601Duration,
    NumberText,
    Rfc2822,
    Seconds,
)
from gemel.kit.models.decode import from_json
from gemel.kit.models.fast import fast_decoder
from gemel.kit.models.model import Model, field
from gemel.kit.models.schema import load
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Mode
from .wire import Wire, reply

NOON = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1, seconds=30)


def read_version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def write_version(value: tuple[int, ...]) -> str:
    return ".".join(map(str, value))


Version = Codec(read_version, write_version, name="version")


class Point(Model, case="camel"):
    """A record with a codec of each kind."""

    at: Annotated[datetime, Rfc2822] | None = None
    since: Annotated[datetime | None, Epoch] = None
    made_at: Annotated[datetime | Omit, EpochMillis] = OMIT
    took: Annotated[timedelta, Iso8601Duration] | None = None
    wait: Annotated[timedelta, Seconds] | None = None
    value: Annotated[float, NumberText] | None = None
    count: Annotated[int, IntegerText] | None = None
    data: Annotated[bytes, Base64] | None = None
    key: Annotated[bytes, Base64Url] | None = None
    version: Annotated[tuple[int, ...], Version] | None = None
    values: list[Annotated[float, NumberText]] = field(default_factory=list)
    by_name: dict[str, Annotated[datetime, Epoch]] = field(default_factory=dict)
    inner: Point | None = None
    plain: datetime | None = None


FULL = Point(
    at=NOON,
    since=NOON,
    made_at=NOON + timedelta(milliseconds=5),
    took=HOUR,
    wait=timedelta(seconds=1.5),
    value=-math.inf,
    count=7,
    data=b"\xfb\xff",
    key=b"\xfb\xff",
    version=(1, 2),
    values=[1.5, math.inf],
    by_name={"a": NOON},
    inner=Point(value=2.0),
    plain=NOON,
)
WRITTEN: dict[str, Any] = {
    "at": "Thu, 29 Feb 2024 12:00:00 +0000",
    "since": 1709208000,
    "madeAt": 1709208000005,
    "took": "PT3630S",
    "wait": 1.5,
    "value": "-Inf",
    "count": "7",
    "data": "+/8=",
    "key": "-_8",
    "version": "1.2",
    "values": ["1.5", "+Inf"],
    "byName": {"a": 1709208000},
    "inner": {"value": "2.0"},
    "plain": "2024-02-29T12:00:00Z",
}


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: without_none(item) for name, item in value.items() if item is not None and item not in ([], {})}
        return kept
    return value


def test_a_record_is_written_and_read() -> None:
    assert without_none(FULL.to_dict()) == WRITTEN
    assert without_none(json.loads(FULL.to_json())) == WRITTEN
    assert Point.from_json(FULL.to_json()) == Point.from_dict(FULL.to_dict()) == FULL
    assert FULL.to_dict(by_alias=False)["made_at"] == 1709208000005
    assert FULL.replace(count=8).to_dict()["count"] == "8"


class Things(Resource[M], case="camel"):
    """Codecs in every place."""

    @post("points")
    def create(self, point: Annotated[Point, Body]) -> Point: ...
    @post("fields")
    def fields(self, *, at: Annotated[datetime, Rfc2822], ids: list[Annotated[int, IntegerText]]) -> None: ...
    @get("at/{at}")
    def path(self, at: Annotated[datetime, Epoch]) -> None: ...
    @get("q")
    def query(
        self,
        *,
        at: Annotated[datetime, EpochMillis, Query("from")] = NOON,
        lengths: Annotated[list[Annotated[timedelta, Seconds]] | Omit, Query(join=",")] = OMIT,
        point: Annotated[Point | Omit, Query(style="deep", lists="indices")] = OMIT,
    ) -> None: ...
    @post("form")
    def form(self, *, took: Annotated[timedelta | None, Iso8601Duration, Form] = None) -> None: ...
    @get("h")
    def header(
        self,
        *,
        since: Annotated[datetime, Rfc2822, Header("If-Unmodified-Since")],
        key: Annotated[bytes, Base64, Cookie("k")] = b"",
    ) -> None: ...
    @post("secret")
    def secret(self, *, key: Annotated[bytes, Base64, SECRET]) -> None: ...
    @get("when", unwrap="at")
    def when(self) -> Annotated[datetime, Epoch]: ...
    @get("bytes")
    def content(self) -> Annotated[bytes, Base64]: ...
    @get("points")
    def list(self) -> list[Point]: ...


class ThingsClient(Client):
    things: Things[Sync]


class AsyncThingsClient(AsyncClient):
    things: Things[Async]


def call(mode: Mode, use: Any, answer: Any = b"", **settings: Any) -> tuple[Any, Any]:
    client = AsyncThingsClient if mode.is_async else ThingsClient
    with Wire(reply(answer)) as wire:
        value = mode.run(wire.url, lambda made: use(made.things), client=client, **settings)
    return value, wire.last


def test_a_body_and_a_reply(mode: Mode) -> None:
    value, seen = call(mode, lambda things: things.create(FULL), WRITTEN)
    assert value == FULL and without_none(seen.json) == WRITTEN


def test_fields_paths_queries_forms_headers_and_cookies(mode: Mode) -> None:
    seen = call(mode, lambda things: things.fields(at=NOON, ids=[1, 2]))[1]
    assert seen.json == {"at": WRITTEN["at"], "ids": ["1", "2"]}
    assert call(mode, lambda things: things.path(NOON))[1].target == "/at/1709208000"
    assert call(mode, lambda things: things.query())[1].query == "from=1709208000000"
    seen = call(mode, lambda things: things.query(lengths=[HOUR, timedelta(seconds=0.5)]))[1]
    assert seen.query == "from=1709208000000&lengths=3630,0.5"
    seen = call(mode, lambda things: things.query(point=Point(value=math.nan, values=[1.0])))[1]
    assert seen.query.endswith("&point%5Bvalue%5D=NaN&point%5Bvalues%5D%5B0%5D=1.0")
    assert call(mode, lambda things: things.form(took=HOUR))[1].body == b"took=PT3630S"
    assert call(mode, lambda things: things.form())[1].body == b""
    seen = call(mode, lambda things: things.header(since=NOON, key=b"a"))[1]
    assert (seen.headers["if-unmodified-since"], seen.headers["cookie"]) == (WRITTEN["at"], "k=YQ==")


def test_replies_that_are_a_coded_value(mode: Mode) -> None:
    assert call(mode, lambda things: things.when(), {"at": 1709208000})[0] == NOON
    assert call(mode, lambda things: things.content(), "aGk=")[0] == b"hi"


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (
            lambda things: things.path(datetime(2024, 1, 1)),
            "at: it has no form as a number of seconds since 1970",
        ),
        (lambda things: things.fields(at=NOON, ids=["1"]), "ids: expected list"),
        (lambda things: things.create(Point(at=datetime(2024, 1, 1))), "it has no form as a date of RFC 2822"),
        (lambda things: things.create(Point(count="x")), "a whole number as text: got str"),  # type: ignore[arg-type]
        (lambda things: things.create(Point(version=("x",))), "version"),  # type: ignore[arg-type]
    ],
)
def test_a_value_without_a_form_is_not_sent(mode: Mode, use: Any, says: str) -> None:
    client = AsyncThingsClient if mode.is_async else ThingsClient
    with Wire(reply(b"")) as wire:
        error = mode.fails(wire.url, lambda made: use(made.things), client=client)
    assert isinstance(error, InvalidArgument) and says in str(error) and not wire.seen


def test_a_reply_that_no_codec_takes_is_told_by_its_path(mode: Mode) -> None:
    answer = [{"at": "yesterday", "count": "1.5", "values": ["x"], "since": "1", "wait": True}]
    client = AsyncThingsClient if mode.is_async else ThingsClient
    with Wire(reply(answer)) as wire:
        error = mode.fails(wire.url, lambda made: made.things.list(), client=client)
    assert isinstance(error, ResponseValidationError)
    assert error.errors == {
        0: {
            "at": ["Not a valid date of RFC 2822."],
            "count": ["Not a valid whole number as text."],
            "values": {0: ["Not a valid number as text."]},
            "since": ["Not a valid number of seconds since 1970."],
            "wait": ["Not a valid number of seconds."],
        }
    }


def test_a_secret_is_hidden_in_both_its_forms() -> None:
    with ThingsClient("http://h.example") as client:
        request = client.things.secret.request(key=b"hunter2")
        assert "aHVudGVyMg==" in request.context.secrets
        assert "aHVudGVyMg" not in client.things.secret.curl(key=b"hunter2")


MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(timezone.utc))
CODED: list[tuple[Any, Codec, st.SearchStrategy[Any]]] = [
    (datetime, Rfc2822, MOMENTS.map(lambda at: at.replace(microsecond=0))),
    (datetime, EpochMillis, MOMENTS),
    (timedelta, Iso8601Duration, st.timedeltas(timedelta(-9999), timedelta(9999))),
    (float, NumberText, st.floats()),
    (int, IntegerText, st.integers(-(10**15), 10**15)),
    (bytes, Base64, st.binary()),
    (bytes, Base64Url, st.binary()),
]


@pytest.mark.parametrize(("plain", "codec", "values"), CODED, ids=[codec.name for _, codec, _ in CODED])
def test_what_is_written_is_read(plain: Any, codec: Codec, values: st.SearchStrategy[Any]) -> None:
    @given(values)
    def holds(value: Any) -> None:
        if codec is EpochMillis:
            value = value.replace(microsecond=value.microsecond // 1000 * 1000)
        read = from_json(Annotated[plain, codec], json.dumps(codec.write(value)))
        assert read == value or (math.isnan(read) and math.isnan(value))

    holds()


JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(["1.5", "NaN", "+Inf", "-inf", "1_0", " 1", "7", "-7", "aGk=", "aGk", "PT1S", "P1M", "1.2"]),
    st.sampled_from([WRITTEN["at"], "Thu, 29 Feb 2024 12:00:00 -0000", "1 Jan 99", "2024-01-01T00:00:00Z"]),
)
WIRE = [item.encode_name for item in msgspec.structs.fields(Point)][:10]


@given(st.dictionaries(st.sampled_from(WIRE), JSON, max_size=4))
def test_the_fast_road_and_the_schema_are_one(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    decode = fast_decoder(Point)
    assert decode is not None
    try:
        expected = load(Point, json.loads(body))
    except ma.ValidationError:
        with pytest.raises(msgspec.DecodeError):
            decode(body)
        return
    assert repr(decode(body)) == repr(expected)


def test_numbers_as_text_need_no_schema() -> None:
    class Page(Model):
        values: list[tuple[float, Annotated[float, NumberText]]]

    decode = fast_decoder(Page)
    assert decode is not None
    assert decode(b'{"values": [[1, "1.5"], [2, "+Inf"]]}').values == [(1.0, 1.5), (2.0, math.inf)]


@dataclasses.dataclass
class Foreign:
    at: Annotated[datetime, Epoch]


class Keys(TypedDict):
    at: Annotated[datetime, Epoch]


class Unfit(Model):
    at: Annotated[str, Epoch]


class Bounded(Model):
    value: Annotated[float, NumberText, msgspec.Meta(ge=0)]


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        ({"a": Annotated[int, NumberText]}, "a: a codec of a number as text makes float, not int"),
        ({"a": list[Annotated[str, Epoch]]}, "a: a codec of a number of seconds since 1970 makes datetime, not str"),
        ({"a": Annotated[float, NumberText] | str}, "a: a codec can stand in a union with None alone"),
        ({"a": Keys}, "a: 'at' of Keys cannot have a codec"),
        ({"return": Unfit}, "Unfit.at: a codec of a number of seconds since 1970 makes datetime, not str"),
        ({"return": Foreign}, "Foreign.at: msgspec does not know a codec: derive the record from Model"),
        ({"return": Keys}, "Keys.at: msgspec does not know a codec: derive the record from Model"),
        ({"return": Bounded}, "Bounded.value: a codec and a Meta cannot stand together"),
    ],
)
def test_a_wrong_codec_is_told(hints: dict[str, Any], says: str) -> None:
    def stub(self: Any, a: int = 0) -> None: ...

    stub.__annotations__.update(hints)
    with pytest.raises(DeclarationError) as caught:
        made = type("Wrong", (Resource,), {"stub": post("x")(stub)})
        with Client("http://h.example") as client:
            getattr(made(client), stub.__name__)
    assert str(caught.value).startswith("Wrong.stub(): ") and says in str(caught.value)


def test_a_codec_of_another_wire_type() -> None:
    with pytest.raises(TypeError, match="wire must be str, int or float"):
        Codec(str, str, wire=list)
    wrong = Codec(int, lambda value: value, name="thing")
    with pytest.raises(ValueError, match="it has no form as a thing: got int"):
        wrong.write(1)
    assert Codec(Decimal, float, wire=float).write(Decimal("1.5")) == 1.5
