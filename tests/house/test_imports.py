"""Imports run one way: import-linter keeps the contracts of setup.cfg on gemel, and sees what would break one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import gemel

pytestmark = pytest.mark.static
ROOT = Path(__file__).parents[2]
LINT = """\
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(sys.argv[1], no_cache=True, no_logo=True))
"""
ROOMS = "kit: a layer a room"


def test_imports_keep_their_directions() -> None:
    broken, account = lint_imports(ROOT / "setup.cfg", Path.cwd())
    assert not broken, account
    assert "Contracts:" in account, account


def lint_imports(config: Path, folder: Path) -> tuple[bool, str]:
    """Run import-linter as a program in a folder, which is where it looks first for the package."""
    command = [sys.executable, "-c", LINT, str(config)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode != 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of gemel, to plant mistakes in."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(Path(gemel.__file__).parent, folder / "gemel", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@contextmanager
def planted(folder: Path, mistakes: dict[str, str]) -> Iterator[None]:
    """Add a line to the end of each of these modules of the copy; one that is not there is made, and removed."""
    files = {module: folder.joinpath(*module.split(".")).with_suffix(".py") for module in mistakes}
    before = {module: file.read_text() if file.exists() else None for module, file in files.items()}
    for module, file in files.items():
        file.write_text((before[module] or "") + mistakes[module] + "\n")
    try:
        yield
    finally:
        for module, file in files.items():
            text = before[module]
            file.unlink() if text is None else file.write_text(text)


def under_type_checking(line: str) -> str:
    return f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {line}"


def in_a_function(line: str) -> str:
    return f"def _late() -> None:\n    {line}"


UPWARD = "import gemel.kit.calls.call"
# The contract that is broken, the lines by the module that they are planted in, and what is said of each.
MISTAKES = {
    "upward, at the top of a module, for checkers alone, in a function": (
        ROOMS,
        {
            "gemel.kit.http.links": UPWARD,
            "gemel.kit.fork": "from gemel.kit.declare import get",
            "gemel.kit.types": under_type_checking(UPWARD),
            "gemel.kit.flow.clock": in_a_function(UPWARD),
        },
        [
            "links -> gemel.kit.calls",
            "fork -> gemel.kit.declare",
            "types -> gemel.kit.calls",
            "clock -> gemel.kit.calls",
        ],
    ),
    "between two rooms on one line": (
        ROOMS,
        {
            "gemel.kit.paging.page": "import gemel.kit.transport.body",
            "gemel.kit.policies.redirects": in_a_function("import gemel.kit.bodies.parts"),
            "gemel.kit.declare": "import gemel.kit.client",
        },
        [
            "gemel.kit.paging is not allowed to import gemel.kit.transport",
            "gemel.kit.policies is not allowed to import gemel.kit.bodies",
            "gemel.kit.declare is not allowed to import gemel.kit.client",
        ],
    ),
    "in a circle inside a room": (
        "no circles, inside a room either",
        {
            "gemel.kit.models.plain": under_type_checking("import gemel.kit.models.model"),
            "gemel.infisical.errors": in_a_function("import gemel.infisical.client"),
        },
        ["gemel.kit.models.", ".plain -> .model", "gemel.infisical.", ".errors -> .client"],
    ),
    "of a room that has no place": (
        ROOMS,
        {"gemel.kit.utils": '"""A room that nobody has placed."""'},
        ["utils"],
    ),
    "of the face": (
        "nothing inside gemel imports its face",
        {
            "gemel.kit.types": "import gemel",
            "gemel.kit.calls.call": under_type_checking("from gemel import Retry"),
            "gemel.infisical.client": in_a_function("from gemel import Retry"),
            "gemel.testing.plugin": "from .. import Retry",
            "gemel.cli.__init__": "from gemel import Retry as R",
        },
        [f"{module} -> gemel (" for module in ("types", "call", "infisical.client", "plugin", "gemel.cli")],
    ),
    "of the face of an SDK": (
        "nothing inside gemel.infisical imports its face",
        {
            "gemel.infisical.client": "from gemel.infisical import Secret",
            "gemel.infisical.models.folders": in_a_function("from .. import Secret"),
        },
        ["gemel.infisical.client -> gemel.infisical ("],
    ),
    "of the kit by the sandbox": (
        "the sandbox is a witness: it knows neither the kit nor an SDK",
        {"gemel.sandbox.store": in_a_function("from gemel.kit.types import JSON")},
        ["gemel.sandbox.store -> gemel.kit.types"],
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_planted_import_is_seen(copied: Path, kind: str) -> None:
    contract, mistakes, told = MISTAKES[kind]
    with planted(copied, mistakes):
        broken, account = lint_imports(ROOT / "setup.cfg", copied)
    assert broken and f"{contract} BROKEN" in account, account
    assert [each for each in told if each not in account] == [], account


FOREIGN = {
    "uplink": ("gemel.kit.calls.endpoint", "uplink stays behind kit.bind and gemel.uplink"),
    "requests": ("gemel.kit.policies.retry", "requests stays behind its transport"),
    "aiohttp": ("gemel.kit.flow.drive", "aiohttp stays behind its transport and in the sandbox"),
    "marshmallow": ("gemel.kit.models.meta", "marshmallow stays behind kit.models.schema and its fields"),
    "msgspec": ("gemel.infisical.errors", "msgspec stays in the kit"),
    "beartype": ("gemel.kit.stubs.checks", "beartype stays behind kit.bind.checks"),
    "openai": ("gemel.julep.official", "nobody imports openai: julep.official loads it when it is asked for"),
    "rich": ("gemel.testing.stub", "only the command line knows click and rich"),
}


def test_a_foreign_package_outside_its_room_is_seen(copied: Path) -> None:
    with planted(copied, {module: in_a_function(f"import {package}") for package, (module, _) in FOREIGN.items()}):
        broken, account = lint_imports(ROOT / "setup.cfg", copied)
    assert broken
    for package, (module, contract) in FOREIGN.items():
        assert f"{contract} BROKEN" in account and f"{module} -> {package}" in account, account
