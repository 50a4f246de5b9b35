"""Download and AsyncDownload: a body in pieces as it comes, or saved to a file that is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeAlias

from typing_extensions import Self

from gemel.kit.calls.saving import PartialFile, is_passage, opened_passage
from gemel.kit.errors import ResponseValidationError
from gemel.kit.flow.effects import Flow, Offload, Opened, Read, Sleep, discard
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.policies.caller import Caller
from gemel.kit.tracebacks import entry

__all__ = ["AsyncDownload", "Download", "Progress", "Target", "Transfer", "open_transfer"]

Progress: TypeAlias = Callable[[int, "int | None"], object]
"""A function called after every piece with the bytes so far, and with the bytes in all or None when unknown."""

Target: TypeAlias = "str | os.PathLike[str] | BinaryIO"
"""Where a download goes: a path, or a binary file object, written from its current position and not closed."""

_WRITTEN_AT_ONCE = 1 << 20
_UNTIL_READ = 0.02


class Transfer:
    """One download, for both modes; it closes itself at the end and at the first error.

    Args:
        caller: Performs the flows of the client.
        request: The request that was sent.
        response: The reply, opened or whole.

    Attributes:
        size: The bytes of the body, None when unknown.
        received: The bytes that have come so far.
    """

    def __init__(self, caller: Caller, request: Request, response: Response) -> None:
        self.caller: Caller = caller
        self.response: Response = response
        self.size: int | None = _size(response)
        self.received: int = 0
        self._request = request
        self._over = False

    def piece(self) -> Flow[bytes]:
        """Return the next piece, b"" at the end; raises the errors of a call."""
        if self._over:
            return b""
        try:
            piece = yield from self._read()
        except BaseException:
            self.close()
            raise
        self.received += len(piece)
        if not piece:
            self.close()
        return piece

    def _read(self) -> Flow[bytes]:
        if isinstance(self.response, Opened):
            piece: bytes = yield Read(self.response.reader)
            return piece
        return b"" if self.received else self.response.body

    def save(self, target: Target, on_progress: Progress | None, limit: int | None) -> Flow[int]:
        """Write the body to the target, close the download, and return the size in bytes."""
        try:
            self._check(self.size or 0, limit)
            if isinstance(target, str | os.PathLike):
                yield from self._saved(Path(target), on_progress, limit)
            else:
                yield from self._written(target, on_progress, limit)
        finally:
            self.close()
        return self.received

    def _saved(self, path: Path, on_progress: Progress | None, limit: int | None) -> Flow[None]:
        if is_passage(path):
            with (yield from self._passage(path)) as file:
                yield from self._written(file, on_progress, limit)
            return
        part = PartialFile(path)
        try:
            yield from self._written(part.file, on_progress, limit)
            yield Offload(part.file.close)
            yield Offload(part.keep)
        except BaseException:
            part.drop()
            raise

    def _passage(self, path: Path) -> Flow[BinaryIO]:
        """Open a pipe or device; wait for a reader of the pipe, at most as long as a call may take."""
        until = self.caller.clock() + self._request.context.timeout.total
        while (file := opened_passage(path)) is None:
            if self.caller.clock() >= until:
                raise TimeoutError(f"{path}: nobody reads this pipe")
            yield Sleep(_UNTIL_READ)
        return file

    def _written(self, file: BinaryIO, on_progress: Progress | None, limit: int | None) -> Flow[None]:
        waiting = bytearray()
        while piece := (yield from self.piece()):
            self._check(self.received, limit)
            waiting += piece
            if len(waiting) >= _WRITTEN_AT_ONCE:
                yield Offload(_writing(file, waiting))
                waiting = bytearray()
            if on_progress is not None:
                on_progress(self.received, self.size)
        yield Offload(_writing(file, waiting))

    def _check(self, size: int, limit: int | None) -> None:
        if limit is not None and size > limit:
            raise ResponseValidationError(
                f"{self._request.context.label}: the download is larger than the limit of {limit} bytes",
                request=self._request,
                body=b"",
            )

    def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end; may be called again."""
        self._over = True
        discard(self.response)


