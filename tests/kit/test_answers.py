"""What a reply may be: one type a status, a fixed result, a Reply with status and typed headers."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Generic, Literal

import pytest
from typing_extensions import TypeVar

from gemel.kit.caching import Cache
from gemel.kit.calls.flows import flow, perform
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Download, Header, Offset, Page, Stream, delete, get, head, post
from gemel.kit.errors import (
    AuthenticationError,
    DeclarationError,
    NotFoundError,
    RateLimitError,
    ResponseValidationError,
)
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Retry
from gemel.kit.models.codecs import Epoch, EpochMillis, Iso8601Duration, Rfc2822
from gemel.kit.models.model import Model
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Token
from gemel.kit.stubs.reply import Reply
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync
from gemel.testing import StubServer
from gemel.testing.secrecy import declared_by

from .shop import Mode
from .wire import Wire, reply

T = TypeVar("T")


class Item(Model):
    """A thing."""

    id: str


class Job(Model):
    """Work to come."""

    job: int


class Health(enum.Enum):
    """How it is."""

    UP = "up"
    DOWN = "down"


class Created(Reply[Item]):
    """A thing that was made."""

    location: Annotated[str, Header("Location")]
    total: Annotated[int | None, Header("X-Total")]
    left: Annotated[int, Header("X-Left")] = 7
    tags: Annotated[tuple[str, ...], Header("X-Tags")] = ()
    changed: Annotated[datetime | None, Header("Last-Modified")]
    key: Annotated[str | None, Header("X-Key"), SECRET]


class Timed(Reply[Item]):
    """Header fields in forms of their own."""

    starts: Annotated[datetime, Header("X-Starts"), Epoch]
    lasts: Annotated[timedelta | None, Header("X-Lasts"), Iso8601Duration]
    ends: Annotated[datetime | None, Header("X-Ends"), Rfc2822]
    marks: Annotated[list[Annotated[datetime, EpochMillis]], Header("X-Marks", join=";")] = []  # noqa: RUF012
    words: Annotated[list[str], Header("X-Words", join=" ")] = []  # noqa: RUF012


class Listed(Reply[T], Generic[T]):
    """A result with its number."""

    x_total: Annotated[int, Header]


class Things(Resource[M]):
    """Endpoints with several answers."""

    @get("things/{name}", replies={200: Item, 202: Job, 304: None})
    def retrieve(self, name: str) -> Item | Job | None:
        """Return the thing, or the job that makes it."""
        ...

    @delete("things/{name}", replies={204: True, 404: False})
    def delete(self, name: str) -> bool:
        """Say whether there was one."""
        ...

    @head("things/{name}", replies={200: True, 401: False, 429: False})
    def exists(self, name: str) -> bool:
        """Say whether there is one."""
        ...

    @get("flag")
    def flag(self) -> bool:
        """Read JSON."""
        ...

    @get("health", replies={200: Health.UP, 503: Health.DOWN})
    def health(self) -> Health:
        """Say how it is."""
        ...

    @get("word", replies={200: "yes", 404: "no"})
    def word(self) -> Literal["yes", "no"]:
        """Say it in a word."""
        ...

    @get("moved", replies={302: None})
    def moved(self) -> Reply[None]:
        """Return the redirect."""
        ...

    @post("things", replies={201: Created, 202: Reply[Job]})
    def create(self) -> Created | Reply[Job]:
        """Make a thing."""
        ...

    @get("made")
    def made(self) -> Created:
        """Return a thing that was made."""
        ...

    @get("timed")
    def timed(self) -> Timed:
        """Return a thing and its times."""
        ...

    @get("plain", unwrap="item")
    def plain(self) -> Reply[Item | None]:
        """Return it in an envelope."""
        ...

    @get("maybe")
    def maybe(self) -> Item | None:
        """Return it, or nothing."""
        ...

    @get("enveloped", unwrap="data.item")
    def enveloped(self) -> Item | None:
        """Return it in an envelope, or nothing."""
        ...

    @get("certain")
    def certain(self) -> Item:
        """Return it."""
        ...

    @get("said")
    def said(self) -> str:
        """Return a text."""
        ...

    @get("texts")
    def text(self) -> Reply[str]:
        """Return a text."""
        ...

    @get("things")
    def list(self) -> Listed[list[Item]]:
        """Return all."""
        ...

    @get("pages", paging=Offset(limit=2))
    def pages(self) -> Page[Item]:
        """Return pages."""
        ...

    @flow
    def where(self) -> Flow[str]:
        """Make one, and say where it is."""
        made = yield from perform(self.made)
        return made.location


class Desk(BaseClient[M], Generic[M]):
    """The clients' resources."""

    things: Things[M]


