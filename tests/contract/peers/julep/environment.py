"""Makes the environment of the published SDK, which cannot share one with gemel: `python environment.py FOLDER`.

It prints the interpreter of the environment. One that is there already, with the same requirements, is used as it is.
The pip of the interpreter that runs this installs; all versions are pinned, so that it has nothing to work out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def made(folder: Path) -> Path:
    """The interpreter of the environment in `folder`, made when it is not there; raises CalledProcessError."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted, installed = REQUIREMENTS.read_text(encoding="utf-8"), folder / "installed.txt"
    if not (python.exists() and installed.exists() and installed.read_text(encoding="utf-8") == wanted):
        run("venv", "--clear", "--without-pip", folder)
        run("pip", "--python", python, "install", "--quiet", "--no-deps", "--no-compile", "-r", REQUIREMENTS)
        installed.write_text(wanted, encoding="utf-8")
    return python


def run(module: str, *arguments: str | Path) -> None:
    """Run a module of this interpreter; what it prints is no answer of this program."""
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.stdout.write(f"{made(Path(sys.argv[1]))}\n")
