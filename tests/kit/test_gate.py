"""After a 429 a client holds its calls until the limit is over, then lets them in, and loses none of them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.infisical.limits import limit_group
from gemel.kit.errors import APITimeoutError, InternalServerError, RateLimitError
from gemel.kit.flow.drive import _waited
from gemel.kit.flow.effects import Signal, Sleep, Wait
from gemel.kit.http.messages import Headers, Request, Response, Retry
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.gate import Gate, Gates
from gemel.sandbox import serve
from gemel.testing import FrozenClock

from .shop import AsyncShopClient, Mode, ShopClient
from .test_auth import LoginCredential
from .wire import Seen, Wire, reply

GOOD = reply({"leaf": 1})
READS = 100


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def create(shop: Any) -> Any:
    return shop.albums.create("T")


def refused(seconds: float | str) -> bytes:
    return reply({}, 429, {"Retry-After": str(seconds)})


def test_a_hundred_reads_in_sixteen_threads_lose_none() -> None:
    with serve() as sandbox:
        sandbox.set_rate_limit(20, 2.0)
        with InfisicalClient(endpoint=sandbox.url, token=sandbox.token) as client, ThreadPoolExecutor(16) as pool:
            assert list(pool.map(lambda _: client.projects.list(), range(READS))) == [[]] * READS


def test_a_hundred_reads_in_as_many_tasks_lose_none() -> None:
    async def work(url: str, token: str) -> list[Any]:
        async with InfisicalAsyncClient(endpoint=url, token=token) as client:
            return await asyncio.gather(*(client.projects.list() for _ in range(READS)))

    with serve() as sandbox:
        sandbox.set_rate_limit(20, 2.0)
        assert asyncio.run(work(sandbox.url, sandbox.token)) == [[]] * READS


def test_several_clients_of_one_limit_lose_none() -> None:
    async def work(url: str, token: str) -> list[Any]:
        clients = [InfisicalAsyncClient(endpoint=url, token=token) for _ in range(3)]
        try:
            return await asyncio.gather(*(client.projects.list() for _ in range(20) for client in clients))
        finally:
            await asyncio.gather(*(client.close() for client in clients))

    with serve() as sandbox:
        sandbox.set_rate_limit(20, 1.0)
        assert asyncio.run(work(sandbox.url, sandbox.token)) == [[]] * 60


def caught(step: Callable[[Any], Any], kind: type[Exception], mode: Mode) -> Any:
    """A step that must fail; it gives the error."""

    async def awaited(shop: Any) -> Any:
        with pytest.raises(kind) as raised:
            await step(shop)
        return raised.value

    def blocking(shop: Any) -> Any:
        with pytest.raises(kind) as raised:
            step(shop)
        return raised.value

    return awaited if mode.is_async else blocking


def test_other_calls_wait_too(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(refused(30), refused(20), GOOD) as wire:
        first = caught(tree, RateLimitError, mode)
        assert mode.run(wire.url, first, tree, retries=1, clock=clock, timeout=60).leaf == 1
    assert clock.slept == [30.0, 20.0]


def test_a_call_without_time_for_its_turn_fails_at_once_and_is_not_sent(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(refused(30), GOOD) as wire:
        first = caught(lambda shop: shop.albums.tree.options(timeout=20)(), RateLimitError, mode)
        error = mode.run(
            wire.url,
            first,
            caught(lambda shop: shop.albums.tree.options(timeout=20)(), APITimeoutError, mode),
            retries=1,
            clock=clock,
        )
    assert (error.sent, error.attempts, len(wire.seen), clock.slept) == (False, 0, 1, [])
    assert "not sent: the server refuses calls by its rate limit for 30 s more, and this one has 20 s in all" in str(
        error
    )


def test_who_wants_no_repeats_waits_for_no_limit(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(refused(30), refused(30), GOOD) as wire:
        steps = [caught(tree, RateLimitError, mode)] * 2
        assert mode.run(wire.url, *steps, tree, retries=0, clock=clock).leaf == 1
    assert clock.slept == []


def test_a_limit_is_believed_for_the_longest_retry_after(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(refused(3600), GOOD) as wire:
        steps = caught(tree, RateLimitError, mode), tree
        retry = Retry(limit=1, retry_after_cap=45)
        assert mode.run(wire.url, *steps, retries=retry, clock=clock, timeout=60).leaf == 1
    assert clock.slept == [45.0]


def test_a_limit_that_tells_no_time_is_waited_for_ever_longer(mode: Mode) -> None:
    """Each call is refused once more than it may be repeated; the next one waits longer, not as the first did."""
    clock = FrozenClock()
    with Wire(reply({}, 429)) as wire:
        steps = [caught(tree, RateLimitError, mode)] * 4
        mode.run(wire.url, *steps, retries=1, clock=clock, timeout=60, random=lambda: 0.5)
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_refusal_takes_nothing_from_the_budget(mode: Mode) -> None:
    clock = FrozenClock()
    outcomes = [step for _ in range(30) for step in (refused(0), GOOD)]
    with Wire(*outcomes) as wire:
        mode.run(wire.url, *[tree] * 30, retries=Retry(limit=1, budget=0), clock=clock)
    assert len(wire.seen) == 60


@pytest.mark.parametrize(("budget", "sent"), [(0, 10), (3, 13), (20.0, 20), (None, 20)])
def test_the_budget_can_be_set(mode: Mode, budget: float | None, sent: int) -> None:
    with Wire(reply({}, 503)) as wire:
        steps = [caught(tree, InternalServerError, mode)] * 10
        mode.run(wire.url, *steps, retries=Retry(limit=1, budget=budget), clock=FrozenClock())
    assert len(wire.seen) == sent


def test_one_call_may_leave_the_budget_alone(mode: Mode) -> None:
    free = {"retries": Retry(limit=1, budget=None)}
    with Wire(reply({}, 503)) as wire:
        steps = [caught(lambda shop: shop.albums.tree.options(**free)(), InternalServerError, mode)] * 5
        mode.run(wire.url, *steps, retries=Retry(budget=0), clock=FrozenClock())
    assert len(wire.seen) == 10


@pytest.mark.parametrize("budget", [-1, float("inf"), float("nan")])
def test_a_budget_that_cannot_be(budget: float) -> None:
    with pytest.raises(ValueError, match="the budget must be a number, 0 or more, or None for any"):
        Retry(budget=budget)


@pytest.mark.parametrize("status", [520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 409, 423, 425])
def test_statuses_can_be_added_to_what_is_repeated(mode: Mode, status: int) -> None:
    retry = Retry(limit=1, base=0.001, cap=0.001, statuses={520, 521, 522, 523, 524, 525, 526, 527, 529, 530, status})
    with Wire(reply({}, status), GOOD) as wire:
        assert mode.run(wire.url, tree, retries=retry).leaf == 1
    with Wire(reply({}, status), GOOD) as wire:
        mode.fails(wire.url, tree, retries=Retry(limit=1, base=0.001, cap=0.001))
        assert len(wire.seen) == 1
    with Wire(reply({}, status), GOOD) as wire:
        assert mode.fails(wire.url, create, retries=retry).status == status


@pytest.mark.parametrize("statuses", [{200}, {600}, {"503"}, 503, [None]])
def test_statuses_that_are_no_failures(statuses: Any) -> None:
    with pytest.raises(ValueError, match="statuses are whole numbers from 400 to 599"):
        Retry(statuses=statuses)


def _repeatable(self: Any, response: Response) -> bool:
    return response.status == 403 and "retry-after" in response.headers


def _limited_with(self: Any, request: Request) -> str:
    return "writes" if request.method == "POST" else "reads"


class OwnShop(ShopClient):
    """Its server asks to wait with 403, and limits reads and writes apart."""

    _repeatable = _repeatable
    _limited_with = _limited_with


class AsyncOwnShop(AsyncShopClient):
    """The same, awaited."""

    _repeatable = _repeatable
    _limited_with = _limited_with


def own(mode: Mode) -> Any:
    return AsyncOwnShop if mode.is_async else OwnShop


@pytest.mark.parametrize(("fields", "sent"), [({"Retry-After": "7"}, 2), ({}, 1)])
def test_an_sdk_can_say_what_may_be_repeated(mode: Mode, fields: dict[str, str], sent: int) -> None:
    clock = FrozenClock()
    with Wire(reply({}, 403, fields), reply({}, 403)) as wire:
        error = caught(tree, Exception, mode)
        assert mode.run(wire.url, error, client=own(mode), retries=2, clock=clock, timeout=60).status == 403
    assert len(wire.seen) == sent
    assert clock.slept == [7.0] * (sent - 1)


def test_what_a_server_limits_apart_does_not_wait(mode: Mode) -> None:
    clock = FrozenClock()

    def answer(request: Seen) -> bytes:
        return refused(30) if request.method == "POST" else GOOD

    with Wire(answer=answer) as wire:
        steps = caught(lambda shop: shop.albums.create.options(timeout=20)("T"), RateLimitError, mode), tree
        assert mode.run(wire.url, *steps, client=own(mode), retries=2, clock=clock, timeout=60).leaf == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("GET", "api/v4/secrets/A?secretPath=/api/v1/auth", "secrets"),
        ("POST", "api/v3/secrets/raw/A", "secrets"),
        ("DELETE", "api/v2/folders/x", "secrets"),
        ("GET", "api/v2/secret-imports", "secrets"),
        ("POST", "api/v1/auth/universal-auth/login", "auth"),
        ("GET", "api/v1/projects", "read"),
        ("HEAD", "api/status", "read"),
        ("PATCH", "api/v1/projects/p", "write"),
    ],
)
@pytest.mark.parametrize("base", ["https://h/", "https://h/behind/a/path/"])
def test_the_groups_of_an_infisical_server(method: str, path: str, group: str, base: str) -> None:
    assert limit_group(Request(method, base + path, Headers())) == group


def test_another_server_has_limits_of_its_own(mode: Mode) -> None:
    clock = FrozenClock()
    with Wire(refused(30)) as other, Wire(reply(b"", 302, {"Location": f"{other.url}/x"}), GOOD) as wire:
        steps = caught(lambda shop: shop.albums.tree.options(timeout=20)(), RateLimitError, mode), tree
        settings = {"retries": 1, "clock": clock, "timeout": 60, "follow_redirects": True}
        assert mode.run(wire.url, *steps, **settings).leaf == 1
    assert (clock.slept, len(other.seen)) == ([], 1)


def test_a_login_waits_as_other_calls_do(mode: Mode) -> None:
    clock = FrozenClock()
    issued = reply({"token": "t-1", "expires_in": 60})
    with Wire(refused(30), issued, GOOD) as wire:
        mode.run(wire.url, tree, credential=LoginCredential(), retries=1, clock=clock, timeout=60)
    assert clock.slept == [30.0]
    assert wire.targets == ["/login", "/login", "/api/tree"]


class Crowded:
    """The server: it refuses the first calls, then counts how many calls are inside at a time, and how many it took."""

    def __init__(self, first: int, seconds: float) -> None:
        self.first, self.seconds = first, seconds
        self.guard, self.three = threading.Lock(), threading.Event()
        self.refusals = self.inside = self.taken = 0
        self.rows: list[tuple[int, int]] = []
        self.order: list[str] = []

    def __call__(self, request: Seen) -> bytes:
        with self.guard:
            if self.refusals < self.first:
                self.refusals += 1
                return refused(self.seconds)
            self.inside += 1
            self.rows.append((self.inside, self.taken))
            self.order.append(request.target)
            if self.inside == 3:
                self.three.set()
        self.three.wait(0.2)
        threading.Event().wait(0.01)
        with self.guard:
            self.inside -= 1
            self.taken += 1
        return GOOD


def test_they_are_let_in_ever_more_at_a_time() -> None:
    desk = Crowded(first=40, seconds=0.3)

    async def work(url: str) -> None:
        async with AsyncShopClient(url, credential=Bearer("t")) as shop:
            await asyncio.gather(*(shop.albums.tree() for _ in range(40)))

    with Wire(answer=desk) as wire:
        asyncio.run(work(wire.url))
    assert len(desk.rows) == 40
    assert all(inside <= 1 + taken / 2 + 1 for inside, taken in desk.rows)
    assert max(inside for inside, _ in desk.rows) >= 3


class HeldClock(FrozenClock):
    """A clock whose pauses last until the test lets them end."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def sleep(self, seconds: float) -> None:
        assert self.go.wait(60)
        super().sleep(seconds)


