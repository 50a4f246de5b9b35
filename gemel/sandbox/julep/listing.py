"""Lists of records: limit, offset, and a filter on metadata, with the traps of the server."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..store import Row
from .errors import crashed, database_refused, detail, unparsed
from .validation import integer, optional, text

__all__ = ["FILTERED", "PAGE", "matching", "page", "unsorted_page"]

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


def unsorted_page(rows: Sequence[Row], query: Mapping[str, Any]) -> Sequence[Row]:
    """The same of a list that the server does not sort: there its database looks at the limit after the first row."""
    return page(rows, {**query, "limit": 1} if query["limit"] == query["offset"] == 0 else query)


def matching(rows: Sequence[Row], query: Mapping[str, Any]) -> list[Row]:
    """The rows whose metadata has every top-level key of `metadata_filter` with an equal value.

    The server writes the filter into a query of its database, which reads JSON in its own way.

    Raises:
        Refusal: 400 for a filter that is no JSON, a plain 500 for one that is no object, a 500 with the words of
            the database for one that it cannot read.
    """
    try:
        wanted: Any = json.loads(query["metadata_filter"])
    except ValueError:
        raise detail(400, "metadata_filter is not a valid JSON") from None
    if not isinstance(wanted, dict):
        raise crashed()
    pairs: list[tuple[str, Any]] = list(wanted.items())  # pyright: ignore[reportUnknownArgumentType]
    for pair in pairs:
        _check_readable(pair)
    return [row for row in rows if _matches(pairs, json.loads(row["metadata"]))]


def _check_readable(value: Any) -> None:
    if isinstance(value, (list, tuple)):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        for item in items:
            _check_readable(item)
    elif isinstance(value, dict):
        _check_readable(list(value.items()))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, str) and '"' in value:
        raise unparsed()
    elif isinstance(value, float) and not math.isfinite(value):
        raise database_refused("Atom contains unbound variable, or rule contains no variable at all")
    elif isinstance(value, int) and not -(2**63) < value < 2**63:
        raise database_refused("Cannot parse integer")


def _matches(pairs: Iterable[tuple[str, Any]], metadata: Mapping[str, Any]) -> bool:
    return all(key in metadata and _plain(key) and _equal(wanted, metadata[key]) for key, wanted in pairs)


def _equal(wanted: Any, held: Any) -> bool:
    """Whether the database finds them equal: numbers by their value; no list, no null, no text with an escape."""
    if wanted is None or isinstance(wanted, list):
        return False
    if isinstance(wanted, (int, float)) and isinstance(held, (int, float)):
        return isinstance(wanted, bool) is isinstance(held, bool) and wanted == held
    return _plain(wanted) and json.dumps(wanted, sort_keys=True) == json.dumps(held, sort_keys=True)


def _plain(value: Any) -> bool:
    return "\\" not in json.dumps(value)
