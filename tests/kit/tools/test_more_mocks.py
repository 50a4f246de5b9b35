"""Recorders, caches and servers for tests that take a session, or stand in the place of a server or a transport."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import betamax
import pook
import pytest
import requests
import requests_cache
import responses
import trio
import vcr
from aioresponses import aioresponses
from pytest_httpserver import HTTPServer
from vcr.errors import CannotOverwriteExistingCassetteException

from gemel.kit.errors import APITimeoutError, NotFoundError

from ..shop import AsyncShopClient, Mode, ShopClient
from ..wire import Wire, reply

ALBUM = {"album": {"id": "1", "title": "Blue"}}
FAULT = {"message": "no such album"}


def step(shop: Any) -> Any:
    return shop.albums.retrieve("1")


def test_betamax_records_and_plays_by_the_session_that_is_passed_in(tmp_path: Path) -> None:
    session = requests.Session()
    with Wire(reply(ALBUM)) as wire, ShopClient(wire.url, session=session, retries=0) as shop:
        for _ in range(2):
            with betamax.Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette("shop"):
                assert step(shop).title == "Blue"
        assert len(wire.seen) == 1
        with (
            betamax.Betamax(session, cassette_library_dir=str(tmp_path)).use_cassette("shop", record="none"),
            pytest.raises(Exception, match="cassette"),
        ):
            shop.albums.retrieve("2")


def test_requests_cache_keeps_replies_of_the_session_that_is_passed_in() -> None:
    session = requests_cache.CachedSession(backend="memory")
    with Wire(reply(ALBUM)) as wire, ShopClient(wire.url, session=session, retries=0) as shop:
        assert [step(shop).title for _ in range(3)] == ["Blue"] * 3
        assert len(wire.seen) == 1
    session.close()


def test_pytest_httpserver(mode: Mode, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/albums/1", headers={"Accept": "application/json"}).respond_with_json(ALBUM)
    httpserver.expect_request("/api/albums/2").respond_with_json(FAULT, status=404)
    assert mode.run(httpserver.url_for(""), step).title == "Blue"
    error = mode.fails(httpserver.url_for(""), lambda shop: shop.albums.retrieve("2"))
    assert isinstance(error, NotFoundError) and "no such album" in str(error)
    httpserver.check_assertions()


def test_vcrpy_records_and_plays_the_async_client(tmp_path: Path) -> None:
    cassette = str(tmp_path / "shop.yaml")

    async def main(url: str, seen: list[Any]) -> None:
        async with AsyncShopClient(url, retries=0, timeout=5.0) as shop:
            with vcr.use_cassette(cassette):
                assert (await step(shop)).title == "Blue"
            with vcr.use_cassette(cassette, record_mode="none") as played:
                assert (await step(shop)).title == "Blue"
                assert played.play_count == 1
                with pytest.raises(CannotOverwriteExistingCassetteException):
                    await shop.albums.retrieve("2")
            assert len(seen) == 1

    with Wire(reply(ALBUM)) as wire:
        asyncio.run(main(wire.url, wire.seen))


# They make replies without an argument that aiohttp 3.14 asks for, with aiohttp alone too.
behind_aiohttp = pytest.mark.xfail(
    raises=TypeError, reason="aioresponses and pook do not know aiohttp 3.14", strict=True
)


@behind_aiohttp
def test_aioresponses_with_aiohttp_alone() -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            with aioresponses() as mock:
                mock.get("http://shop.test/", payload=ALBUM)
                await session.get("http://shop.test/")

    asyncio.run(main())


@behind_aiohttp
def test_aioresponses() -> None:
    async def main() -> None:
        async with AsyncShopClient("http://shop.test/v1", retries=1, timeout=5.0) as shop:
            with aioresponses() as mock:
                mock.get("http://shop.test/v1/api/albums/1", payload=ALBUM)
                mock.get("http://shop.test/v1/api/albums/2", status=404, payload=FAULT)
                mock.get("http://shop.test/v1/api/albums/3", exception=asyncio.TimeoutError())
                assert (await step(shop)).title == "Blue"
                with pytest.raises(NotFoundError, match="no such album"):
                    await shop.albums.retrieve("2")
                with pytest.raises(APITimeoutError):
                    await shop.albums.retrieve.options(retries=0)("3")

    asyncio.run(main())


@behind_aiohttp
def test_pook_sees_the_async_client() -> None:
    async def main() -> None:
        async with AsyncShopClient("http://shop.test/v1", retries=0, timeout=5.0) as shop:
            with pook.use():
                pook.get("http://shop.test/v1/api/albums/1").reply(200).json(ALBUM)
                assert (await step(shop)).title == "Blue"
                assert pook.isdone()

    try:
        asyncio.run(main())
    finally:
        pook.off()


@responses.activate
def test_responses_gives_errors_repeats_and_what_was_sent() -> None:
    responses.get("http://shop.test/api/albums/1", status=503)
    responses.get("http://shop.test/api/albums/1", json=ALBUM)
    responses.get("http://shop.test/api/albums/2", json=FAULT, status=404)
    responses.post("http://shop.test/api/albums", json=ALBUM)
    with ShopClient("http://shop.test", retries=1, timeout=5.0, random=lambda: 0.0) as shop:
        assert step(shop).title == "Blue"
        with pytest.raises(NotFoundError, match="no such album"):
            shop.albums.retrieve("2")
        shop.albums.create("Blue")
    assert responses.calls[-1].request.body == b'{"title":"Blue"}'


@pytest.mark.parametrize("make", [requests.Session, None], ids=["own session", "none"])
def test_responses_with_an_own_session(make: Any) -> None:
    with responses.RequestsMock() as mock:
        mock.get("http://shop.test/api/albums/1", json=ALBUM)
        with ShopClient("http://shop.test", session=make and make(), retries=0) as shop:
            assert step(shop).title == "Blue"


@behind_aiohttp
def test_an_own_session_of_aiohttp_with_aioresponses() -> None:
    async def main() -> None:
        async with (
            aiohttp.ClientSession() as session,
            AsyncShopClient("http://shop.test", session=session, retries=0) as shop,
        ):
            with aioresponses() as mock:
                mock.get("http://shop.test/api/albums/1", payload=ALBUM)
                assert (await step(shop)).title == "Blue"

    asyncio.run(main())


def test_trio_is_told_that_asyncio_is_needed() -> None:
    async def main() -> None:
        await AsyncShopClient("http://127.0.0.1:9").albums.retrieve("1")

    with pytest.raises(RuntimeError, match=r"needs asyncio.*to_thread"):
        trio.run(main)


def test_the_blocking_client_works_in_a_thread_of_trio() -> None:
    async def main(url: str) -> Any:
        with ShopClient(url, retries=0) as shop:
            return await trio.to_thread.run_sync(shop.albums.retrieve, "1")

    with Wire(reply(ALBUM)) as wire:
        assert trio.run(main, wire.url).title == "Blue"
