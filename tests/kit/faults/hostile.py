"""What a hostile server does with a connection, beside what every scripted server of these tests can."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
ABORT = struct.pack("ii", 1, 0)
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
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)

    return step


def endless(head: bytes, piece: bytes, most: int = 1 << 62) -> Any:
    """Send the head, then the piece again and again, as fast as it is taken, so many bytes at most."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            for _ in range(most // len(piece)):
                connection.sendall(piece)

    return step


class Later:
    """Answers well and, a moment later, does something to the connection.

    done: set while it has been done to the last connection.
    """

    def __init__(self, act: Callable[[socket.socket], object], reply: bytes) -> None:
        self.act, self.reply = act, reply
        self.done = threading.Event()

    def __call__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.done.clear()
        # What comes later must not wait for an acknowledgement (Nagle's algorithm) that comes with the next request.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(self.reply)
        stopped.wait(0.005)
        self.act(connection)
        self.done.set()
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass


def shut(connection: socket.socket) -> None:
    """Close both ways."""
    connection.shutdown(socket.SHUT_RDWR)


def half_shut(connection: socket.socket) -> None:
    """Say that nothing more will come, and go on listening."""
    connection.shutdown(socket.SHUT_WR)


def dropped(connection: socket.socket) -> None:
    """Close without the farewell of TCP."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    connection.close()
