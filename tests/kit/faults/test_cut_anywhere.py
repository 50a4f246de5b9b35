"""A reply that is cut at any of its bytes is an error, and never a part of the value."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable
from typing import Any

import pytest

from gemel.kit.errors import APIConnectionError

from ..shop import Mode
from ..wire import Wire, cut
from .hostile import BODY, CHUNKED, JSON, OK, sized
from .leaks import nothing_left
from .rows import VALUE

PACKED = gzip.compress(BODY, mtime=0)
UNTIL_THE_END = JSON + b"Content-Encoding: gzip\r\n\r\n"
CHUNKS = CHUNKED + b"5\r\n" + BODY[:5] + b"\r\n07;x=y\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED)
CASES = {
    "by its length": (sized() + BODY, range(len(sized()) + len(BODY))),
    # When the last chunk has come, its size and the end of that line, the body is whole (RFC 9112, section 8).
    "in chunks": (CHUNKS, range(len(CHUNKS) - 2)),
    "packed": (GZIP + PACKED, range(len(GZIP), len(GZIP) + len(PACKED))),
    "packed, until the end": (UNTIL_THE_END + PACKED, range(len(UNTIL_THE_END) + 1, len(UNTIL_THE_END) + len(PACKED))),
}


def called(mode: Mode, url: str, lengths: Iterable[int]) -> list[Any]:
    """Call once for each length that the reply may be cut to, with one client; return what came of it."""
    return asyncio.run(_awaited(mode, url, lengths), debug=False) if mode.is_async else _blocking(mode, url, lengths)


def _blocking(mode: Mode, url: str, lengths: Iterable[int]) -> list[Any]:
    told: list[Any] = []
    with mode.client(url, retries=0, timeout=30.0) as shop:
        for length in lengths:
            try:
                told.append(shop.albums.anything(str(length)))
            except APIConnectionError as error:
                told.append(error)
    return told


async def _awaited(mode: Mode, url: str, lengths: Iterable[int]) -> list[Any]:
    async with mode.client(url, retries=0, timeout=30.0) as shop:
        return await asyncio.gather(*(shop.albums.anything(str(cut)) for cut in lengths), return_exceptions=True)


@pytest.mark.parametrize(("whole", "lengths"), CASES.values(), ids=CASES)
def test_a_reply_that_is_cut_anywhere(mode: Mode, whole: bytes, lengths: range) -> None:
    def answer(request: Any) -> Any:
        return cut(whole[: int(request.target.rpartition("/")[2])])

    with nothing_left(), Wire(answer=answer) as wire:
        *told, last = called(mode, wire.url, [*lengths, len(whole)])
    assert last == VALUE
    assert {type(one) for one in told} == {APIConnectionError}
