"""JSON values that come one after the other: JSON lines, and JSON text sequences (RFC 7464); bytes to events, all pure.

https://jsonlines.org
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Protocol

from gemel.kit.http.sse import EventDecoder, EventTooLarge, ServerSentEvent

__all__ = ["FORMATS", "StreamDecoder", "accepted_types", "format_of", "stream_decoder"]

_LINES = ("jsonl", "x-ndjson", "ndjson", "x-jsonl", "jsonlines", "x-jsonlines", "json-lines", "stream+json")

FORMATS: dict[str, tuple[str, ...]] = {
    "sse": ("text/event-stream",),
    "jsonl": tuple(f"application/{name}" for name in _LINES),
    "json-seq": ("application/json-seq",),
}
"""The media types of each format; the first is the registered one."""

_ASKED_FOR = {"sse": 1, "jsonl": 2, "json-seq": 1}
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


def accepted_types(formats: Iterable[str]) -> str:
    """Return what a request says that it accepts, of these formats."""
    return ", ".join(kind for name in formats for kind in FORMATS[name][: _ASKED_FOR[name]])


def format_of(kind: str, formats: tuple[str, ...]) -> str:
    """Return the format of a reply of this media type, "" for one that is no stream.

    Args:
        kind: In lower case, without parameters; "" when the reply does not say it.
        formats: Those declared. Where JSON lines are, servers also call them application/json.
    """
    if not kind:
        return formats[0]
    found = next((name for name, kinds in FORMATS.items() if kind in kinds), "")
    if not found and kind.endswith("+json-seq"):  # RFC 8091
        return "json-seq"
    if not found and "jsonl" in formats and (kind == "application/json" or kind.endswith("+json")):
        return "jsonl"
    return found


class StreamDecoder(Protocol):
    """Turns the pieces of a stream into events, wherever the pieces were cut."""

    last_id: str
    retry: float | None

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that this piece completes; raises EventTooLarge."""
        ...

    def rest(self) -> list[ServerSentEvent]:
        """Return what the end of the stream completes."""
        ...

    @property
    def unfinished(self) -> str | None:
        """The data of the event that nothing has ended yet, None where there is none."""
        ...


def stream_decoder(name: str, largest: int, last_id: str, retry: float | None) -> StreamDecoder:
    """Return the decoder of a format; the last two are what is known from before a lost connection."""
    if name == "sse":
        return EventDecoder(largest, last_id, retry)
    return (_Sequence if name == "json-seq" else _Lines)(largest)


class _Lines:
    """One JSON text a line; blank lines only keep the connection alive."""

    _mark = b"\n"

    def __init__(self, largest: int) -> None:
        self.last_id: str = ""
        self.retry: float | None = None
        self._largest = largest
        self._kept: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the values that this piece completes; raises EventTooLarge."""
        *whole, last = piece.split(self._mark)
        for part in whole:
            self._keep(part)
            yield from self.rest()
        self._keep(last)

    def rest(self) -> list[ServerSentEvent]:
        """Return what the end of the stream completes: a value that nothing follows."""
        text = self.unfinished
        self._kept, self._size = [], 0
        return [] if text is None else [ServerSentEvent(text)]

    @property
    def unfinished(self) -> str | None:
        """The value that has come so far, None where there is none."""
        return b"".join(self._kept).strip(_SPACE).removeprefix(_BOM).decode("utf-8", "replace") or None

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._largest:
            raise EventTooLarge(f"a value of the stream is larger than {self._largest} bytes")
        if part:
            self._kept.append(part)


class _Sequence(_Lines):
    """JSON texts that each begin with a record separator, and may have line feeds inside (RFC 7464)."""

    _mark = b"\x1e"

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yield the values that this piece completes: those that another follows, and one that its line feed ends."""
        yield from super().feed(piece)
        if piece.endswith(b"\n") and _is_json(self.unfinished):
            yield from self.rest()


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "")
    except (ValueError, RecursionError):
        return False
    return True
