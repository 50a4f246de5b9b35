"""A client that keeps replies: for how long, for whom, and what it does when the server is down."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import timeit
from collections.abc import Callable
from typing import Any, Generic

import pytest

from gemel.kit.caching import Cache, MemoryStore, StaleReply
from gemel.kit.caching.entry import Entry
from gemel.kit.calls.polling import Poll, wait_until
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import get
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    ClientClosedError,
    GemelError,
    InternalServerError,
    NotFoundError,
)
from gemel.kit.http.messages import Headers, Response, Retry
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import Albums, Mode, ShopClient
from .wire import Wire, cut, reply, silence

BLUE, RED = {"album": {"id": "1", "title": "Blue"}}, {"album": {"id": "1", "title": "Red"}}


class Prices(Resource[M]):
    """What changes by the second."""

    @get("api/prices", cacheable=False)
    def now(self) -> list[int]:
        """Return the prices."""
        ...

    @get("api/prices/old", auth=None)
    def old(self) -> list[int]:
        """Return yesterday's prices."""
        ...


class Market(BaseClient[M], Generic[M]):
    """Albums with prices."""

    albums: Albums[M]
    prices: Prices[M]


class MarketClient(Market[Sync], Client):
    """The blocking market."""


class AsyncMarketClient(Market[Async], AsyncClient):
    """The awaited market."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def then(self, seconds: float, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The step, so many seconds later."""

        def moved(client: Any) -> Any:
            self.now += seconds
            return step(client)

        return moved


@pytest.fixture
def clock() -> Clock:
    return Clock()


def blue(shop: Any) -> Any:
    return shop.albums.retrieve.raw("1")


def run(mode: Mode, wire: Wire, *steps: Any, **settings: Any) -> Any:
    """The outcome of each step, on one client."""
    outcomes: list[Any] = []
    made = AsyncMarketClient if mode.is_async else MarketClient
    mode.run(wire.url, *(_noted(mode, step, outcomes) for step in steps), client=made, **settings)
    return outcomes


def _noted(mode: Mode, step: Any, outcomes: list[Any]) -> Any:
    async def awaited(client: Any) -> None:
        outcome = step(client)
        try:
            outcomes.append(await outcome if hasattr(outcome, "__await__") else outcome)
        except GemelError as error:
            outcomes.append(error)

    def done(client: Any) -> None:
        try:
            outcomes.append(step(client))
        except GemelError as error:
            outcomes.append(error)

    return awaited if mode.is_async else done


def uses(outcomes: list[Any]) -> list[str]:
    return [outcome.cache for outcome in outcomes]


def gone(wire: Wire) -> Callable[[Any], Any]:
    """A step that shuts the server down."""
    return lambda _: wire.__exit__()


def test_without_a_cache_every_call_asks(mode: Mode) -> None:
    with Wire(reply(BLUE)) as wire:
        first, second, cleared = run(mode, wire, blue, blue, lambda shop: shop.cache.clear())
    assert (first.cache, second.cache, cleared) == ("", "", None)
    assert len(wire.seen) == 2


def test_a_reply_is_served_again_until_its_time_is_over(mode: Mode, clock: Clock) -> None:
    with Wire(reply(BLUE), reply(RED)) as wire:
        steps = blue, clock.then(9.5, blue), clock.then(0.4, blue), clock.then(0.1, blue)
        outcomes = run(mode, wire, *steps, cache=Cache(ttl=10, clock=clock))
    assert uses(outcomes) == ["miss", "hit", "hit", "miss"]
    assert [outcome.value.title for outcome in outcomes] == ["Blue", "Blue", "Blue", "Red"]
    assert [outcome.attempts for outcome in outcomes] == [1, 0, 0, 1]
    assert outcomes[1].headers["age"] == "9"
    assert outcomes[1].url == f"{wire.url}/api/albums/1"


FRESH = {
    "nothing said": ({}, 100),
    "private": ({"Cache-Control": "private"}, 100),
    "max-age": ({"Cache-Control": "public, Max-Age=30"}, 30),
    "a longer max-age": ({"Cache-Control": "max-age=3000"}, 100),
    "less its age": ({"Cache-Control": "max-age=30", "Age": "10"}, 20),
    "quoted": ({"Cache-Control": 'private="x, no-store", max-age="30"'}, 30),
    "the first of two": ({"Cache-Control": "max-age=30, max-age=60"}, 30),
    "no number": ({"Cache-Control": "max-age=soon"}, 0),
    "for shared caches": ({"Cache-Control": "s-maxage=5"}, 100),
    "no-cache": ({"Cache-Control": "no-cache"}, 0),
    "expires": ({"Date": "Mon, 05 Jan 2026 10:00:00 GMT", "Expires": "Mon, 05 Jan 2026 10:00:40 GMT"}, 40),
    "expired": ({"Expires": "0"}, 0),
}


