"""Masks recorded exchanges: first what is secret by its place, then the same values wherever else they occur."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

from gemel.kit.http.redaction import MASK, Redactor
from gemel.kit.http.sensitive import credentials_in, without_sensitive_parameters
from gemel.kit.models.secrecy import hidden_texts
from gemel.kit.types import is_array, is_mapping
from gemel.testing.bodies import Kept
from gemel.testing.secrecy import Names

__all__ = ["SHORTEST_SECRET", "Masking"]

_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_SCHEME = re.compile(r"(?i)\b(bearer|basic|digest)\s+([A-Za-z0-9._~+/=-]{4,})")
SHORTEST_SECRET = 4
"""The fewest characters of a value that is masked everywhere; shorter ones would be found in every word."""


class Masking:
    """Learns which values of one recording are secret, and masks them.

    Args:
        secrets: The values known to be secret from the start.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._learnt: set[str] = set(secrets)
        self._redactor, self._known = Redactor(self._learnt), len(self._learnt)

    def by_place(self, value: Any, names: Names, *, number: Any = MASK) -> Any:
        """Mask what is secret by its name in decoded JSON, and learn those values.

        Args:
            value: The decoded JSON.
            names: The names that stand for secrets.
            number: The value that replaces a secret number.
        """
        if is_mapping(value):
            return {name: self._member(name, inner, names, number) for name, inner in value.items()}
        if is_array(value):
            return [self.by_place(inner, names, number=number) for inner in value]
        return value

    def body(self, kept: Kept, names: Names, *, number: Any = MASK) -> Kept:
        """Mask a body in the same way, if its kind has names."""
        if kept is not None and "json" in kept:
            return {"json": self.by_place(kept["json"], names, number=number)}
        if kept is not None and "form" in kept:
            return {"form": self.pairs(kept["form"], names)}
        if kept is not None and "lines" in kept:
            return {"lines": [[field, self.by_place(value, names, number=number)] for field, value in kept["lines"]]}
        if kept is not None and "parts" in kept:
            return {"parts": [[name, self._part(inner, names.suspect(name))] for name, inner in kept["parts"]]}
        return kept

    def pairs(self, pairs: Iterable[Iterable[str]], names: Names) -> list[list[str]]:
        """Mask parameters that are secret by their names, and learn their values."""
        return [[name, self.text(value) if names.suspect(name) else value] for name, value in pairs]

    def fields(self, pairs: Iterable[Iterable[str]], names: Names) -> list[list[str]]:
        """Mask header fields in the same way, and learn the tokens and cookies in them too."""
        given = [(name, value) for name, value in pairs]
        secret = {name for name, _ in given if names.suspect_header(name)}
        self._learnt.update(part for name, value in given if name in secret for part in credentials_in(value))
        return [[name, self.text(value) if name in secret else value] for name, value in given]

    def learn(self, secrets: Iterable[str]) -> None:
        """Learn that these values are secret."""
        self._learnt.update(secrets)

    def text(self, value: str) -> str:
        """Learn a secret text and return its mask; an empty text stays empty."""
        self._learnt.add(value)
        return MASK if value else ""

    def everywhere(self, value: Any) -> Any:
        """Mask every learnt value in a document, and whatever looks like a credential."""
        if isinstance(value, str):
            return self._redacted(value)
        if is_mapping(value):
            if list(value) == ["base64"] and isinstance(value["base64"], str):
                return {"base64": self._bytes(value["base64"])}
            return {self._redacted(name): self.everywhere(inner) for name, inner in value.items()}
        if is_array(value):
            return [self.everywhere(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self._known_redactor().json(value) is value else 0
        return value

    def _part(self, kept: dict[str, str], secret: bool) -> dict[str, str] | str:
        """Return a part as it is, or the mask of a secret one, whose text is learnt."""
        if not secret:
            return kept
        return self.text(kept["text"]) if "text" in kept else MASK

    def _bytes(self, text: str) -> str:
        """Mask every learnt value in bytes given as base64."""
        try:
            body = base64.b64decode(text, validate=True)
        except ValueError:
            return self._redacted(text)
        # Latin-1 gives each byte a character, so that any bytes can be searched as a text.
        masked = self._known_redactor()(body.decode("latin-1"))
        return base64.b64encode(masked.encode("latin-1")).decode()

    def _member(self, name: str, value: Any, names: Names, number: Any) -> Any:
        if names.hide(name):
            self._learnt.update(hidden_texts(value))
            return self._hidden(value, number)
        if names.suspect(name) and not is_mapping(value):
            plain = is_array(value) and any(map(is_mapping, value))
            return self.by_place(value, names, number=number) if plain else self._hidden(value, number)
        return self.by_place(value, names, number=number)

    def _hidden(self, value: Any, number: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if is_mapping(value):
            return {name: self._hidden(inner, number) for name, inner in value.items()}
        if is_array(value):
            return [self._hidden(inner, number) for inner in value]
        return value if value is None or isinstance(value, bool) else number

    def _redacted(self, text: str) -> str:
        text = _PASSWORD.sub(rf"\1{MASK}\2", self._known_redactor()(text))
        return without_sensitive_parameters(_SCHEME.sub(rf"\1 {MASK}", text))

    def _known_redactor(self) -> Redactor:
        """Return a Redactor of the values learnt so far."""
        if len(self._learnt) > self._known:
            self._redactor, self._known = Redactor(self._learnt), len(self._learnt)
        return self._redactor
