"""Every public name of the installed gemel has a complete, known type: `pyright --verifytypes` at 100 %."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return verify_types("gemel", tmp_path_factory.mktemp("verified"))


def test_the_public_types_are_complete(report: dict[str, Any]) -> None:
    unclear = [symbol for symbol in report["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
    assert [(symbol["name"], symbol["diagnostics"]) for symbol in unclear] == []
    assert report["completenessScore"] == 1


@pytest.mark.parametrize("face", ["gemel", "gemel.infisical", "gemel.julep", "gemel.testing"])
def test_a_checker_sees_the_whole_of_a_face(face: str, report: dict[str, Any]) -> None:
    seen = {symbol["name"] for symbol in report["symbols"] if symbol["isExported"]}
    # pyright takes dunder names for private ones.
    names = set(importlib.import_module(face).__all__) - {"__version__"}
    assert {name.rpartition(".")[2] for name in seen if name.rpartition(".")[0] == face} == names


def verify_types(package: str, folder: Path) -> dict[str, Any]:
    """Ask pyright how complete a package's types are, from a folder in which only the installed one can be met."""
    # What requests, aiohttp and marshmallow leave untyped inside their own classes is theirs to say.
    command = [sys.executable, "-m", "pyright", "--outputjson", "--ignoreexternal", "--verifytypes", package]
    # With --verifytypes, pyright asks the first python on the PATH where packages are, whatever --pythonpath says.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    world = os.environ | {"PATH": path}
    done = subprocess.run(command, cwd=folder, env=world, capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    assert "pyTypedPath" in report, f"{package} is not installed, or has no py.typed: {done.stdout}"
    return report
