"""Walking through the steps with each client, and checking what each step saw."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb

from gemel.cli.demo.account import Account, State, StepResult, WalkAccount
from gemel.cli.demo.modes import MODES, Mode
from gemel.cli.demo.steps import STEPS
from gemel.cli.demo.views import View
from gemel.cli.demo.walk import Seen, Step, Unreached, Walk, connected
from gemel.kit.errors import GemelError
from gemel.sandbox import Sandbox

__all__ = ["run_demo"]


def run_demo(sandbox: Sandbox, view: View, steps: Sequence[Step] = STEPS) -> Account:
    """Walk through the steps with the blocking client, then with the async one.

    A step that goes wrong is in the account; the others go on.
    """
    view.begin(sandbox.url)
    account = Account(sandbox.url, tuple(mode.run(_walk(mode, sandbox, view, steps)) for mode in MODES))
    view.end(account)
    return account


async def _walk(mode: Mode, sandbox: Sandbox, view: View, steps: Sequence[Step]) -> WalkAccount:
    name = mode.client.__name__
    view.begin_walk(name, len(steps))
    async with connected(mode, sandbox, sandbox.client_id, sandbox.client_secret) as client:
        walk = Walk(mode, client, sandbox, view.tick)
        results = tuple([await _taken(step, walk, view) for step in steps])
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
