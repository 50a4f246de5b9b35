"""What tools see that look at clients, resources and calls: mocks by their specification, inspect, pickle, copy."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import inspect
import multiprocessing
import pickle
from typing import Any, get_args
from unittest.mock import AsyncMock, create_autospec

import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.infisical.api.secrets import Secrets
from gemel.julep import AsyncClient as JulepAsyncClient
from gemel.julep import Client as JulepClient
from gemel.kit.calls.flows import flow, perform
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

from .shop import Album, Albums, AsyncShopClient, Mode, ShopClient

PLACE = {"project_id": "p", "environment": "dev"}


class MoreAlbums(Albums[M]):
    """Albums, and a flow and a plain method beside them."""

    @flow
    def renamed(self, album_id: str, *, title: str) -> Flow[Album]:
        """Rename an album, and return it."""
        yield from perform(self.update, album_id, title=title)
        return (yield from perform(self.retrieve, album_id))

    def described(self, prefix: str) -> str:
        """Return a text."""
        return prefix + repr(self)


class MoreShop(BaseClient[M]):
    albums: MoreAlbums[M]


class MoreShopClient(MoreShop[Sync], Client):
    pass


class AsyncMoreShopClient(MoreShop[Async], AsyncClient):
    pass


def parameters(call: Any) -> list[str]:
    return list(inspect.signature(call).parameters)


@pytest.mark.parametrize("spec_set", [False, True])
def test_a_mock_of_a_blocking_client_has_its_endpoints(spec_set: bool) -> None:
    client = create_autospec(InfisicalClient, instance=True, spec_set=spec_set)
    client.secrets.retrieve.return_value.secret_value = "mine"
    assert client.secrets.retrieve("A", **PLACE).secret_value == "mine"
    client.secrets.retrieve.assert_called_once_with("A", **PLACE)
    with pytest.raises(TypeError, match="project_id"):
        client.secrets.retrieve("A")
    with pytest.raises(TypeError, match="unexpected"):
        client.secrets.retrieve("A", **PLACE, colour="red")
    with pytest.raises(AttributeError):
        client.secrets.retreive  # noqa: B018
    client.secrets.retrieve.raw("A")
    client.secrets.retrieve.options(timeout=1)
    client.close()


def test_a_mock_made_of_the_class_checks_how_clients_are_made() -> None:
    made = create_autospec(InfisicalClient)
    assert made(token="t").secrets.retrieve is made.return_value.secrets.retrieve
    with pytest.raises(TypeError):
        made("https://somewhere", "and", "more")


def test_a_mock_of_an_async_client_is_awaited() -> None:
    client = create_autospec(InfisicalAsyncClient, instance=True)
    client.secrets.retrieve.return_value.secret_value = "mine"
    client.secrets.retrieve.raw.return_value.status = 200

    async def main() -> None:
        assert (await client.secrets.retrieve("A", **PLACE)).secret_value == "mine"
        assert (await client.secrets.retrieve.raw("A", **PLACE)).status == 200
        await client.close()

    asyncio.run(main())
    client.secrets.retrieve.assert_awaited_once_with("A", **PLACE)
    with pytest.raises(TypeError, match="project_id"):
        asyncio.run(client.secrets.retrieve("A"))


def test_mocks_of_the_clients_of_julep() -> None:
    blocking = create_autospec(JulepClient, instance=True)
    awaited = create_autospec(JulepAsyncClient, instance=True)
    for client in (blocking, awaited):
        client.sessions.chat.return_value = "answer"
    assert blocking.sessions.chat(session_id="s", messages=[]) == "answer"
    assert asyncio.run(awaited.sessions.chat(session_id="s", messages=[])) == "answer"
    with pytest.raises(TypeError, match="session_id"):
        blocking.sessions.chat(messages=[])


def test_nested_resources_flows_and_plain_methods(mode: Mode) -> None:
    shop = create_autospec(AsyncMoreShopClient if mode.is_async else MoreShopClient, instance=True)
    for call in (shop.albums.renamed, shop.albums.reviews.list, shop.albums.retrieve):
        assert isinstance(call, AsyncMock) is mode.is_async
    assert parameters(shop.albums.reviews.list) == ["album_id"]
    assert parameters(shop.albums.renamed) == ["album_id", "title"]
    assert not isinstance(shop.albums.described, AsyncMock)
    shop.albums.described("a")
    with pytest.raises(TypeError):
        shop.albums.described()


def test_mocks_of_a_living_client_a_resource_and_a_call(mode: Mode) -> None:
    def mocked(shop: Any) -> None:
        for call in (
            create_autospec(shop).albums.retrieve,
            create_autospec(shop.albums).retrieve,
            create_autospec(shop.albums.retrieve),
        ):
            assert isinstance(call, AsyncMock) is mode.is_async
            outcome = call("1", with_tracks=True)
            if mode.is_async:
                outcome.close()
            with pytest.raises(TypeError, match="album_id"):
                asyncio.run(call()) if mode.is_async else call()

    if mode.is_async:

        async def made() -> Any:
            return AsyncShopClient("http://127.0.0.1:9")

        mocked(asyncio.run(made()))
    else:
        with ShopClient("http://127.0.0.1:9") as shop:
            mocked(shop)


def test_a_mock_of_a_resource_class_has_its_endpoints() -> None:
    secrets = create_autospec(Secrets, instance=True)
    secrets.retrieve("A", **PLACE)
    with pytest.raises(TypeError, match="project_id"):
        secrets.retrieve("A")


def test_inspect_tells_the_truth() -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        assert parameters(shop.albums.retrieve) == ["album_id", "with_tracks"]
        assert not inspect.iscoroutinefunction(shop.albums.retrieve)
        assert shop.albums.retrieve.__name__ == "retrieve"

    async def main() -> None:
        async with AsyncMoreShopClient("http://127.0.0.1:9") as shop:
            assert parameters(shop.albums.retrieve) == ["album_id", "with_tracks"]
            for call in (shop.albums.retrieve, shop.albums.retrieve.options(timeout=1), shop.albums.renamed):
                assert inspect.iscoroutinefunction(call)
            assert not inspect.iscoroutinefunction(shop.albums.retrieve.url)

    asyncio.run(main())
    assert parameters(Albums.retrieve) == ["album_id", "with_tracks"]
    shown: Any = MoreShopClient.albums
    assert parameters(shown.retrieve) == ["album_id", "with_tracks"]
    assert {"retrieve", "renamed", "reviews"} <= set(dir(shown))
    with pytest.raises(TypeError, match="make a client"):
        shown.retrieve("1")
    with pytest.raises(AttributeError):
        shown.nothing  # noqa: B018


HELD = [
    lambda shop: shop,
    lambda shop: shop.albums,
    lambda shop: shop.albums.retrieve,
    lambda shop: shop.albums.renamed,
    lambda shop: {"in": [shop]},
]


@pytest.mark.parametrize("held", HELD, ids=["client", "resource", "call", "flow", "inside"])
@pytest.mark.parametrize("act", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_pickling_says_why_not_and_what_to_do(act: Any, held: Any) -> None:
    with (
        MoreShopClient("http://127.0.0.1:9") as shop,
        pytest.raises(TypeError, match="connections, locks and credentials; make one in each process"),
    ):
        act(held(shop))


def test_a_pool_of_processes_says_it_too() -> None:
    context = multiprocessing.get_context("spawn")
    with (
        ShopClient("http://127.0.0.1:9") as shop,
        concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool,
        pytest.raises(TypeError, match="make one in each process"),
    ):
        pool.submit(repr, shop).result(timeout=60)


def test_a_shallow_copy_shares_what_the_client_has() -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        assert copy.copy(shop).endpoint == shop.endpoint


def test_the_types_on_a_class_are_what_they_were() -> None:
    assert [info.name for info in ShopClient.endpoints()][:2] == ["retrieve", "list"]
    assert get_args(MoreShop.__orig_bases__[0]) == (M,)  # type: ignore[attr-defined]
