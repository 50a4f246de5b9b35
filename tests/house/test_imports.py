"""Imports run one way: import-linter keeps the contracts of setup.cfg on the installed package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = """\
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(sys.argv[1], no_cache=True, no_logo=True))
"""


def test_imports_keep_their_directions() -> None:
    broken, account = lint_imports(ROOT / "setup.cfg", Path.cwd())
    assert not broken, account
    assert "Contracts:" in account, account


def test_a_contract_that_is_broken_is_reported(tmp_path: Path) -> None:
    package = tmp_path / "upside"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "low.py").write_text("import upside.high\n")
    (package / "high.py").write_text("")
    config = tmp_path / "setup.cfg"
    config.write_text(
        "[importlinter]\nroot_package = upside\n"
        "[importlinter:contract:1]\nname = one way\ntype = layers\nlayers =\n    upside.high\n    upside.low\n"
    )
    broken, account = lint_imports(config, tmp_path)
    assert broken and "upside.low is not allowed to import upside.high" in account, account


def lint_imports(config: Path, folder: Path) -> tuple[bool, str]:
    """Run import-linter as a program in a folder, which is where it looks first for the package."""
    command = [sys.executable, "-c", LINT, str(config)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode != 0, done.stdout + done.stderr
