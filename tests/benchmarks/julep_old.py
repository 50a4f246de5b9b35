"""The published SDK 0.3.9 in a process of its own: it cannot share an environment with gemel."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import WrongResult

HERE = Path(__file__).parent
MAKING = HERE.parent / "contract" / "peers" / "julep" / "environment.py"


def interpreter(folder: Path) -> str | None:
    """The Python of the environment in `folder`, made where it is not there; None, and a line that says so, if not."""
    try:
        making = subprocess.run([sys.executable, MAKING, folder], capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        problem = "it took too long"
    else:
        if making.returncode == 0:
            return making.stdout.strip()
        problem = making.stderr.strip().rpartition("\n")[2]
    print(f"julep 0.3.9 is left out, for its environment could not be made: {problem}", file=sys.stderr)
    return None


class Old:
    """The process, which takes samples when it is asked to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def measured(self, row: str, count: int) -> float:
        """The figure of one sample of `count` calls; raises WrongResult when the SDK does not get what was sent."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([row, count]) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"wrong": "the process has ended"}')
        if "wrong" in answer:
            raise WrongResult(f"julep 0.3.9: {answer['wrong']}")
        return float(answer["figure"])


@contextmanager
def running_old(python: str | None, origin: str) -> Iterator[Old | None]:
    """Start the process for the server at `origin`, stop it at the end; None without an interpreter."""
    if python is None:
        yield None
        return
    command = [python, HERE / "julep_child.py", origin]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        try:
            yield Old(process)
        finally:
            process.stdin.close()
