"""The load: an API of one name, clients of both modes, and what breaks their calls off."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Generic

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import get, post
from gemel.kit.errors import APIConnectionError, APITimeoutError, InternalServerError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.models.model import Model
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.tokens import Fetch, Token
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

LIMITS = Timeout(total=3.0, connect=1.0, read=0.4)
SLACK = 4.0
SETTINGS: dict[str, Any] = {"timeout": LIMITS, "retries": Retry(limit=2, base=0.01, cap=0.05)}
WRITES = 0.3


class Issued(Model):
    token: str
    expires_in: float


class Named(Model):
    name: str


class Names(Resource[M]):
    """Names, which come back."""

    @post("login", auth=None)
    def login(self) -> Issued:
        """Return a token."""
        ...

    @get("names/{name}")
    def read(self, name: str) -> Named:
        """Return the name."""
        ...

    @post("names")
    def write(self, name: str) -> Named:
        """Write the name."""
        ...


class Login:
    """A credential whose tokens live for two seconds."""

    renewable = True

    def bound(self, caller: Caller) -> Fetch:
        """Return what fetches a token."""
        login: Any = Names[Any](caller).login

        def fetch(deadline: float) -> Flow[Token]:
            issued: Any = yield from login.flow(deadline)
            return Token(issued.token, issued.expires_in)

        return fetch


class Book(BaseClient[M], Generic[M]):
    """The API in either mode."""

    names: Names[M]


class BookClient(Book[Sync], Client):
    """The blocking client."""


class AsyncBookClient(Book[Async], AsyncClient):
    """The awaited client."""


class Interrupted(Exception):
    """What a signal handler raises."""


class Trap:
    """Breaks off a call of the main thread: the signal handler raises once, and only while a call runs.

    It is a plain flag: a signal may come while this thread holds the lock of a threading.Event, for which the handler
    would wait, and so would the handler of each further signal, inside the one before, until Python's stack is full.
    """

    def __init__(self) -> None:
        self.armed = False

    def spring(self, *_: Any) -> None:
        """Handle a signal."""
        if self.armed:
            self.armed = False
            raise Interrupted

    def outcome(self, call: Callable[[], Any]) -> Any:
        """Return what comes of a call: its value, or the error that it or the handler raises."""
        try:
            try:
                self.armed = True
                return call()
            finally:
                self.armed = False
        except Exception as error:
            return error


ALLOWED = (
    APIConnectionError,  # cut, reset or no HTTP, on each of three attempts, or on a write that may have been done
    APITimeoutError,  # a reply that stalls or comes too late, in the same way
    InternalServerError,  # 500 and 503, in the same way
    Interrupted,  # in the main thread of the blocking client
    asyncio.CancelledError,  # in the tasks of the other
)
"""What may come of a call: its value, or what the faults and the load themselves make of it.

A login meets the same faults as a call, and fails with the same errors, for all who wait for it. Any other error, one
of gemel too, comes of nothing that the server or the load does: a CredentialsError would be a login lost to the signal
of another thread, an AuthenticationError a token that was sent when it was over.
"""


class Figures:
    """What came of the calls; `wrong` has what must not come.

    told: how often each outcome came.   slowest: the seconds of the longest call.
    """

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.slowest = 0.0
        self._guard = threading.Lock()

    def note(self, name: str, outcome: Any, seconds: float) -> None:
        """Note what came of the call with this name."""
        with self._guard:
            self.slowest = max(self.slowest, seconds)
            self.told[type(outcome).__name__ if isinstance(outcome, BaseException) else "the value"] += 1
            if isinstance(outcome, BaseException):
                if type(outcome) not in ALLOWED:
                    self.wrong.append(f"{name}: {outcome!r}")
            elif outcome.name != name:
                self.wrong.append(f"{name}: the reply to {outcome.name}")
            if seconds > LIMITS.total + SLACK:
                self.wrong.append(f"{name}: it took {seconds:.1f} s")


def _planned(chance: random.Random, who: str) -> Iterator[tuple[bool, str]]:
    number = 0
    while True:
        number += 1
        yield chance.random() < WRITES, f"{who}-{number}"


def blocking(url: str, seconds: float, seed: int, workers: int = 6) -> Figures:
    """Call by several threads of one client; in the main one a signal handler raises every now and then."""
    figures, end = Figures(), time.monotonic() + seconds

    def work(who: str) -> None:
        for writes, name in _planned(random.Random(f"{seed}-{who}"), who):
            if time.monotonic() > end:
                return
            start, outcome = time.monotonic(), None
            try:
                outcome = book.names.write(name) if writes else book.names.read(name)
            except Exception as error:
                outcome = error
            figures.note(name, outcome, time.monotonic() - start)

    with BookClient(url, credential=Login(), **SETTINGS) as book:
        threads = [threading.Thread(target=work, args=(f"thread{number}",)) for number in range(workers)]
        for thread in threads:
            thread.start()
        with _interruptions(random.Random(seed)) as trap:
            _interrupted(book, figures, trap, end, seed)
        for thread in threads:
            thread.join()
    return figures


def _interrupted(book: BookClient, figures: Figures, trap: Trap, end: float, seed: int) -> None:
    for writes, name in _planned(random.Random(f"{seed}-main"), "main"):
        if time.monotonic() > end:
            return
        start = time.monotonic()
        outcome = trap.outcome(partial(book.names.write if writes else book.names.read, name))
        figures.note(name, outcome, time.monotonic() - start)


@contextlib.contextmanager
def _interruptions(chance: random.Random) -> Iterator[Trap]:
    """Send signals to this thread at moments by chance; a trap handles them."""
    trap, over, main = Trap(), threading.Event(), threading.get_ident()

    def disturb() -> None:
        while not over.wait(chance.uniform(0.0005, 0.03)):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, trap.spring)
    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    try:
        yield trap
    finally:
        over.set()
        disturbing.join()
        signal.signal(signal.SIGUSR1, before)


def awaited(url: str, seconds: float, seed: int, workers: int = 40) -> Figures:
    """Call by many tasks of one client; some calls are cancelled, at moments by chance."""
    return asyncio.run(_awaited(url, seconds, seed, workers), debug=False)


async def _awaited(url: str, seconds: float, seed: int, workers: int) -> Figures:
    figures, end = Figures(), time.monotonic() + seconds

    async def work(who: str) -> None:
        chance = random.Random(f"{seed}-{who}")
        for writes, name in _planned(chance, who):
            if time.monotonic() > end:
                return
            call: Coroutine[Any, Any, Any] = book.names.write(name) if writes else book.names.read(name)
            start, task = time.monotonic(), asyncio.ensure_future(call)
            if chance.random() < 0.1:
                asyncio.get_running_loop().call_later(chance.uniform(0.0, 0.05), task.cancel)
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            figures.note(name, outcome, time.monotonic() - start)

    async with AsyncBookClient(url, credential=Login(), **SETTINGS) as book:
        await asyncio.gather(*(work(f"task{number}") for number in range(workers)))
        for _ in range(100):
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if not left:
                break
            await asyncio.sleep(0.02)
        figures.wrong += [f"a task is left: {task!r}" for task in left]
    return figures
