"""Neither the libraries that send nor the kit log a secret, whatever way a request goes; nor do proxies' passwords."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
import pytest
import requests

from gemel.kit.errors import GemelError
from gemel.kit.http.messages import Request
from gemel.kit.policies.credentials import Bearer

from ..shop import AsyncShopClient, Mode, ShopClient
from ..wire import Wire, cut, reply

KEY = "hunter2-key"
PASSWORD = "hunter2-password"
ANSWERS = {
    "answered": reply([], 200, {"X-Request-Id": KEY}),
    "refused": reply({"message": KEY}, 400, {"X-Request-Id": KEY}),
    "lost": cut(),
}


def listed(shop: Any) -> Any:
    return shop.albums.list(key=KEY)


def own_session(mode: Mode) -> Any:
    """What makes a client with a session of the caller's."""
    if not mode.is_async:
        return lambda url, **settings: ShopClient(url, session=requests.Session(), **settings)
    return lambda url, **settings: AsyncShopClient(url, session=aiohttp.ClientSession(), **settings)


def closing(mode: Mode) -> Any:
    """The call, after which a session of aiohttp's is closed."""
    if not mode.is_async:
        return listed

    async def done(shop: Any) -> Any:
        try:
            return await listed(shop)
        finally:
            await shop._transport._given.close()

    return done


@pytest.mark.parametrize("ending", ANSWERS)
@pytest.mark.parametrize("way", ["direct", "proxy", "own session", "repeated"])
def test_no_log_shows_a_secret(mode: Mode, way: str, ending: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    step, settings = listed, dict[str, Any](credential=Bearer("hunter2-token"))
    with Wire(ANSWERS[ending]) as wire:
        url = wire.url
        if way == "proxy":
            url, settings["proxy"] = "http://api.invalid", f"http://user:{PASSWORD}@{wire.host}"
        if way == "own session":
            step, settings["client"] = closing(mode), own_session(mode)
        if way == "repeated":
            settings["retries"] = 1
        try:
            mode.run(url, step, **settings)
        except GemelError as error:
            assert "hunter2" not in str(error)
        assert f"key={KEY}" in wire.last.target
    assert caplog.records
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("status", [407, 502])
def test_no_error_shows_the_password_of_a_proxy_that_refuses(mode: Mode, scheme: str, status: int) -> None:
    with Wire(reply({"message": "no"}, status)) as proxy:
        address = f"http://user:{PASSWORD}@{proxy.host}"
        error = mode.fails(f"{scheme}://127.0.0.1:1", listed, proxy=address)
    assert "proxy-authorization" in proxy.last.headers
    assert "hunter2" not in f"{error} {error!r} {vars(error)}"


MALFORMED = [
    "http://user:hunter2-password@127.0.0.1:99999",
    "user:hunter2-password@127.0.0.1:99999",
    "http://user:hunter2/password@127.0.0.1:1",
    "http://user:hunter2#password@127.0.0.1:1",
    "http://user:hunter2 password@127.0.0.1:1",
    "http://user:hunter2@password@127.0.0.1:1",
    "http://user:hunter2%2Fpassword@127.0.0.1:1",
    "http://:hunter2-password@127.0.0.1:abc",
    "http://hunter2-token@127.0.0.1:99999",
]


@pytest.mark.parametrize("address", MALFORMED)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_error_shows_the_password_of_a_malformed_proxy(
    mode: Mode, scheme: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", address)
    with pytest.raises((ValueError, GemelError)) as caught:
        mode.run(f"{scheme}://127.0.0.1:1", listed, timeout=3)
    assert "hunter2" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


def test_a_session_that_is_passed_in_logs_the_rest_as_before(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "urllib3")
    with Wire(reply([])) as wire, ShopClient(wire.url, session=requests.Session()) as shop:
        shop.albums.list(key=KEY, limit=3)
        requests.get(f"{wire.url}/other?key=seen-by-all", timeout=5)
    assert "/api/albums?limit=3&key=***" in caplog.text.replace("key=***&limit=3", "limit=3&key=***")
    assert "key=seen-by-all" in caplog.text


def test_a_request_is_logged_masked(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gemel")
    with Wire(reply([])) as wire:
        mode.run(wire.url, lambda shop: shop.albums.list(key=KEY, trace=f"<{KEY}>", tags=["seen"]))
    assert "tags=seen" in caplog.text and "key=***" in caplog.text and KEY not in caplog.text
    assert not any(isinstance(argument, Request) for record in caplog.records for argument in record.args or ())
