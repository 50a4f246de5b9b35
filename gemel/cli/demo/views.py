"""How the demo is shown without a terminal: as plain text, or as one JSON document."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from textwrap import fill
from types import TracebackType
from typing import TextIO

from typing_extensions import Self

from gemel.cli.demo.account import Account, StepResult, WalkAccount
from gemel.cli.demo.wording import heading, verdict, walk_summary

__all__ = ["JSONView", "PlainView", "View"]


# Columns of the plain text: of a step's name, and of a line in all.
_NAME = 36
_WIDTH = 120


class View(AbstractContextManager["View"]):
    """What is told of a demo while it runs; this one shows nothing."""

    def begin(self, url: str) -> None:
        """The demo begins, against the sandbox at this address."""

    def begin_walk(self, client: str, steps: int) -> None:
        """A client begins; it has so many steps."""

    def begin_step(self, name: str) -> None:
        """A step begins."""

    def tick(self, total: int) -> None:
        """One of so many calls of the present step is done."""

    def end_step(self, result: StepResult) -> None:
        """A step has ended."""

    def end_walk(self, walk: WalkAccount) -> None:
        """A client has ended."""

    def end(self, account: Account) -> None:
        """The demo has ended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the output in order, whatever happened."""


class JSONView(View):
    """One JSON document, when all is done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def end(self, account: Account) -> None:
        """Write the document."""
        self._stream.write(json.dumps(account.document(), indent=2) + "\n")


class PlainView(View):
    """Lines of text without escape codes, each step's when it has ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _line(self, text: str = "") -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def begin(self, url: str) -> None:
        """Write the first line."""
        self._line(heading(url))

    def begin_walk(self, client: str, steps: int) -> None:
        """Write the client's name."""
        self._line(f"\n{client}")

    def end_step(self, result: StepResult) -> None:
        """Write what the step saw, and what it should have seen when that is something else."""
        state = result.state if result.state == "ok" else result.state.upper()
        self._line(f"{state:>9} {result.seconds * 1000:8.1f} ms  {result.name:{_NAME}}  {result.got}")
        if result.state == "failed":
            self._detail(f"expected: {result.expected}")
        if result.note:
            self._detail(result.note)

    def _detail(self, text: str) -> None:
        margin = " " * 23
        self._line(fill(text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False))

    def end_walk(self, walk: WalkAccount) -> None:
        """Write the client's summary."""
        self._line(walk_summary(walk))

    def end(self, account: Account) -> None:
        """Write the verdict."""
        self._line(f"\n{verdict(account)}")
