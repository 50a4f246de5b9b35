"""Server-sent events: how an endpoint declares them, and the decoder of the WHATWG's stream format, without I/O.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

__all__ = ["EventDecoder", "EventStream", "EventTooLarge", "ServerSentEvent"]

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LONGEST_RETRY = 12


class ServerSentEvent(Struct, frozen=True):
    """One event of a stream.

    Attributes:
        data: The text of the event; several data lines are joined with a line feed.
        event: The name of the event, "message" when the server gives none.
        id: The last id of the stream so far, "" before the first.
    """

    data: str
    event: str = "message"
    id: str = ""


class EventStream(Struct, frozen=True):
    """How an API streams events: `@post("chat", events=EventStream(done="[DONE]"))`.

    Attributes:
        done: The data of the event that ends the stream; if it is declared, a stream that ends without it counts as
            cut. "" for an API without such an event.
        error: The name of events that report a failure, or a function that says whether an event does.
        ignored: The names of events that are left out.
        reconnect: How often in a row, without an event in between, a lost stream is opened again with Last-Event-ID; 0
            for an API that cannot continue a stream.
        largest: The most bytes that one event may have.
        formats: What the API streams: "sse" for server-sent events, "jsonl" for JSON lines, "json-seq" for JSON text
            sequences. All are accepted, and the media type of the reply says which has come.
        parse: A function that makes the data of an event, a text, into the declared type; without it the data is JSON.
        must_end: Whether a stream that ends without `done` was cut.

    Raises:
        ValueError: `reconnect` is negative, or `largest` is not positive.
    """

    done: str = ""
    error: str | Callable[[ServerSentEvent], bool] = "error"
    ignored: tuple[str, ...] = ()
    reconnect: int = 0
    largest: int = 1 << 20
    formats: tuple[str, ...] = ("sse",)
    parse: Callable[[str], Any] | None = None
    must_end: bool = True

    def __post_init__(self) -> None:
        if not self.formats or not {*self.formats} <= {"sse", "jsonl", "json-seq"}:
            raise ValueError(f'events: formats are "sse", "jsonl" and "json-seq", got {self.formats!r}')
        if not self.must_end and not self.done:
            raise ValueError("events: must_end=False is about the data that done= names")
        if self.reconnect < 0 or self.largest < 1:
            raise ValueError("events: reconnect must be 0 or more, and largest a positive number of bytes")

    def tells_failure(self, event: ServerSentEvent) -> bool:
        """Say whether this event means that the server failed."""
        return event.event == self.error if isinstance(self.error, str) else self.error(event)


class EventTooLarge(ValueError):
    """One event, or one line, is larger than the decoder accepts."""


class EventDecoder:
    """Turns the pieces of a stream into events, wherever the pieces are cut.

    Args:
        largest: The most bytes that one event may have.
        last_id: The last event id before a reconnection, "" for a new stream.
        retry: Seconds to wait before connecting again, None until the server says so.
    """

    def __init__(self, largest: int, last_id: str = "", retry: float | None = None) -> None:
        self.last_id: str = last_id
        self.retry: float | None = retry
        self._largest = largest
        self._next_id = last_id
        self._head: bytes | None = b""
        self._after_cr = False
        self._line: list[bytes] = []
        self._line_size = 0
        self._event = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that this piece completes; exhaust it before feeding the next piece.

        An unfinished event at the end of the stream does not count.

        Raises:
            EventTooLarge: An event has more bytes than `largest`; those before it have been yielded.
        """
        *whole, rest = _LINE_END.split(self._whole_breaks(self._past_bom(piece)))
        for line in whole:
            yield from self._ended(line)
        if rest:
            self._keep(rest)

    def rest(self) -> list[ServerSentEvent]:
        """Return what the end of the stream completes: nothing, an event ends with its blank line."""
        return []

    @property
    def unfinished(self) -> str | None:
        """The data of an event that no blank line has ended yet, None when there is none."""
        name, _, value = b"".join(self._line).partition(b":")
        data = [*self._data, value.removeprefix(b" ")] if name == b"data" else self._data
        return _text(b"\n".join(data)) if data else None

    def _past_bom(self, piece: bytes) -> bytes:
        """Return the piece without a byte order mark at the beginning of the stream."""
        if self._head is None:
            return piece
        head = self._head + piece
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head[len(_BOM) :] if head.startswith(_BOM) else head

    def _whole_breaks(self, piece: bytes) -> bytes:
        """Return the piece without an LF whose CR ended the piece before."""
        if piece and self._after_cr and piece.startswith(b"\n"):
            self._after_cr = False
            piece = piece[1:]
        if piece:
            self._after_cr = piece.endswith(b"\r")
        return piece

    def _keep(self, part: bytes) -> None:
        self._line_size += len(part)
        # A stream without a line break would otherwise fill the memory.
        if self._size + self._line_size > self._largest:
            raise EventTooLarge(f"an event of the stream is larger than {self._largest} bytes")
        self._line.append(part)

    def _ended(self, part: bytes) -> Iterator[ServerSentEvent]:
        self._keep(part)
        line = b"".join(self._line)
        self._line.clear()
        self._line_size = 0
        if line:
            self._field(line)
            return
        event = self._dispatched()
        if event is not None:
            yield event

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
        elif name == b"event":
            self._event = value
        elif name == b"id":
            # The standard ignores an id with a NULL, since no header could carry it back.
            self._next_id = self._next_id if b"\0" in value else _text(value)
        elif name == b"retry" and value.isdigit() and len(value) <= _LONGEST_RETRY:
            self.retry = int(value) / 1000

    def _dispatched(self) -> ServerSentEvent | None:
        self.last_id = self._next_id
        data, name = self._data, self._event
        self._data, self._event, self._size = [], b"", 0
        if not data:
            return None
        return ServerSentEvent(_text(b"\n".join(data)), _text(name) or "message", self.last_id)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