class SyncDesk(Desk[Sync], Client):
    """The blocking client."""


class AsyncDesk(Desk[Async], AsyncClient):
    """The awaited client."""


QUICK = Retry(limit=2, base=0.001, cap=0.001)


def ask(mode: Mode, answers: Any, *steps: Any, **settings: Any) -> tuple[Any, Wire]:
    with Wire(*(answers if isinstance(answers, list) else [answers])) as wire:
        found = mode.run(wire.url, *steps, client=AsyncDesk if mode.is_async else SyncDesk, **settings)
    return found, wire


def fails(mode: Mode, kind: type[Exception], answers: Any, step: Any, **settings: Any) -> Any:
    with pytest.raises(kind) as caught:
        ask(mode, answers, step, **settings)
    return caught.value


ANSWERS = [
    (reply({"id": "a"}), Item(id="a")),
    (reply({"job": 1}, 202), Job(job=1)),
    (reply(status=304), None),
]


@pytest.mark.parametrize(("answer", "value"), ANSWERS)
def test_each_status_has_its_own_type(mode: Mode, answer: bytes, value: Any) -> None:
    found, wire = ask(mode, answer, lambda desk: desk.things.retrieve("n"), retries=QUICK)
    assert found == value
    assert len(wire.seen) == 1
    assert wire.last.headers["accept"] == "application/json"


def test_a_body_is_checked_by_the_type_of_its_status(mode: Mode) -> None:
    error = fails(mode, ResponseValidationError, reply({"id": "a"}, 202), lambda desk: desk.things.retrieve("n"))
    assert error.errors == {"job": ["Missing data for required field."]}


def test_a_success_that_is_not_named_is_told(mode: Mode) -> None:
    error = fails(mode, ResponseValidationError, reply({"id": "a"}, 201), lambda desk: desk.things.retrieve("n"))
    assert "the status 201 is not declared; replies= names 200, 202, 304" in str(error)


def test_a_failure_that_is_not_named_is_an_error(mode: Mode) -> None:
    fails(mode, NotFoundError, reply({}, 404), lambda desk: desk.things.retrieve("n"))


FIXED = [
    ("delete", 204, True),
    ("delete", 404, False),
    ("exists", 200, True),
    ("health", 200, Health.UP),
    ("health", 503, Health.DOWN),
    ("word", 404, "no"),
]


@pytest.mark.parametrize(("name", "status", "value"), FIXED)
def test_a_status_is_a_result(mode: Mode, name: str, status: int, value: Any) -> None:
    given = ("n",) if name in ("delete", "exists") else ()
    found, wire = ask(mode, reply(b"", status), lambda desk: getattr(desk.things, name)(*given), retries=QUICK)
    assert found is value or found == value
    assert len(wire.seen) == 1
    assert wire.last.headers["accept"] == "*/*"


def test_without_replies_a_bool_is_read_from_json(mode: Mode) -> None:
    assert ask(mode, reply(b"false"), lambda desk: desk.things.flag())[0] is False


def test_a_named_429_is_an_answer_and_holds_no_other_call_back(mode: Mode) -> None:
    limited = reply(b"", 429, {"Retry-After": "30"})
    found, wire = ask(
        mode,
        [limited, reply(b"true")],
        lambda desk: desk.things.exists("n"),
        lambda desk: desk.things.flag(),
        retries=QUICK,
    )
    assert found is True
    assert len(wire.seen) == 2
    fails(mode, RateLimitError, limited, lambda desk: desk.things.delete("n"), retries=QUICK)


