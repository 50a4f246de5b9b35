"""uplink's own annotations in stubs of gemel: the exact bytes they make, and what stays checked."""

from __future__ import annotations

import enum
import io
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Annotated, Any, TypedDict

import pytest
import uplink
from typing_extensions import NotRequired, Unpack

from gemel.kit.bodies.parts import File
from gemel.kit.declare import Cursor, Field, Page, Query, delete, get, post, put
from gemel.kit.errors import InvalidArgument, NotFoundError
from gemel.kit.http.messages import Timeout
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, M, Omit

from ..kit.shop import SYNC, Mode
from ..kit.wire import Seen, Wire, reply

MOMENT = datetime(2024, 2, 29, 11, 30, 15, tzinfo=timezone.utc)
SHARED = uplink.Header("X-Shared")


class Color(enum.Enum):
    RED = "red"


class Item(Model, case="camel"):
    item_id: str
    door_pin: Annotated[str, SECRET] = ""


class Search(TypedDict):
    text: Annotated[str, uplink.Query("q")]
    trace: NotRequired[Annotated[str, uplink.Header("X-Trace")]]


class Mixed(Resource[M], case="camel"):
    """Arguments with annotations of uplink's."""

    @get("items/{item_id}")
    def one(
        self,
        number: Annotated[int | str, uplink.Path("item_id")],
        *,
        text: Annotated[str | Omit, uplink.Query("q")] = OMIT,
        page_size: Annotated[int | Omit, uplink.Query] = OMIT,
        flag: Annotated[bool | Omit, uplink.Query("flag")] = OMIT,
        color: Annotated[Color | Omit, uplink.Query("color")] = OMIT,
        since: Annotated[datetime | Omit, uplink.Query("since")] = OMIT,
        tags: Annotated[list[str | None] | Omit, uplink.Query("tag")] = OMIT,
        ready: Annotated[str | Omit, uplink.Query("ready", encoded=True)] = OMIT,
        maybe: Annotated[str | None | Omit, uplink.Query("maybe", encode_none="null")] = OMIT,
        trace: Annotated[str | None | Omit, uplink.Header("X-Trace")] = OMIT,
        own: Annotated[str | Omit, Query("own")] = OMIT,
    ) -> None: ...

    @get("items")
    def maps(
        self,
        first: Annotated[str | Omit, Query("a")] = OMIT,
        *,
        more: Annotated[Mapping[str, Any] | Omit, uplink.QueryMap] = OMIT,
        ready: Annotated[dict[str, str | None] | None, uplink.QueryMap(encoded=True)] = None,
        trace: Annotated[str | Omit, uplink.Header("X-Trace")] = OMIT,
        headers: Annotated[dict[str, Any] | Omit, uplink.HeaderMap()] = OMIT,
    ) -> None: ...

    @post("items")
    def create(
        self,
        name: Annotated[str | Omit, uplink.Field] = OMIT,
        *,
        color: Annotated[Color | None | Omit, uplink.Field("theColor")] = OMIT,
        street: Annotated[str | Omit, uplink.Field(("address", "street"))] = OMIT,
        town: Annotated[str | Omit, uplink.Field(("address", "town", "name"))] = OMIT,
        more: Annotated[dict[str, Any] | Omit, uplink.FieldMap] = OMIT,
        own_name: str | Omit = OMIT,
        dry_run: Annotated[bool | Omit, uplink.Query("dryRun")] = OMIT,
    ) -> None: ...

    @put("items")
    def replace(self, item: Annotated[Any, uplink.Body]) -> None: ...

    @put("items/record")
    def replace_record(self, item: Annotated[Item, uplink.Body]) -> None: ...

    @post("files")
    def upload(
        self,
        file: Annotated[Any, uplink.Part("f")],
        *,
        note: Annotated[str | Omit, uplink.Part] = OMIT,
        more: Annotated[dict[str, Any] | Omit, uplink.PartMap] = OMIT,
    ) -> None: ...

    @get("slow")
    def slow(self, timeout: Annotated[float | Timeout | None, uplink.Timeout] = None) -> None: ...

    @get("search")
    def search(self, **search: Unpack[Search]) -> None: ...

    @get("shared")
    def shared(self, one: Annotated[str, SHARED]) -> None: ...

    @delete("shared")
    def shared_too(self, other: Annotated[str, SHARED]) -> None: ...

    @get("pages", unwrap="items", paging=Cursor(param="after", next="next"))
    def pages(self, *, kind: Annotated[str, uplink.Query("k")]) -> Page[int]: ...

    @get("secret/{key}")
    def hidden(
        self,
        key: Annotated[str, uplink.Path("key"), SECRET],
        *,
        query: Annotated[str, uplink.Query("q"), SECRET],
        header: Annotated[str, uplink.Header("X-Plain"), SECRET],
        ready: Annotated[str, uplink.Query("r", encoded=True), SECRET],
        more: Annotated[dict[str, str], uplink.QueryMap, SECRET],
        fields: Annotated[dict[str, str], uplink.HeaderMap, SECRET],
    ) -> None: ...

    @post("secret")
    def hidden_body(
        self,
        name: Annotated[str, uplink.Field, SECRET],
        *,
        more: Annotated[dict[str, str], uplink.FieldMap, SECRET],
    ) -> None: ...


