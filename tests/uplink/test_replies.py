"""Replies of a Consumer: what requests and aiohttp say of the same bytes, gemel's say too."""

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import requests
import uplink

from gemel.kit.errors import APIStatusError, InternalServerError, NotFoundError, RateLimitError
from gemel.uplink import AsyncReply, Reply

from ..kit.shop import ASYNC, SYNC, Mode
from ..kit.wire import Wire, reply
from .consuming import caught, consume, settled


class Service(uplink.Consumer):
    @uplink.get("x/y")
    def x(self): ...

    @uplink.head("x/y")
    def head(self): ...


LINKS = {"Link": '<https://h/a?page=2>; rel="next", </b>; rel=last; title="The end"'}
REPLIES: dict[str, bytes] = {
    "json": reply({"a": [1, None, "é"]}),
    "json by another name": reply(b'{"a": 1}', kind="application/vnd.api+json"),
    "json in latin-1": reply('{"a": "é"}'.encode("latin-1"), kind="application/json; charset=ISO-8859-1"),
    "json in UTF-16": reply('{"a": "é"}'.encode("utf-16"), kind="application/vnd.x+json"),
    "text": reply("näive\nzwei\r\ndrei".encode(), kind="text/plain; charset=utf-8"),
    "text in quotes": reply("é".encode("latin-1"), kind='text/plain; charset="latin-1"'),
    "text without a word": reply("é".encode("latin-1"), kind="text/plain"),
    "text of an unknown kind": reply(b"plain", kind="text/plain; charset=klingon"),
    "nothing": reply(b"", 204),
    "a body of no kind": reply("schön".encode(), kind="application/octet-stream"),
    "cookies": reply({}, headers={"Set-Cookie": "a=b; Path=/; HttpOnly"}),
    "links": reply([], headers=LINKS),
    "not found": reply({"message": "no"}, 404),
    "a redirect": reply(b"", 302, {"Location": "/there"}),
    "a permanent redirect": reply(b"", 308, {"Location": "/there"}),
    "not modified": reply(b"", 304),
    "a failure": reply(b"down", 503, kind="text/plain; charset=utf-8"),
}


# An encoding that there is not is kept by requests and aiohttp, which then fail; JSON in UTF-16 is read by requests
# alone, and text without an encoding is guessed at by requests and taken for UTF-8 by aiohttp.
OTHERWISE = {"text of an unknown kind", "json in UTF-16", "a body of no kind"}


def outcome(read: Callable[[], Any]) -> Any:
    """What a read gives, or that it fails."""
    try:
        return read()
    except ValueError:
        return ValueError


def known_to_requests(response: Any) -> dict[str, Any]:
    return {
        "status_code": response.status_code,
        "ok": response.ok,
        "bool": bool(response),
        "headers": dict(response.headers),
        "header": response.headers["content-TYPE"],
        "no header": response.headers.get("x-none"),
        "content": response.content,
        "encoding": response.encoding,
        "text": str(response.text),
        "url": response.url,
        "json": outcome(response.json),
        "floats": outcome(lambda: response.json(parse_int=float)),
        "cookies": response.cookies.get_dict(),
        "cookie": response.cookies.get("a"),
        "links": response.links,
        "history": response.history,
        "is_redirect": response.is_redirect,
        "is_permanent_redirect": response.is_permanent_redirect,
        "pieces": list(response.iter_content(3)),
        "characters": b"".join(response.iter_content()),
        "texts": "".join(map(str, response.iter_content(3, decode_unicode=True))),
        "lines": list(response.iter_lines()),
        "iterated": list(response),
        "request": (response.request.method, response.request.url),
        "repr": str(response.status_code) in repr(response),
    }


@pytest.mark.parametrize("name", [name for name in REPLIES if name not in OTHERWISE])
def test_what_requests_says(name: str) -> None:
    with Wire(REPLIES[name]) as wire:
        ours = consume(SYNC, wire.url, Service, lambda api: api.x())
        with requests.Session() as session:
            theirs = session.get(f"{wire.url}/x/y", allow_redirects=False, timeout=5)
    assert isinstance(ours, Reply)
    assert known_to_requests(ours) == known_to_requests(theirs)


