"""The demo on a terminal: a progress bar while it waits, then a table for each client."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from gemel.cli.demo.account import Account, StepResult, WalkAccount
from gemel.cli.demo.views import View
from gemel.cli.demo.wording import heading, verdict, walk_summary

__all__ = ["TerminalView"]

_STYLES = {"ok": "green", "failed": "bold red", "skipped": "yellow"}


class TerminalView(View):
    """Tables and a progress bar; colours unless NO_COLOR is set (https://no-color.org)."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._progress: Progress | None = None

    def begin(self, url: str) -> None:
        """Write the first line."""
        self._console.print(heading(url), markup=False, style="bold")

    def begin_walk(self, client: str, steps: int) -> None:
        """Show the progress bar of a client."""
        columns = (
            SpinnerColumn("line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._walk = self._progress.add_task(client, total=steps)
        self._step = self._progress.add_task("", visible=False)
        self._progress.start()

    def begin_step(self, name: str) -> None:
        """Show the step's name."""
        if self._progress is not None:
            self._progress.reset(self._step, total=1, visible=True, description=name)

    def tick(self, total: int) -> None:
        """Move the step's own bar."""
        if self._progress is not None:
            self._progress.update(self._step, total=total, advance=1)

    def end_step(self, result: StepResult) -> None:
        """Move the client's bar."""
        if self._progress is not None:
            self._progress.advance(self._walk)

    def end_walk(self, walk: WalkAccount) -> None:
        """Take the progress bar away and print the table."""
        self._clear()
        self._console.print()
        self._console.print(_table(walk))

    def end(self, account: Account) -> None:
        """Write the verdict."""
        self._console.print(f"\n{verdict(account)}", markup=False, style=_STYLES["ok" if account.ok else "failed"])

    def _clear(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the progress bar away, which gives the cursor back."""
        self._clear()


def _table(walk: WalkAccount) -> Table:
    table = Table(title=walk_summary(walk), title_justify="left", expand=False)
    table.add_column("")
    table.add_column("step")
    table.add_column("seen", overflow="fold")
    table.add_column("ms", justify="right")
    for result in walk.steps:
        state = Text(result.state, style=_STYLES[result.state])
        table.add_row(state, Text(result.name), _seen(result), f"{result.seconds * 1000:.1f}")
    return table


def _seen(result: StepResult) -> Text:
    text = Text(result.got, style="" if result.state == "ok" else _STYLES[result.state])
    if result.state == "failed":
        text.append(f"\nexpected: {result.expected}")
    if result.note:
        text.append(f"\n{result.note}", style="dim")
    return text
