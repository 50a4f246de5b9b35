"""A client in a process that forks: each process has its own connections, and neither waits for the other."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from ..shop import SYNC
from ..wire import Wire, reply
from .forks import CAN_FORK, forked, run

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="the system cannot fork")


def test_a_child_that_ends_as_programs_do_closes_nothing_of_the_parent() -> None:
    assert forked(SYNC, "sys.exit()").after == "one for each process"


TOGETHER = """
with ShopClient({url!r}, retries=0) as shop:
    for number in range(4):
        shop.albums.anything("before")
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            for turn in range(20):
                assert shop.albums.anything(f"{{number}}-{{turn}}") == f"{{number}}-{{turn}}"
            os._exit(0)
        children.append(child)
    for turn in range(20):
        assert shop.albums.anything(f"p-{{turn}}") == f"p-{{turn}}"
    print(sum(os.waitpid(child, 0)[1] for child in children))
"""


def test_replies_are_not_mixed_up() -> None:
    with Wire(answer=lambda seen: reply(seen.target.rpartition("/")[2])) as wire:
        assert run(TOGETHER, url=wire.url) == "0\n"
    assert len(wire.seen) == 104


STREAM = """
with TalkClient({url!r}, retries=0) as client:
    events = client.chat.events()
    def child():
        try:
            next(events)
        except ClientClosedError as error:
            print(error, flush=True)
        events.close()
        client.close()
    forked(child)
    client.request("GET", "go-on")
    print([event.data for event in events])
"""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def streaming(connection: socket.socket, stopped: threading.Event, go_on: threading.Event) -> None:
    """Send an event, and another one when the child is through."""
    connection.sendall(HEAD + b"data: one\n\ndata: t")
    go_on.wait(10)
    connection.sendall(b"wo\n\n")


def test_an_open_stream_stays_with_the_parent() -> None:
    go_on = threading.Event()

    def answer(seen: Any) -> Any:
        if "go-on" in seen.target:
            go_on.set()
            return reply({})
        return lambda connection, stopped: streaming(connection, stopped, go_on)

    with Wire(answer=answer) as wire:
        said = run(STREAM, url=wire.url).splitlines()
    assert "opened before this process was forked" in said[0]
    assert said[1] == "['one', 'two']"


HELD = """
from gemel.kit.policies.credentials import Bearer

inside, leave = threading.Event(), threading.Event()

def provide():
    if threading.current_thread() is not threading.main_thread():
        inside.set()
        leave.wait(10)
    return "token-1"

with ShopClient({url!r}, retries=0, timeout=5, credential=Bearer(provide)) as shop:
    thread = threading.Thread(target=lambda: shop.albums.tree())
    thread.start()
    inside.wait(10)
    forked(lambda: print(shop.albums.tree().leaf, flush=True))
    leave.set()
    thread.join()
"""


def test_a_child_does_not_wait_for_a_thread_of_the_parent() -> None:
    with Wire(reply({"leaf": 1})) as wire:
        assert run(HELD, url=wire.url) == "1\n"
