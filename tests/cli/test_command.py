"""The command itself: its version, its help, what it refuses, and what it says without the extra `cli`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import gemel
import gemel.cli

from .command import environment, run


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gemel {gemel.__version__}\n", "")


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="speaks of the wheel that tox installs")
def test_the_installed_command_is_the_same() -> None:
    installed = shutil.which("gemel", path=str(Path(sys.executable).parent))
    assert installed is not None
    done = subprocess.run([installed, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gemel {gemel.__version__}\n", "")
    (entry,) = entry_points(group="console_scripts", name="gemel")
    assert entry.load() is gemel.cli.main


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_the_commands(flag: str) -> None:
    done = run(flag)
    assert done.returncode == 0
    assert "demo" in done.stdout and "sandbox" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("demo", "--xml"),
        ("sandbox", "dance"),
        ("sandbox", "--port", "65536"),
        ("sandbox", "infisical", "--port", "65536"),
        ("sandbox", "julep", "--port", "many"),
    ],
)
def test_what_is_unknown_is_refused(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr and "Traceback" not in done.stderr


def test_an_option_in_the_place_of_another_command_is_not_ignored() -> None:
    done = run("sandbox", "--port", "8080", "julep")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "Error: give --port after 'julep', to which it belongs"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    # -S leaves site-packages out: what remains is gemel and the standard library.
    (tmp_path / "gemel").symlink_to(Path(gemel.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-m", "gemel", "demo"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment(PYTHONPATH=""),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gemel: the command line needs click and rich: pip install 'gemel[cli]'\n"
