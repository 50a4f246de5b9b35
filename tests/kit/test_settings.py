"""Settings: a misspelt one is refused in the words of the class that the user wrote."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.types import Sync

from .shop import AsyncShopClient, ShopClient


class OwnClient(ShopClient):
    """A client with an argument of its own."""

    def __init__(self, url: str, *, region: str = "eu", **settings: Any) -> None:
        super().__init__(url, **settings)


@pytest.mark.parametrize("client", [Client, AsyncClient, ShopClient, AsyncShopClient, OwnClient])
def test_a_misspelt_setting_names_the_class_and_the_setting_that_is_meant(client: Any) -> None:
    with pytest.raises(TypeError) as caught:
        client("http://127.0.0.1:1", timeot=5)
    assert str(caught.value) == f"{client.__name__}(): there is no setting 'timeot'; did you mean 'timeout'?"


def test_a_setting_of_a_subclass_is_meant_too() -> None:
    with pytest.raises(TypeError, match=r"^OwnClient\(\): there is no setting 'regoin'; did you mean 'region'\?$"):
        OwnClient("http://127.0.0.1:1", regoin="eu")


@pytest.mark.parametrize("client", [InfisicalClient, InfisicalAsyncClient])
def test_so_it_is_with_an_sdk(client: Any) -> None:
    says = r"^Infisical(Async)?Client\(\): there is no setting 'client_idd'; did you mean 'client_id'\?"
    with pytest.raises(TypeError, match=says):
        client(token="t", client_idd="c")


def test_one_that_is_like_none_is_told_where_they_are() -> None:
    with pytest.raises(TypeError) as caught:
        ShopClient("http://127.0.0.1:1", zzz=1)  # type: ignore[call-arg]
    assert str(caught.value).startswith("ShopClient(): there is no setting 'zzz'; it takes cache, certificate, clock, ")


def test_a_class_without_a_mode_says_so_first() -> None:
    with pytest.raises(TypeError, match="has no mode"):
        BaseClient[Sync]("http://127.0.0.1:1")
