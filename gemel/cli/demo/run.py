"""Walking through the chapters with each client, and checking what each step saw."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from traceback import extract_tb

from gemel.cli.demo.account import Account, State, StepResult, WalkAccount
from gemel.cli.demo.infisical import INFISICAL
from gemel.cli.demo.julep import JULEP
from gemel.cli.demo.modes import MODES, Mode
from gemel.cli.demo.steps import Chapter, Step
from gemel.cli.demo.views import View
from gemel.cli.demo.walk import Seen, Unreached, Walk, closing
from gemel.kit.errors import GemelError
from gemel.sandbox import BothSandbox

__all__ = ["CHAPTERS", "run_demo"]

CHAPTERS = (INFISICAL, JULEP)


def run_demo(sandbox: BothSandbox, view: View, chapters: Sequence[Chapter] = CHAPTERS) -> Account:
    """Walk through each chapter with the blocking client, then with the async one.

    A step that goes wrong is in the account; the others go on.
    """
    view.begin(sandbox.url)
    walks = [mode.run(_walk(mode, sandbox, view, chapter)) for chapter in chapters for mode in MODES]
    account = Account(sandbox.url, tuple(walks))
    view.end(account)
    return account


async def _walk(mode: Mode, sandbox: BothSandbox, view: View, chapter: Chapter) -> WalkAccount:
    name = chapter.client(mode)
    view.begin_walk(name, len(chapter.steps))
    async with AsyncExitStack() as ends:
        admin = mode.infisical_client(sandbox, sandbox.client_id, sandbox.client_secret)
        walk = Walk(mode, await ends.enter_async_context(closing(admin)), sandbox, view.tick, ends)
        results = tuple([await _taken(step, walk, view) for step in chapter.steps])
    account = WalkAccount(name, results, sum(result.seconds for result in results))
    view.end_walk(account)
    return account


async def _taken(step: Step, walk: Walk, view: View) -> StepResult:
    view.begin_step(step.name)
    begun = time.perf_counter()
    seen, state = await _seen(step, walk)
    seconds = time.perf_counter() - begun
    result = StepResult(step.name, state, step.expects, seen.got, seen.note, seconds)
    view.end_step(result)
    return result


async def _seen(step: Step, walk: Walk) -> tuple[Seen, State]:
    """Return what the step saw, be it an error, and what that makes of it."""
    try:
        seen = await step.act(walk)
    except Unreached as reason:
        return Seen(f"not done: {reason}"), "skipped"
    except Exception as error:
        return Seen(type(error).__name__, _told(error)), "failed"
    return seen, "ok" if seen.got == step.expects else "failed"


def _told(error: Exception) -> str:
    """Say what went wrong; the text of a foreign exception may hold a secret, its place does not."""
    if isinstance(error, GemelError):
        return str(error)
    last = extract_tb(error.__traceback__)[-1]
    return f"in {Path(last.filename).name}, line {last.lineno}"
