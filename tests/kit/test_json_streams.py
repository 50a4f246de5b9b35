# mypy: disable-error-code="empty-body"
"""JSON lines and JSON text sequences as streams, and a parser and an end of the author's own, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import EventStream, ServerSentEvent, Stream, get
from gemel.kit.errors import (
    APIConnectionError,
    DeclarationError,
    ResponseValidationError,
    StreamFailedError,
)
from gemel.kit.http.json_stream import stream_decoder
from gemel.kit.http.messages import Retry
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync
from gemel.testing import StubServer

from .chat import TalkMode, Word
from .shop import Mode
from .wire import Wire, cut

ANY = EventStream(formats=("jsonl", "json-seq", "sse"))
NO_WAIT = Retry(limit=0, base=0.001, cap=0.001)
WORDS = [Word(text="one", token_count=1), Word(text="two")]
LINES = b'{"text": "one", "tokenCount": 1}\n\r\n{"text": "two"}\r\n'
SEQUENCE = b'\x1e{"text": "one",\n "tokenCount": 1}\n\x1e{"text": "two"}\n'
EVENTS = b'data: {"text": "one", "tokenCount": 1}\n\ndata: {"text": "two"}\n\n'


def pair(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    return name, int(number)


class Lines(Resource[M], case="camel"):
    """Streams that are not server-sent events, or not alone."""

    @get("any", events=ANY)
    def any(self) -> Stream[Word]: ...
    @get("lines", events=EventStream(formats=("jsonl",), largest=50))
    def lines(self) -> Stream[Word]: ...
    @get("plain")
    def plain(self) -> Stream[Word]: ...
    @get("texts", events=EventStream(formats=("jsonl",)))
    def texts(self) -> Stream[str]: ...
    @get("whole", events=EventStream(formats=("json-seq",)))
    def whole(self) -> Stream[ServerSentEvent]: ...
    @get("failing", events=EventStream(formats=("jsonl",), error=lambda event: '"error"' in event.data))
    def failing(self) -> Stream[Word]: ...
    @get("done", events=EventStream(formats=("jsonl",), done="[DONE]"))
    def done(self) -> Stream[Word]: ...
    @get("maybe", events=EventStream(done="[DONE]", must_end=False))
    def maybe(self) -> Stream[Word]: ...
    @get("again", events=EventStream(formats=("jsonl",), done="END", reconnect=2))
    def again(self) -> Stream[Word]: ...
    @get("pairs", events=EventStream(parse=pair))
    def pairs(self) -> Stream[tuple[str, int]]: ...


class LinesClient(Client):
    lines: Lines[Sync]


class AsyncLinesClient(AsyncClient):
    lines: Lines[Async]


class LinesMode(TalkMode):
    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._client: Any = AsyncLinesClient if mode.is_async else LinesClient


@pytest.fixture
def talk(mode: Mode) -> LinesMode:
    return LinesMode(mode)


def streamed(body: bytes, kind: str, *, size: int = 7) -> bytes:
    """A reply in chunks of so many bytes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % kind.encode()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read(talk: LinesMode, name: str, *replies: Any, **settings: Any) -> list[Any]:
    seen: list[Any] = []
    with Wire(*replies) as wire:
        talk.run(wire.url, talk.reading(lambda client: getattr(client.lines, name)(), seen), **settings)
    return seen


def failing(talk: LinesMode, name: str, *replies: Any, **settings: Any) -> tuple[list[Any], Any]:
    seen: list[Any] = []
    with Wire(*replies) as wire:
        error = talk.fails(wire.url, talk.reading(lambda client: getattr(client.lines, name)(), seen), **settings)
    return seen, error


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (LINES, "application/jsonl"),
        (LINES, "application/x-ndjson; charset=utf-8"),
        (LINES.rstrip(), "application/jsonl"),
        (LINES, "application/json"),
        (LINES, "application/vnd.acme+json"),
        (SEQUENCE, "application/json-seq"),
        (SEQUENCE.rstrip(), "application/json-seq"),
        (SEQUENCE, "application/geo+json-seq"),
        (EVENTS, "text/event-stream"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_type_of_the_reply_says_how_it_is_read(talk: LinesMode, body: bytes, kind: str, size: int) -> None:
    assert read(talk, "any", streamed(body, kind, size=size)) == WORDS


def test_a_stream_whose_type_is_another_known_one_is_read(talk: LinesMode) -> None:
    assert read(talk, "plain", streamed(LINES, "application/x-ndjson")) == WORDS


def test_what_is_accepted(talk: LinesMode) -> None:
    for name, accepts in [
        ("any", "application/jsonl, application/x-ndjson, application/json-seq, text/event-stream"),
        ("lines", "application/jsonl, application/x-ndjson"),
        ("whole", "application/json-seq"),
        ("plain", "text/event-stream"),
    ]:
        with Wire(streamed(b"", "application/jsonl")) as wire:
            talk.run(wire.url, talk.reading(lambda client, name=name: getattr(client.lines, name)(), []))
        assert wire.last.headers["accept"] == accepts


def test_texts_and_whole_events(talk: LinesMode) -> None:
    assert read(talk, "texts", streamed('"é"\n{}\n'.encode(), "application/jsonl")) == ['"é"', "{}"]
    assert read(talk, "whole", streamed(b"\x1e1\n\x1e2\n", "application/json-seq")) == [
        ServerSentEvent("1"),
        ServerSentEvent("2"),
    ]


def test_a_value_of_a_sequence_is_given_before_the_next_has_come() -> None:
    decoder = stream_decoder("json-seq", 100, "", None)
    assert [event.data for event in decoder.feed(b"\x1e[1,\n")] == []
    assert [event.data for event in decoder.feed(b"2]\n")] == ["[1,\n2]"]
    assert [event.data for event in decoder.feed(b"\x1e\x1e3")] == []
    assert [event.data for event in decoder.rest()] == ["3"]


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1e\n\ufeff")).map(str.strip).filter(bool)),
    st.data(),
)
def test_lines_and_sequences_wherever_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    for name, form in [("jsonl", "{}\n"), ("json-seq", "\x1e{}\n")]:
        body = "".join(map(form.format, texts)).encode()
        at = data.draw(st.integers(0, len(body)))
        decoder = stream_decoder(name, 10_000, "", None)
        events = [event for piece in (body[:at], body[at:]) for event in decoder.feed(piece)] + decoder.rest()
        assert [event.data.strip() for event in events] == texts


