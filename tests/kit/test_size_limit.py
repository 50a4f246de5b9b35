"""How much of a reply a client takes: `max_response_bytes`, counted before and after the content coding is removed."""

from __future__ import annotations

import asyncio
import gzip
import pickle
import socket
import threading
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests

from gemel.kit.errors import APIConnectionError, APIError, ResponseTooLargeError

from .chat import TalkMode
from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, cut, reply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
PACKED = {"Content-Encoding": "gzip"}


def raw(shop: Any) -> Any:
    return shop.albums.raw()


def chunked(data: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


DRESSES = {
    "with a length": reply,
    "in chunks": chunked,
    "until the end": lambda data: cut(HEAD + b"\r\n" + data),
    "gzip": lambda data: reply(gzip.compress(data), headers=PACKED),
    "gzip in chunks": lambda data: chunked(gzip.compress(data)).replace(HEAD, HEAD + b"Content-Encoding: gzip\r\n"),
    "gzip in two members": lambda data: reply(gzip.compress(data[:7]) + gzip.compress(data[7:]), headers=PACKED),
    "gzip twice": lambda data: reply(gzip.compress(gzip.compress(data)), headers={"Content-Encoding": "gzip, gzip"}),
    "deflate": lambda data: reply(zlib.compress(data), headers={"Content-Encoding": "deflate"}),
    "bare deflate": lambda data: reply(bare_deflate(data), headers={"Content-Encoding": "deflate"}),
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
def test_what_is_as_large_as_allowed_is_taken_and_no_more(mode: Mode, dress: Any) -> None:
    for data, fits in ((b"x" * 1000, True), (b"x" * 1001, False)):
        with Wire(dress(data)) as wire:
            if fits:
                assert mode.run(wire.url, raw, max_response_bytes=1000) == data
            else:
                assert type(mode.fails(wire.url, raw, max_response_bytes=1000)) is ResponseTooLargeError


def test_the_error_says_which_limit_and_what_to_do(mode: Mode) -> None:
    with Wire(reply(b"x" * 11, 503)) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.by_key("secret-key"), max_response_bytes=10, retries=2)
    assert len(wire.seen) == 1
    for made in (error, pickle.loads(pickle.dumps(error))):
        assert isinstance(made, APIError) and type(made) is ResponseTooLargeError
        assert (made.limit, made.status, made.method) == (10, 503, "GET")
        for word in ("Albums.by_key", "status 503", "larger than 10 bytes", "max_response_bytes", "Download"):
            assert word in str(made)
        assert "secret-key" not in str(made)


def test_the_rest_is_neither_read_nor_waited_for(mode: Mode) -> None:
    """The connection is closed after little more than what is taken, however much there is."""
    sent: list[int] = []

    def endless(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(HEAD + b"\r\n")
        while not stopped.is_set():
            sent.append(connection.send(b"x" * 65536))

    with Wire(endless) as wire:
        error = mode.fails(wire.url, raw, max_response_bytes=100_000, timeout=20.0)
    assert type(error) is ResponseTooLargeError
    assert sum(sent) < 30_000_000


def test_an_announcement_is_enough(mode: Mode) -> None:
    """Nothing is read of a body that says that it is too large."""
    with Wire(lambda connection, stopped: stall(connection, b"Content-Length: 1001\r\n\r\nx")) as wire:
        error = mode.fails(wire.url, raw, max_response_bytes=1000, timeout=20.0)
        assert type(error) is ResponseTooLargeError


def stall(connection: socket.socket, rest: bytes) -> None:
    """Send a head and this, then wait until the client goes away."""
    connection.sendall(HEAD + rest)
    while connection.recv(65536):
        pass


def test_a_length_without_a_body_is_no_size(mode: Mode) -> None:
    head = b"HTTP/1.1 %d Said\r\nContent-Length: 99999999999\r\n\r\n"
    with Wire(head % 200) as wire:
        mode.run(wire.url, lambda shop: shop.albums.exists("a"), lambda shop: shop.albums.exists("a"))
    with Wire(head % 304) as wire:
        assert mode.fails(wire.url, raw).status == 304


def test_what_grows_large_is_refused_before_it_has_grown(mode: Mode) -> None:
    bomb = gzip.compress(bytes(50_000_000), 1)
    with Wire(reply(bomb, headers=PACKED)) as wire:
        tracemalloc.start()
        try:
            error = mode.fails(wire.url, raw, max_response_bytes=1_000_000, timeout=20.0)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert type(error) is ResponseTooLargeError
    assert peak < 10_000_000


@pytest.mark.parametrize("limit", [None, 1 << 40])
def test_without_a_limit_everything_is_taken(mode: Mode, limit: int | None) -> None:
    data = bytes(3_000_000)
    for dress in ("with a length", "in chunks", "gzip"):
        with Wire(DRESSES[dress](data)) as wire:
            assert mode.run(wire.url, raw, max_response_bytes=limit) == data


def test_no_room_is_made_for_what_is_only_announced(mode: Mode) -> None:
    for length in (b"Content-Length: 9999999999999", b"Transfer-Encoding: chunked\r\n\r\nfffffffffff"):
        with Wire(cut(HEAD + length + b"\r\n\r\nx")) as wire:
            error = mode.fails(wire.url, raw, max_response_bytes=None)
        assert type(error) is APIConnectionError


def test_by_default_it_is_64_mebibytes(mode: Mode) -> None:
    with Wire(lambda connection, stopped: stall(connection, b"Content-Length: 67108865\r\n\r\nx")) as wire:
        assert mode.fails(wire.url, raw).limit == 64 << 20


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "1"])
def test_a_limit_is_a_positive_whole_number(mode: Mode, value: Any) -> None:
    with pytest.raises(ValueError, match="max_response_bytes: expected a positive whole number of bytes or None"):
        mode.client("http://127.0.0.1:1", max_response_bytes=value)


