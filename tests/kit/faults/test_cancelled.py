"""A task that is cancelled, wherever it waits: it ends as cancelled, leaves nothing behind, and the client goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from gemel.kit.caching import Cache
from gemel.kit.http.messages import Retry

from ..chat import AsyncTalkClient
from ..shop import AsyncShopClient
from ..test_auth import LoginCredential
from ..wire import Seen, Wire, reply
from .cancelling import cancelled_everywhere
from .leaks import nothing_left, wait_in_loop

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
Call = Callable[[Any], Coroutine[Any, Any, Any]]


class Server:
    """Answers every call of these tests, in small pieces where that makes more waits."""

    def __init__(self) -> None:
        self.turn = 0

    def __call__(self, request: Seen) -> Any:
        self.turn += 1
        if request.target == "/login":
            return reply({"token": "t-1", "expires_in": 0.0})
        if "weather" in request.target:
            return reply({"id": "a"}, 503 if self.turn % 2 else 200)
        if "event" in request.target:
            return EVENTS + b"8\r\ndata: a\n\r\n1\r\n\n\r\n0\r\n\r\n"
        if "files" in request.target:
            return reply(b"x" * 200_000, kind="application/octet-stream")
        return self.pieces if "slow" in request.target else reply({"album": {"id": "a"}, "leaf": 1})

    @staticmethod
    def pieces(connection: Any, stopped: Any) -> None:
        for piece in (b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 2\r\n\r\n", b"{", b"}"):
            connection.sendall(piece)
            stopped.wait(0.001)


async def gone_through(opening: Any) -> None:
    async with opening as pieces:
        async for _ in pieces:
            pass


def albums(call: Callable[[Any], Any]) -> Call:
    async def made(client: Any) -> None:
        await call(client.albums)

    return made


CALLS: dict[str, Call] = {
    "plain": albums(lambda albums: albums.tree()),
    "in pieces": albums(lambda albums: albums.anything("slow")),
    "with a large body": albums(lambda albums: albums.create("x" * 600_000)),
    "sent again": albums(lambda albums: albums.by_key.options(retries=Retry(limit=2, base=0.001))("weather")),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "alone": {},
    "logged in": {"credential": LoginCredential()},
    "kept": {"cache": Cache(ttl=1e-9)},
}
PAIRS = [*((call, "alone") for call in CALLS), ("plain", "logged in"), ("sent again", "logged in"), ("plain", "kept")]


def tried(make: Any, url: str, call: Call, good: Call, wire: Wire, **settings: Any) -> int:
    """Cancel a call everywhere: of one client that goes on, then of clients that have not connected yet."""

    async def one() -> int:
        async with make(url, timeout=5.0, retries=0, **settings) as client:
            waits = await cancelled_everywhere(lambda: call(client), lambda: good(client))
            await wait_in_loop(lambda: wire.open <= 1)
            assert wire.open <= 1, f"{wire.open} connections are open"
            return waits

    async def new() -> int:
        async def fresh() -> None:
            async with make(url, timeout=5.0, retries=0, **settings) as client:
                await call(client)

        async with make(url, timeout=5.0, retries=0, **settings) as client:
            return await cancelled_everywhere(fresh, lambda: good(client))

    with nothing_left():
        return asyncio.run(one(), debug=False) + asyncio.run(new(), debug=False)


@pytest.mark.parametrize(("call", "settings"), PAIRS)
def test_a_call_that_is_cancelled_at_any_wait(call: str, settings: str) -> None:
    with Wire(answer=Server()) as wire:
        waits = tried(AsyncShopClient, wire.url, CALLS[call], CALLS["plain"], wire, **SETTINGS[settings])
    assert waits >= 3


async def plain(client: Any) -> None:
    await client.request("GET", "plain")


async def streamed(client: Any) -> None:
    await gone_through(client.chat.events())


async def downloaded(client: Any) -> None:
    await gone_through(client.files.content("a"))


@pytest.mark.parametrize("call", [streamed, downloaded])
def test_a_stream_that_is_cancelled_at_any_wait(call: Call) -> None:
    with Wire(answer=Server()) as wire:
        assert tried(AsyncTalkClient, wire.url, call, plain, wire) >= 3


def test_a_file_that_is_saved_and_cancelled_at_any_wait(tmp_path: Path) -> None:
    async def saved(client: Any) -> None:
        async with client.files.content("a") as download:
            await download.save(tmp_path / "file")

    with Wire(answer=Server()) as wire:
        assert tried(AsyncTalkClient, wire.url, saved, plain, wire) >= 3
    assert {path.name for path in tmp_path.iterdir()} <= {"file"}