def test_a_named_401_renews_the_token_once(mode: Mode) -> None:
    token = Bearer("t-of-the-test")
    found, _ = ask(mode, reply(b"", 401), lambda desk: desk.things.exists("n"), credential=token)
    assert found is False
    fails(mode, AuthenticationError, reply(b"", 401), lambda desk: desk.things.delete("n"), credential=token)


def test_a_named_failure_is_no_reason_for_a_stale_reply(mode: Mode) -> None:
    found, _ = ask(
        mode,
        [reply(b"", 200, {"Cache-Control": "max-age=0"}), reply(b"", 503)],
        *[lambda desk: desk.things.health()] * 2,
        cache=Cache(ttl=60, stale_if_error=600),
    )
    assert found is Health.DOWN


@pytest.mark.parametrize("follows", [True, False])
def test_a_redirect_is_an_answer(mode: Mode, follows: bool) -> None:
    found, wire = ask(
        mode, reply(b"", 302, {"Location": "/new"}), lambda desk: desk.things.moved(), follow_redirects=follows
    )
    assert (found.status, found.headers["location"], found.value) == (302, "/new", None)
    assert len(wire.seen) == 1


HEADERS = {
    "Location": "/things/a",
    "X-Total": "12",
    "X-Tags": "a, b",
    "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
    "X-Key": "key-of-the-reply",
}


def test_a_reply_has_its_headers_typed(mode: Mode) -> None:
    made, _ = ask(mode, reply({"id": "a"}, 201, HEADERS), lambda desk: desk.things.made())
    assert isinstance(made, Created)
    assert (made.value, made.status, made.location, made.total) == (Item(id="a"), 201, "/things/a", 12)
    assert (made.left, made.tags) == (7, ("a", "b"))
    assert made.changed == datetime(2015, 10, 21, 7, 28, tzinfo=timezone.utc)
    assert made.key == "key-of-the-reply"
    assert repr(made) == "<Created 201, 11 bytes>"


def test_a_header_that_is_missing_or_wrong_is_told(mode: Mode) -> None:
    missing = fails(mode, ResponseValidationError, reply({"id": "a"}), lambda desk: desk.things.made())
    assert "the reply lacks the header Location" in str(missing)
    assert missing.errors == {"Location": ["Missing header field."]}
    wrong = reply({"id": "a"}, headers={"Location": "/", "X-Total": "twelve"})
    told = fails(mode, ResponseValidationError, wrong, lambda desk: desk.things.made())
    assert "the header X-Total is not as declared" in str(told)
    assert "twelve" not in str(told)


def test_a_date_that_is_none_is_told(mode: Mode) -> None:
    wrong = reply({"id": "a"}, headers={"Location": "/", "Last-Modified": "soon"})
    told = fails(mode, ResponseValidationError, wrong, lambda desk: desk.things.made())
    assert list(told.errors) == ["Last-Modified"]


def test_replies_of_their_own_by_status(mode: Mode) -> None:
    made, _ = ask(mode, reply({"id": "a"}, 201, HEADERS), lambda desk: desk.things.create())
    assert isinstance(made, Created)
    job, _ = ask(mode, reply({"job": 3}, 202), lambda desk: desk.things.create())
    assert (type(job), job.value, job.status) == (Reply, Job(job=3), 202)


def test_a_reply_of_what_an_envelope_holds(mode: Mode) -> None:
    assert ask(mode, reply({"item": {"id": "a"}}), lambda desk: desk.things.plain())[0].value == Item(id="a")
    assert ask(mode, reply(status=204), lambda desk: desk.things.plain())[0].value is None


def test_a_reply_of_text_accepts_anything(mode: Mode) -> None:
    found, wire = ask(mode, reply(b'"hi"'), lambda desk: desk.things.text())
    assert found.value == "hi"
    assert wire.last.headers["accept"] == "*/*"


