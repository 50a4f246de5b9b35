"""Pages import from the faces alone, and the reference shows every name of every face."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FACES = ["gemel", "gemel.infisical", "gemel.julep", "gemel.testing", "gemel.sandbox", "gemel.uplink", "gemel.cli"]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INNER = re.compile(
    r"\bgemel\.(?:kit|(?:infisical|julep)\.(?:api|client|credentials|errors|managers|models|settings))\b"
)
IMPORT = re.compile(r"\bfrom (gemel[\w.]*) import ([\w, ]+)|\bimport (gemel[\w.]*)")


def imported(text: str) -> Iterator[tuple[str, str]]:
    """The imports of gemel that a page shows, in code or in a sentence: from where, and what ("" for the module)."""
    for language, block in FENCE.findall(text):
        if language == "python":
            yield from by_syntax(block)
    for module, names, alone in IMPORT.findall(text):
        yield from ((module, name) for name in re.findall(r"\w+", names))
        if alone:
            yield alone, ""


def by_syntax(block: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gemel":
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == "gemel")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_a_page_imports_from_the_faces_alone(page: Path) -> None:
    for face, name in imported(page.read_text(encoding="utf-8")):
        assert face in FACES, f"from {face} import {name}"
        assert not name or name in importlib.import_module(face).__all__, f"from {face} import {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_module_behind_a_face(page: Path) -> None:
    inner = (
        r"\bgemel\.(?:kit|(?:infisical|julep)\.(?:api|client|credentials|errors|managers|models|official|settings))\b"
    )
    assert re.findall(inner, page.read_text(encoding="utf-8")) == []


def test_what_is_no_face_is_seen() -> None:
    page = "```python\nif x:\n  from gemel.kit.errors import (\n    APIError,\n  )\n```\n`from gemel.a import B, C`\n"
    assert set(imported(page)) == {("gemel.kit.errors", "APIError"), ("gemel.a", "B"), ("gemel.a", "C")}
    assert ("gemel.cli", "") in set(imported("```python\nimport gemel.cli as c\n```\n"))


def test_the_reference_shows_every_public_name_once() -> None:
    """What the face of an SDK shares with the kit's own is shown there; what is uplink's is told in a sentence."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. face:: (\S+)\n\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shown = Counter(f"{face}.{name}" for face, names in blocks for name in names.split())
    assert set(shown.values()) == {1}
    assert set(shown) == {f"{face}.{name}" for face in FACES[:6] for name in own_names(face)}


def own_names(face: str) -> set[str]:
    module, kit = importlib.import_module(face), importlib.import_module("gemel")
    shared = {name for name in kit.__all__ if getattr(module, name, None) is getattr(kit, name)}
    foreign = {name for name in module.__all__ if getattr(getattr(module, name), "__module__", "").startswith("uplink")}
    return set(module.__all__) - foreign - (shared if module is not kit else {"__version__"})
