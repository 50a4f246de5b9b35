"""Playing cases: every request that a client of either mode makes for them, as lines."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

from .cases import Case
from .lines import Line, text_of
from .recorder import Answer, Recorder

# Nothing goes over TLS here, and every client would read the authorities of the machine: a twentieth of a second.
NO_TLS = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


class Sdk(NamedTuple):
    """One SDK: its two clients, what they need for an address, the cases of a client and a mode, and the server."""

    blocking: Any
    awaiting: Any
    settings: Callable[[str], dict[str, Any]]
    cases: Callable[[Any, str], Iterable[Case]]
    answer: Answer


def played(sdk: Sdk) -> list[Line]:
    """The requests of all cases of an SDK, first blocking and then async."""
    with Recorder(sdk.answer) as recorder:
        common = {**NO_TLS, **sdk.settings(recorder.url)}
        # asyncio's debug mode keeps a traceback of every callback, and would double the time.
        return [*_blocking(sdk, recorder, common), *asyncio.run(_awaiting(sdk, recorder, common), debug=False)]


def _blocking(sdk: Sdk, recorder: Recorder, common: dict[str, Any]) -> list[Line]:
    lines: list[Line] = []
    with sdk.blocking(**common) as shared:
        for case in sdk.cases(shared, "sync"):
            recorder.script(*case.replies)
            with sdk.blocking(**{**common, **case.settings}) if case.settings else nullcontext(shared) as client:
                for step in case.steps:
                    _finish(step(client))
            lines += _lines(case, "sync", recorder)
    return lines


async def _awaiting(sdk: Sdk, recorder: Recorder, common: dict[str, Any]) -> list[Line]:
    lines: list[Line] = []
    async with sdk.awaiting(**common) as shared:
        for case in sdk.cases(shared, "async"):
            recorder.script(*case.replies)
            async with sdk.awaiting(**{**common, **case.settings}) if case.settings else nullcontext(shared) as client:
                for step in case.steps:
                    await _awaited(step(client))
            lines += _lines(case, "async", recorder)
    return lines


def _finish(result: Any) -> None:
    """Do what is left of a blocking call: read all pages, read a stream to its end, send what was created."""
    if hasattr(result, "all"):
        result.all()
    elif hasattr(result, "__next__"):
        with result:
            list(result)
    elif callable(result):
        result()


async def _awaited(result: Any) -> None:
    """Do what is left of an async call."""
    if hasattr(result, "all"):
        await result.all()
    elif hasattr(result, "__aenter__"):
        async with result as events:
            async for _ in events:
                pass
    elif inspect.isawaitable(result):
        await result


def _lines(case: Case, mode: str, recorder: Recorder) -> list[Line]:
    """What a case has sent; AssertionError when that is nothing, or when a reply of its script was not asked for."""
    taken, left = recorder.take()
    assert taken and not left, f"{mode} {case.name}: {len(taken)} requests, {left} replies left"
    return [Line(case.name, mode, text_of(raw, recorder.port)) for raw in taken]
