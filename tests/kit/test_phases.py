"""One deadline over every phase of a request, and what is known of a request that failed: was it sent?"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError, APITimeoutError
from gemel.kit.http.messages import Retry, Timeout

from .chat import TalkMode
from .faults.leaks import nothing_left, wait_in_loop, wait_until
from .network import Names, dead, names
from .shop import ASYNC, SYNC, AsyncShopClient, Mode, ShopClient
from .wire import Wire, flood, reply, silence

__all__ = ["names"]

SLACK = 1.0
TLS = ssl.create_default_context()
"""Made beforehand: it takes longer than some calls here may."""
TWICE = Retry(limit=2, base=0.001, cap=0.001)


@pytest.fixture(autouse=True, scope="module")
def everything_loaded() -> None:
    """The first call of a program loads what the others find: it would be counted in."""
    for mode in (SYNC, ASYNC):
        mode.fails("http://127.0.0.1:1", create)


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def create(shop: Any) -> Any:
    return shop.albums.create("T")


def attempts(mode: Mode, url: str, step: Any, **settings: Any) -> tuple[Any, int, float]:
    """Let a step fail; return its error, how often it was tried, and the seconds that it took."""
    tried: list[Any] = []
    start = time.monotonic()
    error = mode.fails(url, step, on_request=tried.append, **{"retries": TWICE, **settings})
    return error, len(tried), time.monotonic() - start


@pytest.mark.parametrize("limits", [0.3, Timeout(total=9.0, connect=0.3)], ids=["total", "connect"])
def test_a_resolver_that_is_silent(mode: Mode, names: Names, limits: Any) -> None:
    names.known["shop.test"] = ["127.0.0.1"]
    names.held.clear()
    error, tried, took = attempts(mode, "http://shop.test", create, timeout=limits, retries=0)
    assert type(error) is APITimeoutError and not error.sent
    assert "no connection in time" in str(error)
    assert took < 0.3 + SLACK and tried == 1


def test_a_name_is_looked_up_once_for_all_who_ask_and_by_nobody_who_has_a_connection(names: Names) -> None:
    names.known["shop.test"] = ["127.0.0.1"]
    names.held.clear()
    with nothing_left(), Wire(reply({"leaf": 1})) as wire, ThreadPoolExecutor(8) as pool:
        with ShopClient(f"http://shop.test:{wire.port}", timeout=9.0) as shop:
            calls = [pool.submit(shop.albums.tree) for _ in range(8)]
            wait_until(lambda: bool(names.asked))
            names.held.set()
            assert [call.result().leaf for call in calls] == [1] * 8
            asked = len(names.asked)
            shop.albums.tree()
            assert len(names.asked) == asked
    assert threading.get_ident() not in names.threads


def test_addresses_and_the_own_machine_are_not_looked_up_in_a_thread(mode: Mode, names: Names) -> None:
    names.known["127.0.0.1"] = names.known["localhost"] = ["127.0.0.1"]
    with Wire(reply({"leaf": 1})) as wire:
        for host in ("127.0.0.1", "localhost"):
            assert mode.run(f"http://{host}:{wire.port}", tree).leaf == 1
    if not mode.is_async:
        assert names.threads == {threading.get_ident()}


def test_a_name_that_there_is_not(mode: Mode, names: Names) -> None:
    names.known["shop.test"] = []
    error, tried, _ = attempts(mode, "http://shop.test", create)
    assert type(error) is APIConnectionError and not error.sent
    assert tried == 3
    assert "shop.test" in str(error)


@pytest.mark.parametrize("limits", [0.4, Timeout(total=9.0, connect=0.4)], ids=["total", "connect"])
@pytest.mark.parametrize("addresses", [1, 4, 8])
def test_addresses_that_are_dead_share_the_time(mode: Mode, names: Names, limits: Any, addresses: int) -> None:
    with dead(addresses) as found:
        names.known["shop.test"] = [host for host, _ in found]
        error, tried, took = attempts(mode, f"http://shop.test:{found[0][1]}", create, timeout=limits, retries=0)
    assert type(error) is APITimeoutError and not error.sent
    assert took < 0.4 + SLACK and tried == 1


def test_a_dead_address_leaves_time_for_the_next_one(mode: Mode, names: Names) -> None:
    with dead() as found, Wire(reply({"leaf": 1}), port=found[0][1]) as wire:
        names.known["shop.test"] = [found[0][0], "127.0.0.1"]
        limits = Timeout(total=9.0, connect=1.2)
        assert mode.run(f"http://shop.test:{wire.port}", tree, timeout=limits).leaf == 1


def test_a_connection_that_is_not_made_in_time_was_not_sent_and_is_made_again(mode: Mode) -> None:
    with dead() as found:
        limits = Timeout(total=9.0, connect=0.15)
        error, tried, _ = attempts(mode, f"http://127.0.0.2:{found[0][1]}", create, timeout=limits)
    assert type(error) is APITimeoutError and not error.sent
    assert tried == 3


@pytest.mark.parametrize("limits", [0.3, Timeout(total=9.0, connect=0.3)], ids=["total", "connect"])
def test_a_proxy_that_is_dead(mode: Mode, limits: Any) -> None:
    with dead() as found:
        settings = {"proxy": f"http://127.0.0.2:{found[0][1]}", "timeout": limits, "retries": 0, "verify": TLS}
        for url in ("http://shop.test", "https://shop.test"):
            error, _, took = attempts(mode, url, create, **settings)
            assert type(error) is APITimeoutError and not error.sent
            assert took < 0.3 + SLACK


def test_tls_that_is_silent_was_not_sent(mode: Mode) -> None:
    with Wire(mute=5) as wire:
        limits = Timeout(total=9.0, connect=0.15)
        error, tried, took = attempts(mode, wire.url.replace("http", "https"), create, timeout=limits, verify=TLS)
    assert type(error) is APITimeoutError and not error.sent
    assert tried == 3 and took < 0.45 + SLACK


def through(status: bytes) -> Any:
    """Answer CONNECT with this, then say nothing more."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(status)
        while connection.recv(65536):
            pass

    return step


