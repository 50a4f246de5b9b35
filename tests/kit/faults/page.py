"""The tables of docs/faults.md, written from what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .rows import Outcome

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
BEGIN, END = "<!-- what the suite saw -->\n", "<!-- end of what the suite saw -->\n"
HEAD = "| {} | blocking | awaited | sent again | connection |\n|---|---|---|---|---|\n"
NAMES = re.compile(r"\b[A-Z][A-Za-z]*(?:Error|Interrupt)\b")

Seen = tuple[Outcome | None, Outcome | None]
"""What came of a row: of the blocking client and of the awaited one."""


def tables(sections: Mapping[str, Iterable[tuple[str, Seen]]]) -> str:
    """Return one table for each section; its rows are what the server does, and what came of it."""
    return "\n".join(_table(title, rows) for title, rows in sections.items())


def _table(title: str, rows: Iterable[tuple[str, Seen]]) -> str:
    return f"### {title}\n\n{HEAD.format('fault')}" + "".join(_row(does, seen) for does, seen in rows)


def _row(does: str, seen: Seen) -> str:
    sync, awaited = (one or Outcome("cannot happen", "", "") for one in seen)
    said = [outcome for outcome in seen if outcome is not None]
    cells = [does, _marked(sync.gives), _marked(awaited.gives), _both(*(one.again for one in said))]
    return f"| {' | '.join([*cells, _both(*(one.after for one in said))])} |\n"


def _marked(gives: str) -> str:
    return NAMES.sub(lambda name: f"`{name[0]}`", gives)


def _both(first: str, second: str = "") -> str:
    """Say once what both clients have in common."""
    return first if second in ("", first) else f"blocking: {first}; awaited: {second}"


def written() -> str:
    """Return the part of the page that the suite writes."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put this into the page in the place of what is there."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.partition(BEGIN)[0] + BEGIN + text + END + page.partition(END)[2], encoding="utf-8")
