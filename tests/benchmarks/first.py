"""Child process of the benchmark: imports one peer, fetches one secret, and prints as JSON what that cost.

    python first.py sync|async PEER ORIGIN

`value` is the secret; `at` when it was there, on the monotonic clock, in seconds, which all processes of a machine
share; `ready` the seconds it took to import the peer and make its client; `peak` the largest resident size in bytes,
or null where the system does not tell.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import peers

STATUS = Path("/proc/self/status")


def peak_memory() -> int | None:
    """The peak resident size in bytes; not from getrusage, which also counts the parent that forked this process."""
    if not STATUS.exists():
        return None
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def blocking(name: str, origin: str) -> dict[str, Any]:
    started = time.monotonic()
    peer = peers.SYNC[name](origin)
    ready = time.monotonic() - started
    found = peer.value(peer.get())
    at = time.monotonic()
    peer.close()
    return {"value": found, "at": at, "ready": ready}


async def awaited(name: str, origin: str, started: float) -> dict[str, Any]:
    peer = peers.ASYNC[name](origin)
    ready = time.monotonic() - started
    found = peer.value(await peer.get())
    at = time.monotonic()
    await peer.close()
    return {"value": found, "at": at, "ready": ready}


def main(mode: str, name: str, origin: str) -> None:
    if mode == "sync":
        outcome = blocking(name, origin)
    else:
        started = time.monotonic()
        import asyncio  # here, because blocking peers must not pay for it

        outcome = asyncio.run(awaited(name, origin, started))
    print(json.dumps({**outcome, "peak": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
