"""docs/life-of-a-call.md walks the way that a call takes: a real one, in both modes; each file it names is there."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gemel

DOCS = Path(__file__).parents[2] / "docs"
PACKAGE = Path(gemel.__file__).parent
CODE = re.compile(r"`([^`]+)`")
CALL = 'client.secrets.retrieve("DB_URL", project_id=pid, environment="prod")'
MODES = {
    "blocking": f"with gemel.infisical.InfisicalClient() as client:\n    watched(lambda: {CALL})",
    "async": f"""
async def main():
    async with gemel.infisical.InfisicalAsyncClient() as client:
        sys.setprofile(saw)
        await {CALL}
        sys.setprofile(None)
asyncio.run(main())
""",
}
# In a process of its own: nothing is compiled yet. A profile is told of each function that is entered.
WATCH = """
import asyncio, json, os, sys
import gemel, gemel.infisical
root, entered, pid = os.path.dirname(gemel.__file__) + os.sep, [], os.environ["INFISICAL_PROJECT_ID"]
def saw(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(root):
        entered.append((code.co_filename[len(root):].replace(os.sep, "/"), getattr(code, "co_qualname", code.co_name)))
def watched(call):
    sys.setprofile(saw)
    call()
    sys.setprofile(None)
"""


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the rows of the tables below a heading that begin with a file, without the backticks."""
    text = (DOCS / "life-of-a-call.md").read_text(encoding="utf-8")
    below = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| `kit/.*$", below, re.MULTILINE):
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def way(mode: str) -> list[tuple[str, str]]:
    """The steps of the page, as files and functions."""
    others = {(row[0], row[1]): (row[2], row[3]) for row in rows("Where sync and async differ")}
    blocking = [(row[0], row[1]) for row in rows("The way")]
    assert len(blocking) > 20 and set(others) <= set(blocking)
    return blocking if mode == "blocking" else [others.get(step, step) for step in blocking]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("world")
def test_a_call_takes_the_way_of_the_page(mode: str) -> None:
    code = f"{WATCH}{MODES[mode]}\nprint(json.dumps(entered))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert missed(way(mode), json.loads(done.stdout)) is None


def missed(steps: list[tuple[str, str]], entered: list[list[str]]) -> tuple[str, str] | None:
    """The first step that was not taken after those before it; None when all were."""
    taken = iter(entered)
    for file, function in steps:
        if not any(seen == file and fits(name, function) for seen, name in taken):
            return file, function
    return None


def fits(name: str, function: str) -> bool:
    """Whether this is the function, which may be made inside another; Python 3.10 knows the last name alone."""
    known = {function} if sys.version_info >= (3, 11) else {function, function.rpartition(".")[2]}
    return name in known or name.endswith(f".<locals>.{function}")


def test_a_step_that_is_not_taken_is_seen() -> None:
    entered = [["a.py", "f"], ["b.py", "C.g"], ["a.py", "f.<locals>.h"]]
    assert missed([("a.py", "f"), ("b.py", "C.g"), ("a.py", "h")], entered) is None
    assert missed([("b.py", "C.g"), ("a.py", "f")], entered) == ("a.py", "f")
    assert missed([("b.py", "C.h")], entered) == ("b.py", "C.h")


@pytest.mark.parametrize("mode", MODES)
def test_each_step_is_written_where_the_page_says(mode: str) -> None:
    assert [step for step in way(mode) if step[1] not in set(defined(PACKAGE / step[0]))] == []


def defined(file: Path) -> Iterator[str]:
    """The functions of a file, and its methods with their classes."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in (getattr(member, "name", "") for member in node.body) if name)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_every_file_of_the_code_that_a_page_names_is_there(page: Path) -> None:
    assert [name for name in named(page.read_text(encoding="utf-8")) if not (PACKAGE / name).exists()] == []


def named(text: str) -> set[str]:
    """The files and folders of gemel that a page names: `kit/errors.py`, `kit/caching/`, `julep/managers/<noun>.py`."""
    code = [word for found in CODE.findall(text) for word in found.split()]
    paths = {word for word in code if re.match(r"(?:kit|julep|infisical|sandbox|testing|cli)/[\w/.<>-]*$", word)}
    return {path for path in paths if "<" not in path and not path.startswith("julep/v1")}


def test_files_are_found_in_a_page() -> None:
    text = "See `kit/errors.py` and `check` in `kit/stubs/`, `julep/api/<noun>.py`; not `a/b.py`."
    assert named(text) == {"kit/errors.py", "kit/stubs/"}