def test_header_fields_have_codecs_and_what_joins_them(mode: Mode) -> None:
    told = {"X-Starts": "60", "X-Lasts": "PT1H", "X-Ends": "Thu, 01 Jan 1970 00:02:00 +0000"}
    lists = {"X-Marks": "1000; 2000", "X-Words": "read write"}
    found, _ = ask(mode, reply({"id": "a"}, headers={**told, **lists}), lambda desk: desk.things.timed())
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert (found.starts, found.lasts) == (start + timedelta(minutes=1), timedelta(hours=1))
    assert found.ends == start + timedelta(minutes=2)
    assert (found.marks, found.words) == (
        [start + timedelta(seconds=1), start + timedelta(seconds=2)],
        ["read", "write"],
    )


@pytest.mark.parametrize("odd", [{"X-Starts": "soon-odd"}, {"X-Starts": "60", "X-Ends": "soon-odd"}])
def test_a_header_field_that_its_codec_does_not_read_is_told(mode: Mode, odd: dict[str, str]) -> None:
    error = fails(mode, ResponseValidationError, reply({"id": "a"}, headers=odd), lambda desk: desk.things.timed())
    assert f"the header {list(odd)[-1]} is not as declared" in str(error) and "odd" not in str(error)


def test_a_generic_reply(mode: Mode) -> None:
    found, _ = ask(mode, reply([{"id": "a"}], headers={"X-Total": "1"}), lambda desk: desk.things.list())
    assert (found.value, found.x_total) == ([Item(id="a")], 1)


def test_a_reply_in_a_flow(mode: Mode) -> None:
    assert ask(mode, reply({"id": "a"}, 201, HEADERS), lambda desk: desk.things.where())[0] == "/things/a"


def test_a_raw_call_gives_a_reply(mode: Mode) -> None:
    raw, _ = ask(mode, reply({"id": "a"}, 200), lambda desk: desk.things.retrieve.raw("n"))
    assert (type(raw), raw.value, raw.status) == (Reply, Item(id="a"), 200)


def test_a_page_carries_status_and_headers(mode: Mode) -> None:
    raw, _ = ask(mode, reply([{"id": "a"}], headers={"X-Total": "1"}), lambda desk: desk.things.pages.raw())
    assert (raw.value.status, raw.value.headers["x-total"]) == (200, "1")


WRONG: list[tuple[Any, Any, str]] = [
    ({200: Item, 202: Job}, Item, "the return type is not the union of replies=: it lacks Job"),
    ({200: Item}, Item | None, "the return type is not the union of replies=: no status gives None"),
    ({204: True, 404: False}, Item, "the return type is not the union of replies=: no status gives Item"),
    ({200: "yes", 404: "no"}, Literal["yes"], "it lacks str"),
    ({200: "yes"}, Literal["yes", "no"], "no status gives 'no'"),
    ({}, Item, "replies: expected a mapping of statuses to types or values, got {}"),
    ([200], Item, "replies: expected a mapping of statuses to types or values, got [200]"),
    ({"200": Item}, Item, "replies: a status is a whole number from 200 to 599, got '200'"),
    ({True: Item}, Item, "replies: a status is a whole number from 200 to 599, got True"),
    ({100: Item}, Item, "replies: a status is a whole number from 200 to 599, got 100"),
    ({200: {"a": 1}}, Item, "replies: 200: dict is neither a type nor a value that stays as it is"),
    ({200: Page[Item]}, Page[Item], "a Page cannot be one of several replies; write two stubs"),
    ({200: Stream[Item], 404: None}, Stream[Item] | None, "a Stream cannot be one of several replies; write two stubs"),
    ({200: Download, 404: None}, Download | None, "a Download cannot be one of several replies; write two stubs"),
    (None, Stream[Item] | None, "a Stream cannot be one of several replies; write two stubs"),
    (None, Reply[Stream[Item]], "a Stream has the status and headers itself; write two stubs"),
    (None, Reply[Item] | None, "a Reply stands around the union: Reply[A | B], unless replies= names it"),
]


