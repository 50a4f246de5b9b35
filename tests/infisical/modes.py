"""The two clients under one roof: a test written once runs blocking and async."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gemel.infisical import InfisicalAsyncClient, InfisicalClient


class Mode:
    """One kind of client. `run` takes what a call gave back: the result, or a coroutine to be run to its end."""

    name: str
    client_class: Any

    def __init__(self) -> None:
        self._clients: list[Any] = []

    def client(self, **settings: Any) -> Any:
        """A client that is closed when the test is over; failed requests are not repeated unless asked for."""
        made = self.client_class(**{"retries": 0, "timeout": 20, **settings})
        self._clients.append(made)
        return made

    def run(self, outcome: Any) -> Any:
        raise NotImplementedError

    def together(self, call: Callable[[], Any], times: int) -> list[Any]:
        """The outcomes of so many calls at once, errors among them."""
        raise NotImplementedError

    def close(self) -> None:
        for client in self._clients:
            self.run(client.close())


class Blocking(Mode):
    """InfisicalClient."""

    name = "sync"
    client_class = InfisicalClient

    def run(self, outcome: Any) -> Any:
        return outcome

    def together(self, call: Callable[[], Any], times: int) -> list[Any]:
        with ThreadPoolExecutor(times) as pool:
            waiting = [pool.submit(call) for _ in range(times)]
        return [each.exception() or each.result() for each in waiting]


class Awaiting(Mode):
    """InfisicalAsyncClient, in one loop for the whole test."""

    name = "async"
    client_class = InfisicalAsyncClient

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()

    def run(self, outcome: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(outcome)

    def together(self, call: Callable[[], Any], times: int) -> list[Any]:
        async def gather() -> list[Any]:
            return list(await asyncio.gather(*(call() for _ in range(times)), return_exceptions=True))

        return list(self.run(gather()))

    def close(self) -> None:
        super().close()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


MODES = (Blocking, Awaiting)
