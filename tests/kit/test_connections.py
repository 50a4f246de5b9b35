"""Connections: which are kept, how long, for whom, and that none is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.drive import drive
from gemel.kit.flow.effects import Flow, Lock
from gemel.kit.transport.locks import Locks
from gemel.kit.transport.requests_ import RequestsTransport

from .authority import Authority
from .chat import AsyncTalkClient, TalkClient, TalkMode
from .faults.forks import CAN_FORK, run
from .faults.hostile import held
from .faults.leaks import descriptors, nothing_left, wait_in_loop, wait_until
from .shop import AsyncShopClient, Mode, ShopClient
from .wire import Wire, reply

GOOD = reply({"leaf": 1})


def tree(shop: Any) -> Any:
    return shop.albums.tree()


def to(location: str) -> bytes:
    return reply(b"", 302, {"Location": location})


def test_more_threads_than_connections_are_kept_for(caplog: pytest.LogCaptureFixture) -> None:
    """Each thread has its connection, none waits, and the program's log stays empty."""
    together = threading.Barrier(64)

    def answer(request: Any) -> bytes:
        together.wait(10)
        return GOOD

    with Wire(answer=answer) as wire, ThreadPoolExecutor(64) as pool:
        with ShopClient(wire.url, retries=0, timeout=20.0) as shop, caplog.at_level(logging.INFO):
            for _ in range(3):
                assert [call.leaf for call in pool.map(lambda _: shop.albums.tree(), range(64))] == [1] * 64
            wait_until(lambda: wire.open <= 32)
            assert wire.open == 32
    assert wire.most <= 64
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


class Forgetful(ShopClient):
    """A client that keeps no connection to an origin while it calls another one."""

    def _connected(self, network: Any, session: Any, largest: Any) -> Any:
        return RequestsTransport(network, session, largest=largest, kept=0.0)


def test_connections_to_where_redirects_led_are_not_kept_for_ever() -> None:
    with Wire(GOOD) as other, Wire(to(other.url + "/a"), GOOD) as home:
        with Forgetful(home.url, follow_redirects=True) as shop:
            shop.albums.tree()
            assert other.open == 1
            shop.albums.tree()
            wait_until(lambda: not other.open)
            assert (other.open, home.open) == (0, 1)


def test_a_client_that_was_led_to_many_origins_still_has_its_own(mode: Mode) -> None:
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Wire(GOOD)) for _ in range(12)]
        home = stack.enter_context(Wire(*(to(other.url + "/a") for other in others), GOOD))
        steps = [tree] * 14
        assert mode.run(home.url, *steps, follow_redirects=True).leaf == 1
        assert home.connections == 1


@pytest.fixture(params=[False, True], ids=["http", "https"])
def secure(request: Any) -> bool:
    return bool(request.param)


def test_loops_that_were_closed_without_being_shut_down_leave_no_descriptor(secure: bool, authority: Authority) -> None:
    async def call(shop: Any) -> Any:
        return (await shop.albums.tree()).leaf

    with nothing_left(), Wire(GOOD, tls=authority.serving() if secure else None) as wire:
        shop = AsyncShopClient(wire.url, retries=0, verify=authority.file)
        many = list[int]()
        for _ in range(10):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(call(shop)) == 1
            loop.close()
            wait_until(lambda: wire.open <= 1)
            many.append(len(descriptors()))
        assert wire.open <= 1
        asyncio.run(shop.close())
        wait_until(lambda: not wire.open)
        assert not wire.open
    assert max(many) <= many[0] + 2


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"data: one\n\ndata: two\n\n"
OPENED: dict[str, Callable[[Any], Any]] = {
    "stream": lambda client: client.chat.events(),
    "download": lambda client: client.files.content("a"),
}


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_replies_that_are_left_in_the_middle_hold_no_connection(mode: Mode, opened: Callable[[Any], Any]) -> None:
    """A loop that is left by `break` leaves its stream to nobody: its connection is closed and not waited for."""

    async def awaited(url: str) -> None:
        async with AsyncTalkClient(url, retries=0, timeout=5.0) as client:
            for _ in range(150):
                async for _ in await opened(client):
                    break
            await wait_in_loop(lambda: not wire.open)
            assert not wire.open

    def blocking(url: str) -> None:
        with TalkClient(url, retries=0, timeout=5.0) as client:
            for _ in range(150):
                for _ in opened(client):
                    break
            wait_until(lambda: not wire.open)
            assert not wire.open

    with nothing_left(), Wire(held(ENDLESS)) as wire:
        if mode.is_async:
            asyncio.run(awaited(wire.url), debug=False)
        else:
            blocking(wire.url)
    assert wire.most < 150


def test_a_reply_that_is_held_is_not_closed(mode: Mode) -> None:
    talk = TalkMode(mode)
    with Wire(held(ENDLESS)) as wire:
        seen = list[Any]()
        talk.run(wire.url, talk.reading(lambda client: client.chat.events(), seen, most=2))
    assert len(seen) == 2


class Interrupted(Exception):
    """What a signal handler raises."""