def sent(mode: Mode, name: str, /, *args: Any, **kwargs: Any) -> Seen:
    """The request of one call."""
    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, lambda shop: getattr(Mixed(shop), name)(*args, **kwargs))
    assert len(wire.seen) == 1
    return wire.last


ONE: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"text": "a b&c=d/é"}, "?q=a%20b%26c%3Dd%2F%C3%A9"),
    ({"page_size": 3}, "?page_size=3"),
    ({"flag": True}, "?flag=true"),
    ({"color": Color.RED}, "?color=red"),
    ({"since": MOMENT}, "?since=2024-02-29T11%3A30%3A15Z"),
    ({"tags": ["a b", None, "c"]}, "?tag=a%20b&tag=c"),
    ({"tags": []}, ""),
    ({"ready": "a%20b+c"}, "?ready=a%20b+c"),
    ({"ready": "a b#c%zz\r\né"}, "?ready=a%20b%23c%25zz%0D%0A%C3%A9"),
    ({"maybe": None}, "?maybe=null"),
    ({"maybe": "x"}, "?maybe=x"),
    ({"own": "x", "text": "y", "ready": "%41"}, "?q=y&ready=%41&own=x"),
]


@pytest.mark.parametrize(("arguments", "query"), ONE)
def test_queries(mode: Mode, arguments: dict[str, Any], query: str) -> None:
    request = sent(mode, "one", 7, **arguments)
    assert (request.target, request.body) == (f"/items/7{query}", b"")
    assert not {"content-type", "x-trace"} & set(request.headers)


def test_a_path_value_is_one_segment(mode: Mode) -> None:
    assert sent(mode, "one", "a/b c?é%2F").target == "/items/a%2Fb%20c%3F%C3%A9%252F"


@pytest.mark.parametrize("value", ["", ".", "..", True, None, ["a"]])
def test_a_path_value_that_would_climb_is_refused(mode: Mode, value: Any) -> None:
    error = refusal(mode, "one", value)
    assert error.method == "Mixed.one" and error.parameter == "number"


def refusal(mode: Mode, name: str, /, *args: Any, **kwargs: Any) -> InvalidArgument:
    """The error of a call that sends nothing."""
    with Wire(reply()) as wire:
        error = mode.fails(wire.url, lambda shop: getattr(Mixed(shop), name)(*args, **kwargs))
    assert wire.seen == [] and isinstance(error, InvalidArgument)
    return error


