"""A server that fails and then closes the connection, without saying so: the next call takes another one."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import pytest

from gemel.kit.errors import APIStatusError

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, reply

LATER = 0.2


def failing(body: bytes) -> Any:
    """Answer with a failure, and close a moment later."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(reply(body, 500, kind="text/plain"))
        stopped.wait(LATER)

    return step


@pytest.mark.parametrize("body", [b"Internal Server Error", b"", b"x" * 200_000], ids=len)
def test_a_call_that_is_not_repeated_goes_to_another_connection(mode: Mode, body: bytes) -> None:
    with Wire(failing(body), reply({"id": "a"})) as wire:
        mode.run(
            wire.url,
            lambda client: asked(client, 500),
            lambda client: client.request("POST", "again", body={}),
        )
        assert [request.method for request in wire.seen] == ["GET", "POST"] and wire.connections == 2


def asked(client: ShopClient | AsyncShopClient, status: int) -> Any:
    """A call that is answered with this status, in either mode."""
    expected = contextlib.nullcontext() if status < 400 else pytest.raises(APIStatusError)
    if isinstance(client, ShopClient):
        with expected:
            client.request("GET", "once")
        return None
    return awaited(client, expected)


async def awaited(client: AsyncShopClient, expected: Any) -> None:
    with expected:
        await client.request("GET", "once")


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_connection_is_kept_after_any_other_reply(mode: Mode, status: int) -> None:
    with Wire(reply({"message": "so"}, status), reply({"id": "a"})) as wire:
        mode.run(
            wire.url, lambda client: asked(client, status), lambda client: client.request("POST", "again", body={})
        )
        assert wire.connections == 1 and len(wire.seen) == 2
