"""Rows: what becomes of deadlines, tokens, kept replies and repeats when a clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from gemel.kit.caching import Cache
from gemel.testing import FrozenClock

from ..shop import Do, Mode, Tree
from ..test_auth import LoginCredential
from ..wire import Seen as Asked
from ..wire import Wire, reply
from .leaks import nothing_left
from .rows import KEPT, VALUE, Outcome, Play, Row, caught, good, named, settled

HOUR, YEAR = 3600.0, 365 * 86400.0
TOKEN = {"token": "t-1", "expires_in": 600.0}
ASKED = {
    (): "the value, as it was kept",
    ("/api/tree",): "the value, asked for anew",
    ("/login", "/api/tree"): "the value, asked for anew with a new token",
}


class JumpingClock(FrozenClock):
    """A clock that somebody sets."""

    def jump(self, *, monotonic: float = 0.0, wall: float = 0.0) -> None:
        """Move either clock by so many seconds, ahead or back, and leave the other alone."""
        with self._guard:
            self._monotonic += monotonic
            self._apart += wall - monotonic


def get(shop: Any) -> Any:
    return shop.albums.anything("fault")


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def doing(mode: Mode, act: Callable[[], Any]) -> Do:
    """A step that does something beside the client."""

    async def awaited(shop: Any) -> None:
        act()

    return awaited if mode.is_async else lambda shop: act()


def between(**jump: float) -> Play:
    """The same call before a jump and after it, with a token for ten minutes and a cache for five."""

    def play(mode: Mode) -> Outcome:
        clock, told, marks = JumpingClock(), list[Any](), list[int]()
        settings = {"clock": clock, "cache": Cache(ttl=300.0, clock=clock), "credential": LoginCredential()}

        def jumping() -> None:
            marks.append(len(wire.seen))
            clock.jump(**jump)

        with nothing_left(), Wire(answer=lambda asked: reply(TOKEN if asked.target == "/login" else VALUE)) as wire:
            calls = [caught(mode, call, told) for call in (tree, tree, good)]
            mode.run(wire.url, calls[0], doing(mode, jumping), calls[1], settled(mode, wire), calls[2], **settings)
        assert told[0] == told[1] == Tree() and told[2] == VALUE
        asked = tuple(target for target in wire.targets[marks[0] :] if "good" not in target)
        return Outcome(ASKED[asked], "no", KEPT)

    return play


def meanwhile(answer: Callable[[JumpingClock], bytes], **jump: float) -> Play:
    """A call during which the clock jumps, at the server's first reply; it may be repeated twice."""

    def play(mode: Mode) -> Outcome:
        clock, told = JumpingClock(), list[Any]()

        def answered(asked: Asked) -> bytes:
            if "fault" not in asked.target:
                return reply(VALUE)
            said = answer(clock)
            if len(wire.seen) == 1:
                clock.jump(**jump)
            return said

        with nothing_left(), Wire(answer=answered) as wire:
            calls = [caught(mode, call, told) for call in (get, good)]
            mode.run(wire.url, calls[0], settled(mode, wire), calls[1], clock=clock, retries=2, timeout=60.0)
        assert told[1] == VALUE
        sent = len(wire.seen) - 1
        return Outcome(named(told[0]), "no" if sent == 1 else f"GET, {sent - 1} times", KEPT)

    return play


def down(clock: JumpingClock) -> bytes:
    return reply({}, 503)


def soon(clock: JumpingClock) -> bytes:
    """Ask to come back in five seconds, by the clock on the wall."""
    return reply({}, 503, {"Retry-After": formatdate(clock.time() + 5, usegmt=True)})


def well(clock: JumpingClock) -> bytes:
    return reply(VALUE)


def came(gives: str, again: str = "no") -> Outcome:
    return Outcome(gives, again, KEPT)


KEPT_VALUE, NEW_VALUE, NEW_TOKEN = map(came, ASKED.values())
FAILED = "InternalServerError"
FAILED_ONCE, FAILED_THRICE = came(FAILED), came(FAILED, "GET, 2 times")

CLOCKS = [
    Row("between two calls, the wall clock a year ahead", between(wall=YEAR), KEPT_VALUE),
    Row("between two calls, the wall clock a year back", between(wall=-YEAR), KEPT_VALUE),
    Row("between two calls, the monotonic clock an hour ahead", between(monotonic=HOUR), NEW_TOKEN),
    Row("between two calls, the monotonic clock an hour back", between(monotonic=-HOUR), NEW_VALUE),
    Row("during a call, the monotonic clock an hour ahead", meanwhile(well, monotonic=HOUR), came("the value")),
    Row("the same, and the reply is 503", meanwhile(down, monotonic=HOUR), FAILED_ONCE),
    Row("the monotonic clock an hour back, and the reply is 503", meanwhile(down, monotonic=-HOUR), FAILED_THRICE),
    Row("the wall clock a year back, and 503 says when to come back", meanwhile(soon, wall=-YEAR), FAILED_ONCE),
    Row("the wall clock a year ahead, and 503 says when to come back", meanwhile(soon, wall=YEAR), FAILED_THRICE),
]
