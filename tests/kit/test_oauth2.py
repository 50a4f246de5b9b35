"""OAuth 2.0: the bytes of each request for a token, what its reply means, and what becomes of a refresh token."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gemel.kit.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    CredentialsError,
    DeclarationError,
    ResponseValidationError,
)
from gemel.kit.policies.oauth2 import OAuth2ClientCredentials, OAuth2RefreshToken
from gemel.testing import FrozenClock

from .shop import AsyncShopClient, Mode
from .wire import Seen, Wire, reply

SECRET = "s:e c/ret"
PAIR = b64encode(b"me%2F1:s%3Ae+c%2Fret").decode()


def tree(shop: Any) -> Any:
    return shop.albums.tree()


class Desk:
    """A token endpoint and an API: it gives numbered tokens, and accepts those it is told to."""

    def __init__(self, *, accepts: Any = lambda token: True, **more: Any) -> None:
        self.accepts, self.more, self.issued = accepts, more, 0

    def __call__(self, seen: Seen) -> bytes:
        if seen.target.startswith("/oauth/token"):
            self.issued += 1
            return reply({"access_token": f"at-{self.issued}", "token_type": "Bearer", "expires_in": 3600} | self.more)
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        return reply({"leaf": 1}) if self.accepts(token) else reply({}, 401)


def made(**settings: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials("oauth/token", "me/1", SECRET, **settings)


def refreshing(**settings: Any) -> OAuth2RefreshToken:
    return OAuth2RefreshToken("/oauth/token", "rt-0 +", client_id="me/1", **settings)


GRANT = b"grant_type=client_credentials"
ROWS: dict[str, tuple[Any, str | None, bytes]] = {
    "basic": (made(), PAIR, GRANT),
    "body": (made(authentication="body"), None, GRANT + b"&client_id=me%2F1&client_secret=s%3Ae+c%2Fret"),
    "scope": (made(scope="a b"), PAIR, GRANT + b"&scope=a+b"),
    "scopes": (made(scope=["a", "b"]), PAIR, GRANT + b"&scope=a+b"),
    "audience": (made(audience="https://api/"), PAIR, GRANT + b"&audience=https%3A%2F%2Fapi%2F"),
    "resources": (
        made(resource=["https://a/", "https://b/"]),
        PAIR,
        GRANT + b"&resource=https%3A%2F%2Fa%2F&resource=https%3A%2F%2Fb%2F",
    ),
    "function": (OAuth2ClientCredentials("/oauth/token", "me/1", lambda: SECRET), PAIR, GRANT),
    "refresh": (refreshing(client_secret=SECRET), PAIR, b"grant_type=refresh_token&refresh_token=rt-0+%2B"),
    "refresh, body": (
        refreshing(client_secret=SECRET, authentication="body", scope="a"),
        None,
        b"grant_type=refresh_token&refresh_token=rt-0+%2B&scope=a&client_id=me%2F1&client_secret=s%3Ae+c%2Fret",
    ),
    "refresh, public": (refreshing(), None, b"grant_type=refresh_token&refresh_token=rt-0+%2B&client_id=me%2F1"),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_token_is_asked_for_once_and_used(mode: Mode, row: str) -> None:
    credential, basic, body = ROWS[row]
    with Wire(answer=Desk()) as wire:
        mode.run(wire.url, tree, tree, credential=credential, headers={"X-Api-Key": "other-key"})
    first, *others = wire.seen
    assert (first.method, first.target, first.body) == ("POST", "/oauth/token", body)
    assert first.headers.get("authorization") == (None if basic is None else f"Basic {basic}")
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"
    assert first.headers["accept"] == "application/json"
    assert "x-api-key" not in first.headers
    assert [seen.headers["authorization"] for seen in others] == ["Bearer at-1"] * 2


def test_another_origin_is_asked_for_the_token_alone(mode: Mode) -> None:
    with Wire(answer=Desk()) as desk, Wire(answer=Desk()) as api:
        mode.run(api.url, tree, credential=OAuth2ClientCredentials(f"{desk.url}/oauth/token?tenant=1", "me", SECRET))
    assert (desk.targets, api.targets) == (["/oauth/token?tenant=1"], ["/api/tree"])


def test_one_request_for_a_token_serves_all_who_wait() -> None:
    async def work(url: str) -> None:
        async with AsyncShopClient(url, credential=made()) as shop:
            await asyncio.gather(*(shop.albums.tree() for _ in range(20)))

    with Wire(answer=Desk()) as wire:
        asyncio.run(work(wire.url))
    assert wire.targets.count("/oauth/token") == 1


@pytest.mark.parametrize("said", [100, "100", 100.5])
def test_a_token_is_renewed_ahead_of_its_expiry(mode: Mode, said: Any) -> None:
    clock = FrozenClock()

    def later(seconds: float) -> Any:
        def step(shop: Any) -> Any:
            clock.advance(seconds)
            return shop.albums.tree()

        return step

    with Wire(answer=Desk(expires_in=said)) as wire:
        mode.run(wire.url, tree, later(79), later(3), credential=made(), clock=clock)
    tokens = [seen.headers["authorization"] for seen in wire.seen if seen.target == "/api/tree"]
    assert tokens == ["Bearer at-1", "Bearer at-1", "Bearer at-2"]


@pytest.mark.parametrize("said", [None, 0, -1, "soon", True, [1]])
def test_a_lifetime_that_says_nothing_is_none(mode: Mode, said: Any) -> None:
    with Wire(answer=Desk(expires_in=said)) as wire:
        mode.run(wire.url, tree, tree, credential=made())
    assert wire.targets.count("/oauth/token") == 1


def test_a_refused_token_is_replaced_once(mode: Mode) -> None:
    with Wire(answer=Desk(accepts=lambda token: token == "at-2")) as wire:
        assert mode.run(wire.url, tree, credential=made()).leaf == 1
    assert wire.targets == ["/oauth/token", "/api/tree"] * 2


REFUSALS: list[tuple[int, Any, type[APIStatusError], str, str]] = [
    (
        401,
        {"error": "invalid_client", "error_description": "no such client"},
        AuthenticationError,
        "invalid_client",
        "no such client",
    ),
    (400, {"error": "invalid_scope"}, BadRequestError, "invalid_scope", "invalid_scope"),
    (
        200,
        {"error": "bad_code", "error_description": "it is over"},
        BadRequestError,
        "bad_code",
        "it is over",
    ),
    (400, {"message": "what"}, BadRequestError, "", "what"),
]


@pytest.mark.parametrize(("status", "body", "kind", "code", "message"), REFUSALS)
def test_what_the_token_endpoint_refuses_is_told_and_not_asked_again(
    mode: Mode, status: int, body: Any, kind: type[APIStatusError], code: str, message: str
) -> None:
    def failing(shop: Any) -> Any:
        return shop.albums.tree()

    async def awaited(shop: Any) -> Any:
        with pytest.raises(kind):
            await shop.albums.tree()

    def blocking(shop: Any) -> Any:
        with pytest.raises(kind):
            shop.albums.tree()

    with Wire(reply(body, status)) as wire:
        error = mode.fails(wire.url, awaited if mode.is_async else blocking, failing, credential=made())
    assert type(error) is kind and (error.code, error.message) == (code, message)
    assert "OAuth2ClientCredentials" in str(error) and "next try in" in str(error)
    assert len(wire.seen) == 1


UNFIT: list[tuple[Any, str]] = [
    (b"hello", "is not JSON"),
    ([1], "is not a JSON object"),
    ({}, "has no access_token"),
    ({"access_token": ""}, "has no access_token"),
    ({"access_token": 5}, "has no access_token"),
    ({"access_token": "at-secret", "token_type": "mac"}, "has the token_type 'mac'"),
    ({"access_token": "at-secret", "token_type": 5}, "has the token_type 5"),
]


@pytest.mark.parametrize(("body", "said"), UNFIT)
def test_a_reply_that_gives_no_token_is_told(mode: Mode, body: Any, said: str) -> None:
    with Wire(reply(body)) as wire:
        error = mode.fails(wire.url, tree, credential=made())
    assert type(error) is ResponseValidationError and said in str(error) and "at-secret" not in str(error)


def test_a_token_that_cannot_be_sent_is_told(mode: Mode) -> None:
    with Wire(reply({"access_token": "at secret"})) as wire:
        error = mode.fails(wire.url, tree, credential=made())
    assert type(error) is CredentialsError and "at secret" not in str(error)


def test_a_rotated_refresh_token_is_kept_and_told(mode: Mode) -> None:
    told = list[str]()

    async def awaited(token: str) -> None:
        await asyncio.sleep(0)
        told.append(token)

    desk = Desk(accepts=lambda token: token != "at-1")

    def answer(seen: Seen) -> bytes:
        desk.more["refresh_token"] = f"rt-{desk.issued + 1}"
        return desk(seen)

    credential = refreshing(on_rotation=awaited if mode.is_async else told.append)
    identity = credential.identity()
    with Wire(answer=answer) as wire:
        mode.run(wire.url, tree, credential=credential)
    asked = [dict(parse_qsl(seen.body.decode()))["refresh_token"] for seen in wire.seen if seen.body]
    assert asked == ["rt-0 +", "rt-1"]
    assert told == ["rt-1", "rt-2"]
    assert credential.identity() == identity
    assert "rt-" not in repr(vars(credential))


def test_a_refresh_token_that_stays_is_not_told(mode: Mode) -> None:
    told = list[str]()
    with Wire(answer=Desk(refresh_token="rt-0 +")) as wire:
        mode.run(wire.url, tree, credential=refreshing(on_rotation=told.append))
    assert told == []


def test_a_secret_of_a_file_is_read_for_each_request(mode: Mode, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("first\n")

    def accepts(token: str) -> bool:
        file.write_text("second\n")
        return token == "at-2"

    with Wire(answer=Desk(accepts=accepts)) as wire:
        mode.run(wire.url, tree, credential=OAuth2ClientCredentials("oauth/token", "me", file, authentication="body"))
    sent = [dict(parse_qsl(seen.body.decode()))["client_secret"] for seen in wire.seen if seen.body]
    assert sent == ["first", "second"]


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: OAuth2ClientCredentials("", "me", SECRET), DeclarationError, "token_url must be text"),
    (lambda: OAuth2ClientCredentials("t", "", SECRET), DeclarationError, "client_id must be text"),
    (lambda: OAuth2ClientCredentials("t", 5, SECRET), DeclarationError, "client_id must be text"),  # type: ignore[arg-type]
    (lambda: OAuth2ClientCredentials("t", "me", ""), CredentialsError, "the client secret is empty"),
    (lambda: OAuth2ClientCredentials("t", "me", None), TypeError, "without a secret"),  # type: ignore[arg-type]
    (lambda: OAuth2ClientCredentials("t", "me", 5), TypeError, "the client secret is text, a Path"),  # type: ignore[arg-type]
    (lambda: made(authentication="jwt"), DeclarationError, 'must be "basic" or "body"'),
    (lambda: made(scope=""), DeclarationError, "scope must be text"),
    (lambda: made(scope=[]), DeclarationError, "scope must be text"),
    (lambda: made(audience=[5]), DeclarationError, "audience must be text"),
    (lambda: made(resource="a\nb"), DeclarationError, "resource must be text"),
    (lambda: OAuth2RefreshToken("t", "", client_id="me"), CredentialsError, "the refresh token is empty"),
    (lambda: refreshing(on_rotation=5), TypeError, "on_rotation is a function"),
]


@pytest.mark.parametrize(("make", "kind", "said"), WRONG)
def test_a_grant_that_cannot_work_is_refused_when_it_is_made(make: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said) as raised:
        make()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["http://h/token", "ftp://h/token", "https://u:hunter2@h/token", "http://"])
def test_an_address_that_cannot_be_asked_is_told_when_the_client_is_made(mode: Mode, url: str) -> None:
    with pytest.raises(ValueError, match="token_url: ") as raised:
        mode.client("https://h", credential=OAuth2ClientCredentials(url, "me", SECRET))
    assert "hunter2" not in str(raised.value)


def test_what_has_to_be_awaited_is_for_the_async_client(mode: Mode) -> None:
    async def later(token: str = "") -> str:
        return token or "s"

    if mode.is_async:
        return
    for credential in (refreshing(on_rotation=later), OAuth2ClientCredentials("t", "me", later)):
        with pytest.raises(TypeError, match="has to be awaited, and this client blocks"):
            mode.client("http://h", credential=credential)


@pytest.mark.parametrize("row", ["basic", "body", "refresh", "refresh, body"])
def test_no_secret_of_a_grant_is_shown(mode: Mode, row: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    credential, told = ROWS[row][0], list[Any]()
    with Wire(
        answer=lambda seen: reply(seen.raw + SECRET.encode() + b" rt-0 +", 401, {"X-E": "a"}, "text/plain")
    ) as wire:
        error = mode.fails(wire.url, tree, credential=credential, on_request=told.append, on_response=told.append)
    shown = [str(error), repr(vars(error)), str(error.headers), repr(error.body), caplog.text, repr(told)]
    shown += [repr(credential), repr(vars(credential))]
    for secret in (SECRET, PAIR, "s%3Ae+c%2Fret", *(("rt-0 +", "rt-0+%2B") if "refresh" in row else ())):
        assert not [text for text in shown if secret in text], secret