def in_line(count: int) -> None:
    """Wait until so many threads wait before a gate; nothing else tells that they do."""
    end = time.monotonic() + 20
    while sum(map(_waits, sys._current_frames().values())) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def _waits(frame: Any) -> bool:
    waiting = _waited.__code__, HeldClock.sleep.__code__
    return any(outer.f_code in waiting for outer, _ in traceback.walk_stack(frame))


def in_order(targets: list[str]) -> bool:
    """Whether they came as they were numbered; those that were inside together may have overtaken each other."""
    return all(abs(place - int(target[1:])) <= 8 for place, target in enumerate(targets))


def test_tasks_are_let_in_as_they_came() -> None:
    desk = Crowded(first=1, seconds=1)

    async def work(url: str) -> None:
        closed = asyncio.Event()
        async with AsyncShopClient(url, on_retry=lambda event: closed.set()) as shop:
            first = asyncio.ensure_future(shop.request("GET", "0"))
            await closed.wait()
            await asyncio.gather(first, *(shop.request("GET", str(number)) for number in range(1, 60)))

    with Wire(answer=desk) as wire:
        asyncio.run(work(wire.url))
    assert len(desk.order) == 60
    assert desk.order[:2] == ["/0", "/1"]
    assert in_order(desk.order)


def test_threads_are_let_in_as_they_came() -> None:
    desk, clock = Crowded(first=1, seconds=30), HeldClock()
    with Wire(answer=desk) as wire, ShopClient(wire.url, clock=clock) as shop, ThreadPoolExecutor(30) as pool:
        running = []
        for number in range(30):
            running.append(pool.submit(shop.request, "GET", str(number)))
            in_line(number + 1)
        clock.go.set()
        assert all(each.result().status == 200 for each in running)
    assert desk.order[:2] == ["/0", "/1"]
    assert in_order(desk.order)


