"""The user-code gate: pyright and mypy, both strict, must see the types and the planted mistakes of user_code*.py.

A comment at the end of a line says what is planted there, for both checkers:

    client.secrets.retrieve(1)      # E1 wrong type          each checker reports an error on this line
    reveal_type(client.secrets)     # R: Secrets[Sync]       each checker reveals this type, module names left out

Where the two write a type differently, comment lines above the reveal_type say so, one each: `# R pyright: ...` and
`# R mypy: ...`. No other line may have an error, and every reveal_type must say what it expects.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

USER_CODE = sorted(Path(__file__).parent.glob("user_code*.py"))
MISTAKE = re.compile(r"#\s*(E\d+)\b")
REVEALED = re.compile(r"#\s*R(?: (pyright|mypy))?:\s*(.+)$")
MODULE_NAMES = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")


@dataclass
class Expected:
    """What the comments of a file promise, by line number."""

    mistakes: dict[int, str] = field(default_factory=dict[int, str])
    types: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])


@dataclass
class Found:
    """What one checker said of a file, by line number."""

    errors: dict[int, str] = field(default_factory=dict[int, str])
    types: dict[int, str] = field(default_factory=dict[int, str])


def expected_in(source: str) -> Expected:
    """Read the comments of a file; a comment line speaks of the next line of code."""
    expected, waiting = Expected(), dict[str, str]()
    for number, line in enumerate(source.splitlines(), 1):
        if said := REVEALED.search(line):
            names = [said[1]] if said[1] else ["pyright", "mypy"]
            waiting |= dict.fromkeys(names, said[2].strip())
        if line.lstrip().startswith("#"):
            continue
        if mark := MISTAKE.search(line):
            expected.mistakes[number] = mark[1]
        if "reveal_type(" in line:
            expected.types[number] = waiting
        waiting = {}
    return expected


def pyright(folder: Path) -> dict[str, Found]:
    """Run pyright, strict, on the files of a folder, with the installed gemel in view and nothing of the work tree."""
    config = folder / "pyrightconfig.json"
    # A variable that is never read would count as the error of a planted `x: int = ...`, whatever the type of the call.
    rules = {"typeCheckingMode": "strict", "reportUnusedVariable": False, "include": ["*.py"]}
    config.write_text(json.dumps(rules))
    reply = _run("pyright", "--outputjson", "--project", str(config), "--pythonpath", sys.executable, cwd=folder)
    found = {file.name: Found() for file in folder.glob("*.py")}
    for said in json.loads(reply)["generalDiagnostics"]:
        line, text, of_file = said["range"]["start"]["line"] + 1, said["message"], found[Path(said["file"]).name]
        if revealed := re.match(r'Type of ".*" is "(.*)"$', text, re.DOTALL):
            of_file.types[line] = revealed[1]
        elif said["severity"] == "error":
            of_file.errors[line] = text
    return found


def mypy(folder: Path) -> dict[str, Found]:
    """Run mypy, strict, on the files of a folder, with the installed gemel in view and nothing of the work tree."""
    found = {file.name: Found() for file in folder.glob("*.py")}
    # What a run finds of gemel and of the standard library serves the next one.
    options = ["--config-file=", "--strict", "--output=json", f"--cache-dir={folder.parent / 'cache'}"]
    for said in _mypy_messages(_run("mypy", *options, *sorted(found), cwd=folder)):
        line, text, of_file = said["line"], said["message"], found[Path(said["file"]).name]
        if revealed := re.match(r'Revealed type is "(.*)"$', text):
            of_file.types[line] = MODULE_NAMES.sub("", revealed[1])
        elif said["severity"] == "error":
            of_file.errors[line] = text
    return found


def _mypy_messages(reply: str) -> list[dict[str, Any]]:
    if not all(line.startswith("{") for line in reply.splitlines()):
        raise AssertionError(f"mypy did not finish:\n{reply}")
    return [json.loads(line) for line in reply.splitlines()]


def _run(module: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    # 0: nothing found, 1: something found; anything else is a crash or a wrong option.
    assert done.returncode in (0, 1) and done.stdout, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


CHECKERS = {"pyright": pyright, "mypy": mypy}


def complaints(checker: str, source: str, found: Found) -> list[str]:
    """Say where a checker and the comments of the source differ, in the order of the lines."""
    expected = expected_in(source)
    said: dict[int, str] = {}
    for line in found.errors.keys() - expected.mistakes.keys():
        said[line] = f"an error that is not planted: {found.errors[line]}"
    for line in expected.mistakes.keys() - found.errors.keys():
        said[line] = f"{expected.mistakes[line]} is not reported"
    for line in expected.types.keys() | found.types.keys():
        wanted, got = expected.types.get(line, {}).get(checker), found.types.get(line)
        if wanted is None or wanted != got:
            said[line] = f"the revealed type is {got}, expected {wanted}"
    return [f"line {line}: {said[line]}" for line in sorted(said)]


@pytest.fixture(scope="module", params=CHECKERS)
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Found]]:
    """A checker, and what it says of all the user code in one run."""
    folder = tmp_path_factory.mktemp(request.param)
    for code in USER_CODE:
        (folder / code.name).write_text(code.read_text())
    return request.param, CHECKERS[request.param](folder)


@pytest.mark.parametrize("code", USER_CODE, ids=lambda code: code.stem)
def test_user_code(checked: tuple[str, dict[str, Found]], code: Path) -> None:
    checker, found = checked
    assert complaints(checker, code.read_text(), found[code.name]) == []


@pytest.mark.parametrize("code", USER_CODE, ids=lambda code: code.stem)
def test_the_mistakes_of_the_user_code_are_numbered(code: Path) -> None:
    mistakes = list(expected_in(code.read_text()).mistakes.values())
    assert mistakes == [f"E{number}" for number in range(1, len(mistakes) + 1)]
    assert len(mistakes) >= 10


FAULTY = """\
from typing_extensions import reveal_type
def half(n: int) -> float:
    return n / 2
right: float = half(1)          # E1 nothing is wrong here
wrong: str = half(1)
half("1")                       # E2 wrong type
reveal_type(half(1))            # R: int
reveal_type(half(2))            # R: float
reveal_type(half(3))
# R pyright: (n: int) -> float
# R mypy: def (n: int) -> float
reveal_type(half)
def unused() -> None:
    x: float = half(1)          # E3 right, only never read
"""


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_gate_sees_what_is_wrong(checker: str, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    said = complaints(checker, FAULTY, CHECKERS[checker](tmp_path)["faulty.py"])
    assert [line.split(":")[0] for line in said] == ["line 4", "line 5", "line 7", "line 9", "line 14"]
    assert said[0].endswith("E1 is not reported")
    assert "an error that is not planted" in said[1]
    assert said[2].endswith("the revealed type is float, expected int")
    assert said[3].endswith("the revealed type is float, expected None")
    assert said[4].endswith("E3 is not reported")
