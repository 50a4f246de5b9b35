"""The command line, the only place of gemel that prints."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main() -> None:
    """Run the command `gemel`; exits with status 2 when the extra `cli` is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(f"gemel: the command line needs {' and '.join(missing)}: pip install 'gemel[cli]'", file=sys.stderr)
        raise SystemExit(2)
    from gemel.cli.commands import gemel

    gemel(prog_name="gemel")
