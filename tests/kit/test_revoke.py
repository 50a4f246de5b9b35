"""A token that a client has fetched is given back when it is closed, if asked for; closing never hangs on it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import pytest

from gemel.kit.declare import post
from gemel.kit.errors import AuthenticationError
from gemel.kit.flow.effects import Flow
from gemel.kit.models.model import Model
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Fetch, Revoke, Token
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Seen, Wire, drip, reply, silence


class Issued(Model):
    token: str
    expires_in: float = 3600.0


class Tokens(Resource[M]):
    """The endpoints that issue tokens and take them back."""

    @post("login", auth=None)
    def login(self) -> Issued:
        """Fetch a token."""
        ...

    @post("revoke", auth=None)
    def revoke(self, token: str) -> None:
        """Give a token back."""
        ...


class Loan:
    """A credential whose tokens can be given back."""

    renewable = True

    def bound(self, caller: Caller) -> Fetch:
        login = Tokens[Any](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            issued: Any = yield from login.flow(deadline)
            return Token(issued.token, issued.expires_in)

        return fetch

    def revoking(self, caller: Caller) -> Revoke:
        revoke = Tokens[Any](caller).revoke
        return lambda token, deadline: revoke.flow(deadline, token.value)


class Broken(Loan):
    """One whose way back is broken."""

    def revoking(self, caller: Caller) -> Revoke:
        def revoke(token: Token, deadline: float) -> Flow[None]:
            yield from ()
            raise RuntimeError(f"a mistake with {token.value}")

        return revoke


class Office:
    """The server: it issues numbered tokens, and takes back the way it is told to."""

    def __init__(self, taking: Any = None, lifetime: float = 3600.0) -> None:
        self.taking = taking or reply(status=204)
        self.lifetime = lifetime
        self.issued = 0

    def __call__(self, request: Seen) -> Any:
        if request.target == "/login":
            self.issued += 1
            return reply({"token": f"token-{self.issued}", "expires_in": self.lifetime})
        return self.taking if request.target == "/revoke" else reply({"leaf": 1})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


ASKED: dict[str, Any] = {"credential": Loan(), "revoke_on_close": True}


def test_closing_gives_the_token_back(mode: Mode) -> None:
    with Wire(answer=Office()) as wire:
        mode.run(wire.url, tree, tree, **ASKED)
    assert wire.targets == ["/login", "/api/tree", "/api/tree", "/revoke"]
    assert wire.last.json == {"token": "token-1"}
    assert "authorization" not in wire.last.headers


def test_it_is_not_given_back_unless_asked(mode: Mode) -> None:
    with Wire(answer=Office()) as wire:
        mode.run(wire.url, tree, credential=Loan())
    assert wire.targets == ["/login", "/api/tree"]


@pytest.mark.parametrize("credential", [Loan(), Bearer("given"), None])
def test_what_was_never_fetched_is_not_given_back(mode: Mode, credential: Any) -> None:
    with Wire(answer=Office()) as wire:
        mode.run(wire.url, lambda shop: shop.albums.anything("x"), credential=credential, revoke_on_close=True)
        if credential is not None and not isinstance(credential, Loan):
            mode.run(wire.url, tree, credential=credential, revoke_on_close=True)
    assert {"/login", "/revoke"}.isdisjoint(wire.targets)


def test_a_token_that_is_over_is_not_given_back(mode: Mode) -> None:
    with Wire(answer=Office(lifetime=0.0)) as wire:
        mode.run(wire.url, tree, **ASKED)
    assert wire.targets == ["/login", "/api/tree"]


def test_closing_twice_gives_back_once() -> None:
    with Wire(answer=Office()) as wire:
        shop = ShopClient(wire.url, **ASKED)
        shop.albums.tree()
        copied = shop.with_options(timeout=3)
        copied.albums.tree()
        copied.close()
        shop.close()
        shop.close()

        async def awaited() -> None:
            made = AsyncShopClient(wire.url, **ASKED)
            await made.albums.tree()
            await made.close()
            await made.aclose()

        asyncio.run(awaited())
    assert wire.targets.count("/revoke") == 2


FAILURES: dict[str, Any] = {
    "refused": reply({"message": "no"}, 403),
    "a failing server": reply({"message": "down"}, 500),
    "no reply": lambda connection, stopped: None,
}


@pytest.mark.parametrize("taking", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_logged_and_not_raised(mode: Mode, taking: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Wire(answer=Office(taking)) as wire, caplog.at_level(logging.WARNING, "gemel"):
        mode.run(wire.url, tree, **ASKED)
    [said] = [record.getMessage() for record in caplog.records]
    assert said.startswith("the token was not revoked: ") and "token-1" not in said


def test_a_mistake_of_the_credential_is_logged_without_its_text(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    with Wire(answer=Office()) as wire, caplog.at_level(logging.WARNING, "gemel"):
        mode.run(wire.url, tree, credential=Broken(), revoke_on_close=True)
    assert [record.getMessage() for record in caplog.records] == ["the token was not revoked: RuntimeError"]


def test_it_masks_no_other_error(mode: Mode) -> None:
    def fail(shop: Any) -> Any:
        raise KeyError("the user's own")

    with Wire(answer=Office(reply({}, 500))) as wire, pytest.raises(KeyError, match="the user's own"):
        mode.run(wire.url, tree, fail, **ASKED)
    assert wire.last.target == "/revoke"


@pytest.mark.parametrize("hanging", [silence, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", first=40)])
def test_it_never_hangs(mode: Mode, hanging: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Wire(answer=Office(hanging)) as wire:
        started = time.monotonic()
        mode.run(wire.url, tree, **ASKED, timeout=0.4)
        assert time.monotonic() - started < 3
    assert "the token was not revoked" in caplog.text


def test_its_time_is_short_however_long_calls_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemel.kit.policies.auth.REVOKING", 0.3)
    with Wire(answer=Office(silence)) as wire:
        started = time.monotonic()
        with ShopClient(wire.url, **ASKED, timeout=600) as shop:
            shop.albums.tree()
        assert time.monotonic() - started < 3


def test_closing_ends_the_connections_when_it_is_cancelled() -> None:
    async def steps(url: str) -> Any:
        shop = AsyncShopClient(url, **ASKED)
        await shop.albums.tree()
        closing = asyncio.create_task(shop.close())
        await asyncio.sleep(0.1)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

    with Wire(answer=Office(silence)) as wire:
        asyncio.run(steps(wire.url))


def test_a_token_that_is_being_fetched_is_waited_for() -> None:
    started = threading.Event()

    class Slow(Office):
        def __call__(self, request: Seen) -> Any:
            if request.target == "/login":
                started.set()
                time.sleep(0.3)
            return super().__call__(request)

    with Wire(answer=Slow()) as wire:
        shop = ShopClient(wire.url, **ASKED)

        def call() -> None:
            try:
                shop.albums.tree()
            except Exception:
                return

        caller = threading.Thread(target=call)
        caller.start()
        started.wait(5)
        shop.close()
        caller.join(5)
    assert wire.targets.count("/revoke") == 1


def test_a_child_leaves_the_token_of_its_parent(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    def forked(shop: Any) -> Any:
        monkeypatch.setattr("os.getpid", lambda: -1)
        return shop.albums.anything("x")

    with Wire(answer=Office()) as wire:
        mode.run(wire.url, tree, forked, **ASKED)
    assert "/revoke" not in wire.targets


def test_a_refused_login_leaves_nothing_to_give_back(mode: Mode) -> None:
    with Wire(reply({"message": "no"}, 401)) as wire:
        error = mode.fails(wire.url, tree, **ASKED)
    assert type(error) is AuthenticationError
    assert wire.targets == ["/login"]
