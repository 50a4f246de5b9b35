"""What pages repeat from the code, they repeat to the letter: the error tree, the forms on the wire, the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import gemel.kit.caching.rules
import gemel.kit.errors
import gemel.kit.paging
import gemel.kit.wire
from gemel.kit.messages import Timeout
from gemel.kit.retry import Budget, Retry

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def paragraph(text: str | None, start: str) -> str:
    """The paragraph of a docstring that begins with this word."""
    found = [part for part in (text or "").split("\n\n") if part.startswith(start)]
    assert len(found) == 1, f"the docstring has no single paragraph that starts with {start!r}"
    return found[0].strip()


def defaults(name: str, heading: str) -> dict[str, float]:
    """The settings and their defaults in the first table below a heading."""
    below = page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+)(?: s)? \|", below, re.MULTILINE)
    return {setting: float(default) for setting, default in rows}


def test_the_error_tree_is_that_of_the_code() -> None:
    assert paragraph(gemel.kit.errors.__doc__, "GemelError") in page("errors")


def test_the_kinds_of_paging_are_those_of_the_code() -> None:
    assert paragraph(gemel.kit.paging.__doc__, "| declared") in page("paging")


def test_the_forms_on_the_wire_are_those_of_the_code() -> None:
    assert paragraph(gemel.kit.wire.__doc__, "| Python") in page("declaring")


def test_the_defaults_are_those_of_the_code() -> None:
    assert defaults("errors", "Retries") == {name: getattr(Retry(), name) for name in Retry.__struct_fields__}
    limits = {name: getattr(Timeout(), name) for name in Timeout.__struct_fields__}
    assert defaults("errors", "Timeouts") == {name: limit for name, limit in limits.items() if limit is not None}


def test_what_a_cache_obeys_is_that_of_the_code() -> None:
    rules = gemel.kit.caching.rules.__doc__
    assert paragraph(rules, "| a reply says") in page("caching")
    assert paragraph(rules, "| a request says") in page("caching")


def test_the_retry_budget_is_that_of_the_code() -> None:
    budget, repeats = Budget(), 0
    while budget.spend():
        repeats += 1
    assert f"a budget of {repeats} repeats" in page("errors")
