"""A bound endpoint is an object: raw replies, options, built requests, addresses and curl commands."""

from __future__ import annotations

import inspect
import shlex
from typing import Any

import pytest

from gemel.kit.errors import APITimeoutError, InternalServerError, InvalidArgument
from gemel.kit.http.messages import Retry

from .shop import Album, Mode, NewAlbum, ShopClient
from .wire import Wire, reply, silence

ALBUM = {"album": {"id": "1", "title": "Blue"}}


def test_the_raw_reply_stands_beside_the_value(mode: Mode) -> None:
    with Wire(reply(ALBUM, headers={"X-Request-Id": "r1"})) as wire:
        raw = mode.run(wire.url, lambda shop: shop.albums.retrieve.raw("1"))
    assert (raw.status, raw.headers["x-request-id"]) == (200, "r1")
    assert raw.value == Album(id="1", title="Blue")
    assert b'"Blue"' in raw.body
    assert "Blue" not in repr(raw)


def test_a_raw_call_raises_the_errors_of_the_call(mode: Mode) -> None:
    with Wire(reply({"message": "down"}, status=500)) as wire:
        assert isinstance(mode.fails(wire.url, lambda shop: shop.albums.retrieve.raw("1")), InternalServerError)


def test_options_add_headers_query_and_body(mode: Mode) -> None:
    with Wire(reply(ALBUM)) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.albums.create.options(
                headers={"X-Trace": "t"}, query={"dry": True, "n": [1, 2]}, body={"extra": {"a": None}}
            )("Blue"),
        )
    assert wire.last.query == "dry=true&n=1&n=2"
    assert wire.last.headers["x-trace"] == "t"
    assert wire.last.json == {"title": "Blue", "extra": {"a": None}}


def test_options_replace_what_the_call_sends(mode: Mode) -> None:
    with Wire(reply(ALBUM)) as wire:
        call = {"query": {"withTracks": False}, "headers": {"accept": "text/plain"}}
        mode.run(wire.url, lambda shop: shop.albums.retrieve.options(**call)("1", with_tracks=True))
    assert wire.last.query == "withTracks=false"
    assert wire.last.headers["accept"] == "text/plain"


def test_options_gather_and_leave_the_call_alone() -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        plain = shop.albums.retrieve
        first = plain.options(headers={"A": "1"})
        both = first.options(headers={"B": "2"}, query={"q": "x"})
        assert {"a", "b"} <= set(both.request("1").headers)
        assert "b" not in first.request("1").headers
        assert "a" not in plain.request("1").headers
        assert type(both) is type(plain)


def test_a_timeout_of_one_call(mode: Mode) -> None:
    with Wire(silence) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.retrieve.options(timeout=0.2)("1"))
    assert isinstance(error, APITimeoutError)
    assert "total 0.2 s" in str(error)


def test_retries_of_one_call(mode: Mode) -> None:
    with Wire(reply({}, status=503), reply(ALBUM)) as wire:
        patient = Retry(limit=1, base=0.001)
        album = mode.run(wire.url, lambda shop: shop.albums.retrieve.options(retries=patient)("1"))
    assert album.title == "Blue"
    assert len(wire.seen) == 2


def test_an_idempotency_key_makes_a_post_safe_to_repeat(mode: Mode) -> None:
    with Wire(reply({}, status=503), reply(ALBUM)) as wire:
        patient = Retry(limit=1, base=0.001)
        call = {"retries": patient, "idempotency_key": "k1"}
        mode.run(wire.url, lambda shop: shop.albums.create.options(**call)("Blue"))
    assert [seen.headers["idempotency-key"] for seen in wire.seen] == ["k1", "k1"]


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ({"timout": 1}, "timout"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"headers": {"A": "x\r\nB: y"}}, "headers"),
        ({"query": {"a": object()}}, "query"),
        ({"body": {"a": object()}}, "body"),
        ({"body": [1]}, "body"),
    ],
)
def test_a_wrong_option_is_refused(option: dict[str, Any], named: str) -> None:
    with ShopClient("http://127.0.0.1:9") as shop, pytest.raises(InvalidArgument) as caught:
        shop.albums.retrieve.options(**option)
    assert (caught.value.method, caught.value.parameter) == ("Albums.retrieve.options", named)


def test_members_cannot_be_added_to_a_body_that_is_no_object() -> None:
    with ShopClient("http://127.0.0.1:9") as shop, pytest.raises(InvalidArgument, match="JSON object"):
        shop.albums.replace_all.options(body={"a": 1}).request([NewAlbum(title="t", download_key="k")])


