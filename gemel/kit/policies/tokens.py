"""What a credential is: something that yields values, such as tokens, for one client; and where they go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from gemel.kit.errors import CredentialsError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.places import Place
from gemel.kit.tracebacks import entry
from gemel.kit.types import Discreet

__all__ = ["Credential", "Fetch", "Identified", "Placed", "Revocable", "Revoke", "Token", "digest"]

_VISIBLE = re.compile(r"[!-~]+")


class Token(Discreet, frozen=True):
    """A value that a credential gives, such as a bearer token; its repr masks it.

    Attributes:
        value: Visible ASCII without spaces (RFC 6750, section 2.1).
        lifetime: Seconds from now until it expires, None when unknown.
        hides: What else must never be shown, such as the password that the value is made of.

    Raises:
        CredentialsError: The value cannot be sent in a header.
    """

    value: str
    lifetime: float | None = None
    hides: tuple[str, ...] = ()

    @entry
    def __post_init__(self) -> None:
        value: Any = self.value
        if not isinstance(value, str):
            raise CredentialsError(f"the token cannot be sent: it is {type(value).__name__}, not str")
        if not _VISIBLE.fullmatch(value):
            fault = "it holds a space, a line break or a letter beyond ASCII" if value else "it is empty"
            raise CredentialsError(f"the token cannot be sent: {fault}")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything of it that must never be shown."""
        return (self.value, *self.hides)

    def __repr__(self) -> str:
        return f"Token({MASK}, lifetime={self.lifetime!r})"


Fetch: TypeAlias = Callable[[float], Flow[Token]]
"""Gets a token before a deadline (monotonic seconds)."""


@runtime_checkable
class Credential(Protocol):
    """Something that yields tokens; they are sent as `Authorization: Bearer` unless it is Placed."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can give another token; when False a refusal is final."""
        ...

    def bound(self, caller: Caller) -> Fetch:
        """Return the way to get tokens for one client; it may call endpoints that need no credentials."""
        ...


@runtime_checkable
class Placed(Protocol):
    """A credential whose values have a place of their own in a request."""

    @property
    def place(self) -> Place:
        """Where its values go."""
        ...


Revoke: TypeAlias = Callable[[Token, float], Flow[object]]
"""Gives a token back before a deadline (monotonic seconds)."""


@runtime_checkable
class Revocable(Protocol):
    """A credential whose tokens can be given back when the client that fetched them is closed."""

    def revoking(self, caller: Caller) -> Revoke:
        """Return the way to give tokens back, for one client; it may call endpoints that need no credentials."""
        ...


@runtime_checkable
class Identified(Protocol):
    """A credential that tells in whose name it speaks, so that a cache may keep what it was given apart."""

    def identity(self) -> bytes:
        """Return the same digest for the same credential, and for no other, b"" when it cannot tell.

        Nothing confidential follows from it.
        """
        ...


def digest(*parts: str) -> bytes:
    """Return the SHA-256 of these texts, for `Identified.identity`."""
    made = hashlib.sha256()
    for part in parts:
        # Each part has its length before it: without that ("ab", "c") and ("a", "bc") would have the same digest.
        encoded = part.encode()
        made.update(len(encoded).to_bytes(8, "big") + encoded)
    return made.digest()
