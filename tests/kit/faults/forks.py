"""Programs that fork, run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..shop import Mode
from ..wire import Wire, reply
from .leaks import nothing_left
from .rows import Outcome

CAN_FORK = hasattr(os, "fork")

BEGIN = """
import asyncio, os, sys, threading
sys.path[:0] = {path!r}
from gemel.kit.errors import ClientClosedError
from kit.chat import TalkClient
from kit.shop import AsyncShopClient, ShopClient

def forked(child):
    number = os.fork()
    if not number:
        try:
            child()
        except BaseException as error:
            print("child:", type(error).__name__, error, flush=True)
        {leave}
    assert os.waitpid(number, 0)[1] == 0
"""

CALLS = {
    "sync": """
with ShopClient({url!r}, retries=0) as shop:
    shop.albums.anything("parent-1")
    forked(lambda: shop.albums.anything("child-1") and shop.albums.anything("child-2"))
    shop.albums.anything("parent-2")
""",
    "async": """
shop = AsyncShopClient({url!r}, retries=0)

async def calls(*names):
    for name in names:
        await shop.albums.anything(name)

loop = asyncio.new_event_loop()
loop.run_until_complete(calls("parent-1"))
forked(lambda: asyncio.run(calls("child-1", "child-2")))
loop.run_until_complete(calls("parent-2"))
loop.run_until_complete(shop.close())
loop.close()
""",
}


def run(script: str, leave: str = "os._exit(0)", **values: Any) -> str:
    """Run a program, which must succeed and warn of nothing; return what it and its child print."""
    path = [str(Path(__file__).parents[2]), *sys.path]
    whole = BEGIN.format(path=path, leave=leave) + script.format(**values)
    # Python warns of a fork with threads; here that is what is tried out.
    flags = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    done = subprocess.run([sys.executable, *flags, "-c", whole], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def forked(mode: Mode, leave: str = "os._exit(0)") -> Outcome:
    """A client is used, the process forks, both processes use it."""
    with nothing_left(), Wire(reply({"ok": True})) as wire:
        assert run(CALLS[mode.name], leave, url=wire.url) == ""
        ports = {seen.target.rpartition("/")[2]: seen.port for seen in wire.seen}
    assert ports["parent-1"] == ports["parent-2"] and ports["child-1"] == ports["child-2"]
    shared = ports["parent-1"] == ports["child-1"]
    return Outcome("the value, in both processes", "no", "shared" if shared else "one for each process")
