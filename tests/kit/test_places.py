# mypy: disable-error-code="empty-body"
"""Where a declaration puts what it is given: nested queries and forms, lists, cookies, paths of several segments."""

from __future__ import annotations

import enum
import io
from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, TypedDict
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, Cookie, Field, File, Form, Header, Part, Query, Verb, get, post
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.stubs.roles import Path
from gemel.kit.types import OMIT, Async, M, Omit, Sync
from gemel.testing import StubServer

from .shop import ASYNC, SYNC, Mode
from .wire import Seen, Wire, reply

asking = Verb("GET", body=True)
NOON = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)


class Size(enum.Enum):
    BIG = "big"


class Price(Model, case="camel"):
    """A record that nests another."""

    at_least: Decimal | Omit = OMIT
    since: datetime | None = None
    parts: list[Price] | Omit = OMIT


class Point(TypedDict):
    lat: float
    lon: float


Deep = Annotated[dict[str, Any] | Price, Query("f", style="deep")]
Dots = Annotated[dict[str, Any] | Price, Query("f", style="dots", lists="indices")]


class Places(Resource[M], case="camel"):
    """One endpoint for each place."""

    @get("q")
    def deep(self, f: Deep) -> None: ...
    @get("q")
    def dots(self, f: Dots) -> None: ...
    @get("q")
    def indexed(self, f: Annotated[Any, Query(style="deep", lists="indices")]) -> None: ...
    @get("q")
    def bracketed(self, f: Annotated[Any, Query(style="deep", lists="brackets")]) -> None: ...
    @get("q")
    def commas(self, f: Annotated[Any, Query(style="deep", join=",")]) -> None: ...
    @get("q")
    def point(self, f: Annotated[Point, Query(style="deep")]) -> None: ...
    @get("q")
    def lists(
        self,
        *,
        spaces: Annotated[list[str] | Omit, Query(join=" ")] = OMIT,
        pipes: Annotated[list[str] | Omit, Query(join="|")] = OMIT,
        tags: Annotated[list[str] | Omit, Query(lists="brackets")] = OMIT,
    ) -> None: ...
    @post("f")
    def form(self, a: Annotated[Any, Form(style="deep", lists="indices")]) -> None: ...
    @post("upload")
    def upload(self, files: Annotated[list[File], Part("file")]) -> None: ...
    @get("h")
    def header(
        self,
        *,
        ids: Annotated[list[int] | None, Header("X-Ids")] = None,
        names: Annotated[tuple[str, ...], Header("X-Names", join="; ")] = (),
    ) -> None: ...
    @get("c")
    def cookies(
        self, session: Annotated[str | None, Cookie], theme: Annotated[Size | Omit, Cookie("the-me")] = OMIT
    ) -> None: ...
    @get("p/{ids}/{public}")
    def segments(self, ids: list[int | str], public: bool) -> None: ...
    @get("p/{ids}")
    def semicolons(self, ids: Annotated[list[str], Path(join=";")]) -> None: ...
    @get("files/{+path}/raw")
    def file(self, path: str) -> None: ...
    @get("{version}/albums")
    def albums(self, *, version: str = "v 1") -> None: ...
    @get("items?kind=book&new")
    def books(self, *, page: int | Omit = OMIT) -> None: ...
    @asking("search")
    def search(self, query: Annotated[dict[str, Any], Field], *, page: int = 1) -> None: ...
    @asking("search")
    def raw(self, body: Annotated[dict[str, Any], Body]) -> None: ...


class PlacesClient(Client):
    places: Places[Sync]


class AsyncPlacesClient(AsyncClient):
    places: Places[Async]


def sent(mode: Mode, call: Any, **settings: Any) -> Seen:
    with Wire(reply(b"")) as wire:
        client = AsyncPlacesClient if mode.is_async else PlacesClient
        mode.run(wire.url, lambda made: call(made.places), client=client, **settings)
    return wire.last


def refused(mode: Mode, call: Any) -> str:
    """The text of the error of a call that sends nothing."""
    with Wire(reply(b"")) as wire:
        client = AsyncPlacesClient if mode.is_async else PlacesClient
        error = mode.fails(wire.url, lambda made: call(made.places), client=client)
    assert isinstance(error, InvalidArgument) and not wire.seen
    return str(error)


