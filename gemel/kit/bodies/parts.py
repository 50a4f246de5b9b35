"""Bodies other than JSON: forms, and multipart with files."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import IO, Any, TypeGuard

from msgspec import Struct

from gemel.kit.bodies.multipart import FilePart, Piece
from gemel.kit.bodies.upload import UNKNOWN_TYPE, measured
from gemel.kit.http.encoding import Refused, header_field, header_text, utf8_bytes, wire_text
from gemel.kit.http.redaction import MASK
from gemel.kit.models.encode import json_bytes
from gemel.kit.types import Discreet, is_array

__all__ = ["File", "form_body", "pieces"]

_SMALL = 1 << 16


class File(Discreet, frozen=True):
    """A file for a `Part` argument. It is read while it is sent, and again for a repeat.

    Attributes:
        content: Bytes, a path, or a binary file object, sent from its current position and not closed. One of up to 64
            KiB, or one that cannot seek, is read when the call is made.
        name: The file name to send; "" takes that of the path or file object.
        content_type: Its media type; "" guesses it from the name.
        headers: Names and values of further header fields of its part, such as ("Content-ID", "<logo>").

    Raises:
        ValueError: The media type or a header field cannot be sent, or is one that the part has already.
    """

    content: bytes | str | os.PathLike[str] | IO[bytes]
    name: str = ""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        header_text(self.content_type)
        for name, value in self.headers:
            header_field(name, value)
            if name.lower() in ("content-disposition", "content-type"):
                raise Refused(f"{name} follows from the name and the media type of the part")

    def __repr__(self) -> str:
        return f"File({MASK}, name={self.name!r})"


def form_body(pairs: list[str]) -> tuple[bytes, str]:
    """Return encoded pairs as a form and its media type (WHATWG URL, application/x-www-form-urlencoded)."""
    return "&".join(pairs).encode(), "application/x-www-form-urlencoded"


def pieces(name: str, value: Any) -> list[Piece]:
    """Return the parts for an argument: a File, bytes, a list of them, a record as JSON, else text; none for None.

    Raises:
        Refused: A file cannot be read, or a value has no text form.
    """
    if value is None:
        return []
    utf8_bytes(name)
    if is_array(value):
        return [piece for item in value for piece in pieces(name, item)]
    if isinstance(value, File):
        return [_file_piece(name, value)]
    if isinstance(value, bytes):
        return [Piece(name, value, filename=name, content_type=UNKNOWN_TYPE)]
    if isinstance(value, Struct | dict):
        return [Piece(name, json_bytes(value), content_type="application/json")]
    return [Piece(name, utf8_bytes(wire_text(value)))]


def _file_piece(name: str, file: File) -> Piece:
    filename = file.name or _own_name(file.content) or name
    try:
        utf8_bytes(filename)
    except Refused:
        raise Refused("the file name is not valid Unicode: pass name=") from None
    kind = file.content_type or mimetypes.guess_type(filename)[0] or UNKNOWN_TYPE
    return Piece(name, _content(file.content), filename=filename, content_type=kind, headers=file.headers)


def _own_name(content: Any) -> str:
    path = content if _is_path(content) else getattr(content, "name", "")
    return Path(path).name if _is_path(path) else ""


def _is_path(value: Any) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _content(source: Any) -> bytes | FilePart:
    """Return a small or unseekable file as bytes, any other as a FilePart that is read while it is sent."""
    if isinstance(source, bytes):
        return source
    try:
        start, size = measured(source)
        if start is None or size is None or size <= _SMALL:
            return _read(source)
        return FilePart(source, start, size)
    except OSError as error:
        raise Refused(f"the file cannot be read: {error.strerror or error}") from None
    except (TypeError, ValueError):
        raise Refused('expected bytes, a path, or a file opened in binary mode: open(path, "rb")') from None


def _read(source: Any) -> bytes:
    data = Path(source).read_bytes() if _is_path(source) else source.read()
    if not isinstance(data, bytes):
        raise TypeError(type(data).__name__)
    return data
