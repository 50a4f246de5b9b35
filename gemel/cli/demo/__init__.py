"""The demo: what a user does, with the blocking client and with the async one, each step with its expectation."""

from __future__ import annotations

from gemel.cli.demo.account import Account, StepResult, WalkAccount
from gemel.cli.demo.choosing import view_for
from gemel.cli.demo.run import run_demo
from gemel.cli.demo.views import View

__all__ = ["Account", "StepResult", "View", "WalkAccount", "run_demo", "view_for"]
