"""One SDK in a process of its own: `python peer.py published|gemel sync|async <given.json >results.json`."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from importlib import import_module
from typing import Any

from walk import Teller, done, walk

SDKS = {"published": "julep", "gemel": "gemel.julep"}
MANAGERS = ("agents", "users", "sessions", "docs", "memories", "tools")


def methods(client: Any) -> list[str]:
    """Every public method of every manager, as `manager.method`."""
    return [
        f"{manager}.{name}"
        for manager in MANAGERS
        for name, _ in inspect.getmembers(getattr(client, manager), callable)
        if not name.startswith("_")
    ]


async def told(sdk: str, mode: str, given: dict[str, str]) -> dict[str, Any]:
    """What the steps gave, and which methods there are."""
    client = getattr(import_module(SDKS[sdk]), "AsyncClient" if mode == "async" else "Client")(**given)
    teller = Teller(client)
    try:
        await walk(teller, mode == "async")
    finally:
        if hasattr(client, "close"):
            await done(client.close())
    return {"steps": teller.told, "methods": methods(client)}


if __name__ == "__main__":
    results = asyncio.run(told(sys.argv[1], sys.argv[2], json.load(sys.stdin)))
    json.dump(results, sys.stdout)
