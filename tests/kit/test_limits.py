"""How long a server asks to wait: in every form that servers have for it, and about what it speaks."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gemel.kit.errors import RateLimitError
from gemel.kit.http.limits import retry_after
from gemel.kit.http.messages import Headers, Retry
from gemel.kit.http.problem import Fault
from gemel.testing import FrozenClock

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, reply

NOW = 1_785_000_000.0
"""A time of day: 25 July 2026, 17:20:00."""

SUNDAY = {"imf": "Sun, 06 Nov 1994 08:49:37 GMT", "rfc850": "Sunday, 06-Nov-94 08:49:37 GMT"}
SUNDAY |= {"asctime": "Sun Nov  6 08:49:37 1994", "-0000": "Sun, 06 Nov 1994 08:49:37 -0000"}
SUNDAY |= {"+0200": "Sun, 06 Nov 1994 10:49:37 +0200"}

FIELDS: list[tuple[dict[str, str], float | None]] = [
    ({"retry-after-ms": "1500"}, 1.5),
    ({"retry-after-ms": "20", "Retry-After": "9"}, 0.02),
    ({"retry-after-ms": "soon", "Retry-After": "9"}, 9.0),
    ({"retry-after-ms": "-5"}, None),
    ({"Retry-After": ""}, None),
    ({"Retry-After": "-0"}, None),
    ({"Retry-After": "+5"}, None),
    ({"Retry-After": "5 seconds"}, None),
    ({"Retry-After": "5, 7"}, None),
    ({"Retry-After": "0x10"}, None),
    ({"Retry-After": "1_000"}, None),
    ({"Retry-After": "."}, None),
    ({"Retry-After": ".5"}, 0.5),
    ({"Retry-After": "99999999999"}, 99999999999.0),
    ({"Retry-After": "9" * 400}, None),
    ({"Retry-After": "Sun, 32 Nov 1994 08:49:37 GMT"}, None),
    ({"Retry-After": "Sun, 06 Nov 99999 08:49:37 GMT"}, None),
    ({"x-ratelimit-reset": "30"}, 30.0),
    ({"x-ratelimit-reset": "1.25"}, 1.25),
    ({"x-ratelimit-reset": "86400"}, 86400.0),
    ({"x-ratelimit-reset": f"{NOW + 42:.0f}"}, 42.0),
    ({"x-ratelimit-reset": f"{NOW + 42.5}"}, 42.5),
    ({"x-ratelimit-reset": f"{(NOW + 42) * 1000:.0f}"}, 42.0),
    ({"x-ratelimit-reset": f"{NOW - 42:.0f}"}, None),
    ({"x-ratelimit-reset": f"{NOW:.0f}"}, None),
    ({"x-ratelimit-reset": "-30"}, None),
    ({"x-ratelimit-reset": "2026-07-25T17:20:00Z"}, None),
    ({"x-ratelimit-reset": "9" * 400}, None),
    ({"ratelimit-reset": "11"}, 11.0),
    ({"x-rate-limit-reset": f"{NOW + 8:.0f}"}, 8.0),
    ({"ratelimit-reset": "soon", "x-ratelimit-reset": "12"}, 12.0),
    ({"RateLimit": '"default";r=0;t=30'}, 30.0),
    ({"RateLimit": '"burst";r=5;t=1, "day";r=0;t=7200'}, 7200.0),
    ({"RateLimit": '"burst";r=0;t=3, "day";r=100;t=7200'}, 3.0),
    ({"RateLimit": '"a";r=0;t=3, "b";r=0;t=9'}, 9.0),
    ({"RateLimit": '"t=99;r=0";r=0;t=3'}, 3.0),
    ({"RateLimit": '"default";r=0'}, None),
    ({"RateLimit": "limit=100, remaining=0, reset=50"}, 50.0),
    ({"RateLimit": "nonsense"}, None),
    ({"RateLimit": '"default";r=0;t=30', "RateLimit-Reset": "5"}, 30.0),
    ({"RateLimit-Policy": '"default";q=100;w=60'}, None),
]


@pytest.mark.parametrize(("fields", "seconds"), FIELDS)
def test_every_form(fields: dict[str, str], seconds: float | None) -> None:
    assert retry_after(Headers(fields), lambda: NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("date", SUNDAY.values(), ids=SUNDAY)
def test_every_form_of_a_date_is_in_utc(monkeypatch: pytest.MonkeyPatch, date: str, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after(Headers({"Retry-After": date}), lambda: 784111777.0 - 60) == 60.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("name", ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset", "RateLimit"])
def test_a_limiter_speaks_of_a_429_alone(name: str) -> None:
    fields = Headers({name: '"a";r=0;t=30' if name == "RateLimit" else "30"})
    assert retry_after(fields, lambda: NOW, limited=False) is None
    assert retry_after(fields, lambda: NOW, limited=True) == 30.0


GOOD = reply({"leaf": 1})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def test_an_epoch_is_waited_for(mode: Mode) -> None:
    clock = FrozenClock()
    refused = reply({}, 429, {"x-ratelimit-reset": f"{clock.time() + 30:.0f}"})
    with Wire(refused, GOOD) as wire:
        assert mode.run(wire.url, tree, retries=1, clock=clock, timeout=60).leaf == 1
    assert clock.slept == [pytest.approx(30, abs=1)]


def test_a_limiter_does_not_hold_up_what_failed_otherwise(mode: Mode) -> None:
    clock = FrozenClock()
    down = reply({}, 502, {"x-ratelimit-reset": f"{clock.time() + 3000:.0f}", "x-ratelimit-remaining": "10"})
    with Wire(down, GOOD) as wire:
        assert mode.run(wire.url, tree, retries=1, clock=clock, timeout=60).leaf == 1
    assert clock.slept[0] <= 0.5


def test_the_error_tells_an_epoch_as_seconds(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(reply({}, 429, {"x-ratelimit-reset": f"{clock.time() + 1800:.0f}"})) as wire:
        error = mode.fails(wire.url, tree, retries=2, clock=clock, timeout=60)
    assert type(error) is RateLimitError
    assert error.retry_after == pytest.approx(1800, abs=1)
    assert len(wire.seen) == 1


def _read(self: Any, response: Any) -> Fault:
    return Fault(message="slow down", retry_after=float(response.body or b"nan"))


class ToldShop(ShopClient):
    """Its server tells the seconds in the body."""

    _read_fault = _read


class AsyncToldShop(AsyncShopClient):
    """The same, awaited."""

    _read_fault = _read


@pytest.mark.parametrize(
    ("body", "fields", "slept"),
    [(b"12", {}, 12.0), (b"12", {"Retry-After": "5"}, 5.0), (b"-1", {}, None), (b"nan", {}, None), (b"inf", {}, None)],
)
def test_seconds_that_only_the_body_tells(mode: Mode, body: bytes, fields: dict[str, str], slept: float | None) -> None:
    clock = FrozenClock()
    with Wire(reply(body, 429, fields), GOOD) as wire:
        client = AsyncToldShop if mode.is_async else ToldShop
        assert mode.run(wire.url, tree, client=client, retries=Retry(limit=1), clock=clock, timeout=60).leaf == 1
    assert clock.slept == [slept] if slept is not None else clock.slept[0] <= 0.5


def test_the_body_of_another_failure_is_not_asked(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(reply(b"12", 503), GOOD) as wire:
        client = AsyncToldShop if mode.is_async else ToldShop
        mode.run(wire.url, tree, client=client, retries=1, clock=clock, timeout=60)
    assert clock.slept[0] <= 0.5
