"""What breaks off the calls of the load breaks off nothing else."""

from __future__ import annotations

import itertools
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from .load import Interrupted, Trap


class Signals:
    """Sends a signal to this thread before the n-th instruction, the first of them having the number 1."""

    def __init__(self, at: int) -> None:
        self.at, self.steps = at, 0

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 looks for it only when a trace function is set
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code is Signals.__exit__.__code__:
            return None
        frame.f_trace = self._trace  # Python 3.13 looks for it when f_trace_opcodes is set
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        self.steps += event == "opcode"
        if event == "opcode" and self.steps == self.at:
            signal.raise_signal(signal.SIGUSR1)
        return self._trace


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    before = signal.signal(signal.SIGUSR1, trap.spring)
    yield trap
    signal.signal(signal.SIGUSR1, before)


def test_at_whatever_instruction_a_signal_comes_it_ends_the_call_alone(trap: Trap) -> None:
    came: Counter[type] = Counter()
    for at in itertools.count(1):
        signals = Signals(at)
        with signals:
            outcome = trap.outcome(lambda: "the value")
        assert not trap.armed
        came[type(outcome)] += 1
        if signals.steps < at:
            break
    assert set(came) == {str, Interrupted}, came


def test_a_signal_that_comes_while_one_is_handled_adds_nothing(trap: Trap) -> None:
    def call() -> None:
        with Signals(1):
            trap.spring()

    outcome = trap.outcome(call)
    assert isinstance(outcome, Interrupted) and not trap.armed
