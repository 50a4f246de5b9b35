"""Streams in either mode, and a server that stops in the middle of one and sees when the client hangs up."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

from typing_extensions import Self

from .modes import Mode

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENCE = 10  # seconds that nothing here takes


def opened(mode: Mode, stream: Any) -> Any:
    """The stream that a call has opened."""
    return mode.run(stream)


def read(mode: Mode, stream: Any, seen: list[Any] | None = None, most: int | None = None) -> list[Any]:
    """What an open stream gives, also appended to a list as it comes: to its end, or at most so much."""
    seen = [] if seen is None else seen

    def blocking() -> None:
        for value in stream:
            seen.append(value)
            if len(seen) == most:
                return

    async def awaiting() -> None:
        async for value in stream:
            seen.append(value)
            if len(seen) == most:
                return

    mode.run(awaiting() if hasattr(stream, "__aiter__") else blocking())
    return seen


def event(data: Any, name: str = "") -> bytes:
    """One event of a stream, as a chunk of a reply; what is not text becomes JSON."""
    text = data if isinstance(data, str) else json.dumps(data)
    block = (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(block), block)


class Stopping:
    """A server that answers one request with these bytes and then stops: it hangs up, or it waits for the client to."""

    def __init__(self, *pieces: bytes, hang_up: bool = False) -> None:
        self._reply = b"".join(pieces)
        self._hang_up = hang_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="stopping")
        self.left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive(), "the client did not hang up"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                _read_request(connection)
                connection.sendall(self._reply)
                if not self._hang_up:
                    assert connection.recv(1) == b"", "the client sent more"
                    self.left.set()


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
