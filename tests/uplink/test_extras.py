"""What hooks and callables of uplink write into a request beside its arguments, in the forms that requests takes."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
import requests
import uplink

from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import InvalidArgument

from ..kit.shop import Mode
from ..kit.wire import Seen, Wire, reply
from .consuming import caught, consume


class Service(uplink.Consumer):
    @uplink.post("x")
    def x(self): ...


def sent(mode: Mode, **info: Any) -> Seen:
    """The request of a call into which a callable has written this."""
    with Wire(reply()) as wire:
        assert call(mode, wire, info).ok
    assert len(wire.seen) == 1 and len(wire.last.fields) == len(wire.last.headers)
    return wire.last


def call(mode: Mode, wire: Wire, info: dict[str, Any]) -> Any:
    consumer = {"auth": lambda request_builder: request_builder.info.update(info)}
    return consume(mode, wire.url, Service, lambda api: api.x(), consumer=consumer)


QUERIES: list[tuple[Any, str]] = [
    ({"a": 1, "b": None, "c": ["x", None, 2], "d e": "f g"}, "?a=1&c=x&c=2&d%20e=f%20g"),
    ([("a", 1), ("a", 2)], "?a=1&a=2"),
    ("a=1&b=%20", "?a=1&b=%20"),
    ("a=1 2#b", "?a=1%202%23b"),
    (b"a=1", "?a=1"),
    ({b"a": b"1"}, "?a=1"),
    ({"a": (1, 2)}, "?a=1&a=2"),
    ({}, ""),
    ("", ""),
    (None, ""),
]


@pytest.mark.parametrize(("params", "query"), QUERIES, ids=range(len(QUERIES)))
def test_queries(mode: Mode, params: Any, query: str) -> None:
    request = sent(mode, params=params)
    assert request.target == f"/x{query}"
    if not isinstance(params, dict) or "b" not in params:
        prepared = requests.Request("POST", "http://h/x", params=params).prepare()
        theirs = requests.compat.urlsplit(prepared.url).query
        assert sorted(requests.compat.unquote_plus(theirs).split("&")) == sorted(plain(query))


def plain(query: str) -> list[str]:
    """The pairs of a query, decoded; requests cuts off what comes after a #."""
    return [pair.partition("#")[0] for pair in requests.compat.unquote(query.removeprefix("?")).split("&")]


def test_headers(mode: Mode) -> None:
    request = sent(mode, headers={"x-a": "1", "X-A": "2", "X-N": 3, "X-None": None, "accept": "*/*"})
    own = {name: value for name, value in request.headers.items() if name.startswith("x-")}
    assert own == {"x-a": "2", "x-n": "3"} and request.headers["accept"] == "*/*"


@pytest.mark.parametrize("given", [{"a": "1", "b": "2"}, requests.cookies.cookiejar_from_dict({"a": "1", "b": "2"})])
def test_cookies(mode: Mode, given: Any) -> None:
    assert sent(mode, cookies=given).headers["cookie"] == "a=1; b=2"


class Encodes:
    """What encodes itself, as aiohttp's BasicAuth does."""

    def encode(self) -> str:
        return "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize("given", [("user", "pass"), Encodes()])
def test_auth(mode: Mode, given: Any) -> None:
    assert sent(mode, auth=given).headers["authorization"] == "Basic dXNlcjpwYXNz"


def open_file(content: bytes = b"file") -> io.BytesIO:
    return io.BytesIO(content)


BODIES: list[tuple[dict[str, Any], bytes, str | None]] = [
    ({}, b"", None),
    ({"data": {}}, b"", None),
    ({"data": {"a": "b c", "n": None, "l": [1, "2"]}}, b"a=b%20c&l=1&l=2", "application/x-www-form-urlencoded"),
    ({"data": [("a", "1"), ("a", "2")]}, b"a=1&a=2", "application/x-www-form-urlencoded"),
    ({"data": "text é"}, "text é".encode(), None),
    ({"data": b"\x00"}, b"\x00", None),
    ({"data": bytearray(b"\x00")}, b"\x00", None),
    ({"data": "<a/>", "headers": {"Content-Type": "text/xml"}}, b"<a/>", "text/xml"),
    ({"json": {"a": [1, None]}}, b'{"a": [1, null]}', "application/json"),
    ({"json": []}, b"[]", "application/json"),
    ({"json": 0}, b"0", "application/json"),
    ({"json": {"a": 1}, "headers": {"content-type": "application/x+json"}}, b'{"a": 1}', "application/x+json"),
    ({"json": {"a": 1}, "data": "text"}, b"text", None),
    ({"stream": True}, b"", None),
]


@pytest.mark.parametrize(("info", "body", "kind"), BODIES, ids=range(len(BODIES)))
def test_bodies(mode: Mode, info: dict[str, Any], body: bytes, kind: str | None) -> None:
    request = sent(mode, **info)
    assert (request.body, request.headers.get("content-type")) == (body, kind)


def test_files_as_bodies(mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"on the disk")
    assert sent(mode, data=open_file()).body == b"file"
    request = sent(mode, data=Upload(path))
    assert (request.body, request.headers["content-type"]) == (b"on the disk", "text/plain")
    with path.open("rb") as opened:
        assert sent(mode, data=opened).body == b"on the disk"


