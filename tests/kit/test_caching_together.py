"""Many calls at once on one client that keeps replies: one request for those that miss the same."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemel.kit.caching import Cache, MemoryStore, StaleReply
from gemel.kit.caching.flights import Flight
from gemel.kit.errors import APIConnectionError, APITimeoutError, InternalServerError
from gemel.kit.http.messages import CallContext, Headers, Request, Timeout

from .shop import SYNC, AsyncShopClient, Mode, ShopClient
from .wire import Wire, read_request, reply, silence

ALBUM = reply({"album": {"id": "1", "title": "Blue"}})


def after(seconds: float, data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Answer late, then close."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        stopped.wait(seconds)
        connection.sendall(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    return step


def together(mode: Mode, url: str, step: Callable[[Any, int], Any], times: int, **settings: Any) -> list[Any]:
    """The outcomes of so many calls at once on one client, errors among them."""
    settings = {"retries": 0, "timeout": 20.0, **settings}
    if mode.is_async:
        return asyncio.run(_tasks(url, step, times, settings))
    with ShopClient(url, **settings) as client, ThreadPoolExecutor(times) as threads:
        running = [threads.submit(step, client, number) for number in range(times)]
        return [one.exception() or one.result() for one in running]


async def _tasks(url: str, step: Callable[[Any, int], Any], times: int, settings: dict[str, Any]) -> list[Any]:
    async with AsyncShopClient(url, **settings) as client:
        return list(await asyncio.gather(*(step(client, n) for n in range(times)), return_exceptions=True))


def many(mode: Mode) -> int:
    return 1000 if mode.is_async else 32


def test_those_that_miss_the_same_share_one_request(mode: Mode) -> None:
    times = many(mode)
    with Wire(after(0.3, ALBUM)) as wire:
        found = together(mode, wire.url, lambda shop, _: shop.albums.retrieve.raw("1"), times, cache=Cache())
    assert {raw.value.title for raw in found} == {"Blue"}
    assert len(wire.seen) == 1
    uses = Counter(raw.cache for raw in found)
    assert uses["miss"] == 1 and uses["shared"] + uses["hit"] == times - 1
    assert sum(raw.attempts for raw in found) == 1


def test_different_addresses_do_not_wait_for_each_other(mode: Mode) -> None:
    with Wire(after(0.5, ALBUM)) as wire:
        start = time.monotonic()
        together(mode, wire.url, lambda shop, n: shop.albums.retrieve(str(n % 8)), 32, cache=Cache())
        took = time.monotonic() - start
    assert Counter(wire.targets) == {f"/api/albums/{n}": 1 for n in range(8)}
    assert took < 3


def test_those_who_wait_share_a_failure_too(mode: Mode) -> None:
    with Wire(after(0.3, reply({}, status=503))) as wire:
        found = together(mode, wire.url, lambda shop, _: shop.albums.retrieve("1"), 16, cache=Cache())
    assert {type(error) for error in found} == {InternalServerError}
    assert len(wire.seen) == 1


def test_those_who_wait_share_a_timeout_and_all_are_served_what_is_kept(mode: Mode) -> None:
    now, told = [0.0], list[StaleReply]()
    cache = Cache(ttl=1, stale_if_error=10, store=MemoryStore(), clock=lambda: now[0], on_stale=told.append)
    with Wire(ALBUM, silence) as wire:
        together(mode, wire.url, lambda shop, _: shop.albums.retrieve("1"), 1, cache=cache)
        now[0] = 5.0
        start, limits = time.monotonic(), Timeout(total=5, read=0.4)
        found = together(mode, wire.url, lambda shop, _: shop.albums.retrieve.raw("1"), 16, cache=cache, timeout=limits)
        took = time.monotonic() - start
    assert {raw.cache for raw in found} == {"stale"}
    assert (len(told), len(wire.seen)) == (16, 2)
    assert took < 2


def test_errors_are_not_the_same_object_for_two_threads() -> None:
    with Wire(after(0.3, b"")) as wire:
        found = together(SYNC, wire.url, lambda shop, _: shop.albums.retrieve("1"), 4, cache=Cache())
    assert {type(error) for error in found} == {APIConnectionError}
    assert len({id(error) for error in found}) == 4


def test_what_is_for_one_caller_is_asked_for_by_each(mode: Mode) -> None:
    private = reply({"album": {"id": "1"}}, headers={"Cache-Control": "no-store"})
    with Wire(after(0.4, private)) as wire:
        start = time.monotonic()
        found = together(mode, wire.url, lambda shop, _: shop.albums.retrieve.raw("1"), 8, cache=Cache())
        took = time.monotonic() - start
    assert {raw.cache for raw in found} == {"miss"}
    assert len(wire.seen) == 8
    assert took < 2.5, "they wait for the first, and not for one another"


def test_the_next_one_asks_when_the_first_is_cancelled() -> None:
    async def scenario(url: str) -> tuple[str, int]:
        async with AsyncShopClient(url, cache=Cache(), timeout=5.0, retries=0) as shop:
            first = asyncio.create_task(shop.albums.retrieve("1"))
            others = [asyncio.create_task(shop.albums.retrieve("1")) for _ in range(3)]
            await asyncio.sleep(0.2)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            albums = await asyncio.gather(*others)
            return albums[0].title, len(shop._caller.async_performer._rooms)  # type: ignore[union-attr]

    with Wire(silence, ALBUM) as wire:
        assert asyncio.run(scenario(wire.url))[0] == "Blue"
    assert len(wire.seen) == 2


def test_an_impatient_call_does_not_fail_a_patient_one(mode: Mode) -> None:
    def step(shop: Any, number: int) -> Any:
        return shop.albums.retrieve.options(timeout=0.3 if number == 0 else 5.0).raw("1")

    with Wire(after(0.8, ALBUM)) as wire:
        hasty, patient = together(mode, wire.url, step, 2, cache=Cache())
    assert type(hasty) is APITimeoutError
    assert patient.value.title == "Blue"


def test_a_timeout_is_not_shared_with_a_call_that_has_much_longer_to_go() -> None:
    def request(deadline: float) -> Request:
        return Request("GET", "http://h/", Headers(), context=CallContext(deadline=deadline, timeout=Timeout(total=10)))

    flight = Flight("f")
    assert flight.shared(request(10)) is None
    flight.landed(request(10), APITimeoutError("late", request=request(10)), apart=False)
    assert isinstance(flight.shared(request(15)), APITimeoutError)
    assert flight.shared(request(15.1)) is None


def test_one_client_in_several_loops() -> None:
    with Wire(ALBUM) as wire:
        shop = AsyncShopClient(wire.url, cache=Cache(), retries=0)

        async def both() -> list[str]:
            found = await asyncio.gather(*(shop.albums.retrieve("1") for _ in range(5)))
            return [album.title for album in found]

        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: asyncio.run(both()), range(4)))
        asyncio.run(shop.close())
    assert found == [["Blue"] * 5] * 4
    assert 1 <= len(wire.seen) <= 4


class Shelf(Wire):
    """A server that keeps the title of each album."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: dict[str, str] = {}

    def _answer(self, connection: socket.socket) -> bool:
        request = read_request(connection)
        if request is None:
            return False
        if request.method == "PATCH":
            self.titles[request.target] = request.json["title"]
        connection.sendall(reply({"album": {"id": "1", "title": self.titles.get(request.target, "")}}))
        return True


def test_everyone_reads_what_they_wrote(mode: Mode) -> None:
    """Many write albums and read them back, all of one resource: no reply from before a write outlives it."""

    def sync_step(shop: Any, number: int) -> bool:
        return all(_written(shop.albums.update, shop.albums.retrieve, number, turn) for turn in range(8))

    async def async_step(shop: Any, number: int) -> bool:
        for turn in range(8):
            await shop.albums.update(str(number), title=str(turn))
            if (await shop.albums.retrieve(str(number))).title != str(turn):
                return False
        return True

    with Shelf() as shelf:
        found = together(mode, shelf.url, async_step if mode.is_async else sync_step, 16, cache=Cache())
    assert found == [True] * 16


def _written(update: Any, retrieve: Any, number: int, turn: int) -> bool:
    update(str(number), title=str(turn))
    return bool(retrieve(str(number)).title == str(turn))
