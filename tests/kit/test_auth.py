"""Tokens: fetched once for all who wait, ahead of expiry, once more when refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemel.kit.declare import post
from gemel.kit.errors import APITimeoutError, AuthenticationError, CredentialsError
from gemel.kit.flow.effects import Flow, Lock, Send
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.models.model import Model
from gemel.kit.policies.auth import Authorizing
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Credential, Fetch, Token
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Seen, Wire, reply


class Issued(Model):
    token: str
    expires_in: float


class Login(Resource[M]):
    """The endpoint that issues tokens."""

    @post("login", auth=None)
    def login(self, *, secret: str) -> Issued:
        """Exchange a secret for a token."""
        ...


class LoginCredential:
    """A credential that calls an endpoint of the client."""

    renewable = True

    def bound(self, caller: Caller) -> Fetch:
        login = Login[Any](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            issued: Any = yield from login.flow(deadline, secret="s-1")  # type: ignore[attr-defined]
            return Token(issued.token, issued.expires_in)

        return fetch


class Desk:
    """What the server does: it issues numbered tokens and accepts those it is told to."""

    def __init__(self, *, lifetime: float = 3600.0, accepts: Callable[[str], bool] = lambda token: True) -> None:
        self.lifetime = lifetime
        self.accepts = accepts
        self.issued = 0

    def __call__(self, request: Seen) -> bytes:
        if request.target == "/login":
            time.sleep(0.05)
            self.issued += 1
            return reply({"token": f"t-{self.issued}", "expires_in": self.lifetime})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return reply({"leaf": 1}) if self.accepts(token) else reply({"message": "expired"}, 401)


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def logins(wire: Wire) -> int:
    return wire.targets.count("/login")


def test_credentials_fit_the_protocol() -> None:
    for credential in (LoginCredential(), Bearer("a"), Bearer(lambda: "a")):
        assert isinstance(credential, Credential)


def test_one_login_for_many_calls(mode: Mode) -> None:
    with Wire(answer=Desk()) as wire:
        mode.run(wire.url, tree, tree, tree, credential=LoginCredential())
    assert wire.targets == ["/login", *["/api/tree"] * 3]
    assert "authorization" not in wire.seen[0].headers
    assert {request.headers["authorization"] for request in wire.seen[1:]} == {"Bearer t-1"}


def test_one_login_for_twenty_threads_at_once() -> None:
    with Wire(answer=Desk()) as wire, ShopClient(wire.url, credential=LoginCredential()) as shop:
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda _: shop.albums.tree(), range(20)))
    assert logins(wire) == 1
    assert len(wire.seen) == 21


def test_one_login_for_fifty_tasks_at_once() -> None:
    async def work(url: str) -> None:
        async with AsyncShopClient(url, credential=LoginCredential()) as shop:
            await asyncio.gather(*(shop.albums.tree() for _ in range(50)))

    with Wire(answer=Desk()) as wire:
        asyncio.run(work(wire.url))
    assert logins(wire) == 1
    assert len(wire.seen) == 51


def test_a_refused_token_is_replaced_once_for_all() -> None:
    async def work(url: str) -> None:
        async with AsyncShopClient(url, credential=LoginCredential()) as shop:
            await asyncio.gather(*(shop.albums.tree() for _ in range(20)))

    with Wire(answer=Desk(accepts=lambda token: token != "t-1")) as wire:
        asyncio.run(work(wire.url))
    assert logins(wire) == 2


def test_a_refused_token_is_replaced_once(mode: Mode) -> None:
    with Wire(answer=Desk(accepts=lambda token: token == "t-2")) as wire:
        assert mode.run(wire.url, tree, tree, credential=LoginCredential()).leaf == 1
    assert wire.targets == ["/login", "/api/tree", "/login", "/api/tree", "/api/tree"]


def test_a_token_that_stays_refused_is_an_error(mode: Mode) -> None:
    with Wire(answer=Desk(accepts=lambda token: False)) as wire:
        error = mode.fails(wire.url, tree, credential=LoginCredential())
    assert type(error) is AuthenticationError
    assert wire.targets == ["/login", "/api/tree", "/login", "/api/tree"]


def test_a_given_token_is_not_asked_for_again(mode: Mode) -> None:
    with Wire(reply({}, 401)) as wire:
        assert type(mode.fails(wire.url, tree, credential=Bearer("a"))) is AuthenticationError
    assert len(wire.seen) == 1


def test_a_function_is_asked_again_when_its_token_is_refused(mode: Mode) -> None:
    tokens = iter(["old", "new", "newer"])
    with Wire(answer=Desk(accepts=lambda token: token == "new")) as wire:
        mode.run(wire.url, tree, tree, credential=Bearer(lambda: next(tokens)))
    assert [request.headers["authorization"] for request in wire.seen] == ["Bearer old", "Bearer new", "Bearer new"]


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503, 429])
def test_a_failed_login_is_not_repeated_by_those_who_waited(status: int) -> None:
    async def work(url: str) -> list[Any]:
        async with AsyncShopClient(url, credential=LoginCredential(), retries=0) as shop:
            return await asyncio.gather(*(shop.albums.tree() for _ in range(20)), return_exceptions=True)

    with Wire(reply({"message": "wrong secret"}, status)) as wire:
        errors = asyncio.run(work(wire.url))
    assert {error.status for error in errors} == {status}
    assert len({id(error) for error in errors}) == 20
    assert wire.targets == ["/login"]


def test_a_slow_login_ends_with_the_deadline(mode: Mode) -> None:
    class Slow(Desk):
        def __call__(self, request: Seen) -> bytes:
            time.sleep(1.0)
            return super().__call__(request)

    with Wire(answer=Slow()) as wire:
        start = time.monotonic()
        error = mode.fails(wire.url, tree, credential=LoginCredential(), timeout=0.3)
        took = time.monotonic() - start
    assert type(error) is APITimeoutError
    assert "Login" in str(error)
    assert took < 0.9


def test_who_waits_for_a_login_waits_no_longer_than_his_deadline() -> None:
    class Slow(Desk):
        def __call__(self, request: Seen) -> bytes:
            time.sleep(0.8 if request.target == "/login" else 0)
            return super().__call__(request)

    async def work(url: str) -> Any:
        async with AsyncShopClient(url, credential=LoginCredential(), timeout=5) as shop:
            first = asyncio.create_task(shop.albums.tree())
            await asyncio.sleep(0.1)
            with pytest.raises(APITimeoutError, match="no token in time; another call is fetching it"):
                await shop.albums.tree.options(timeout=0.2)()
            return await first

    with Wire(answer=Slow()) as wire:
        assert asyncio.run(work(wire.url)).leaf == 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Unlocked:
    def release(self) -> None: ...


def perform(flow: Flow[Response], answers: list[int], sent: list[Request]) -> Response:
    """Perform a flow: locks are free, each Send gets the next status."""
    outcome: Any = None
    try:
        while True:
            effect = flow.send(outcome)
            if isinstance(effect, Send):
                sent.append(effect.request)
                outcome = Response(answers.pop(0), Headers(), b"", effect.request.url)
            else:
                assert isinstance(effect, Lock)
                outcome = Unlocked()
    except StopIteration as end:
        return end.value


def once(request: Request) -> Flow[Response]:
    response: Response = yield Send(request)
    return response


def test_a_token_is_renewed_after_four_fifths_of_its_lifetime() -> None:
    clock, numbers = Clock(), iter(range(9))

    class Numbered:
        renewable = True

        def bound(self, caller: Any) -> Fetch:
            def fetch(deadline: float) -> Flow[Token]:
                yield from ()
                return Token(f"t-{next(numbers)}", lifetime=100.0)

            return fetch

    policy = Authorizing(Numbered(), "http://h/", refused=lambda response: response.status == 401, clock=clock)
    policy.connect(None)  # type: ignore[arg-type]
    sent: list[Request] = []
    for clock.now in (0.0, 79.9, 80.1, 160.0, 160.2):
        perform(policy.around(Request("GET", "http://h/x", Headers()), once), [200], sent)
    assert [request.headers["authorization"][-3:] for request in sent] == ["t-0", "t-0", "t-1", "t-1", "t-2"]


@pytest.mark.parametrize(
    "url", ["https://h/x", "http://h:81/x", "http://other/x", "http://h.evil/x", "http://h@evil/x"]
)
def test_another_origin_gets_no_token(url: str) -> None:
    policy = Authorizing(Bearer("tok"), "http://h/", refused=lambda response: False)
    policy.connect(None)  # type: ignore[arg-type]
    sent: list[Request] = []
    perform(policy.around(Request("GET", url, Headers()), once), [200], sent)
    assert "authorization" not in sent[0].headers


@pytest.mark.parametrize("value", ["", "a b", "a\n", "\u00e9", None, 5])
def test_a_token_is_visible_ascii(value: Any) -> None:
    with pytest.raises(CredentialsError, match="the token cannot be sent"):
        Token(value)
