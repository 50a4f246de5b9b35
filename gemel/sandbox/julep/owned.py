"""What agents, users and sessions have in common: each belongs to a developer, who alone finds it."""

from __future__ import annotations

import json
from typing import Any

from ..store import Row
from .errors import detail, not_found
from .records import text_of, timestamp
from .routing import Call

__all__ = ["deleted", "found", "merged", "owned", "rows_of", "updated", "written"]


def rows_of(call: Call, table: str) -> list[Row]:
    """Every record of the developer, newest first."""
    return call.records.store.all(
        f"SELECT * FROM {table} WHERE developer_id = ? ORDER BY position DESC", call.developer
    )


def owned(call: Call, table: str, key: str) -> Row | None:
    """The record when it is the developer's, else None."""
    return call.records.store.one(f"SELECT * FROM {table} WHERE id = ? AND developer_id = ?", key, call.developer)


def found(call: Call, table: str, noun: str) -> Row:
    """The record of the path, for a route that reads.

    Raises:
        Refusal: 404 with a detail.
    """
    row = owned(call, table, call.ids[f"{noun}_id"])
    if row is None:
        raise detail(404, f"{noun.capitalize()} not found")
    return row


def written(call: Call, table: str, noun: str) -> Row:
    """The record of the path, for a route that writes.

    Raises:
        Refusal: 404 with the error of the rule that failed.
    """
    key = call.ids[f"{noun}_id"]
    row = owned(call, table, key)
    if row is None:
        raise not_found(noun.capitalize(), key, call.developer)
    return row


def updated(call: Call, table: str, row: Row, now: str | None = None, **columns: Any) -> dict[str, Any]:
    """The reply to a change of some columns."""
    now = now or timestamp()
    call.records.store.update(table, row["id"], **columns, updated_at=now)
    return {"id": row["id"], "updated_at": now, "jobs": None}


def deleted(key: str) -> dict[str, Any]:
    """The reply to a deletion."""
    return {"id": key, "deleted_at": timestamp(), "jobs": None}


def merged(row: Row, metadata: dict[str, Any]) -> str:
    """The metadata of a record with some top-level keys replaced, as it is stored."""
    return text_of(json.loads(row["metadata"]) | metadata)
