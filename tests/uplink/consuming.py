"""A Consumer on the Adapter, in either mode: what a test does with it, and how its replies are read."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from gemel.kit.client import AsyncClient, Client
from gemel.uplink import Adapter

from ..kit.shop import Mode

Step = Callable[[Any], Any]
"""What a test does with a Consumer; in the async mode its result is awaited."""

SETTINGS: dict[str, Any] = {"retries": 0, "timeout": 10.0}


def consume(
    mode: Mode, url: str, service: Any, *steps: Step, base_url: str = "", consumer: Any = None, **own: Any
) -> Any:
    """Do the steps one after the other with one Consumer; return what the last one gives.

    url: of the client.   base_url: of the Consumer, by default the client's.   consumer: what else it is made with.
    own: settings of the client.
    """
    settings = {**SETTINGS, **own}

    def made(client: Any) -> Any:
        return service(base_url=base_url or f"{url}/", client=Adapter(client), **(consumer or {}))

    async def awaited() -> Any:
        async with AsyncClient(url, **settings) as client:
            one = made(client)
            return [await step(one) for step in steps][-1]

    if mode.is_async:
        return asyncio.run(awaited())
    with Client(url, **settings) as client:
        one = made(client)
        return [step(one) for step in steps][-1]


def settled(value: Any) -> Any:
    """What a method of a reply gives, whether it has to be awaited or not."""
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def caught(action: Callable[[], Any]) -> Exception:
    """The error of an action that must fail."""
    try:
        outcome = action()
    except Exception as error:
        return error
    raise AssertionError(f"no error, but {outcome!r}")