@pytest.mark.parametrize(("headers", "seconds"), FRESH.values(), ids=FRESH)
def test_the_server_may_shorten_the_time(mode: Mode, clock: Clock, headers: dict[str, str], seconds: float) -> None:
    with Wire(reply(BLUE, headers=headers)) as wire:
        steps = blue, clock.then(seconds - 0.25, blue), clock.then(0.25, blue)
        outcomes = run(mode, wire, *steps, cache=Cache(ttl=100, clock=clock))
    assert uses(outcomes)[1:] == (["hit", "miss"] if seconds else ["miss", "miss"])


NOT_KEPT = {
    "no-store": {"headers": {"Cache-Control": "max-age=60, no-store"}},
    "a cookie": {"headers": {"Set-Cookie": "a=b"}},
    "vary by anything": {"headers": {"Vary": "*"}},
    "vary by what is not looked at": {"headers": {"Vary": "Accept, Cookie"}},
    "vary by tracing": {"headers": {"Vary": "TraceParent"}},
    "too large": {"body": {"album": {"id": "1", "title": "B" * 1000}}},
    "another status": {"status": 203},
}


@pytest.mark.parametrize("said", NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_is_not_kept(mode: Mode, said: dict[str, Any]) -> None:
    with Wire(reply(**{"body": BLUE, **said})) as wire:
        outcomes = run(mode, wire, blue, blue, cache=Cache(max_reply=900))
    assert uses(outcomes) == ["miss", "miss"]


def test_an_endpoint_that_is_not_cacheable_and_a_call_that_does_not_want_it(mode: Mode) -> None:
    def now(market: Any) -> Any:
        return market.prices.now.raw()

    def fresh(market: Any) -> Any:
        return market.albums.retrieve.options(cache=False).raw("1")

    with Wire(reply([1]), reply([1]), reply(BLUE)) as wire:
        outcomes = run(mode, wire, now, now, blue, fresh, blue, cache=Cache())
    assert uses(outcomes) == ["", "", "miss", "", "hit"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("no-store", ["miss", "", "hit"]),
        ("no-cache", ["miss", "miss", "hit"]),
        ("max-age=0", ["miss", "miss", "hit"]),
        ("max-age=5", ["miss", "hit", "hit"]),
    ],
)
def test_a_call_may_say_how_old_a_reply_it_takes(mode: Mode, clock: Clock, asked: str, expected: list[str]) -> None:
    def picky(shop: Any) -> Any:
        return shop.albums.retrieve.options(headers={"Cache-Control": asked}).raw("1")

    with Wire(reply(BLUE)) as wire:
        outcomes = run(mode, wire, blue, clock.then(1, picky), blue, cache=Cache(clock=clock))
    assert uses(outcomes) == expected


def test_a_condition_of_the_callers_own_is_left_alone(mode: Mode) -> None:
    with Wire(reply(BLUE, headers={"ETag": '"1"'}), reply(status=304)) as wire:
        own = {"If-None-Match": '"mine"'}
        outcomes = run(mode, wire, blue, lambda shop: shop.albums.retrieve.options(headers=own).raw("1"), cache=Cache())
    assert outcomes[1].status == 304
    assert wire.last.headers["if-none-match"] == '"mine"'


@pytest.mark.parametrize(
    ("validator", "condition"),
    [("ETag", "if-none-match"), ("Last-Modified", "if-modified-since")],
)
def test_an_old_reply_is_confirmed_by_304(mode: Mode, clock: Clock, validator: str, condition: str) -> None:
    tagged = reply(BLUE, headers={validator: "w1", "X-Turn": "1", "Age": "3"})
    confirmed = b"HTTP/1.1 304 Not Modified\r\nX-Turn: 2\r\n\r\n"
    with Wire(tagged, confirmed, reply(RED)) as wire:
        steps = blue, clock.then(10, blue), clock.then(9, blue), clock.then(1, blue)
        outcomes = run(mode, wire, *steps, cache=Cache(ttl=10, clock=clock))
    assert uses(outcomes) == ["miss", "revalidated", "hit", "miss"]
    assert [outcome.value.title for outcome in outcomes] == ["Blue", "Blue", "Blue", "Red"]
    assert [seen.headers.get(condition) for seen in wire.seen] == [None, "w1", "w1"]
    assert (outcomes[1].status, outcomes[1].headers["x-turn"]) == (200, "2")
    assert outcomes[2].headers["age"] == "9"