NESTED = [
    ("deep", {"a": {"b": 1, "c": True}, "d": "x y"}, "f[a][b]=1&f[a][c]=true&f[d]=x y"),
    ("deep", {"a": [1, 2], "none": None, "size": Size.BIG}, "f[a]=1&f[a]=2&f[size]=big"),
    ("deep", Price(at_least=Decimal("1.50"), since=NOON), "f[atLeast]=1.50&f[since]=2024-02-29T12:00:00Z"),
    ("deep", {}, ""),
    ("dots", {"a": {"b": [1, {"c": 2}]}}, "f.a.b[0]=1&f.a.b[1].c=2"),
    ("dots", Price(parts=[Price(at_least=Decimal(2))]), "f.parts[0].atLeast=2"),
    ("indexed", {"a": [[1, 2], {"b": "&="}]}, "f[a][0][0]=1&f[a][0][1]=2&f[a][1][b]=&="),
    ("indexed", ["x"], "f[0]=x"),
    ("bracketed", {"a": [1, {"b": 2}]}, "f[a][]=1&f[a][][b]=2"),
    ("commas", {"a": [1, 2], "b": []}, "f[a]=1,2"),
    ("point", {"lat": 1.5, "lon": -2.0}, "f[lat]=1.5&f[lon]=-2.0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "query"), NESTED)
def test_a_nested_query(mode: Mode, name: str, value: Any, query: str) -> None:
    seen = sent(mode, lambda places: getattr(places, name)(value))
    assert not set(seen.query) & set("[] ")
    assert unquote_plus(seen.query) == query


def test_a_nested_form(mode: Mode) -> None:
    seen = sent(mode, lambda places: places.form({"b": [{"c": "d&e"}, None, True]}))
    assert seen.body == b"a%5Bb%5D%5B0%5D%5Bc%5D=d%26e&a%5Bb%5D%5B2%5D=true"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("deep", {"a]": 1}, "cannot be empty or hold '[]'"),
        ("deep", {"": 1}, "cannot be empty or hold"),
        ("dots", {"a.b": 1}, "cannot be empty or hold '.'"),
        ("deep", {"a": [{"b": 1}]}, 'needs lists="indices" or lists="brackets"'),
        ("deep", {"a": float("nan")}, "finite"),
        ("deep", {"a": datetime(2024, 1, 1)}, "time zone"),
        ("deep", {"a": object()}, "unsupported"),
        ("deep", {"a": OMIT}, "leave the key out"),
        ("deep", Price(at_least="x"), "$.atLeast"),  # type: ignore[arg-type]
        ("commas", {"a": [{"b": 1}]}, "dict has no text form"),
    ],
)
def test_a_nested_value_without_a_wire_form_is_not_sent(mode: Mode, name: str, value: Any, says: str) -> None:
    assert says in refused(mode, lambda places: getattr(places, name)(value))


def test_a_part_with_headers_of_its_own(mode: Mode) -> None:
    large = b"x" * (1 << 17)
    files = [
        File(b"a", name="a.png", headers=(("Content-ID", "<logo>"), ("X-Md5", "abc"))),
        File(io.BytesIO(large), name="b"),
    ]
    seen = sent(mode, lambda places: places.upload(files))
    first, second = seen.body.split(b"--" + seen.headers["content-type"].partition("boundary=")[2].encode())[1:3]
    assert first.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:] == [
        b'Content-Disposition: form-data; name="file"; filename="a.png"',
        b"Content-Type: image/png",
        b"Content-ID: <logo>",
        b"X-Md5: abc",
    ]
    assert b"Content-ID" not in second and large in second


