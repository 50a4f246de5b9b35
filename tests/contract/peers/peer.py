"""One SDK in a process of its own: `python peer.py httpx async <given.json >results.json`."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

from flow import flow

CLASSES = {"gemel": "Gemel", "httpx": "Httpx", "official": "Official"}


async def told(name: str, mode: str, given: dict[str, Any]) -> dict[str, Any]:
    peer = getattr(import_module(f"{name}_sdk"), CLASSES[name])(given, mode)
    try:
        return await flow(peer)
    finally:
        await peer.close()


if __name__ == "__main__":
    results = asyncio.run(told(sys.argv[1], sys.argv[2], json.load(sys.stdin)))
    json.dump(results, sys.stdout)