def test_a_confirmation_that_forbids_to_keep(mode: Mode, clock: Clock) -> None:
    confirmed = b"HTTP/1.1 304 Not Modified\r\nCache-Control: no-store\r\n\r\n"
    with Wire(reply(BLUE, headers={"ETag": "w1"}), confirmed, reply(RED)) as wire:
        outcomes = run(mode, wire, blue, clock.then(10, blue), blue, cache=Cache(ttl=10, clock=clock))
    assert uses(outcomes) == ["miss", "revalidated", "miss"]
    assert "if-none-match" not in wire.last.headers


def test_a_kept_secret_survives_the_server_for_exactly_the_bounded_time(mode: Mode, clock: Clock) -> None:
    told: list[StaleReply] = []
    with Wire(reply(BLUE)) as wire:
        steps = gone(wire), clock.then(10, blue), clock.then(19.99, blue), clock.then(0.01, blue)
        cache = Cache(ttl=10, stale_if_error=20, clock=clock, on_stale=told.append)
        outcomes = run(mode, wire, blue, *steps, cache=cache)
    first, _, second, third, last = outcomes
    assert (first.stale, second.stale, third.stale) == (False, True, True)
    assert second.value.title == third.value.title == "Blue"
    assert type(last) is APIConnectionError
    assert [(stale.label, stale.error, stale.age) for stale in told] == [
        ("Albums.retrieve", "APIConnectionError", 10.0),
        ("Albums.retrieve", "APIConnectionError", pytest.approx(29.99)),
    ]


DOWN = {
    "fails": (reply({}, status=500), "500"),
    "is overloaded": (reply({}, status=503), "503"),
    "hangs up": (cut(), "APIConnectionError"),
    "is silent": (silence, "APITimeoutError"),
}


@pytest.mark.parametrize(("step", "error"), DOWN.values(), ids=DOWN)
def test_a_reply_stands_in_for_a_server_that(mode: Mode, clock: Clock, step: Any, error: str) -> None:
    told: list[StaleReply] = []
    with Wire(reply(BLUE), step) as wire:
        cache = Cache(ttl=10, stale_if_error=20, clock=clock, on_stale=told.append)
        outcomes = run(mode, wire, blue, clock.then(11, blue), cache=cache, timeout=0.5)
    assert uses(outcomes) == ["miss", "stale"]
    assert outcomes[1].headers["age"] == "11"
    assert [stale.error for stale in told] == [error]


def test_repeats_come_first(mode: Mode, clock: Clock) -> None:
    with Wire(reply(BLUE), reply({}, status=503)) as wire:
        settings = {"cache": Cache(ttl=10, stale_if_error=20, clock=clock), "retries": Retry(limit=2, base=0.001)}
        outcomes = run(mode, wire, blue, clock.then(11, blue), **settings)
    assert uses(outcomes) == ["miss", "stale"]
    assert len(wire.seen) == 4


@pytest.mark.parametrize("said", ["must-revalidate", "no-cache", "stale-if-error=0"])
def test_the_server_may_forbid_it(mode: Mode, clock: Clock, said: str) -> None:
    with Wire(reply(BLUE, headers={"Cache-Control": said}), reply({}, status=500)) as wire:
        steps = blue, clock.then(10, blue)
        outcomes = run(mode, wire, *steps, cache=Cache(ttl=10, stale_if_error=20, clock=clock))
    assert isinstance(outcomes[1], InternalServerError)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_gone_or_forbidden_does_not_come_back(mode: Mode, clock: Clock, status: int) -> None:
    with Wire(reply(BLUE), reply({}, status=status), reply({}, status=500)) as wire:
        steps = blue, clock.then(10, blue), blue
        outcomes = run(mode, wire, *steps, cache=Cache(ttl=10, stale_if_error=20, clock=clock))
    assert [getattr(outcome, "status", 0) for outcome in outcomes] == [200, status, 500]


