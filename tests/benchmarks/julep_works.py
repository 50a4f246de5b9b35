"""What each peer does as Julep, and how a sample of it is taken, here or in the process of julep 0.3.9."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import julep_payload
from julep_old import Old
from julep_peers import OLD, PEERS
from measure import (
    IN_FLIGHT,
    Sampler,
    calls_a_second,
    expect,
    expect_each,
    seconds_a_call,
    seconds_an_await,
    threaded_calls_a_second,
)

# By row: takes one sample of so many calls, and gives its figure.
Measures = Mapping[str, Callable[[int], float]]
NAMES = [julep_payload.name(index) for index in range(julep_payload.COUNT)]
KINDS = ("get", "list", "stream", "chats")


@dataclass(frozen=True)
class JulepSize:
    """How many rounds there are, and how many calls one sample of a kind holds."""

    rounds: int
    get: int
    list: int
    stream: int
    chats: int


JULEP_SHORT = JulepSize(rounds=3, get=100, list=10, stream=1, chats=100)
JULEP_LONG = JulepSize(rounds=10, get=300, list=20, stream=2, chats=300)


def julep_works(origin: str, size: JulepSize, old: Old | None, stack: ExitStack) -> Sequence[Mapping[str, Sampler]]:
    """The works of all peers against the server at `origin`; `stack` closes their clients."""
    runner = stack.enter_context(asyncio.Runner())
    measures = {name: measures_of(name, *classes, origin, runner, stack) for name, classes in PEERS.items()}
    if old is not None:
        measures[OLD] = {row: partial(old.measured, row) for row in measures["gemel"]}
    rows = [(f"{mode}{kind}", getattr(size, kind)) for kind in KINDS for mode in ("j", "ja")]
    return [{peer: sampler(row, known[row], count) for peer, known in measures.items()} for row, count in rows]


def sampler(row: str, measure: Callable[[int], float], count: int) -> Sampler:
    """Samples `count` calls for `row`."""
    return lambda: {row: measure(count)}


def measures_of(
    name: str, blocking: Any, awaiting: Any, origin: str, runner: asyncio.Runner, stack: ExitStack
) -> Measures:
    """The measures of one peer, which has shown that it gets what the server sent.

    The calls at once have clients of their own: the connections left in a pool slow the single calls of some peers.
    """
    one, many = (stack.enter_context(closing(blocking(origin))) for _ in range(2))
    expect_right(f"{name}, sync", one, lambda result: result)
    aone, amany = (opened(awaiting, origin, runner, stack) for _ in range(2))
    expect_right(f"{name}, async", aone, runner.run)
    threads = stack.enter_context(ThreadPoolExecutor(IN_FLIGHT))

    def awaited(call: Callable[[], Any], count: int) -> float:
        return runner.run(seconds_an_await(call, count))

    return {
        "jget": partial(seconds_a_call, one.get),
        "jaget": partial(awaited, aone.get),
        "jlist": partial(seconds_a_call, one.get_all),
        "jalist": partial(awaited, aone.get_all),
        "jstream": partial(seconds_a_call, one.stream),
        "jastream": partial(awaited, aone.stream),
        "jchats": partial(threaded_calls_a_second, threads, many.chat),
        "jachats": lambda count: runner.run(calls_a_second(amany.chat, count)),
    }


def opened(awaiting: Any, origin: str, runner: asyncio.Runner, stack: ExitStack) -> Any:
    """An async client, made and closed in the event loop of `runner`."""

    async def made() -> Any:
        return awaiting(origin)

    peer = runner.run(made())
    stack.callback(lambda: runner.run(peer.close()))
    return peer


def expect_right(who: str, peer: Any, done: Callable[[Any], Any]) -> None:
    """Raise WrongResult unless a peer's own records carry what the server sent."""
    expect(f"{who}, get", peer.name(done(peer.get())), NAMES[0])
    expect_each(f"{who}, list", map(peer.name, done(peer.get_all())), NAMES)
    expect(f"{who}, chat", peer.said(done(peer.chat())), julep_payload.ANSWER)
    expect(f"{who}, stream", done(peer.stream()), julep_payload.text())
