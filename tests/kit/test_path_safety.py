"""Path values on the wire: each is one segment, the same on both transports, or refused before sending."""

from __future__ import annotations

import enum
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.kit.errors import InvalidArgument

from .shop import ASYNC, SYNC, Mode, ShopClient
from .wire import Wire, reply

PREFIX = "/api/any/"


class Climb(str, enum.Enum):
    UP = ".."


@pytest.mark.parametrize("value", ["..", ".", "", None, True, ["a"], ("a",), {"a": 1}, b"a", Climb.UP, float("nan")])
def test_a_value_that_is_not_a_segment_is_refused_and_nothing_is_sent(mode: Mode, value: Any) -> None:
    with Wire(reply({})) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.anything(value))
    assert isinstance(error, InvalidArgument)
    assert (error.method, error.parameter) == ("Albums.anything", "value")
    assert wire.connections == 0


TEXTS = [
    "a/b", "../x", "%2e%2e", "%2E", "é", "日本", "a b", "a+b", ";:,=@", "{x}", "{value}", "?", "#", "a?b=c#d", "\n",
    "a\r\nX-Evil: 1", "\x00", "\\", "...", "~user", "*", "http://evil/", "//evil", "&", "'\"<>", " ", "-_.~", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("value", TEXTS)
def test_any_other_text_is_one_segment_and_the_same_on_both_transports(value: str) -> None:
    with Wire(reply({})) as wire:
        for mode in (SYNC, ASYNC):
            mode.run(wire.url, lambda shop: shop.albums.anything(value))
    assert wire.targets[0] == wire.targets[1]
    segment = wire.targets[0].removeprefix(PREFIX)
    assert unquote(segment) == value
    assert not set(segment) & set("/?#;:,=@ {}")


def test_a_lone_surrogate_is_refused(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.anything("a\ud800b"))
    assert isinstance(error, InvalidArgument)
    assert "surrogate" in str(error)
    assert not wire.seen


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/", "/a%20b"])
def test_the_path_of_the_endpoint_is_kept(mode: Mode, base: str) -> None:
    with Wire(reply({})) as wire:
        mode.run(wire.url + base, lambda shop: shop.albums.anything("batch:get"))
    assert wire.targets == [f"{base.rstrip('/')}/api/any/batch%3Aget"]


def test_every_text_arrives_as_it_was() -> None:
    """One server and one client for all examples: to start them takes longer than the calls."""
    with Wire(reply({})) as wire, ShopClient(wire.url, retries=0) as shop:

        @given(st.lists(st.text().filter(lambda text: text not in ("", ".", "..")), min_size=1, max_size=4))
        def arrives(values: list[str]) -> None:
            values = [value.encode("utf-8", "replace").decode() for value in values]
            before = len(wire.targets)
            for value in values:
                shop.albums.anything(value)
            for value, target in zip(values, wire.targets[before:], strict=True):
                assert "/" not in target.removeprefix(PREFIX)
                assert unquote(target.removeprefix(PREFIX)) == value

        arrives()


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")).filter(bool), min_size=3, max_size=8))
def test_every_query_text_arrives_the_same_on_both_transports(values: list[str]) -> None:
    with Wire(reply([])) as wire:
        for mode in (SYNC, ASYNC):
            mode.run(wire.url, lambda shop: shop.albums.list(tags=values))
    assert wire.targets[0] == wire.targets[1]
    assert [unquote(pair.partition("=")[2]) for pair in wire.last.query.split("&")] == values
