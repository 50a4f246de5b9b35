"""A Consumer on the Adapter starts no thread and makes no event loop, whatever looks at its replies."""

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
import uplink

from ..kit.shop import ASYNC, Mode
from ..kit.wire import Wire, reply
from .consuming import consume


class Schema(marshmallow.Schema):
    a = marshmallow.fields.Int()


class Service(uplink.Consumer):
    """Replies that handlers and converters of all kinds see."""

    @uplink.get("x")
    def plain(self): ...

    @uplink.returns.json(key="a")
    @uplink.get("x")
    def converted(self): ...

    @uplink.get("x")
    def loaded(self) -> Schema(): ...

    @uplink.response_handler(lambda response: response.raise_for_status() or response)
    @uplink.error_handler(lambda *_: None)
    @uplink.get("x")
    def handled(self): ...

    @uplink.retry(when=uplink.retry.when.status_5xx(), max_attempts=3, backoff=uplink.retry.backoff.fixed(0.001))
    @uplink.ratelimit(calls=1000, period=1)
    @uplink.json
    @uplink.post("x")
    def repeated(self, **body: uplink.Body): ...

    @uplink.multipart
    @uplink.post("x")
    def upload(self, file: uplink.Part): ...


STEPS = [
    lambda api: api.plain(),
    lambda api: api.converted(),
    lambda api: api.loaded(),
    lambda api: api.handled(),
    lambda api: api.repeated(a=1),
    lambda api: api.upload(b"x"),
]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The threads that are started and the loops that are made while a test runs, but for those of its server."""
    found: list[str] = []
    start, loop = threading.Thread.start, asyncio.base_events.BaseEventLoop.__init__

    def spy_start(thread: threading.Thread) -> None:
        if thread.name != "wire":
            found.append(thread.name)
        start(thread)

    def spy_loop(self: Any, *args: Any) -> None:
        found.append("loop")
        loop(self, *args)

    monkeypatch.setattr(threading.Thread, "start", spy_start)
    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "__init__", spy_loop)
    yield found


def test_no_thread_and_no_loop(mode: Mode, started: list[str]) -> None:
    with Wire(answer=lambda seen: reply({"a": 1})) as wire:
        before = threading.active_count()
        consume(mode, wire.url, Service, *STEPS * 3)
        assert threading.active_count() - before == sum(each.name == "wire" for each in threading.enumerate()) - 1
    # One loop is that of the test, which awaits.
    assert started == ["loop"] * mode.is_async and len(wire.seen) == len(STEPS) * 3


def test_the_spies_see_threads_and_loops(started: list[str]) -> None:
    thread = threading.Thread(target=lambda: asyncio.new_event_loop().close(), name="mine")
    thread.start()
    thread.join()
    assert started == ["mine", "loop"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors where Linux lists them")
def test_calls_leave_no_descriptor_behind() -> None:
    counts: list[int] = []

    async def step(api: Any) -> None:
        for _ in range(3):
            for _ in range(10):
                await api.converted()
            gc.collect()
            counts.append(len(os.listdir("/proc/self/fd")))

    with Wire(answer=lambda seen: reply({"a": 1})) as wire:
        consume(ASYNC, wire.url, Service, step)
    assert len(set(counts)) == 1
