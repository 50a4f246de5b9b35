"""Requests that are cut, broken or endless: each is answered as what it is, and none is a failure of the sandbox."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from gemel.sandbox import Sandbox, serve

from .raw import Reply, exchange, read

JSON = "Content-Type: application/json"
PATHS = {"control": "/__sandbox__/faults", "api": "/api/v1/auth/universal-auth/login"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return PATHS[str(request.param)]


@pytest.fixture(autouse=True)
def no_failure_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a client does wrong is no failure of the sandbox, and what it sent may be secret."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def opened(sandbox: Sandbox) -> socket.socket:
    parts = urlsplit(sandbox.url)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10)


def head(sandbox: Sandbox, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {urlsplit(sandbox.url).netloc}", *headers, "", ""]).encode()


def still_answers(sandbox: Sandbox) -> bool:
    return exchange(sandbox.url, "GET /api/status").status == 200


def test_a_length_over_the_limit_is_refused_before_the_body_comes(sandbox: Sandbox, path: str) -> None:
    reply = exchange(sandbox.url, f"POST {path}", JSON, length=10**12)
    assert reply.status == 413
    assert still_answers(sandbox)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_is_not_in_its_coding_is_refused(sandbox: Sandbox, path: str, coding: str) -> None:
    reply = exchange(sandbox.url, f"POST {path}", JSON, f"Content-Encoding: {coding}", body=b'{"a": 1}')
    assert reply.status == 400
    assert still_answers(sandbox)


@pytest.mark.parametrize("chunks", [b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"2\r\nabcd\r\n"])
def test_chunks_that_are_none_are_refused(sandbox: Sandbox, path: str, chunks: bytes) -> None:
    with opened(sandbox) as connection:
        connection.sendall(head(sandbox, path, JSON, "Transfer-Encoding: chunked") + chunks)
        assert read(connection.makefile("rb")).status == 400
    assert still_answers(sandbox)


def test_a_client_that_leaves_in_the_body_is_let_go(sandbox: Sandbox, path: str) -> None:
    for _ in range(3):
        with opened(sandbox) as connection:
            connection.sendall(head(sandbox, path, JSON, "Content-Length: 100") + b'{"a"')
    assert still_answers(sandbox)


def test_who_asks_first_is_told_to_go_on(sandbox: Sandbox, path: str) -> None:
    with opened(sandbox) as connection, connection.makefile("rb") as replies:
        connection.sendall(head(sandbox, path, JSON, "Content-Length: 2", "Expect: 100-continue"))
        assert replies.readline() == b"HTTP/1.1 100 Continue\r\n" and replies.readline() == b"\r\n"
        connection.sendall(b"{}")
        assert read(replies).status in (400, 422)


def test_who_is_refused_is_not_told_to_go_on(sandbox: Sandbox) -> None:
    with opened(sandbox) as connection:
        foreign = ("Origin: http://evil.example", "Content-Length: 2", "Expect: 100-continue", JSON)
        connection.sendall(head(sandbox, PATHS["control"], *foreign))
        assert read(connection.makefile("rb")).status == 403


@pytest.mark.parametrize(
    "line",
    ["G\x00T / HTTP/1.1", "GET /api/\x00 HTTP/1.1", "GET / HTTP/9.9", "GET / HTTP/1.1\r\nAuthorization : s3cret"],
)
def test_what_is_no_request_is_refused_without_showing_it(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    with opened(sandbox) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        reply: Reply = read(connection.makefile("rb"))
    assert reply.status == 400
    assert "s3cret" not in caplog.text
    assert still_answers(sandbox)