async def known_to_aiohttp(response: Any) -> dict[str, Any]:
    async def read(action: Any) -> Any:
        try:
            return await action
        except (ValueError, LookupError):
            return ValueError

    return {
        "status": response.status,
        "ok": response.ok,
        "method": response.method,
        "headers": response.headers,
        "header": response.headers["content-TYPE"],
        "several": response.headers.getall("Content-Type"),
        "read": await response.read(),
        "text": await read(response.text()),
        "text in latin-1": await response.text(encoding="latin-1"),
        "text with holes": await response.text(errors="ignore", encoding="ascii"),
        "json": await read(response.json(content_type=None)),
        "floats": await read(response.json(content_type=None, loads=lambda text: json.loads(text, parse_int=float))),
        "url": response.url,
        "real_url": response.real_url,
        "host": response.host,
        "cookies": {name: morsel.value for name, morsel in response.cookies.items()},
        "links": {name: dict(link) for name, link in response.links.items()},
        "history": response.history,
        "content_type": response.content_type,
        "content_length": response.content_length,
        "request": (response.request_info.method, str(response.request_info.url)),
        "repr": str(response.status) in repr(response),
        "at the end": (await response.release(), response.closed),
    }


@pytest.mark.parametrize("name", [name for name in REPLIES if name not in OTHERWISE])
def test_what_aiohttp_says(name: str) -> None:
    async def theirs(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as response:
            return await known_to_aiohttp(response)

    async def ours(api: Any) -> Any:
        async with await api.x() as response:
            assert isinstance(response, AsyncReply)
            return await known_to_aiohttp(response)

    with Wire(REPLIES[name]) as wire:
        mine, known = consume(ASYNC, wire.url, Service, ours), asyncio.run(theirs(f"{wire.url}/x/y"))
    assert mine == known


def test_an_unknown_encoding() -> None:
    with Wire(REPLIES["text of an unknown kind"]) as wire:
        awaited = consume(ASYNC, wire.url, Service, lambda api: api.x())
        blocking = consume(SYNC, wire.url, Service, lambda api: api.x())
    assert (awaited.charset, awaited.get_encoding(), asyncio.run(awaited.text())) == (None, "utf-8", "plain")
    assert (blocking.encoding, blocking.text) == ("ISO-8859-1", "plain")


def test_what_says_nothing_of_its_encoding(mode: Mode) -> None:
    with Wire(REPLIES["json in UTF-16"], REPLIES["a body of no kind"]) as wire:
        utf16, utf8 = (consume(mode, wire.url, Service, lambda api: api.x()) for _ in range(2))
    assert settled(utf16.json()) == {"a": "é"}
    assert utf8.encoding is None
    if not mode.is_async:
        assert (utf16.text, utf8.text) == ('{"a": "é"}', "schön")


def test_a_body_that_is_streamed_is_there() -> None:
    async def pieces(api: Any) -> list[Any]:
        content = (await api.x()).content
        got: list[Any] = [await content.read(3), await content.readline(), await content.readexactly(2)]
        got += [[piece async for piece in content.iter_chunked(3)], content.at_eof(), await content.read()]
        lines = [line async for line in (await api.x()).content]
        whole = [piece async for piece in (await api.x()).content.iter_any()]
        with pytest.raises(asyncio.IncompleteReadError):
            await (await api.x()).content.readexactly(100)
        return [*got, lines, whole, await (await api.x()).content.readany()]

    with Wire(reply(b"one\ntwo\nthree", kind="text/plain")) as wire:
        got = consume(ASYNC, wire.url, Service, pieces)
    whole = b"one\ntwo\nthree"
    assert got == [
        b"one",
        b"\n",
        b"tw",
        [b"o\nt", b"hre", b"e"],
        True,
        b"",
        [b"one\n", b"two\n", b"three"],
        [whole],
        whole,
    ]


def test_an_encoding_that_is_set(mode: Mode) -> None:
    with Wire(reply("é".encode(), kind="text/plain")) as wire:
        response = consume(SYNC, wire.url, Service, lambda api: api.x())
    assert response.text == "Ã©" and response.apparent_encoding == "utf-8"
    response.encoding = response.apparent_encoding
    assert response.text == response.text() == "é"
    assert isinstance(response.text, str) and json.dumps(response.text) == '"\\u00e9"'


def test_what_a_sync_handler_keeps_is_on_the_reply() -> None:
    class Handled(uplink.Consumer):
        @uplink.response_handler(lambda response: setattr(response, "kept", response.json()) or response)
        @uplink.get("x")
        def x(self): ...

    async def step(api: Any) -> Any:
        response = await api.x()
        return type(response), response.kept, await response.json()

    with Wire(reply({"a": 1})) as wire:
        assert consume(ASYNC, wire.url, Handled, step) == (AsyncReply, {"a": 1}, {"a": 1})


BOTH: list[Callable[[Any], Any]] = [
    lambda response: response.json()["a"],
    lambda response: json.loads(response.text)["a"],
    lambda response: json.loads(response.text())["a"],
    lambda response: json.loads(response.content)["a"],
    lambda response: json.loads(response.read())["a"],
    lambda response: response.status_code - 199,
    lambda response: response.status - 199,
    lambda response: response.json(content_type=None)["a"],
]


@pytest.mark.parametrize("handle", BOTH, ids=range(len(BOTH)))
def test_a_handler_that_does_not_await_is_written_once_for_both(mode: Mode, handle: Any) -> None:
    class Handled(uplink.Consumer):
        @uplink.response_handler(handle)
        @uplink.get("x")
        def x(self): ...

    with Wire(reply({"a": 1})) as wire:
        assert consume(mode, wire.url, Handled, lambda api: api.x()) == 1


STATUSES = [(400, APIStatusError), (404, NotFoundError), (429, RateLimitError), (500, InternalServerError)]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_raise_for_status(mode: Mode, status: int, kind: type[APIStatusError]) -> None:
    answer = reply({"message": "said"}, status, {"Retry-After": "3", "X-Request-Id": "r-1"})
    with Wire(answer) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.x())
        error = caught(response.raise_for_status)
        handled = caught(lambda: consume(mode, wire.url, Raising, lambda api: api.x()))
    assert isinstance(error, kind) and type(handled) is type(error)
    assert isinstance(error, uplink_exceptions(mode).BaseClientException)
    assert (error.status, error.message, error.request_id) == (status, "said", "r-1")
    assert getattr(error, "retry_after", 3.0) == 3.0


