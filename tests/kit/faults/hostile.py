"""What a hostile server does with a connection, beside what every scripted server of these tests can."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Any

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b'{"ok": true}'


def sized(size: int = len(BODY)) -> bytes:
    """A head that announces so many bytes."""
    return JSON + b"Content-Length: %d\r\n\r\n" % size


def held(data: bytes) -> Any:
    """Send this much, then nothing more until the client goes away."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data)
        while connection.recv(65536):
            pass

    return step


def reset(data: bytes = b"") -> Any:
    """Send this much, then drop the connection without the farewell of TCP."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return step


def endless(head: bytes, piece: bytes, most: int = 1 << 62) -> Any:
    """Send the head, then the piece again and again, as fast as it is taken, so many bytes at most."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            for _ in range(most // len(piece)):
                connection.sendall(piece)

    return step
