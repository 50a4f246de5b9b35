"""Bodies other than JSON: forms, and multipart with files."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import IO, Any, TypeGuard

from msgspec import Struct

from gemel.kit.messages import MASK
from gemel.kit.types import is_array
from gemel.kit.wire import Refused, json_bytes, wire_text

__all__ = ["UNKNOWN_TYPE", "File", "Piece", "form_body", "multipart_body", "pieces"]

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of bytes of which nothing else is known (RFC 2046, section 4.5.1)."""


class File(Struct, frozen=True):
    """A file for a `Part` argument; it is read when the call is made.

    content: bytes, a path, or a binary file object.
    name: the file name that is sent; by default that of the path or file object.
    content_type: its media type; by default guessed from the name.
    """

    content: bytes | str | os.PathLike[str] | IO[bytes]
    name: str = ""
    content_type: str = ""

    def __repr__(self) -> str:
        return f"File({MASK}, name={self.name!r})"


class Piece(Struct, frozen=True):
    """One part of a multipart body, ready to send."""

    name: str
    content: bytes
    filename: str = ""
    content_type: str = ""


def form_body(pairs: list[str]) -> tuple[bytes, str]:
    """Return encoded pairs as a form, and its media type (WHATWG URL, application/x-www-form-urlencoded)."""
    return "&".join(pairs).encode(), "application/x-www-form-urlencoded"


def multipart_body(parts: list[Piece]) -> tuple[bytes, str]:
    """Return the parts as one body, and its media type with the boundary (RFC 7578)."""
    from urllib3.filepost import encode_multipart_formdata  # needed by few, slow to load

    return encode_multipart_formdata([_field(part) for part in parts])


def pieces(name: str, value: Any) -> list[Piece]:
    """Return the parts of an argument: a File, bytes, a list of them, a record as JSON, else text; None gives none.

    Raises Refused for what cannot be read.
    """
    if value is None:
        return []
    if is_array(value):
        return [piece for item in value for piece in pieces(name, item)]
    if isinstance(value, File):
        return [_file_piece(name, value)]
    if isinstance(value, bytes):
        return [Piece(name, value, filename=name, content_type=UNKNOWN_TYPE)]
    if isinstance(value, Struct | dict):
        return [Piece(name, json_bytes(value), content_type="application/json")]
    return [Piece(name, wire_text(value).encode())]


def _file_piece(name: str, file: File) -> Piece:
    filename = file.name or _own_name(file.content) or name
    kind = file.content_type or mimetypes.guess_type(filename)[0] or UNKNOWN_TYPE
    return Piece(name, _read(file.content), filename=filename, content_type=kind)


def _own_name(content: Any) -> str:
    path = content if _is_path(content) else getattr(content, "name", "")
    return Path(path).name if _is_path(path) else ""


def _is_path(value: Any) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _read(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    try:
        data = Path(content).read_bytes() if _is_path(content) else content.read()
    except OSError as error:
        raise Refused(f"the file cannot be read: {error.strerror}") from None
    if not isinstance(data, bytes):
        raise Refused('the file must be opened in binary mode: open(path, "rb")')
    return data


def _field(part: Piece) -> Any:
    from urllib3.fields import RequestField

    field = RequestField(part.name, part.content, filename=part.filename or None)
    field.make_multipart(content_type=part.content_type or None)
    return field
