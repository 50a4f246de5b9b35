"""pydantic's models where gemel's may stand, and gemel's models inside pydantic's and at FastAPI's endpoints."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from fastapi import Body as FromBody
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_serializer,
    field_validator,
)
from pydantic.dataclasses import dataclass

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, get, post
from gemel.kit.errors import InvalidArgument, ResponseValidationError
from gemel.kit.models.model import Model, field
from gemel.kit.paging import Offset, Page
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync

from ..shop import Mode
from ..wire import Wire, reply

T = TypeVar("T")


class Person(BaseModel):
    model_config = ConfigDict(strict=True)

    id: int
    born: date | None = None
    name: str = Field("", alias="fullName")
    key: Annotated[str, SECRET] = ""

    @field_validator("name")
    @classmethod
    def no_digits(cls, name: str) -> str:
        if any(map(str.isdigit, name)):
            raise ValueError("no digits, please")
        return name


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Box(BaseModel, Generic[T]):
    item: T


class Ids(RootModel[list[int]]):
    pass


@dataclass
class Point:
    x: int
    y: Annotated[int, Field(alias="Y", ge=0)] = 0


class Login(BaseModel):
    user: str
    password: SecretStr

    @field_serializer("password", when_used="json")
    def told(self, password: SecretStr) -> str:
        return password.get_secret_value()


class Masked(BaseModel):
    password: SecretStr


class Household(Model, case="camel"):
    head_of: Person
    pets: list[Cat | Dog] = field(default_factory=list)
    paid: Decimal = Decimal(0)


class People(Resource[M], case="camel"):
    @get("person")
    def person(self) -> Person: ...
    @get("person")
    def maybe(self) -> Person | None: ...
    @get("people", unwrap="data.people")
    def people(self) -> list[Person]: ...
    @get("people")
    def by_name(self) -> dict[str, Person]: ...
    @get("pet")
    def pet(self) -> Cat | Dog: ...
    @get("pet")
    def chosen(self) -> Annotated[Cat | Dog, Field(discriminator="kind")]: ...
    @get("box")
    def box(self) -> Box[Person]: ...
    @get("ids")
    def ids(self) -> Ids: ...
    @get("point")
    def point(self) -> Point: ...
    @get("household")
    def household(self) -> Household: ...
    @get("pages", unwrap="items", paging=Offset(limit=2))
    def pages(self) -> Page[Person]: ...
    @post("people")
    def create(self, person: Annotated[Person, Body]) -> None: ...
    @post("people")
    def create_all(self, people: list[Person], point: Point | None = None) -> None: ...
    @post("login")
    def login(self, login: Annotated[Login, Body]) -> None: ...
    @post("login")
    def masked(self, login: Annotated[Masked, Body]) -> None: ...


class Base(BaseClient[M], Generic[M]):
    people: People[M]


class PeopleClient(Base[Sync], Client):
    pass


class AsyncPeopleClient(Base[Async], AsyncClient):
    pass


PERSON = {"id": 1, "born": "1990-02-03", "fullName": "Ada", "more": True}
ADA = Person(id=1, born=date(1990, 2, 3), fullName="Ada")

READ = [
    ("person", PERSON, ADA),
    ("maybe", PERSON, ADA),
    ("maybe", None, None),
    ("people", {"data": {"people": [PERSON]}}, [ADA]),
    ("by_name", {"ada": PERSON}, {"ada": ADA}),
    ("pet", {"kind": "dog", "tricks": ["sit"]}, Dog(kind="dog", tricks=["sit"])),
    ("chosen", {"kind": "cat", "lives": 9}, Cat(kind="cat", lives=9)),
    ("box", {"item": PERSON}, Box[Person](item=ADA)),
    ("ids", [3, 4], Ids([3, 4])),
    ("point", {"x": "1", "Y": 2}, Point(x=1, Y=2)),
    (
        "household",
        {"headOf": PERSON, "pets": [{"kind": "cat", "lives": 7}], "paid": 0.10},
        Household(head_of=ADA, pets=[Cat(kind="cat", lives=7)], paid=Decimal("0.1")),
    ),
]

REFUSED = [
    ("person", {"id": "1"}, {"id": ["Input should be a valid integer"]}),
    ("person", {}, {"id": ["Missing data for required field."]}),
    ("person", {"id": 1, "fullName": "R2D2"}, {"fullName": ["Value error, no digits, please"]}),
    (
        "people",
        {"data": {"people": [PERSON, {}]}},
        {"data": {"people": {1: {"id": ["Missing data for required field."]}}}},
    ),
    ("chosen", {"kind": "cow"}, None),
    ("ids", [1, "x"], None),
    ("point", {"x": 1, "Y": -1}, {"Y": ["Input should be greater than or equal to 0"]}),
    ("household", {"headOf": {"id": 1, "born": 7.5}}, {"headOf": {"born": ["Input should be a valid date"]}}),
]


def run(mode: Mode, url: str, step: Any, **settings: Any) -> Any:
    return mode.run(url, step, client=AsyncPeopleClient if mode.is_async else PeopleClient, **settings)


def fault(mode: Mode, url: str, step: Any, kind: Any, **settings: Any) -> Any:
    with pytest.raises(kind) as caught:
        run(mode, url, step, **settings)
    return caught.value


@pytest.mark.parametrize(("name", "body", "value"), READ, ids=[f"{name}-{n}" for n, (name, *_) in enumerate(READ)])
def test_replies_are_read(mode: Mode, name: str, body: Any, value: Any) -> None:
    with Wire(reply(body)) as wire:
        found = run(mode, wire.url, lambda api: getattr(api.people, name)())
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("name", "body", "faults"), REFUSED, ids=[f"{one[0]}-{n}" for n, one in enumerate(REFUSED)])
def test_replies_that_do_not_fit_are_told_of(mode: Mode, name: str, body: Any, faults: Any) -> None:
    with Wire(reply(body)) as wire:
        error = fault(mode, wire.url, lambda api: getattr(api.people, name)(), ResponseValidationError)
    assert "the reply is not valid: " in str(error)
    assert error.errors and (faults is None or error.errors == faults)


def test_a_secret_of_a_refused_reply_is_not_shown(mode: Mode) -> None:
    class Told(BaseModel):
        key: Annotated[str, SECRET]

        @field_validator("key")
        @classmethod
        def tell(cls, key: str) -> str:
            raise ValueError(f"it is {key}")

    class Keys(Resource[M]):
        @get("key")
        def key(self) -> Told: ...

    with Wire(reply({"key": "hunter2-hunter2"})) as wire:
        error = fault(mode, wire.url, lambda api: Keys(api).key(), ResponseValidationError)
    assert "hunter2" not in f"{error} {error!r} {error.errors}"


def test_off_takes_what_does_not_fit_as_it_came(mode: Mode) -> None:
    with Wire(reply({"headOf": {"id": "x"}, "paid": 2})) as wire:
        found = run(mode, wire.url, lambda api: api.people.household(), validate="off")
    assert (found.head_of, found.paid) == ({"id": "x"}, Decimal(2))


def test_pages(mode: Mode) -> None:
    bodies = [reply({"items": [PERSON, PERSON]}), reply({"items": [PERSON]})]
    with Wire(*bodies) as wire:
        assert run(mode, wire.url, lambda api: api.people.pages().all()) == [ADA] * 3


def test_bodies_are_written_by_pydantic(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        run(mode, wire.url, lambda api: api.people.create(ADA))
        run(mode, wire.url, lambda api: api.people.create_all([ADA], point=Point(x=1, Y=2)))
        run(mode, wire.url, lambda api: api.people.login(Login(user="ada", password=SecretStr("hush-hush"))))
    written = {"id": 1, "born": "1990-02-03", "fullName": "Ada", "key": ""}
    assert wire.seen[0].json == written
    assert wire.seen[1].json == {"people": [written], "point": {"x": 1, "Y": 2}}
    assert wire.seen[2].json == {"user": "ada", "password": "hush-hush"}


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda api: api.people.create(Person.model_construct(id="hunter2")), "look at id"),
        (lambda api: api.people.create({"id": 1}), "expected Person, got dict"),
        (lambda api: api.people.create_all([Person.model_construct(id="hunter2")]), "look at id"),
        (lambda api: api.people.masked(Masked(password=SecretStr("hunter2"))), "asterisks"),
    ],
    ids=["unfit", "dict", "inside", "masked"],
)
def test_bodies_that_cannot_be_sent_are_told_of(mode: Mode, step: Any, told: str) -> None:
    with Wire(reply({})) as wire:
        error = fault(mode, wire.url, step, InvalidArgument)
    assert told in str(error) and "hunter2" not in str(error)
    assert not wire.seen


def test_an_echo_of_a_secret_that_was_sent_is_masked(mode: Mode) -> None:
    with Wire(answer=lambda seen: reply(seen.json, "400 Bad Request")) as wire:
        for step in (
            lambda api: api.people.login(Login(user="ada", password=SecretStr("hush-hush"))),
            lambda api: api.people.create(ADA.model_copy(update={"key": "hush-hush"})),
        ):
            error = fault(mode, wire.url, step, Exception)
            assert "hush" not in f"{error} {error!r} {error.body}"


class Album(Model, case="camel"):
    made_at: datetime
    track_count: int = 0


class Late(Model):
    at: datetime
    inner: Late | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Private(Model):
    number: int
    key: Annotated[str, SECRET] = ""


class Shelf(BaseModel):
    albums: list[Album]
    best: Album | None = None
    private: Private | None = None


MADE = "2020-01-01T00:00:00"


def test_a_record_is_a_field_of_a_model_of_pydantics() -> None:
    shelf = Shelf.model_validate(
        {"albums": [{"madeAt": MADE, "other": 1}], "best": Album(made_at=datetime(2020, 1, 1))}
    )
    assert shelf.albums == [Album(made_at=datetime(2020, 1, 1, tzinfo=timezone.utc))]
    assert shelf.model_dump(exclude={"best", "private"}) == {"albums": [{"madeAt": f"{MADE}Z", "trackCount": 0}]}
    assert Shelf.model_validate_json(shelf.model_dump_json(exclude={"best"})).albums == shelf.albums


def test_its_faults_are_pydantics_by_path_and_show_no_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        Shelf.model_validate({"albums": [{"madeAt": MADE}, {"madeAt": 1}], "private": {"number": "x", "key": "hush"}})
    assert [fault["loc"] for fault in caught.value.errors()] == [("albums", 1, "madeAt"), ("private", "number")]
    assert "hush" not in str(caught.value)


def test_its_schema_is_told_and_reads_times_as_before() -> None:
    schema = TypeAdapter(Late).json_schema()
    assert (schema["required"], schema["properties"]["tags"]["type"]) == (["at"], "object")
    assert Late.from_json(json.dumps({"at": MADE})).at.tzinfo is timezone.utc


def test_fastapi() -> None:
    app = FastAPI()

    @app.get("/one")
    def one() -> Album:
        return Album(made_at=datetime(2020, 1, 1, tzinfo=timezone.utc))

    @app.get("/all", response_model=list[Album])
    async def listed() -> Any:
        return [one()]

    @app.post("/echo")
    def echo(album: Annotated[Album, FromBody()]) -> Album:
        return album.replace(track_count=album.track_count + 1)

    client, plain = TestClient(app), {"madeAt": f"{MADE}Z", "trackCount": 0}
    assert client.get("/one").json() == plain
    assert client.get("/all").json() == [plain]
    assert client.post("/echo", json=plain).json() == {**plain, "trackCount": 1}
    refused = client.post("/echo", json={"madeAt": "never"})
    assert refused.status_code == 422 and refused.json()["detail"][0]["loc"] == ["body", "madeAt"]
    assert client.get("/openapi.json").json()["paths"]["/echo"]["post"]["requestBody"]["required"]


UNLOADED = """
import sys
sys.path[:0] = {path!r}
from dataclasses import dataclass
from gemel.kit.models.model import Model, field
from gemel.kit.models.decode import from_json
from gemel.kit.models.encode import json_bytes
from kit.shop import Album, AsyncShopClient, ShopClient
import marshmallow

