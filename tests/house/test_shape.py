"""How the code is cut: every file says what it is for, no function is too long to take in, rooms and nouns are few."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.static
ROOT = Path(__file__).parents[2]
LONGEST_FUNCTION = 60
MOST_ROOMS = 20
# Four nouns lead from a declaration to a request: Declaration, Parameter, RequestBuilder, Definition. These went.
GONE = {"Argument", "Bound", "Build", "Draft", "Handler", "Names", "Place", "Plan"}
FILES = sorted(path for room in ("gemel", "tests", "docs") for path in (ROOT / room).rglob("*.py"))
SOURCES = [path for path in FILES if path.is_relative_to(ROOT / "gemel")]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_at() -> None:
    assert ROOT / "gemel" / "__init__.py" in SOURCES
    assert Path(__file__) in FILES


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_says_what_it_is_for(path: Path) -> None:
    assert unsaid(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_functions_are_short(path: Path) -> None:
    assert too_long(path.read_text(encoding="utf-8")) == []


def test_the_kit_has_few_rooms() -> None:
    entries = [path.name for path in (ROOT / "gemel" / "kit").iterdir() if path.name != "__pycache__"]
    assert {"calls", "bind", "stubs", "client.py"} <= set(entries) and len(entries) <= MOST_ROOMS


@pytest.mark.parametrize("room", ["bind", "stubs"])
def test_the_nouns_that_went_stay_away(room: str) -> None:
    files = sorted((ROOT / "gemel" / "kit" / room).glob("*.py"))
    assert files and {path.name: found for path in files if (found := GONE & nouns(path.read_text("utf-8")))} == {}


def nouns(source: str) -> set[str]:
    """The names that a file makes or uses, without the underscore of a private one."""
    named = [vars(node).get(key) for node in ast.walk(ast.parse(source)) for key in ("id", "name", "attr", "asname")]
    return {name.lstrip("_") for name in named if isinstance(name, str)}


def unsaid(source: str) -> str | None:
    """What is wrong with a file's first line; None where it is one sentence."""
    docstring = ast.get_docstring(ast.parse(source))
    if not docstring:
        return "no docstring"
    first = docstring.splitlines()[0]
    if first[-1] not in ".?!:" or len(first.split()) < 3:
        return f"not a sentence: {first}"
    return None


def too_long(source: str) -> list[str]:
    """The functions that are too long."""
    return [f"{name}: {size} lines" for name, size in functions(source) if size > LONGEST_FUNCTION]


def functions(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("source", ["", '""""""', '"""Errors"""', '"""What this is for"""', "import sys"])
def test_a_file_that_does_not_say_it_is_seen(source: str) -> None:
    assert unsaid(source) is not None


def test_what_is_too_long_is_seen() -> None:
    body = "    pass\n"
    assert too_long("def f():\n" + 59 * body) == []
    assert too_long("def f():\n" + 60 * body) == ["f: 61 lines"]


def test_nouns_are_seen_wherever_they_stand() -> None:
    source = "from a import Plan as P\nclass _Draft: ...\ndef f(x: Bound) -> None: y.Handler\nNames = 1\n"
    assert GONE & nouns(source) == {"Plan", "Draft", "Bound", "Handler", "Names"}
