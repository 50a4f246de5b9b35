"""The two modes of the demo: how each client's calls are settled, and how many of them run at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.julep import AsyncClient, Client
from gemel.kit.calls.stream import AsyncStream, Stream
from gemel.kit.calls.streamed import Opening
from gemel.sandbox import BothSandbox

__all__ = ["MODES", "Answer", "AnyInfisical", "AnyJulep", "Mode", "each", "settled"]

T = TypeVar("T")

AnyInfisical: TypeAlias = InfisicalClient | InfisicalAsyncClient
AnyJulep: TypeAlias = Client | AsyncClient

Answer: TypeAlias = T | Coroutine[Any, Any, T]
"""What a call of either client gives: the blocking one a result, the async one a coroutine of it."""

_THREADS = 20


async def settled(answer: Answer[T]) -> T:
    """Return the result of a call of either client."""
    if isinstance(answer, Coroutine):
        return await cast("Coroutine[Any, Any, T]", answer)
    return answer


async def each(stream: Stream[T] | Opening[AsyncStream[T]]) -> AsyncGenerator[T, None]:
    """Give the events of a stream of either client, as they come."""
    if isinstance(stream, Stream):
        with stream:
            for event in stream:
                yield event
    else:
        async with stream as events:
            async for event in events:
                yield event


class _Run(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, main: Coroutine[Any, Any, T], /) -> T: ...


class _AtOnce(Protocol):
    """Makes many calls at the same time; calls `tick` after each one."""

    def __call__(
        self, calls: Sequence[Callable[[], Answer[T]]], tick: Callable[[], None], /
    ) -> Coroutine[Any, Any, list[T]]: ...


def _run_without_loop(main: Coroutine[Any, Any, T], /) -> T:
    """Run a coroutine that never waits: a blocking call has its result before it is settled."""
    try:
        main.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    main.close()
    raise RuntimeError("a step with the blocking client waited for an event loop")


async def _in_threads(calls: Sequence[Callable[[], Answer[T]]], tick: Callable[[], None], /) -> list[T]:
    results: list[T] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for sent in [pool.submit(call) for call in calls]:
            results.append(await settled(sent.result()))
            tick()
    return results


async def _in_tasks(calls: Sequence[Callable[[], Answer[T]]], tick: Callable[[], None], /) -> list[T]:
    async def one(call: Callable[[], Answer[T]]) -> T:
        result = await settled(call())
        tick()
        return result

    # Every task ends before a failure is raised: none goes on into the next step.
    ended = await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]


@dataclass(frozen=True)
class Mode:
    """The clients of one mode and what they need; crowd: how its calls at once are called."""

    infisical: type[InfisicalClient] | type[InfisicalAsyncClient]
    julep: type[Client] | type[AsyncClient]
    run: _Run
    at_once: _AtOnce
    crowd: str

    def infisical_client(self, sandbox: BothSandbox, client_id: str, client_secret: str) -> AnyInfisical:
        """Return a client for a machine identity."""
        # A proxy of the environment has no road to this machine's own loopback.
        return self.infisical(endpoint=sandbox.url, client_id=client_id, client_secret=client_secret, trust_env=False)

    def julep_client(self, sandbox: BothSandbox, api_key: str) -> AnyJulep:
        """Return a client with this key."""
        return self.julep(api_key, sandbox.api_url, trust_env=False)


MODES = (
    Mode(InfisicalClient, Client, _run_without_loop, _in_threads, f"{_THREADS} threads"),
    Mode(InfisicalAsyncClient, AsyncClient, asyncio.run, _in_tasks, "one task each"),
)
