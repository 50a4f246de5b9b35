"""A scripted server: it records the exact bytes of each request and answers with exactly the bytes it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from typing_extensions import Self

Step = "bytes | Callable[[socket.socket, threading.Event], None]"
"""Bytes to answer with (the connection stays open), or what to do with the connection, which is then closed."""


class Seen:
    """One request as it came.   port: the client's end of the connection that it came by."""

    port: int = 0

    def __init__(self, head: bytes, body: bytes) -> None:
        self.raw = head + body
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.method, self.target, self.version = first.split(" ")
        self.fields = [(name, value.strip(" ")) for name, _, value in (line.partition(":") for line in lines)]
        self.headers = {name.lower(): value for name, value in self.fields}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def __repr__(self) -> str:
        return f"<{self.method} {self.target}>"


class Wire:
    """A server of one test. It answers by the script, one step a request, the last step again and again.

    answer: a function of the request that gives the step, in the place of a script.
    connections: how many there were.   most: how many at a time.
    mute: connections are accepted, nothing is read from them, and after so many seconds they are reset.
    port: where it listens, any when 0.
    """

    def __init__(
        self,
        *script: Any,
        answer: Any = None,
        tls: ssl.SSLContext | None = None,
        mute: float = 0.0,
        port: int = 0,
    ) -> None:
        self.script = list(script)
        self.answer = answer
        self.seen: list[Seen] = []
        self.connections = self.most = 0
        self._tls, self._mute = tls, mute
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections are open now."""
        with self._guard:
            return len(self._open)

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.seen]

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        _shut(self._listener)
        with self._guard:
            waiting = list(self._open)
        for connection in waiting:
            _shut(connection)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a connection of the test server did not end"

    def refuse(self) -> None:
        """Accept no more connections; those that are open stay."""
        _shut(self._listener)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, name="wire")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    return
                with self._guard:
                    self._open.add(connection)
                    self.connections += 1
                    self.most = max(self.most, len(self._open))
                self._start(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            connection = self._secured(plain)
            if self._mute:
                self._stopped.wait(self._mute)
                return
            while self._answer(connection):
                pass
        except (OSError, ValueError):
            return
        finally:
            with self._guard:
                self._open.discard(plain)
                self._open.discard(connection)
            connection.close()

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._tls is None:
            return plain
        plain.settimeout(5)
        secure = self._tls.wrap_socket(plain, server_side=True)
        with self._guard:
            self._open.discard(plain)
            self._open.add(secure)
        return secure

    def _answer(self, connection: socket.socket) -> bool:
        """Read one request and do the next step; False when the connection is over."""
        request = read_request(connection)
        if request is None:
            return False
        if not request.method:
            connection.sendall(reply(b"", 400))
            return False
        request.port = connection.getpeername()[1]
        with self._guard:
            self.seen.append(request)
            step = None if self.answer else self.script[min(len(self.seen), len(self.script)) - 1]
        step = step or self.answer(request)
        if callable(step) and not isinstance(step, bytes):
            step(connection, self._stopped)
            return False
        connection.sendall(step)
        return True


def read_request(connection: socket.socket) -> Seen | None:
    """Read one request; None when the client has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
        if not data[:1].isalpha():
            return Seen(b"  \r\n\r\n", b"")
    head, _, body = data.partition(b"\r\n\r\n")
    request = Seen(head + b"\r\n\r\n", b"")
    length = int(request.headers.get("content-length", "0"))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Seen(head + b"\r\n\r\n", body)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def reply(
    body: Any = b"",
    status: int = 200,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    kind: str = "application/json",
) -> bytes:
    """A whole reply; what is not bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = [("Content-Type", kind), *dict(headers).items()]
    if not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in fields}:
        fields.append(("Content-Length", str(len(content))))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + content


def cut(data: bytes = b"") -> Any:
    """Send this much, then close."""
    return lambda connection, stopped: connection.sendall(data)


def silence(connection: socket.socket, stopped: threading.Event) -> None:
    """Never answer."""
    stopped.wait(10)


def stall(data: bytes) -> Any:
    """Send this much, then nothing more, without closing."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data)
        stopped.wait(10)

    return step


def drip(data: bytes, *, first: int = 0, pause: float = 0.02) -> Any:
    """Send the first bytes at once, the others one by one, again and again until the test ends."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data[:first])
        while True:
            for byte in data[first:]:
                if stopped.wait(pause):
                    return
                connection.sendall(bytes([byte]))

    return step


def flood(head: bytes, piece: bytes, *, pause: float = 0.001) -> Any:
    """Send the head, then the piece until the client goes away."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(head)
        while not stopped.wait(pause):
            connection.sendall(piece)

    return step
