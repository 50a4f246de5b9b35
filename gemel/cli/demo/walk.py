"""What a step works with, and what it gives back."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from gemel.cli.demo.modes import Answer, AnyInfisical, AnyJulep, Mode, settled
from gemel.infisical import InEnvironment
from gemel.sandbox import BothSandbox

__all__ = ["Seen", "Unreached", "Walk", "closing"]

ENVIRONMENT = "qa"


class Unreached(Exception):
    """An earlier step failed to make what this one works on; says what."""


class Seen(NamedTuple):
    """What a step saw, in the words of its expectation, and what else is worth showing."""

    got: str
    note: str = ""


class _Closes(Protocol):
    """A client of either mode."""

    def close(self) -> Answer[None]: ...


T = TypeVar("T")
C = TypeVar("C", bound=_Closes)


@asynccontextmanager
async def closing(client: C) -> AsyncGenerator[C, None]:
    """Close a client of either mode when the block ends."""
    try:
        yield client
    finally:
        await settled(client.close())


@dataclass
class Walk:
    """The state of one walk through the steps of a chapter.

    Attributes:
        infisical: Logged in as the admin identity.
        tick: To be called after each of many calls.
        values: The secret values written so far, by key.
        ids: Of what was made, by noun.
        ends: What closes the clients.
    """

    mode: Mode
    infisical: AnyInfisical
    sandbox: BothSandbox
    tick: Callable[[int], None]
    ends: AsyncExitStack
    values: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    ids: dict[str, str] = field(default_factory=dict[str, str])
    opened_julep: AnyJulep | None = None

    def id_of(self, noun: str) -> str:
        """Return the id of what was made; raises Unreached before it is."""
        if noun not in self.ids:
            raise Unreached(f"there is no {noun}")
        return self.ids[noun]

    @property
    def place(self) -> InEnvironment:
        """The environment of this walk; raises Unreached when there is no project."""
        return {"project_id": self.id_of("project"), "environment": ENVIRONMENT}

    @property
    def julep(self) -> AnyJulep:
        """The Julep client; raises Unreached before there is one."""
        if self.opened_julep is None:
            raise Unreached("there is no Julep client")
        return self.opened_julep

    async def open_julep(self, api_key: str) -> None:
        """Make the Julep client of this walk; it is closed when the walk ends."""
        self.opened_julep = await self.ends.enter_async_context(closing(self.mode.julep_client(self.sandbox, api_key)))

    def fresh(self, name: str) -> str:
        """Return a new random value for a secret, and remember it."""
        self.values[name] = secrets.token_urlsafe(24)
        return self.values[name]

    async def at_once(self, calls: Sequence[Callable[[], Answer[T]]]) -> list[T]:
        """Make calls at the same time, in threads or in tasks, and return their results in order."""
        return await self.mode.at_once(calls, lambda: self.tick(len(calls)))
