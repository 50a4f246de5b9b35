"""Matches real paths against the path template of a declaration."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["Template"]

_VARIABLE = re.compile(r"\{(\+?)([^{}]*)\}")


class Template:
    """A path template as in declarations: `api/v4/secrets/{name}`.

    Args:
        text: The template; a slash at its start is dropped.
    """

    def __init__(self, text: str) -> None:
        self.text: str = text.removeprefix("/")
        pieces = _VARIABLE.split(self.text)
        self._names: list[str] = pieces[2::3]
        groups = ["(.+?)" if sign else "([^/]+?)" for sign in pieces[1::3]]
        literals = map(re.escape, pieces[::3])
        self._pattern = re.compile("".join(map("".join, zip(literals, [*groups, ""], strict=True))))

    @property
    def variables(self) -> int:
        """The number of its variables; of two templates that fit, the one with fewer is used."""
        return len(self._names)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values in an encoded path, decoded, by name; None when it does not fit."""
        found = self._pattern.fullmatch(path.removeprefix("/"))
        return None if found is None else dict(zip(self._names, map(unquote, found.groups()), strict=True))

    def filled(self, path: str, replace: dict[str, str]) -> str:
        """Return an encoded path that fits, with values replaced by these texts."""
        found = self._pattern.fullmatch(path.removeprefix("/"))
        assert found is not None, "the path does not fit"
        lead, end, pieces = path[: len(path) - len(found.string)], 0, list[str]()
        for number, name in enumerate(self._names, 1):
            start, stop = found.span(number)
            pieces += [found.string[end:start], replace.get(name, found.string[start:stop])]
            end = stop
        return lead + "".join(pieces) + found.string[end:]