def test_a_request_is_built_and_not_sent(mode: Mode) -> None:
    with Wire() as wire:
        with ShopClient(wire.url) as shop:
            request = shop.albums.create.request("Blue", download_key="very-secret")
        assert (request.method, request.url) == ("POST", f"{wire.url}/api/albums")
        assert request.body == b'{"title":"Blue","downloadKey":"very-secret"}'
        assert "very-secret" not in repr(request)
    assert wire.connections == 0


def test_an_address_masks_secret_values() -> None:
    with ShopClient("http://127.0.0.1:9/v1") as shop:
        assert shop.albums.retrieve.url("a b") == "http://127.0.0.1:9/v1/api/albums/a%20b"
        assert shop.albums.by_key.url("very-secret") == "http://127.0.0.1:9/v1/api/keys/***"


def test_curl_is_a_command_without_secrets() -> None:
    with ShopClient("http://127.0.0.1:9", headers={"X-Api-Key": "k123456"}) as shop:
        words = shlex.split(shop.albums.create.curl("It's", download_key='va"l\nue'))
    assert words[:4] == ["curl", "-X", "POST", "http://127.0.0.1:9/api/albums"]
    assert "X-Api-Key: ***" in words and "Content-Type: application/json" in words
    assert words[-2:] == ["--data", '{"title":"It\'s","downloadKey":"***"}']


def test_a_call_looks_like_its_stub() -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        call = shop.albums.retrieve.options(timeout=1)
        assert str(inspect.signature(call)).startswith("(album_id: 'str', *, with_tracks: ")
        assert (call.__name__, call.__doc__) == ("retrieve", "Retrieve one album.")
        assert (call._declaration.spec.method, call._declaration.spec.path) == ("GET", "api/albums/{album_id}")


def test_a_copy_of_the_client_has_options_and_shares_the_session(mode: Mode) -> None:
    with Wire(reply(ALBUM), reply(ALBUM)) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.with_options(headers={"A": "1"}, timeout=3).albums.retrieve.options(headers={"B": "2"})(
                "1"
            ),
            lambda shop: shop.albums.retrieve("1"),
        )
    first, second = wire.seen
    assert (first.headers["a"], first.headers["b"]) == ("1", "2")
    assert "a" not in second.headers
    assert wire.connections == 1


def test_an_undeclared_path_is_reached(mode: Mode) -> None:
    with Wire(reply({"ok": 1}, headers={"X-A": "b"})) as wire:
        response = mode.run(
            wire.url,
            lambda shop: shop.request(
                "post", "/any/pa th", params={"a": [1, None]}, body={"b": True}, headers={"X-T": "1"}
            ),
        )
    assert (response.status, response.body, response.headers["x-a"]) == (200, b'{"ok": 1}', "b")
    assert (wire.last.target, wire.last.json) == ("/any/pa%20th?a=1", {"b": True})
    assert wire.last.headers["x-t"] == "1"


@pytest.mark.parametrize("path", ["http://127.0.0.2/x", "//evil/x", "a/../b", "http://me@127.0.0.1:9/x"])
def test_an_undeclared_path_stays_at_the_endpoint(mode: Mode, path: str) -> None:
    with Wire() as wire:
        error = mode.fails(wire.url, lambda shop: shop.request("GET", path))
    assert isinstance(error, InvalidArgument)
    assert wire.connections == 0


def test_an_undeclared_path_raises_the_error_of_its_status(mode: Mode) -> None:
    with Wire(reply({"message": "no"}, status=500)) as wire:
        assert isinstance(mode.fails(wire.url, lambda shop: shop.request("GET", "x")), InternalServerError)


def test_every_endpoint_is_listed() -> None:
    listed = {(info.resource, info.name): info for info in ShopClient.endpoints()}
    info = listed["albums.reviews", "list"]
    assert (info.method, info.path, info.deprecated) == ("GET", "api/albums/{album_id}/reviews", False)
    assert ("albums", "delete") in listed


def test_a_record_with_a_field_of_another_type_is_refused() -> None:
    wrong: Any = NewAlbum(title=5, download_key="very-secret")  # type: ignore[arg-type]
    with ShopClient("http://127.0.0.1:9") as shop, pytest.raises(InvalidArgument) as caught:
        shop.albums.replace.request("1", wrong)
    assert (caught.value.method, caught.value.parameter) == ("Albums.replace", "album")
    assert "Expected `str`, got `int` - at `$.title`" in str(caught.value)
    assert "very-secret" not in str(caught.value)
