"""The samplers of every peer, made after the peer has shown that it returns the right secrets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import payload
from binding import binders
from measure import Sampler, calls_a_second, expect, expect_each, seconds_a_call, seconds_an_await, start_process
from peers import ASYNC, SYNC, Bare

Work = Mapping[str, Sampler]
VALUES = [payload.value(index) for index in range(payload.COUNT)]


@dataclass(frozen=True)
class Size:
    """How many rounds there are, and how many calls one sample holds; a new process is a sample by itself."""

    rounds: int
    gets: int
    flights: int
    lists: int


SHORT = Size(rounds=3, gets=200, flights=500, lists=5)
LONG = Size(rounds=20, gets=400, flights=1000, lists=10)


def all_works(origin: str, size: Size, stack: ExitStack) -> list[Work]:
    """The works of all peers against the server at `origin`; `stack` closes their clients."""
    runner = stack.enter_context(asyncio.Runner())
    return [
        *sync_works(open_sync(origin, stack), size),
        *async_works(open_async(origin, runner, stack), size, runner),
        flight_work(open_async(origin, runner, stack), size, runner),
        decode_work(size),
        first_work("sync", "", origin),
        first_work("async", "a", origin),
    ]


def open_sync(origin: str, stack: ExitStack) -> dict[str, Any]:
    """A client of each blocking peer."""
    return {name: stack.enter_context(closing(make(origin))) for name, make in SYNC.items()}


def open_async(origin: str, runner: asyncio.Runner, stack: ExitStack) -> dict[str, Any]:
    """A client of each async peer, all made and closed in the one event loop of `runner`."""

    async def made() -> dict[str, Any]:
        return {name: make(origin) for name, make in ASYNC.items()}

    async def closed() -> None:
        for peer in peers.values():
            await peer.close()

    peers = runner.run(made())
    stack.callback(lambda: runner.run(closed()))
    return peers


def sync_works(peers: Mapping[str, Any], size: Size) -> list[Work]:
    """One GET, and the list of all, blocking."""
    for name, peer in peers.items():
        expect_right(f"{name}, sync", peer.value, peer.get(), peer.get_all())
    return [
        {name: sync_sampler("get", peer.get, size.gets) for name, peer in peers.items()},
        {name: sync_sampler("all", peer.get_all, size.lists) for name, peer in peers.items()},
    ]


def async_works(peers: Mapping[str, Any], size: Size, runner: asyncio.Runner) -> list[Work]:
    """One GET, and the list of all, awaited one after the other."""
    for name, peer in peers.items():
        expect_right(f"{name}, async", peer.value, runner.run(peer.get()), runner.run(peer.get_all()))

    def sampler(row: str, call: Callable[[], Awaitable[object]], count: int) -> Sampler:
        return lambda: {row: runner.run(seconds_an_await(call, count))}

    return [
        {name: sampler("aget", peer.get, size.gets) for name, peer in peers.items()},
        {name: sampler("aall", peer.get_all, size.lists) for name, peer in peers.items()},
    ]


def flight_work(peers: Mapping[str, Any], size: Size, runner: asyncio.Runner) -> Work:
    """GETs in flight, by clients for this alone: the connections left in a pool slow the single calls of some peers."""

    def sampler(call: Callable[[], Awaitable[object]]) -> Sampler:
        return lambda: {"flight": runner.run(calls_a_second(call, size.flights))}

    return {name: sampler(peer.get) for name, peer in peers.items()}


def sync_sampler(row: str, call: Callable[[], object], count: int) -> Sampler:
    """Samples `count` calls of `call` for `row`."""
    return lambda: {row: seconds_a_call(call, count)}


def bind_work(size: Size) -> Work:
    """The arguments of one call become a request, by each way of binding."""
    return {name: sync_sampler("bind", bind, 5 * size.gets) for name, bind in binders().items()}


def decode_work(size: Size) -> Work:
    """The list of all from bytes in memory, by each peer that decodes to records of its own, and by json.loads."""
    body = payload.all_secrets()
    decoders = {name: peer for name, peer in SYNC.items() if not issubclass(peer, Bare)}
    decoders["json.loads"] = Bare
    for name, peer in decoders.items():
        expect_each(f"{name}, decode", map(peer.value, peer.decode(body)), VALUES)
    return {name: sync_sampler("decode", partial(peer.decode, body), size.lists) for name, peer in decoders.items()}


def first_work(mode: str, prefix: str, origin: str) -> Work:
    """A new process that fetches one secret, by each peer of `mode`; run once uncounted, so that all are compiled."""

    def sampler(name: str) -> Sampler:
        def sample() -> dict[str, float]:
            outcome = start_process(mode, name, origin)
            return {prefix + row: outcome[row] for row in ("first", "ready", "peak") if outcome[row] is not None}

        return sample

    samplers = {name: sampler(name) for name in (SYNC if mode == "sync" else ASYNC)}
    for sample in samplers.values():
        sample()
    return samplers


def expect_right(who: str, value: Callable[[Any], str], one: Any, several: Any) -> None:
    """Raise WrongResult unless a peer's own records carry the values that the server sent."""
    expect(f"{who}, get", value(one), VALUES[0])
    expect_each(f"{who}, list", map(value, several), VALUES)
