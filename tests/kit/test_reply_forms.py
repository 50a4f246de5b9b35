"""What a reply may look like: no body, another charset, another outcome, an envelope inside an envelope."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

import pytest

from gemel.kit.declare import Body, Cursor, Download, Offset, Page, Query, Stream, Verb, get, post
from gemel.kit.errors import (
    AlternativeReplyError,
    APIStatusError,
    DeclarationError,
    InvalidArgument,
    NotFoundError,
    ResponseValidationError,
)
from gemel.kit.models.drift import Drift
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, M, Sync

from .shop import Mode
from .wire import Wire, reply


class Item(Model):
    """An item, all of whose fields may be missing."""

    id: str = ""
    name: str = ""


class Need(Model):
    """One that needs a field."""

    id: str


class Refusal(AlternativeReplyError):
    """The server says no, with status 200."""

    model: Any = str
    meaning = "the server says no"


class Refusals(AlternativeReplyError):
    """The same, in several words."""

    model: Any = dict[str, Any]


class Things(Resource[M]):
    """Replies of every kind."""

    @post("x")
    def maybe(self) -> Item | None:
        """One, or none."""
        ...

    @post("x", unwrap="item")
    def enveloped(self) -> Need | None:
        """One in an envelope, or none."""
        ...

    @post("x")
    def anything(self) -> Any:
        """Whatever it is."""
        ...

    @post("x")
    def one(self) -> Item:
        """One, always."""
        ...

    @post("x", unwrap="item")
    def wrapped(self) -> Need:
        """One in an envelope, always."""
        ...

    @get("x")
    def text(self) -> str:
        """A text."""
        ...

    @get("x")
    def maybe_text(self) -> str | None:
        """A text, or none."""
        ...

    @get("x")
    def secret(self) -> Annotated[str, SECRET]:
        """A marked text."""
        ...

    @get("x")
    def maybe_bytes(self) -> bytes | None:
        """Bytes, or none."""
        ...

    @get("x", unwrap="data")
    def blob(self) -> bytes:
        """Bytes in an envelope: base64, as in a field."""
        ...

    @get("x", alternatives={"error": Refusal})
    def checked(self) -> Item:
        """One, or another outcome."""
        ...

    @get("x", alternatives={"error": Refusal})
    def checked_any(self) -> Any:
        """Anything, or another outcome."""
        ...

    @get("x", alternatives={"error": Refusal})
    def checked_none(self) -> None:
        """Nothing, or another outcome."""
        ...

    @get("x", alternatives={"error": Refusal})
    def checked_text(self) -> str:
        """A text, or another outcome."""
        ...

    @get("x", alternatives={"error": Refusal})
    def checked_bytes(self) -> bytes:
        """Bytes, or another outcome."""
        ...

    @get("x", alternatives={"problem.error": Refusal, "errors": Refusals})
    def checked_deep(self) -> dict[str, Any]:
        """Anything, or an outcome further inside."""
        ...

    @get("x", unwrap="data", alternatives={"error": Refusal})
    def checked_enveloped(self) -> Item | None:
        """One in an envelope, none, or another outcome."""
        ...

    @get("x", unwrap="items", paging=Offset(limit=2), alternatives={"error": Refusal})
    def checked_pages(self) -> Page[Item]:
        """Pages, or another outcome."""
        ...

    @get("x", unwrap="data.items")
    def deep(self) -> list[Need]:
        """An envelope in an envelope."""
        ...

    @get("x", unwrap="odata.value")
    def dotted(self) -> list[Need]:
        """A key that has a dot itself."""
        ...

    @get("x", unwrap="data.items", paging=Cursor(next="data.next", total="meta.total"))
    def deep_pages(self) -> Page[Need]:
        """Pages in an envelope in an envelope, and what stands beside them."""
        ...

    @get("x", unwrap="value", paging=Cursor(next="@odata.next", total="@odata.count"))
    def odata_pages(self) -> Page[Need]:
        """Pages whose cursor is under a key that has a dot itself."""
        ...

    @post("x")
    def send(self, body: Annotated[Any, Body]) -> None:
        """Send anything."""
        ...

    @post("x")
    def fields(self, text: str, number: float = 0.0, count: int = 0, also: Annotated[str, Query] = "") -> None:
        """Send fields."""
        ...

    @Verb("options")("x")
    def options(self, word: str) -> str:
        """Ask what goes."""
        ...

    @Verb("PURGE")("x/{key}")
    def purge(self, key: str, *, soft: bool = False) -> None:
        """Purge a cache."""
        ...

    @Verb("QUERY")("x")
    def query(self, words: list[str]) -> list[Need]:
        """Search with a body."""
        ...

    @Verb("TRACE")("x")
    def trace(self, word: str) -> bytes:
        """Ask for the request itself."""
        ...


def ask(mode: Mode, step: Any, call: Callable[[Any], Any], **settings: Any) -> Any:
    """Call once, against a server that answers with this."""
    things = Things[Async] if mode.is_async else Things[Sync]
    with Wire(step) as wire:
        return mode.run(wire.url, lambda client: call(things(client)), **settings)


def fails(mode: Mode, step: Any, call: Callable[[Any], Any], **settings: Any) -> Any:
    things = Things[Async] if mode.is_async else Things[Sync]
    with Wire(step) as wire:
        return mode.fails(wire.url, lambda client: call(things(client)), **settings)


# No body

EMPTY = {
    "204": b"HTTP/1.1 204 None\r\n\r\n",
    "205": reply(b"", 205),
    "200": reply(b""),
    "201": reply(b"", 201),
    "202": reply(b"", 202, kind="text/plain"),
    "blank": reply(b" \r\n"),
    "mark": reply(b"\xef\xbb\xbf"),
    "mark of UTF-16": reply(b"\xff\xfe", kind="application/json; charset=utf-16"),
    "gzip of nothing": reply(gzip.compress(b""), headers={"Content-Encoding": "gzip"}),
    "gzip without a byte": reply(b"", headers={"Content-Encoding": "gzip"}),
    "no chunk": reply(b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked"}),
    "206": reply(b"", 206),
}
SETTINGS: list[dict[str, Any]] = [{}, {"validate": "strict"}, {"validate": "off"}, {"on_drift": print}]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("step", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("name", ["maybe", "enveloped", "anything"])
def test_no_body_is_none_where_none_is_declared(mode: Mode, name: str, step: bytes, settings: dict[str, Any]) -> None:
    assert ask(mode, step, lambda things: getattr(things, name)(), **settings) is None
    raw = ask(mode, step, lambda things: getattr(things, name).raw(), **settings)
    assert raw.value is None and raw.body.strip(b"\xef\xbb\xbf\xff\xfe \r\n") == b"" and raw.status == int(step[9:12])


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("step", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("name", ["one", "wrapped"])
def test_no_body_says_that_the_request_was_accepted(
    mode: Mode, name: str, step: bytes, settings: dict[str, Any]
) -> None:
    error = fails(mode, step, lambda things: getattr(things, name)(), **settings)
    assert type(error) is ResponseValidationError
    assert f"the server accepted the request, but its reply has no body (status {step[9:12].decode()})" in str(error)


def test_no_body_of_an_undeclared_endpoint(mode: Mode) -> None:
    with Wire(b"HTTP/1.1 204 None\r\n\r\n") as wire:
        assert mode.run(wire.url, lambda client: client.request("DELETE", "x")).status == 204


def test_no_text_and_no_bytes_where_none_is_declared(mode: Mode) -> None:
    empty = b"HTTP/1.1 204 None\r\n\r\n"
    assert ask(mode, empty, lambda things: things.maybe_text()) is None
    assert ask(mode, empty, lambda things: things.maybe_bytes()) is None
    assert ask(mode, empty, lambda things: things.text()) == ""
    assert ask(mode, reply(b"\xef\xbb\xbf"), lambda things: things.maybe_text()) is None
    assert ask(mode, reply(b"\xef\xbb\xbf", kind="text/plain"), lambda things: things.text()) == ""
    assert ask(mode, reply(b"null"), lambda things: things.maybe_text()) is None
    assert ask(mode, reply(b"null", kind="text/plain"), lambda things: things.maybe_text()) == "null"
    assert ask(mode, reply(b"\x00\xff", kind="image/x"), lambda things: things.maybe_bytes()) == b"\x00\xff"
    assert ask(mode, reply({"data": "AP8="}), lambda things: things.blob()) == b"\x00\xff"


# Texts

WORDS = "Grüße, 漢字"
TEXTS: list[tuple[bytes, str, str]] = [
    (b'"a \\u00e9 b"', "application/json", "a é b"),
    ('"é"'.encode(), "application/vnd.api+json; charset=utf-8", "é"),
    ('\ufeff"é"'.encode(), "application/json", "é"),
    ('"é"'.encode("utf-16"), "application/json", "é"),
    ('"é"'.encode("utf-16-le"), "application/json", "é"),
    ('"é"'.encode("utf-32"), "application/json", "é"),
    ('"é"'.encode("latin-1"), "application/json; charset=iso-8859-1", "é"),
    (b'"quoted"', "text/plain", '"quoted"'),
    (b'{"a": 1}', "application/json", '{"a": 1}'),
    (b"12", "application/json", "12"),
    (b"plain", "application/json", "plain"),
    (b'"half', "application/json", '"half'),
    ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
    ("é".encode("latin-1"), 'text/plain; format=flowed; Charset="ISO-8859-1"', "é"),
    ("Привет".encode("koi8-r"), "text/html;charset=KOI8-R", "Привет"),
    ("漢字".encode("shift_jis"), "text/plain; charset=Shift_JIS", "漢字"),
    (WORDS.encode("utf-16"), "text/plain", WORDS),
    (WORDS.encode("utf-16-be"), "text/plain; charset=utf-16be", WORDS),
    (WORDS.encode("utf-8-sig"), "text/plain", WORDS),
    (WORDS.encode("utf-32"), "text/plain", WORDS),
    (WORDS.encode(), "text/plain; charset=us-ascii", WORDS),
    (WORDS.encode(), "", WORDS),
]


@pytest.mark.parametrize(("body", "kind", "text"), TEXTS)
def test_a_text_is_what_it_says_in_its_charset(mode: Mode, body: bytes, kind: str, text: str) -> None:
    for name in ("text", "maybe_text", "secret"):
        assert ask(mode, reply(body, kind=kind), lambda things, name=name: getattr(things, name)()) == text


NO_TEXTS: list[tuple[bytes, str, str]] = [
    (b"\xff", "text/plain", "the reply is not UTF-8 text"),
    (b"\xff", "text/plain; charset=utf-8", "the reply is not UTF-8 text"),
    (b"\x81", "text/plain; charset=cp932", "the reply is not CP932 text"),
    (b"a", "text/plain; charset=x-klingon", "charset 'x-klingon' is not known here"),
    (b"a", "text/plain; charset=unicode_escape", "charset 'unicode_escape' is not known here"),
    (b"a", "text/plain; charset=base64", "charset 'base64' is not known here"),
    (b"a", "text/plain; charset=idna", "charset 'idna' is not known here"),
]


@pytest.mark.parametrize(("body", "kind", "said"), NO_TEXTS)
def test_what_is_no_text_is_told(mode: Mode, body: bytes, kind: str, said: str) -> None:
    error = fails(mode, reply(body, kind=kind), lambda things: things.text())
    assert type(error) is ResponseValidationError and said in str(error)


DOCUMENT = {"item": {"id": "Grüße"}}
CODED: list[tuple[bytes, str]] = [
    (json.dumps(DOCUMENT, ensure_ascii=False).encode(codec), kind)
    for codec, kind in [
        ("utf-8", "application/json"),
        ("utf-8-sig", "application/json"),
        ("utf-16", "application/json"),
        ("utf-16-le", "application/json"),
        ("utf-16-be", "application/json; charset=utf-16"),
        ("utf-32", "application/json"),
        ("utf-32-be", "text/plain"),
        ("latin-1", "application/json; charset=iso-8859-1"),
        ("cp1252", "text/html; charset=windows-1252"),
        ("cp500", "application/json; charset=cp500"),
        ("utf-8", "application/json; charset=iso-8859-1"),
        ("utf-8", "application/json; charset=x-klingon"),
    ]
]


@pytest.mark.parametrize(("body", "kind"), CODED)
def test_json_is_read_in_any_charset(mode: Mode, body: bytes, kind: str) -> None:
    """JSON tells its own coding (RFC 8259, section 8.1 and 11); where it does not, the declared charset does."""
    for name in ("enveloped", "wrapped"):
        found = ask(mode, reply(body, kind=kind), lambda things, name=name: getattr(things, name)())
        assert found == Need(id="Grüße")
    strict = ask(mode, reply(body, kind=kind), lambda things: things.wrapped(), validate="strict")
    assert strict == Need(id="Grüße")


def test_a_cursor_in_another_charset_is_followed(mode: Mode) -> None:
    first = json.dumps({"data": {"items": [{"id": "Ü"}], "next": "é"}}, ensure_ascii=False).encode("latin-1")
    kind = "application/json; charset=iso-8859-1"
    with Wire(reply(first, kind=kind), reply({"data": {"items": []}})) as wire:
        things = Things[Async] if mode.is_async else Things[Sync]
        assert mode.run(wire.url, lambda client: things(client).deep_pages().all()) == [Need(id="Ü")]
        assert wire.targets == ["/x", "/x?cursor=%C3%A9"]


NO_JSON: list[tuple[bytes, dict[str, str], str, str]] = [
    (b"\xff{}", {}, "application/json; charset=x-klingon", "charset 'x-klingon' is not known here"),
    (b"\x00\x01", {}, "application/json", "retry"),
    (b"\xe9", {}, "application/json; charset=utf-8", "retry"),
]


@pytest.mark.parametrize(("body", "headers", "kind", "said"), NO_JSON)
def test_what_keeps_json_from_being_read_is_named(
    mode: Mode, body: bytes, headers: dict[str, str], kind: str, said: str
) -> None:
    error = fails(mode, reply(body, headers=headers, kind=kind), lambda things: things.one())
    assert type(error) is ResponseValidationError and "not JSON" in str(error) and said in str(error)


REASON = "Ungültige Größe"
PROBLEM = {"message": REASON, "code": "größe"}
VENDOR: list[tuple[bytes, str]] = [
    (json.dumps(PROBLEM).encode(), "application/problem+json"),
    (json.dumps(PROBLEM, ensure_ascii=False).encode("utf-8-sig"), "application/json"),
    (json.dumps(PROBLEM, ensure_ascii=False).encode("utf-16"), "application/vnd.errors+json"),
    (json.dumps(PROBLEM, ensure_ascii=False).encode("utf-16-le"), "application/json"),
    (json.dumps(PROBLEM, ensure_ascii=False).encode("latin-1"), "application/json; charset=iso-8859-1"),
    (json.dumps(PROBLEM, ensure_ascii=False).encode("cp1252"), "text/plain; charset=windows-1252"),
]


@pytest.mark.parametrize(("body", "kind"), VENDOR)
def test_an_error_body_is_read_in_its_charset(mode: Mode, body: bytes, kind: str) -> None:
    error = fails(mode, reply(body, 404, kind=kind), lambda things: things.one())
    assert type(error) is NotFoundError
    assert (error.message, error.code, error.body) == (REASON, "größe", PROBLEM)
    assert error.headers["content-type"] == kind


PLAIN_ERRORS: list[tuple[bytes, str, str]] = [
    (REASON.encode("latin-1"), "text/plain; charset=iso-8859-1", REASON),
    (f"<p>{REASON}</p>".encode("utf-16"), "text/html", f"an HTML page instead of JSON: <p>{REASON}</p>"),
    (REASON.encode("utf-8-sig"), "text/plain", REASON),
    (b"odd", "text/plain; charset=x-klingon", "its charset 'x-klingon' is not known here: odd"),
]


@pytest.mark.parametrize(("body", "kind", "said"), PLAIN_ERRORS)
def test_the_text_of_an_error_is_read_in_its_charset(mode: Mode, body: bytes, kind: str, said: str) -> None:
    error = fails(mode, reply(body, 400, kind=kind), lambda things: things.one())
    assert isinstance(error, APIStatusError)
    assert error.message == said and error.headers["content-type"] == kind


def test_a_secret_in_an_error_of_another_charset_is_masked(mode: Mode) -> None:
    class Keys(Resource[M]):
        @get("x/{key}")
        def read(self, key: Annotated[str, SECRET]) -> Item: ...

    keys = Keys[Async] if mode.is_async else Keys[Sync]
    body = json.dumps({"message": "no such key: hünter2"}, ensure_ascii=False)
    for step in (
        reply(body.encode("utf-16"), 404),
        reply(body.encode("latin-1"), 404, kind="application/json; charset=iso-8859-1"),
    ):
        with Wire(step) as wire:
            error = mode.fails(wire.url, lambda client: keys(client).read("hünter2"))
        assert error.message == "no such key: ***" and "hünter2" not in str(error) + repr(error.body)


# Other outcomes

NO = {"ok": False, "error": "channel_not_found"}
CHECKED = ["checked", "checked_any", "checked_none", "checked_text", "checked_bytes"]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", CHECKED)
def test_another_outcome_is_never_returned_as_success(mode: Mode, name: str, settings: dict[str, Any]) -> None:
    error = fails(mode, reply(NO), lambda things: getattr(things, name)(), **settings)
    assert isinstance(error, Refusal) and error.reply == "channel_not_found"
    assert "the server says no" in str(error)


@pytest.mark.parametrize("name", CHECKED)
def test_another_outcome_in_utf_16(mode: Mode, name: str) -> None:
    step = reply(json.dumps(NO).encode("utf-16"))
    assert isinstance(fails(mode, step, lambda things: getattr(things, name)()), Refusal)


def test_a_null_is_no_other_outcome(mode: Mode) -> None:
    body = {"ok": True, "error": None, "id": "a"}
    assert ask(mode, reply(body), lambda things: things.checked()) == Item(id="a")
    assert ask(mode, reply(body), lambda things: things.checked_any()) == body
    assert ask(mode, reply(body), lambda things: things.checked_none()) is None
    assert ask(mode, reply(b"no JSON"), lambda things: things.checked_text()) == "no JSON"
    assert ask(mode, reply(b"\x00\xff"), lambda things: things.checked_bytes()) == b"\x00\xff"
    assert ask(mode, b"HTTP/1.1 204 None\r\n\r\n", lambda things: things.checked_none()) is None
    assert ask(mode, reply(["error"]), lambda things: things.checked_any()) == ["error"]


def test_another_outcome_further_inside(mode: Mode) -> None:
    error = fails(mode, reply({"problem": {"error": "deep"}}), lambda things: things.checked_deep())
    assert isinstance(error, Refusal) and error.reply == "deep"
    error = fails(mode, reply({"problem.error": "dotted"}), lambda things: things.checked_deep())
    assert isinstance(error, Refusal) and error.reply == "dotted"
    error = fails(mode, reply({"errors": {"a": [1]}}), lambda things: things.checked_deep())
    assert isinstance(error, Refusals) and error.reply == {"a": [1]}
    assert ask(mode, reply({"problem": {"error": None}}), lambda things: things.checked_deep())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_another_outcome_beside_an_empty_envelope(mode: Mode, settings: dict[str, Any]) -> None:
    for body in ({"data": None, "error": "no"}, {"error": "no"}):
        error = fails(mode, reply(body), lambda things: things.checked_enveloped(), **settings)
        assert isinstance(error, Refusal) and error.reply == "no"
    whole = {"data": {"id": "a", "name": "b"}, "error": "a part of it failed"}
    found = ask(mode, reply(whole), lambda things: things.checked_enveloped(), **settings)
    assert found == Item(id="a", name="b")
    assert ask(mode, reply({"data": None}), lambda things: things.checked_enveloped(), **settings) is None


def test_another_outcome_of_a_page(mode: Mode) -> None:
    error = fails(mode, reply(NO), lambda things: things.checked_pages().all())
    assert isinstance(error, Refusal)


def test_another_outcome_that_is_not_as_declared(mode: Mode) -> None:
    error = fails(mode, reply({"error": {"not": "a text"}}), lambda things: things.checked())
    assert type(error) is ResponseValidationError and "error: Not a valid string" in str(error)


def test_a_download_has_no_other_outcome() -> None:
    with pytest.raises(DeclarationError, match="there are no keys in it"):

        class Wrong(Resource[M]):
            @get("x", alternatives={"error": Refusal})
            def content(self) -> Download: ...


def test_another_outcome_inside_a_stream(mode: Mode) -> None:
    class Talking(Resource[M]):
        @get("x", alternatives={"error": Refusal})
        def events(self) -> Stream[Item]: ...

        @get("x", alternatives={"error": Refusal})
        def texts(self) -> Stream[str]: ...

    talking = Talking[Async] if mode.is_async else Talking[Sync]

    async def awaited(opening: Any, seen: list[Any]) -> None:
        async with opening as events:
            async for event in events:
                seen.append(event)

    def looped(opening: Any, seen: list[Any]) -> None:
        with opening as events:
            seen.extend(events)

    for name, first in (("events", Item(id="a")), ("texts", '{"id": "a"}')):
        seen: list[Any] = []
        read = awaited if mode.is_async else looped
        with Wire(reply(b'data: {"id": "a"}\n\ndata: {"error": "no"}\n\n', kind="text/event-stream")) as wire:
            error = mode.fails(wire.url, lambda client, name=name: read(getattr(talking(client), name)(), seen))  # noqa: B023
        assert isinstance(error, Refusal)
        assert seen == [first]


# Envelopes


def test_an_envelope_in_an_envelope(mode: Mode) -> None:
    items = [{"id": "a"}, {"id": "b"}]
    for step in (reply({"data": {"items": items}}), reply({"data.items": items})):
        assert ask(mode, step, lambda things: things.deep()) == [Need(id="a"), Need(id="b")]
    for body in ({"odata.value": items}, {"odata": {"value": items}}):
        assert ask(mode, reply(body), lambda things: things.dotted()) == [Need(id="a"), Need(id="b")]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_an_envelope_that_is_not_there(mode: Mode, settings: dict[str, Any]) -> None:
    for body in ({"data": {}}, {"data": []}, {}, [], {"data": None}):
        error = fails(mode, reply(body), lambda things: things.deep(), **settings)
        assert type(error) is ResponseValidationError and "lacks 'data.items'" in str(error)
        assert error.errors == {"data": {"items": ["Missing data for required field."]}}


def test_the_path_of_a_fault_leads_through_the_envelopes(mode: Mode) -> None:
    seen: list[Drift] = []
    step = reply({"data": {"items": [{"id": "a", "new": 1}, {"id": 3}]}})
    error = fails(mode, step, lambda things: things.deep(), on_drift=seen.append)
    assert error.errors == {"data": {"items": {1: {"id": ["Not a valid string."]}}}}
    assert "data.items.1.id: Not a valid string." in str(error)
    assert {(drift.path, drift.kind) for drift in seen} == {("data.items[].id", "invalid")}
    seen.clear()
    ask(mode, reply({"data": {"items": [{"id": "a", "new": 1}]}}), lambda things: things.deep(), on_drift=seen.append)
    assert {(drift.path, drift.kind) for drift in seen} == {("data.items[].new", "unknown")}
    strict = fails(mode, reply({"data": {"items": [{"id": "a", "x": 1}]}}), lambda t: t.deep(), validate="strict")
    assert strict.errors == {"data": {"items": {0: {"x": ["Unknown field or value."]}}}}


def test_what_stands_beside_the_items_is_read_too(mode: Mode) -> None:
    things = Things[Async] if mode.is_async else Things[Sync]
    script = [
        reply({"data": {"items": [{"id": "a"}], "next": "c1"}, "meta": {"total": 2}}),
        reply({"data": {"items": [{"id": "b"}], "next": None}, "meta": {"total": 2}}),
    ]
    with Wire(*script) as wire:
        page = mode.run(wire.url, lambda client: things(client).deep_pages().page())
        assert page.total == 2 and page.items == [Need(id="a")]
    with Wire(*script) as wire:
        found = mode.run(wire.url, lambda client: things(client).deep_pages().all())
        assert found == [Need(id="a"), Need(id="b")] and wire.targets == ["/x", "/x?cursor=c1"]
    odata = [
        reply({"value": [{"id": "a"}], "@odata.next": "c1", "@odata.count": 2}),
        reply({"value": [{"id": "b"}]}),
    ]
    with Wire(*odata) as wire:
        found = mode.run(wire.url, lambda client: things(client).odata_pages().all())
        assert found == [Need(id="a"), Need(id="b")] and wire.targets == ["/x", "/x?cursor=c1"]


# Values of derived classes in a body


class Safe(str):
    """As template engines have it."""


class Float64(float):
    """As numpy has it."""


class Count(int):
    """A number with a name."""


class Stamp(datetime):
    """As pandas and freezegun have it."""


class Day(date):
    """The same for days."""


class Money(Decimal):
    """The same for decimals."""


DERIVED: list[tuple[Any, Any]] = [
    (Safe("é"), "é"),
    (Float64(1.5), 1.5),
    (Count(3), 3),
    ([Safe("a"), Float64(0.5), (Count(1),)], ["a", 0.5, [1]]),
    ({Safe("k"): {"v": Safe("v")}}, {"k": {"v": "v"}}),
    (Stamp(2024, 2, 29, 13, 30, tzinfo=timezone.utc), "2024-02-29T13:30:00Z"),
    (Day(2024, 2, 29), "2024-02-29"),
    (Money("1.10"), "1.10"),
    (MappingProxyType({"a": MappingProxyType({"b": 1})}), {"a": {"b": 1}}),
    (Item(id=Safe("a")), {"id": "a", "name": ""}),
]


@pytest.mark.parametrize(("value", "sent"), DERIVED, ids=str)
def test_a_value_of_a_derived_class_is_sent_as_its_base(mode: Mode, value: Any, sent: Any) -> None:
    things = Things[Async] if mode.is_async else Things[Sync]
    with Wire(reply({})) as wire:
        mode.run(wire.url, lambda client: things(client).send(value))
        assert wire.last.json == sent
        mode.run(wire.url, lambda client: client.request("POST", "x", body={"in": value}))
        assert wire.last.json == {"in": sent}


def test_derived_classes_in_fields_and_in_the_query(mode: Mode) -> None:
    things = Things[Async] if mode.is_async else Things[Sync]
    with Wire(reply({})) as wire:
        call = {"number": Float64(1.5), "count": Count(2), "also": Safe("q")}
        mode.run(wire.url, lambda client: things(client).fields(Safe("a"), **call))
        assert (wire.last.json, wire.last.query) == ({"text": "a", "number": 1.5, "count": 2}, "also=q")
        for wrong in (Float64("nan"), object(), [Stamp(2024, 1, 1)]):
            error = mode.fails(wire.url, lambda client, wrong=wrong: things(client).send(wrong))
            assert isinstance(error, InvalidArgument)
    assert len(wire.seen) == 1


def test_records_of_derived_classes_are_written_too() -> None:
    record = Item(id=Safe("a"), name=Safe("b"))
    assert record.to_dict() == {"id": "a", "name": "b"} == json.loads(record.to_json())
    assert record.to_dict(by_alias=False) == {"id": "a", "name": "b"}
    assert {type(value) for value in record.to_dict().values()} == {str}


# Any verb


def test_any_verb_is_sent(mode: Mode) -> None:
    things = Things[Async] if mode.is_async else Things[Sync]
    with Wire(reply(b"GET, HEAD", kind="text/plain")) as wire:
        assert mode.run(wire.url, lambda client: things(client).options("a b")) == "GET, HEAD"
        assert (wire.last.method, wire.last.target, wire.last.body) == ("OPTIONS", "/x?word=a%20b", b"")
    with Wire(b"HTTP/1.1 204 None\r\n\r\n") as wire:
        mode.run(wire.url, lambda client: things(client).purge("k", soft=True))
        assert (wire.last.method, wire.last.target, wire.last.body) == ("PURGE", "/x/k?soft=true", b"")
        mode.run(wire.url, lambda client: client.request("purge", "x"))
        assert wire.last.method == "PURGE"
    with Wire(reply([{"id": "a"}])) as wire:
        assert mode.run(wire.url, lambda client: things(client).query(["a"])) == [Need(id="a")]
        assert (wire.last.method, wire.last.target, wire.last.json) == ("QUERY", "/x", {"words": ["a"]})
    with Wire(reply(b"TRACE /x", kind="message/http")) as wire:
        assert mode.run(wire.url, lambda client: things(client).trace("a")) == b"TRACE /x"
        assert (wire.last.method, wire.last.target, wire.last.body) == ("TRACE", "/x?word=a", b"")


@pytest.mark.parametrize("word", ["", "GET X", "GET\r\nX: y", "connect", "é", "A/B"])
def test_what_is_no_verb(word: str) -> None:
    with pytest.raises(DeclarationError, match="Verb"):
        Verb(word)


def test_a_verb_without_a_body_has_none() -> None:
    with pytest.raises(DeclarationError, match="a TRACE request has no body"):

        class Wrong(Resource[M]):
            @Verb("TRACE")("x")
            def trace(self, word: Annotated[str, Body]) -> None: ...
