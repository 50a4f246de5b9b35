"""The tests run in development mode with warnings as errors, in each of their processes, when tox runs them."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="speaks of how tox runs the tests")
def test_this_process_is_strict() -> None:
    assert sys.flags.dev_mode
    assert "error" in sys.warnoptions
