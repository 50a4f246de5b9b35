"""gevent in the place of threads: clients work, and after a fork none uses a connection of the parent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..wire import Wire, reply

BEGIN = """
from gevent import monkey; monkey.patch_all()
import os, sys
sys.path[:0] = {path!r}
import gevent
from kit.shop import ShopClient
"""

FORKED = """
clients = [ShopClient({url!r}, retries=0, timeout=5.0) for _ in range(4)]
for number, shop in enumerate(clients):
    shop.albums.anything(f"parent-{{number}}")
child = os.fork()
if not child:
    for number, shop in enumerate(clients):
        shop.albums.anything(f"child-{{number}}")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
for number, shop in enumerate(clients):
    shop.albums.anything(f"parent-{{number}}")
    shop.close()
"""

TOGETHER = """
with ShopClient("http://localhost:{port}", retries=0, timeout=5.0) as shop:
    jobs = [gevent.spawn(shop.albums.anything, f"n-{{number}}") for number in range(40)]
    gevent.joinall(jobs, raise_error=True)
    print(len(jobs))
"""


def run(script: str, **values: Any) -> str:
    """Run a program that gevent has patched; return what it prints."""
    path = [str(Path(__file__).parents[2]), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", (BEGIN + script).format(path=path, **values)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_after_a_fork_each_process_has_its_connections() -> None:
    with Wire(reply({"ok": True})) as wire:
        run(FORKED, url=wire.url)
        ports = {who: {seen.port for seen in wire.seen if who in seen.target} for who in ("parent", "child")}
    assert len(ports["parent"]) == len(ports["child"]) == 4
    assert not ports["parent"] & ports["child"]


def test_greenlets_share_a_client() -> None:
    with Wire(answer=lambda seen: reply(seen.target.rpartition("/")[2])) as wire:
        assert run(TOGETHER, port=wire.port) == "40\n"
    assert len(wire.seen) == 40
