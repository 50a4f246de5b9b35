"""Timing: one sample of each kind of work, and the rounds that interleave the peers."""

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import payload

# One sample of one peer: the figures it gives, by the name of their row.
Sampler = Callable[[], Mapping[str, float]]
# All samples: row, then peer, then one figure a round.
Samples = dict[str, dict[str, list[float]]]

FIRST = Path(__file__).with_name("first.py")
IN_FLIGHT = 50


class WrongResult(Exception):
    """A peer did not return what the server sent."""


def seconds_a_call(call: Callable[[], object], count: int) -> float:
    """Mean seconds of `count` blocking calls in a row."""
    started = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - started) / count


async def seconds_an_await(call: Callable[[], Awaitable[object]], count: int) -> float:
    """Mean seconds of `count` awaited calls in a row."""
    started = time.perf_counter()
    for _ in range(count):
        await call()
    return (time.perf_counter() - started) / count


async def calls_a_second(call: Callable[[], Awaitable[object]], count: int) -> float:
    """Calls per second with `IN_FLIGHT` of them under way; `count` calls, rounded to a multiple of that."""
    each = max(1, count // IN_FLIGHT)

    async def worker() -> None:
        for _ in range(each):
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return each * IN_FLIGHT / (time.perf_counter() - started)


def threaded_calls_a_second(threads: Executor, call: Callable[[], object], count: int) -> float:
    """The same with blocking calls, each of the `IN_FLIGHT` in a thread of its own."""
    each = max(1, count // IN_FLIGHT)

    def worker(_: int) -> None:
        for _ in range(each):
            call()

    started = time.perf_counter()
    list(threads.map(worker, range(IN_FLIGHT)))
    return each * IN_FLIGHT / (time.perf_counter() - started)


def start_process(mode: str, name: str, origin: str) -> dict[str, Any]:
    """Run `first.py` and add `first`: seconds from before the process was started until it had its secret."""
    # Byte code may be cached, so that only the first run, which is not counted, compiles a peer.
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, FIRST, mode, name, origin], env=environment, stdout=subprocess.PIPE, check=True, timeout=60
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    expect(f"{name}, {mode}, in a new process", outcome["value"], payload.value(0))
    return {**outcome, "first": outcome["at"] - started}


def expect(what: str, got: object, wanted: object) -> None:
    """Raise WrongResult unless `got` equals `wanted`."""
    if got != wanted:
        raise WrongResult(f"{what}: got {got!r} in place of {wanted!r}")


def expect_each(what: str, got: Iterable[object], wanted: Sequence[object]) -> None:
    """Raise WrongResult, which names the first that differs, unless `got` has the items of `wanted` in their order."""
    items = list(got)
    expect(f"{what}, how many", len(items), len(wanted))
    for index, pair in enumerate(zip(items, wanted, strict=True)):
        expect(f"{what}, number {index}", *pair)


def interleave(works: Sequence[Mapping[str, Sampler]], rounds: int) -> Samples:
    """Sample every peer of every work once a round; the peers of a work take turns in being first."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    settle()
    for turn in range(rounds):
        for work in works:
            for peer in rotated(list(work), turn):
                for row, figure in work[peer]().items():
                    samples[row][peer].append(figure)
    return samples


def settle() -> None:
    """Take what was imported out of the garbage collector's sight: one peer must not pay for the modules of another."""
    gc.collect()
    gc.freeze()


def rotated(names: Sequence[str], turn: int) -> Iterator[str]:
    """`names`, starting `turn` places further on."""
    return (names[(place + turn) % len(names)] for place in range(len(names)))