def uplink_exceptions(mode: Mode) -> Any:
    found: list[Any] = []
    with Wire(reply()) as wire:
        consume(mode, wire.url, Service, lambda api: (found.append(api.exceptions), api.x())[1])
    return found[0]


class Raising(uplink.Consumer):
    @uplink.response_handler(lambda response: response.raise_for_status() or response)
    @uplink.get("x")
    def x(self): ...


@pytest.mark.parametrize("status", [200, 204, 302, 304])
def test_what_is_no_failure_raises_nothing(mode: Mode, status: int) -> None:
    with Wire(reply(b"", status)) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.x())
    assert response.raise_for_status() is None and response.ok


def test_reasons_and_times(mode: Mode) -> None:
    with Wire(reply(b"", 404), reply(b"", 799)) as wire:
        found = consume(mode, wire.url, Service, lambda api: api.x())
        odd = consume(mode, wire.url, Service, lambda api: api.x())
    assert (found.reason, odd.reason) == ("Not Found", "")
    assert 0 < found.elapsed.total_seconds() < 10


def test_an_answer_to_head(mode: Mode) -> None:
    with Wire(reply(b"", headers={"Content-Length": "100", "ETag": '"e"'})) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.head())
    assert response.headers["etag"] == '"e"' and settled(response.read()) == b""


def test_odd_cookies_are_left_out(mode: Mode) -> None:
    with Wire(reply({}, headers={"Set-Cookie": "a@b[]=1; Path=/"})) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.x())
    assert list(response.cookies) == []


def test_several_fields_of_one_name(mode: Mode) -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-B: 2\r\nSet-Cookie: c=3; Path=/\r\nContent-Length: 0\r\n\r\n"
    with Wire(head) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.x())
    assert response.headers.getall("set-cookie") == ["a=1", "c=3; Path=/"]
    assert response.headers.getall("none", []) == []
    with pytest.raises(KeyError):
        response.headers.getall("none")
    cookies = response.cookies
    assert {name: getattr(cookies[name], "value", cookies[name]) for name in cookies} == {"a": "1", "c": "3"}


def test_a_reply_in_a_with_block() -> None:
    with Wire(reply(b"a\nb", kind="text/plain; charset=utf-8")) as wire:
        with consume(SYNC, wire.url, Service, lambda api: api.x()) as response:
            assert list(response.iter_lines(decode_unicode=True)) == ["a", "b"]
            assert list(response.iter_lines(delimiter=b"a")) == [b"", b"\nb"]
            assert list(response.iter_content(None)) == [b"a\nb"]
        response.close()
    assert io.BytesIO(response.content).readline() == b"a\n"


@pytest.mark.parametrize("body", [b"", b"  ", b"{", b"\xff\xfe\xff"])
def test_what_is_no_json(mode: Mode, body: bytes) -> None:
    with Wire(reply(body)) as wire:
        response = consume(mode, wire.url, Service, lambda api: api.x())
    if mode.is_async and not body.strip():
        assert asyncio.run(response.json()) is None  # as aiohttp has it
    else:
        assert isinstance(caught(lambda: settled(response.json())), ValueError)
