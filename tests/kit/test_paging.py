"""Lists in pages: every kind of paging in both modes, to the end and no further, resumed, and never in circles."""

from __future__ import annotations

import base64
import inspect
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from gemel.kit.calls.flows import flow
from gemel.kit.calls.paged import AsyncPager, Pager
from gemel.kit.declare import Cursor, LinkHeader, NextAddress, Offset, Page, PageNumber, get, head, post
from gemel.kit.errors import (
    APITimeoutError,
    DeclarationError,
    InvalidArgument,
    NotFoundError,
    PagingError,
    ResponseValidationError,
)
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Retry
from gemel.kit.paging.position import Place, save
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from .lists import ASYNC, SYNC, Item, Lists, Things, WarehouseClient, items, shelf
from .shop import Mode
from .wire import Seen, Wire, reply

WAYS = [
    "by_address",
    "by_count",
    "by_cursor",
    "by_header",
    "by_index",
    "by_item",
    "by_link",
    "by_more",
    "by_number",
    "by_offset",
    "by_pages",
    "by_size",
    "by_total",
]


@pytest.fixture(params=[SYNC, ASYNC], ids=lambda mode: mode.name)
def mode(request: Any) -> Mode:
    """Each test that asks for it runs blocking and awaited."""
    chosen: Mode = request.param
    return chosen


def pages(mode: Mode, url: str, make: Any, **settings: Any) -> list[Page[Any]]:
    """The pages of the pager that `make` gives for a client."""

    async def gathered(client: Any) -> list[Page[Any]]:
        return [page async for page in make(client).pages()]

    found: list[Page[Any]] = mode.run(
        url, gathered if mode.is_async else lambda client: list(make(client).pages()), **settings
    )
    return found


def taken(mode: Mode, url: str, make: Any, **settings: Any) -> tuple[list[Any], Exception | None]:
    """The items that an iteration gives, and the error that ends it."""
    found: list[Any] = []

    async def gathered(client: Any) -> None:
        async for item in make(client):
            found.append(item)

    def looped(client: Any) -> None:
        for item in make(client):
            found.append(item)

    try:
        mode.run(url, gathered if mode.is_async else looped, **settings)
    except Exception as error:
        return found, error
    return found, None


def numbers(found: list[Any]) -> list[int]:
    return [int(item.id) for item in found]


# Every way, to the end


@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_every_item_once(mode: Mode, way: str, count: int) -> None:
    with Lists(shelf(count)) as server:
        found = mode.run(server.url, lambda client: getattr(client.things, way)().all())
    assert numbers(found) == list(range(count))
    assert all(isinstance(item, Item) for item in found)
    assert len(server.seen) <= count // 2 + 1


def test_items_that_are_plain_json(mode: Mode) -> None:
    with Lists(shelf(7)) as server:
        found = mode.run(server.url, lambda client: client.things.plain().all())
    assert found == items(0, 7)
    assert server.sent("after") == [None, "2", "5"]


def test_the_requests_of_offset_paging(mode: Mode) -> None:
    with Lists(shelf(7)) as server:
        mode.run(server.url, lambda client: client.things.by_offset(owner="me").all())
    assert server.targets == [f"/offset?owner=me&limit=3&offset={offset}" for offset in (0, 3, 6)]


