"""Upload: a request body that is read from a file while it is sent, never whole."""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from gemel.kit.errors import UploadError
from gemel.kit.flow.clock import monotonic
from gemel.kit.http.encoding import header_text

__all__ = ["UNKNOWN_TYPE", "Upload", "UploadReader", "measured"]

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of bytes of which nothing else is known (RFC 2046, section 4.5.1)."""


class Upload:
    """A file as the whole body of a request: `client.files.replace(id, Upload("disk.img"))`.

    In a stub, `content: Annotated[Upload, Body]` declares it.

    Args:
        source: A path, opened for each attempt, or a binary file object, sent from its current position and not closed.
        size: The number of bytes to send; needed for a file object that cannot tell its size, such as a pipe.
        content_type: The media type; "" guesses it from the name.
        on_progress: Called with the bytes sent so far and the bytes in all; a retry starts again at 0.

    Raises:
        OSError: The path cannot be read.
        ValueError: The size is not known, or the media type cannot be sent in a header.
        TypeError: The source is a text file or not a file.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | BinaryIO,
        *,
        size: int | None = None,
        content_type: str = "",
        on_progress: Callable[[int, int], object] | None = None,
    ) -> None:
        self._source = source
        self.on_progress: Callable[[int, int], object] | None = on_progress
        self._start, found = measured(source)
        self.size: int = _known(found if size is None else size)
        self.content_type: str = header_text(content_type) or mimetypes.guess_type(_name(source))[0] or UNKNOWN_TYPE
        self.begun: bool = False

    @property
    def replayable(self) -> bool:
        """Whether it can be sent (again): always for a path or a seekable file, once for any other file object."""
        return self._start is not None or not self.begun

    @contextmanager
    def opened(self, deadline: float = float("inf")) -> Generator[UploadReader, None, None]:
        """Open the file at its start for one attempt; `deadline` is in monotonic seconds. Raises UploadError."""
        with ExitStack() as stack:
            try:
                file = self._at_start(stack)
            except (OSError, ValueError) as error:
                raise UploadError(f"the file of the upload cannot be read: {error}") from None
            yield UploadReader(self, file, deadline)

    def _at_start(self, stack: ExitStack) -> BinaryIO:
        if isinstance(self._source, str | os.PathLike):
            return stack.enter_context(open(self._source, "rb"))
        if self._start is not None:
            self._source.seek(self._start)
        return self._source

    def __len__(self) -> int:
        return self.size

    # By __len__ an empty file would count as no body at all.
    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Upload, {self.size} bytes>"


class UploadReader:
    """Reads exactly the announced number of bytes from the file of an upload."""

    def __init__(self, upload: Upload, file: BinaryIO, deadline: float) -> None:
        self._upload = upload
        self._file = file
        self._left = upload.size
        self._deadline = deadline

    def read(self, count: int) -> bytes:
        """Return at most `count` of the next bytes, b"" at the end, and report the progress.

        Raises:
            UploadError: The file cannot be read, or ends too soon.
            TimeoutError: The deadline has passed.
        """
        if monotonic() > self._deadline:
            raise TimeoutError("the deadline has passed")
        piece = self.take(count)
        self.progressed(len(piece))
        return piece

    def take(self, count: int) -> bytes:
        """Return at most `count` of the next bytes, b"" at the end, without reporting; may be called in a thread."""
        self._upload.begun = True
        wanted = min(count, self._left)
        try:
            piece = self._file.read(wanted) if wanted else b""
        except (OSError, ValueError) as error:
            raise UploadError(f"the file of the upload cannot be read: {error}") from None
        # Content-Length has been sent: fewer bytes would leave the server waiting for the rest until it times out.
        if wanted and not piece:
            raise UploadError(f"the file of the upload ended {self._left} bytes before its announced size")
        self._left -= len(piece)
        return piece

    def progressed(self, count: int) -> None:
        """Report the progress after a piece of `count` bytes."""
        if self._upload.on_progress is not None and count:
            self._upload.on_progress(self._upload.size - self._left, self._upload.size)


def measured(source: str | os.PathLike[str] | BinaryIO) -> tuple[int | None, int | None]:
    """Return the start of a source, None if it cannot seek, and its size in bytes, None if unknown.

    Raises:
        OSError: The path cannot be read.
        TypeError: The source is neither a path nor a binary file.
    """
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return 0, os.fstat(file.fileno()).st_size
    if isinstance(source, io.TextIOBase) or not hasattr(source, "read"):
        raise TypeError('upload: expected a path or a binary file object, as open(path, "rb") gives')
    if not source.seekable():
        return None, None
    start = source.tell()
    size = source.seek(0, io.SEEK_END) - start
    source.seek(start)
    return start, size


def _known(size: int | None) -> int:
    if size is None or size < 0:
        raise ValueError("upload: the size is not known: pass size=, in bytes")
    return size


def _name(source: str | os.PathLike[str] | BinaryIO) -> str:
    name: object = os.fspath(source) if isinstance(source, str | os.PathLike) else getattr(source, "name", "")
    return Path(name).name if isinstance(name, str) else ""
