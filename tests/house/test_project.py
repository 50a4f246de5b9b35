"""The project's own promises: what is installed, which versions are tested, and what a fresh clone can rely on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import distribution
from pathlib import Path

import pytest

import gemel

ROOT = Path(__file__).parents[2]
SUPPORTED = ["3.10", "3.11", "3.12", "3.13"]
in_tox = pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="speaks of the wheel that tox installs")
# No space in the pattern itself, so that this file does not find itself.
MACHINE = re.compile(r"/(?:work|root|home|farm|tmp|opt|Users)/[\w.]|pypi\.org/simple|registry\.npmjs")


def config(name: str) -> ConfigParser:
    parsed = ConfigParser(interpolation=None)
    parsed.read(ROOT / name, encoding="utf-8")
    return parsed


def listed(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@in_tox
def test_the_tests_test_the_installed_wheel() -> None:
    assert "site-packages" in Path(gemel.__file__).parts
    assert not Path(gemel.__file__).is_relative_to(ROOT / "gemel")


@in_tox
def test_the_wheel_holds_every_module_and_says_that_it_is_typed() -> None:
    files = distribution("gemel").files or []
    installed = {path.as_posix() for path in files if path.parts[0] == "gemel" and path.suffix == ".py"}
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gemel").rglob("*.py")}
    assert installed == written, "a module that is gone comes back from build/lib: remove build/"
    assert "gemel/py.typed" in {path.as_posix() for path in files}
    assert {path.split("/")[0] for path in map(str, files)} <= {"gemel", "..", f"gemel-{gemel.__version__}.dist-info"}


@in_tox
def test_the_version_has_one_source() -> None:
    assert distribution("gemel").version == gemel.__version__


def test_importing_gemel_is_cheap() -> None:
    code = "import sys, gemel; print(sorted(name for name in sys.modules if name.startswith('gemel')))"
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert reply.stdout.strip() == "['gemel']"


def test_every_lower_bound_is_tested() -> None:
    """What setup.cfg promises and what tox's oldest environment installs are the same list."""
    setup, tox = config("setup.cfg"), config("tox.ini")
    extras = setup["options.extras_require"]
    promised = listed(setup["options"]["install_requires"])
    promised += [line for extra in ("cli", "openai", "aws", "keyring") for line in listed(extras[extra])]
    tested = [line.split(":")[1].strip() for line in listed(tox["testenv"]["deps"]) if line.startswith("lowest:")]
    assert promised and [line.replace(">=", "==") for line in promised] == tested


def test_every_supported_python_is_tested() -> None:
    setup, tox = config("setup.cfg"), config("tox.ini")
    found = re.findall(r"Python :: (3\.\d+)$", setup["metadata"]["classifiers"], re.MULTILINE)
    assert found == SUPPORTED
    assert setup["options"]["python_requires"] == f">={SUPPORTED[0]}"
    digits = ",".join(version.replace(".", "") for version in SUPPORTED)
    assert f"py{{{digits}}}" in tox["tox"]["env_list"] and "pyodide314" in tox["tox"]["env_list"]


def test_one_python_tests_what_is_static() -> None:
    commands = listed(config("tox.ini")["testenv"]["commands"])
    whole = [
        line.split(":")[0] for line in commands if not line.startswith("lowest") and "{[testenv]run_code}" not in line
    ]
    assert whole == ["py312"] and len(commands) == 4


def test_every_python_is_tested_with_the_same_packages() -> None:
    tox = config("tox.ini")
    everywhere = {line.removeprefix("!lowest:").strip() for line in listed(tox["testenv"]["deps"])}
    with_wheels = listed(tox["testenv:pyodide314"]["deps"])
    assert with_wheels and set(with_wheels) <= everywhere


def test_the_readme_is_short_and_shows_code_first() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 80
    assert next(number for number, line in enumerate(lines, 1) if line.startswith("```python")) < 20


def test_no_file_names_a_machine() -> None:
    found = {path: MACHINE.search(path.read_text(encoding="utf-8", errors="replace")) for path in written()}
    assert [f"{path.relative_to(ROOT)}: {hit[0]}" for path, hit in found.items() if hit] == []


def written() -> list[Path]:
    """The files of the project, without what tools leave behind: hidden folders of the top, caches and builds."""
    rooms = [ROOT / room for room in ("gemel", "tests", "docs", ".ci")]
    files = [path for room in rooms for path in room.rglob("*")] + list(ROOT.iterdir())
    left = {"__pycache__", "_build", ".git", ".hypothesis"}
    return [path for path in files if path.is_file() and path.suffix != ".pyc" and not left & set(path.parts)]
