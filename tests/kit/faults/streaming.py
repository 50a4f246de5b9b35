"""Rows: how an event stream may end, and what may stand between its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gemel.kit.errors import GemelError
from gemel.kit.http.messages import Timeout

from ..chat import TalkMode
from ..shop import Mode
from ..wire import Wire, cut, reply, stall
from .leaks import nothing_left, wait_until
from .rows import CLOSED, KEPT, Outcome, Play, Row

ONE, TWO, DONE = b'data: {"text": "one"}\n\n', b'data: {"text": "two"}\n\n', b"data: [DONE]\n\n"
OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = OPEN[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"


def whole(*events: bytes) -> bytes:
    """A stream that comes at once, and leaves its connection."""
    return reply(b"".join(events), kind="text/event-stream")


def read(step: Any, call: Callable[[Any], Any], *, most: int | None = None) -> Play:
    """How a stream is tried out: it is read to its end, or at most so many events; then a good one is."""

    def play(mode: Mode) -> Outcome:
        talk, told, again = TalkMode(mode), list[Any](), list[Any]()

        def answer(request: Any) -> Any:
            return step if len(wire.seen) == 1 else whole(ONE, DONE)

        with nothing_left(), Wire(answer=answer) as wire:
            first = talk.reading(call, told, most)
            talk.run(
                wire.url, _noting(talk, first, told), talk.reading(_ask, again), timeout=Timeout(total=5, read=0.1)
            )
            wait_until(lambda: not wire.open)
        assert len(again) == 1
        sent = "POST" if len(wire.seen) > 2 else "no"
        return Outcome(_gives(told), sent, KEPT if wire.connections == 1 else CLOSED)

    return play


def _noting(talk: TalkMode, step: Callable[[Any], Any], told: list[Any]) -> Callable[[Any], Any]:
    def blocking(client: Any) -> None:
        try:
            step(client)
        except GemelError as error:
            told.append(error)

    async def awaited(client: Any) -> None:
        try:
            await step(client)
        except GemelError as error:
            told.append(error)

    return awaited if talk.is_async else blocking


def _gives(told: list[Any]) -> str:
    events = sum(not isinstance(one, GemelError) for one in told)
    failed = [type(one).__name__ for one in told if isinstance(one, GemelError)]
    counted = f"{events} event{'s' if events != 1 else ''}" if events else ""
    return ", then ".join(filter(None, [counted, *failed]))


def _ask(client: Any) -> Any:
    return client.chat.ask("?")


def _texts(client: Any) -> Any:
    return client.chat.texts()


BOTH = Outcome("2 events", "no", KEPT)
BOTH_CLOSED = Outcome("2 events", "no", CLOSED)
LOST = Outcome("1 event, then APIConnectionError", "no", CLOSED)
LATE = Outcome("1 event, then APITimeoutError", "no", CLOSED)
WRONG = Outcome("1 event, then ResponseValidationError", "no", KEPT)
FAILED = Outcome("1 event, then StreamFailedError", "no", KEPT)

BEATS = b": a\n\ndata:\n\ndata:  \n\n"
MIXED = b"\xef\xbb\xbf" + ONE.replace(b"\n", b"\r") + TWO.replace(b"\n", b"\r\n") + DONE
LARGE = b"data: a\n\ndata: " + b"a" * 101 + b"\n\n"
HTML = reply(b"<html>", kind="text/html")
SO_FAR = OPEN + ONE + TWO

STREAMS = [
    Row("the declared end, as it should be", read(whole(ONE, TWO, DONE), _ask), BOTH),
    Row("the declared end, then silence", read(stall(SO_FAR + DONE), _ask), BOTH_CLOSED),
    Row("the declared end without the blank line, then a close", read(cut(SO_FAR + DONE[:-1]), _ask), BOTH_CLOSED),
    Row("the declared end without any line end, then a close", read(cut(SO_FAR + DONE[:-2]), _ask), BOTH_CLOSED),
    Row("a close before the declared end", read(cut(OPEN + ONE), _ask), LOST),
    Row("a close in a chunk", read(cut(CHUNKED + b"ff\r\n" + ONE), _ask), LOST),
    Row("silence before the declared end", read(stall(OPEN + ONE), _ask), LATE),
    Row("comments, empty data and white space between events", read(whole(ONE, BEATS, TWO, DONE), _ask), BOTH),
    Row("a byte order mark, CR and CRLF", read(whole(MIXED), _ask), BOTH),
    Row("an event that is not as declared", read(whole(ONE, b"data: {}\n\n", DONE), _ask), WRONG),
    Row("an event larger than `largest`", read(whole(LARGE), _texts), WRONG),
    Row("an event named `error`", read(whole(ONE, b"event: error\ndata: {}\n\n", DONE), _ask), FAILED),
    Row(
        "HTML in the place of the stream",
        read(HTML, _ask),
        Outcome("ResponseValidationError", "no", CLOSED),
        Outcome("ResponseValidationError", "no", KEPT),
    ),
    Row("the program leaves after one event", read(stall(SO_FAR), _ask, most=1), Outcome("1 event", "no", CLOSED)),
]
