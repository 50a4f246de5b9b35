"""Multipart bodies (RFC 7578): small ones as bytes, others read from their files while they are sent."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from msgspec import Struct

from gemel.kit.bodies.upload import Upload

__all__ = ["FilePart", "Multipart", "Piece", "multipart_body"]


class FilePart(Struct, frozen=True):
    """A file that is read while it is sent.

    Attributes:
        source: A path, or a binary file object.
        start: Where in the file the part begins, in bytes.
        size: How many bytes are sent.
    """

    source: str | os.PathLike[str] | BinaryIO
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def opened(self, stack: ExitStack) -> BinaryIO:
        """Return the file positioned at its start; a path is opened, and closed with the stack. Raises OSError."""
        if isinstance(self.source, str | os.PathLike):
            return stack.enter_context(open(self.source, "rb"))
        self.source.seek(self.start)
        return self.source


class Piece(Struct, frozen=True):
    """One part of a multipart body, ready to send.

    Attributes:
        name: The name of the form field.
        content: The bytes of the part, or a file.
        filename: The file name to send, "" for none.
        content_type: The media type, "" for none.
        headers: Further header fields.
    """

    name: str
    content: bytes | FilePart
    filename: str = ""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Multipart(Upload):
    """A multipart body whose files are read anew for each attempt."""

    def __init__(self, sections: list[bytes | FilePart], content_type: str) -> None:
        self._sections = sections
        self.on_progress: Callable[[int, int], object] | None = None
        self.size: int = sum(map(len, sections))
        self.content_type: str = content_type
        self.begun: bool = False

    @property
    def replayable(self) -> bool:
        """Always True: its files are paths or seekable."""
        return True

    def _at_start(self, stack: ExitStack) -> BinaryIO:
        return cast("BinaryIO", _Joined(self._sections, stack))


class _Joined:
    """Reads bytes and files one after the other as if they were one file."""

    def __init__(self, sections: list[bytes | FilePart], stack: ExitStack) -> None:
        self._waiting = iter(sections)
        self._stack = stack
        self._left = 0
        self._file: BinaryIO = io.BytesIO()

    def read(self, count: int) -> bytes:
        """Return at most `count` of the next bytes, b"" at the end or where a file ends before its size."""
        while not self._left:
            section = next(self._waiting, None)
            if section is None:
                return b""
            self._left = len(section)
            self._file = io.BytesIO(section) if isinstance(section, bytes) else section.opened(self._stack)
        piece = self._file.read(min(count, self._left))
        self._left -= len(piece)
        return piece


def multipart_body(parts: list[Piece]) -> tuple[bytes | Multipart, str]:
    """Return the parts as one body, and its media type with the boundary."""
    # Random, so that no content can contain it, not even on purpose (RFC 2046, section 5.1.1).
    boundary = os.urandom(16).hex()
    kind, sections = f"multipart/form-data; boundary={boundary}", _merged(_sections(parts, boundary.encode()))
    return (b"".join(cast("list[bytes]", sections)) if len(sections) == 1 else Multipart(sections, kind)), kind


def _sections(parts: list[Piece], boundary: bytes) -> Iterator[bytes | FilePart]:
    for part in parts:
        yield b"--" + boundary + b"\r\n" + _head(part)
        yield part.content
        yield b"\r\n"
    yield b"--" + boundary + b"--\r\n"


def _merged(sections: Iterator[bytes | FilePart]) -> list[bytes | FilePart]:
    """Join the bytes between two files."""
    merged: list[bytes | FilePart] = []
    waiting: list[bytes] = []
    for section in sections:
        if isinstance(section, bytes):
            waiting.append(section)
        else:
            merged += [b"".join(waiting), section]
            waiting = []
    return [*merged, b"".join(waiting)]


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _without_controls(text: str) -> str:
    """Return a name as it can stand in the head of a part; urllib3 encodes line breaks and quotes alone."""
    return _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _head(part: Piece) -> bytes:
    from urllib3.fields import RequestField  # needed by few, slow to load

    filename = _without_controls(part.filename) or None
    field: Any = RequestField(_without_controls(part.name), b"", filename=filename, headers=dict(part.headers))
    field.make_multipart(content_type=part.content_type or None)
    head: str = field.render_headers()
    return head.encode()
