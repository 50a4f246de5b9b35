"""The processes that pytest-xdist starts are as strict as the one that starts them: -X dev and -W error."""

from __future__ import annotations

import os
import sys

import pytest

STRICT = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"}


def pytest_configure(config: pytest.Config) -> None:
    """Hand the interpreter's flags down to the workers, and no further than to them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in STRICT:
            os.environ.pop(name, None)
    elif sys.flags.dev_mode and config.getoption("numprocesses", default=None):
        os.environ |= STRICT
