"""from_scope: a default that is said once, for a client or a copy of it, in the place of each call."""

from __future__ import annotations

from typing import Any

from gemel.kit.types import Discreet

__all__ = ["Scoped", "from_scope"]


class Scoped(Discreet, frozen=True):
    """The default of an argument that takes its value from the scope of its client.

    Attributes:
        name: The name of the value in the scope.
    """

    name: str

    def __repr__(self) -> str:
        return f"from_scope({self.name!r})"


def from_scope(name: str) -> Any:
    """Return the default of an argument that a client says once: `project_id: str = from_scope("project_id")`.

    The argument of a call goes before `call.options(scope={...})`, that before `client.with_options(scope={...})`, and
    that before `Client(..., scope={...})`. When none of them gives the value, the call is an InvalidArgument.

    Args:
        name: The name of the value in the scope.
    """
    return Scoped(name)
