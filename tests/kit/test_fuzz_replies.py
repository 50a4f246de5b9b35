"""Whatever a server answers, a call ends with its result or with an error of our tree, alike in both modes."""

from __future__ import annotations

import itertools
import json
import pickle
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gemel.kit.errors import APIConnectionError, GemelError

from .chat import AsyncTalkClient, TalkClient
from .pair import Pair
from .shop import AsyncShopClient, ShopClient
from .test_sse import STREAMS
from .wire import Seen, Wire, cut


class Answering:
    """A server that answers with the bytes it was last told, and then closes the connection."""

    def __init__(self) -> None:
        self.reply = b""

    def __call__(self, request: Seen) -> Any:
        return cut(self.reply)


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering()


@pytest.fixture(scope="module")
def wire(answering: Answering) -> Iterator[Wire]:
    with Wire(answer=answering) as running:
        yield running


@pytest.fixture(scope="module")
def shops(wire: Wire) -> Iterator[Pair]:
    with Pair(wire.url, ShopClient, AsyncShopClient) as pair:
        yield pair


@pytest.fixture(scope="module")
def talks(wire: Wire) -> Iterator[Pair]:
    with Pair(wire.url, TalkClient, AsyncTalkClient) as pair:
        yield pair


CALLS: dict[str, Callable[[Any], Any]] = {
    "a record in an envelope": lambda shop: shop.albums.retrieve("a"),
    "a list of records": lambda shop: shop.albums.list(),
    "a record that nests itself": lambda shop: shop.albums.tree(),
    "anything": lambda shop: shop.albums.anything("a"),
    "text": lambda shop: shop.albums.text(),
    "bytes": lambda shop: shop.albums.raw(),
    "nothing": lambda shop: shop.albums.update("a", title="b"),
    "no endpoint": lambda shop: shop.request("GET", "x"),
}

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2024-02-29T13:30:15Z"),
    lambda one: (
        st.lists(one, max_size=3)
        | st.dictionaries(
            st.sampled_from(["album", "id", "title", "tracks", "leaf", "inner", "message", "error", "code", "details"]),
            one,
            max_size=4,
        )
    ),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=40),
    documents.map(lambda document: json.dumps(document).encode()),
    st.builds(lambda document, end: json.dumps(document).encode()[:end], documents, st.integers(0, 20)),
    st.text(max_size=20).map(lambda text: f"<html>{text}</html>".encode(errors="replace")),
    st.integers(1, 3000).map(lambda depth: b'{"inner":' * depth + b"null" + b"}" * depth),
)
USUAL = [200, 201, 204, 205, 206, 304, 400, 401, 404, 408, 422, 429, 500, 503]
statuses = st.sampled_from(USUAL) | st.integers(200, 599)
# A reply of these never has a body (RFC 9110, section 6.4.1); aiohttp takes one for garbage, requests leaves it alone.
BODILESS = (204, 304)
kinds = st.sampled_from(["application/json", "text/html; charset=latin-1", "application/problem+json", "", "/", "a"])
kinds |= st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=8)
codings = st.sampled_from(["", "", "gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "nonsense"])
framings = st.sampled_from(["length", "close", "chunked"])


def message(status: int, kind: str, body: bytes, framing: str = "length", coding: str = "") -> bytes:
    fields = {"Content-Type": kind, "Content-Encoding": coding, "Connection": "close"}
    if framing == "length":
        fields["Content-Length"] = str(len(body))
    if framing == "chunked":
        fields["Transfer-Encoding"] = "chunked"
        body = chunks([body])
    head = "".join(f"{name}: {text}\r\n" for name, text in fields.items() if text)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def chunks(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def checked(outcomes: list[Any]) -> list[str]:
    """What both calls came to, as text; whatever was raised is of our tree, can be shown and pickled."""
    return [failed(outcome) if isinstance(outcome, Exception) else shown(outcome) for outcome in outcomes]


def failed(error: Exception) -> str:
    assert isinstance(error, GemelError), repr(error)
    assert str(error) and str(pickle.loads(pickle.dumps(error))) == str(error)
    return type(error).__name__


def shown(value: Any) -> str:
    try:
        return repr(value)
    except RecursionError:
        return "nested too deeply to be shown"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@given(status=statuses, kind=kinds, body=bodies, framing=framings)
def test_any_reply_is_a_result_or_an_error(
    answering: Answering, shops: Pair, call: Any, status: int, kind: str, body: bytes, framing: str
) -> None:
    answering.reply = message(status, kind, body, framing)
    blocking, awaited = checked(shops.outcomes(call))
    assert blocking == awaited or status in BODILESS


@given(
    status=statuses, coding=codings, body=bodies, packed=st.booleans(), framing=framings, call=st.sampled_from([*CALLS])
)
def test_any_coding_is_undone_or_an_error(
    answering: Answering, shops: Pair, status: int, coding: str, body: bytes, packed: bool, framing: str, call: str
) -> None:
    packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    content = packer.compress(body) + packer.flush() if packed else body
    answering.reply = message(status, "application/json", content, framing, coding)
    checked(shops.outcomes(CALLS[call]))


HEADS = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Go on\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n", b"ICY 200\r\n"]
HEADS += [
    b"HTTP/1.1 101 Other\r\n",
    b"HTTP/2 200\r\n",
    b"HTTP/1.1 999 X\r\n",
    b"HTTP/1.1 20 X\r\n",
    b"HTTP/1.0 200\r\n",
]
FIELDS = [b"Content-Length: ", b"Transfer-Encoding: ", b"Content-Encoding: ", b"Content-Type: ", b"Location: ", b"A"]
FIELDS += [b"Retry-After: ", b"Set-Cookie: ", b"Connection: ", b"Content-Range: ", b"Trailer: ", b"\tfolded"]
WORDS = [b"chunked", b"gzip", b"0", b"5", b"-1", b"1e3", b"99999999999999999999", b"close", b"keep-alive", b"upgrade"]
WORDS += [b"http://[", b"/a", b",", b";", b":", b" ", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff"]
WORDS += [b"5\r\nhello\r\n"]
garbled = st.builds(
    lambda head, pieces: head + b"".join(pieces),
    st.sampled_from(HEADS) | st.binary(max_size=8),
    st.lists(st.sampled_from(FIELDS + WORDS) | st.binary(max_size=4), max_size=12),
)


@settings(max_examples=settings().max_examples * 4)
@given(raw=garbled, call=st.sampled_from([*CALLS]))
@example(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", call="bytes")
@example(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", call="bytes")
def test_any_bytes_in_the_place_of_a_reply_are_a_result_or_an_error(
    answering: Answering, shops: Pair, raw: bytes, call: str
) -> None:
    answering.reply = raw
    checked(shops.outcomes(CALLS[call]))


def gathered(blocking: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A step that reads a stream to its end, in either mode."""

    def step(client: Any) -> Any:
        opening = blocking(client)
        return awaiting(opening) if hasattr(opening, "__aenter__") else list(opened(opening))

    return step


def opened(opening: Any) -> Iterator[Any]:
    with opening as events:
        yield from events


async def awaiting(opening: Any) -> list[Any]:
    async with opening as events:
        return [event async for event in events]


OPENINGS: dict[str, Callable[[Any], Any]] = {
    "events": lambda talk: talk.chat.events(),
    "records": lambda talk: talk.chat.ask("a"),
    "texts": lambda talk: talk.chat.texts(),
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_any_stream_is_events_or_an_error(
    answering: Answering, talks: Pair, opening: Any, stream: bytes, cuts: list[int]
) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]
    answering.reply = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(pieces)
    blocking, awaited = checked(talks.outcomes(gathered(opening)))
    assert blocking == awaited


def test_the_server_is_of_use(answering: Answering, shops: Pair) -> None:
    """What is well said is understood, so that the others do not hold for want of a reply."""
    answering.reply = message(200, "application/json", b'{"album": {"id": "a"}}')
    assert [album.id for album in shops.outcomes(CALLS["a record in an envelope"])] == ["a", "a"]
    answering.reply = b""
    assert [type(error) for error in shops.outcomes(CALLS["bytes"])] == [APIConnectionError] * 2
