"""What a step is, and what the steps of both SDKs share.

A step is a coroutine function, written once for both clients of an SDK. With the blocking client a call has its result
at once, and `settled` hands it on; with the async client `settled` awaits it. Each step says what it saw, and that must
be what it expects, to the letter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from gemel.cli.demo.modes import Mode, settled
from gemel.cli.demo.walk import Seen, Walk
from gemel.infisical import Secret
from gemel.kit.errors import APIStatusError

__all__ = ["Act", "Chapter", "Step", "joined", "refused", "told"]

Act: TypeAlias = Callable[[Walk], Awaitable[Seen]]
"""What a step does."""


class Step(NamedTuple):
    """One thing that a user does; expects: what it must see."""

    name: str
    expects: str
    act: Act


@dataclass(frozen=True)
class Chapter:
    """The steps of one SDK; client: names the client of a mode."""

    client: Callable[[Mode], str]
    steps: list[Step] = field(default_factory=list[Step])

    def step(self, name: str, *, expects: str) -> Callable[[Act], Act]:
        """Add a step to the list, which is their order."""

        def added(act: Act) -> Act:
            self.steps.append(Step(name, expects, act))
            return act

        return added


def joined(words: Iterable[str]) -> str:
    """Return words in order, or "nothing"."""
    return ", ".join(sorted(words)) or "nothing"


def told(walk: Walk, secret: Secret) -> str:
    """Say whether a secret is what was written, without its value."""
    same = secret.secret_value == walk.values.get(secret.secret_key)
    masked = secret.secret_value not in repr(secret)
    value = "as written" if same else "another than written"
    return f"{secret.secret_key} v{secret.version}, the value {value}, {'masked' if masked else 'shown'} in its repr"


async def refused(call: Callable[[], Any]) -> APIStatusError | None:
    """Make a call that must fail, and return its error; None when it did not fail."""
    try:
        await settled(call())
    except APIStatusError as error:
        return error
    return None
