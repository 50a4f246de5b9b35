"""What happened in a demo, as values: one result a step, one walk a client."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from gemel.version import __version__

__all__ = ["Account", "State", "StepResult", "WalkAccount"]

State: TypeAlias = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class StepResult:
    """One step as it went.

    Attributes:
        expected, got: What should have been seen and what was, never a secret.
        note: What else is worth showing.
        state: "skipped" when an earlier failure left nothing to work on.
        seconds: How long it took.
    """

    name: str
    state: State
    expected: str
    got: str
    note: str
    seconds: float


@dataclass(frozen=True)
class WalkAccount:
    """The steps of one client; seconds: of all of them."""

    client: str
    steps: tuple[StepResult, ...]
    seconds: float

    @property
    def fine(self) -> int:
        """How many steps went as expected."""
        return sum(step.state == "ok" for step in self.steps)

    @property
    def ok(self) -> bool:
        """Whether all of them did."""
        return self.fine == len(self.steps)


@dataclass(frozen=True)
class Account:
    """The whole demo; sandbox: the address of the server."""

    sandbox: str
    walks: tuple[WalkAccount, ...]

    @property
    def ok(self) -> bool:
        """Whether every step of every client went as expected."""
        return all(walk.ok for walk in self.walks)

    @property
    def seconds(self) -> float:
        """How long all walks took."""
        return sum(walk.seconds for walk in self.walks)

    def document(self) -> dict[str, Any]:
        """Return the account as JSON values."""
        return {
            "gemel": __version__,
            "python": platform.python_version(),
            "sandbox": self.sandbox,
            "ok": self.ok,
            "seconds": self.seconds,
            "walks": [asdict(walk) | {"ok": walk.ok} for walk in self.walks],
        }
