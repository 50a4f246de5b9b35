"""Logins: one attempt's outcome serves all who waited for it, and refused credentials rest for a while."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest
import requests

from gemel.kit.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    CredentialsError,
    GemelError,
    ResponseValidationError,
)
from gemel.kit.flow.effects import Flow
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import ApiKey, Basic, Bearer
from gemel.kit.policies.tokens import Fetch, Token
from gemel.testing import FrozenClock

from .shop import AsyncShopClient, Mode, ShopClient
from .test_auth import Login, LoginCredential, logins, tree
from .wire import Seen, Wire, cut, reply

ISSUED = reply({"token": "t-1", "expires_in": 3600})


class Desk:
    """The server: each login waits for `open`, and gets the next of the replies; a call gets a leaf."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.open = threading.Event()
        self.asked = threading.Event()

    def __call__(self, request: Seen) -> Any:
        if request.target != "/login":
            return reply({"leaf": 1})
        self.asked.set()
        assert self.open.wait(20)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def until_waiting(count: int) -> None:
    """Wait until so many threads are in the transport's `lock`, at its gate; nothing else tells that they are."""
    end = time.monotonic() + 20
    while sum(frame.f_code.co_name == "taken" for frame in sys._current_frames().values()) < count:
        assert time.monotonic() < end
        time.sleep(0.005)


FAILURES = [
    ("cut", cut(), APIConnectionError),
    ("half a head", cut(b"HTTP/1.1 200 OK\r\nX"), APIConnectionError),
    ("not JSON", reply(b"<html>"), ResponseValidationError),
    ("without token", reply({"expires_in": 1}), ResponseValidationError),
    ("a token with a space", reply({"token": "a b", "expires_in": 1}), CredentialsError),
    ("down", reply({}, 503), APIStatusError),
    ("refused", reply({}, 401), AuthenticationError),
]


