"""How much of a reply's body is taken, and how its content coding is removed: the same for every transport."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from typing import Any

from gemel.kit.errors import ResponseTooLargeError
from gemel.kit.flow.clock import monotonic
from gemel.kit.http.messages import Headers, Request
from gemel.kit.transport.decoding import Decoder, UnknownCoding, decoder_of
from gemel.kit.transport.failures import lost, not_asked_for, out_of_time, too_large, unreadable

__all__ = ["Intake", "check_framing", "open_decoder", "to_the_end"]

# A server may announce any Content-Length, and http.client and aiohttp both gather a body of known length in one step:
# past this size it is read in pieces, so that the deadline is checked and memory grows only with what really came.
_AT_ONCE = 1 << 26
# An empty field and `identity` are not in RFC 9112, but `identity` was in RFC 2616 (section 3.6) and old servers send
# it; both mean that nothing is to be undone.
_FRAMINGS = frozenset({"", "identity", "chunked"})


class Intake:
    """The limit on the size of a reply's body, checked both before and after its content coding is removed.

    Args:
        largest: The most bytes a body may have, None for no limit.

    Raises:
        ValueError: `largest` is not a positive whole number.
    """

    __slots__ = ("_at_once", "largest")

    def __init__(self, largest: int | None) -> None:
        # bool is an int to Python, and `max_response_bytes=True` would mean one byte.
        number: Any = largest
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise ValueError(f"max_response_bytes: expected a positive whole number of bytes or None, got {number!r}")
        self.largest: int | None = largest
        self._at_once = _AT_ONCE if largest is None else min(largest, _AT_ONCE)

    def at_once(self, announced: int | None, status: int, request: Request) -> bool:
        """Say whether the body may be read in one go; a body of unknown or large size is read in pieces.

        Args:
            announced: The bytes still to come by Content-Length, None when unknown.
            status: The status of the reply, for the error.
            request: The request that it answers, for the error.

        Raises:
            ResponseTooLargeError: More bytes are announced than the client takes.
        """
        if announced is None:
            return False
        if announced <= self._at_once:
            return True
        self.check(announced, status, request)
        return False

    def check(self, size: int, status: int, request: Request) -> None:
        """Raise ResponseTooLargeError when a body of `size` bytes is larger than the limit."""
        if self.largest is not None and size > self.largest:
            raise self._refusal(status, request)

    def decoding(self, body: bytes, coding: str, status: int, request: Request) -> Generator[None, None, bytes]:
        """Return the body without its content coding; yields between steps of a millisecond or so.

        Args:
            body: The whole body as received.
            coding: The value of Content-Encoding.
            status: The status of the reply, for errors.
            request: The request that it answers; its deadline also bounds the decoding.

        Raises:
            APIConnectionError: The body is not in this coding or is cut short, or the coding is unknown.
            APITimeoutError: The deadline has passed.
            ResponseTooLargeError: More bytes came out than the client takes.
        """
        decoder = open_decoder(coding, request)
        if decoder is None:
            return body
        pieces, size = list[bytes](), 0
        try:
            for piece in decoder.feed(body):
                # One small body may inflate a thousandfold (a "zip bomb"), so size and clock are checked after every
                # step of at most 256 KiB and not when all of it stands in memory.
                pieces.append(piece)
                size += len(piece)
                self.check(size, status, request)
                if monotonic() > request.context.deadline:
                    raise out_of_time(request, sent=True)
                yield
            decoder.end()
        except zlib.error as failure:
            raise lost(request, failure, sent=True, garbled=True) from None
        return b"".join(pieces)

    def _refusal(self, status: int, request: Request) -> ResponseTooLargeError:
        assert self.largest is not None
        return too_large(request, status, self.largest)


def to_the_end(decoding: Generator[None, None, bytes]) -> bytes:
    """Run a decoding to its end without giving way in between, and return the body."""
    try:
        while True:
            next(decoding)
    except StopIteration as end:
        body: bytes = end.value
        return body


def open_decoder(coding: str, request: Request) -> Decoder | None:
    """Return the decoder of a content coding, None for no coding; raises APIConnectionError for an unknown one."""
    try:
        return decoder_of(coding, request.headers.get("accept-encoding", ""))
    except UnknownCoding as unknown:
        raise not_asked_for(request, unknown.coding) from None
    except zlib.error as failure:
        raise lost(request, failure, sent=True, garbled=True) from None


def check_framing(headers: Headers, request: Request) -> None:
    """Raise APIConnectionError for a reply whose transfer coding is not `chunked` alone (RFC 9112, section 6.1).

    A server may send another one only to who asks for it (section 7.4), and nobody does: http.client would wait for
    the end of the connection, as it does for white space behind the word; aiohttp would hand on what is still encoded.
    """
    coding = headers.get("transfer-encoding")
    if coding is not None and coding.lower() not in _FRAMINGS:
        raise unreadable(request, "transfer-encoding")
