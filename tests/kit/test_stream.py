"""Event streams over real sockets, in both modes: typed events, every way they can end, and going on after a loss."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from gemel.kit.client import Client
from gemel.kit.declare import Download, EventStream, ServerSentEvent, Stream, get
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ClientClosedError,
    DeclarationError,
    InternalServerError,
    InvalidArgument,
    ResponseValidationError,
    StreamFailedError,
)
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from .chat import AsyncTalkClient, TalkClient, TalkMode, Word
from .shop import Mode
from .wire import Wire, cut, drip, reply, silence, stall

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = HEAD + b"Connection: close\r\n\r\n"
LAST = b"0\r\n\r\n"
ONE, TWO = b'data: {"text": "one", "tokenCount": 1}\n\n', b'data: {"text": "two"}\n\n'
DONE = b"data: [DONE]\n\n"
WORDS = [Word(text="one", token_count=1), Word(text="two")]
NO_WAIT = Retry(limit=0, base=0.001, cap=0.001)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(*pieces: bytes) -> bytes:
    """A whole chunked stream."""
    return CHUNKED + b"".join(map(chunk, pieces)) + LAST


def ask(client: Any) -> Any:
    return client.chat.ask("why?")


def feed(client: Any) -> Any:
    return client.chat.feed()


def events(client: Any) -> Any:
    return client.chat.events()


def words(client: Any) -> Any:
    return client.chat.words()


def texts(client: Any) -> Any:
    return client.chat.texts()


@pytest.fixture
def talk(mode: Mode) -> TalkMode:
    return TalkMode(mode)


def test_events_are_typed(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(ONE, b": ping\n\n", TWO + DONE)) as wire:
        talk.run(wire.url, talk.reading(ask, seen))
    assert seen == WORDS
    assert wire.last.json == {"question": "why?"}
    assert wire.last.headers["accept"] == "text/event-stream"
    assert wire.last.headers["cache-control"] == "no-store"


def test_events_are_given_as_they_come(talk: TalkMode) -> None:
    """The second event is sent only after the client has shown that it has the first."""
    seen: list[Any] = []
    came = threading.Event()

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(CHUNKED + chunk(ONE))
        assert came.wait(5)
        connection.sendall(chunk(TWO) + chunk(DONE) + LAST)

    class Noting(list[Any]):
        def append(self, value: Any) -> None:
            seen.append(value)
            came.set()

    with Wire(step) as wire:
        talk.run(wire.url, talk.reading(ask, Noting()))
    assert seen == WORDS


def test_a_stream_is_awaited_too() -> None:
    async def step(url: str) -> list[Word]:
        async with AsyncTalkClient(url) as client:
            opened = await client.chat.ask("why?")
            try:
                assert (opened.status, opened.headers["content-type"][:17]) == (200, "text/event-stream")
                return [word async for word in opened]
            finally:
                await opened.close()

    with Wire(stream(ONE, TWO, DONE)) as wire:
        assert asyncio.run(step(wire.url)) == WORDS


def test_what_is_never_opened_is_told() -> None:
    async def step() -> None:
        async with AsyncTalkClient("http://127.0.0.1:9") as client:
            client.chat.ask("why?")
            gc.collect()

    with pytest.warns(RuntimeWarning, match="never awaited"):
        asyncio.run(step())


def test_whole_events(talk: TalkMode) -> None:
    seen: list[Any] = []
    data = b"event: add\nid: 7\ndata: 1\ndata: 2\n\n"
    with Wire(stream(data, b"data: x\n\n")) as wire:
        talk.run(wire.url, talk.reading(events, seen))
    assert seen == [ServerSentEvent("1\n2", "add", "7"), ServerSentEvent("x", "message", "7")]


def test_an_envelope_in_every_event(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(
        stream(b'data: {"word": {"text": "one", "tokenCount": 1}}\n\ndata: {"word": {"text": "two"}}\n\n')
    ) as wire:
        talk.run(wire.url, talk.reading(words, seen))
    assert seen == WORDS


def test_texts_and_ignored_events(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(b"event: ping\ndata: 1\n\ndata: a\ndata: b\n\nevent: error\ndata: plain\n\n")) as wire:
        talk.run(wire.url, talk.reading(texts, seen))
    assert seen == ["a\nb", "plain"]


FRAMES: dict[str, bytes] = {
    "chunked": stream(ONE + TWO, DONE),
    "a length": reply(ONE + TWO + DONE, kind="text/event-stream"),
    "gzip": reply(gzip.compress(ONE + TWO + DONE), 200, {"Content-Encoding": "gzip"}, "text/event-stream"),
    "no content type": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(ONE + TWO + DONE) + LAST,
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_framing(talk: TalkMode, data: bytes) -> None:
    seen: list[Any] = []
    with Wire(data) as wire:
        talk.run(wire.url, talk.reading(ask, seen), talk.reading(ask, seen))
    assert seen == WORDS * 2


def test_a_stream_until_the_connection_ends(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(cut(UNTIL_CLOSED + ONE + TWO)) as wire:
        talk.run(wire.url, talk.reading(lambda client: client.chat.feed.options(retries=0)(), seen, 2))
    assert seen == WORDS


def test_a_compressed_stream_is_read_as_it_comes(talk: TalkMode) -> None:
    """What the server flushes is decoded at once: the connection stays open and silent after it."""
    seen: list[Any] = []
    press = zlib.compressobj(wbits=31)
    data = press.compress(ONE + TWO) + press.flush(zlib.Z_SYNC_FLUSH)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    with Wire(stall(head + chunk(data))) as wire:
        talk.run(wire.url, talk.reading(words_of_ask, seen, 2))
    assert seen == WORDS


def words_of_ask(client: Any) -> Any:
    return client.chat.ask("why?")


def test_a_whole_stream_leaves_its_connection_to_the_next_call(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(b'data: {"word": {"text": "x"}}\n\n')) as wire:
        talk.run(wire.url, *[talk.reading(words, seen)] * 3)
    assert len(seen) == 3 and wire.connections == 1


def test_a_stream_left_early_is_closed_and_the_next_call_works(talk: TalkMode) -> None:
    gone = threading.Event()

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(CHUNKED + chunk(ONE) + chunk(TWO))
        connection.settimeout(5)
        assert connection.recv(1) == b""
        gone.set()

    first: list[Any] = []
    rest: list[Any] = []
    with Wire(step, stream(ONE, DONE)) as wire:
        talk.run(wire.url, talk.reading(ask, first, 1), talk.reading(ask, rest))
        assert gone.wait(5)
    assert first == rest == WORDS[:1]


def test_a_stream_is_left_and_taken_up_again(talk: TalkMode) -> None:
    seen: list[Any] = []

    def blocking(opened: Any) -> None:
        talk.each(opened, seen, 1)
        talk.each(opened, seen)

    async def awaiting(opened: Any) -> None:
        await talk.each(opened, seen, 1)
        await talk.each(opened, seen)

    with Wire(stream(ONE, TWO, DONE)) as wire:
        talk.run(wire.url, talk.using(ask, awaiting if talk.is_async else blocking))
    assert seen == WORDS


def test_a_closed_stream_gives_nothing_more() -> None:
    with Wire(stall(CHUNKED + chunk(ONE + TWO))) as wire, TalkClient(wire.url) as client:
        opened = client.chat.ask("why?")
        assert next(opened) == WORDS[0]
        opened.close()
        opened.close()
        assert list(opened) == []
        assert repr(opened) == "<Stream 200>"


def test_a_stream_that_is_dropped_leaks_nothing() -> None:
    with Wire(stall(CHUNKED + chunk(ONE + TWO))) as wire, TalkClient(wire.url) as client:
        for word in client.chat.ask("why?"):
            assert word == WORDS[0]
            break
        gc.collect()


def test_closing_the_client_closes_its_open_stream(talk: TalkMode) -> None:
    seen: list[Any] = []

    def blocking(client: Any) -> None:
        opened = client.chat.ask("why?")
        talk.each(opened, seen, 1)
        client.close()
        next(opened)

    async def awaiting(client: Any) -> None:
        opened = await client.chat.ask("why?")
        await talk.each(opened, seen, 1)
        await client.close()
        await anext(opened)

    with Wire(stall(CHUNKED + chunk(ONE))) as wire:
        error = talk.fails(wire.url, awaiting if talk.is_async else blocking)
    assert isinstance(error, ClientClosedError)
    assert seen == WORDS[:1]


def test_closing_the_client_wakes_a_thread_that_waits_for_an_event() -> None:
    with Wire(stall(CHUNKED + chunk(ONE))) as wire, TalkClient(wire.url, timeout=20) as client:
        opened = client.chat.ask("why?")
        next(opened)
        failed: list[BaseException] = []

        def wait() -> None:
            try:
                next(opened)
            except ClientClosedError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.2)
        start = time.monotonic()
        client.close()
        thread.join(5)
        assert failed and time.monotonic() - start < 2


def test_a_task_that_is_cancelled_closes_its_stream() -> None:
    gone = threading.Event()

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(CHUNKED + chunk(ONE))
        connection.settimeout(5)
        assert connection.recv(1) == b""
        gone.set()

    async def reading(client: AsyncTalkClient, came: asyncio.Event) -> None:
        opened = await client.chat.ask("why?")
        async for word in opened:
            assert word == WORDS[0]
            came.set()

    async def run(url: str) -> None:
        async with AsyncTalkClient(url) as client:
            came = asyncio.Event()
            task = asyncio.create_task(reading(client, came))
            await came.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gone.wait, 5)

    with Wire(step) as wire:
        asyncio.run(run(wire.url))


# Ends that are errors


def test_every_cut_point(talk: TalkMode) -> None:
    """Wherever the connection is cut, what was whole before is given, and then the loss is told."""
    whole = stream(ONE, TWO, DONE)
    ends = {len(CHUNKED + chunk(ONE)) - 2: 1, len(CHUNKED + chunk(ONE) + chunk(TWO)) - 2: 2}
    places = [0, 5, 20, len(HEAD), len(CHUNKED) - 1, *range(len(CHUNKED), len(whole) - len(LAST) - 4, 7), *ends]
    for place in places:
        seen: list[Any] = []
        with Wire(cut(whole[:place])) as wire:
            error = talk.fails(wire.url, talk.reading(ask, seen))
        assert type(error) is APIConnectionError, place
        assert error.sent
        assert seen == WORDS[: sum(place >= end for end in ends)], place


def test_a_stream_without_its_declared_end_was_cut(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(ONE, TWO)) as wire:
        error = talk.fails(wire.url, talk.reading(ask, seen))
    assert type(error) is APIConnectionError and "before '[DONE]'" in str(error)
    assert seen == WORDS


MARK = b"data: [DONE]\n"
ENDS: dict[str, bytes] = {
    "without the blank line": MARK,
    "without any line end": b"data: [DONE]",
    "with a CR": b"data: [DONE]\r",
    "with CRLF": b"data: [DONE]\r\n",
    "behind other fields": b"id: 7\nretry: 10\n" + MARK,
    "before a comment": MARK + b": bye\n",
    "several": MARK + b"\n" + MARK + b"\n" + MARK,
    "with CRs": b"data: [DONE]\r\r",
}
LONGER = dict.fromkeys(["data: [DONE]!\n", "data: [DONE\n", "data: [DONE]\ndata: x\n", "event: [DONE]\n", "[DONE]\n"])


@pytest.mark.parametrize("framing", ["chunked", "length", "close", "cut"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_declared_end_needs_no_blank_line(talk: TalkMode, end: bytes, framing: str) -> None:
    seen: list[Any] = []
    step: Any = {
        "chunked": stream(ONE + TWO + end),
        "length": reply(ONE + TWO + end, kind="text/event-stream"),
        "close": cut(UNTIL_CLOSED + ONE + TWO + end),
        "cut": cut(CHUNKED + chunk(ONE + TWO + end)),
    }[framing]
    with Wire(step) as wire:
        talk.run(wire.url, talk.reading(ask, seen))
        assert len(wire.seen) == 1
    assert seen == WORDS


@pytest.mark.parametrize("end", LONGER)
def test_what_only_looks_like_the_declared_end(talk: TalkMode, end: str) -> None:
    seen: list[Any] = []
    with Wire(stream(ONE + TWO + end.encode())) as wire:
        error = talk.fails(wire.url, talk.reading(ask, seen))
    assert type(error) is APIConnectionError and "the answer is not whole" in str(error)
    assert seen == WORDS


def test_a_declared_end_that_the_server_stays_silent_after(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stall(CHUNKED + chunk(ONE + TWO + MARK))) as wire:
        talk.run(wire.url, talk.reading(ask, seen), timeout=Timeout(read=0.3))
    assert seen == WORDS


BEATS: dict[str, bytes] = {
    "empty data": b"data:\n\n",
    "a bare field": b"data\n\n",
    "a comment": b": ping\n\n",
    "a named beat": b"event: ping\ndata:\n\n",
    "an id alone": b"id: 3\n\n",
    "CRLF": b"data:\r\n\r\n: ping\r\n\r\n",
    "a blank line": b"\n\n\r\n",
}


@pytest.mark.parametrize("beat", BEATS.values(), ids=BEATS)
def test_a_heartbeat_is_no_event_of_a_typed_stream(talk: TalkMode, beat: bytes) -> None:
    for call, word, expected in (
        (ask, ONE + beat + TWO + beat + DONE, WORDS),
        (words, b'data: {"word": {"text": "two"}}\n\n' + beat, WORDS[1:]),
        (texts, b"data: a\n\n" + beat + b"data: b\n\n", ["a", "b"]),
    ):
        seen: list[Any] = []
        with Wire(stream(beat + word + beat)) as wire:
            talk.run(wire.url, talk.reading(call, seen))
        assert seen == expected


@pytest.mark.parametrize("blank", [b"data:  \n\n", b"data\ndata\n\n", b"data: \t\ndata:\n\n"])
def test_white_space_is_no_event_of_what_is_read_as_json(talk: TalkMode, blank: bytes) -> None:
    seen: list[Any] = []
    with Wire(stream(blank + ONE + blank + TWO + blank + DONE)) as wire:
        talk.run(wire.url, talk.reading(ask, seen))
    assert seen == WORDS


def test_white_space_is_a_text(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(b"data: a\n\ndata:  \n\ndata\ndata\n\ndata: b\n\n")) as wire:
        talk.run(wire.url, talk.reading(texts, seen))
    assert seen == ["a", " ", "\n", "b"]


def test_a_heartbeat_is_an_event_where_whole_events_are_wanted(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(b"data:\n\ndata: a\n\n")) as wire:
        talk.run(wire.url, talk.reading(events, seen))
    assert seen == [ServerSentEvent(""), ServerSentEvent("a")]


def test_a_failure_without_a_word_is_a_failure(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(ONE + b"event: error\ndata:\n\n" + TWO + DONE)) as wire:
        error = talk.fails(wire.url, talk.reading(ask, seen))
    assert type(error) is StreamFailedError and seen == WORDS[:1]


def test_texts_come_as_they_are(talk: TalkMode) -> None:
    """What looks like JSON is a text too: the events of this stream are texts."""
    seen: list[Any] = []
    with Wire(stream(b'data: "a"\n\ndata: 1\n\ndata: null\n\ndata: gr\xc3\xbc\xc3\x9f\n\n')) as wire:
        talk.run(wire.url, talk.reading(texts, seen))
    assert seen == ['"a"', "1", "null", "grüß"]


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\r"])
def test_pieces_may_end_in_the_midst_of_anything(talk: TalkMode, line: bytes) -> None:
    text = 'data: {"text": "grüße 🌍"}\n\n: ö\n\ndata: [DONE]\n'.encode()
    whole = b"\xef\xbb\xbf" + text.replace(b"\n", line)
    for size in (1, 2, 3):
        seen: list[Any] = []
        with Wire(stream(*(whole[at : at + size] for at in range(0, len(whole), size)))) as wire:
            talk.run(wire.url, talk.reading(ask, seen))
        assert seen == [Word(text="grüße 🌍")]


def test_what_is_unfinished_at_the_end_is_no_event(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stream(b"data: a\n\ndata: b\n")) as wire:
        talk.run(wire.url, talk.reading(events, seen))
    assert [event.data for event in seen] == ["a"]


BAD = {
    "not JSON": (b"data: {\n\n", "not JSON"),
    "not as declared": (b'data: {"text": 5}\n\n', "text"),
}


@pytest.mark.parametrize(("data", "said"), BAD.values(), ids=BAD)
def test_an_event_that_is_not_as_declared(talk: TalkMode, data: bytes, said: str) -> None:
    seen: list[Any] = []
    with Wire(stall(CHUNKED + chunk(ONE + data + TWO))) as wire:
        error = talk.fails(wire.url, talk.reading(ask, seen))
    assert type(error) is ResponseValidationError and said in str(error)
    assert seen == WORDS[:1]


def test_an_event_that_is_too_large(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stall(CHUNKED + chunk(b"data: a\n\n" + b"data: " + b"x" * 200))) as wire:
        error = talk.fails(wire.url, talk.reading(texts, seen))
    assert type(error) is ResponseValidationError and "larger than 100 bytes" in str(error)
    assert seen == ["a"]


def test_an_event_that_tells_a_failure(talk: TalkMode) -> None:
    seen: list[Any] = []
    failure = b'event: error\ndata: {"error": {"message": "overloaded hunter22", "code": "busy"}}\n\n'
    with Wire(stall(CHUNKED + chunk(ONE + failure))) as wire:
        error = talk.fails(wire.url, talk.reading(lambda client: client.chat.ask("?", key="hunter22"), seen))
    assert type(error) is StreamFailedError
    assert (error.event, error.code, error.message) == ("error", "busy", "overloaded ***")
    assert error.body == {"error": {"message": "overloaded ***", "code": "busy"}}
    assert "Chat.ask: the stream failed: busy overloaded ***" in str(error)
    assert seen == WORDS[:1]


def test_a_failure_in_the_data(talk: TalkMode) -> None:
    with Wire(stream(b'data: {"error": "no more"}\n\n')) as wire:
        error = talk.fails(wire.url, talk.reading(lambda client: client.chat.failing(), []))
    assert type(error) is StreamFailedError and error.message == "no more"


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (500, InternalServerError)])
def test_a_status_that_is_not_a_success(talk: TalkMode, status: int, kind: type) -> None:
    with Wire(reply({"message": "no"}, status)) as wire:
        error = talk.fails(wire.url, talk.reading(ask, []), retries=0)
        assert type(error) is kind and error.message == "no"
    assert len(wire.seen) == 1


def test_a_reply_that_is_no_stream(talk: TalkMode) -> None:
    with Wire(reply(b"<html>", kind="text/html")) as wire:
        error = talk.fails(wire.url, talk.reading(ask, []))
    assert type(error) is ResponseValidationError and '"text/html", not an event stream' in str(error)


def test_an_argument_is_refused_before_anything_is_sent(talk: TalkMode) -> None:
    with Wire() as wire:
        error = talk.fails(wire.url, talk.reading(lambda client: client.chat.ask(5), []))
    assert isinstance(error, InvalidArgument)
    assert wire.connections == 0


# Time


def test_the_total_ends_with_the_opening(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(drip(CHUNKED + chunk(b'data: {"word": {"text": "x"}}\n\n'), first=len(CHUNKED), pause=0.03)) as wire:
        talk.run(wire.url, talk.reading(words, seen, 1), timeout=Timeout(total=0.5, read=2))
    assert seen == [Word(text="x")]


def test_headers_that_do_not_come_end_with_the_total(talk: TalkMode) -> None:
    start = time.monotonic()
    with Wire(silence) as wire:
        error = talk.fails(wire.url, talk.reading(ask, []), timeout=0.3)
    assert type(error) is APITimeoutError and "total 0.3 s" in str(error)
    assert time.monotonic() - start < 1.5


def test_silence_ends_with_read(talk: TalkMode) -> None:
    seen: list[Any] = []
    start = time.monotonic()
    with Wire(stall(CHUNKED + chunk(ONE))) as wire:
        error = talk.fails(wire.url, talk.reading(ask, seen), timeout=Timeout(total=30, read=0.3))
    assert type(error) is APITimeoutError and "did not go on in time (read 0.3 s)" in str(error)
    assert seen == WORDS[:1] and time.monotonic() - start < 1.5


def test_a_life_that_is_limited(talk: TalkMode) -> None:
    start = time.monotonic()
    with Wire(drip(CHUNKED + chunk(b": ping\n"), first=len(CHUNKED), pause=0.05)) as wire:
        limits = Timeout(read=5, stream=0.4)
        error = talk.fails(wire.url, talk.reading(events, []), timeout=limits)
    assert type(error) is APITimeoutError and "0.4 s in all" in str(error)
    assert 0.3 < time.monotonic() - start < 1.5


@pytest.mark.parametrize("value", [0, -1, float("inf"), "5"])
def test_a_life_is_a_positive_number_of_seconds_or_none(value: Any) -> None:
    with pytest.raises(ValueError, match="stream must be"):
        Timeout(stream=value)


# Opening again


def test_opening_is_repeated_as_any_call(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(reply({}, 503), cut(b""), stream(b'data: {"word": {"text": "x"}}\n\n')) as wire:
        talk.run(wire.url, talk.reading(words, seen), retries=Retry(limit=2, base=0.01, cap=0.01))
    assert len(seen) == 1 and len(wire.seen) == 3


def test_a_post_is_not_repeated_after_it_was_sent(talk: TalkMode) -> None:
    with Wire(cut(b""), stream(ONE, DONE)) as wire:
        error = talk.fails(wire.url, talk.reading(ask, []), retries=Retry(limit=2, base=0.01, cap=0.01))
    assert type(error) is APIConnectionError and len(wire.seen) == 1


def test_a_lost_stream_goes_on_after_the_last_id(talk: TalkMode) -> None:
    seen: list[Any] = []
    first = CHUNKED + chunk(b"id: 1\n" + ONE)
    second = stream(b"retry: 10\n\nid: 2\n" + TWO)
    over = b"HTTP/1.1 204 No Content\r\n\r\n"
    with Wire(_after(first), second, over) as wire:
        talk.run(wire.url, talk.reading(feed, seen), retries=NO_WAIT)
    assert seen == WORDS
    assert [request.headers.get("last-event-id") for request in wire.seen] == [None, "1", "2"]
    assert len({request.headers["accept"] for request in wire.seen}) == 1


def _after(data: bytes) -> Callable[..., None]:
    """Send, let the client read it, and close in the middle of the stream."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data)
        stopped.wait(0.2)

    return step