@pytest.mark.parametrize(("step", "kind"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_however_a_login_fails_all_tasks_that_waited_share_it(step: Any, kind: type[GemelError]) -> None:
    desk = Desk(step)

    async def work(url: str) -> list[Any]:
        async with AsyncShopClient(url, credential=LoginCredential(), retries=0) as shop:
            waiting = [asyncio.ensure_future(shop.albums.tree()) for _ in range(2000)]
            await asyncio.sleep(0)
            await asyncio.to_thread(desk.asked.wait, 20)
            desk.open.set()
            return await asyncio.gather(*waiting, return_exceptions=True)

    with Wire(answer=desk) as wire:
        errors = asyncio.run(work(wire.url))
    assert all(isinstance(error, kind) for error in errors)
    assert len({id(error) for error in errors}) == 2000
    assert wire.targets == ["/login"]


@pytest.mark.parametrize(("step", "kind"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_however_a_login_fails_all_threads_that_waited_share_it(step: Any, kind: type[GemelError]) -> None:
    desk, ready = Desk(step), threading.Barrier(201)

    def one(shop: Any) -> Any:
        ready.wait(20)
        with pytest.raises(kind) as raised:
            shop.albums.tree()
        return raised.value

    with Wire(answer=desk) as wire, ShopClient(wire.url, credential=LoginCredential(), retries=0) as shop:
        with ThreadPoolExecutor(200) as pool:
            running = [pool.submit(one, shop) for _ in range(200)]
            ready.wait(20)
            assert desk.asked.wait(20)
            until_waiting(199)
            desk.open.set()
            assert len({id(each.result()) for each in running}) == 200
    assert wire.targets == ["/login"]


def test_a_failed_login_that_was_not_refused_is_tried_again_by_the_next_call(mode: Mode) -> None:
    for failure in (cut(), reply({}, 503), reply({}, 408), reply({}, 429), reply(b"<html>")):
        with Wire(failure, ISSUED, reply({"leaf": 1})) as wire:
            assert mode.run(wire.url, failing(mode), tree, credential=LoginCredential()).leaf == 1
        assert wire.targets == ["/login", "/login", "/api/tree"]


def failing(mode: Mode) -> Any:
    """A step that must fail; it gives the error."""

    async def awaited(shop: Any) -> Any:
        with pytest.raises(GemelError) as raised:
            await shop.albums.tree()
        return raised.value

    def blocking(shop: Any) -> Any:
        with pytest.raises(GemelError) as raised:
            shop.albums.tree()
        return raised.value

    return awaited if mode.is_async else blocking


def test_a_login_that_is_cancelled_is_led_by_the_next_one() -> None:
    desk = Desk(ISSUED)

    async def work(url: str) -> list[Any]:
        async with AsyncShopClient(url, credential=LoginCredential(), retries=0) as shop:
            leader, *others = [asyncio.ensure_future(shop.albums.tree()) for _ in range(5)]
            await asyncio.to_thread(desk.asked.wait, 20)
            leader.cancel()
            desk.open.set()
            return await asyncio.gather(leader, *others, return_exceptions=True)

    with Wire(answer=desk) as wire:
        first, *others = asyncio.run(work(wire.url))
    assert isinstance(first, asyncio.CancelledError)
    assert [each.leaf for each in others] == [1] * 4
    assert logins(wire) == 2


def test_a_leader_with_little_time_does_not_end_the_others() -> None:
    desk = Desk(ISSUED)

    async def work(url: str) -> list[Any]:
        async with AsyncShopClient(url, credential=LoginCredential(), retries=0, timeout=10) as shop:
            hasty = asyncio.ensure_future(shop.albums.tree.options(timeout=0.2)())
            await asyncio.to_thread(desk.asked.wait, 20)
            others = [asyncio.ensure_future(shop.albums.tree()) for _ in range(5)]
            first = (await asyncio.gather(hasty, return_exceptions=True))[0]
            desk.open.set()
            return [first, *await asyncio.gather(*others)]

    with Wire(answer=desk) as wire:
        first, *others = asyncio.run(work(wire.url))
    assert type(first) is APITimeoutError
    assert [each.leaf for each in others] == [1] * 5
    assert logins(wire) == 2


def test_a_token_that_is_over_at_once_serves_all_who_waited() -> None:
    desk = Desk(reply({"token": "t-1", "expires_in": 0.0001}))

    async def work(url: str) -> None:
        async with AsyncShopClient(url, credential=LoginCredential(), retries=0) as shop:
            waiting = [asyncio.ensure_future(shop.albums.tree()) for _ in range(20)]
            await asyncio.to_thread(desk.asked.wait, 20)
            desk.open.set()
            await asyncio.gather(*waiting)

    with Wire(answer=desk) as wire:
        asyncio.run(work(wire.url))
    assert logins(wire) == 1


def test_what_a_function_raises_is_named_to_those_who_waited_and_raised_to_its_caller() -> None:
    asked, go = threading.Event(), threading.Event()

    def provide() -> str:
        asked.set()
        assert go.wait(20)
        raise OSError("the vault at /secret/place is shut")

    with Wire(reply({})) as wire, ShopClient(wire.url, credential=Bearer(provide)) as shop:
        with ThreadPoolExecutor(5) as pool:
            running = [pool.submit(shop.albums.tree) for _ in range(5)]
            assert asked.wait(20)
            until_waiting(4)
            go.set()
            errors = [each.exception() for each in running]
    assert sorted(type(error).__name__ for error in errors) == ["CredentialsError"] * 4 + ["OSError"]
    said = {str(error) for error in errors if isinstance(error, CredentialsError)}
    assert said == {"another call has tried to get a token, and failed with OSError"}
    assert not wire.seen


class Raised(Exception):
    """What a signal handler or a hook raises."""


def test_what_a_signal_handler_raises_ends_the_call_that_it_met_and_no_other() -> None:
    desk, main = Desk(ISSUED), threading.get_ident()

    def handler(*_: object) -> None:
        raise Raised

    def follow(shop: ShopClient) -> Any:
        assert desk.asked.wait(20)
        return shop.albums.tree()

    def interrupt() -> None:
        assert desk.asked.wait(20)
        until_waiting(4)
        signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with Wire(answer=desk) as wire, ShopClient(wire.url, credential=LoginCredential(), retries=0) as shop:
            with ThreadPoolExecutor(5) as pool:
                running = [pool.submit(follow, shop) for _ in range(4)]
                pool.submit(interrupt)
                with pytest.raises(Raised):
                    shop.albums.tree()
                desk.open.set()
                assert [each.result().leaf for each in running] == [1] * 4
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert logins(wire) == 2


def test_what_a_hook_raises_ends_the_call_that_it_met_and_no_other() -> None:
    desk, left = Desk(ISSUED), [Raised()]

    def hook(reply: requests.Response, **_: Any) -> None:
        if left:
            raise left.pop()

    with requests.Session() as session, Wire(answer=desk) as wire:
        session.hooks["response"] = [hook]
        with ShopClient(wire.url, credential=LoginCredential(), session=session, retries=0) as shop:
            with ThreadPoolExecutor(5) as pool:
                running = [pool.submit(shop.albums.tree) for _ in range(5)]
                assert desk.asked.wait(20)
                until_waiting(4)
                desk.open.set()
                errors = [each.exception() for each in running]
    assert sorted(type(error).__name__ for error in errors) == ["NoneType"] * 4 + ["Raised"]
    assert logins(wire) == 2


def test_what_a_trace_raises_ends_the_call_that_it_met_and_no_other() -> None:
    desk, left = Desk(ISSUED), [Raised()]

    async def hook(*_: object) -> None:
        if left:
            raise left.pop()

    async def work(url: str) -> list[Any]:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(hook)
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            async with AsyncShopClient(url, credential=LoginCredential(), session=session, retries=0) as shop:
                waiting = [asyncio.ensure_future(shop.albums.tree()) for _ in range(5)]
                await asyncio.to_thread(desk.asked.wait, 20)
                desk.open.set()
                return await asyncio.gather(*waiting, return_exceptions=True)

    with Wire(answer=desk) as wire:
        first, *others = asyncio.run(work(wire.url))
    assert isinstance(first, Raised)
    assert [each.leaf for each in others] == [1] * 4
    assert logins(wire) == 2


class Careless(LoginCredential):
    """A credential that makes a mistake of its own once it has logged in."""

    def bound(self, caller: Caller) -> Fetch:
        log_in = super().bound(caller)

        def fetch(deadline: float) -> Flow[Token]:
            token = yield from log_in(deadline)
            return Token({"other": token.value}["token"])

        return fetch


def test_what_a_credential_raises_of_its_own_is_shared_by_all_tasks_that_waited() -> None:
    desk = Desk(ISSUED)

    async def work(url: str) -> list[Any]:
        async with AsyncShopClient(url, credential=Careless(), retries=0) as shop:
            waiting = [asyncio.ensure_future(shop.albums.tree()) for _ in range(5)]
            await asyncio.to_thread(desk.asked.wait, 20)
            desk.open.set()
            return await asyncio.gather(*waiting, return_exceptions=True)

    with Wire(answer=desk) as wire:
        errors = asyncio.run(work(wire.url))
    assert [type(error).__name__ for error in errors] == ["KeyError"] + ["CredentialsError"] * 4
    assert wire.targets == ["/login"]


class Lockout:
    """A login that counts failures by a clock: the third within 30 s of the one before locks it for 300 s."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.failures = 0
        self.last = -1e9
        self.locked_until = -1e9
        self.tries: list[float] = []
        self.locks = 0

    def __call__(self, request: Seen) -> bytes:
        if request.target != "/login":
            return reply({"leaf": 1})
        now = self.clock()
        right = request.json["secret"] == "new"
        if not right:
            self.tries.append(now)
        if now < self.locked_until:
            return reply({"message": "locked"}, 401)
        if right:
            self.failures = 0
            return ISSUED
        self.failures = self.failures + 1 if now - self.last < 30 else 1
        self.last = now
        if self.failures >= 3:
            self.locked_until, self.locks = now + 300, self.locks + 1
        return reply({"message": "wrong secret"}, 401)


class Keyed:
    """A credential whose secret may change; it tells who it is."""

    renewable = True

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def identity(self) -> bytes:
        return self.secret.encode()

    def bound(self, caller: Caller) -> Fetch:
        login = Login[Any](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            issued: Any = yield from login.flow(deadline, secret=self.secret)  # type: ignore[attr-defined]
            return Token(issued.token, issued.expires_in)

        return fetch


def attempts(mode: Mode, clock: FrozenClock, seconds: int) -> list[Any]:
    """Steps that fail, one each second."""
    once = failing(mode)

    def blocking(shop: Any) -> Any:
        error = once(shop)
        clock.advance(1)
        return error

    async def awaited(shop: Any) -> Any:
        error = await once(shop)
        clock.advance(1)
        return error

    return [awaited if mode.is_async else blocking] * seconds


def test_a_rotated_secret_never_locks_the_identity(mode: Mode) -> None:
    clock = FrozenClock()
    desk = Lockout(clock)
    with Wire(answer=desk) as wire:
        with ShopClient(wire.url, credential=Keyed("new"), clock=clock) as healthy:
            mode.run(wire.url, *attempts(mode, clock, 300), credential=Keyed("old"), clock=clock)
            assert healthy.albums.tree().leaf == 1
    start = desk.tries[0]
    assert [round(each - start) for each in desk.tries] == [0, 40, 120, 280]
    assert desk.locks == 0


def test_the_pause_has_a_cap(mode: Mode) -> None:
    clock = FrozenClock()
    desk = Lockout(clock)
    with Wire(answer=desk) as wire:
        mode.run(wire.url, *attempts(mode, clock, 1500), credential=Keyed("old"), clock=clock)
    apart = [round(later - earlier) for earlier, later in zip(desk.tries, desk.tries[1:], strict=False)]
    assert apart == [40, 80, 160, 300, 300, 300, 300]


def test_the_error_says_when_it_was_refused_and_when_it_is_tried_again(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(answer=Lockout(clock)) as wire:
        steps = attempts(mode, clock, 12)
        error = mode.run(wire.url, *steps, failing(mode), credential=Keyed("old"), clock=clock)
    assert type(error) is AuthenticationError
    assert error.message == "wrong secret"
    assert str(error).endswith("; the login was refused 12 s ago; next try in 28 s")
    assert logins(wire) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_login_is_not_tried_again_at_once(mode: Mode, status: int) -> None:
    with Wire(reply({}, status), ISSUED, reply({"leaf": 1})) as wire:
        error = mode.run(wire.url, failing(mode), failing(mode), credential=LoginCredential())
    assert error.status == status
    assert wire.targets == ["/login"]


def test_other_credentials_are_tried_at_once(mode: Mode) -> None:
    clock, credential = FrozenClock(), Keyed("old")
    desk = Lockout(clock)

    def corrected(shop: Any) -> Any:
        credential.secret = "new"
        return shop.albums.tree()

    with Wire(answer=desk) as wire:
        assert mode.run(wire.url, failing(mode), corrected, credential=credential, clock=clock).leaf == 1
    assert logins(wire) == 2


def test_a_login_that_succeeds_forgets_the_refusals(mode: Mode) -> None:
    clock, secrets = FrozenClock(), iter(["old", "new", "old", "old"])
    short = reply({"token": "t-1", "expires_in": 10})

    class Changing(Keyed):
        def identity(self) -> bytes:
            return b"one identity"

        @property  # type: ignore[override]
        def secret(self) -> str:
            return next(secrets)

        @secret.setter
        def secret(self, value: str) -> None: ...

    def later(seconds: float) -> Any:
        def step(shop: Any) -> Any:
            clock.advance(seconds)
            return failing(mode)(shop)

        return step

    def well(shop: Any) -> Any:
        clock.advance(40)
        return shop.albums.tree()

    desk = Lockout(clock)
    answer = lambda request: short if request.target == "/login" and request.json["secret"] == "new" else desk(request)  # noqa: E731
    with Wire(answer=answer) as wire:
        mode.run(wire.url, failing(mode), well, later(20), later(40), credential=Changing("x"), clock=clock)
    assert logins(wire) == 4


def test_a_token_that_was_refused_does_not_make_logins_either(mode: Mode) -> None:
    """The token is refused, and so is the login that should replace it: the next call asks with the token alone."""
    clock = FrozenClock()
    answers = {"/login": [ISSUED, reply({}, 401)], "/api/tree": [reply({}, 401)]}

    def answer(request: Seen) -> bytes:
        steps = answers[request.target]
        return steps.pop(0) if len(steps) > 1 else steps[0]

    with Wire(answer=answer) as wire:
        error = mode.run(wire.url, *[failing(mode)] * 3, credential=LoginCredential(), clock=clock)
    assert "next try in" in str(error)
    assert logins(wire) == 2


WRONG: list[tuple[Any, str]] = [
    (("user", "pass", "more"), "a tuple is two texts, as Basic takes them"),
    (("user", 5), "a tuple is two texts, as Basic takes them"),
    (lambda: "a-token", r"got function; write Bearer\(function\)"),
    (Bearer, r"give an instance, Bearer\(...\)"),
    (b"a-token", "got bytes; it takes Bearer, Basic, ApiKey, or an object with"),
    (5, "got int"),
    ({"app": 5}, "got int"),
    ({"app": ["a-token"]}, "got list"),
]


@pytest.mark.parametrize(("credential", "said"), WRONG)
def test_what_is_no_credential_is_refused_when_the_client_is_made(mode: Mode, credential: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"credential(\['app'\])?: .*{said}") as raised:
        mode.client("http://127.0.0.1:1", credential=credential)
    assert "pass" not in str(raised.value) and "a-token" not in str(raised.value)


async def awaited_token() -> str:
    return "a-token"


class Giving:
    """A callable object that has to be awaited."""

    async def __call__(self) -> str:
        return "a-token"


NO_SOURCES: list[tuple[Any, str]] = [
    (b"a-token", "got bytes"),
    (None, "got NoneType"),
    (("user", "hunter2"), "got tuple"),
    (5, "got int"),
    (Giving, "got class Giving"),
]


@pytest.mark.parametrize("make", [Bearer, lambda given: ApiKey(given, header="X-Key"), lambda given: Basic("u", given)])
@pytest.mark.parametrize(("given", "said"), NO_SOURCES)
def test_a_value_is_text_a_path_or_a_function(make: Any, given: Any, said: str) -> None:
    with pytest.raises(TypeError, match=f"is text, a Path, or a function that returns it, {said}") as raised:
        make(given)
    assert "hunter2" not in str(raised.value) and "a-token" not in str(raised.value)


@pytest.mark.parametrize("given", [awaited_token, Giving()])
def test_a_function_that_has_to_be_awaited_is_for_the_async_client(mode: Mode, given: Any) -> None:
    if not mode.is_async:
        with pytest.raises(TypeError, match="Bearer: its function has to be awaited, and this client blocks"):
            mode.client("http://127.0.0.1:1", credential=Bearer(given))
        return
    with Wire(reply({"leaf": 1})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.tree(), credential=Bearer(given))
    assert wire.last.headers["authorization"] == "Bearer a-token"