CONNECTS = {
    "says nothing": silence,
    "begins to answer": through(b"HTTP/1.1 2"),
    "is followed by silence": through(b"HTTP/1.1 200 Connected\r\n\r\n"),
}


@pytest.mark.parametrize("step", CONNECTS.values(), ids=CONNECTS)
@pytest.mark.parametrize("limits", [0.3, Timeout(total=9.0, connect=0.3)], ids=["total", "connect"])
def test_a_proxy_whose_tunnel(mode: Mode, step: Any, limits: Any) -> None:
    with Wire(step) as proxy:
        settings = {"proxy": proxy.url, "timeout": limits, "retries": 0, "verify": TLS}
        error, _, took = attempts(mode, "https://shop.test", create, **settings)
    assert type(error) is APITimeoutError and not error.sent
    assert took < 0.3 + SLACK


BROKEN_TUNNELS = {"closes": b"", "is refused": reply(b"", 403), "is not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n"}


@pytest.mark.parametrize("answer", BROKEN_TUNNELS.values(), ids=BROKEN_TUNNELS)
def test_a_tunnel_that(mode: Mode, answer: bytes) -> None:
    with Wire(lambda connection, stopped: connection.sendall(answer)) as proxy:
        error, tried, _ = attempts(mode, "https://shop.test", create, proxy=proxy.url)
    assert type(error) is APIConnectionError and not error.sent
    assert tried == 3
    assert "SSH" not in str(error)


def test_a_reply_that_does_not_come_was_sent_and_is_not_asked_for_again(mode: Mode) -> None:
    with Wire(silence) as wire:
        error, tried, _ = attempts(mode, wire.url, create, timeout=Timeout(total=9.0, read=0.15))
    assert type(error) is APITimeoutError and error.sent
    assert tried == 1 == len(wire.seen)


class Slow:
    """A server that reads a request slowly, or stops to read it.

    most: how many bytes it reads before it stops.
    """

    def __init__(self, most: int | None = None) -> None:
        self.read, self._most = 0, most
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Slow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while not self._stopped.wait(0.005):
                if self._most is not None and self.read >= self._most:
                    self._stopped.wait(10)
                    return
                data = connection.recv(1 << 17)
                self.read += len(data)
                if not data:
                    return
                if data.endswith(b'x"}'):
                    connection.sendall(reply({"album": {"id": "a"}}))


