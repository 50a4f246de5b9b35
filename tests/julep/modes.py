"""The two clients under one roof: a test written once runs blocking and async."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from gemel.julep import AsyncClient, Client

KEY = "key-of-the-tests"


class Mode:
    """One kind of client. `run` takes what a call gave back: the result, or a coroutine to be run to its end."""

    name: str
    client_class: Any

    def __init__(self) -> None:
        self._clients: list[Any] = []

    def client(self, base_url: str, api_key: str = KEY, **settings: Any) -> Any:
        """A client that is closed when the test is over; failed requests are not repeated unless asked for."""
        made = self.client_class(**{"api_key": api_key, "base_url": base_url, "retries": 0, "timeout": 20, **settings})
        return self.closing(made)

    def closing(self, client: Any) -> Any:
        """The client, to be closed when the test is over."""
        self._clients.append(client)
        return client

    def run(self, outcome: Any) -> Any:
        raise NotImplementedError

    def all(self, pager: Any) -> list[Any]:
        """The items of a list in pages."""
        return list(self.run(pager.all()))

    def close(self) -> None:
        for client in self._clients:
            self.run(client.close())


class Blocking(Mode):
    """Client."""

    name = "sync"
    client_class = Client

    def run(self, outcome: Any) -> Any:
        return outcome


class Awaiting(Mode):
    """AsyncClient, in one loop for the whole test."""

    name = "async"
    client_class = AsyncClient

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()

    def run(self, outcome: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(outcome)

    def close(self) -> None:
        super().close()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


MODES = (Blocking, Awaiting)
