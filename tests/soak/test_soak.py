"""Both clients under load for a while, with faults on three of ten requests.

GEMEL_SOAK_SECONDS says for how long each, 20 s by default, and 5 s on some Pythons in tox; GEMEL_SOAK_SEED repeats a
run, as far as chance goes.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .load import Figures, Interrupted, awaited, blocking
from .server import Server

SECONDS = float(os.environ.get("GEMEL_SOAK_SECONDS", "20"))
FAULTS = 0.3
LISTS = [Path("/proc/self/fd"), Path("/dev/fd")]


def descriptors() -> int:
    return next((len(os.listdir(listed)) for listed in LISTS if listed.is_dir()), 0)


def settled(before: int, threads: set[threading.Thread]) -> bool:
    return descriptors() <= before and not set(threading.enumerate()) - threads


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("load", [blocking, awaited])
def test_a_client_under_load(load: Callable[..., Figures], capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = int(os.environ.get("GEMEL_SOAK_SEED", random.randrange(1 << 30)))
    unraisable = list[str]()

    def ignored(raised: Any) -> None:
        """What a signal handler raises while a file closes itself reaches nobody; anything else is a fault.

        Beside it there is one error of Python's own: a file of a socket whose `__init__` was interrupted has no `_sock`
        when it is collected, and closes itself all the same.
        """
        error = raised.exc_value
        unmade = isinstance(error, AttributeError) and error.name == "_sock" and isinstance(error.obj, socket.SocketIO)
        if not isinstance(error, Interrupted) and not unmade:
            unraisable.append(repr(error))

    monkeypatch.setattr(sys, "unraisablehook", ignored)
    threads, before = set(threading.enumerate()), descriptors()
    with Server(seed, FAULTS) as server:
        start = time.monotonic()
        figures = load(server.url, SECONDS, seed)
        took = time.monotonic() - start
    gc.collect()
    end = time.monotonic() + 5
    while not settled(before, threads) and time.monotonic() < end:
        time.sleep(0.01)
    with capsys.disabled():
        sys.stdout.write(f"\n{load.__name__}, seed {seed}: {_shown(figures, server, took)}\n")
    assert not figures.wrong, figures.wrong[:5]
    assert not unraisable, unraisable[:5]
    assert not {name: count for name, count in server.writes.items() if count > 1}, "a write was done twice"
    assert settled(before, threads), (descriptors() - before, set(threading.enumerate()) - threads)
    assert figures.told["the value"] > sum(figures.told.values()) / 4
    assert server.logins >= SECONDS // 4


def _shown(figures: Figures, server: Server, took: float) -> str:
    calls = sum(figures.told.values())
    told = ", ".join(f"{name} {count:,}" for name, count in figures.told.most_common())
    return (
        f"{calls:,} calls in {took:.0f} s ({calls / took:.0f} a second), {server.asked:,} requests, "
        f"{sum(server.met.values()) - server.met['none']:,} faults, {len(server.writes):,} writes, "
        f"{server.logins} logins, the slowest {figures.slowest:.2f} s; {told}"
    )
