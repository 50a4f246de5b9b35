"""What is repeated, when and how often: the decision as a table, then on the wire."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError, InternalServerError, RateLimitError
from gemel.kit.http.limits import retry_after
from gemel.kit.http.messages import CallContext, Headers, Request, Response, Retry, Timeout
from gemel.kit.policies.retry import Budget, Retrying, wait

from .shop import Mode
from .wire import Wire, cut, reply

QUICK = Retry(limit=2, base=0.01, cap=0.02)


def asked(method: str, **headers: str) -> Request:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return Request(method, "http://h/", named)


def status(code: int, **headers: str) -> Response:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return Response(code, named, b"", "http://h/")


def lost(sent: bool, *, permanent: bool = False) -> APIConnectionError:
    return APIConnectionError("lost", request=asked("GET"), sent=sent, permanent=permanent)


KEYED = asked("POST", Idempotency_Key="k")

DECISIONS = [
    (asked("GET"), lost(True), True),
    (asked("GET"), lost(False), True),
    (asked("GET"), lost(False, permanent=True), False),
    (asked("POST"), lost(True), False),
    (asked("POST"), lost(False), True),
    (asked("POST"), lost(False, permanent=True), False),
    (asked("PATCH"), lost(True), False),
    (KEYED, lost(True), True),
    *[(asked(method), status(503), True) for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")],
    *[(asked(method), status(503), False) for method in ("POST", "PATCH")],
    (KEYED, status(503), True),
    *[(asked("GET"), status(code), True) for code in (408, 429, 500, 502, 503, 504)],
    *[(asked("GET"), status(code), False) for code in (400, 401, 403, 404, 409, 422, 501, 505)],
    *[(asked(method), status(429), True) for method in ("POST", "PATCH", "PUT")],
    (asked("POST"), status(429, Retry_After="60"), True),
    (asked("POST"), status(429, Retry_After="61"), False),
    (asked("GET"), status(503, Retry_After="3600"), False),
]


@pytest.mark.parametrize(("request_", "outcome", "repeated"), DECISIONS)
def test_what_is_repeated(request_: Request, outcome: Any, repeated: bool) -> None:
    waited = wait(Retry(), request_, outcome, 0, 0.5)
    assert (waited is not None) is repeated


@pytest.mark.parametrize("repeats", range(8))
@pytest.mark.parametrize("random", [0.0, 0.25, 0.999])
def test_jitter_stays_within_its_bounds(repeats: int, random: float) -> None:
    retry = Retry(limit=99)
    waited = wait(retry, asked("GET"), status(503), repeats, random)
    assert waited == pytest.approx(random * min(8.0, 0.5 * 2**repeats))


def test_the_limit_is_the_number_of_repeats() -> None:
    answers = [wait(Retry(limit=2), asked("GET"), status(503), repeats, 0.5) is not None for repeats in range(4)]
    assert answers == [True, True, False, False]
    assert wait(Retry.of(0), asked("GET"), status(503), 0, 0.5) is None


NOW = 1_000_000.0

WAITS = [
    ({}, None),
    ({"Retry-After": "0"}, 0.0),
    ({"Retry-After": " 7 "}, 7.0),
    ({"Retry-After": "1.5"}, 1.5),
    ({"Retry-After": "-1"}, None),
    ({"Retry-After": "soon"}, None),
    ({"Retry-After": "nan"}, None),
    ({"Retry-After": "inf"}, None),
    ({"Retry-After": "1e3"}, None),
    ({"Retry-After": formatdate(NOW + 9, usegmt=True)}, 9.0),
    ({"Retry-After": formatdate(NOW - 9, usegmt=True)}, 0.0),
    ({"x-ratelimit-reset": "12"}, 12.0),
    ({"Retry-After": "3", "x-ratelimit-reset": "12"}, 3.0),
    ({"Retry-After": "soon", "x-ratelimit-reset": "12"}, 12.0),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(Headers(headers), lambda: NOW) == seconds


def test_the_budget_empties_and_fills_with_successes() -> None:
    budget = Budget(capacity=2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(11):
        budget.refund()
    assert [budget.spend(), budget.spend()] == [True, False]
    for _ in range(1000):
        budget.refund()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_an_outage_ends_repeats_after_the_budget() -> None:
    policy = Retrying(Retry(limit=3, base=0.001), clock=lambda: 0.0, random=lambda: 0.5)
    waits = [policy._wait(asked("GET"), status(503), 0) for _ in range(30)]
    assert sum(wait is not None for wait in waits) == 20


def test_no_wait_reaches_beyond_the_deadline() -> None:
    policy = Retrying(Retry(base=8.0), clock=lambda: 100.0, random=lambda: 0.5)
    late = Request("GET", "http://h/", Headers(), context=CallContext(deadline=103.9))
    early = Request("GET", "http://h/", Headers(), context=CallContext(deadline=104.1))
    assert policy._wait(late, status(503), 0) is None
    assert policy._wait(early, status(503), 0) == 4.0


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def create(shop: Any) -> Any:
    return shop.albums.create("T")


GOOD = reply({"leaf": 1, "album": {"id": "a"}})


@pytest.mark.parametrize("fault", [cut(), reply({}, 503), reply({}, 408), reply({}, 429), cut(b"HTTP/1.1 200 OK\r\nX")])
def test_a_get_is_repeated_until_it_is_well(mode: Mode, fault: Any) -> None:
    with Wire(fault, fault, GOOD) as wire:
        assert mode.run(wire.url, tree, retries=QUICK).leaf == 1
    assert len(wire.seen) == 3


@pytest.mark.parametrize(("fault", "kind"), [(cut(), APIConnectionError), (reply({}, 503), InternalServerError)])
def test_a_post_is_not_repeated(mode: Mode, fault: Any, kind: type) -> None:
    with Wire(fault, GOOD) as wire:
        assert type(mode.fails(wire.url, create, retries=QUICK)) is kind
    assert len(wire.seen) == 1


@pytest.mark.parametrize("fault", [cut(), reply({}, 503)])
def test_a_post_with_an_idempotency_key_is_repeated_whole(mode: Mode, fault: Any) -> None:
    with Wire(fault, GOOD) as wire:
        mode.run(wire.url, lambda shop: shop.albums.create("T", idempotency_key="k-1"), retries=QUICK)
    assert [request.body for request in wire.seen] == [b'{"title":"T"}'] * 2
    assert [request.headers["idempotency-key"] for request in wire.seen] == ["k-1"] * 2


@pytest.mark.parametrize("header", ["Retry-After", "x-ratelimit-reset"])
@pytest.mark.parametrize("body", ["small", "x" * 600_000])
def test_a_refused_post_waits_and_is_repeated_whole(mode: Mode, header: str, body: str) -> None:
    with Wire(reply({}, 429, {header: "0.3"}), GOOD) as wire:
        start = time.monotonic()
        mode.run(wire.url, lambda shop: shop.albums.create(body), retries=QUICK)
        assert 0.3 <= time.monotonic() - start < 1.0
    assert [request.json for request in wire.seen] == [{"title": body}] * 2


def test_a_date_is_waited_for(mode: Mode) -> None:
    with Wire(reply({}, 429, {"Retry-After": formatdate(time.time() - 5, usegmt=True)}), GOOD) as wire:
        mode.run(wire.url, create, retries=QUICK)
    assert len(wire.seen) == 2


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_the_last_error_is_told_after_the_limit(mode: Mode, limit: int) -> None:
    with Wire(reply({"message": "down"}, 503)) as wire:
        error = mode.fails(wire.url, tree, retries=Retry(limit=limit, base=0.01))
    assert type(error) is InternalServerError
    assert len(wire.seen) == limit + 1


def test_a_post_on_a_used_connection_is_not_repeated_either(mode: Mode) -> None:
    with Wire(GOOD, cut()) as wire:
        error = mode.fails(wire.url, tree, create, retries=QUICK)
    assert isinstance(error, APIConnectionError)
    assert [request.method for request in wire.seen] == ["GET", "POST"]


def test_the_budget_is_the_clients(mode: Mode) -> None:
    def failing(shop: Any) -> Any:
        return _caught_awaited(shop) if mode.is_async else _caught(shop)

    with Wire(reply({}, 503)) as wire:
        mode.run(wire.url, *[failing] * 15, retries=QUICK)
    assert len(wire.seen) == 15 + 20


def _caught(shop: Any) -> None:
    with pytest.raises(InternalServerError):
        shop.albums.tree()


async def _caught_awaited(shop: Any) -> None:
    with pytest.raises(InternalServerError):
        await shop.albums.tree()


def test_a_rate_limit_that_stays_is_an_error(mode: Mode) -> None:
    with Wire(reply({}, 429, {"Retry-After": "0"})) as wire:
        error = mode.fails(wire.url, create, retries=2)
    assert type(error) is RateLimitError
    assert error.retry_after == 0.0
    assert len(wire.seen) == 3


def test_a_connection_that_was_never_made_is_tried_again(mode: Mode) -> None:
    start = time.monotonic()
    error = mode.fails(
        "http://127.0.0.1:1", create, retries=Retry(limit=2, base=0.05), timeout=Timeout(total=2, connect=0.5)
    )
    assert error.sent is False
    assert time.monotonic() - start < 1.0
