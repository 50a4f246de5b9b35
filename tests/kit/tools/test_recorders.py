"""Recorders and mocks that work below requests or in its place: they see what the blocking client sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pook
import pytest
import requests_mock
import responses
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from ..shop import ShopClient
from ..wire import Wire, reply

ALBUM = {"album": {"id": "1", "title": "Blue"}}


@pytest.fixture
def shop() -> Iterator[Any]:
    with ShopClient("http://shop.test/v1", retries=0, timeout=5.0) as client:
        yield client


@pytest.mark.parametrize("used", [False, True], ids=["at once", "after a call"])
def test_vcrpy_records_and_plays(tmp_path: Path, used: bool) -> None:
    cassette = str(tmp_path / "shop.yaml")
    with Wire(reply(ALBUM)) as wire:
        with ShopClient(wire.url, retries=0, timeout=5.0) as shop:
            if used:
                shop.albums.tree()
            before = len(wire.seen)
            with vcr.use_cassette(cassette):
                assert shop.albums.retrieve("1").title == "Blue"
            assert len(wire.seen) == before + 1
            with vcr.use_cassette(cassette, record_mode="none") as played:
                assert shop.albums.retrieve("1").title == "Blue"
                assert played.play_count == 1
                with pytest.raises(CannotOverwriteExistingCassetteException):
                    shop.albums.retrieve("2")
            assert len(wire.seen) == before + 1
            assert shop.albums.retrieve("1").title == "Blue"
            assert len(wire.seen) == before + 2


def test_pook_sees_the_whole_address(shop: Any) -> None:
    with pook.use():
        pook.get("http://shop.test/v1/api/albums/1").reply(200).json(ALBUM)
        assert shop.albums.retrieve("1").title == "Blue"
        assert pook.isdone()


@responses.activate
def test_responses(shop: Any) -> None:
    responses.get("http://shop.test/v1/api/albums/1", json=ALBUM)
    assert shop.albums.retrieve("1").title == "Blue"


def test_requests_mock(shop: Any) -> None:
    with requests_mock.Mocker() as mock:
        mock.get("http://shop.test/v1/api/albums/1", json=ALBUM)
        assert shop.albums.retrieve("1").title == "Blue"