@pytest.mark.parametrize("field", [("A B", "x"), ("X", "a\nb"), ("X", " a"), ("Content-Type", "a/b"), ("Host", "x")])
def test_a_header_that_no_part_can_have_is_refused(field: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|follows"):
        File(b"", headers=(field,))


def test_lists_of_a_query_are_encoded_item_by_item(mode: Mode) -> None:
    call = lambda places: places.lists(spaces=["a b", "c"], pipes=["d|e", "f"], tags=["g", "h&"])  # noqa: E731
    assert sent(mode, call).query == "spaces=a%20b%20c&pipes=d%7Ce%7Cf&tags%5B%5D=g&tags%5B%5D=h%26"


def test_a_header_of_a_list(mode: Mode) -> None:
    seen = sent(mode, lambda places: places.header(ids=[1, 2], names=("a", "b c")))
    assert (seen.headers["x-ids"], seen.headers["x-names"]) == ("1,2", "a; b c")
    seen = sent(mode, lambda places: places.header(ids=[]))
    assert "x-ids" not in seen.headers and "x-names" not in seen.headers
    assert "an item of a header's list" in refused(mode, lambda places: places.header(names=("a;b",)))
    assert "an item of a header's list" in refused(mode, lambda places: places.header(names=("",)))


def test_cookies(mode: Mode) -> None:
    assert sent(mode, lambda places: places.cookies("a=b", Size.BIG)).headers["cookie"] == "session=a=b; the-me=big"
    assert "cookie" not in sent(mode, lambda places: places.cookies(None)).headers
    seen = sent(mode, lambda places: places.cookies("x"), headers={"Cookie": "csrf=1"})
    assert seen.headers["cookie"] == "csrf=1; session=x"


@pytest.mark.parametrize("value", ["a b", "a;b", "a,b", 'a"b', "a\\b", "\r\n", "é"])
def test_a_cookie_that_would_not_arrive_is_not_sent(mode: Mode, value: str) -> None:
    assert "a cookie cannot hold" in refused(mode, lambda places: places.cookies(value))


def test_a_cookie_is_secret() -> None:
    with PlacesClient("http://h.example") as client:
        request = client.places.cookies.request("hunter2")
        assert "hunter2" not in client.places.cookies.curl("hunter2") and "hunter2" in request.context.secrets


def test_lists_and_bools_in_a_path(mode: Mode) -> None:
    assert sent(mode, lambda places: places.segments([1, "a,/b"], True)).target == "/p/1,a%2C%2Fb/true"
    assert sent(mode, lambda places: places.semicolons(["a", "b"])).target == "/p/a;b"


@pytest.mark.parametrize("ids", [[], [""], ["."], [".."], ["a", ""], [None]])
def test_a_list_that_would_change_the_path_is_not_sent(mode: Mode, ids: Any) -> None:
    assert "ids" in refused(mode, lambda places: places.segments(ids, False))


def test_a_path_of_several_segments(mode: Mode) -> None:
    assert sent(mode, lambda places: places.file("a b/c?d/é")).target == "/files/a%20b/c%3Fd/%C3%A9/raw"
    assert sent(mode, lambda places: places.file("%2e%2e/a")).target == "/files/%252e%252e/a/raw"


@pytest.mark.parametrize("path", ["", "/", "/etc", "..", "a/..", "../a", "a/./b", "a//b", "a\\..\\b", ".", "//h/x"])
def test_a_path_that_climbs_or_has_no_head_is_not_sent(mode: Mode, path: str) -> None:
    assert "a path value cannot" in refused(mode, lambda places: places.file(path))


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=4).map("/".join))
def test_no_path_leaves_its_place(path: str) -> None:
    with PlacesClient("http://h.example/v1") as client:
        try:
            url = client.places.file.request(path).url
        except InvalidArgument:
            return
    middle = url.removeprefix("http://h.example/v1/files/").removesuffix("/raw")
    assert unquote_plus(middle.replace("+", "%2B")) == path
    assert not {"", ".", ".."} & set(middle.split("/"))


def test_a_path_value_with_a_default(mode: Mode) -> None:
    assert sent(mode, lambda places: places.albums()).target == "/v%201/albums"
    assert sent(mode, lambda places: places.albums(version="v2")).target == "/v2/albums"


def test_a_query_that_every_call_has(mode: Mode) -> None:
    assert sent(mode, lambda places: places.books()).target == "/items?kind=book&new"
    assert sent(mode, lambda places: places.books(page=2)).target == "/items?kind=book&new&page=2"


def test_a_get_with_a_body(mode: Mode) -> None:
    seen = sent(mode, lambda places: places.search({"a": 1}))
    assert (seen.method, seen.target, seen.json) == ("GET", "/search?page=1", {"query": {"a": 1}})
    assert seen.headers["content-type"] == "application/json"
    assert sent(mode, lambda places: places.raw({"a": 1})).json == {"a": 1}


