"""Requests written byte by byte, where a client would put its own headers in or refuse to send."""

from __future__ import annotations

import json
import socket
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit


class Reply(NamedTuple):
    """What came back on a connection that was then closed."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


def exchange(
    url: str, request: str, *headers: str, body: bytes = b"", host: str | None = None, length: int | None = None
) -> Reply:
    """Send a request line with these headers, and the Host of the address or the one given; "" leaves it out."""
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    lines = [f"{request} HTTP/1.1", "Connection: close", *headers]
    if host != "":
        lines.append(f"Host: {parts.netloc if host is None else host}")
    if body or length is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return read(connection.makefile("rb"))


def read(stream: IO[bytes]) -> Reply:
    """Read one reply, whether or not the connection ends after it."""
    status = int(stream.readline().split()[1])
    lines = iter(lambda: stream.readline().decode("latin-1").strip(), "")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Reply(status, headers, stream.read(int(headers.get("content-length", 0))))


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
