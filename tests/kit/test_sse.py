"""Server-sent events by the rules of the WHATWG, wherever the bytes are cut."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gemel.kit.http.sse import EventDecoder, EventTooLarge, ServerSentEvent

LARGEST = 1000
E = ServerSentEvent


def decoded(*pieces: bytes, largest: int = LARGEST) -> list[ServerSentEvent]:
    decoder = EventDecoder(largest)
    return [event for piece in pieces for event in decoder.feed(piece)]


CASES = {
    "one line": (b"data: a\n\n", [E("a")]),
    "no space": (b"data:a\n\n", [E("a")]),
    "one space only is dropped": (b"data:  a \n\n", [E(" a ")]),
    "lines": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [E("YHOO\n+2\n10")]),
    "comments": (
        b": test stream\n\ndata: first event\nid: 1\n\n:\n\ndata\n\n",
        [E("first event", id="1"), E("", id="1")],
    ),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [E("a"), E("b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [E("a"), E("b")]),
    "mixed": (b"data: a\rdata: b\ndata: c\r\n\ndata: d\n\r\n", [E("a\nb\nc"), E("d")]),
    "empty data": (b"data\n\ndata\ndata\n\ndata:", [E(""), E("\n")]),
    "names": (b"event: add\ndata: 1\n\ndata: 2\n\nevent:\ndata: 3\n\n", [E("1", "add"), E("2"), E("3")]),
    "a name without data": (b"event: add\n\ndata: 1\n\n", [E("1")]),
    "the last name counts": (b"event: a\nevent: b\ndata: 1\n\n", [E("1", "b")]),
    "an id stays": (b"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", [E("a", id="7"), E("b", id="7"), E("c")]),
    "an id with NULL": (b"id: 7\ndata: a\n\nid: 8\0\ndata: b\n\n", [E("a", id="7"), E("b", id="7")]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [E("a")]),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [E("b")]),
    "BOM later": (b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: \xef\xbb\xbfc\n\n", [E("a"), E("\ufeffc")]),
    "UTF-8": ("data: grüße 🌍\nevent: ö\nid: ✓\n\n".encode(), [E("grüße 🌍", "ö", "✓")]),
    "not UTF-8": (b"data: a\xff\xe2\x82\n\n", [E("a\ufffd\ufffd")]),
    "unknown fields": (b"Data: a\n data: b\nfoo: c\ndata: d\ndatas: e\n\n", [E("d")]),
    "a colon in data": (b"data: a: b\n\n", [E("a: b")]),
    "unfinished": (b"data: a\n\ndata: b\n", [E("a")]),
    "unfinished line": (b"data: a\n\ndata: b", [E("a")]),
    "other line breaks are text": ("data: a\x0bb\x0cc\u2028d\x85\n\n".encode(), [E("a\x0bb\x0cc\u2028d\x85")]),
    "nothing": (b"", []),
    "blank lines": (b"\n\r\n\r\r\n\n", []),
}


@pytest.mark.parametrize(("stream", "events"), CASES.values(), ids=CASES)
def test_events(stream: bytes, events: list[ServerSentEvent]) -> None:
    assert decoded(stream) == events


@pytest.mark.parametrize(("stream", "events"), CASES.values(), ids=CASES)
def test_events_byte_by_byte(stream: bytes, events: list[ServerSentEvent]) -> None:
    assert decoded(*(stream[at : at + 1] for at in range(len(stream)))) == events


UNFINISHED: list[tuple[bytes, str | None]] = [
    (b"", None),
    (b"data: a\n\n", None),
    (b"data: a\n", "a"),
    (b"data: a", "a"),
    (b"data: a\r", "a"),
    (b"data: a\ndata: b", "a\nb"),
    (b"data: a\nid: 1\n: c\n", "a"),
    (b"data: a\n\ndata: b\r\n", "b"),
    (b"data", ""),
    (b"event: a\n", None),
    (b"dat", None),
    ("data: ö".encode()[:-1], "\ufffd"),
]


@pytest.mark.parametrize(("stream", "data"), UNFINISHED)
def test_what_is_unfinished_is_told_and_changes_nothing(stream: bytes, data: str | None) -> None:
    for pieces in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        decoder = EventDecoder(LARGEST)
        for piece in pieces:
            assert all(event.data == "a" for event in decoder.feed(piece))
        assert decoder.unfinished == data == decoder.unfinished
        assert decoder.last_id == ""


@pytest.mark.parametrize(
    ("field", "seconds"),
    [(b"1500", 1.5), (b"0", 0.0), (b"-1", None), (b"1.5", None), (b"1e3", None), (b"", None), ("٣".encode(), None)],
)
def test_retry_is_digits_only(field: bytes, seconds: float | None) -> None:
    decoder = EventDecoder(LARGEST)
    assert list(decoder.feed(b"retry: " + field + b"\n\n")) == []
    assert decoder.retry == seconds


def test_a_retry_beyond_all_measure_is_ignored() -> None:
    decoder = EventDecoder(10_000)
    list(decoder.feed(b"retry: 20\nretry: " + b"9" * 5000 + b"\n"))
    assert decoder.retry == 0.02


def test_an_id_counts_when_its_event_is_complete() -> None:
    decoder = EventDecoder(LARGEST, last_id="3")
    assert list(decoder.feed(b"id: 4\n")) == [] and decoder.last_id == "3"
    assert list(decoder.feed(b"\n")) == [] and decoder.last_id == "4"


def test_an_event_is_there_with_its_last_byte() -> None:
    """A CR that ends the blank line may be the half of a CRLF; the event does not wait for the other half."""
    decoder = EventDecoder(LARGEST)
    assert list(decoder.feed(b"data: a\r\n\r")) == [E("a")]
    assert list(decoder.feed(b"\ndata: b\r")) == []
    assert list(decoder.feed(b"\r\n")) == [E("b")]


FRAGMENTS = st.sampled_from(
    [
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xe2\x82\xac",
        b"12",
    ]
)
STREAMS = st.lists(FRAGMENTS | st.binary(max_size=4), max_size=60).map(b"".join)


def outcome(pieces: list[bytes], largest: int) -> tuple[list[ServerSentEvent], str, float | None, bool]:
    decoder, events, failed = EventDecoder(largest), list[ServerSentEvent](), False
    try:
        for piece in pieces:
            for event in decoder.feed(piece):
                events.append(event)
    except EventTooLarge:
        failed = True
    return events, decoder.last_id, decoder.retry, failed


@settings(max_examples=settings().max_examples * 5)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=12), st.sampled_from([5, 20, LARGEST]))
@example(b"\xef\xbb\xbfdata: \xe2\x82\xac\r\n\r\n", list(range(17)), LARGEST)
def test_any_chunking_gives_the_same_events(stream: bytes, cuts: list[int], largest: int) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]
    assert outcome(pieces, largest) == outcome([stream], largest)


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: x\n" * 60, b":" * 101, b"data: a\n\n" + b"y" * 101])
def test_the_size_of_an_event_is_bounded(stream: bytes) -> None:
    with pytest.raises(EventTooLarge, match="larger than 100 bytes"):
        decoded(stream, largest=100)


def test_many_events_and_comments_are_not_one_large_event() -> None:
    assert len(decoded(b"data: 1234567890\n\n: ping\n\n" * 100, largest=20)) == 100


def test_events_before_a_large_one_are_given() -> None:
    events = EventDecoder(10).feed(b"data: a\n\ndata: bbbbbbbbbbb\n\n")
    assert next(events) == E("a")
    with pytest.raises(EventTooLarge):
        next(events)


def test_a_long_line_in_small_pieces_takes_linear_time() -> None:
    decoder, start = EventDecoder(4_000_000), time.process_time()
    for _ in range(100_000):
        assert list(decoder.feed(b"x" * 20)) == []
    assert time.process_time() - start < 3
