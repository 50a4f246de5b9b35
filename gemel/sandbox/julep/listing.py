"""Lists of records: limit, offset, and a filter on metadata, with the traps of the server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..store import Row
from .errors import crashed, database_refused, detail
from .validation import integer, optional, text

__all__ = ["FILTERED", "PAGE", "matching", "page"]

PAGE = {"limit": integer(default=100), "offset": integer(default=0)}
FILTERED = PAGE | {"metadata_filter": optional(text(), "{}")}


def page(rows: Sequence[Row], query: Mapping[str, Any]) -> Sequence[Row]:
    """The rows that `limit` and `offset` choose.

    Raises:
        Refusal: 500 with the words of the database for a negative one.
    """
    for name in ("limit", "offset"):
        if query[name] < 0:
            raise database_refused(f"Query option {name} requires a non-negative integer")
    return rows[query["offset"] :][: query["limit"]]


def matching(rows: Sequence[Row], query: Mapping[str, Any]) -> list[Row]:
    """The rows whose metadata has every top-level key of `metadata_filter` with an equal value.

    Raises:
        Refusal: 400 for a filter that is no JSON, a plain 500 for one that is no object.
    """
    try:
        wanted: Any = json.loads(query["metadata_filter"])
    except ValueError:
        raise detail(400, "metadata_filter is not a valid JSON") from None
    if not isinstance(wanted, dict):
        raise crashed()
    expected = _canonical(wanted)  # pyright: ignore[reportUnknownArgumentType]
    if not expected:
        return list(rows)
    return [row for row in rows if expected.items() <= _canonical(json.loads(row["metadata"])).items()]


def _canonical(values: Mapping[str, Any]) -> dict[str, str]:
    """Each value as JSON text, which tells true from 1."""
    return {key: json.dumps(value, sort_keys=True) for key, value in values.items()}
