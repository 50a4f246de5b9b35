"""What an async pager alone does: it is awaited, and may fetch one page ahead without leaving a task behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from contextlib import aclosing
from typing import Any

import pytest

from gemel.kit.errors import NotFoundError

from .lists import AsyncWarehouseClient, Item, Lists, items, shelf
from .wire import Seen, reply


class Gate:
    """A list of nine, whose second page comes when it is let in."""

    def __init__(self, *, status: int = 200) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()
        self._status = status
        self._good = shelf(9)

    def __call__(self, request: Seen) -> bytes:
        if "offset=3" in request.query:
            self.asked.set()
            self.open.wait(5)
            if self._status != 200:
                return reply({}, self._status)
        return self._good(request)


def run(url: str, work: Any) -> Any:
    """Do the work with a client; the tasks that are left afterwards are an error."""

    async def done() -> Any:
        async with AsyncWarehouseClient(url, retries=0, timeout=5) as client:
            outcome = await work(client)
            await nothing_left()
            return outcome

    return asyncio.run(done())


async def nothing_left() -> None:
    """Give the loop some turns to close what was left; then no task but this one is there."""
    for _ in range(100):
        if asyncio.all_tasks() == {asyncio.current_task()}:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(asyncio.all_tasks())


async def soon(happened: threading.Event) -> bool:
    """Whether it happens while the loop turns."""
    return await asyncio.to_thread(happened.wait, 1)


def test_a_pager_is_awaited_for_its_first_page() -> None:
    async def work(client: Any) -> Any:
        page = await client.things.by_offset()
        rest = [item async for item in client.things.by_offset().resume(page.position)]
        several = await asyncio.gather(client.things.by_offset(), client.things.by_offset(offset=6))
        return page.items, rest, [found.items for found in several]

    with Lists(shelf(7)) as server:
        first, rest, several = run(server.url, work)
    assert first == [Item(id=str(number)) for number in range(3)]
    assert rest == [Item(id=str(number)) for number in range(3, 7)]
    assert several == [first, [Item(id="6")]]


@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
def test_looking_ahead_gives_the_same(count: int) -> None:
    async def work(client: Any) -> Any:
        pager = client.things.by_offset().ahead()
        return [item async for item in pager], [len(page) async for page in pager.pages()], await pager.all()

    with Lists(shelf(count)) as server:
        found, sizes, again = run(server.url, work)
        targets = len(server.seen)
    assert found == again == [Item(id=str(number)) for number in range(count)]
    assert sum(sizes) == count
    assert targets == 3 * max(1, -(-count // 3))


def test_the_next_page_comes_while_the_items_are_worked_on() -> None:
    async def asked_meanwhile(client: Any, gate: Gate, *, ahead: bool) -> bool:
        pager = client.things.by_offset()
        async with aclosing((pager.ahead() if ahead else pager).pages()) as pages:
            async for _ in pages:
                return await soon(gate.asked) if ahead else gate.asked.is_set()
        return False

    for ahead in (True, False):
        gate = Gate()
        with Lists(gate) as server:
            gate.open.set()
            assert run(server.url, lambda client: asked_meanwhile(client, gate, ahead=ahead)) is ahead  # noqa: B023


def test_no_page_is_asked_for_ahead_of_a_limit() -> None:
    async def work(client: Any) -> Any:
        return [item.id async for item in client.things.by_offset().limit(2).ahead()]

    with Lists(shelf(9)) as server:
        assert run(server.url, work) == ["0", "1"]
        assert len(server.seen) == 1


async def breaking(pager: Any) -> None:
    async for _ in pager:
        break


async def raising(pager: Any) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async for _ in pager:
            raise ZeroDivisionError


async def closing(pager: Any) -> None:
    async with aclosing(pager.pages()) as pages:
        async for _ in pages:
            break
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("leave", [breaking, raising, closing])
def test_an_iteration_that_is_left_early_leaves_nothing(leave: Any) -> None:
    async def work(client: Any) -> None:
        await leave(client.things.by_offset().ahead())
        assert gate.open.is_set() is False
        await nothing_left()

    gate = Gate()
    with Lists(gate) as server:
        try:
            run(server.url, work)
        finally:
            gate.open.set()
    gc.collect()


@pytest.mark.parametrize("leave", [breaking, raising])
@pytest.mark.parametrize("closes", [True, False])
def test_a_loop_that_ends_at_once_leaves_nothing(leave: Any, closes: bool) -> None:
    async def work() -> None:
        client = AsyncWarehouseClient(server.url, retries=0)
        await leave(client.things.by_offset().ahead())
        if closes:
            await client.close()

    gate = Gate()
    with Lists(gate) as server:
        try:
            asyncio.run(work())
        finally:
            gate.open.set()
    gc.collect()


def test_a_cancelled_iteration_leaves_nothing() -> None:
    async def iterate(pager: Any) -> None:
        async for _ in pager:
            pass

    async def work(client: Any) -> None:
        task = asyncio.create_task(iterate(client.things.by_offset().ahead()))
        assert await soon(gate.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await nothing_left()

    gate = Gate()
    with Lists(gate) as server:
        try:
            run(server.url, work)
        finally:
            gate.open.set()


def test_an_error_ahead_comes_after_the_items_before_it() -> None:
    async def work(client: Any) -> list[str]:
        found: list[str] = []
        with pytest.raises(NotFoundError):
            async for item in client.things.by_offset().ahead():
                await soon(gate.asked)
                found.append(item.id)
        return found

    gate = Gate(status=404)
    gate.open.set()
    with Lists(gate) as server:
        assert run(server.url, work) == ["0", "1", "2"]


def test_an_error_ahead_that_nobody_waits_for() -> None:
    """The loop would report it as never retrieved."""
    reported: list[Any] = []

    async def work(client: Any) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
        async for _ in client.things.by_offset().ahead():
            assert await soon(gate.asked)
            await asyncio.sleep(0.05)
            break
        await nothing_left()

    gate = Gate(status=404)
    gate.open.set()
    with Lists(gate) as server:
        run(server.url, work)
    gc.collect()
    assert reported == []


def test_tasks_share_a_pager() -> None:
    async def work(client: Any) -> Any:
        pager = client.things.by_offset().ahead()
        return await asyncio.gather(*(pager.all() for _ in range(10)))

    with Lists(shelf(9)) as server:
        assert run(server.url, work) == [[Item(id=str(number)) for number in range(9)]] * 10


def test_a_client_that_is_closed_in_between() -> None:
    async def work() -> list[str]:
        client = AsyncWarehouseClient(server.url, retries=0)
        found: list[str] = []
        with contextlib.suppress(Exception):
            async for item in client.things.by_offset().ahead():
                found.append(item.id)
                await client.close()
        return found

    def answer(request: Seen) -> bytes:
        return reply({"items": items(0, 3), "totalCount": 9})

    with Lists(answer) as server:
        assert asyncio.run(work()) == ["0", "1", "2"]
    gc.collect()