@dataclass
class Plain:
    number: int

shop = ShopClient("http://127.0.0.1:9")
album = Album.from_json(b'{{"id": "1"}}')
try:
    Album.from_json(b'{{}}')
except marshmallow.ValidationError as error:
    assert error.messages == {{"id": ["Missing data for required field."]}}
assert from_json(list[Plain], b'[{{"number": 1}}]') == [Plain(1)]
assert repr(album) and json_bytes({{"album": album, "plain": Plain(1)}})
loaded = sorted(name for name in sys.modules if name.partition(".")[0] in ("pydantic", "pydantic_core"))
assert not loaded, loaded
"""


def test_pydantic_is_not_loaded_before_a_class_of_it_is_met() -> None:
    path = [str(Path(__file__).parents[2]), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", UNLOADED.format(path=path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


class Keeping(Model, unknown="keep"):
    person: Person
    inner: Shelf | None = None


def test_a_model_that_keeps_has_models_of_pydantics_by_their_aliases() -> None:
    record = Keeping.from_json(json.dumps({"person": PERSON, "more": 1, "inner": {"albums": [{"madeAt": MADE}]}}))
    assert (record.person, record.extras) == (ADA, {"more": 1})
    written = record.to_dict()
    assert (written["person"]["fullName"], written["more"]) == ("Ada", 1)
    assert written["inner"]["albums"] == [{"madeAt": f"{MADE}Z", "trackCount": 0}]