def test_who_gives_up_in_line_holds_nobody_up() -> None:
    desk = Crowded(first=1, seconds=1)

    async def work(url: str) -> list[Any]:
        closed = asyncio.Event()
        async with AsyncShopClient(url, on_retry=lambda event: closed.set()) as shop:
            tasks = [asyncio.ensure_future(shop.albums.tree())]
            await closed.wait()
            tasks += [asyncio.ensure_future(shop.albums.tree()) for _ in range(6)]
            await asyncio.sleep(0)
            for number in (0, 2, 3):
                tasks[number].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    with Wire(answer=desk) as wire:
        outcomes = asyncio.run(work(wire.url))
    assert [isinstance(each, asyncio.CancelledError) for each in outcomes] == [True, False, True, True, *[False] * 3]
    assert len(desk.rows) == 4


def test_a_client_of_two_loops_at_once_is_held_and_let_in_as_one() -> None:
    desk = Crowded(first=8, seconds=0.3)

    async def work(shop: Any) -> list[Any]:
        return await asyncio.gather(*(shop.albums.tree() for _ in range(10)))

    with Wire(answer=desk) as wire:
        shop = AsyncShopClient(wire.url)
        with ThreadPoolExecutor(2) as pool:
            outcomes = [each.result(30) for each in [pool.submit(asyncio.run, work(shop)) for _ in range(2)]]
        asyncio.run(shop.close())
    assert [tree.leaf for each in outcomes for tree in each] == [1] * 20


