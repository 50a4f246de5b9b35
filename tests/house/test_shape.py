"""How the code is cut: every file says what it is for, and no function is too long to take in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FUNCTION = 60
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
