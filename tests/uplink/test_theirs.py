"""theirs.tsv: each test and example of uplink 0.10.0, and the test that asks the same of the Adapter, or why none does.

| reason | what such a test is about |
|---|---|
| definition | how uplink puts a declaration together, before any client is met; it runs as it is |
| converter | converters by themselves; those of the Consumers here are asked for over the wire |
| machine | hooks, states, entry points and helpers of uplink's, with mocks on both sides |
| schedule | how long and how often a retry waits, without a request |
| own client | the life of uplink's own sessions, threads and registry, which the Adapter takes the place of |
| container | what the list of several credentials is like |
| twisted | Twisted, which gemel does not run on |
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = [line.split("\t") for line in (HERE / "theirs.tsv").read_text(encoding="utf-8").splitlines()]
RESTATED = [ours for _, ours, _ in ROWS if ours != "-"]


def test_every_row_has_a_test_or_a_reason() -> None:
    reasons = {line.split("|")[1].strip() for line in (__doc__ or "").splitlines() if line.startswith("| ")}
    assert all((ours == "-") == (why in reasons - {"reason"}) for _, ours, why in ROWS)
    assert len({theirs for theirs, _, _ in ROWS}) == len(ROWS) == 335
    assert len(RESTATED) == 133


@pytest.mark.parametrize("ours", sorted(set(RESTATED)))
def test_what_is_named_is_there(ours: str) -> None:
    file, _, name = ours.partition("::")
    found = ast.parse((HERE / file).read_text(encoding="utf-8")).body
    assert name in {node.name for node in found if isinstance(node, ast.FunctionDef)}


@pytest.mark.skipif("UPLINK_SDIST" not in os.environ, reason="UPLINK_SDIST is where the sdist of uplink is unpacked")
def test_no_test_of_theirs_is_forgotten() -> None:
    root = Path(os.environ["UPLINK_SDIST"])
    found = {
        f"{path.relative_to(root).as_posix()}::{owner}{node.name}"
        for path in (root / "tests").rglob("test_*.py")
        for owner, body in bodies(ast.parse(path.read_text(encoding="utf-8")))
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    assert found == {theirs for theirs, _, _ in ROWS if theirs.startswith("tests/")}


def bodies(module: ast.Module) -> list[tuple[str, list[ast.stmt]]]:
    """The body of a module and those of its classes, with what their names begin with."""
    return [
        ("", module.body),
        *((f"{node.name}.", node.body) for node in module.body if isinstance(node, ast.ClassDef)),
    ]
