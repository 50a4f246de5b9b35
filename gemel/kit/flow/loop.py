"""The event loop of whoever awaits."""

from __future__ import annotations

import asyncio

__all__ = ["running_loop"]


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that runs.

    Raises:
        RuntimeError: None of asyncio's does, as under trio.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        problem = "this client needs asyncio, and no event loop of asyncio runs here"
    raise RuntimeError(
        f"{problem}; under trio, or anyio on trio, call the blocking client in a thread: "
        "await trio.to_thread.run_sync(client.things.list)"
    )
