"""Rows: what a server may do to a connection that is kept, and what many calls at once come to."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gemel.kit.errors import GemelError
from gemel.kit.http.messages import Retry

from ..shop import Do, Mode
from ..test_auth import LoginCredential
from ..wire import Seen as Asked
from ..wire import Wire, cut, reply
from .hostile import Later, dropped, half_shut, reset, shut, sized
from .leaks import PATIENCE, nothing_left, other_tasks, wait_in_loop
from .replies import LOST, WELL_CLOSED
from .rows import GOOD, Outcome, Play, Row, replied

TIRED = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
THREADS, TURNS = 32, 5
QUICK = Retry(limit=2, base=0.001, cap=0.001)


def later(act: Callable[[socket.socket], object], *, busy: bool = False) -> Play:
    """How something that is done to an idle connection is tried out.

    busy: whether the program computes meanwhile, so that its loop cannot notice.
    """
    step = Later(act, GOOD)

    async def idling(shop: Any) -> None:
        if busy:
            step.done.wait(PATIENCE)
        else:
            await wait_in_loop(step.done.is_set)
            await asyncio.sleep(0.005)

    def between(mode: Mode) -> Do:
        return idling if mode.is_async else lambda shop: step.done.wait(PATIENCE)

    return replied(step, between=between)


def sending(data: bytes) -> Callable[[socket.socket], object]:
    """Send what nobody has asked for."""
    return lambda connection: connection.sendall(data)


KEPT_OPEN = [
    Row("closes it while it is idle", later(shut), WELL_CLOSED),
    Row("closes it while the program computes", later(shut, busy=True), WELL_CLOSED),
    Row("resets it while the program computes", later(dropped, busy=True), WELL_CLOSED),
    Row("half-closes it, and goes on listening", later(half_shut), WELL_CLOSED),
    Row("sends a 408 that nobody has asked for", later(sending(TIRED)), WELL_CLOSED),
    Row("sends a second reply", later(sending(reply({"evil": 1}))), WELL_CLOSED),
    Row("sends a second reply while the program computes", later(sending(reply({})), busy=True), WELL_CLOSED),
    Row("closes it as the next request comes", replied(cut(), kept=True), LOST),
    Row("resets it as the next request comes", replied(reset(), kept=True), LOST),
]


class Crowd:
    """Many calls at once of one client, and what each came to.

    calls: how many.   workers: how many threads make them, where they are threads.
    """

    def __init__(self, mode: Mode, wire: Wire, calls: int, workers: int, **settings: Any) -> None:
        self.mode, self.wire = mode, wire
        self.names = [f"n{number}" for number in range(calls)]
        self.workers = workers
        self.settings = {"timeout": 30.0, "retries": 0, **settings}

    def told(self, *, good: bool = True) -> list[Any]:
        """Make the calls; afterwards the client must hold no task, and work: its next call is `good`, or fails too."""
        told = asyncio.run(self._awaited(), debug=False) if self.mode.is_async else self._blocking()
        last = told.pop()
        assert last == "good" if good else type(last) is type(told[0])
        return told

    def _call(self, shop: Any) -> Callable[[str], Any]:
        """What is called by a name; an endpoint that needs a token takes none."""
        return (lambda name: shop.albums.retrieve(name)) if "credential" in self.settings else shop.albums.anything

    def _blocking(self) -> list[Any]:
        def call(name: str) -> Any:
            try:
                return self._call(shop)(name)
            except GemelError as error:
                return error

        with self.mode.client(self.wire.url, **self.settings) as shop:
            with ThreadPoolExecutor(self.workers) as pool:
                told = list(pool.map(call, self.names))
            return [*told, call("good")]

    async def _awaited(self) -> list[Any]:
        async with self.mode.client(self.wire.url, **self.settings) as shop:
            told = await asyncio.gather(*map(self._call(shop), self.names), return_exceptions=True)
            await wait_in_loop(lambda: not other_tasks())
            assert not other_tasks()
            return [*told, *await asyncio.gather(self._call(shop)("good"), return_exceptions=True)]


def echoed(request: Asked) -> bytes:
    """Answer with the last part of the path."""
    return reply(request.target.rpartition("/")[2])


def counted(told: Iterable[Any]) -> str:
    """Say how often each outcome came."""
    outcomes = Counter(type(one).__name__ if isinstance(one, BaseException) else "the value" for one in told)
    return ", ".join(f"{outcome} {count:,} times" for outcome, count in sorted(outcomes.items()))


def storm(calls: int, workers: int) -> Callable[[Mode], Outcome]:
    """Many calls to a server that is down, each of which may be sent three times."""

    def answer(request: Asked) -> bytes:
        return echoed(request) if "good" in request.target else reply({}, 503)

    def play(mode: Mode) -> Outcome:
        with nothing_left(), Wire(answer=answer) as wire:
            told = Crowd(mode, wire, calls, workers, retries=QUICK).told()
        sent = sum("good" not in target for target in wire.targets)
        return Outcome(counted(told), f"GET, {sent - calls} times in all", _pooled(mode, wire))

    return play


def limited(calls: int, workers: int) -> Callable[[Mode], Outcome]:
    """Many calls to a server that refuses the first three by its rate limit."""

    def play(mode: Mode) -> Outcome:
        def answer(request: Asked) -> bytes:
            return reply({}, 429, {"retry-after-ms": "50"}) if len(wire.seen) <= 3 else echoed(request)

        with nothing_left(), Wire(answer=answer) as wire:
            told = Crowd(mode, wire, calls, workers, retries=2).told()
        return Outcome(counted(told), "GET, 3 times in all" if len(wire.seen) == calls + 4 else "", _pooled(mode, wire))

    return play


def locked_out(calls: int, workers: int) -> Callable[[Mode], Outcome]:
    """Many calls that need a token, and a server that refuses the login; then one more."""

    def play(mode: Mode) -> Outcome:
        with nothing_left(), Wire(answer=lambda request: reply({}, 401)) as wire:
            told = Crowd(mode, wire, calls, workers, credential=LoginCredential()).told(good=False)
        assert set(wire.targets) == {"/login"}
        return Outcome(counted(told), "no", "one login in all" if len(wire.seen) == 1 else f"{len(wire.seen)} logins")

    return play


def crowd(calls: int, workers: int) -> Callable[[Mode], Outcome]:
    """Many calls to a server that answers most of them well, cuts a tenth and refuses a tenth."""

    def answer(request: Asked) -> Any:
        number = request.target.rpartition("/")[2]
        if number.endswith("3"):
            return cut(sized(20) + b'"')
        return reply({}, 404) if number.endswith("7") else echoed(request)

    def play(mode: Mode) -> Outcome:
        with nothing_left(), Wire(answer=answer) as wire:
            told = Crowd(mode, wire, calls, workers).told()
        assert all(one == f"n{number}" for number, one in enumerate(told) if number % 10 not in (3, 7))
        return Outcome(counted(told), "no", _pooled(mode, wire))

    return play


def _pooled(mode: Mode, wire: Wire) -> str:
    most = 100 if mode.is_async else 32
    return f"at most {most} connections" if wire.most <= most else f"{wire.most} connections"


def loops(mode: Mode) -> Outcome:
    """One client in many threads; of the async one, each thread has a loop of its own."""

    async def awaited(thread: int) -> list[Any]:
        return [await shop.albums.anything(f"n{thread}-{turn}") for turn in range(TURNS)]

    def work(thread: int) -> list[Any]:
        if mode.is_async:
            return asyncio.run(awaited(thread))
        return [shop.albums.anything(f"n{thread}-{turn}") for turn in range(TURNS)]

    with nothing_left(), Wire(answer=echoed) as wire:
        shop = mode.client(wire.url, timeout=30.0, retries=0)
        with ThreadPoolExecutor(THREADS) as pool:
            told = [one for several in pool.map(work, range(THREADS)) for one in several]
        _ = asyncio.run(shop.close()) if mode.is_async else shop.close()
    assert told == [f"n{thread}-{turn}" for thread in range(THREADS) for turn in range(TURNS)]
    return Outcome(counted(told), "no", f"at most {THREADS} connections" if wire.most <= THREADS else str(wire.most))


DOWN = "GET, 20 times in all"
MANY = {32: "at most 32 connections", 100: "at most 100 connections"}
MIXED = "APIConnectionError 100 times, NotFoundError 100 times, the value 800 times"

CROWDS = [
    Row(
        "503 for ever, 40 calls at once, each with two repeats",
        storm(40, 8),
        Outcome("InternalServerError 40 times", DOWN, MANY[32]),
        Outcome("InternalServerError 40 times", DOWN, MANY[100]),
    ),
    Row(
        "429 for three of 40 calls at once",
        limited(40, 8),
        Outcome("the value 40 times", "GET, 3 times in all", MANY[32]),
        Outcome("the value 40 times", "GET, 3 times in all", MANY[100]),
    ),
    Row(
        "the login is refused, 40 calls at once and one after them",
        locked_out(40, 8),
        Outcome("AuthenticationError 40 times", "no", "one login in all"),
    ),
    Row(
        "1,000 calls at once, by tasks or 32 threads, a tenth of the replies cut and a tenth 404",
        crowd(1000, THREADS),
        Outcome(MIXED, "no", MANY[32]),
        Outcome(MIXED, "no", MANY[100]),
    ),
    Row(
        f"{THREADS} threads on one client, {TURNS} calls each",
        loops,
        Outcome(f"the value {THREADS * TURNS} times", "no", MANY[32]),
    ),
]
