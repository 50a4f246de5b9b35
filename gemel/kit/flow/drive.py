"""drive() and adrive(): the only two loops that perform effects."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable
from typing import Any, Protocol, cast

from typing_extensions import TypeVar

from gemel.kit.flow.effects import (
    AsyncReader,
    Await,
    Effect,
    Flow,
    Lock,
    Offload,
    Open,
    Read,
    Reader,
    Send,
    Unlockable,
    Wait,
)
from gemel.kit.http.messages import Request, Response

__all__ = ["AsyncPerformer", "Performer", "adrive", "drive"]

R = TypeVar("R")


class Performer(Protocol):
    """Performs effects for a flow of a blocking client."""

    def send(self, request: Request) -> Response:
        """Send the request and read the whole reply."""
        ...

    def stream(self, request: Request) -> Response:
        """Send the request; of a success read the headers only and return an Opened reply."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def lock(self, deadline: float, name: str = "") -> Unlockable | None:
        """Acquire the client's lock of that name; None when the deadline (monotonic seconds) passes first."""
        ...


class AsyncPerformer(Protocol):
    """Performs effects for a flow of an async client."""

    async def send(self, request: Request) -> Response:
        """Send the request and read the whole reply."""
        ...

    async def stream(self, request: Request) -> Response:
        """Send the request; of a success read the headers only and return an Opened reply."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the loop."""
        ...

    async def lock(self, deadline: float, name: str = "") -> Unlockable | None:
        """Acquire the client's lock of that name; None when the deadline (monotonic seconds) passes first."""
        ...


def drive(flow: Flow[R], performer: Performer) -> R:
    """Run a flow to its end, blocking; an exception of an effect is raised inside the flow."""
    try:
        effect = next(flow)
        while True:
            try:
                outcome = _perform(effect, performer)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result


async def adrive(flow: Flow[R], performer: AsyncPerformer) -> R:
    """Run a flow to its end, awaiting each effect; a cancellation reaches the flow too."""
    try:
        effect = next(flow)
        while True:
            try:
                outcome = await _awaitable(effect, performer)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result


def _perform(effect: Effect, performer: Performer) -> Any:
    if isinstance(effect, Send):
        return performer.send(effect.request)
    if isinstance(effect, Lock):
        return performer.lock(effect.deadline, effect.name)
    if isinstance(effect, Read):
        return cast("Reader", effect.reader).read()
    if isinstance(effect, Open):
        return performer.stream(effect.request)
    if isinstance(effect, Offload):
        return effect.work()
    if isinstance(effect, Wait):
        return _waited(effect)
    if isinstance(effect, Await):
        raise TypeError("a blocking client cannot await")
    performer.sleep(effect.seconds)
    return None


def _awaitable(effect: Effect, performer: AsyncPerformer) -> Awaitable[Any]:
    """Return an awaitable that performs the effect, without a coroutine around it, which would only cost time."""
    if isinstance(effect, Send):
        return performer.send(effect.request)
    if isinstance(effect, Lock):
        return performer.lock(effect.deadline, effect.name)
    if isinstance(effect, Read):
        return cast("AsyncReader", effect.reader).read()
    if isinstance(effect, Open):
        return performer.stream(effect.request)
    if isinstance(effect, Offload):
        import asyncio  # a blocking program does not pay for it

        return asyncio.to_thread(effect.work)
    if isinstance(effect, Wait):
        return _awaited(effect)
    if isinstance(effect, Await):
        return effect.work()
    return performer.sleep(effect.seconds)


def _waited(effect: Wait) -> bool:
    given = threading.Event()
    effect.signal.heard(given.set)
    return given.wait(min(effect.seconds, threading.TIMEOUT_MAX))


async def _awaited(effect: Wait) -> bool:
    import asyncio

    loop = asyncio.get_running_loop()
    given = loop.create_future()

    def hear() -> None:
        with contextlib.suppress(RuntimeError):  # the loop of the one who waited is closed
            loop.call_soon_threadsafe(settle)

    def settle() -> None:
        if not given.done():
            given.set_result(None)

    effect.signal.heard(hear)
    # asyncio.wait() and not wait_for(), which before Python 3.12 may lose a cancellation that comes with the signal.
    done, _ = await asyncio.wait((given,), timeout=effect.seconds)
    return bool(done)