@pytest.mark.parametrize(("replies", "returned", "problem"), WRONG)
def test_wrong_replies_name_class_and_endpoint(replies: Any, returned: Any, problem: str) -> None:
    def get_it(self: Any) -> Any: ...

    get_it.__annotations__["return"] = returned
    get_it.__qualname__ = "Wrong.get_it"
    with pytest.raises(DeclarationError) as caught:
        type("Wrong", (Resource,), {"get_it": get("x", replies=replies)(get_it)})
    assert str(caught.value).startswith("Wrong.get_it(): ")
    assert problem in str(caught.value)


def test_an_attribute_of_a_reply_that_is_no_header_is_told() -> None:
    class Odd(Reply[Item]):
        size: int

    class Wrong(Resource[M]):
        @get("x")
        def odd(self) -> Odd: ...

    with SyncDesk("http://127.0.0.1:9") as desk, pytest.raises(DeclarationError) as caught:
        _ = Wrong[Sync](desk).odd
    assert str(caught.value) == 'Wrong.odd(): Odd.size: say its header field: Annotated[str, Header("Location")]'


def test_a_reply_of_nothing_is_told() -> None:
    class Wrong(Resource[M]):
        @get("x")
        def bare(self) -> Reply: ...  # type: ignore[type-arg]

    with SyncDesk("http://127.0.0.1:9") as desk, pytest.raises(DeclarationError, match=r"write Reply\[T\]"):
        _ = Wrong[Sync](desk).bare


@pytest.mark.parametrize("status", [200, 201, 202, 204, 205])
def test_an_empty_success_of_any_status_is_none_where_none_is_declared(mode: Mode, status: int) -> None:
    empty = reply(b"", status)
    assert ask(mode, empty, lambda desk: desk.things.maybe())[0] is None
    assert ask(mode, empty, lambda desk: desk.things.enveloped())[0] is None
    fails(mode, ResponseValidationError, empty, lambda desk: desk.things.certain())


def test_json_that_is_a_text_is_that_text(mode: Mode) -> None:
    assert ask(mode, reply(b'"hi"'), lambda desk: desk.things.said())[0] == "hi"


class Renewed:
    """A credential that can be asked again."""

    renewable = True

    def __init__(self) -> None:
        self.asked = 0

    def bound(self, caller: Any) -> Any:
        def fetch(deadline: float) -> Flow[Token]:
            self.asked += 1
            return Token(f"t-{self.asked}")
            yield

        return fetch


def test_a_named_401_is_the_answer_only_after_the_token_was_renewed(mode: Mode) -> None:
    credential = Renewed()
    found, wire = ask(
        mode, [reply(b"", 401), reply(b"", 200)], lambda desk: desk.things.exists("n"), credential=credential
    )
    assert found is True
    assert [seen.headers["authorization"] for seen in wire.seen] == ["Bearer t-1", "Bearer t-2"]
    found, wire = ask(mode, reply(b"", 401), lambda desk: desk.things.exists("n"), credential=Renewed())
    assert found is False
    assert len(wire.seen) == 2


def test_a_stub_answers_by_the_status_of_a_value(mode: Mode) -> None:
    with StubServer() as stub:
        stub.on(Things.retrieve).reply(Job(job=1)).reply(None).reply(Item(id="a"))
        stub.on(Things.delete).reply(False)
        stub.on(Things.made).reply(Item(id="a"), status=201, headers={"Location": "/a"})
        steps: list[Any] = [lambda desk: desk.things.retrieve("n")] * 3
        client = AsyncDesk if mode.is_async else SyncDesk
        assert mode.run(stub.url, *steps, client=client) == Item(id="a")
        assert mode.run(stub.url, lambda desk: desk.things.delete("n"), client=client) is False
        assert mode.run(stub.url, lambda desk: desk.things.made(), client=client).location == "/a"


class Vault(Model):
    """Something with a secret."""

    pin: Annotated[str, SECRET]


def test_what_a_reply_marks_secret_is_known_to_recordings() -> None:
    class Vaults(Resource[M]):
        @get("vaults")
        def open(self) -> Reply[Vault]:
            """Return it."""
            ...

    (declared,) = declared_by(Vaults)
    assert declared.secrets(None, {"json": {"pin": "pin-of-the-vault"}}) == ["pin-of-the-vault"]
