"""JSON numbers that keep their text, so that a Decimal loses no digit."""

from __future__ import annotations

import json
from typing import Any

from gemel.kit.types import is_array, is_object

__all__ = ["Numeral", "plain_numbers", "read_json"]


class Numeral(float):
    """A JSON number with a fraction or an exponent that keeps its text."""

    text: str

    def __new__(cls, text: str) -> Numeral:
        """Make a number from its text."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def read_json(body: bytes | str, *, exact: bool) -> Any:
    """Decode JSON; with `exact`, numbers with a fraction are Numerals. Raises ValueError, RecursionError."""
    # Not msgspec, which turns numbers into floats before any hook sees them.
    return json.loads(body, parse_float=Numeral) if exact else json.loads(body)


def plain_numbers(value: Any) -> Any:
    """Return decoded JSON in which every Numeral is a float."""
    if isinstance(value, Numeral):
        return float(value)
    if is_object(value):
        return {name: plain_numbers(inner) for name, inner in value.items()}
    return [plain_numbers(inner) for inner in value] if is_array(value) else value
