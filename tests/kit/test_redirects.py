"""Redirects: off unless asked for; followed, nothing confidential crosses to another origin."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError, APIError, APIStatusError
from gemel.kit.policies.credentials import Bearer

from .shop import Mode
from .wire import Wire, reply

SECRETS = {"headers": {"X-Api-Key": "key-1", "X-Own": "own-1"}, "credential": Bearer("token-1")}
FOLLOW: dict[str, Any] = {"follow_redirects": True, **SECRETS}


def to(location: str, status: int = 302) -> bytes:
    return reply(b"", status, {"Location": location})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def test_a_redirect_is_an_error_that_says_so(mode: Mode) -> None:
    with Wire(to("/elsewhere?key=1"), reply({"leaf": 1})) as wire:
        error = mode.fails(wire.url, tree)
    assert type(error) is APIStatusError
    assert error.status == 302
    assert "redirects to /elsewhere" in str(error)
    assert "follow_redirects=True" in str(error)
    assert len(wire.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["/api/new", "new", "?x=1", "{url}/api/new", "//{host}/api/new#part"])
def test_within_the_origin_a_get_keeps_its_credentials(mode: Mode, status: int, where: str) -> None:
    with Wire() as wire:
        wire.script = [to(where.format(url=wire.url, host=wire.host), status), reply({"leaf": 1})]
        assert mode.run(wire.url, tree, **FOLLOW).leaf == 1
    assert wire.last.target == ("/api/tree?x=1" if where == "?x=1" else "/api/new")
    assert wire.last.headers["authorization"] == "Bearer token-1"
    assert wire.last.headers["x-api-key"] == "key-1"


@pytest.mark.parametrize("path", ["/api/new", ""])
def test_another_origin_gets_no_credentials(mode: Mode, path: str) -> None:
    with Wire(reply({"leaf": 1})) as other, Wire(to(other.url + path)) as wire:
        assert mode.run(wire.url, tree, **FOLLOW).leaf == 1
    assert other.last.target == (path or "/")
    assert not {"authorization", "x-api-key", "x-own", "cookie"} & set(other.last.headers)
    assert b"-1" not in other.last.raw.partition(b"Host")[0]
    assert "token-1" not in str(other.last.raw)


def test_back_at_home_the_credentials_do_not_return(mode: Mode) -> None:
    with Wire() as other, Wire() as wire:
        other.script = [to(f"{wire.url}/api/back")]
        wire.script = [to(f"{other.url}/away"), reply({"leaf": 1})]
        mode.run(wire.url, tree, **FOLLOW)
    assert wire.last.target == "/api/back"
    assert "authorization" not in wire.last.headers


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_becomes_a_get_without_body(mode: Mode, status: int) -> None:
    with Wire(to("/api/made", status), reply({"album": {"id": "a"}})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.create("T"), **FOLLOW)
    assert (wire.last.method, wire.last.body) == ("GET", b"")
    assert not {"content-type", "content-length"} & set(wire.last.headers)


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_is_sent_again_within_the_origin(mode: Mode, status: int) -> None:
    with Wire(to("/api/made", status), reply({"album": {"id": "a"}})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.create("T"), **FOLLOW)
    assert (wire.last.method, wire.last.json) == ("POST", {"title": "T"})


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_is_not_sent_to_another_origin(mode: Mode, status: int) -> None:
    with Wire(reply({})) as other, Wire(to(f"{other.url}/x", status)) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.create("T"), **FOLLOW)
    assert (error.status, other.seen) == (status, [])
    assert "sends no body to another origin" in str(error)


@pytest.mark.parametrize("status", [301, 302])
def test_a_put_is_not_turned_into_a_get(mode: Mode, status: int) -> None:
    with Wire(to("/api/made", status)) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.replace_all([]), **FOLLOW)
    assert (error.status, len(wire.seen)) == (status, 1)


ODD = {
    "no location": reply(b"", 302),
    "an empty location": to(""),
    "another scheme": to("ftp://127.0.0.1/x"),
    "a file": to("file:///etc/passwd"),
    "a script": to("javascript:alert(1)"),
    "a user in it": to("http://user:pass@127.0.0.1:1/x"),
    "a broken host": to("http://[::1/x"),
    "a port too large": to("http://127.0.0.1:99999/x"),
    "a port of letters": to("http://127.0.0.1:port/x"),
    "not modified": to("/x", 304),
    "several choices": to("/x", 300),
}


@pytest.mark.parametrize("step", ODD.values(), ids=ODD)
def test_an_odd_location_is_not_followed(mode: Mode, step: bytes) -> None:
    with Wire(step) as wire:
        error = mode.fails(wire.url, tree, **FOLLOW)
    assert isinstance(error, APIError)
    assert len(wire.seen) == 1


def test_a_location_is_encoded(mode: Mode) -> None:
    with Wire(to("/api/a b?c=d e&f=%2F\u00e9"), reply({})) as wire:
        mode.run(wire.url, tree, **FOLLOW)
    assert wire.last.target.startswith("/api/a%20b?c=d%20e&f=%2F")
    assert wire.last.target.isascii()


def test_a_circle_ends_with_a_clear_error(mode: Mode) -> None:
    with Wire(to("/api/round")) as wire:
        error = mode.fails(wire.url, tree, **FOLLOW)
    assert type(error) is APIConnectionError
    assert "more than 5 redirects" in str(error)
    assert len(wire.seen) == 6


def test_a_redirect_with_a_large_body_is_followed(mode: Mode) -> None:
    with Wire(reply(b"x" * 500_000, 302, {"Location": "/api/new"}), reply({"leaf": 1})) as wire:
        assert mode.run(wire.url, tree, **FOLLOW).leaf == 1
    assert wire.connections == 1
