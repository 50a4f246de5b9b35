"""The life of clients: closing, threads, loops, and nothing left open."""

from __future__ import annotations

import asyncio
import functools
import gc
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest

from gemel.kit.errors import APIConnectionError, ClientClosedError

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, cut, drip, reply, silence

GOOD = reply({"leaf": 1})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def test_a_closed_client_says_so(mode: Mode) -> None:
    with Wire(GOOD) as wire:

        def closing(shop: Any) -> Any:
            return shop.close() if mode.is_async else [shop.close()]

        error = mode.fails(wire.url, tree, closing, closing, tree)
    assert type(error) is ClientClosedError
    assert "Albums.tree" in str(error)
    assert "make a new one" in str(error)
    assert len(wire.seen) == 1


def test_a_client_that_never_called_can_be_closed(mode: Mode) -> None:
    mode.run("http://127.0.0.1:1", lambda shop: shop.close() if mode.is_async else None)


def closed(wire: Wire) -> bool:
    """Whether no connection is open, at once or a little later."""
    end = time.monotonic() + 2
    while wire.open and time.monotonic() < end:
        time.sleep(0.01)
    return not wire.open


def test_closing_closes_the_connections(mode: Mode) -> None:
    with Wire(GOOD) as wire:
        mode.run(wire.url, tree)
        assert closed(wire)


def test_closing_closes_the_connections_although_an_error_is_held() -> None:
    """An error keeps the frames that it went through, and with them the pool, which urllib3 closes when it is gone."""
    with Wire(cut(b"HTTP/1."), GOOD) as wire:
        with ShopClient(wire.url, retries=0) as shop:
            with pytest.raises(APIConnectionError) as held:
                shop.albums.tree()
            shop.albums.tree()
        assert held.value and closed(wire)


def test_threads_that_call_while_the_client_is_closed_get_a_value_or_are_told() -> None:
    def call(shop: Any) -> Any:
        try:
            return [shop.albums.anything("a") for _ in range(50)]
        except ClientClosedError:
            return []

    with Wire(GOOD) as wire, ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            shop = ShopClient(wire.url, retries=0)
            calls = [pool.submit(call, shop) for _ in range(4)]
            shop.albums.tree()
            shop.close()
            assert all(one == {"leaf": 1} for done in calls for one in done.result())
            assert closed(wire)


def test_tasks_that_wait_while_the_client_is_closed_are_told() -> None:
    asked = threading.Event()

    def silent(connection: Any, stopped: threading.Event) -> None:
        asked.set()
        stopped.wait(10)

    async def work(url: str, step: Any) -> list[Any]:
        shop = AsyncShopClient(url, retries=2)
        waiting = [asyncio.ensure_future(step(shop)) for _ in range(5)]
        await asyncio.to_thread(asked.wait, 10)
        await shop.close()
        return await asyncio.gather(*waiting, return_exceptions=True)

    for step in (tree, lambda shop: shop.albums.create("T")):
        asked.clear()
        with Wire(silent) as wire:
            errors = asyncio.run(work(wire.url, step))
        assert [type(error) for error in errors] == [ClientClosedError] * 5
        assert all("the client " in str(error) and "closed" in str(error) for error in errors)


def test_one_async_client_in_two_runs() -> None:
    with Wire(GOOD) as wire:
        shop = AsyncShopClient(wire.url)
        for _ in range(2):
            assert asyncio.run(_awaited(shop)).leaf == 1
        asyncio.run(shop.aclose())
        with pytest.raises(ClientClosedError):
            asyncio.run(_awaited(shop))
    assert wire.connections == 2


async def _awaited(shop: Any) -> Any:
    return await shop.albums.tree()


def test_one_async_client_in_loops_of_two_threads() -> None:
    with Wire(GOOD) as wire:
        shop = AsyncShopClient(wire.url)
        with ThreadPoolExecutor(4) as pool:
            trees = list(pool.map(lambda _: asyncio.run(_awaited(shop)), range(8)))
        asyncio.run(shop.close())
    assert [found.leaf for found in trees] == [1] * 8


