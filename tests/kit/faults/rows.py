"""A row of the table: what the server does, what is expected of both clients, and how it is tried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gemel.kit.errors import GemelError
from gemel.kit.http.messages import Retry, Timeout

from ..shop import Do, Mode
from ..wire import Seen as Asked
from ..wire import Wire, reply
from .leaks import nothing_left, other_tasks, wait_in_loop, wait_until

VALUE = {"ok": True}
GOOD = reply(VALUE)
ONCE_MORE = Retry(limit=1, base=0.001, cap=0.001)
KEPT, CLOSED = "kept", "closed"


@dataclass(frozen=True)
class Outcome:
    """What one client made of a fault.

    gives: the class of the error, or "the value".   again: the verbs that were sent again.
    after: what became of the connection, or what else there is to say once the next call has worked.
    """

    gives: str
    again: str
    after: str


Play = Callable[[Mode], Outcome]


@dataclass(frozen=True)
class Row:
    """One fault.

    does: what the server does.   play: tries it out in one mode.
    sync: what must come of it, None where it cannot happen to a blocking client.
    awaited: the same of the async client, where it is not as with the blocking one.
    """

    does: str
    play: Play
    sync: Outcome | None
    awaited: Outcome | None = None

    def expected(self, mode: Mode) -> Outcome | None:
        """Return what must come of it in this mode."""
        return (self.awaited or self.sync) if mode.is_async else self.sync


def named(told: Any) -> str:
    """An outcome in the words of the table."""
    if isinstance(told, BaseException):
        return type(told).__name__
    assert told in (VALUE, None), told
    return "the value" if told else "nothing"


def caught(mode: Mode, call: Do, told: list[Any]) -> Do:
    """A step that notes what the call gives or raises."""

    def step(shop: Any) -> None:
        try:
            told.append(call(shop))
        except GemelError as error:
            told.append(error)

    async def awaited(shop: Any) -> None:
        try:
            told.append(await call(shop))
        except GemelError as error:
            told.append(error)

    return awaited if mode.is_async else step


def settled(mode: Mode, wire: Wire) -> Do:
    """A step that waits until the client holds at most one connection, and no task."""

    def step(shop: Any) -> None:
        wait_until(lambda: wire.open <= 1)
        assert wire.open <= 1, f"{wire.open} connections are open"

    async def awaited(shop: Any) -> None:
        await wait_in_loop(lambda: wire.open <= 1 and not other_tasks())
        assert wire.open <= 1, f"{wire.open} connections are open"
        assert not other_tasks()

    return awaited if mode.is_async else step


def good(shop: Any) -> Any:
    return shop.albums.anything("good")


def replied(
    fault: Any,
    *,
    timeout: Timeout | float = 5.0,
    posts: bool = True,
    kept: bool = False,
    retry: Retry = ONCE_MORE,
    between: Callable[[Mode], Do] | None = None,
    **settings: Any,
) -> Play:
    """How a reply is tried out: a GET that may meet it twice, a good call, a POST that may meet it twice, a good call.

    fault: the step of the server.   posts: whether there is a POST at all.
    kept: whether a good call comes first, so that the fault meets a connection that was used before.
    retry: how often and how patiently the calls that meet the fault are repeated.
    between: what the program does before each good call.
    """

    def answer(request: Asked) -> Any:
        return fault if "fault" in request.target else GOOD

    def get(shop: Any) -> Any:
        return shop.albums.anything.options(timeout=timeout, retries=retry)("fault")

    def post(shop: Any) -> Any:
        return shop.albums.archive.options(timeout=timeout, retries=retry)("fault")

    def play(mode: Mode) -> Outcome:
        told: list[Any] = []
        calls = [*([good] if kept else []), get, good, *([post, good] if posts else [])]
        with nothing_left(), Wire(answer=answer) as wire:
            pause = [between(mode)] if between else []
            steps = [step for call in calls for step in (caught(mode, call, told), settled(mode, wire), *pause)]
            mode.run(wire.url, *steps, **settings)
        del told[:kept]
        assert told[1::2] == [VALUE] * (len(told) // 2), told
        return Outcome(named(told[0]), _again(wire.seen), KEPT if wire.connections == 1 else CLOSED)

    return play


def _again(seen: list[Asked]) -> str:
    met = [request.method for request in seen if request.target.endswith(("/fault", "/fault/archive"))]
    return ", ".join(method for method in ("GET", "POST") if met.count(method) > 1) or "no"
