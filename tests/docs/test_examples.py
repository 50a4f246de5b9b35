"""Every python block of the README and of the pages runs, each page in a sandbox and a namespace of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Sybil
from sybil.document import Document
from sybil.parsers.myst import PythonCodeBlockParser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN_ONLY = {"console", "json", "text", "toml", "ini", "http"}


def parse(page: Path) -> Document:
    return Sybil(parsers=[PythonCodeBlockParser()], path=str(page.parent)).parse(page)


def run(page: Path) -> int:
    """Run the examples of a page as one module, as a user's file would be, and return how many there were."""
    document, module = parse(page), ModuleType(f"example_{page.stem.replace('-', '_')}")
    document.namespace = vars(module)
    examples = list(document.examples())
    # A declaration looks up the names of its annotations in its module.
    sys.modules[module.__name__] = module
    try:
        for example in examples:
            example.evaluate()
    finally:
        del sys.modules[module.__name__]
    return len(examples)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("world")
def test_examples(page: Path) -> None:
    assert run(page) == fences(page).count("python")


@pytest.mark.usefixtures("world")
def test_the_readme_begins_with_an_api_declared_once_and_called_in_both_modes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    declaration, calls = (example.parsed for example in list(parse(ROOT / "README.md").examples())[:2])
    lines = [line for line in declaration.splitlines() if line]
    assert len(lines) <= 15 and [line for line in lines if "import" in line] == [lines[0]]
    assert lines[0].startswith("from gemel import ")
    assert "await" in calls
    run(ROOT / "README.md")
    assert capsys.readouterr().out.splitlines()[:2] == ["Blue", "Blue"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs_or_says_what_it_is(page: Path) -> None:
    known = SHOWN_ONLY | {"python", "{toctree}", "{eval-rst}", "{literalinclude}"}
    assert [language for language in fences(page) if language not in known] == []


def fences(page: Path) -> list[str]:
    """The languages of the page's blocks; a block without one is the empty string."""
    lines = [line.strip() for line in page.read_text(encoding="utf-8").splitlines()]
    marks = [line[3:].partition(" ")[0] for line in lines if line.startswith("```")]
    return marks[::2]


def test_a_failing_example_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nn = 1\n```\n\n```python\nassert n == 2\n```\n")
    with pytest.raises(AssertionError):
        run(page)