def test_a_gate_step_by_step() -> None:
    now = [0.0]
    gate = Gate(lambda: now[0])
    gate.close(10)
    first, second, late = gate.entered(1, 60.0), gate.entered(1, 60.0), gate.entered(1, 9.0)
    assert next(first) == Sleep(10.0)
    waits = next(second)
    assert isinstance(waits, Wait) and waits.seconds == 60.0
    with pytest.raises(StopIteration) as hopeless:
        next(late)
    assert hopeless.value.value is False
    again = gate.entered(2, 60.0)
    assert next(again) == Sleep(10.0), "who was refused before goes first"
    now[0] = 10.0
    assert isinstance(first.send(None), Wait)
    with pytest.raises(StopIteration) as let_in:
        again.send(None)
    assert let_in.value.value is True
    assert isinstance(first.send(True), Wait), "one alone at first"
    gate.leave(taken=True)
    with pytest.raises(StopIteration):
        first.send(True)
    assert not gate.idle
    gate.leave(taken=True)
    with pytest.raises(StopIteration):
        second.send(True)
    gate.leave(taken=True)
    assert gate.idle


def test_a_signal_given_before_it_is_heard_is_not_lost() -> None:
    signal, heard = Signal(), threading.Event()
    signal.give()
    signal.heard(heard.set)
    assert heard.is_set()


def test_a_forked_process_does_not_wait_for_threads_that_it_does_not_have() -> None:
    request = Request("GET", "http://h/", Headers())
    gates = Gates(lambda request: "", lambda: 0.0)
    gates.refused(request).close(10)
    assert gates.before(request) is not None
    gates.forked()
    assert gates.before(request) is None