def test_a_get_with_a_body_is_not_kept(mode: Mode) -> None:
    from gemel.kit.caching import Cache

    with Wire(reply({"a": 1}), reply({"a": 2})) as wire:
        client = AsyncPlacesClient if mode.is_async else PlacesClient
        asked = [{"a": 1}, {"a": 2}]
        steps = [lambda made, body=body: made.places.raw(body) for body in asked]
        mode.run(wire.url, *steps, client=client, cache=Cache())
    assert [seen.json for seen in wire.seen] == asked


@pytest.mark.parametrize("verb", ["OPTIONS", "TRACE", "PURGE", "QUERY", "PROPFIND"])
def test_any_verb(mode: Mode, verb: str) -> None:
    class Any_(Resource[M]):
        @Verb(verb)("x")
        def ask(self, a: Annotated[int, Query]) -> None: ...

    class AnyClient(Client):
        any: Any_[Sync]

    class AsyncAnyClient(AsyncClient):
        any: Any_[Async]

    with Wire(reply(b"")) as wire:
        mode.run(wire.url, lambda client: client.any.ask(1), client=AsyncAnyClient if mode.is_async else AnyClient)
    assert (wire.last.method, wire.last.target) == (verb, "/x?a=1")


def test_both_transports_send_the_same_places() -> None:
    calls: list[Any] = [
        lambda places: places.deep({"a": {"b": ["x", "é "]}}),
        lambda places: places.file("a/b c"),
        lambda places: places.segments(["a", "b,"], False),
        lambda places: places.search({}),
    ]
    for call in calls:
        one, two = (sent(mode, call) for mode in (SYNC, ASYNC))
        assert (one.method, one.target, one.body) == (two.method, two.target, two.body)


def test_a_stub_server_finds_a_path_of_several_segments() -> None:
    with StubServer() as stub, PlacesClient(stub.url) as client:
        stub.on(Places.file).reply(None)
        client.places.file("a/b c")
        assert stub.calls[0].path_values == {"path": "a/b c"}


def made(path: str, parameters: str, verb: Any = get) -> str:
    """The text of the error of a class with such a stub."""
    names: dict[str, Any] = dict(globals())
    exec(f"def stub(self, {parameters}) -> None: ...", names)
    with pytest.raises(DeclarationError) as caught:
        type("Wrong", (Resource,), {"stub": verb(path)(names["stub"])})
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "parameters", "says"),
    [
        ("x", "a: Annotated[Any, Query(style='wide')]", "a: style must be"),
        ("x", "a: Annotated[Any, Query(lists='commas')]", "a: lists must be"),
        ("x", "a: Annotated[Any, Query(json=True, style='deep')]", "a: with json=True"),
        ("x", "a: Annotated[Any, Query(join=',', lists='indices')]", "exclude each other"),
        ("x", "a: Annotated[list[str], Header('X-A', join='\\n')]", "a: join="),
        ("x", "a: Annotated[str, Cookie('a b')]", "a: 'a b' is not the name of a cookie"),
        ("x", "a: Annotated[str, Cookie], b: Annotated[str, Header('cookie')]", "a: it cannot be a cookie when b"),
        ("x", "a: Annotated[str, Cookie('c')], b: Annotated[str, Cookie('c')]", "b: a is sent as 'c' already"),
        ("x/{a}", "a: Annotated[list[str], Path(join='/')]", "a: join='/'"),
        ("x/{a}", "a: str = ''", "a: a path value cannot be ''"),
        ("x/{a}", "a: str | None = None", "a: a path value cannot have a default that leaves it out"),
        ("x/{+a}", "a: str = '../b'", "a: a path value cannot have the segments"),
        ("x/{+a}", "b: str", "the path names {a}"),
        ("x?k=a b", "a: str", "the query 'k=a b' of the path must be encoded"),
        ("x?k={a}", "a: str", "the query 'k={a}' of the path"),
        ("x?", "a: str", "the path 'x?'"),
        ("x?a=1", "a: str", "a: the path has 'a' in its query already"),
    ],
)
def test_a_wrong_place_is_told_when_the_class_is_made(path: str, parameters: str, says: str) -> None:
    text = made(path, parameters)
    assert text.startswith("Wrong.stub(): ") and says in text, text


def test_a_trace_never_has_a_body() -> None:
    with pytest.raises(DeclarationError, match="a TRACE request must not have a body"):
        Verb("TRACE", body=True)