@pytest.mark.parametrize("coding", ["identity", "utf-8", "x-own"])
def test_a_coding_that_nobody_knows_is_left_alone(mode: Mode, coding: str) -> None:
    with Wire(reply(b"as it is", headers={"Content-Encoding": coding})) as wire:
        assert mode.run(wire.url, raw) == b"as it is"


@pytest.mark.parametrize("keep", [1, 10, 20, -1])
def test_a_packed_body_that_is_cut_is_no_value(mode: Mode, keep: int) -> None:
    with Wire(reply(gzip.compress(b"x" * 1000)[:keep], headers=PACKED)) as wire:
        error = mode.fails(wire.url, raw)
    assert type(error) is APIConnectionError
    assert "Content-Encoding" in str(error)


def test_it_holds_over_a_session_that_was_passed_in() -> None:
    with Wire(DRESSES["gzip in chunks"](b"x" * 1001)) as wire, requests.Session() as session:
        with ShopClient(wire.url, session=session, max_response_bytes=1000) as shop:
            with pytest.raises(ResponseTooLargeError):
                shop.albums.raw()
        with ShopClient(wire.url, session=session, max_response_bytes=1001) as shop:
            assert shop.albums.raw() == b"x" * 1001


def test_it_holds_over_an_awaited_session_that_was_passed_in() -> None:
    async def call(url: str, limit: int) -> bytes:
        async with aiohttp.ClientSession() as session:
            shop = AsyncShopClient(url, session=session, max_response_bytes=limit)
            return await shop.albums.raw()

    with Wire(DRESSES["gzip in chunks"](b"x" * 1001)) as wire:
        assert asyncio.run(call(wire.url, 1001)) == b"x" * 1001
        with pytest.raises(ResponseTooLargeError):
            asyncio.run(call(wire.url, 1000))


def test_streams_and_downloads_have_limits_of_their_own(mode: Mode, tmp_path: Path) -> None:
    talk, seen = TalkMode(mode), list[Any]()
    events = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"data: word\n\n" * 500
    with Wire(cut(events)) as wire:
        talk.run(wire.url, talk.reading(lambda client: client.chat.events(), seen), max_response_bytes=100)
    assert len(seen) == 500
    with Wire(reply(b"x" * 5000)) as wire:
        saved = talk.using(lambda client: client.files.content("a"), lambda download: download.save(tmp_path / "a"))
        assert talk.run(wire.url, saved, max_response_bytes=100) == 5000
    with Wire(reply(b"x" * 5000, 500)) as wire:
        error = talk.fails(wire.url, saved, max_response_bytes=100)
    assert type(error) is ResponseTooLargeError
