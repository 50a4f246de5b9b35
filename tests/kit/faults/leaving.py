"""Rows: what becomes of a call that the program breaks off, and of a client in a process that forks."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..shop import Mode
from ..wire import Seen as Asked
from ..wire import Wire, reply
from .cancelling import cancelled_everywhere
from .forks import CAN_FORK, forked
from .hostile import BODY, CHUNKED, held, sized
from .leaks import nothing_left, wait_in_loop, wait_until
from .rows import CLOSED, GOOD, KEPT, VALUE, Outcome, Play, Row, good

WAITING = {"retries": 1, "timeout": 20.0}


def interrupting(data: bytes, whole: bool) -> Callable[[socket.socket, threading.Event], None]:
    """Send this much, then press Ctrl-C; after a whole reply the connection is closed before."""

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(data)
        stopped.wait(0.02)
        if whole:
            connection.shutdown(socket.SHUT_RDWR)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        held(b"")(connection, stopped)

    return step


@contextmanager
def keyboard() -> Iterator[None]:
    """Let Ctrl-C do what it does in a program."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted(data: bytes, *, whole: bool = False) -> Play:
    """Ctrl-C at a call that has come so far; then a good call with the same client."""

    async def awaited(call: Callable[[Any], Any], shop: Any) -> Any:
        return await call(shop)

    def play(mode: Mode) -> Outcome:
        def done(call: Callable[[Any], Any]) -> Any:
            return asyncio.run(awaited(call, shop)) if mode.is_async else call(shop)

        def answer(request: Asked) -> Any:
            return interrupting(data, whole) if "fault" in request.target else GOOD

        with keyboard(), nothing_left(), Wire(answer=answer) as wire:
            shop = mode.client(wire.url, **WAITING)
            try:
                gives = f"the value {done(lambda shop: shop.albums.anything('fault'))!r}"
            except BaseException as error:
                gives = type(error).__name__
            assert done(good) == VALUE
            wait_until(lambda: wire.open <= 1)
            assert wire.open <= 1
            done(lambda shop: shop.close())
        met = [target for target in wire.targets if "fault" in target]
        return Outcome(gives, "GET" if len(met) > 1 else "no", KEPT if wire.connections == 1 else CLOSED)

    return play


def cancelled(mode: Mode) -> Outcome:
    """A task is cancelled at its first wait, its second, and so on."""

    async def everywhere(url: str) -> int:
        async with mode.client(url, retries=1) as shop:
            waits = await cancelled_everywhere(lambda: shop.albums.anything("fault"), lambda: good(shop))
            await wait_in_loop(lambda: wire.open <= 1)
            assert wire.open <= 1
            return waits

    with nothing_left(), Wire(GOOD) as wire:
        assert asyncio.run(everywhere(wire.url)) > 0
    return Outcome("CancelledError", "no", CLOSED if wire.connections > 1 else KEPT)


STOPPED = Outcome("KeyboardInterrupt", "no", CLOSED)
OWN = Outcome("the value, in both processes", "no", "one for each process")

LEAVING = [
    Row("Ctrl-C while a call waits for its reply", interrupted(b""), STOPPED),
    Row("Ctrl-C in the body", interrupted(sized() + BODY[:5]), STOPPED),
    Row("Ctrl-C in a chunk", interrupted(CHUNKED + b"c\r\n" + BODY[:5]), STOPPED),
    Row("Ctrl-C between two attempts", interrupted(reply({}, 503, {"Retry-After": "9"}), whole=True), STOPPED),
    Row("a task is cancelled, at each of its waits in turn", cancelled, None, Outcome("CancelledError", "no", CLOSED)),
    *([Row("the process forks after the client was used", forked, OWN)] if CAN_FORK else []),
]
