"""Every call ends in time, whatever the server does with its bytes."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError, APITimeoutError, InternalServerError, RateLimitError
from gemel.kit.http.messages import Retry, Timeout

from .shop import Mode
from .wire import Wire, drip, flood, reply, silence, stall

TOTAL = 0.4
SLACK = 0.5
LONG = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

SLOW = {
    "never answers": silence,
    "drips the status line": drip(b"HTTP/1.1 200 OK"),
    "drips the headers": drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20, first=17),
    "stops after the headers": stall(LONG),
    "drips the body": drip(LONG + b"[1, ", first=len(LONG)),
    "sends chunks without an end": flood(CHUNKED, b"5\r\n[1,1,\r\n"),
    "drips chunks": drip(CHUNKED + b"1\r\n1\r\n", first=len(CHUNKED)),
    "drips a chunk's size": drip(CHUNKED + b"0", first=len(CHUNKED)),
    "drips an error's body": drip(LONG.replace(b"200 OK", b"500 No") + b"[1, ", first=len(LONG)),
    "informs without an end": flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


def timed(mode: Mode, url: str, step: Any, **settings: Any) -> tuple[Any, float]:
    start = time.monotonic()
    error = mode.fails(url, step, **settings)
    return error, time.monotonic() - start


@pytest.mark.parametrize("step", SLOW.values(), ids=SLOW)
def test_a_slow_server_ends_in_a_timeout(mode: Mode, step: Any) -> None:
    with Wire(step) as wire:
        error, took = timed(mode, wire.url, lambda shop: shop.albums.tree(), timeout=TOTAL)
    assert type(error) is APITimeoutError, error
    assert took < TOTAL + SLACK
    assert "raise `timeout`" in str(error)
    assert error.sent


def test_a_server_that_never_reads_ends_in_a_timeout(mode: Mode) -> None:
    with Wire(mute=1.5) as wire:
        step = _lingering if mode.is_async else _large
        error, _ = timed(mode, wire.url, step, timeout=TOTAL)
    assert type(error) is APITimeoutError


def _large(shop: Any) -> Any:
    start = time.monotonic()
    try:
        return shop.albums.create("x" * 30_000_000)
    finally:
        assert time.monotonic() - start < TOTAL + SLACK + 0.5


async def _lingering(shop: Any) -> Any:
    """Stay in the loop until the server resets: asyncio keeps a connection open while it has bytes to send."""
    start = time.monotonic()
    try:
        return await shop.albums.create("x" * 30_000_000)
    finally:
        assert time.monotonic() - start < TOTAL + SLACK + 0.5
        await asyncio.sleep(1.3)


def test_silence_between_bytes_is_limited_too(mode: Mode) -> None:
    limits = Timeout(total=5, read=0.2)
    with Wire(stall(LONG)) as wire:
        error, took = timed(mode, wire.url, lambda shop: shop.albums.tree(), timeout=limits)
    assert type(error) is APITimeoutError
    assert took < 0.2 + SLACK


def slowly(connection: socket.socket, stopped: threading.Event) -> None:
    """Answer in eight pieces, a tenth of a second between them."""
    answer = reply({"leaf": 1})
    connection.sendall(answer[:-8])
    for place in range(len(answer) - 8, len(answer)):
        stopped.wait(0.1)
        connection.sendall(answer[place : place + 1])


def late(connection: socket.socket, stopped: threading.Event) -> None:
    stopped.wait(0.5)
    connection.sendall(reply({"leaf": 2}))


def limited(read: float) -> Any:
    return lambda shop: shop.albums.tree.options(timeout=Timeout(total=5, read=read))()


def test_silence_is_counted_from_the_last_piece(mode: Mode) -> None:
    with Wire(slowly) as wire:
        assert mode.run(wire.url, limited(0.3), retries=0).leaf == 1


def test_silence_is_limited_on_a_kept_connection_by_the_call_that_uses_it(mode: Mode) -> None:
    """A longer limit of the call before does not count, nor does a shorter one that would be over by now."""
    with Wire(reply({}), silence) as wire:
        error, took = timed(mode, wire.url, after(5.0, 0.2, mode), retries=0)
    assert (type(error), wire.connections) == (APITimeoutError, 1)
    assert took < 0.2 + SLACK
    with Wire(reply({}), late) as wire:
        assert mode.run(wire.url, limited(0.2), limited(4.0), retries=0).leaf == 2
        assert wire.connections == 1


def after(first: float, then: float, mode: Mode) -> Any:
    """A step of two calls by one client, each with its limit of silence."""
    return in_turn(limited(first), limited(then), mode)


def in_turn(first: Any, then: Any, mode: Mode) -> Any:
    """A step of two calls by one client."""

    def calls(shop: Any) -> Any:
        first(shop)
        return then(shop)

    async def awaited(shop: Any) -> Any:
        await first(shop)
        return await then(shop)

    return awaited if mode.is_async else calls


def within(total: float) -> Any:
    return lambda shop: shop.albums.tree.options(timeout=Timeout(total=total, read=total))()


def test_the_time_of_a_call_ends_with_it_though_its_connection_is_kept(mode: Mode) -> None:
    """The time of the call before, shorter or longer, says nothing about the next one."""
    with Wire(reply({}), late) as wire:
        assert mode.run(wire.url, within(0.3), within(5.0), retries=0).leaf == 2
        assert wire.connections == 1
    with Wire(reply({}), drip(LONG + b"[1, ", first=len(LONG))) as wire:
        error, took = timed(mode, wire.url, in_turn(within(5.0), within(TOTAL), mode), retries=0)
    assert (type(error), wire.connections) == (APITimeoutError, 1)
    assert took < TOTAL + SLACK


def test_total_covers_every_attempt(mode: Mode) -> None:
    limits = Timeout(total=0.6, read=0.15)
    with Wire(silence) as wire:
        error, took = timed(
            mode, wire.url, lambda shop: shop.albums.tree(), timeout=limits, retries=Retry(limit=50, base=0.01)
        )
    assert type(error) is APITimeoutError
    assert 2 <= len(wire.seen) <= 5
    assert took < 0.6 + SLACK


@pytest.mark.parametrize(("status", "kind"), [(503, InternalServerError), (429, RateLimitError)])
def test_a_wait_longer_than_what_is_left_is_not_begun(mode: Mode, status: int, kind: type) -> None:
    with Wire(reply({}, status, {"Retry-After": "30"})) as wire:
        error, took = timed(mode, wire.url, lambda shop: shop.albums.tree(), timeout=2.0, retries=5)
    assert type(error) is kind
    assert took < SLACK
    assert len(wire.seen) == 1


def test_a_refused_connection_was_not_sent(mode: Mode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    error, took = timed(mode, url, lambda shop: shop.albums.create("a"))
    assert type(error) is APIConnectionError
    assert error.sent is False
    assert "check the endpoint" in str(error)
    assert took < SLACK


def test_an_unknown_host_was_not_sent(mode: Mode) -> None:
    error, _ = timed(mode, "http://nowhere.invalid", lambda shop: shop.albums.create("a"), timeout=3.0)
    assert isinstance(error, APIConnectionError)
    assert "nowhere.invalid" in str(error)


def test_after_a_timeout_the_client_works_on(mode: Mode) -> None:
    with Wire(silence, reply({"leaf": 3})) as wire:

        def step(shop: Any) -> Any:
            return shop.albums.tree()

        tree = mode.run(wire.url, step, timeout=Timeout(total=5, read=0.2), retries=Retry(limit=1, base=0.01))
    assert tree.leaf == 3


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), True, "5", None, 10**400, b"5", [5]])
def test_a_timeout_is_a_positive_number_of_seconds(value: Any) -> None:
    with pytest.raises(ValueError, match="timeout: total must be a positive, finite number"):
        Timeout.of(value)
