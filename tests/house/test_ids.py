"""Each process that collects the tests gives them the same names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
CASES = """
import pytest

@pytest.mark.parametrize("given", [{"session": %s}], ids=str)
def test_it(given):
    pass
"""


def collected(folder: Path, given: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest, with the conftest of these tests, over one test whose id shows the given value."""
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_it.py").write_text(CASES % given, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:anyio", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("options", [["--collect-only"], ["-n", "2"]], ids=" ".join)
def test_an_id_that_holds_an_address_stops_the_run(tmp_path: Path, options: list[str]) -> None:
    done = collected(tmp_path, "object()", *options)
    said = done.stdout + done.stderr
    assert done.returncode != pytest.ExitCode.OK, said
    assert "another id in each process: test_it.py::test_it[{'session': <object object at 0x" in said


@pytest.mark.parametrize("given", ["5", "'0x7f000001'"])
def test_any_other_id_may_be(tmp_path: Path, given: str) -> None:
    done = collected(tmp_path, given, "--collect-only")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
