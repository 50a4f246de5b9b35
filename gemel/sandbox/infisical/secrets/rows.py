"""Secrets as they are recorded and as the API shows them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ...store import Row, Store
from ..backend import Caller, timestamp
from ..errors import not_found
from ..paths import Place

__all__ = ["add_secret", "change_secret", "find_secret", "secret_row", "set_tags", "tag_refs"]

HIDDEN = "<hidden-by-infisical>"


def secret_row(
    store: Store, row: Row, place: Place, *extra: str, value: str | None = None, hidden: bool = False
) -> dict[str, Any]:
    """A secret as the API shows it.

    Arguments:
        extra: Which of secretPath, secretValueHidden, secretMetadata and tags to show besides the
            fields that every reply has: creating shows none of them, reading shows all.
        value: The value to show in the place of the recorded one, for instance an expanded one.
        hidden: Whether to show the placeholder in the place of the value.
    """
    shown = row["value"] if value is None else value
    skip = row["skip_multiline"]
    common = {
        "id": row["id"],
        "_id": row["id"],
        "workspace": place.project_id,
        "environment": place.environment,
        "version": row["version"],
        "type": "shared",
        "secretKey": row["key"],
        "secretValue": HIDDEN if hidden else shown,
        "secretComment": row["comment"],
        "secretReminderNote": row["reminder_note"],
        "secretReminderRepeatDays": row["reminder_days"],
        "skipMultilineEncoding": None if skip is None else bool(skip),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "actor": {"actorId": row["actor_id"], "actorType": "identity", "name": row["actor_name"]},
        "isRotatedSecret": False,
        "rotationId": None,
    }
    return common | {name: _extra(store, row, place, name, hidden) for name in extra}


def _extra(store: Store, row: Row, place: Place, name: str, hidden: bool) -> Any:
    if name == "secretPath":
        return place.path
    if name == "secretValueHidden":
        return hidden
    return json.loads(row["metadata"]) if name == "secretMetadata" else tag_refs(store, row["id"])


def tag_refs(store: Store, secret_id: str) -> list[dict[str, Any]]:
    """The tags of a secret as a secret shows them."""
    rows = store.all(
        "SELECT t.* FROM tags t JOIN secret_tags st ON st.tag_id = t.id WHERE st.secret_id = ? ORDER BY t.slug",
        secret_id,
    )
    return [{"id": row["id"], "slug": row["slug"], "color": row["color"], "name": row["slug"]} for row in rows]


def find_secret(store: Store, folder_id: str, key: str) -> Row | None:
    """The secret of a folder with that key, or None."""
    return store.one("SELECT * FROM secrets WHERE folder_id = ? AND key = ?", folder_id, key)


_COLUMNS = {
    "value": "value",
    "comment": "comment",
    "skip_multiline": "skip_multiline",
    "reminder_note": "reminder_note",
    "reminder_days": "reminder_days",
    "new_key": "key",
}


def _columns(data: Mapping[str, Any]) -> dict[str, Any]:
    columns = {column: data[name] for name, column in _COLUMNS.items() if name in data}
    if "metadata" in data:
        columns["metadata"] = json.dumps(data["metadata"])
    return columns


def add_secret(store: Store, caller: Caller, place: Place, data: Mapping[str, Any]) -> Row:
    """Record a new secret with its first version."""
    now, secret_id = timestamp(), str(uuid.uuid4())
    columns = {"value": "", "comment": ""} | _columns(data) | {"key": data["key"]}
    store.insert(
        "secrets",
        id=secret_id,
        folder_id=place.folder_id,
        actor_id=caller.id,
        actor_name=caller.name,
        created_at=now,
        updated_at=now,
        **columns,
    )
    set_tags(store, place.project_id, secret_id, data.get("tags") or ())
    return _versioned(store, secret_id)


def change_secret(store: Store, caller: Caller, place: Place, row: Row, data: Mapping[str, Any]) -> Row:
    """Record the next version of a secret."""
    actor = {"actor_id": caller.id, "actor_name": caller.name, "updated_at": timestamp()}
    store.update("secrets", row["id"], version=row["version"] + 1, **actor, **_columns(data))
    if data.get("tags") is not None:
        store.run("DELETE FROM secret_tags WHERE secret_id = ?", row["id"])
        set_tags(store, place.project_id, row["id"], data["tags"])
    return _versioned(store, row["id"])


_VERSIONED = (
    "id, folder_id, key, value, comment, version, skip_multiline, reminder_note, reminder_days, metadata,"
    " actor_id, actor_name, created_at, updated_at"
)


def _versioned(store: Store, secret_id: str) -> Row:
    store.run(f"INSERT INTO secret_versions ({_VERSIONED}) SELECT {_VERSIONED} FROM secrets WHERE id = ?", secret_id)
    row = store.one("SELECT * FROM secrets WHERE id = ?", secret_id)
    assert row is not None
    store.update("folders", row["folder_id"], secrets_changed_at=row["updated_at"])
    return row


def set_tags(store: Store, project_id: str, secret_id: str, tag_ids: Iterable[str]) -> None:
    """Attach tags of the project to a secret.

    Raises:
        ApiError: 404 when one of them does not exist.
    """
    for tag_id in dict.fromkeys(tag_ids):
        if store.one("SELECT 1 FROM tags WHERE id = ? AND project_id = ?", tag_id, project_id) is None:
            raise not_found("Tag not found")
        store.insert("secret_tags", secret_id=secret_id, tag_id=tag_id)
