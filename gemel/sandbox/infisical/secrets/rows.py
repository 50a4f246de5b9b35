"""Secrets as they are recorded and as the API shows them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ...store import Row, Store
from ..backend import Caller, timestamp
from ..errors import not_found
from ..paths import ResolvedFolder

__all__ = [
    "add_override",
    "add_secret",
    "change_override",
    "change_secret",
    "find_override",
    "find_secret",
    "is_personal",
    "named_fields",
    "override_by_id",
    "overrides_of",
    "secret_fields",
    "secret_row",
    "set_tags",
    "tag_refs",
]

HIDDEN = "<hidden-by-infisical>"
# An override has the key and the folder of the secret that it stands for.
_OVERRIDES = "SELECT o.*, s.folder_id, s.key FROM overrides o JOIN secrets s ON s.id = o.secret_id WHERE "


def secret_row(
    store: Store, row: Row, place: ResolvedFolder, *extra: str, value: str | None = None, hidden: bool = False
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
        "type": "personal" if is_personal(row) else "shared",
        "secretKey": row["key"],
        "secretValue": HIDDEN if hidden else shown,
        "secretComment": row["comment"],
        "secretReminderNote": row["reminder_note"],
        "secretReminderRepeatDays": row["reminder_days"],
        "skipMultilineEncoding": None if skip is None else bool(skip),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "actor": {"actorId": row["actor_id"], "actorType": row["actor_type"], "name": row["actor_name"]},
        "isRotatedSecret": False,
        "rotationId": None,
    }
    return common | {name: _extra(store, row, place, name, hidden) for name in extra}


def _extra(store: Store, row: Row, place: ResolvedFolder, name: str, hidden: bool) -> Any:
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


def is_personal(row: Row) -> bool:
    """Whether it is the override of a user."""
    return "user_id" in row.keys()  # noqa: SIM118 - `in` a row looks at its values


def secret_fields(store: Store, row: Row, place: ResolvedFolder) -> dict[str, Any]:
    """What the conditions of rules may ask about a secret."""
    slugs = [tag["slug"] for tag in tag_refs(store, row["id"])]
    return named_fields(place, row["key"]) | {"secretTags": slugs}


def named_fields(place: ResolvedFolder, key: str) -> dict[str, Any]:
    """What they may ask about a secret of which there is but the name."""
    return {"environment": place.environment, "secretPath": place.path, "secretName": key, "secretTags": []}


def find_override(store: Store, folder_id: str, key: str, user_id: str | None) -> Row | None:
    """What a user has in the place of a secret, or None."""
    return store.one(_OVERRIDES + "s.folder_id = ? AND s.key = ? AND o.user_id = ?", folder_id, key, user_id)


def overrides_of(store: Store, folder_id: str, user_id: str | None) -> list[Row]:
    """What a user has in the place of the secrets of a folder."""
    return store.all(_OVERRIDES + "s.folder_id = ? AND o.user_id = ? ORDER BY s.key", folder_id, user_id)


def override_by_id(store: Store, override_id: str) -> Row | None:
    """The override with that id, or None."""
    return store.one(_OVERRIDES + "o.id = ?", override_id)


def add_override(store: Store, caller: Caller, shared: Row, data: Mapping[str, Any]) -> Row:
    """Record what a user has in the place of a shared secret."""
    now, override_id = timestamp(), str(uuid.uuid4())
    columns = {"value": "", "comment": ""} | _columns(data)
    store.insert(
        "overrides",
        id=override_id,
        secret_id=shared["id"],
        user_id=caller.id,
        created_at=now,
        updated_at=now,
        **_actor(caller),
        **columns,
    )
    return _found(override_by_id(store, override_id))


def change_override(store: Store, caller: Caller, row: Row, data: Mapping[str, Any]) -> Row:
    """Record the next version of an override."""
    store.update(
        "overrides",
        row["id"],
        version=row["version"] + 1,
        updated_at=timestamp(),
        **_actor(caller),
        **_columns(data),
    )
    return _found(override_by_id(store, row["id"]))


def _found(row: Row | None) -> Row:
    assert row is not None
    return row


def _actor(caller: Caller) -> dict[str, str]:
    return {"actor_id": caller.id, "actor_name": caller.name, "actor_type": caller.kind}


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
    columns: dict[str, Any] = {column: data[name] for name, column in _COLUMNS.items() if name in data}
    if "metadata" in data:
        columns["metadata"] = json.dumps(data["metadata"])
    return columns


def add_secret(store: Store, caller: Caller, place: ResolvedFolder, data: Mapping[str, Any]) -> Row:
    """Record a new secret with its first version."""
    now, secret_id = timestamp(), str(uuid.uuid4())
    columns = {"value": "", "comment": ""} | _columns(data) | {"key": data["key"]}
    store.insert(
        "secrets",
        id=secret_id,
        folder_id=place.folder_id,
        created_at=now,
        updated_at=now,
        **_actor(caller),
        **columns,
    )
    set_tags(store, place.project_id, secret_id, data.get("tags") or ())
    return _versioned(store, secret_id)


def change_secret(store: Store, caller: Caller, place: ResolvedFolder, row: Row, data: Mapping[str, Any]) -> Row:
    """Record the next version of a secret."""
    actor = _actor(caller) | {"updated_at": timestamp()}
    store.update("secrets", row["id"], version=row["version"] + 1, **actor, **_columns(data))
    if data.get("tags") is not None:
        store.run("DELETE FROM secret_tags WHERE secret_id = ?", row["id"])
        set_tags(store, place.project_id, row["id"], data["tags"])
    return _versioned(store, row["id"])


_VERSIONED = (
    "id, folder_id, key, value, comment, version, skip_multiline, reminder_note, reminder_days, metadata,"
    " actor_id, actor_name, actor_type, created_at, updated_at"
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
