"""Tools that freeze time: a call ends by one clock, whenever its client was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import freezegun
import pytest
import time_machine

from ..shop import Mode
from ..wire import Wire, reply

FREEZING = {"freezegun": freezegun.freeze_time, "time-machine": time_machine.travel}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(reply({"leaf": 1})) as running:
        yield running


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def around(mode: Mode, freeze: Any) -> Any:
    def step(shop: Any) -> Any:
        with freeze("2031-05-05"):
            return tree(shop)

    async def awaited(shop: Any) -> Any:
        with freeze("2031-05-05"):
            return await tree(shop)

    return awaited if mode.is_async else step


@pytest.mark.parametrize("freeze", FREEZING.values(), ids=FREEZING)
def test_a_call_of_an_older_client(mode: Mode, wire: Wire, freeze: Any) -> None:
    assert mode.run(wire.url, tree, around(mode, freeze), tree).leaf == 1


@pytest.mark.parametrize("freeze", FREEZING.values(), ids=FREEZING)
def test_a_client_that_was_made_in_frozen_time(mode: Mode, wire: Wire, freeze: Any) -> None:
    with freeze("2031-05-05"):
        assert mode.run(wire.url, tree, tree).leaf == 1
