"""The target of a blocking request: sent as it was encoded, and seen by no other log."""

from __future__ import annotations

import logging

import pytest

from .shop import SYNC
from .wire import Wire, reply


def test_another_library_s_log_does_not_see_the_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="urllib3"), Wire(reply([])) as wire:
        SYNC.run(wire.url, lambda shop: shop.albums.list(tags=["hunter2"]))
    assert wire.last.target.endswith("?tags=hunter2")
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert "hunter2" not in caplog.text


def test_two_calls_at_once_keep_their_own_targets() -> None:
    with Wire(reply({"album": {"id": "a"}}), reply({"album": {"id": "b"}})) as wire:
        SYNC.run(wire.url, lambda shop: shop.albums.retrieve("a"), lambda shop: shop.albums.retrieve("b/ä"))
    assert [seen.target.rpartition("/")[2] for seen in wire.seen] == ["a", "b%2F%C3%A4"]