def test_a_search_by_post_has_its_numbers_in_the_body(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        found = mode.run(server.url, lambda client: client.things.search(text="a").all())
    assert numbers(found) == [0, 1, 2, 3]
    assert [seen.json for seen in server.seen] == [
        {"text": "a", "limit": 3, "offset": 0},
        {"text": "a", "limit": 3, "offset": 3},
    ]
    assert {seen.target for seen in server.seen} == {"/search"}


def test_a_body_without_a_place_for_the_numbers(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        error = mode.fails(server.url, lambda client: client.things.search_all(["a"]).all())
        assert not server.seen
        assert len(mode.run(server.url, lambda client: client.things.search_form("a b").all())) == 4
    assert isinstance(error, InvalidArgument) and 'within="query"' in str(error)
    assert {seen.body for seen in server.seen} == {b"text=a%20b"}
    assert server.sent("offset") == ["0", "3"]


def test_the_call_says_how_many_and_from_where(mode: Mode) -> None:
    with Lists(shelf(9)) as server:
        found = mode.run(server.url, lambda client: client.things.by_offset(limit=2, offset=5).all())
        later = mode.run(server.url, lambda client: client.things.by_count(page=3).all())
        cursor = mode.run(server.url, lambda client: client.things.by_cursor(cursor="c6").all())
    assert numbers(found) == [5, 6, 7, 8]
    assert server.targets[:2] == ["/offset?limit=2&offset=5", "/offset?limit=2&offset=7"]
    assert numbers(later) == [6, 7, 8]
    assert numbers(cursor) == [6, 7, 8]
    assert len(server.seen) == 4


def test_options_count_as_the_call(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        call = {"query": {"limit": 4}, "headers": {"X-Trace": "t"}}
        mode.run(server.url, lambda client: client.things.by_offset.options(**call)().all())
        mode.run(server.url, lambda client: client.with_options(**call).things.by_offset().all())
    assert [seen.query for seen in server.seen] == ["limit=4&offset=0"] * 2
    assert {seen.headers["x-trace"] for seen in server.seen} == {"t"}


def test_a_number_that_is_none(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        error = mode.fails(server.url, lambda client: client.things.by_offset.options(query={"offset": "x"})().all())
        assert not server.seen
    assert isinstance(error, InvalidArgument)
    assert error.parameter == "offset"


# The pager


def test_nothing_is_sent_before_an_item_is_asked_for(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        mode.run(server.url, lambda client: client.things.by_offset().limit(1) and client.things.by_offset().first())
        assert len(server.seen) == 1
        error = mode.fails(server.url, lambda client: client.things.by_offset(limit="3").all())
        assert len(server.seen) == 1
    assert isinstance(error, InvalidArgument)


def test_each_iteration_begins_anew() -> None:
    with Lists(shelf(4)) as server, WarehouseClient(server.url) as client:
        pager = client.things.by_offset()
        assert list(pager) == list(pager) == pager.all()
        assert len(server.seen) == 6


def test_a_page_says_what_came(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        first, last = pages(mode, server.url, lambda client: client.things.by_offset())
        assert first.url == f"{server.url}/offset?limit=3&offset=0"
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    assert json.loads(first.body)["totalCount"] == first.total == last.total == 4
    assert first.position is not None and last.position is None
    assert numbers(list(first)) == [0, 1, 2] and len(last) == 1
    assert (repr(first), repr(last)) == ("<Page, 3 items of 4>", "<Page, 1 items of 4, the last>")


def test_a_total_that_nobody_says(mode: Mode) -> None:
    with Lists(shelf(1)) as server:
        (page,) = pages(mode, server.url, lambda client: client.things.by_size())
    assert page.total is None
    assert repr(page) == "<Page, 1 items, the last>"


def test_the_first_page_and_the_first_item(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        page = mode.run(server.url, lambda client: client.things.by_offset().page())
        item = mode.run(server.url, lambda client: client.things.by_offset().first())
    assert (numbers(page.items), item) == ([0, 1, 2], Item(id="0"))
    assert len(server.seen) == 2


def test_the_first_item_of_an_empty_list(mode: Mode) -> None:
    with Lists(shelf(0)) as server:
        assert mode.run(server.url, lambda client: client.things.by_offset().first()) is None


def test_the_first_item_after_empty_pages(mode: Mode) -> None:
    script = [reply({"items": [], "meta": {"next": name}}) for name in ("a", "b")]
    with Wire(*script, reply({"items": items(0, 1), "meta": {}})) as wire:
        assert mode.run(wire.url, lambda client: client.things.by_cursor().first()) == Item(id="0")
    assert wire.targets == ["/cursor", "/cursor?cursor=a", "/cursor?cursor=b"]


@pytest.mark.parametrize(("limit", "requests"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (100, 3)])
def test_a_limit_ends_the_iteration(mode: Mode, limit: int, requests: int) -> None:
    with Lists(shelf(7)) as server:
        found = mode.run(server.url, lambda client: client.things.by_offset().limit(limit).all())
    assert numbers(found) == list(range(min(limit, 7)))
    assert len(server.seen) == requests


@pytest.mark.parametrize("limit", [0, -1, True, "3", None, 1.0])
def test_a_limit_that_is_none(limit: Any) -> None:
    with WarehouseClient("http://127.0.0.1:9") as client, pytest.raises(InvalidArgument, match=r"limit\(\): items"):
        client.things.by_offset().limit(limit)


def test_a_paged_call_is_a_call(mode: Mode) -> None:
    with Lists(shelf(4)) as server:
        raw = mode.run(server.url, lambda client: client.things.by_offset.raw(limit=2))
    assert (raw.status, numbers(raw.value.items), raw.value.total) == (200, [0, 1], 4)
    with mode_client(mode) as client:
        call = client.things.by_offset
        assert call.url(limit=2) == "http://127.0.0.1:9/offset?limit=2&offset=0"
        assert call.request().url.endswith("/offset?limit=3&offset=0")
        assert "offset?limit=3" in call.curl()
        assert call._declaration.spec.path == "offset"
        assert list(inspect.signature(call).parameters) == ["limit", "offset", "owner"]
        assert call.__doc__ == Things.by_offset.__doc__
        assert repr(call()) == f"<{'AsyncPager' if mode.is_async else 'Pager'} of Things.by_offset>"


class mode_client:
    """A client that sends nothing."""

    def __init__(self, mode: Mode) -> None:
        self._client = mode.client("http://127.0.0.1:9")

    def __enter__(self) -> Any:
        return self._client

    def __exit__(self, *_: object) -> None:
        if isinstance(self._client, WarehouseClient):
            self._client.close()


def test_both_pagers_have_the_same_methods() -> None:
    def methods(pager: type) -> dict[str, list[str]]:
        public = {name: value for name, value in inspect.getmembers(pager, callable) if not name.startswith("_")}
        return {name: list(inspect.signature(value).parameters) for name, value in public.items()}

    assert methods(AsyncPager) == {**methods(Pager), "ahead": ["self"]}


def test_all_items_as_a_part_of_a_flow(mode: Mode) -> None:
    class Counting(Things[M]):
        @flow
        def count(self) -> Flow[int]:
            """Count the items."""
            found = yield from self.by_offset.gathered(limit=2)
            return len(found)

    with Lists(shelf(5)) as server:
        assert mode.run(server.url, lambda client: Counting(client).count()) == 5
    assert len(server.seen) == 3


# Going on from a saved position


@pytest.mark.parametrize("way", WAYS)
def test_a_list_is_resumed_after_each_page(mode: Mode, way: str) -> None:
    with Lists(shelf(8)) as server:
        found = pages(mode, server.url, lambda client: getattr(client.things, way)())
        seen = 0
        for page in found:
            seen += len(page)
            if page.position is not None:
                rest = mode.run(server.url, resumed(way, page.position))
                assert numbers(rest) == list(range(seen, 8))
    assert found[-1].position is None and seen == 8


@pytest.mark.parametrize("way", WAYS)
def test_a_page_that_a_limit_cuts_is_resumed_within(mode: Mode, way: str) -> None:
    with Lists(shelf(8)) as server:
        *_, cut = pages(mode, server.url, lambda client: getattr(client.things, way)().limit(5))
        rest = pages(mode, server.url, lambda client: getattr(client.things, way)().resume(cut.position).limit(2))
        last = mode.run(server.url, lambda client: getattr(client.things, way)().resume(rest[-1].position).all())
    assert numbers([item for page in rest for item in page]) == [5, 6]
    assert numbers(last) == [7]


def resumed(way: str, position: str) -> Any:
    return lambda client: getattr(client.things, way)().resume(position).all()


@pytest.mark.parametrize("way", WAYS)
def test_a_position_is_plain_text(way: str) -> None:
    with Lists(shelf(8)) as server, WarehouseClient(server.url) as client:
        position = getattr(client.things, way)().page().position
    assert position.isascii() and position.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("way", ["by_link", "by_address"])
def test_a_position_holds_no_secret_argument(mode: Mode, way: str) -> None:
    key = "k/ey of+mine"
    with Lists(shelf(8)) as server:
        first = pages(mode, server.url, lambda client: getattr(client.things, way)(key=key))[0]
        assert first.position is not None
        inside = base64.urlsafe_b64decode(first.position + "==").decode()
        position = first.position
        rest = mode.run(server.url, lambda client: getattr(client.things, way)(key=key).resume(position).all())
    assert "from=3" in inside and "mine" not in inside
    assert numbers(rest) == [3, 4, 5, 6, 7]
    assert set(server.sent("key")) == {key}


def test_a_position_belongs_to_its_call() -> None:
    with Lists(shelf(8)) as server, Lists(shelf(8)) as other:
        with WarehouseClient(server.url) as client, WarehouseClient(other.url) as elsewhere:
            position = client.things.by_offset(owner="me").page().position
            assert position is not None
            for pager in (
                client.things.by_offset(owner="you"),
                client.things.by_offset(owner="me", limit=2),
                client.things.by_size(),
                client.things.by_cursor(),
                elsewhere.things.by_offset(owner="me"),
            ):
                with pytest.raises(InvalidArgument, match="belongs to another call"):
                    pager.resume(position)
            assert client.things.by_offset(owner="me").resume(position).first() == Item(id="3")


@pytest.mark.parametrize("position", ["", "x", "!!", None, 3, "bm8", "W10", "é", b"x"])
def test_a_position_that_is_none(position: Any) -> None:
    with WarehouseClient("http://127.0.0.1:9") as client:
        with pytest.raises(InvalidArgument, match=r"Things.by_offset.resume\(\): position: it is not the position"):
            client.things.by_offset().resume(position)


def test_a_forged_position_leads_nowhere_else(mode: Mode) -> None:
    with Wire(reply([])) as elsewhere, Lists(shelf(8)) as server:

        def forged(client: Any) -> Any:
            listing = client.things.by_link()._listing
            place = Place(f"{elsewhere.url}/link")
            return client.things.by_link().resume(save(place, listing.tied)).all()

        assert isinstance(mode.fails(server.url, forged), PagingError)
        assert not server.seen and not elsewhere.seen


# Lists that do not end by themselves


def always(reply: bytes) -> Any:
    return lambda request: reply


@pytest.mark.parametrize("way", ["by_size", "by_more", "by_number", "by_count", "by_offset", "by_index"])
def test_a_server_that_ignores_the_numbers(mode: Mode, way: str) -> None:
    body = {"items": items(0, 3), "hasMore": True, "totalCount": 9, "n": 9, "meta": {"pages": 3, "total": 9}}
    with Lists(always(reply(body))) as server:
        found, error = taken(mode, server.url, lambda client: getattr(client.things, way)())
    assert isinstance(error, PagingError)
    assert "page 2 has the items of a page before it" in str(error)
    assert numbers(found) == [0, 1, 2]
    assert len(server.seen) == 2


def test_noise_beside_the_items_hides_no_repetition(mode: Mode) -> None:
    noise = iter(range(100))
    with Lists(lambda request: reply({"items": items(0, 3), "requestId": next(noise)})) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_size())
    assert isinstance(error, PagingError) and len(found) == 3


def test_a_list_in_a_circle(mode: Mode) -> None:
    def around(request: Seen) -> bytes:
        start = int(request.query.rpartition("=")[2]) % 6
        return reply({"items": items(start, start + 3)})

    with Lists(around) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_size())
    assert isinstance(error, PagingError) and "page 3" in str(error)
    assert numbers(found) == [0, 1, 2, 3, 4, 5]


def test_a_server_that_ignores_the_limit_and_gives_all(mode: Mode) -> None:
    with Lists(always(reply({"items": items(0, 9), "totalCount": 9}))) as server:
        found = mode.run(server.url, lambda client: client.things.by_offset().all())
    assert numbers(found) == list(range(9))
    assert len(server.seen) == 1


def test_a_server_that_gives_less_than_it_is_asked_for(mode: Mode) -> None:
    """A total, or a word that there is more, weighs more than a short page."""

    def stingy(request: Seen) -> bytes:
        start = int(request.query.rpartition("offset=")[2].partition("&")[0])
        return reply({"items": items(start, min(5, start + 1)), "totalCount": 5, "hasMore": start < 4})

    with Lists(stingy) as server:
        by_total = mode.run(server.url, lambda client: client.things.by_offset().all())
        by_more = mode.run(server.url, lambda client: client.things.by_more().all())
        by_size = mode.run(server.url, lambda client: client.things.by_size().all())
    assert (numbers(by_total), numbers(by_more)) == (list(range(5)), list(range(5)))
    assert numbers(by_size) == [0]


@pytest.mark.parametrize("way", ["by_offset", "by_more", "by_number", "by_count"])
def test_an_empty_page_ends_what_is_counted(mode: Mode, way: str) -> None:
    body = {"items": [], "hasMore": True, "totalCount": 9, "meta": {"pages": 3, "total": 9}}
    with Lists(always(reply(body))) as server:
        assert mode.run(server.url, lambda client: getattr(client.things, way)().all()) == []
    assert len(server.seen) == 1


def test_the_same_cursor_again(mode: Mode) -> None:
    number = iter(range(100))

    def stuck(request: Seen) -> bytes:
        return reply({"items": items(*((n := next(number)), n + 1)), "meta": {"next": "c1"}})

    with Lists(stuck) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_cursor())
    assert isinstance(error, PagingError) and "in a circle" in str(error)
    assert numbers(found) == [0, 1]


@pytest.mark.parametrize("way", ["by_cursor", "by_header", "by_link", "by_address"])
def test_equal_pages_under_new_names_are_no_circle(mode: Mode, way: str) -> None:
    """What the items are does not say which page it is: a log may have the same lines for hours."""
    number = iter(range(1, 5))

    def alike(request: Seen) -> bytes:
        at, same = next(number), items(0, 2)
        following = f"/{request.target.partition('?')[0].strip('/')}?cursor=c{at}" if at < 4 else ""
        if way == "by_link":
            return reply(same, headers={"Link": f"<{following}>; rel=next"} if following else {})
        if way == "by_header":
            return reply(same, headers={"X-Next-Cursor": f"c{at}"} if following else {})
        links = {"next": following}
        return reply({"items": same, "meta": {"next": f"c{at}" if following else None}, "links": links})

    with Lists(alike) as server:
        found = mode.run(server.url, lambda client: getattr(client.things, way)().all())
    assert numbers(found) == [0, 1] * 4
    assert server.sent("cursor") == [None, "c1", "c2", "c3"]


@pytest.mark.parametrize("way", ["by_cursor", "by_header"])
def test_a_server_that_ignores_the_cursor(mode: Mode, way: str) -> None:
    same = items(0, 2)
    step = reply(same, headers={"X-Next-Cursor": "c1"}) if way == "by_header" else b""
    step = step or reply({"items": same, "meta": {"next": "c1"}})
    with Lists(always(step)) as server:
        found, error = taken(mode, server.url, lambda client: getattr(client.things, way)())
    assert isinstance(error, PagingError) and "page 2 has the items of a page before it" in str(error)
    assert numbers(found) == [0, 1] and len(server.seen) == 2


def test_equal_pages_in_a_circle_of_cursors(mode: Mode) -> None:
    def around(request: Seen) -> bytes:
        at = int((server.sent("cursor")[-1] or "c0")[1:])
        return reply({"items": items(0, 2), "meta": {"next": f"c{(at + 1) % 3}"}})

    with Lists(around) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_cursor())
    assert isinstance(error, PagingError)
    assert len(server.seen) == 4 and numbers(found) == [0, 1] * 3


def test_a_total_in_a_header(mode: Mode) -> None:
    with Lists(shelf(7)) as server:
        (first, *_) = pages(mode, server.url, lambda client: client.things.by_header())
        assert first.total == 7
        (first, *_) = pages(mode, server.url, lambda client: client.things.by_total())
        assert first.total == 7
    for said in ("x", "-1", "1.5", "", "7" * 5000, "٣"):
        with Wire(reply(items(0, 1), headers={"X-Total-Count": said.encode().decode("latin-1")})) as wire:
            page = mode.run(wire.url, lambda client: client.things.by_header().page())
        assert page.total is None


def test_an_empty_page_with_its_own_cursor_is_the_last(mode: Mode) -> None:
    script = [reply({"items": items(0, 1), "meta": {"next": "c1"}}), reply({"items": [], "meta": {"next": "c1"}})]
    with Wire(*script) as wire:
        assert numbers(mode.run(wire.url, lambda client: client.things.by_cursor().all())) == [0]
    assert len(wire.seen) == 2


def test_the_same_address_again(mode: Mode) -> None:
    number = iter(range(100))

    def stuck(request: Seen) -> bytes:
        body = items(*((n := next(number)), n + 1))
        return reply(body, headers={"Link": f"</link?from={n % 2}>; rel=next"})

    with Lists(stuck) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_link())
    assert isinstance(error, PagingError) and "in a circle" in str(error)
    assert numbers(found) == [0, 1, 2]


def test_a_bound_on_the_pages_and_going_on(mode: Mode) -> None:
    with Lists(shelf(6)) as server:
        found, error = taken(mode, server.url, lambda client: client.things.bounded())
        assert isinstance(error, PagingError) and "more than 4 pages" in str(error)
        position = error.position
        rest = mode.run(server.url, lambda client: client.things.bounded().resume(position).all())
    assert numbers(found) == [0, 1, 2, 3]
    assert numbers(rest) == [4, 5]


@pytest.mark.parametrize("cursor", [True, 1.5, ["c"], {"c": 1}])
def test_a_cursor_that_is_none(mode: Mode, cursor: Any) -> None:
    with Wire(reply({"items": items(0, 1), "meta": {"next": cursor}})) as wire:
        error = mode.fails(wire.url, lambda client: client.things.by_cursor().all())
    assert isinstance(error, PagingError) and "a cursor is text or a whole number" in str(error)


def test_a_cursor_that_is_a_number(mode: Mode) -> None:
    with Wire(reply({"items": items(0, 1), "meta": {"next": 7}}), reply({"items": [], "meta": "gone"})) as wire:
        assert len(mode.run(wire.url, lambda client: client.things.by_cursor().all())) == 1
    assert wire.targets == ["/cursor", "/cursor?cursor=7"]


def test_more_without_a_cursor(mode: Mode) -> None:
    with Wire(reply({"items": [], "hasMore": True})) as wire:
        error = mode.fails(wire.url, lambda client: client.things.by_item().all())
    assert isinstance(error, PagingError) and "gives no cursor" in str(error)


def test_a_last_item_without_the_cursor(mode: Mode) -> None:
    with Wire(reply({"items": [{"name": "x"}], "hasMore": True})) as wire:
        error = mode.fails(wire.url, lambda client: client.things.plain().all())
    assert isinstance(error, PagingError) and "the last item has no 'id'" in str(error)


def test_a_reply_in_another_coding(mode: Mode) -> None:
    first = json.dumps({"items": items(0, 1), "meta": {"next": "c1"}}).encode("utf-16")
    with Wire(reply(first), reply({"items": items(1, 2)})) as wire:
        assert numbers(mode.run(wire.url, lambda client: client.things.by_cursor().all())) == [0, 1]


# Addresses that lead elsewhere


@pytest.mark.parametrize("form", ["{url}/link", "//{host}/link", "https://{own}/link", "http://u:p@{own}/link"])
def test_another_origin_is_not_followed(mode: Mode, form: str) -> None:
    with Wire(reply([])) as elsewhere:
        own = ""
        link = lambda: form.format(url=elsewhere.url, host=elsewhere.host, own=own)  # noqa: E731
        with Lists(lambda request: reply(items(0, 3), headers={"Link": f'<{link()}>; rel="next"'})) as server:
            own = server.host
            credential = Bearer("token-of-mine")
            found, error = taken(mode, server.url, lambda client: client.things.by_link(), credential=credential)
        assert not elsewhere.seen and len(server.seen) == 1
    assert isinstance(error, PagingError) and "origin only" in str(error)
    assert "u:p" not in str(error)
    assert numbers(found) == [0, 1, 2]


@pytest.mark.parametrize("address", [3, True, ["/x"], "http://[/x", "mailto:"])
def test_what_is_no_address(mode: Mode, address: Any) -> None:
    with Wire(reply({"items": items(0, 1), "links": {"next": address}})) as wire:
        error = mode.fails(wire.url, lambda client: client.things.by_address().all())
    assert isinstance(error, PagingError)
    assert len(wire.seen) == 1


def test_credentials_go_with_every_page_at_home(mode: Mode) -> None:
    with Lists(shelf(8)) as server:
        credential = Bearer("token-of-mine")
        mode.run(server.url, lambda client: client.things.by_address().all(), credential=credential)
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer token-of-mine"] * 3


# Each page is a call


def test_each_page_is_retried_by_itself(mode: Mode) -> None:
    good = shelf(9)
    attempts: dict[str, int] = {}

    def shaky(request: Seen) -> bytes:
        attempts[request.target] = attempts.get(request.target, 0) + 1
        return reply({}, 503) if attempts[request.target] < 2 else good(request)

    with Lists(shaky) as server:
        patient = Retry(limit=1, base=0.001)
        found = mode.run(server.url, lambda client: client.things.by_offset().all(), retries=patient)
    assert len(found) == 9 and set(attempts.values()) == {2}


def test_each_page_has_a_timeout_of_its_own(mode: Mode) -> None:
    good = shelf(9)

    def slow(request: Seen) -> bytes:
        time.sleep(0.25)
        return good(request)

    with Lists(slow) as server:
        assert len(mode.run(server.url, lambda client: client.things.by_offset().all(), timeout=0.6)) == 9
        error = mode.fails(server.url, lambda client: client.things.by_offset.options(timeout=0.1)().all())
    assert isinstance(error, APITimeoutError)


def test_a_pager_that_waited_has_its_whole_time(mode: Mode) -> None:
    def later(client: Any) -> Any:
        pager = client.things.by_offset()
        time.sleep(0.3)
        return pager.all()

    with Lists(shelf(4)) as server:
        assert len(mode.run(server.url, later, timeout=0.25)) == 4


def test_an_error_in_the_middle(mode: Mode) -> None:
    good = shelf(9)
    with Lists(lambda request: reply({}, 404) if "offset=3" in request.query else good(request)) as server:
        found, error = taken(mode, server.url, lambda client: client.things.by_offset())
    assert isinstance(error, NotFoundError) and numbers(found) == [0, 1, 2]


def test_a_page_that_is_not_valid(mode: Mode) -> None:
    with Wire(reply({"items": [{"id": 1}], "totalCount": 1})) as wire:
        error = mode.fails(wire.url, lambda client: client.things.by_offset().all())
    assert isinstance(error, ResponseValidationError)
    assert error.errors == {"items": {0: {"id": ["Not a valid string."]}}}


def test_threads_share_a_pager() -> None:
    with Lists(shelf(9)) as server, WarehouseClient(server.url) as client:
        pager, found = client.things.by_offset(), list[list[int]]()
        threads = [threading.Thread(target=lambda: found.append(numbers(list(pager)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [list(range(9))] * 8


# Declarations


def declared(paging: Any, verb: Any = get, unwrap: str | None = "items", returns: Any = Page[Item]) -> Any:
    def stub(self: Any) -> Any: ...

    stub.__annotations__["return"] = returns
    return type("Wrong", (Resource,), {"stub": verb("x", unwrap=unwrap, paging=paging)(stub)})


@pytest.mark.parametrize(
    ("paging", "problem"),
    [
        (Offset(limit=0), "limit must be a whole number from 1"),
        (Offset(limit=True), "limit must be"),
        (Offset(limit="3"), "limit must be"),  # type: ignore[arg-type]
        (Offset(max_pages=0), "max_pages must be"),
        (Offset(max_pages=None), "max_pages must be"),  # type: ignore[arg-type]
        (Offset(param=""), "param must be a name"),
        (Offset(total=3), "total must be a name"),  # type: ignore[arg-type]
        (Offset(start=-1), "start must be"),
        (PageNumber(start=None), "start must be"),  # type: ignore[arg-type]
        (PageNumber(limit_param=""), "limit_param must be"),
        (Offset(within="header"), "within must be"),  # type: ignore[arg-type]
        (Offset(within="body"), "a GET request has no body"),
        (Cursor(), "either next=, a key of the reply, or item="),
        (Cursor(next="a", item="b"), "either next="),
        (Cursor(next="a", next_header="X-B"), "either next="),
        (Cursor(next_header="X B"), "next_header must be the name of a header field"),
        (Offset(total_header="a:b"), "total_header must be the name of a header field"),
        (PageNumber(pages_header=3), "pages_header must be a name"),  # type: ignore[arg-type]
        (Cursor(item=3), "item must be a name"),  # type: ignore[arg-type]
        (LinkHeader(rel=""), "rel must be"),
        (NextAddress(field=""), "field must be"),
        ("offset", "not a Paging: 'offset'"),
        (Offset, "not a Paging"),
    ],
)
def test_a_wrong_paging(paging: Any, problem: str) -> None:
    with pytest.raises(DeclarationError, match=problem) as caught:
        declared(paging)
    assert str(caught.value).startswith("Wrong.stub(): paging: ")


def test_what_is_beside_the_items_needs_their_key() -> None:
    with pytest.raises(DeclarationError, match=r"'total' is beside the items: name their key too, unwrap="):
        declared(Offset(total="total"), unwrap=None)
    assert declared(LinkHeader(), unwrap=None)


def test_a_head_has_no_items() -> None:
    with pytest.raises(DeclarationError, match="a HEAD reply has no items"):
        declared(Offset(), verb=head)
    assert declared(Offset(within="query"), verb=post)


@pytest.mark.parametrize("returns", [list[Item], "list[Item]", Item, "Item", None])
def test_paging_without_a_page(returns: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Wrong.stub\(\): with paging=... it returns Page\[T\]"):
        declared(Offset(), returns=returns)


@pytest.mark.parametrize("returns", [Page[Item], "Page[Item]"])
def test_a_page_without_paging(returns: Any) -> None:
    with pytest.raises(DeclarationError, match=r"it returns Page, so say how"):
        declared(None, returns=returns)


def test_a_page_of_nothing() -> None:
    wrong = declared(Offset(), returns=Page)
    with WarehouseClient("http://127.0.0.1:9") as client, pytest.raises(DeclarationError, match="in brackets"):
        wrong(client).stub()


def test_a_name_that_is_known_only_later() -> None:
    """What cannot be looked up when the class is made is checked on first use."""
    wrong = declared(Offset(), returns="Later[Item]")
    with WarehouseClient("http://127.0.0.1:9") as client, pytest.raises(DeclarationError, match="Later"):
        wrong(client).stub()


# Within async alone: tests/kit/test_ahead.py


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before


def test_relative_addresses_count_from_the_reply() -> None:
    with Lists(shelf(4)) as server, WarehouseClient(server.url + "/") as client:
        found = list(client.things.by_link().pages())
    assert [urlsplit(page.url).path for page in found] == ["/link", "/link"]
