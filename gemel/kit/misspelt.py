"""What is said of a client's setting that there is not: the class as the user wrote it, and what may be meant."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

__all__ = ["refuse_unknown"]


def refuse_unknown(client: type, unknown: Iterable[str]) -> None:
    """Raise TypeError for the first of these that no class of the client takes as an argument."""
    known = sorted({name for each in client.__mro__ if "__init__" in vars(each) for name in _arguments(each)})
    for name in sorted(set(unknown) - set(known)):
        from difflib import get_close_matches  # needed for this alone

        meant = get_close_matches(name, known, 1)
        hint = f"did you mean {meant[0]!r}?" if meant else f"it takes {', '.join(known)}"
        raise TypeError(f"{client.__name__}(): there is no setting {name!r}; {hint}")


def _arguments(client: type) -> list[str]:
    parameters = inspect.signature(vars(client)["__init__"]).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
