"""Removes content codings in small steps: none takes long, however far a small body inflates."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any, cast

__all__ = ["Decoder", "UnknownCoding", "decoder_of"]

# The `wbits` of zlib.decompressobj: 15 is the largest window in the zlib format, 16 more ask for gzip, and a negative
# number is raw deflate. "x-gzip" equals "gzip" (RFC 9110, section 8.4.1.3).
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_GZIP = 31
_GZIP_START = b"\x1f\x8b"
# Each coding multiplies what the next one inflates, so an unbounded chain is a denial of service; urllib3 stops at five
# as well.
_MOST_CODINGS = 5
_UNKNOWN = frozenset({"aes128gcm", "br", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress", "zstd"})
"""What IANA's registry of content codings has beside ours. Any other name is the mistake of a server ("utf-8")."""

# Output is capped for each call of `decompress`, as one compressed kilobyte may become a megabyte; input is capped
# since `unconsumed_tail` and `unused_data` are copies of all that was not used.
_MOST_OUT = 1 << 18
_MOST_IN = 1 << 16
_LEAST_IN = 1 << 6
_RUN = 1 << 10


class UnknownCoding(ValueError):
    """A body has a content coding that gemel cannot remove and that was not asked for.

    Args:
        coding: Its registered name, such as "br".
    """

    def __init__(self, coding: str) -> None:
        self.coding: str = coding
        super().__init__(coding)


class Decoder:
    """Removes all content codings of one body.

    Args:
        windows: The `wbits` of zlib.decompressobj for each coding, the one applied last first.
    """

    def __init__(self, windows: Iterable[int]) -> None:
        self._stages = [_Inflater(window) for window in windows]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes decode to, in pieces of at most 256 KiB; b"" for a step from which nothing came.

        Raises:
            zlib.error: The bytes are not in this coding.
        """
        pieces: Iterator[bytes] = iter((data,))
        for stage in self._stages:
            pieces = _through(stage, pieces)
        return pieces

    def end(self) -> None:
        """Raise zlib.error when the body has ended too soon."""
        for stage in self._stages:
            stage.end()


def _through(stage: _Inflater, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if piece:
            # An empty piece is handed on: it lets the caller check its clock, though nothing has come out yet.
            yield from stage.feed(piece)
        else:
            yield piece


class _Inflater:
    """Removes one coding. Several gzip members follow each other; what comes after them is ignored.

    zlib copies what it leaves of the bytes that it is handed. Handed all of them, it would copy the square of a body of
    many small members: so it gets bites, small ones behind a small member.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._stream: Any = None
        self._members = 0
        self._over = False
        self._full = False
        self._held = b""
        self._bite = _MOST_IN
        self._start: int | None = None
        self._produced = 0
        self._empty = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what each bite decodes to."""
        data, self._held, position = self._held + data, b"", 0
        while (position < len(data) or self._full) and not self._over:
            if self._stream is None:
                position = self._skipped(data, position)
                if not self._begun(data, position):
                    break
            bite, stream = data[position : position + self._bite], cast(Any, self._stream)
            piece: bytes = stream.decompress(bite, _MOST_OUT)
            position += len(bite) - len(stream.unused_data or stream.unconsumed_tail)
            self._produced += len(piece)
            self._full = len(piece) == _MOST_OUT and not stream.eof
            self._go_on(data, position, whole=stream.eof)
            yield piece
        self._start = None

    def _skipped(self, data: bytes, position: int) -> int:
        """Return where a run of members ends that equal the last one, which was empty: a bomb has millions of them."""
        for same in (self._empty * _RUN, self._empty):
            while same and data.startswith(same, position):
                position += len(same)
        return position

    def _begun(self, data: bytes, position: int) -> bool:
        """Begin a member; False when its first two bytes have not come, or when it is none."""
        head = data[position : position + 2]
        if len(head) < 2:
            self._held = head
            return False
        # Behind the last member some servers leave padding; gzip(1) and urllib3 ignore such a trailer too.
        if self._members and not (self._window == _GZIP and head == _GZIP_START):
            self._over = True
            return False
        # "deflate" means the zlib format (RFC 9110, section 8.4.1.2), which also notes that some servers send it raw.
        bare = self._window != _GZIP and not _is_zlib(head)
        self._stream = zlib.decompressobj(_RAW_DEFLATE if bare else self._window)
        self._start, self._produced = position, 0
        return True

    def _go_on(self, data: bytes, position: int, *, whole: bool) -> None:
        """Settle the size of the next bite; end a member that is whole."""
        if not whole:
            self._bite = min(self._bite * 4, _MOST_IN)
            return
        if self._start is not None:
            member = data[self._start : position] if position - self._start <= _LEAST_IN else b""
            self._bite = max(_LEAST_IN, min(2 * (position - self._start), _MOST_IN))
            self._empty = b"" if self._produced else member
        self._stream = None
        self._members += 1

    def end(self) -> None:
        """Raise zlib.error in the middle of a member, or of the first bytes of the first one."""
        # decompressobj does not complain about a body that ends early: without this check a cut reply looks whole.
        if self._stream is not None or (self._held and not self._members):
            raise zlib.error("the compressed body ends too soon")


def _is_zlib(head: bytes) -> bool:
    """Tell the zlib form of deflate from the bare one, which some servers send (RFC 1950, section 2.2)."""
    return head[0] & 15 == 8 and int.from_bytes(head, "big") % 31 == 0


def _accepted(asked: str) -> set[str]:
    return {part.partition(";")[0].strip().lower() for part in asked.split(",")}


def decoder_of(coding: str, asked: str) -> Decoder | None:
    """Return what removes the codings of a body (RFC 9110, section 8.4), None for a body that has none.

    A name that is no coding is left alone with all before it, and so is a coding that is not ours but was asked for.

    Args:
        coding: The value of Content-Encoding.
        asked: The value of Accept-Encoding in the request.

    Raises:
        UnknownCoding: The body has a registered coding that is not supported and was not asked for.
        zlib.error: There are more codings than any server has reason to apply.
    """
    names = [name for part in coding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(names) > _MOST_CODINGS:
        raise zlib.error(f"more than {_MOST_CODINGS} content codings")
    windows = list[int]()
    # Content-Encoding lists codings in the order they were applied (RFC 9110, section 8.4).
    for name in reversed(names):
        if name in _WINDOWS:
            windows.append(_WINDOWS[name])
        elif name in _UNKNOWN and not _accepted(asked) & {name, "*"}:
            raise UnknownCoding(name)
        else:
            break
    return Decoder(windows) if windows else None