def test_a_stream_that_is_lost_again_and_again_is_given_up(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(_after(CHUNKED + chunk(ONE)), cut(CHUNKED), cut(CHUNKED + b"5\r\n:"), cut(CHUNKED)) as wire:
        error = talk.fails(wire.url, talk.reading(feed, seen), retries=NO_WAIT)
    assert type(error) is APIConnectionError
    assert seen == WORDS[:1] and len(wire.seen) == 3


def test_an_event_between_makes_good_for_the_losses_before(talk: TalkMode) -> None:
    seen: list[Any] = []
    lost = _after(CHUNKED + chunk(ONE))
    with Wire(lost, lost, lost, lost, b"HTTP/1.1 204 No Content\r\n\r\n") as wire:
        talk.run(wire.url, talk.reading(feed, seen), retries=NO_WAIT)
    assert seen == WORDS[:1] * 4 and len(wire.seen) == 5


def test_silence_is_a_loss_too(talk: TalkMode) -> None:
    seen: list[Any] = []
    with Wire(stall(CHUNKED + chunk(ONE)), b"HTTP/1.1 204 No Content\r\n\r\n") as wire:
        talk.run(wire.url, talk.reading(feed, seen), timeout=Timeout(read=0.2), retries=NO_WAIT)
    assert seen == WORDS[:1] and len(wire.seen) == 2


def test_a_server_that_is_gone_for_good(talk: TalkMode) -> None:
    seen: list[Any] = []
    wire = Wire(_after(CHUNKED + chunk(ONE)))

    class Stopping(list[Any]):
        def append(self, value: Any) -> None:
            seen.append(value)
            wire.refuse()

    with wire:
        error = talk.fails(wire.url, talk.reading(feed, Stopping()), retries=NO_WAIT)
    assert type(error) is APIConnectionError and not error.sent
    assert seen == WORDS[:1]


def test_a_status_that_is_not_a_success_ends_the_going_on(talk: TalkMode) -> None:
    with Wire(_after(CHUNKED + chunk(ONE)), reply({"message": "no"}, 401)) as wire:
        error = talk.fails(wire.url, talk.reading(feed, []), retries=NO_WAIT)
    assert type(error) is AuthenticationError


def test_the_server_says_how_long_to_wait(talk: TalkMode) -> None:
    start = time.monotonic()
    with Wire(stream(b"retry: 300\n\n" + ONE), b"HTTP/1.1 204 No Content\r\n\r\n") as wire:
        talk.run(wire.url, talk.reading(feed, []), retries=NO_WAIT)
    assert 0.3 <= time.monotonic() - start < 2


def test_a_wait_beyond_the_life_is_not_begun(talk: TalkMode) -> None:
    start = time.monotonic()
    with Wire(stream(b"retry: 3000\n\n" + ONE)) as wire:
        error = talk.fails(wire.url, talk.reading(feed, []), timeout=Timeout(stream=1))
    assert type(error) is APITimeoutError and time.monotonic() - start < 1


# Beside the calls


def test_a_stream_in_a_flow(talk: TalkMode) -> None:
    with Wire(stream(ONE, TWO, DONE)) as wire:
        assert talk.run(wire.url, lambda client: client.chat.answer("why?")) == "one two"


def test_a_stream_call_is_an_object() -> None:
    with TalkClient("http://127.0.0.1:9") as client:
        request = client.chat.ask.options(headers={"Accept": "x/y"}).request("why?")
        assert request.headers["accept"] == "x/y" and request.context.streamed
        assert "curl -X POST" in client.chat.ask.curl("why?")
        with pytest.raises(DeclarationError, match=r"use \.gathered\(\)"):
            client.chat.ask.flow(1.0, "why?")


def test_an_open_stream_is_not_kept_waiting_by_other_calls(talk: TalkMode) -> None:
    """Two streams of one client are open at once, each on a connection of its own."""
    seen: list[Any] = []

    def blocking(client: Any) -> None:
        with ask(client) as one, ask(client) as other:
            seen.extend([next(one), next(other)])

    async def awaiting(client: Any) -> None:
        async with ask(client) as one, ask(client) as other:
            seen.extend([await anext(one), await anext(other)])

    with Wire(stall(CHUNKED + chunk(ONE))) as wire:
        talk.run(wire.url, awaiting if talk.is_async else blocking)
        assert wire.connections == 2
    assert seen == WORDS[:1] * 2


def test_over_a_session_that_was_passed_in() -> None:
    import aiohttp
    import requests

    async def awaiting(url: str) -> list[Word]:
        async with aiohttp.ClientSession() as session, AsyncTalkClient(url, session=session) as client:
            async with client.chat.ask("why?") as opened:
                return [word async for word in opened]

    with Wire(stream(ONE, TWO, DONE)) as wire:
        with requests.Session() as session, TalkClient(wire.url, session=session) as client:
            with client.chat.ask("why?") as opened:
                assert list(opened) == WORDS
        assert asyncio.run(awaiting(wire.url)) == WORDS


def test_a_session_that_was_passed_in_has_the_limits_of_the_client() -> None:
    import requests

    with Wire(stall(CHUNKED + chunk(ONE))) as wire:
        with requests.Session() as session, TalkClient(wire.url, session=session) as client:
            limits = Timeout(total=0.5, read=0.7)
            with client.chat.ask.options(timeout=limits)("why?") as opened, pytest.raises(APITimeoutError):
                list(opened)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no type": (lambda: get("x")(_returning(Stream)), "write Stream"),
    "events without a stream": (lambda: get("x", events=EventStream())(_returning(int)), "it returns Stream"),
    "events that are none": (lambda: get("x", events="[DONE]")(_returning(Stream[int])), "not an EventStream"),  # type: ignore[arg-type]
    "an unwrapped download": (lambda: get("x", unwrap="y")(_returning(Download)), "no envelope"),
}


def _returning(kind: Any) -> Any:
    def stub(self: Any) -> Any: ...

    stub.__annotations__["return"] = kind
    return stub


@pytest.mark.parametrize(("declare", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration(declare: Callable[[], Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        made: Any = type("Wrong", (Resource,), {"stub": declare()})
        with Client("http://127.0.0.1:9") as client:
            made(client).stub  # noqa: B018


@pytest.mark.parametrize("wrong", [{"reconnect": -1}, {"largest": 0}])
def test_wrong_numbers(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="events: "):
        EventStream(**wrong)


def test_a_stream_is_declared_for_both_modes() -> None:
    class Plain(Resource[M]):
        @get("x")
        def events(self) -> Stream[Any]:
            """Stream anything."""
            ...

    with Wire(stream(b'data: {"a": [1]}\n\ndata: 2\n\n')) as wire, Client(wire.url) as client:
        assert list(Plain(client).events()) == [{"a": [1]}, 2]
