"""Credentials go to their own origin, under the name given, and nothing else takes their place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import pytest
import requests

from gemel.kit.declare import Header, get
from gemel.kit.errors import APIStatusError, CredentialsError
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

from .shop import ASYNC, SYNC, AsyncShopClient, Mode, Shop, ShopClient
from .wire import Wire, reply

OWN = {"credential": Bearer("tok-1")}


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def test_the_token_is_sent_as_bearer(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        mode.run(wire.url, tree, **OWN)
    assert [value for name, value in wire.last.fields if name.lower() == "authorization"] == ["Bearer tok-1"]


def test_without_credential_none_is_sent(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        mode.run(wire.url, tree)
        mode.run(wire.url, lambda shop: shop.albums.anything("login"), **OWN)
    assert all("authorization" not in request.headers for request in wire.seen)


@pytest.mark.parametrize("settings", [OWN, {}, {"headers": {"Authorization": "Basic own"}}])
def test_netrc_neither_replaces_nor_adds(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password hunter2\ndefault login thief password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Wire(reply({"album": {"id": "a"}})) as wire:
        mode.run(wire.url, tree, lambda shop: shop.albums.create("T"), **settings)
    expected = {"Bearer tok-1"} if settings is OWN else {"Basic own"} if settings else {None}
    assert {request.headers.get("authorization") for request in wire.seen} == expected


def test_a_redirect_and_netrc_add_nothing(mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login thief password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Wire(reply({})) as other, Wire(reply({}, 302, {"Location": f"{other.url}/x"})) as wire:
        mode.run(wire.url, tree, follow_redirects=True, **OWN)
    assert "authorization" not in other.last.headers


def test_cookies_of_replies_are_not_kept(mode: Mode) -> None:
    with Wire(reply({}, headers={"Set-Cookie": "session=1; Path=/"})) as wire:
        mode.run(wire.url, tree, tree)
    assert all("cookie" not in request.headers for request in wire.seen)


def test_an_own_requests_session_is_used_and_not_closed() -> None:
    with Wire(reply({"leaf": 2})) as wire, requests.Session() as session:
        session.headers["X-Mine"] = "yes"
        session.cookies["mine"] = "1"
        for _ in range(2):
            with ShopClient(wire.url, session=session, credential=Bearer("tok-1")) as shop:
                assert shop.albums.tree().leaf == 2
        assert session.get(wire.url + "/still-open", timeout=5).status_code == 200
    assert wire.connections == 1
    assert wire.seen[0].headers["x-mine"] == "yes"
    assert wire.seen[0].headers["cookie"] == "mine=1"
    assert wire.seen[0].headers["authorization"] == "Bearer tok-1"


def test_an_own_aiohttp_session_is_used_and_not_closed() -> None:
    async def work(url: str) -> None:
        async with aiohttp.ClientSession(headers={"X-Mine": "yes"}, cookies={"mine": "1"}) as session:
            for _ in range(2):
                async with AsyncShopClient(url, session=session, credential=Bearer("tok-1")) as shop:
                    assert (await shop.albums.tree()).leaf == 2
            assert not session.closed
            async with session.get(url + "/still-open") as answer:
                assert answer.status == 200

    with Wire(reply({"leaf": 2})) as wire:
        asyncio.run(work(wire.url))
    assert wire.connections == 1
    assert wire.seen[0].headers["x-mine"] == "yes"
    assert wire.seen[0].headers["authorization"] == "Bearer tok-1"


def sent(wire: Wire) -> list[list[str]]:
    """What Authorization each request had, every field of it."""
    return [[value for name, value in each.fields if name.lower() == "authorization"] for each in wire.seen]


class Traced(Resource[M]):
    """Endpoints that declare the header themselves."""

    @get("api/tree")
    def tree(self, *, key: Annotated[str | Omit, Header("Authorization")] = OMIT) -> dict[str, Any]:
        """Return a tree."""
        ...


OWN_WORD = {
    "a header of the client": ({"headers": {"authorization": "Basic mine"}}, tree),
    "an option of the call": ({}, lambda shop: shop.albums.tree.options(headers={"AUTHORIZATION": "Basic mine"})()),
    "an option of a copy": ({}, lambda shop: shop.with_options(headers={"Authorization": "Basic mine"}).albums.tree()),
    "a path not declared": ({}, lambda shop: shop.request("GET", "x", headers={"Authorization": "Basic mine"})),
    "an argument": ({}, lambda shop: Traced[Any](shop).tree(key="Basic mine")),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize(("settings", "step"), OWN_WORD.values(), ids=OWN_WORD)
def test_the_callers_own_authorization_wins(mode: Mode, settings: Any, step: Any) -> None:
    asked: list[str] = []
    provided = Bearer(lambda: asked.append("") or "tok-1")  # type: ignore[func-returns-value]
    with Wire(reply({})) as wire:
        mode.run(wire.url, step, credential=provided, **settings)
    assert sent(wire) == [["Basic mine"]]
    assert not asked


def test_an_argument_that_is_left_out_leaves_the_token(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        mode.run(wire.url, lambda shop: Traced[Any](shop).tree(), **OWN)  # type: ignore[attr-defined]
    assert sent(wire) == [["Bearer tok-1"]]


def test_the_callers_own_authorization_is_not_renewed(mode: Mode) -> None:
    with Wire(reply({}, 401)) as wire:
        error = mode.fails(wire.url, tree, headers={"authorization": "Basic mine"}, credential=Bearer(lambda: "tok-1"))
    assert error.status == 401
    assert sent(wire) == [["Basic mine"]]


@pytest.mark.parametrize("value", ["", "two words", "line\nbreak", "käse", "a\r\nX-Evil: 1"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(mode: Mode, value: str) -> None:
    with Wire(reply({})) as wire:
        error = mode.fails(wire.url, tree, credential=Bearer(lambda: value))
    assert type(error) is CredentialsError
    assert not wire.seen
    assert not value or value not in str(error)


BAD_HEADERS = [
    ("X-A", "a\r\nX-Evil: 1"),
    ("X-A", "a\x00"),
    ("X-A", "日本"),
    ("X-A\r\nX-Evil", "1"),
    ("", "1"),
    ("X A", "1"),
    ("X:", ""),
]


@pytest.mark.parametrize(("name", "value"), BAD_HEADERS)
def test_a_header_that_cannot_be_sent_is_refused(mode: Mode, name: str, value: str) -> None:
    with pytest.raises(ValueError, match="headers: "):
        mode.client("http://h", headers={name: value})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x7f", " a", "a\t"])
def test_a_header_argument_arrives_as_it_is_or_is_refused(mode: Mode, value: str) -> None:
    with Wire(reply([])) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.list(trace=value))
    assert error.parameter == "trace"
    assert not wire.seen


def test_header_text_arrives_the_same_on_both_transports() -> None:
    with Wire(reply([])) as wire:
        for mode in (SYNC, ASYNC):
            mode.run(wire.url, lambda shop: shop.albums.list(trace='a;b, "c" \t~'))
    values = [dict(request.fields)["X-Trace"] for request in wire.seen]
    assert values == ['a;b, "c" \t~'] * 2


@pytest.mark.parametrize(
    "endpoint", ["", "h", "ftp://h", "http://", "http://u:p@h", "http://h?x=1", "http://h#a", "http://h/{x}", "//h"]
)
def test_an_endpoint_that_cannot_work_is_refused(mode: Mode, endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint: ") as caught:
        mode.client(endpoint)
    assert "u:p" not in str(caught.value)


def test_a_base_client_has_no_mode() -> None:
    with pytest.raises(TypeError, match="derive it from Client or AsyncClient"):
        Shop("http://h")


def test_the_headers_of_an_own_session_do_not_follow_a_redirect_abroad() -> None:
    async def awaited(url: str) -> Any:
        async with aiohttp.ClientSession(headers={"X-Api-Key": "mine"}) as session:
            async with AsyncShopClient(url, session=session, follow_redirects=True) as shop:
                return await shop.albums.tree()

    def blocking(url: str) -> Any:
        with requests.Session() as session:
            session.headers["X-Api-Key"] = "mine"
            with ShopClient(url, session=session, follow_redirects=True) as shop:
                return shop.albums.tree()

    for call in (blocking, lambda url: asyncio.run(awaited(url))):
        with Wire(reply({"leaf": 1})) as other, Wire(reply({}, 302, {"Location": f"{other.url}/x"})) as wire:
            with pytest.raises(APIStatusError):
                call(wire.url)
            wire.script = [reply({}, 302, {"Location": "/x"}), reply({"leaf": 1})]
            wire.seen.clear()
            assert call(wire.url).leaf == 1
        assert not other.seen