def test_a_header(mode: Mode) -> None:
    assert sent(mode, "one", 1, trace="t-1").headers["x-trace"] == "t-1"
    assert "x-trace" not in sent(mode, "one", 1, trace=None).headers


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("one", {"text": 1}, "text", "expected str"),
    ("one", {"page_size": "1"}, "page_size", "expected int"),
    ("one", {"page_size": True}, "page_size", "expected int"),
    ("one", {"trace": "a\r\nX-Evil: 1"}, "trace", "line breaks"),
    ("one", {"text": "\ud800"}, "text", "not valid Unicode"),
    ("one", {"ready": "\ud800"}, "ready", "not valid Unicode"),
    ("one", {"since": datetime(2024, 2, 29)}, "since", "time zone"),
    ("one", {"nope": 1}, "nope", "unknown argument"),
    ("maps", {"more": [1]}, "more", "expected Mapping"),
    ("maps", {"more": {"a": object()}}, "more", "object has no text form"),
    ("maps", {"headers": {"X Y": "1"}}, "headers", "not a header name"),
    ("maps", {"headers": {"X": "a\nb"}}, "headers", "line breaks"),
    ("create", {"color": "red"}, "color", "expected Color"),
    ("create", {"more": {"a": float("nan")}}, "more", "finite"),
    ("create", {"more": {"a": object()}}, "more", "cannot be sent as JSON"),
    ("replace", {"item": float("nan")}, "item", "finite"),
    ("upload", {"file": object()}, "file", "object has no text form"),
    ("upload", {"file": ("a", b"", "text/plain", {})}, "file", "no other headers"),
    ("upload", {"file": io.StringIO("text")}, "file", "binary"),
    ("slow", {"timeout": 0}, "timeout", "positive"),
    ("slow", {"timeout": "3"}, "timeout", "expected float"),
]


@pytest.mark.parametrize(("name", "arguments", "parameter", "problem"), REFUSED)
def test_what_is_refused(mode: Mode, name: str, arguments: dict[str, Any], parameter: str, problem: str) -> None:
    error = refusal(mode, name, *([1] if name == "one" else []), **arguments)
    assert (error.method, error.parameter) == (f"Mixed.{name}", parameter)
    assert problem in str(error)


MAPS: list[tuple[dict[str, Any], str, dict[str, str]]] = [
    ({}, "", {}),
    ({"more": {}}, "", {}),
    (
        {"more": {"a b": "c&d", "n": 1, "no": None, "l": [1, None, True], "c": Color.RED}},
        "?a%20b=c%26d&n=1&l=1&l=true&c=red",
        {},
    ),
    ({"first": "1", "more": {"b": 2}}, "?a=1&b=2", {}),
    ({"first": "1", "more": {"a": 2}}, "?a=2", {}),
    ({"more": {"b": 2}, "ready": {"x": "%20", "y": "a b", "z": None}}, "?b=2&x=%20&y=a%20b", {}),
    ({"ready": {}}, "", {}),
    ({"headers": {"X-A": "1", "X-N": 2, "X-No": None}}, "", {"x-a": "1", "x-n": "2"}),
    ({"trace": "t", "headers": {"x-trace": "u"}}, "", {"x-trace": "u"}),
]


@pytest.mark.parametrize(("arguments", "query", "headers"), MAPS)
def test_maps(mode: Mode, arguments: dict[str, Any], query: str, headers: dict[str, str]) -> None:
    request = sent(mode, "maps", **arguments)
    assert request.target == f"/items{query}"
    assert {name: value for name, value in request.headers.items() if name.startswith("x-")} == headers
    assert len(request.fields) == len(request.headers), "a header is sent twice"


CREATED: list[tuple[dict[str, Any], bytes]] = [
    ({}, b"{}"),
    ({"name": "é"}, '{"name":"é"}'.encode()),
    ({"color": Color.RED}, b'{"theColor":"red"}'),
    ({"color": None}, b'{"theColor":null}'),
    ({"street": "s", "town": "t"}, b'{"address":{"street":"s","town":{"name":"t"}}}'),
    ({"more": {"a": 1, "b": None, "c": [MOMENT]}}, b'{"a":1,"b":null,"c":["2024-02-29T11:30:15Z"]}'),
    ({"name": "n", "more": {"name": "m"}, "own_name": "o"}, b'{"name":"m","ownName":"o"}'),
]