def large(shop: Any) -> Any:
    return shop.albums.create("x" * 8_000_000)


def test_a_large_body_to_a_slow_reader_is_not_bounded_by_the_time_to_connect(mode: Mode) -> None:
    with Slow() as slow:
        album = mode.run(slow.url, large, timeout=Timeout(total=30.0, connect=0.1, read=5.0))
    assert album.id == "a"


def test_a_reader_that_stops_is_not_waited_for_longer_than_for_a_reply(mode: Mode) -> None:
    with nothing_left(), Slow(100_000) as slow:
        limits = Timeout(total=20.0, connect=5.0, read=0.3)
        error, tried, took = attempts(mode, slow.url, large, timeout=limits)
    assert type(error) is APITimeoutError and error.sent
    assert tried == 1 and took < 0.3 + 2 * SLACK


def test_waiting_for_a_connection_of_the_pool_is_within_the_deadline_and_sends_nothing() -> None:
    async def work(wire: Wire) -> Any:
        async with AsyncShopClient(wire.url, retries=0, timeout=20.0) as shop:
            calls = [asyncio.create_task(shop.albums.tree()) for _ in range(100)]
            await wait_in_loop(lambda: len(wire.seen) == 100)
            start = time.monotonic()
            with pytest.raises(APITimeoutError) as late:
                await shop.albums.create.options(timeout=0.2)("T")
            took = time.monotonic() - start
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            return late.value, took

    with Wire(silence) as wire:
        error, took = asyncio.run(work(wire), debug=False)
    assert not error.sent
    assert took < 0.2 + SLACK
    assert {seen.method for seen in wire.seen} == {"GET"}


@pytest.mark.parametrize("seconds", [1e10, 1e300])
def test_a_time_that_no_socket_takes_is_a_long_time(mode: Mode, seconds: float) -> None:
    limits = Timeout(total=seconds, connect=seconds, read=seconds, stream=seconds)
    talk, seen = TalkMode(mode), list[Any]()
    with Wire(reply({"leaf": 1})) as wire:
        assert mode.run(wire.url, tree, timeout=limits).leaf == 1
    with Wire(reply(b"data: 1\n\n", kind="text/event-stream")) as wire:
        talk.run(wire.url, talk.reading(lambda client: client.chat.events(), seen), timeout=limits)
    assert len(seen) == 1


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def test_the_life_of_a_stream_ends_while_events_keep_coming(mode: Mode) -> None:
    talk, seen = TalkMode(mode), list[Any]()
    with Wire(flood(EVENTS, b"data: x\n\n" * 1000, pause=0)) as wire:
        start = time.monotonic()
        limits = Timeout(total=9.0, stream=0.3)
        error = talk.fails(wire.url, talk.reading(lambda client: client.chat.events(), seen), timeout=limits)
        took = time.monotonic() - start
    assert type(error) is APITimeoutError
    assert "0.3 s in all" in str(error)
    assert seen and took < 0.3 + 2 * SLACK


def test_a_clock_that_is_frozen_around_a_call(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that freeze time exchange `time.monotonic`: the deadline is set and looked at by one clock all the same."""

    def frozen(do: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def step(shop: Any) -> Any:
            with monkeypatch.context() as patch:
                patch.setattr(time, "monotonic", lambda: 1.9e9)
                return do(shop)

        async def awaited(shop: Any) -> Any:
            with monkeypatch.context() as patch:
                patch.setattr(time, "monotonic", lambda: 1.9e9)
                return await do(shop)

        return awaited if mode.is_async else step

    with Wire(reply({"leaf": 1})) as wire:
        assert mode.run(wire.url, tree, frozen(tree), timeout=5.0).leaf == 1


def test_the_answer_of_who_does_not_read_on_is_read(mode: Mode) -> None:
    """A server may refuse a large body before it has read it, and close."""

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(reply({"message": "too much"}, 413))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        error = mode.fails(f"http://127.0.0.1:{listener.getsockname()[1]}", large)
        thread.join(5)
    assert error.status == 413
