"""What a step works with, and what it gives back."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict, TypeVar

from gemel.cli.demo.modes import Answer, AnyClient, Mode, settled
from gemel.sandbox import Sandbox

__all__ = ["Place", "Seen", "Step", "Unreached", "Walk", "connected"]

T = TypeVar("T")

ENVIRONMENT = "qa"


class Unreached(Exception):
    """An earlier step failed to make what this one works on; says what."""


class Seen(NamedTuple):
    """What a step saw, in the words of its expectation, and what else is worth showing."""

    got: str
    note: str = ""


class Place(TypedDict):
    """The arguments that name a project and an environment."""

    project_id: str
    environment: str


@dataclass
class Walk:
    """The state of one client's walk through the steps.

    values: the secret values written so far, by key.   tick: to be called after each of many calls.
    """

    mode: Mode
    client: AnyClient
    sandbox: Sandbox
    tick: Callable[[int], None]
    made_project: str | None = None
    values: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def project_id(self) -> str:
        """The project of this walk; raises Unreached before it is made."""
        if self.made_project is None:
            raise Unreached("there is no project")
        return self.made_project

    @property
    def place(self) -> Place:
        """The environment of this walk; raises Unreached when there is no project."""
        return {"project_id": self.project_id, "environment": ENVIRONMENT}

    def fresh(self, name: str) -> str:
        """Return a new random value for a secret, and remember it."""
        self.values[name] = secrets.token_urlsafe(24)
        return self.values[name]

    async def at_once(self, calls: Sequence[Callable[[], Answer[T]]]) -> list[T]:
        """Make calls at the same time, in threads or in tasks, and return their results in order."""
        return await self.mode.at_once(calls, lambda: self.tick(len(calls)))


class Step(NamedTuple):
    """One thing that a user does; expects: what it must see."""

    name: str
    expects: str
    act: Callable[[Walk], Awaitable[Seen]]


@asynccontextmanager
async def connected(
    mode: Mode, sandbox: Sandbox, client_id: str, client_secret: str
) -> AsyncGenerator[AnyClient, None]:
    """Open a client of this mode for a machine identity, and close it."""
    # A proxy of the environment has no road to this machine's own loopback.
    client = mode.client(endpoint=sandbox.url, client_id=client_id, client_secret=client_secret, trust_env=False)
    try:
        yield client
    finally:
        await settled(client.close())