def test_sixteen_threads_share_a_blocking_client() -> None:
    with Wire(GOOD) as wire, ShopClient(wire.url) as shop:
        with ThreadPoolExecutor(16) as pool:
            trees = list(pool.map(lambda number: shop.albums.anything(f"n{number}"), range(160)))
    assert len(trees) == 160
    assert sorted(wire.targets) == sorted(f"/api/any/n{number}" for number in range(160))
    assert wire.connections <= 16


def test_fifty_tasks_share_an_async_client_without_a_thread() -> None:
    async def work(url: str) -> set[str]:
        before = set(threading.enumerate())
        started: set[str] = set()
        async with AsyncShopClient(url) as shop:

            async def call(number: int) -> Any:
                result = await shop.albums.anything(f"n{number}")
                started.update(thread.name for thread in set(threading.enumerate()) - before)
                return result

            await asyncio.gather(*(call(number) for number in range(50)))
            await shop.albums.create("x" * 2_000_000)
        started.update(thread.name for thread in set(threading.enumerate()) - before)
        return started

    with Wire(reply({"album": {"id": "a"}})) as wire:
        assert asyncio.run(work(wire.url)) <= {"wire"}
    assert len(wire.seen) == 51
    assert len(wire.last.body) > 2_000_000


def test_a_cancelled_call_leaves_a_client_that_works() -> None:
    async def work(url: str) -> Any:
        async with AsyncShopClient(url) as shop:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(shop.albums.tree(), 0.1)
            return await shop.albums.tree()

    with Wire(silence, GOOD) as wire:
        assert asyncio.run(work(wire.url)).leaf == 1


def test_an_own_session_that_is_closed_is_told() -> None:
    async def work(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            shop = AsyncShopClient(url, session=session)
        await shop.albums.tree()

    with pytest.raises(ClientClosedError, match="session that was passed in is closed"):
        asyncio.run(work("http://127.0.0.1:1"))


SCRIPT = """
import asyncio, gc, sys
sys.path[:0] = {path!r}
from kit.shop import AsyncShopClient, ShopClient

async def call(shop):
    return (await shop.albums.tree()).leaf

shop = AsyncShopClient({url!r})
_ = shop.albums.tree  # bound here: asyncio's debug mode tells of the time that loading takes inside a loop
print(asyncio.run(call(shop)), asyncio.run(call(shop)))
del shop
gc.collect()
with ShopClient({url!r}) as blocking:
    print(blocking.albums.tree().leaf)
gc.collect()
"""


def test_nothing_is_left_open_when_a_loop_ends_without_close(request: pytest.FixtureRequest) -> None:
    with Wire(GOOD) as wire:
        script = SCRIPT.format(path=[str(request.path.parent.parent), *sys.path], url=wire.url)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-X", "dev", "-c", script], capture_output=True, text=True, timeout=30
        )
    assert (done.stderr, done.stdout.split()) == ("", ["1", "1", "1"])


@pytest.mark.parametrize("step", [GOOD, reply({}, 500), reply(b"x"), drip(b"HTTP/1.1 200 OK\r\nX: 1")])
def test_no_call_leaves_anything_open(mode: Mode, step: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Wire(step) as wire:
            try:
                mode.run(wire.url, tree, timeout=0.3)
            except Exception as error:
                assert error.__traceback__
        gc.collect()
    assert not [warning.message for warning in caught]


@pytest.mark.parametrize("name", ["request", "_request"])
def test_what_others_put_over_the_session_of_aiohttp_sees_each_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorders, mocks and tracers replace a method of aiohttp's session, also after a client has sent."""
    plain = getattr(aiohttp.ClientSession, name)
    seen: list[str] = []

    @functools.wraps(plain)
    def watched(session: Any, method: str, url: Any, **settings: Any) -> Any:
        seen.append(f"{method} {url.path}")
        return plain(session, method, url, **settings)

    async def run(url: str) -> None:
        async with AsyncShopClient(url, retries=0, timeout=5.0) as shop:
            assert (await shop.albums.tree()).leaf == 1
            with monkeypatch.context() as patched:
                patched.setattr(aiohttp.ClientSession, name, watched)
                assert (await shop.albums.tree()).leaf == 2
            assert (await shop.albums.tree()).leaf == 3

    with Wire(*(reply({"leaf": leaf}) for leaf in (1, 2, 3))) as wire:
        asyncio.run(run(wire.url))
        assert wire.connections == 1
    assert seen == ["GET /api/tree"]
