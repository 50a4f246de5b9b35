"""Content and transfer codings: removed in small steps and within the deadline, or named when they are not known."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.kit.errors import APIConnectionError, APITimeoutError, ResponseTooLargeError
from gemel.kit.transport.decoding import Decoder, decoder_of

from .chat import TalkMode
from .faults.hostile import held
from .shop import AsyncShopClient, Mode
from .wire import Wire, reply

PACKED = {"Content-Encoding": "gzip"}
EMPTY = gzip.compress(b"", mtime=0)


def raw(shop: Any) -> Any:
    return shop.albums.raw()


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def decoded(coding: str, data: bytes, piece: int = 1 << 62) -> bytes:
    decoder = decoder_of(coding, "")
    assert isinstance(decoder, Decoder)
    made = [part for start in range(0, len(data), piece) for part in decoder.feed(data[start : start + piece])]
    decoder.end()
    assert all(len(part) <= 1 << 18 for part in made)
    return b"".join(made)


FORMS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "gzip, identity": gzip.compress,
    "identity, GZIP ,": gzip.compress,
    "deflate": zlib.compress,
    "deflate, identity": bare_deflate,
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
    "deflate, gzip": lambda data: gzip.compress(bare_deflate(data)),
}


@pytest.mark.parametrize("coding", FORMS)
def test_declared_codings_are_removed(mode: Mode, coding: str) -> None:
    data = b'{"a": 1}' * 1000
    with Wire(reply(FORMS[coding](data), headers={"Content-Encoding": coding})) as wire:
        assert mode.run(wire.url, raw) == data


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=200) | st.integers(0, 600_000).map(bytes), max_size=6),
    st.sampled_from([1, 7, 1000, 1 << 16, 1 << 62]),
    st.sampled_from([b"", b"trailing", b"\x1f"]),
)
def test_members_are_joined_however_they_come(members: list[bytes], piece: int, behind: bytes) -> None:
    whole = b"".join(map(gzip.compress, members))
    piece = max(piece, len(whole) // 500)
    assert decoded("gzip", whole + (behind if members else b""), piece) == b"".join(members)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=500), st.sampled_from(sorted(FORMS)), st.integers(1, 300))
def test_what_is_cut_is_told(data: bytes, coding: str, missing: int) -> None:
    whole = FORMS[coding](data)
    cut = whole[: -min(missing, len(whole) - 1)]
    with pytest.raises(zlib.error):
        decoded(coding, cut)


def varied(count: int) -> bytes:
    """Members that hold nothing, none like the one before."""
    return b"".join(EMPTY[:4] + number.to_bytes(4, "big") + EMPTY[8:] for number in range(count))


@pytest.mark.parametrize("megabytes", [2, 20])
def test_a_body_of_empty_members_is_soon_read(mode: Mode, megabytes: int) -> None:
    body = EMPTY * (megabytes * 50_000) + gzip.compress(b"end")
    with Wire(reply(body, headers=PACKED)) as wire:
        start = time.monotonic()
        assert mode.run(wire.url, raw) == b"end"
        assert time.monotonic() - start < 1.0


def test_the_time_for_members_grows_with_their_number_alone() -> None:
    def took(count: int) -> float:
        body, start = varied(count), time.process_time()
        assert decoded("gzip", body) == b""
        return time.process_time() - start

    small = min(took(5_000) for _ in range(3))
    assert took(50_000) < 30 * small


def test_decoding_ends_at_the_deadline(mode: Mode) -> None:
    with Wire(reply(varied(1_000_000), headers=PACKED)) as wire:
        start = time.monotonic()
        error = mode.fails(wire.url, raw, timeout=1.0)
        assert time.monotonic() - start < 2.0
    assert type(error) is APITimeoutError and error.sent


def test_other_tasks_go_on_while_a_body_is_decoded() -> None:
    async def ticking(ticks: list[float]) -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0)

    async def work(url: str) -> tuple[bytes, float]:
        async with AsyncShopClient(url, retries=0, timeout=30.0) as shop:
            ticks = list[float]()
            ticker = asyncio.create_task(ticking(ticks))
            body = await shop.albums.raw()
            ticker.cancel()
        return body, max(later - earlier for earlier, later in pairwise(ticks))

    with Wire(reply(varied(200_000) + gzip.compress(bytes(40_000_000)), headers=PACKED)) as wire:
        body, longest = asyncio.run(work(wire.url), debug=False)
    assert len(body) == 40_000_000
    assert longest < 0.25


OPENED = {"stream": lambda client: client.chat.events(), "download": lambda client: client.files.content("a")}


def failed(mode: Mode, step: Any, opened: Any, **options: Any) -> Any:
    talk = TalkMode(mode)
    with Wire(step) as wire:
        return talk.fails(wire.url, talk.reading(opened, []), **options)


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_an_error_reply_to_an_opening_call_is_not_grown(mode: Mode, opened: Any) -> None:
    bomb = gzip.compress(bytes(50_000_000), 1)
    tracemalloc.start()
    try:
        error = failed(mode, reply(bomb, 500, PACKED), opened, max_response_bytes=1_000_000, timeout=20.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert type(error) is ResponseTooLargeError
    assert error.status == 500
    assert peak < 10_000_000


def test_a_download_grows_no_further_than_its_limit(mode: Mode, tmp_path: Path) -> None:
    talk = TalkMode(mode)
    save = talk.using(OPENED["download"], lambda download: download.save(tmp_path / "file", limit=1_000_000))
    with Wire(reply(gzip.compress(bytes(50_000_000), 1), headers=PACKED)) as wire:
        tracemalloc.start()
        try:
            error = talk.fails(wire.url, save, timeout=20.0)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert "larger than the limit" in str(error)
    assert peak < 10_000_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("coding", FORMS)
def test_a_stream_is_decoded_as_it_comes(mode: Mode, coding: str) -> None:
    events = b"".join(b"data: %d\n\n" % number for number in range(2000))
    body = FORMS[coding](events)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: %b\r\n\r\n" % coding.encode()
    talk, seen = TalkMode(mode), list[Any]()

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(head + body[:100])
        stopped.wait(0.02)
        connection.sendall(body[100:])

    with Wire(step) as wire:
        talk.run(wire.url, talk.reading(OPENED["stream"], seen))
    assert [event.data for event in seen] == [str(number) for number in range(2000)]


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
@pytest.mark.parametrize("keep", [1, 30, -1])
def test_an_encoded_stream_that_is_cut_is_told(mode: Mode, opened: Any, keep: int) -> None:
    body = gzip.compress(b"".join(b"data: %d\n\n" % number for number in range(500)))
    error = failed(mode, reply(body[:keep], headers=PACKED, kind="text/event-stream"), opened)
    assert type(error) is APIConnectionError
    assert "Content-Encoding" in str(error)


CALLED = {"whole": raw, **OPENED}


def called(mode: Mode, name: str, url: str, **options: Any) -> Any:
    """Let a call fail, of a reply that is read whole or of one that is opened."""
    if name == "whole":
        return mode.fails(url, raw, **options)
    talk = TalkMode(mode)
    return talk.fails(url, talk.reading(OPENED[name], []), **options)


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "Zstd", "compress"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_coding_that_was_not_asked_for_is_named(mode: Mode, name: str, coding: str, status: int) -> None:
    with Wire(reply(b"\x1b\x03\x00", status, {"Content-Encoding": coding})) as wire:
        error = called(mode, name, wire.url, retries=2)
        assert len(wire.seen) == 1
    assert type(error) is APIConnectionError and error.sent
    assert f"the reply is encoded as {coding.rpartition(' ')[2].lower()}, which was not asked for" in str(error)


@pytest.mark.parametrize("asked", ["br", "gzip, br;q=0.5", "*"])
def test_a_coding_that_was_asked_for_is_left_to_who_asked(mode: Mode, asked: str) -> None:
    with Wire(reply(b"\x1b\x03\x00", headers={"Content-Encoding": "br"})) as wire:
        assert mode.run(wire.url, raw, headers={"Accept-Encoding": asked}) == b"\x1b\x03\x00"


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "chunked, chunked", "x-own"])
def test_a_transfer_coding_is_refused_at_once(mode: Mode, name: str, coding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: {coding}\r\n\r\n"
    body = b"14\r\n" + EMPTY + b"\r\n0\r\n\r\n"
    with Wire(held(head.encode() + body)) as wire:
        start = time.monotonic()
        error = called(mode, name, wire.url)
        assert time.monotonic() - start < 2.0
    assert type(error) is APIConnectionError and error.sent
    assert "not readable" in str(error)


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "  chunked"])
def test_chunks_alone_are_no_coding(mode: Mode, coding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n"
    with Wire(head.encode() + b"2\r\n{}\r\n0\r\n\r\n") as wire:
        assert mode.run(wire.url, raw, raw) == b"{}"
    assert wire.connections == 1
