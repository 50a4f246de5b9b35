"""The pytest plugin: its fixtures by entry point, what it costs who does not use them, and how to be without it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import gemel.testing

DEVELOPMENT = ["-X", "dev"] if sys.flags.dev_mode else []
USES_BOTH = """
    import asyncio
    from gemel.infisical import InfisicalAsyncClient, InfisicalClient
    from gemel.infisical.api.projects import Projects

    def test_sandbox(infisical_sandbox):
        with InfisicalClient(endpoint=infisical_sandbox.url, token=infisical_sandbox.token) as client:
            assert client.projects.list() == []
            client.projects.create("Shop")

    def test_sandbox_is_empty_again(infisical_sandbox):
        with InfisicalClient(endpoint=infisical_sandbox.url, token=infisical_sandbox.token) as client:
            assert client.projects.list() == []

    def test_stub(gemel_stub):
        gemel_stub.on(Projects.list).reply([])
        async def main():
            async with InfisicalAsyncClient(endpoint=gemel_stub.url, token="t") as client:
                return await client.projects.list()
        assert asyncio.run(main()) == []
"""
FORGETS = """
    from gemel.infisical.api.projects import Projects

    def test_forgets(gemel_stub):
        gemel_stub.on(Projects.list).reply([])
"""
LOOKS = """
    import sys

    def test_nothing_is_loaded():
        heavy = {"aiohttp", "requests", "uplink", "marshmallow", "msgspec", "urllib3", "asyncio", "ssl"}
        assert "gemel.testing.plugin" in sys.modules
        assert heavy & set(sys.modules) == set()
        loaded = {name for name in sys.modules if name.split(".")[0] == "gemel"}
        assert loaded == {"gemel", "gemel.testing", "gemel.testing.plugin"}
"""
LACKS = """
    import sys

    def test_lacks(request):
        assert "gemel.testing.plugin" not in sys.modules
        assert "gemel" not in sys.modules
"""


def run(folder: Path, test: str, *options: str, disabled: bool = False) -> str:
    """Run pytest in a process of its own over one file; return what it says."""
    lines = test.splitlines()
    (folder / "test_it.py").write_text("\n".join(line[4:] for line in lines))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    # Other plugins that happen to be installed may load what they like.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1" if disabled else ""
    if not disabled:
        del environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    # anyio, which openai brings, has an older plugin that warns.
    without = ["-p", "no:cacheprovider", "-p", "no:anyio"]
    command = [sys.executable, "-W", "error", *DEVELOPMENT, "-m", "pytest", "-q", *without, *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


PLUGIN = ("-p", "gemel.testing.plugin")


def test_the_entry_point_names_the_plugin() -> None:
    named = {one.name: one.value for one in entry_points(group="pytest11")}
    assert named["gemel"] == "gemel.testing.plugin"


def test_the_fixtures_are_there_without_asking(tmp_path: Path) -> None:
    said = run(tmp_path, USES_BOTH)
    assert "3 passed" in said, said


def test_the_stub_fails_a_test_that_does_not_call_it(tmp_path: Path) -> None:
    said = run(tmp_path, FORGETS)
    assert "1 passed, 1 error" in said and "(Projects.list): never called" in said, said


def test_a_run_that_uses_no_fixture_loads_nothing(tmp_path: Path) -> None:
    said = run(tmp_path, LOOKS, *PLUGIN, disabled=True)
    assert "1 passed" in said, said


def test_it_can_be_left_out(tmp_path: Path) -> None:
    said = run(tmp_path, LACKS, "-p", "no:gemel")
    assert "1 passed" in said, said


def test_the_fixtures_say_what_they_are(tmp_path: Path) -> None:
    said = run(tmp_path, LOOKS, "--fixtures", *PLUGIN, disabled=True)
    assert "infisical_sandbox" in said and "gemel_stub" in said


def test_coverage_of_users_code_is_whole(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def answer():\n    return 42\n")
    test = "    import mine\n    def test_mine(gemel_stub):\n        assert mine.answer() == 42\n"
    said = run(tmp_path, test, "--cov=mine", "--cov-report=term")
    assert "1 passed" in said and "100%" in said, said


def test_everything_public_comes_from_its_home() -> None:
    for name in gemel.testing.__all__:
        assert getattr(gemel.testing, name).__name__ == name
        assert name in dir(gemel.testing)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        importlib.import_module("gemel.testing").nothing  # noqa: B018
