"""Proxies: those of the environment and of the settings, for the addresses they are for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import warnings
from typing import Any

import aiohttp
import pytest

from gemel.kit.errors import APIConnectionError, APIStatusError

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, reply


def tree(shop: Any) -> Any:
    return shop.albums.tree()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("form", ["http://{host}", "{host}"])
def test_the_environment_names_a_proxy(mode: Mode, monkeypatch: pytest.MonkeyPatch, variable: str, form: str) -> None:
    with Wire(reply({"leaf": 7})) as proxy:
        monkeypatch.setenv(variable, form.format(host=proxy.host))
        assert mode.run("http://shop.example.org:81/v1", tree).leaf == 7
    assert proxy.targets == ["http://shop.example.org:81/v1/api/tree"]
    assert proxy.last.headers["host"] == "shop.example.org:81"


@pytest.mark.parametrize("value", ["a/b", "é?#", "%2e%2e"])
def test_a_proxy_gets_the_path_as_it_is(mode: Mode, value: str) -> None:
    with Wire(reply({})) as direct:
        mode.run(direct.url, lambda shop: shop.albums.anything(value))
    with Wire(reply({})) as proxy:
        mode.run("http://shop.example.org", lambda shop: shop.albums.anything(value), proxy=proxy.url)
    assert proxy.last.target == "http://shop.example.org" + direct.last.target


@pytest.mark.parametrize("value", ["127.0.0.1", "*", "example.org, 127.0.0.1"])
def test_no_proxy_is_honoured(mode: Mode, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", value)
    with Wire(reply({"leaf": 7})) as wire:
        assert mode.run(wire.url, tree).leaf == 7
    assert wire.targets == ["/api/tree"]


def test_trust_env_off_ignores_the_environment(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Wire(reply({"leaf": 7})) as wire:
        assert mode.run(wire.url, tree, trust_env=False).leaf == 7
        assert isinstance(mode.fails(wire.url, tree), APIConnectionError)


def test_a_proxy_of_the_settings_goes_before_the_environment(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    with Wire(reply({"leaf": 7})) as proxy:
        assert mode.run("http://shop.example.org", tree, proxy=proxy.url).leaf == 7
    assert proxy.targets == ["http://shop.example.org/api/tree"]


def test_a_proxy_gets_its_own_credentials(mode: Mode) -> None:
    with Wire(reply({"leaf": 7})) as proxy:
        mode.run("http://shop.example.org", tree, proxy=f"http://user:pass@{proxy.host}")
    assert proxy.last.headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


def test_a_proxy_that_is_away_was_not_sent_to(mode: Mode) -> None:
    error = mode.fails("http://shop.example.org", tree, proxy="http://127.0.0.1:1")
    assert type(error) is APIConnectionError
    assert error.sent is False
    assert "check the endpoint, the network and the proxy" in str(error)


def test_a_proxy_that_asks_for_credentials(mode: Mode) -> None:
    with Wire(reply(b"", 407)) as proxy:
        error = mode.fails("http://shop.example.org", tree, proxy=proxy.url)
    assert type(error) is APIStatusError
    assert "a proxy asks for credentials" in str(error)


def tunnel(connection: socket.socket, stopped: threading.Event, port: int) -> None:
    """Answer CONNECT and carry bytes both ways."""
    with socket.create_connection(("127.0.0.1", port)) as behind:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        back = threading.Thread(target=_carry, args=(behind, connection))
        back.start()
        _carry(connection, behind)
        back.join(5)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


def test_https_goes_through_a_tunnel(mode: Mode, authority: Any) -> None:
    with Wire(reply({"leaf": 7}), tls=authority.serving("shop.example.org")) as wire:
        with Wire(lambda connection, stopped: tunnel(connection, stopped, wire.port)) as proxy:
            settings = {"proxy": proxy.url, "verify": authority.file}
            assert mode.run("https://shop.example.org", tree, **settings).leaf == 7
            error = mode.fails("https://other.example.org", tree, **settings)
    assert [(request.method, request.target) for request in proxy.seen] == [
        ("CONNECT", "shop.example.org:443"),
        ("CONNECT", "other.example.org:443"),
    ]
    assert wire.targets == ["/api/tree"]
    assert type(error) is APIConnectionError
    assert error.sent is False


def test_a_tunnel_that_is_refused(mode: Mode) -> None:
    with Wire(reply(b"", 403)) as proxy:
        error = mode.fails("https://shop.example.org", lambda shop: shop.albums.create("T"), proxy=proxy.url, retries=0)
    assert type(error) is APIConnectionError
    assert error.sent is False
    assert "403" in str(error)


@pytest.mark.parametrize("proxy", ["nonsense", "ftp://proxy", "http://"])
def test_a_proxy_that_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy: expected an address"):
        ShopClient("http://127.0.0.1:9", proxy=proxy)


def test_an_own_session_with_credentials_of_its_own_is_refused() -> None:
    async def make() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            session = aiohttp.ClientSession(auth=aiohttp.BasicAuth("a", "b"))
        async with session:
            AsyncShopClient("http://127.0.0.1:9", session=session)

    with pytest.raises(ValueError, match="session: it has an auth"):
        asyncio.run(make())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("by_proxy", [False, True], ids=["straight", "by a proxy"])
def test_a_failed_connection_is_told_without_the_names_of_our_classes(mode: Mode, scheme: str, by_proxy: bool) -> None:
    closed = f"127.0.0.1:{free_port()}"
    settings: dict[str, Any] = {"proxy": f"http://{closed}"} if by_proxy else {}
    with pytest.raises(APIConnectionError) as raised:
        mode.run(f"{scheme}://{'shop.example' if by_proxy else closed}", tree, retries=0, **settings)
    said = str(raised.value)
    assert "onnect" in said.partition("): ")[2], said
    for private in ("Connection(", "Pool(", "Error(", "Clocked", '"', "object at"):
        assert private not in said, said


def test_a_name_that_there_is_not_is_told_whole(mode: Mode) -> None:
    with pytest.raises(APIConnectionError) as raised:
        mode.run("http://nowhere.invalid", tree, retries=0)
    said = str(raised.value)
    assert "nowhere.invalid" in said and "Clocked" not in said and said.count("(") == said.count(")"), said