@pytest.mark.parametrize(("arguments", "body"), CREATED)
def test_fields(mode: Mode, arguments: dict[str, Any], body: bytes) -> None:
    request = sent(mode, "create", **arguments)
    assert (request.target, request.body) == ("/items", body)
    assert request.headers["content-type"] == "application/json"


def test_a_field_inside_of_what_is_no_object_is_refused(mode: Mode) -> None:
    class Odd(Resource[M]):
        @post("x")
        def f(
            self, whole: Annotated[str, uplink.Field("a")], part: Annotated[str, uplink.Field(("a", "b"))]
        ) -> None: ...

        @post("y")
        def g(
            self, whole: Annotated[Any, uplink.Field("a")], part: Annotated[str, uplink.Field(("a", "b"))]
        ) -> None: ...

    given = {"c": 1}
    with Wire(reply(b"", 204)) as wire:
        error = mode.fails(wire.url, lambda shop: Odd(shop).f("x", "y"))
        mode.run(wire.url, lambda shop: Odd(shop).g(given, "y"))
    assert str(error) == "Odd.f(): part: 'a' of the body is no object"
    assert wire.last.body == b'{"a":{"c":1,"b":"y"}}' and given == {"c": 1}


BODIES: list[tuple[Any, bytes, str]] = [
    ({"a": 1}, b'{"a":1}', "application/json"),
    ({}, b"{}", "application/json"),
    ([1, None], b"[1,null]", "application/json"),
    ("text", b'"text"', "application/json"),
    (b"\x00raw", b"\x00raw", "application/octet-stream"),
    (Item(item_id="i"), b'{"itemId":"i","doorPin":""}', "application/json"),
]


@pytest.mark.parametrize(("body", "sent_body", "kind"), BODIES)
def test_whole_bodies(mode: Mode, body: Any, sent_body: bytes, kind: str) -> None:
    request = sent(mode, "replace", body)
    assert (request.body, request.headers["content-type"]) == (sent_body, kind)


def test_a_body_is_checked_by_its_annotation(mode: Mode) -> None:
    assert sent(mode, "replace_record", Item(item_id="i")).json == {"itemId": "i", "doorPin": ""}
    assert "expected Item, got dict" in str(refusal(mode, "replace_record", {"itemId": "i"}))


def open_file() -> io.BytesIO:
    file = io.BytesIO(b"opened")
    file.name = "/a/folder/o.txt"  # type: ignore[misc]
    return file


PARTS: list[tuple[dict[str, Any], bytes]] = [
    ({"file": b"x"}, b'name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n'),
    ({"file": File(b"x", name="a.txt")}, b'name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n'),
    ({"file": ("a.txt", b"x")}, b'name="f"; filename="a.txt"\r\n\r\nx\r\n'),
    ({"file": ("a.txt", "é", "text/x")}, b'name="f"; filename="a.txt"\r\nContent-Type: text/x\r\n\r\n\xc3\xa9\r\n'),
    ({"file": (None, "plain")}, b'name="f"\r\n\r\nplain\r\n'),
    ({"file": (None, io.BytesIO(b"plain"))}, b'name="f"\r\n\r\nplain\r\n'),
    ({"file": open_file()}, b'name="f"; filename="o.txt"\r\nContent-Type: text/plain\r\n\r\nopened\r\n'),
    ({"file": ("n.txt", open_file())}, b'name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\nopened\r\n'),
    (
        {"file": b"x", "note": "hi", "more": {"g": b"y", "f": b"z"}},
        b'name="note"\r\n\r\nhi\r\n'
        b'--B\r\nContent-Disposition: form-data; name="g"; filename="g"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\ny\r\n"
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nz\r\n",
    ),
]


