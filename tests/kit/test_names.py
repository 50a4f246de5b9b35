"""Names are wire text too: encoded once, compared decoded, and never able to change what stands around them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, TypedDict
from urllib.parse import parse_qsl, unquote

import pytest
from typing_extensions import NotRequired, Unpack

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import File, Form, Header, Page, PageNumber, Part, Query, Upload, get, post, put
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.models.meta import camel_case, snake_case
from gemel.kit.models.model import Model, field
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, Async, M, Omit, Sync

from .pair import Pair
from .wire import Seen, Wire, reply

NAMES = [
    "a&b",
    "x&admin=1#",
    "my name",
    "na\u00efve",
    "page[number]",
    "a=b",
    "a+b",
    "100%",
    "%26",
    "?",
    "$filter",
    "\u65e5",
]


class Named(Resource[M]):
    """Every odd name in every place that takes one."""

    @get("q")
    def query(
        self,
        *,
        a: Annotated[str | Omit, Query("a&b")] = OMIT,
        b: Annotated[str | Omit, Query("x&admin=1#")] = OMIT,
        c: Annotated[int | Omit, Query("my name")] = OMIT,
        d: Annotated[list[str] | Omit, Query("na\u00efve")] = OMIT,
        e: Annotated[str, Query("page[number]", also="%26")] = "first",
        f: Annotated[dict[str, Any] | Omit, Query("a=b", json=True)] = OMIT,
        g: Annotated[list[str] | Omit, Query("a+b", join=",")] = OMIT,
    ) -> None:
        """A query."""
        ...

    @post("f")
    def form(self, *, a: Annotated[str, Form("a b&c")], b: Annotated[list[str], Form("na\u00efve[]")]) -> None:
        """A form."""
        ...

    @post("p")
    def parts(self, *, a: Annotated[Any, Part('a"; filename="x\r\nX-Evil: 1')]) -> None:
        """Parts."""
        ...

    @get("j")
    def joined(
        self,
        *,
        comma: Annotated[list[Any] | Omit, Query(join=",")] = OMIT,
        pipe: Annotated[list[Any] | Omit, Query(join="|", also="tube")] = OMIT,
        space: Annotated[list[Any] | Omit, Query(join=" ")] = OMIT,
        ampersand: Annotated[list[Any] | Omit, Query(join="&")] = OMIT,
    ) -> None:
        """Lists in one parameter."""
        ...

    @get("pages", unwrap="items", paging=PageNumber(param="page[number]", limit_param="page[size]", limit=2))
    def pages(self, *, page: Annotated[int | Omit, Query("page[number]")] = OMIT) -> Page[dict[str, Any]]:
        """A list whose parameters have brackets."""
        ...

    @put("u")
    def upload(self, *, content: Annotated[File, Part]) -> None:
        """A file."""
        ...


class Shop(BaseClient[M]):
    """The resource in either mode."""

    named: Named[M]


class ShopClient(Shop[Sync], Client):
    """The blocking client."""


class AsyncShopClient(Shop[Async], AsyncClient):
    """The awaited client."""


def sent(step: Any, *script: Any, answer: Any = None) -> list[Seen]:
    """What a step sends, the same from both clients."""
    with Wire(*(script or (reply({}),)), answer=answer) as wire:
        with Pair(wire.url, ShopClient, AsyncShopClient) as pair:
            for outcome in pair.outcomes(step):
                assert not isinstance(outcome, Exception), outcome
    half = len(wire.seen) // 2
    first, second = wire.seen[:half], wire.seen[half:]
    assert [each.target for each in first] == [each.target for each in second]
    return first


def test_a_name_in_a_query_is_one_name() -> None:
    values = {"a": "1", "b": "2", "c": 3, "d": ["4", "5"], "e": "6", "f": {"x": 1}, "g": ["7", "8"]}
    (seen,) = sent(lambda shop: shop.named.query(**values))
    assert seen.target.isascii() and "#" not in seen.target
    assert parse_qsl(seen.query) == [
        ("a&b", "1"),
        ("x&admin=1#", "2"),
        ("my name", "3"),
        ("na\u00efve", "4"),
        ("na\u00efve", "5"),
        ("page[number]", "6"),
        ("%26", "6"),
        ("a=b", '{"x":1}'),
        ("a+b", "7,8"),
    ]


def test_a_default_has_its_name_encoded_too() -> None:
    (seen,) = sent(lambda shop: shop.named.query())
    assert seen.query == "page%5Bnumber%5D=first&%2526=first"


def test_a_name_in_a_form_is_one_name() -> None:
    (seen,) = sent(lambda shop: shop.named.form(a="1", b=["2", "3"]))
    assert seen.body == b"a%20b%26c=1&na%C3%AFve%5B%5D=2&na%C3%AFve%5B%5D=3"


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}, File(b"x", name="n")])
def test_a_name_of_a_part_adds_no_header(value: Any) -> None:
    (seen,) = sent(lambda shop: shop.named.parts(a=value))
    assert b"X-Evil" not in [line.partition(b":")[0] for line in seen.body.split(b"\r\n")]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_an_option_or_an_undeclared_path(name: str) -> None:
    (by_option,) = sent(lambda shop: shop.named.query.options(query={name: "1"})(e="6"))
    (by_params,) = sent(lambda shop: shop.request("GET", "q", params={name: "1"}))
    assert (name, "1") in parse_qsl(by_option.query)
    assert parse_qsl(by_params.query) == [(name, "1")]


def test_an_option_takes_the_place_of_a_parameter_however_that_is_written() -> None:
    (seen,) = sent(lambda shop: shop.named.query.options(query={"page[number]": "7", "my name": "8"})(c=3, e="6"))
    assert sorted(parse_qsl(seen.query)) == [("%26", "6"), ("my name", "8"), ("page[number]", "7")]
    for path in ("q?page[number]=1&my+name=2", "q?page%5bnumber%5D=1&my%20name=2"):
        (seen,) = sent(lambda shop: shop.with_options(query={"page[number]": 7, "my name": 8}).request("GET", path))  # noqa: B023
        assert parse_qsl(seen.query) == [("page[number]", "7"), ("my name", "8")]


def items(request: Seen) -> bytes:
    number = int(dict(parse_qsl(request.query)).get("page[number]", "1"))
    return reply({"items": [{"n": number}, {"n": number}] if number < 3 else [{"n": number}]})


@pytest.mark.parametrize(("start", "numbers"), [(None, ["1", "2", "3"]), (2, ["2", "3"])])
def test_a_parameter_of_the_paging_and_an_argument_are_one(start: int | None, numbers: list[str]) -> None:
    given = {} if start is None else {"page": start}
    seen = sent(lambda shop: shop.named.pages(**given).all(), answer=items)
    assert [parse_qsl(each.query) for each in seen] == [
        [("page[size]", "2"), ("page[number]", number)] for number in numbers
    ] or [sorted(parse_qsl(each.query)) for each in seen] == [
        [("page[number]", number), ("page[size]", "2")] for number in numbers
    ]


JOINED = [
    ({"comma": ["a,b", "c"]}, "comma=a%2Cb,c"),
    ({"comma": ["a", "b,c"]}, "comma=a,b%2Cc"),
    ({"comma": [1, True, 0.5]}, "comma=1,true,0.5"),
    ({"comma": ["\u00e9&=", "#"]}, "comma=%C3%A9%26%3D,%23"),
    ({"comma": [""]}, ""),
    ({"comma": []}, ""),
    ({"pipe": ["a|b", "c"]}, "pipe=a%7Cb%7Cc&tube=a%7Cb%7Cc"),
    ({"space": ["a", "b"]}, "space=a%20b"),
    ({"ampersand": ["a", "b"]}, "ampersand=a%26b"),
]


@pytest.mark.parametrize(("arguments", "query"), JOINED)
def test_items_are_encoded_before_they_are_joined(arguments: dict[str, Any], query: str) -> None:
    (seen,) = sent(lambda shop: shop.named.joined(**arguments))
    assert seen.query == query


@pytest.mark.parametrize("role", [Query("\ud800"), Query("a", also="\ud800"), Form("\ud800"), Part("\ud800")])
def test_a_name_that_is_no_text_is_refused_when_the_class_is_made(role: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Wrong.one\(\): a: the text is not valid Unicode"):

        class Wrong(Resource[M]):
            @post("x")
            def one(self, *, a: Annotated[str, role]) -> None: ...


@pytest.mark.parametrize("params", [{"\ud800": 1}, {5: 1}])
def test_a_name_of_a_call_that_is_no_text_is_refused(params: Any) -> None:
    with ShopClient("http://127.0.0.1:9") as shop, pytest.raises(InvalidArgument):
        shop.request("GET", "q", params=params)
    with ShopClient("http://127.0.0.1:9") as shop, pytest.raises(InvalidArgument):
        shop.named.query.options(query=params)


TYPES = ["a/b\r\nX: y", "a/b\n", "a/b\x00", "na\u00efve/x", "a/\ud800", " a/b"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_media_type_that_no_header_can_hold_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="header value"):
        File(b"x", content_type=kind)
    with pytest.raises(ValueError, match="header value"):
        Upload(_file(tmp_path), content_type=kind)


CONTROLS = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127]))


@pytest.mark.parametrize("name", ["a\x00b.txt", f"{CONTROLS}.txt", 'a\r\n"b\x1b.txt'])
def test_a_file_name_puts_no_control_character_into_the_head_of_a_part(name: str) -> None:
    (seen,) = sent(lambda shop: shop.named.upload(content=File(b"x", name=name)))
    head = seen.body.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert len(head) == 3 and not set(b"".join(head)) & {*range(9), *range(10, 32), 127}
    assert unquote(head[1].decode().rpartition("filename=")[2].strip('"')) == name


@pytest.mark.parametrize("value", ["a\r\nb", "a\x00b", "a\n", "\x7f", "\ud800", "\U0001f511", "\u00e9", " a", "a\t"])
@pytest.mark.parametrize("name", ["X-Trace", "Cookie", "Content-Type", "User-Agent"])
def test_a_header_that_would_not_arrive_as_it_is_is_refused(name: str, value: str) -> None:
    for settings in ({"headers": {name: value}},):
        with pytest.raises(ValueError, match="header value"):
            ShopClient("http://127.0.0.1:9", **settings)
    with ShopClient("http://127.0.0.1:9") as shop:
        with pytest.raises(InvalidArgument, match="header value"):
            shop.named.query.options(headers={name: value})
        with pytest.raises(InvalidArgument, match="header value"):
            shop.request("GET", "q", headers={name: value})


@pytest.mark.parametrize("name", ["X\r\nY", "X:", "X ", "", "na\u00efve", ":path", "X\x00", 5, None, b"X"])
def test_a_name_that_is_no_header_name_is_refused(name: Any) -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        for refused in (
            lambda: shop.named.query.options(headers={name: "a"}),
            lambda: shop.request("GET", "q", headers={name: "a"}),
        ):
            with pytest.raises(InvalidArgument, match=r"is not a header name|a name is text"):
                refused()


def _file(folder: Path) -> Path:
    path = folder / "a.bin"
    path.write_bytes(b"x")
    return path


def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    undecodable = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")
    Path(undecodable).write_bytes(b"x")
    with ShopClient("http://127.0.0.1:9") as shop:
        for file in (File(b"x", name="\ud800"), File(undecodable), File(Path(undecodable))):
            with pytest.raises(
                InvalidArgument, match="content: the file name is not valid Unicode: pass name="
            ) as raised:
                shop.named.upload(content=file)
            assert raised.value.parameter == "content"
    (seen,) = sent(lambda shop: shop.named.upload(content=File(undecodable, name="caf\u00e9.txt")))
    assert 'filename="caf\u00e9.txt"'.encode() in seen.body


# Names that Python cannot have


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("from_", "from", "from"),
        ("in_", "in", "in"),
        ("class_", "class", "class"),
        ("_id", "_id", "_id"),
        ("__typename", "__typename", "__typename"),
        ("_my_name", "_my_name", "_myName"),
        ("_from_", "_from", "_from"),
        ("from_date", "from_date", "fromDate"),
        ("valid_from_", "valid_from", "validFrom"),
        ("_", "_", "_"),
        ("__", "__", "__"),
        ("a", "a", "a"),
    ],
)
def test_how_a_name_reaches_the_wire(name: str, snake: str, camel: str) -> None:
    assert (snake_case(name), camel_case(name)) == (snake, camel)


class Span(Model):
    """A record whose fields are named as keywords."""

    from_: str
    in_: int = 0
    kept_: str = field(name="kept_", default="")


class Camel(Model, case="camel"):
    """The same in camel case."""

    from_: str
    _id: str = ""
    valid_from_: str = ""


class Bounds(TypedDict):
    from_: str
    to: NotRequired[str]


class Spans(Resource[M]):
    """Arguments that are named as keywords."""

    @get("s")
    def find(self, *, from_: str, in_: int | Omit = OMIT, as_: Annotated[str | Omit, Header] = OMIT) -> dict[str, Any]:
        """Find."""
        ...

    @post("s")
    def make(self, **bounds: Unpack[Bounds]) -> dict[str, Any]:
        """Make."""
        ...


def test_an_argument_loses_the_underscore_that_python_needs() -> None:
    with ShopClient("http://h") as shop:
        spans = Spans[Sync](shop)
        asked = spans.find.request(from_="a", in_=1, as_="x")
        assert asked.url == "http://h/s?from=a&in=1"
        assert asked.headers["as"] == "x"
        assert spans.make.request(from_="a", to="b").body == b'{"from":"a","to":"b"}'


def test_a_field_loses_the_underscore_that_python_needs() -> None:
    assert Span(from_="a").to_dict() == {"from": "a", "in": 0, "kept_": ""}
    assert Span.from_dict({"from": "a", "in": 2}) == Span(from_="a", in_=2)
    assert Camel(from_="a", valid_from_="b").to_dict() == {"from": "a", "_id": "", "validFrom": "b"}
    assert Span.Schema().load({"from": "a"}).from_ == "a"
