"""A path template of a declaration, and the values that a real path has in its places."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["Template"]

_VARIABLE = re.compile(r"\{([^{}]*)\}")


class Template:
    """A template as declarations write it: `api/v4/secrets/{name}`.

    Args:
        text: Without a slash at its start.
        variables: How many places it has.
    """

    def __init__(self, text: str) -> None:
        self.text: str = text.removeprefix("/")
        literals, self._names = _VARIABLE.split(self.text)[::2], _VARIABLE.findall(self.text)
        self._pattern = re.compile("([^/]+?)".join(map(re.escape, literals)))

    @property
    def variables(self) -> int:
        """How many places it has; of two templates that fit, the one with fewer is meant."""
        return len(self._names)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded values of an undecoded path, by name; None when it does not fit."""
        found = self._pattern.fullmatch(path.removeprefix("/"))
        return None if found is None else dict(zip(self._names, map(unquote, found.groups()), strict=True))

    def filled(self, path: str, replace: dict[str, str]) -> str:
        """Return an undecoded path that fits, with these texts in the places of their names."""
        found = self._pattern.fullmatch(path.removeprefix("/"))
        assert found is not None, "the path does not fit"
        lead, end, pieces = path[: len(path) - len(found.string)], 0, list[str]()
        for number, name in enumerate(self._names, 1):
            start, stop = found.span(number)
            pieces += [found.string[end:start], replace.get(name, found.string[start:stop])]
            end = stop
        return lead + "".join(pieces) + found.string[end:]