def parts_of(request: Seen) -> list[tuple[bytes, bytes]]:
    """Head and content of each part."""
    boundary = re.fullmatch(r"multipart/form-data; boundary=(\w+)", request.headers["content-type"])
    assert boundary is not None
    first, *parts, last = request.body.split(b"--" + boundary[1].encode())
    assert (first, last) == (b"", b"--\r\n")
    split = [part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n") for part in parts]
    return [(head.removeprefix(b"Content-Disposition: form-data; "), content) for head, _, content in split]


FILES: list[tuple[Any, list[tuple[bytes, bytes]]]] = [
    ({"f": b"x"}, [(b'name="f"; filename="f"', b"x")]),
    ({"f": "é"}, [(b'name="f"; filename="f"', "é".encode())]),
    ({"f": ("a.txt", "x")}, [(b'name="f"; filename="a.txt"', b"x")]),
    ({"f": ("a.txt", b"x", "text/x")}, [(b'name="f"; filename="a.txt"\r\nContent-Type: text/x', b"x")]),
    ({"f": (None, "x")}, [(b'name="f"', b"x")]),
    ({"f": ("a", io.BytesIO(b"x"), "text/x")}, [(b'name="f"; filename="a"\r\nContent-Type: text/x', b"x")]),
    ([("f", b"1"), ("f", b"2")], [(b'name="f"; filename="f"', b"1"), (b'name="f"; filename="f"', b"2")]),
    ({"f": None, "g": b"x"}, [(b'name="g"; filename="g"', b"x")]),
]


@pytest.mark.parametrize(("files", "parts"), FILES, ids=range(len(FILES)))
def test_files(mode: Mode, files: Any, parts: list[tuple[bytes, bytes]]) -> None:
    for value in files.values() if isinstance(files, dict) else ():
        if isinstance(value, tuple) and hasattr(value[1], "seek"):
            value[1].seek(0)
    assert parts_of(sent(mode, files=files)) == parts


def test_fields_beside_files(mode: Mode) -> None:
    request = sent(mode, files={"f": b"x"}, data={"a": 1, "l": ["1", "2"], "n": None})
    fields = [(b'name="a"', b"1"), (b'name="l"', b"1"), (b'name="l"', b"2")]
    assert parts_of(request) == [*fields, (b'name="f"; filename="f"', b"x")]


def test_nobody_else_knows_the_boundary(mode: Mode) -> None:
    assert parts_of(sent(mode, files={"f": b"x"}, headers={"Content-Type": "multipart/form-data"}))


def test_a_large_file_is_read_while_it_is_sent(mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"0123456789" * 20_000)
    with path.open("rb") as opened:
        [(head, content)] = parts_of(sent(mode, files={"f": opened}))
    assert content == path.read_bytes() and b'filename="large.bin"' in head


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"verify": False}, "verify: it cannot be said of a single request; give the client verify="),
    ({"cert": "c.pem"}, "give the client certificate="),
    ({"proxies": {"http": "p"}}, "give the client proxy="),
    ({"allow_redirects": True}, "give the client follow_redirects="),
    ({"hooks": {"response": print}}, "hooks: it cannot be said of a single request; there are auth, cookies, "),
    ({"auth": requests.auth.HTTPDigestAuth("u", "p")}, "give a function to the Consumer"),
    ({"headers": {"X-A": "a\nb"}}, "line breaks"),
    ({"headers": {"X A": "a"}}, "is not a header name"),
    ({"headers": {"X-A": "é"}}, "must be ASCII"),
    ({"data": {"a": {"b": 1}}}, "a mapping inside of a query or a form"),
    ({"params": {"a": {"b": 1}}}, "a mapping inside of a query or a form"),
    ({"params": {"a": "\ud800"}}, "not valid Unicode"),
    ({"params": 5}, "not iterable"),
    ({"data": 5}, "not iterable"),
    ({"data": "\ud800"}, "not valid Unicode"),
    ({"data": "text", "files": {"f": b"x"}}, "with files it is a mapping of fields"),
    ({"json": object()}, "cannot be sent as JSON"),
    ({"json": float("inf")}, "JSON compliant"),
    ({"files": {"f": ("a", b"x", "text/x", {"X": "1"})}}, "no other headers"),
    ({"files": {"f": ("a",)}}, "expected a file's name, content and media type"),
    ({"files": {"f": object()}}, "binary mode"),
    ({"data": io.StringIO("text")}, "binary file"),
    ({"timeout": "soon"}, "positive, finite"),
]


@pytest.mark.parametrize(("info", "problem"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(mode: Mode, info: dict[str, Any], problem: str) -> None:
    with Wire(reply()) as wire:
        error = caught(lambda: call(mode, wire, info))
    assert isinstance(error, InvalidArgument) and str(error).startswith("Consumer(): ") and problem in str(error)
    assert wire.seen == []


@pytest.mark.parametrize("info", [{"verify": None}, {"proxies": {}}, {"hooks": None}, {"allow_redirects": None}])
def test_what_says_nothing_is_taken(mode: Mode, info: dict[str, Any]) -> None:
    assert sent(mode, **info).target == "/x"
