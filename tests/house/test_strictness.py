"""The tests run with warnings as errors and with checked memory, in each of their processes, when tox runs them."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="speaks of how tox runs the tests")
def test_this_process_is_strict() -> None:
    assert sys.flags.dev_mode or os.environ.get("PYTHONMALLOC") == "debug"
    assert "error" in sys.warnoptions