def test_an_observer_that_fails_is_logged(mode: Mode, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def fail(stale: StaleReply) -> None:
        raise RuntimeError("no")

    with Wire(reply(BLUE), cut()) as wire, caplog.at_level(logging.ERROR, "gemel"):
        cache = Cache(ttl=10, stale_if_error=20, clock=clock, on_stale=fail)
        outcomes = run(mode, wire, blue, clock.then(11, blue), cache=cache)
    assert outcomes[1].stale
    assert "on_stale failed for Albums.retrieve" in caplog.text


def test_a_clock_that_was_set_back_makes_nothing_younger(mode: Mode, clock: Clock) -> None:
    with Wire(reply(BLUE), cut()) as wire:
        cache = Cache(ttl=10, stale_if_error=20, clock=clock)
        outcomes = run(mode, wire, blue, clock.then(-1, blue), cache=cache)
    assert isinstance(outcomes[1], APIConnectionError)


def update(shop: Any) -> Any:
    return shop.albums.update("1", title="Red")


WRITES = {
    "a write": update,
    "an archive": lambda shop: shop.albums.archive("9"),
    "a deletion": lambda shop: shop.albums.delete("1"),
    "an undeclared write": lambda shop: shop.request("POST", "api/anything"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_makes_what_is_kept_of_its_resource_go(mode: Mode, write: Any) -> None:
    with Wire(reply(BLUE), reply({}), reply(RED), cut()) as wire:
        outcomes = run(mode, wire, blue, write, blue, blue, cache=Cache(stale_if_error=100))
    assert [outcome.value.title for outcome in (outcomes[0], *outcomes[2:])] == ["Blue", "Red", "Red"]
    assert len(wire.seen) == 3


def test_a_write_concerns_undeclared_reads_and_no_other_resource(mode: Mode) -> None:
    def reviews(shop: Any) -> Any:
        return shop.albums.reviews.list.raw("1")

    def undeclared(shop: Any) -> Any:
        return shop.request("GET", "api/albums/1")

    with Wire(reply({"reviews": []}), reply(BLUE), reply({}), reply(RED)) as wire:
        outcomes = run(mode, wire, reviews, undeclared, update, reviews, undeclared, cache=Cache())
    assert (outcomes[3].cache, outcomes[4].cache) == ("hit", "miss")


def test_a_write_that_is_refused_changes_nothing(mode: Mode) -> None:
    with Wire(reply(BLUE), reply({}, status=400)) as wire:
        outcomes = run(mode, wire, blue, update, blue, cache=Cache())
    assert isinstance(outcomes[1], BadRequestError)
    assert outcomes[2].cache == "hit"


@pytest.mark.parametrize("write", [update, WRITES["an undeclared write"]], ids=["declared", "undeclared"])
@pytest.mark.parametrize("unclear", [cut(), reply({}, status=502)], ids=["cut", "502"])
def test_after_a_write_of_unknown_outcome_the_server_is_asked(
    mode: Mode, clock: Clock, unclear: Any, write: Any
) -> None:
    with Wire(reply(BLUE), unclear, reply({}, status=500), reply(RED)) as wire:
        steps = blue, write, blue, clock.then(0.1, blue), blue
        outcomes = run(mode, wire, *steps, cache=Cache(stale_if_error=100, clock=clock))
    assert uses([outcomes[0], *outcomes[2:]]) == ["miss", "stale", "miss", "hit"]


def test_a_reply_that_was_asked_for_before_a_write_is_not_kept() -> None:
    cache = Cache(stale_if_error=100)
    with (
        Wire(reply({}), reply({}, status=500), reply(RED)) as wire,
        ShopClient(wire.url, cache=cache, retries=0) as shop,
    ):
        flow = shop.albums.retrieve.flow(float("inf"), "1")
        next(flow)
        flow.send(shop._caller.performer.lock(float("inf"), "test"))  # type: ignore[union-attr]
        update(shop)
        with pytest.raises(StopIteration) as ended:
            flow.send(Response(200, Headers(), b'{"album": {"id": "1", "title": "Blue"}}', wire.url))
        assert ended.value.value.title == "Blue"
        with pytest.raises(InternalServerError):
            blue(shop)
        assert blue(shop).value.title == "Red"


def test_clear_and_close_drop_everything(mode: Mode) -> None:
    with Wire(reply(BLUE)) as wire:
        cache = Cache()
        outcomes = run(mode, wire, blue, lambda shop: shop.cache.clear(), blue, lambda shop: shop._cache, cache=cache)
    assert outcomes[2].cache == "miss"
    assert len(outcomes[3]._store) == 0


def test_the_store_of_a_user_outlives_the_client(mode: Mode) -> None:
    store = MemoryStore()
    with Wire(reply(BLUE)) as wire:
        first = run(mode, wire, blue, cache=Cache(store=store))
        second = run(mode, wire, blue, lambda shop: shop.cache.clear(), cache=Cache(store=store))
    assert (first[0].cache, second[0].cache) == ("miss", "hit")
    assert len(store) == 0


def test_a_foreign_value_in_a_store_is_a_miss(mode: Mode) -> None:
    class Odd(MemoryStore):
        def get(self, key: str) -> bytes | None:
            return b"odd"

    with Wire(reply(BLUE)) as wire:
        assert uses(run(mode, wire, blue, blue, cache=Cache(store=Odd()))) == ["miss", "miss"]


def of(store: MemoryStore, **settings: Any) -> dict[str, Any]:
    return {"cache": Cache(store=store), **settings}


def test_no_one_is_served_what_another_was_given(mode: Mode) -> None:
    store = MemoryStore()
    with Wire(reply(BLUE)) as wire:
        found = [
            uses(run(mode, wire, blue, **of(store, **settings)))
            for settings in (
                {"credential": Bearer("one")},
                {"credential": Bearer("two")},
                {},
                {"headers": {"X-Api-Key": "three"}},
                {"headers": {"X-Api-Key": "four"}},
                {"credential": Bearer(lambda: "one")},
                {"credential": Bearer(lambda: "one")},
                {"credential": Bearer("one")},
            )
        ]
    assert found == [["miss"]] * 7 + [["hit"]]


def test_what_needs_no_credential_is_shared(mode: Mode) -> None:
    store = MemoryStore()

    def old(market: Any) -> Any:
        return market.prices.old.raw()

    with Wire(reply([1])) as wire:
        one, two = (run(mode, wire, old, **of(store, credential=Bearer(name))) for name in ("one", "two"))
    assert uses(one + two) == ["miss", "hit"]


def test_a_token_that_is_replaced_by_another_starts_anew(mode: Mode, clock: Clock) -> None:
    tokens = iter(["one", "two"])
    with Wire(reply(BLUE), reply({}, status=401), reply(RED), reply(RED), cut()) as wire:
        steps = blue, clock.then(10, blue), blue, blue
        settings = {"cache": Cache(ttl=10, clock=clock), "credential": Bearer(lambda: next(tokens))}
        outcomes = run(mode, wire, *steps, **settings)
    assert uses(outcomes) == ["miss", "miss", "miss", "hit"]


class Fickle(Bearer):
    """A credential that speaks for one, then for another."""

    who = b"one"

    def identity(self) -> bytes:
        return self.who

    def turned(self, who: bytes, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def turn(shop: Any) -> Any:
            self.who = who
            return step(shop)

        return turn


def test_a_change_of_credentials_during_a_call_keeps_nothing(mode: Mode) -> None:
    credential = Fickle("token")

    def turning(connection: socket.socket, stopped: threading.Event) -> None:
        credential.who = b"two"
        connection.sendall(reply(BLUE, headers={"Connection": "close"}))

    with Wire(turning, reply(BLUE)) as wire:
        steps = blue, credential.turned(b"one", blue), blue, credential.turned(b"two", blue)
        outcomes = run(mode, wire, *steps, cache=Cache(), credential=credential)
    assert uses(outcomes) == ["miss", "miss", "hit", "miss"]


def test_headers_tell_replies_apart_but_not_those_of_tracing(mode: Mode) -> None:
    def with_header(name: str, value: str) -> Any:
        return lambda shop: shop.albums.retrieve.options(headers={name: value}).raw("1")

    with Wire(reply(BLUE, headers={"Vary": "Accept"})) as wire:
        steps = blue, with_header("Accept", "text/plain"), with_header("traceparent", "1"), with_header("X-Org", "2")
        assert uses(run(mode, wire, *steps, cache=Cache())) == ["miss", "miss", "hit", "miss"]


def test_the_least_recently_used_leave_first(mode: Mode) -> None:
    def album(name: str) -> Any:
        return lambda shop: shop.albums.retrieve.raw(name)

    with Wire(reply(BLUE)) as wire:
        steps = [album(name) for name in "abacab"]
        assert uses(run(mode, wire, *steps, cache=Cache(max_entries=2))) == [
            *("miss", "miss", "hit"),
            *("miss", "hit", "miss"),
        ]
        assert uses(run(mode, wire, *steps, cache=Cache(max_bytes=100))) == ["miss"] * 6


def test_a_store_keeps_to_its_bounds(clock: Clock) -> None:
    store = MemoryStore(max_entries=3, max_bytes=100, clock=clock)
    store.set("a/1", b"x" * 40, 10)
    store.set("a/2", b"x" * 40, 10)
    store.set("b/3", b"x" * 40, 10)
    assert (store.get("a/1"), len(store), store.size) == (None, 2, 86)
    store.set("a/2", b"y", 100)
    assert (store.get("a/2"), len(store), store.size) == (b"y", 2, 47)
    store.set("huge", b"x" * 100, 10)
    assert (store.get("huge"), len(store)) == (None, 2)
    clock.now += 10
    store.set("c", b"", 10)
    assert (store.get("b/3"), len(store)) == (None, 2)
    store.clear("a/")
    assert (store.get("a/2"), len(store)) == (None, 1)
    store.delete("c")
    store.delete("c")
    assert (len(store), store.size) == (0, 0)


class Watched(MemoryStore):
    """A store that notes its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def set(self, key: str, value: bytes, seconds: float) -> None:
        self.keys.append(key)
        super().set(key, value, seconds)


def test_nothing_confidential_is_shown(mode: Mode) -> None:
    def secret(shop: Any) -> Any:
        return shop.albums.by_key.raw("key-in-path")

    store = Watched()
    with Wire(reply({"id": "1", "title": "hunter2"})) as wire:
        settings = {"cache": Cache(store=store), "credential": Bearer("very-secret-token")}
        raw, cache = run(mode, wire, secret, lambda shop: shop.cache, **settings)
    entry = Entry.read(store.get(store.keys[0]))
    assert repr(entry) == f"<Entry, {len(raw.body)} bytes>"
    shown = repr([store, cache, raw, settings["cache"], store.keys, entry])
    assert not any(word in shown for word in ("hunter2", "very-secret", "key-in-path", "127.0.0.1"))


@pytest.mark.parametrize(
    "settings", [{"ttl": -1}, {"ttl": float("inf")}, {"stale_if_error": "9"}, {"max_entries": True}]
)
def test_numbers_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"cache: {next(iter(settings))} must be"):
        Cache(**settings)


def test_errors_are_those_of_the_call(mode: Mode) -> None:
    with Wire(reply({}, status=404), silence) as wire:
        missing, late = run(mode, wire, blue, blue, cache=Cache(), timeout=0.4)
    assert type(missing) is NotFoundError
    assert type(late) is APITimeoutError


def test_waiting_asks_each_time(mode: Mode) -> None:
    done = Poll(lambda album: album.title == "Red", timeout=5, interval=0.01)

    def wait(shop: Any) -> Any:
        return shop.run(wait_until(done, shop.albums.retrieve, "1"))

    with Wire(reply(BLUE), reply(BLUE), reply(RED)) as wire:
        outcomes = run(mode, wire, blue, wait, cache=Cache())
    assert outcomes[1].title == "Red"


def test_a_client_without_a_cache_does_not_load_it() -> None:
    code = "import sys, gemel.infisical.client; print('gemel.kit.caching' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_kept_list_of_a_thousand_is_served_quickly() -> None:
    """The point of a hit is to be quick; the bound is far above what is measured."""
    albums = [{"id": str(number), "title": "x" * 600} for number in range(1000)]
    with Wire(reply(albums)) as wire, ShopClient(wire.url, cache=Cache()) as shop:
        request = shop.albums.list.request()
        shop._caller.run(shop._caller.exchange(request))
        took = min(timeit.repeat(lambda: shop._caller.run(shop._caller.exchange(request)), number=10, repeat=5)) / 10
    assert took < 0.005


def test_a_closed_client_serves_nothing() -> None:
    with Wire(reply(BLUE)) as wire:
        with ShopClient(wire.url, cache=Cache(store=MemoryStore())) as shop:
            assert [blue(shop).cache, blue(shop).cache] == ["miss", "hit"]
        with pytest.raises(ClientClosedError):
            blue(shop)
