"""A server that answers most requests well, and does to the others what servers, networks and proxies do."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from typing_extensions import Self

ABORT = struct.pack("ii", 1, 0)
LIFE = 2.0


def reply(status: int, value: Any, *, packed: bool = False, chunked: bool = False, fields: str = "") -> bytes:
    """A whole reply, in one of the forms that a body may have."""
    body = json.dumps(value).encode()
    if packed:
        body, fields = gzip.compress(body), fields + "Content-Encoding: gzip\r\n"
    if chunked:
        body, fields = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), fields + "Transfer-Encoding: chunked\r\n"
    else:
        fields += f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{fields}\r\n".encode() + body


class Server:
    """Echoes the name of each request; a part of them, `faults`, meets a fault.

    asked: how many requests came.   writes: how often each POST was done.   logins: how many tokens were issued.
    """

    def __init__(self, seed: int, faults: float) -> None:
        self.asked = self.logins = 0
        self.met: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self._chance, self._faults = random.Random(seed), faults
        self._tokens: dict[str, float] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        with self._guard:
            left, threads = list(self._open), list(self._threads)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)

    def _accept(self) -> None:
        with self._listener:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    return
                thread = threading.Thread(target=self._serve, args=(connection,))
                with self._guard:
                    self._open.add(connection)
                    self._threads.add(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            while self._answered(connection):
                pass
        with self._guard:
            self._open.discard(connection)
            self._threads.discard(threading.current_thread())

    def _answered(self, connection: socket.socket) -> bool:
        """Answer one request; False when the connection is over."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            if not (more := connection.recv(65536)):
                return False
            body += more
        with self._guard:
            self.asked += 1
            good, late = self._good(first, headers, body), self._chance.random() < self._faults
            fault = self._chance.choice(list(FAULTS)) if late else "none"
            self.met[fault] += 1
        return FAULTS.get(fault, _well)(connection, good, self._stopped)

    def _good(self, first: str, headers: dict[str, str], body: bytes) -> bytes:
        """Do what a request asks for and return the good reply."""
        method, target, _ = first.split(" ")
        now, name = time.monotonic(), target.rpartition("/")[2]
        form = {"packed": self._chance.random() < 0.3, "chunked": self._chance.random() < 0.3}
        if target == "/login":
            self.logins += 1
            token = f"t-{self.logins}"
            self._tokens[token] = now + LIFE
            return reply(200, {"token": token, "expires_in": LIFE}, **form)
        if self._tokens.get(headers.get("authorization", "").removeprefix("Bearer "), 0.0) < now:
            return reply(401, {"message": "expired"})
        if method == "POST":
            self.writes[json.loads(body)["name"]] += 1
        return reply(200, {"name": name if method == "GET" else json.loads(body)["name"]}, **form)


Fault = Callable[[socket.socket, bytes, threading.Event], bool]


def _well(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
    connection.sendall(good)
    return True


def _says(data: bytes) -> Fault:
    def fault(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
        connection.sendall(data)
        return data.startswith(b"HTTP/1.1 5")

    return fault


def _cuts(part: float) -> Fault:
    def fault(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
        connection.sendall(good[: int(len(good) * part)])
        return False

    return fault


def _resets(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    return False


def _stalls(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
    connection.sendall(good[: len(good) // 2])
    stopped.wait(0.6)
    return False


def _says_twice(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
    connection.sendall(good + reply(200, {"name": "another"}))
    return True


def _answers_late(connection: socket.socket, good: bytes, stopped: threading.Event) -> bool:
    stopped.wait(0.6)
    connection.sendall(good)
    return True


FAULTS: dict[str, Fault] = {
    "says nothing": _cuts(0.0),
    "cuts the head": _cuts(0.2),
    "cuts the body": _cuts(0.95),
    "resets": _resets,
    "stalls": _stalls,
    "answers too late": _answers_late,
    "says something twice": _says_twice,
    "says what is no HTTP": _says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "says 500": _says(reply(500, {"message": "broken"})),
    "says 503": _says(reply(503, {"message": "down"})),
}
