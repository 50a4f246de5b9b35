"""A raw HTTP server in a process of its own: prebuilt replies by path, so that its cost hides no difference of peers.

It knows no framework, reads no query and no body, and keeps every connection open. A call without the token gets 401,
so that no peer can be fast by leaving the header out. It ends when its standard input closes.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import julep_payload
import payload

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
AUTHORIZATION = b"\r\nAuthorization: Bearer " + payload.TOKEN.encode() + b"\r\n"
LOGIN = b"/api/v1/auth/universal-auth/login"


def reply(status: bytes, body: bytes) -> bytes:
    """A whole HTTP reply with a JSON body."""
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def streamed(chunks: bytes) -> bytes:
    """A whole HTTP reply with server-sent events in a chunked body."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" + chunks


def prebuilt() -> dict[bytes, bytes]:
    """The replies by path, of both APIs."""
    documents = {path: reply(b"200 OK", body) for path, body in julep_payload.documents().items()}
    streams = {path: streamed(chunks) for path, chunks in julep_payload.streams().items()}
    return {**infisical(), **documents, **streams}


def infisical() -> dict[bytes, bytes]:
    """The replies of Infisical, both generations of its API."""
    one = reply(b"200 OK", payload.one_secret())
    several = reply(b"200 OK", payload.all_secrets())
    key = payload.KEY.encode()
    return {
        b"/api/v3/secrets/raw/" + key: one,
        b"/api/v4/secrets/" + key: one,
        b"/api/v3/secrets/raw": several,
        b"/api/v4/secrets": several,
        LOGIN: reply(b"200 OK", payload.login()),
    }


UNAUTHORIZED = reply(b"401 Unauthorized", b'{"statusCode":401,"message":"Token missing","error":"Unauthorized"}')
NOT_FOUND = reply(b"404 Not Found", b'{"statusCode":404,"message":"No such path","error":"NotFound"}')


class Connection(asyncio.Protocol):
    """One keep-alive connection: answers each whole request from the table, in order."""

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self._replies = replies
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while head := take_request(self._buffer):
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].partition(b"?")[0]
        if path != LOGIN and AUTHORIZATION not in head:
            return UNAUTHORIZED
        return self._replies.get(path, NOT_FOUND)


def take_request(buffer: bytearray) -> bytes | None:
    """Remove the first whole request from `buffer` and return its head; None while it is not all there."""
    end = buffer.find(b"\r\n\r\n") + 4
    if end < 4:
        return None
    head = bytes(buffer[:end])
    length = CONTENT_LENGTH.search(head)
    size = end + (int(length[1]) if length else 0)
    if len(buffer) < size:
        return None
    del buffer[:size]
    return head


@contextmanager
def running_server() -> Iterator[str]:
    """Start the server on a free loopback port, give its origin, stop it at the end."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    replies = prebuilt()
    server = await loop.create_server(lambda: Connection(replies), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent_gone = asyncio.Event()
    loop.add_reader(sys.stdin, parent_gone.set)
    await parent_gone.wait()


if __name__ == "__main__":
    asyncio.run(main())