@pytest.mark.parametrize(("arguments", "parts"), PARTS, ids=range(len(PARTS)))
def test_parts(mode: Mode, arguments: dict[str, Any], parts: bytes) -> None:
    file = arguments["file"]
    for opened in file if isinstance(file, tuple) else [file]:
        if isinstance(opened, io.BytesIO):
            opened.seek(0)
    request = sent(mode, "upload", **arguments)
    boundary = re.fullmatch(r"multipart/form-data; boundary=(\w+)", request.headers["content-type"])
    assert boundary is not None
    body = request.body.replace(boundary[1].encode(), b"B")
    assert body == b"--B\r\nContent-Disposition: form-data; " + parts + b"--B--\r\n"


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        (None, Timeout(total=5.0, stream=9.0)),
        (3.5, Timeout(total=3.5, connect=3.5, read=3.5, stream=9.0)),
        (100, Timeout(total=100, connect=100, read=100, stream=9.0)),
        (Timeout(total=4), Timeout(total=4)),
    ],
)
def test_a_timeout_bounds_the_waiting_for_the_server(given: Any, limits: Timeout) -> None:
    def limits_of(shop: Any) -> Any:
        return Mixed(shop).slow.request(given).context.timeout

    assert SYNC.run("http://localhost:1", limits_of, timeout=Timeout(total=5.0, stream=9.0)) == limits


def test_keys_of_a_typed_dict_take_them_too(mode: Mode) -> None:
    request = sent(mode, "search", text="a b", trace="t")
    assert (request.target, request.headers["x-trace"]) == ("/search?q=a%20b", "t")
    assert str(refusal(mode, "search")) == "Mixed.search(): text: missing argument"


def test_one_annotation_serves_several_arguments(mode: Mode) -> None:
    assert sent(mode, "shared", "1").headers["x-shared"] == "1"
    assert sent(mode, "shared_too", other="2").headers["x-shared"] == "2"
    assert SHARED.name == "X-Shared"


def test_an_unnamed_annotation_that_serves_several_arguments_keeps_no_name(mode: Mode) -> None:
    unnamed = uplink.Query()

    class Two(Resource[M]):
        @get("x")
        def f(self, one: Annotated[str, unnamed], two: Annotated[str, unnamed]) -> None: ...

    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, lambda shop: Two(shop).f("1", "2"))
    assert wire.targets == ["/x?one=1&two=2"]
    assert unnamed.name is None


def test_lists_in_pages_go_on_with_them(mode: Mode) -> None:
    pages = [reply({"items": [1], "next": "n"}), reply({"items": [2], "next": None})]
    with Wire(*pages) as wire:
        assert mode.run(wire.url, lambda shop: Mixed(shop).pages(kind="a b").all()) == [1, 2]
    assert wire.targets == ["/pages?k=a%20b", "/pages?k=a%20b&after=n"]


def test_a_secret_is_shown_nowhere(mode: Mode) -> None:
    values = {"query": "query&hidden", "header": "header-hidden", "ready": "ready%20hidden"}
    maps = {"more": {"m": "more-hidden"}, "fields": {"X-M": "field-hidden"}}
    call: Any = lambda shop: Mixed(shop).hidden("key/hidden", **values, **maps)  # noqa: E731
    with Wire(answer=lambda seen: reply({"message": seen.raw.decode("latin-1")}, 404)) as wire:
        error = mode.fails(wire.url, call)
        curl = SYNC.run(wire.url, lambda shop: Mixed(shop).hidden.curl("key/hidden", **values, **maps))
        echo = mode.fails(wire.url, lambda shop: Mixed(shop).hidden_body("body-hidden", more={"a": "map-hidden"}))
    assert b"key%2Fhidden" in wire.seen[0].raw and b"body-hidden" in wire.last.raw
    assert isinstance(error, NotFoundError)
    for shown in (str(error), repr(error.request), str(error.body), error.url, curl, str(echo), str(echo.body)):
        assert "hidden" not in shown.replace("/hidden", "").replace("Mixed.hidden", ""), shown


def test_own_fields_and_uplinks_are_one_body(mode: Mode) -> None:
    class Both(Resource[M], case="camel"):
        @post("x")
        def f(
            self, one_two: str, *, three: Annotated[int, Field("THREE")], four: Annotated[int, uplink.Field]
        ) -> None: ...

    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, lambda shop: Both(shop).f("a", three=3, four=4))
    assert wire.last.json == {"oneTwo": "a", "THREE": 3, "four": 4}
