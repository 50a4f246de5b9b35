"""A tiny HTTP/1.1 server that keeps the raw bytes of every request it gets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple

from typing_extensions import Self


class Request(NamedTuple):
    """What an answer depends on."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Request], bytes]


class Recorder:
    """A server on a free port of the loopback; connections are kept alive, and each has a thread of its own."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._scripted: list[bytes] = []
        self._taken: list[bytes] = []
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, *replies: bytes) -> None:
        """Answer the next requests with these replies."""
        self._scripted = list(replies)

    def take(self) -> tuple[list[bytes], int]:
        """The requests since the last look, in the order they came, and how many replies of the script are left."""
        with self._guard:
            taken, self._taken = self._taken, []
            return taken, len(self._scripted)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        _shut(self._listener)
        self._threads[0].join(5)
        with self._guard:
            for connection in self._open:
                _shut(connection)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a connection of the recorder did not end"

    def _accept(self) -> None:
        with self._listener, contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with self._guard:
                    self._open.add(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), connection.makefile("rb") as stream:
                while raw := read_request(stream):
                    with self._guard:
                        self._taken.append(raw)
                        scripted = self._scripted.pop(0) if self._scripted else None
                    request = parsed(raw)
                    answer = self._answer(request) if scripted is None else scripted
                    head, _, body = answer.partition(b"\r\n\r\n")
                    connection.sendall(head + b"\r\n\r\n" + (b"" if request.method == "HEAD" else body))
        finally:
            with self._guard:
                self._open.discard(connection)
            connection.close()


def read_request(stream: BinaryIO) -> bytes:
    """Read the bytes of one request; b"" when the client has closed the connection."""
    raw = b""
    while not raw.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        raw += line
    headers = parsed(raw).headers
    if headers.get("transfer-encoding") == "chunked":
        return raw + _chunks(stream)
    return raw + stream.read(int(headers.get("content-length", "0")))


def _chunks(stream: BinaryIO) -> bytes:
    raw = b""
    while not raw.endswith(b"0\r\n\r\n"):
        size = stream.readline()
        raw += size + stream.read(int(size, 16) + 2)
    return raw


def parsed(raw: bytes) -> Request:
    """A request of its bytes, with the names of the header fields in small letters."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    fields = (line.partition(": ") for line in lines)
    return Request(method, target, {name.lower(): value for name, _, value in fields}, body)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def reply(body: Any = b"", status: int = 200, **headers: str) -> bytes:
    """A whole reply; what is not bytes becomes JSON, an underscore in the name of a header a hyphen."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content_type": "application/json", **headers, "content_length": str(len(content))}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content
