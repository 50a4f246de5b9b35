"""PyInstaller: a frozen program has all that gemel loads late, and calls in both modes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gemel

from ..wire import Wire, reply

# What may be installed beside gemel, and would only make freezing slow.
LEFT_OUT = ["PIL", "fastapi", "gevent", "numpy", "openai", "pydantic", "pytest", "setuptools", "tkinter", "twisted"]
PROGRAM = Path(__file__).with_name("program.py")


@pytest.mark.timeout(900)
def test_a_frozen_program_calls(tmp_path: Path) -> None:
    freeze = [sys.executable, "-m", "PyInstaller", "--onedir", "--noconfirm", "--log-level=ERROR"]
    freeze += [f"--exclude-module={name}" for name in LEFT_OUT]
    freeze += [f"--{folder}path={tmp_path / folder}" for folder in ("dist", "work", "spec")]
    freeze += [f"--paths={Path(gemel.__file__).parents[1]}", str(PROGRAM)]
    packed = subprocess.run(freeze, capture_output=True, text=True, cwd=tmp_path, timeout=800)
    assert packed.returncode == 0, packed.stderr
    secret = {"id": "1", "workspace": "p", "environment": "dev", "version": 1, "type": "shared"}
    answers = {"A": {"secret": {**secret, "secretKey": "A", "secretValue": "it works"}}, "B": {"secret": {}}}
    frozen = tmp_path / "dist" / "program" / f"program{'.exe' if os.name == 'nt' else ''}"
    with Wire(answer=lambda seen: reply(answers[seen.target.partition("?")[0][-1]])) as wire:
        done = subprocess.run([str(frozen), wire.url], capture_output=True, text=True, timeout=60)
    assert not done.returncode and not done.stderr, done.stderr
    first, faults, last = done.stdout.splitlines()
    assert first == last == "it works" and "Missing data for required field." in faults