def _writing(file: BinaryIO, data: bytearray) -> Callable[[], None]:
    """Return a function that writes all of the data; a raw file may take several writes."""

    def write() -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]

    return write


def _size(response: Response) -> int | None:
    """Return the size of the body in bytes; None when the server does not say it, or says it of the encoded form."""
    length = response.headers.get("content-length", "")
    # Content-Length counts the bytes on the wire, which a content coding makes fewer.
    plain = response.headers.get("content-encoding", "identity").lower() == "identity"
    return int(length) if plain and length.isascii() and length.isdigit() else None


def open_transfer(caller: Caller, request: Request) -> Flow[Transfer]:
    """Send the request and return the transfer of its body; raises the errors of a call."""
    response = caller.checked((yield from caller.exchange(request)), request)
    return Transfer(caller, request, response)


class _Downloading:
    """The base of both downloads: what they offer without reading."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    @property
    def status(self) -> int:
        """The status code of the reply."""
        return self._transfer.response.status

    @property
    def headers(self) -> Headers:
        """The header fields of the reply."""
        return self._transfer.response.headers

    @property
    def size(self) -> int | None:
        """The size of the body in bytes, None when the server does not say it."""
        return self._transfer.size

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}, {self.size if self.size is not None else 'unknown'} bytes>"


class Download(_Downloading):
    """The body of an open reply: `with client.files.content(id) as download: download.save("report.pdf")`.

    In a stub, `-> Download` declares it. `save` it, or iterate its pieces, bytes as they come. Leave it early by its
    `with` block or by `close`. A connection that is cut raises APIConnectionError; the read timeout counts for each
    piece, and the total for the opening alone (see `Timeout`).
    """

    def __iter__(self) -> Self:
        return self

    @entry
    def __next__(self) -> bytes:
        piece: bytes = self._transfer.caller.run(self._transfer.piece())
        if not piece:
            raise StopIteration
        return piece

    @entry
    def save(self, target: Target, *, on_progress: Progress | None = None, limit: int | None = None) -> int:
        """Write the body to a path or file object, and close the download.

        A file at the path is replaced only when the body is whole; until then a file beside it is written, of which
        nothing remains after an error.

        Args:
            target: A path, or a binary file object, which is written from its current position and not closed.
            on_progress: Called after every piece with the bytes so far, and the bytes in all or None.
            limit: The most bytes to accept, None for no limit.

        Returns:
            The size of the body in bytes.

        Raises:
            ResponseValidationError: The body has more bytes than `limit`.
            APIConnectionError: The connection was cut, or no piece came in time.
            OSError: The target cannot be written.
        """
        size: int = self._transfer.caller.run(self._transfer.save(target, on_progress, limit))
        return size

    @entry
    def close(self) -> None:
        """Close the download; may be called again."""
        self._transfer.close()

    def __enter__(self) -> Self:
        return self

    @entry
    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncDownload(_Downloading):
    """The body of an open reply: `async with client.files.content(id) as download: await download.save("report.pdf")`.

    Otherwise as Download; files are written in a thread.
    """

    def __aiter__(self) -> Self:
        return self

    @entry
    async def __anext__(self) -> bytes:
        piece: bytes = await self._transfer.caller.arun(self._transfer.piece())
        if not piece:
            raise StopAsyncIteration
        return piece

    @entry
    async def save(self, target: Target, *, on_progress: Progress | None = None, limit: int | None = None) -> int:
        """Write the body to a path or file object in a thread; otherwise as `Download.save`."""
        size: int = await self._transfer.caller.arun(self._transfer.save(target, on_progress, limit))
        return size

    @entry
    async def close(self) -> None:
        """Close the download; may be called again."""
        self._transfer.close()

    async def __aenter__(self) -> Self:
        return self

    @entry
    async def __aexit__(self, *_: object) -> None:
        await self.close()
