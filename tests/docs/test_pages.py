"""What pages repeat from the code, they repeat to the letter: the error tree, the forms on the wire, the defaults."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import gemel.julep.errors
import gemel.kit.caching.rules
import gemel.kit.errors
import gemel.kit.http.encoding
import gemel.kit.paging
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.flows import Flowing
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.policies.retry import Budget

DOCS = Path(__file__).parents[2] / "docs"
PUBLISHED: dict[str, Any] = json.loads(
    (DOCS.parent / "tests" / "julep" / "data" / "managers.json").read_text(encoding="utf-8")
)


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


def test_the_julep_error_tree_is_that_of_the_code() -> None:
    assert paragraph(gemel.julep.errors.__doc__, "GemelError") in page("julep")


@pytest.mark.parametrize("noun", ["agents", "users", "sessions", "docs", "memories", "tools", "jobs"])
def test_the_page_of_a_manager_has_every_call_of_it(noun: str) -> None:
    """But for the low-level names, which `migrating` has."""
    manager = getattr(importlib.import_module(f"gemel.julep.managers.{noun}"), f"{noun.capitalize()}Manager")
    calls = {name for name, found in inspect.getmembers(manager) if isinstance(found, Endpoint | Flowing)}
    calls -= {"post_chat", *PUBLISHED["low_level"]}
    assert calls and [name for name in calls if f"| `{name}(" not in page(f"julep-{noun}")] == []


def published_parameters(method: dict[str, Any]) -> list[str]:
    return re.findall(r"(?:^\(self, |, )(?:\*, )?(\w+):", method["signature_sync"])


@pytest.mark.parametrize("manager", PUBLISHED["managers"])
def test_migrating_names_every_published_call_with_its_arguments(manager: str) -> None:
    rows = page("julep-migrating").partition("\n## Calls\n")[2].partition("\n## ")[0].splitlines()
    for name, method in PUBLISHED["managers"][manager].items():
        if not name.startswith("_"):
            found = [row for row in rows if re.match(rf"\| .*`{manager}\.{name}\(", row)]
            assert len(found) == 1, f"{manager}.{name}"
            missing = [one for one in published_parameters(method) if one not in found[0] and "=, ..." not in found[0]]
            assert missing == [], f"{manager}.{name}"


def test_migrating_names_every_low_level_call() -> None:
    named = set(re.findall(r"`(\w+)`", page("julep-migrating")))
    assert [name for name in PUBLISHED["low_level"] if name not in named] == []


def test_the_kinds_of_paging_are_those_of_the_code() -> None:
    assert paragraph(gemel.kit.paging.__doc__, "| declared") in page("paging")


def test_the_forms_on_the_wire_are_those_of_the_code() -> None:
    assert paragraph(gemel.kit.http.encoding.__doc__, "| Python") in page("declaring")


def test_the_defaults_are_those_of_the_code() -> None:
    numbers = {name: getattr(Retry(), name) for name in Retry.__struct_fields__}
    assert numbers.pop("statuses") == frozenset() and "| `statuses` | none |" in page("errors")
    assert defaults("errors", "Retries") == numbers
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


def test_the_cookbook_shows_the_whole_of_a_tested_file() -> None:
    [included] = re.findall(r"^```\{literalinclude\} (\S+)\n(.*?)^```$", page("cookbook"), re.MULTILINE | re.DOTALL)
    shown, options = (DOCS / included[0]).resolve(), included[1]
    assert shown == DOCS.parent / "tests" / "kit" / "test_cookbook.py"
    assert options == ":language: python\n"
    assert len(shown.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_cookbook_says_where_to_read_more_of_each_thing() -> None:
    """What it points to in the file is in the file, and the pages are there."""
    source = (DOCS.parent / "tests" / "kit" / "test_cookbook.py").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| \[.+\]\((\w+)\.md.*\) \|$", page("cookbook"), re.MULTILINE)
    assert len(rows) == 11
    for named, target in rows:
        assert (DOCS / f"{target}.md").exists()
        for name in re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", named))):
            assert re.search(rf"\b{name}\b", source), name