class Interruption:
    """Raises Interrupted at the n-th place where a signal handler may run: at the begin of a function, and at its end.

    at: which place, from 1.   places: how many there were.
    """

    SOURCES = (
        "/urllib3/",
        "/requests/",
        "/transport/",
        "/http/client.py",
        "/queue.py",
        "/threading.py",
        "/contextlib.py",
    )

    def __init__(self, at: int) -> None:
        self.at, self.places = at, 0

    def of(self, call: Callable[[], Any]) -> bool:
        """Call, and say whether the call ended as interrupted."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            call()
        except Interrupted:
            return True
        finally:
            sys.settrace(before)
        return False

    def _trace(self, frame: Any, event: str, arg: Any) -> Any:
        if not any(source in frame.f_code.co_filename for source in self.SOURCES):
            return None
        frame.f_trace_lines = False
        if event in ("call", "return"):
            self.places += 1
            if self.places == self.at:
                raise Interrupted
        return self._trace


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_signal_handler_that_raises_leaves_a_client_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it raises: in urllib3's queue it would leave a lock behind, and the next call would wait for ever."""
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: None)  # where a file closes itself; pytest would hold it
    with Wire(answer=lambda seen: reply(seen.target.rpartition("/")[2])) as wire:
        with ShopClient(wire.url, retries=0, timeout=3.0) as shop:
            interruption, at = Interruption(0), 0
            while at <= interruption.places:
                at += 1
                interruption = Interruption(at)
                interruption.of(lambda: shop.albums.anything("first"))
                assert shop.albums.anything("second") == "second"
            gc.collect()  # a frame that was interrupted holds its connection as long as the traceback is there
            wait_until(lambda: wire.open <= 1)
            assert wire.open <= 1
    assert at > 100


@pytest.mark.parametrize("name", ["", "a flight"])
def test_a_signal_handler_that_raises_leaves_no_lock_behind(name: str) -> None:
    """Those who wait for the lock keep it alive, and would wait for it until their deadlines, each of them."""

    def locked() -> Flow[None]:
        lock = yield Lock(monotonic() + 5.0, name)
        try:
            assert lock is not None
        finally:
            lock.release()

    with ShopClient("http://127.0.0.1:9") as shop:
        transport = shop._transport
        waiting = transport.lock(monotonic() + 5.0, name)
        waiting.release()
        interruption, at = Interruption(0), 0
        while at <= interruption.places:
            at += 1
            interruption = Interruption(at)
            interruption.of(lambda: drive(locked(), transport))
            again = transport.lock(monotonic() + 5.0, name)
            assert again is not None, at
            again.release()
    assert at > 5


def test_who_waits_for_a_lock_gets_it_when_it_is_given_back() -> None:
    order, locks = list[int](), Locks()

    def take(number: int) -> None:
        held = locks.acquired("", monotonic() + 20.0)
        assert held is not None
        order.append(number)
        held.release()
        held.release()

    first = locks.acquired("", monotonic() + 1.0)
    assert first is not None
    assert locks.acquired("", monotonic() + 0.01) is None
    with ThreadPoolExecutor(8) as pool:
        taken = [pool.submit(take, number) for number in range(8)]
        assert not order
        first.release()
        for one in taken:
            one.result()
    assert sorted(order) == list(range(8))


RENEWED = """
from gemel.kit.fork import renewed_after_fork

class Broken:
    def forked(self):
        raise AttributeError("mutex")

clients = [ShopClient({url!r}, retries=0) for _ in range(4)]
broken = [Broken() for _ in range(4)]
for owner in broken:
    renewed_after_fork(owner)
clients += [ShopClient({url!r}, retries=0) for _ in range(4)]
for number, shop in enumerate(clients):
    shop.albums.anything(f"parent-{{number}}")

def child():
    for number, shop in enumerate(clients):
        shop.albums.anything(f"child-{{number}}")

sys.stderr = sys.stdout  # Python tells there of the owners that failed
forked(child)
for number, shop in enumerate(clients):
    shop.albums.anything(f"parent-{{number}}")
    shop.close()
"""


@pytest.mark.skipif(not CAN_FORK, reason="the system cannot fork")
def test_one_that_cannot_be_renewed_after_a_fork_does_not_stop_the_others() -> None:
    with Wire(reply({"ok": True})) as wire:
        said = run(RENEWED, url=wire.url)
        ports = {who: {seen.port for seen in wire.seen if who in seen.target} for who in ("parent", "child")}
    assert "mutex" in said
    assert len(ports["parent"]) == len(ports["child"]) == 8
    assert not ports["parent"] & ports["child"]


LOOKING_UP = """
import socket
real, inside, leave = socket.getaddrinfo, threading.Event(), threading.Event()

def slowly(host, *args):
    if host != "shop.test":
        return real(host, *args)
    inside.set()
    leave.wait(10)
    return real("127.0.0.1", *args)

socket.getaddrinfo = slowly
with ShopClient("http://shop.test:{port}", retries=0, timeout=5) as shop:
    thread = threading.Thread(target=lambda: shop.albums.tree())
    thread.start()
    inside.wait(10)

    def child():
        leave.set()
        print(shop.albums.tree().leaf, flush=True)

    forked(child)
    leave.set()
    thread.join()
"""


@pytest.mark.skipif(not CAN_FORK, reason="the system cannot fork")
def test_a_child_looks_a_name_up_anew_that_the_parent_is_waiting_for() -> None:
    with Wire(GOOD) as wire:
        assert run(LOOKING_UP, port=wire.port) == "1\n"
