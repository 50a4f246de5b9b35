"""What a program holds open: descriptors, threads and tasks are counted before and after."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LISTS = [Path("/proc/self/fd"), Path("/dev/fd")]
PATIENCE = 3.0


def descriptors() -> frozenset[str]:
    """The numbers of the open descriptors, where the system lists them."""
    for listed in LISTS:
        if listed.is_dir():
            return frozenset(os.listdir(listed))
    return frozenset()


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail when a descriptor or a thread is open at the end that was not there before."""
    threads, before = set(threading.enumerate()), len(descriptors())
    yield
    wait_until(lambda: len(descriptors()) <= before and not set(threading.enumerate()) - threads)
    assert not set(threading.enumerate()) - threads
    assert len(descriptors()) <= before, f"{len(descriptors()) - before} descriptors are left open"


def wait_until(done: Callable[[], bool]) -> None:
    """Look again and again for a while; the caller asserts."""
    end = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < end:
        time.sleep(0.002)


async def wait_in_loop(done: Callable[[], bool]) -> None:
    """The same for a program whose loop must go on meanwhile."""
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            return
        await asyncio.sleep(0.002)


def other_tasks() -> set[asyncio.Task[Any]]:
    """The tasks of the running loop but the present one."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[operator]
