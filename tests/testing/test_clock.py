"""FrozenClock and Random: clients that wait for nothing, and time that a test decides."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from gemel.infisical import AccessToken, InfisicalAsyncClient, InfisicalClient
from gemel.infisical.api.auth import UniversalAuth
from gemel.infisical.api.projects import Projects
from gemel.kit.caching import Cache, MemoryStore
from gemel.kit.calls.polling import Poll, WaitTimeoutError, wait_until
from gemel.kit.errors import APITimeoutError, InternalServerError, RateLimitError
from gemel.kit.http.messages import Retry, Timeout
from gemel.testing import FrozenClock, Random, StubServer

from .library import Book, Books

BOOK = Book(id="b")
START = datetime(2030, 1, 1, tzinfo=timezone.utc)


def test_a_client_moves_the_clock_in_the_place_of_waiting(call: Any) -> None:
    clock, started = FrozenClock(), time.monotonic()
    with StubServer() as stub:
        stub.on(Books.latest).fail(503).fail(429, headers={"Retry-After": "50"}).fail(503).reply(BOOK)
        got = call(stub.url, latest, clock=clock, random=Random(0.5, 0.25), retries=3)
    assert got == BOOK
    assert clock.slept == [0.25, 50.0, 1.0], "half of 0.5 s, then what the server asks, then half of 2 s"
    assert time.monotonic() - started < 20


def latest(library: Any) -> Any:
    return library.books.latest()


def test_a_date_to_wait_for_is_read_by_the_clock(call: Any) -> None:
    clock = FrozenClock(START)
    later = format_datetime(START + timedelta(seconds=30), usegmt=True)
    with StubServer() as stub:
        stub.on(Books.latest).fail(429, headers={"Retry-After": later}).reply(BOOK)
        assert call(stub.url, latest, clock=clock) == BOOK
        stub.on(Books.latest).fail(429, headers={"Retry-After": later})
        with pytest.raises(RateLimitError) as caught:
            call(stub.url, latest, clock=FrozenClock(START), retries=0)
    assert clock.slept == [pytest.approx(30, abs=1e-3)]
    assert caught.value.retry_after == pytest.approx(30, abs=1e-3)


def test_a_deadline_is_counted_by_the_clock(call: Any) -> None:
    clock = FrozenClock()
    with StubServer() as stub:
        stub.on(Books.latest).fail(503, headers={"Retry-After": "4"})
        with pytest.raises(InternalServerError) as caught:
            call(stub.url, latest, clock=clock, timeout=10, retries=Retry(limit=9))
    assert clock.slept == [4.0, 4.0], "a third pause would go beyond 10 s"
    assert caught.value.status == 503


SHORT = Timeout(total=0.4, connect=10, read=10)


def test_sockets_have_the_whole_time_however_old_the_clock_is(call: Any) -> None:
    clock = FrozenClock()
    time.sleep(0.5)
    with StubServer() as stub:
        stub.on(Books.latest).reply(BOOK)
        assert call(stub.url, latest, clock=clock, timeout=SHORT) == BOOK


def test_sockets_have_no_more_time_however_far_the_clock_is(call: Any) -> None:
    clock = FrozenClock()
    clock.advance(3600)
    with StubServer() as stub:
        stub.on(Books.latest).reply(BOOK, delay=2)
        with pytest.raises(APITimeoutError):
            call(stub.url, latest, clock=clock, timeout=SHORT, retries=0)


def test_a_token_expires_by_the_clock() -> None:
    clock = FrozenClock()
    with StubServer() as stub:
        login = stub.on(UniversalAuth.login).reply(AccessToken(access_token="tok-1", expires_in=100))
        stub.on(Projects.list).reply([])
        with InfisicalClient(endpoint=stub.url, client_id="i", client_secret="s", clock=clock) as client:
            client.projects.list()
            clock.advance(79)
            client.projects.list()
            assert len(login.calls) == 1
            clock.advance(2)
            client.projects.list()
            assert len(login.calls) == 2


def test_the_async_client_takes_it_too() -> None:
    import asyncio

    clock = FrozenClock()

    async def main(url: str) -> None:
        async with InfisicalAsyncClient(endpoint=url, token="tok", clock=clock, random=Random(0.5)) as client:
            await client.projects.list()

    with StubServer() as stub:
        stub.on(Projects.list).fail(503).reply([])
        asyncio.run(main(stub.url))
    assert clock.slept == [0.25]


@pytest.mark.parametrize("own", [True, False])
def test_a_poll_takes_the_clock_of_its_client(call: Any, own: bool) -> None:
    clock = FrozenClock()
    patience: dict[str, Any] = {"timeout": 10, "interval": 4, "factor": 1, "jitter": 0.5}
    chance: dict[str, Any] = {"clock": clock, "random": Random(0.5)} if own else {}
    poll: Poll[Book] = Poll(lambda book: book.page_count > 0, **patience, **chance)
    with StubServer(assert_all_called=False) as stub:
        stub.on(Books.latest).reply(BOOK)
        with pytest.raises(WaitTimeoutError) as caught:
            call(
                stub.url,
                lambda library: library.run(wait_until(poll, library.books.latest)),
                clock=clock,
                random=Random(0.5),
            )
        assert caught.value.attempts == 4 and clock.slept == [3.0, 3.0, 3.0]


def test_a_poll_of_a_flow_takes_the_clock_of_its_client(call: Any) -> None:
    clock = FrozenClock()
    poll: Poll[Book] = Poll(lambda book: book.page_count > 0, timeout=10, interval=4, factor=1, jitter=0)
    with StubServer(assert_all_called=False) as stub:
        stub.on(Books.latest).reply(BOOK)
        with pytest.raises(WaitTimeoutError):
            call(stub.url, lambda library: library.run(wait_until(poll, library.books.newest)), clock=clock)
        assert clock.slept == [4.0, 4.0]


@pytest.mark.parametrize("stored", [True, False])
def test_a_cached_reply_ages_by_the_clock_of_its_client(stored: bool) -> None:
    from .library import Library

    clock = FrozenClock()
    kept = Cache(ttl=60, store=MemoryStore(clock=clock.time) if stored else None)
    with StubServer() as stub:
        route = stub.on(Books.latest).reply(BOOK)
        with Library(stub.url, clock=clock, cache=kept) as library:
            for seconds in (0, 59, 2):
                clock.advance(seconds)
                library.books.latest()
        assert len(route.calls) == 2


def test_a_cache_may_have_a_clock_of_its_own() -> None:
    from .library import Library

    clock = FrozenClock()
    with StubServer() as stub:
        route = stub.on(Books.latest).reply(BOOK)
        with Library(stub.url, cache=Cache(ttl=60, clock=clock)) as library:
            for seconds in (0, 59, 2):
                clock.advance(seconds)
                library.books.latest()
        assert len(route.calls) == 2


def test_the_clock_shows_what_it_was_told() -> None:
    clock = FrozenClock(START)
    before = clock()
    clock.advance(90)
    assert clock() - before == pytest.approx(90)
    assert clock.now() == pytest.approx(START + timedelta(seconds=90), abs=timedelta(milliseconds=1))
    assert "2030-01-01T00:01:30" in repr(clock)
    time.sleep(0.01)
    assert clock() - before == pytest.approx(90)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_clock_goes_forward_only(seconds: float) -> None:
    with pytest.raises(ValueError, match="from 0"):
        FrozenClock().advance(seconds)


def test_a_start_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        FrozenClock(datetime(2030, 1, 1))


def test_random_begin_anew() -> None:
    random = Random(0.1, 0.9)
    assert [random(), random(), random()] == [0.1, 0.9, 0.1]
    assert repr(random) == "Random(0.1, 0.9)"


@pytest.mark.parametrize("numbers", [(1.0,), (-0.1,), (0.5, float("nan"))])
def test_random_fall_below_one(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="below 1"):
        Random(*numbers)


def test_random_need_numbers() -> None:
    with pytest.raises(TypeError):
        Random()
