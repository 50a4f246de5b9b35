"""How much of a reply's body is taken, and how its content coding is removed: the same for every transport."""

from __future__ import annotations

import zlib
from typing import Any

from gemel.kit.errors import ResponseTooLargeError
from gemel.kit.http.messages import Request
from gemel.kit.transport.failures import lost, too_large

__all__ = ["Intake"]

_AT_ONCE = 1 << 26
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_GZIP_START = b"\x1f\x8b"
_MOST_CODINGS = 5


class Intake:
    """What one client takes of a reply: so many bytes of body, as it came and as it is without its content coding.

    largest: the bytes, None for any number. Raises ValueError for what is no such number.
    """

    __slots__ = ("_at_once", "largest")

    def __init__(self, largest: int | None) -> None:
        number: Any = largest
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise ValueError(f"max_response_bytes: expected a positive whole number of bytes or None, got {number!r}")
        self.largest: int | None = largest
        self._at_once = _AT_ONCE if largest is None else min(largest, _AT_ONCE)

    def at_once(self, announced: int | None, status: int, request: Request) -> bool:
        """Say whether the body may be read in one go; what is not announced, or is large, is read in pieces.

        announced: the bytes still to come, None when unknown. Raises ResponseTooLargeError.
        """
        if announced is None:
            return False
        if announced <= self._at_once:
            return True
        self.check(announced, status, request)
        return False

    def check(self, size: int, status: int, request: Request) -> None:
        """Raise ResponseTooLargeError when a body has more bytes than are taken."""
        if self.largest is not None and size > self.largest:
            raise self._refusal(status, request)

    def decoded(self, body: bytes, coding: str, status: int, request: Request) -> bytes:
        """Return the body without its content coding (RFC 9110, section 8.4); of an unknown one, as it is.

        Raises APIConnectionError for what the coding does not produce, or not to its end; ResponseTooLargeError.
        """
        names = [name.strip().lower() for name in coding.split(",")]
        try:
            if len(names) > _MOST_CODINGS:
                raise zlib.error(f"more than {_MOST_CODINGS} content codings")
            for name in reversed(names):
                if name not in _WINDOWS:
                    break
                body = self._inflated(body, _WINDOWS[name], status, request)
        except zlib.error as failure:
            raise lost(request, failure, sent=True, garbled=True) from None
        return body

    def _inflated(self, data: bytes, window: int, status: int, request: Request) -> bytes:
        """Return what was compressed; several gzip members follow each other, what comes after them is ignored."""
        whole = b""
        while data:
            inflater = zlib.decompressobj(_RAW_DEFLATE if window == 15 and not _has_zlib_head(data) else window)
            most = 0 if self.largest is None else self.largest + 1 - len(whole)
            part = inflater.decompress(data, most)
            whole = whole + part if whole else part
            if self.largest is not None and len(whole) > self.largest:
                raise self._refusal(status, request)
            if not inflater.eof:
                raise zlib.error("the compressed body ends too soon")
            data = inflater.unused_data if inflater.unused_data.startswith(_GZIP_START) else b""
        return whole

    def _refusal(self, status: int, request: Request) -> ResponseTooLargeError:
        assert self.largest is not None
        return too_large(request, status, self.largest)


def _has_zlib_head(data: bytes) -> bool:
    """Tell the zlib form of deflate from the bare one, which some servers send (RFC 1950, section 2.2)."""
    return data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