def test_what_is_not_as_declared_is_told(talk: LinesMode) -> None:
    seen, error = failing(talk, "lines", streamed(b'{"text": "a"}\n{"text": 1}\n', "application/jsonl"))
    assert seen == [Word(text="a")] and isinstance(error, ResponseValidationError)
    seen, error = failing(talk, "lines", streamed(b'{"text": "a"}\n{"te', "application/jsonl"))
    assert seen == [Word(text="a")] and isinstance(error, ResponseValidationError)
    _, error = failing(talk, "lines", streamed(b"x" * 60, "application/jsonl"))
    assert isinstance(error, ResponseValidationError) and "larger than 50 bytes" in str(error)
    _, error = failing(talk, "plain", streamed(LINES, "application/json"))
    assert isinstance(error, ResponseValidationError) and "not an event stream" in str(error)


def test_a_failure_in_a_line(talk: LinesMode) -> None:
    seen, error = failing(talk, "failing", streamed(LINES + b'{"error": {"message": "full"}}\n', "application/jsonl"))
    assert seen == WORDS and isinstance(error, StreamFailedError) and error.message == "full"


def test_a_declared_end(talk: LinesMode) -> None:
    assert read(talk, "done", streamed(LINES + b"[DONE]\n", "application/jsonl")) == WORDS
    assert read(talk, "done", streamed(LINES + b"[DONE]", "application/jsonl")) == WORDS
    seen, error = failing(talk, "done", streamed(LINES, "application/jsonl"))
    assert seen == WORDS and isinstance(error, APIConnectionError) and "ended before" in str(error)


def test_an_end_that_may_be_missing(talk: LinesMode) -> None:
    assert read(talk, "maybe", streamed(EVENTS, "text/event-stream")) == WORDS
    assert read(talk, "maybe", streamed(EVENTS + b"data: [DONE]\n\ndata: 1\n\n", "text/event-stream")) == WORDS


def test_a_lost_stream_of_lines_is_opened_again(talk: LinesMode) -> None:
    lost = streamed(LINES, "application/jsonl").removesuffix(b"0\r\n\r\n")
    last = streamed(b'{"text": "three"}\nEND', "application/jsonl")
    words = read(talk, "again", cut(lost), last, retries=NO_WAIT)
    assert words == [*WORDS, Word(text="three")]


def test_a_parser_of_the_author(talk: LinesMode) -> None:
    assert read(talk, "pairs", streamed(b"data: a=1\n\ndata: b=2\n\n", "text/event-stream")) == [("a", 1), ("b", 2)]
    seen, error = failing(talk, "pairs", streamed(b"data: a=1\n\ndata: secret\n\n", "text/event-stream"))
    assert seen == [("a", 1)] and isinstance(error, ResponseValidationError)
    assert "cannot be parsed (ValueError)" in str(error) and "secret" not in str(error)


def test_a_stub_server_streams_in_the_declared_format() -> None:
    with StubServer() as stub, LinesClient(stub.url) as client:
        for endpoint, call in [(Lines.any, client.lines.any), (Lines.done, client.lines.done)]:
            stub.on(endpoint).reply(WORDS)
            with call() as words:
                assert list(words) == WORDS and words.headers["content-type"] == "application/jsonl"


def test_wrong_declarations() -> None:
    for wrong in [{"formats": ("xml",)}, {"formats": ()}, {"formats": "jsonl"}, {"must_end": False}]:
        with pytest.raises(ValueError, match="events: "):
            EventStream(**wrong)
    with pytest.raises(DeclarationError, match=r"Wrong.stub\(\): with parse="):

        class Wrong(Resource[M]):
            @get("x", unwrap="a", events=EventStream(parse=pair))
            def stub(self) -> Stream[int]: ...
