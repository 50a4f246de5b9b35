"""Writing secrets: create, update and delete, one or many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...store import Row, Store
from ..access import ability_in, deny_unless, project_id_of
from ..errors import bad_request, not_found
from ..paths import ResolvedFolder, environment, get_folder
from ..routing import Call
from ..rules import Ability
from .approvals import Change, hold
from .read import absent
from .references import Expansion, follow
from .rows import (
    add_override,
    add_secret,
    change_override,
    change_secret,
    find_override,
    find_secret,
    named_fields,
    secret_fields,
    secret_row,
)

__all__ = ["Writing", "create", "create_many", "delete", "delete_many", "update", "update_many"]


class Writing:
    """One request that writes: who writes where, and what the caller may.

    Arguments:
        call: The request.
        project_id: The project that it writes to.
    """

    def __init__(self, call: Call, project_id: str) -> None:
        self.call = call
        self.store: Store = call.backend.store
        self.ability: Ability = ability_in(call, project_id)
        self._expansion = Expansion(call, self.ability, project_id)

    def allow(self, action: str, place: ResolvedFolder, key: str, tags: Any = ()) -> None:
        """Pass an action on a secret that there is not yet.

        Raises:
            ApiError: 403 PermissionDenied.
        """
        slugs = [row["slug"] for tag in tags or () if (row := self.store.one("SELECT * FROM tags WHERE id = ?", tag))]
        deny_unless(self.ability, action, "secrets", named_fields(place, key) | {"secretTags": slugs})

    def allow_on(self, action: str, place: ResolvedFolder, row: Row) -> None:
        """Pass an action on a secret.

        Raises:
            ApiError: 403 PermissionDenied.
        """
        deny_unless(self.ability, action, "secrets", secret_fields(self.store, row, place))

    def add(self, place: ResolvedFolder, data: Mapping[str, Any]) -> Row:
        """Record a new secret, as far as the caller may.

        Raises:
            ApiError: 403 PermissionDenied.
        """
        self.allow("create", place, data["key"], data.get("tags"))
        self._expansion.check(data.get("value", ""), place)
        return add_secret(self.store, self.call.caller, place, data)

    def change(self, place: ResolvedFolder, row: Row, data: Mapping[str, Any]) -> Row:
        """Record the next version of a secret, as far as the caller may; what refers to it follows a new name.

        Raises:
            ApiError: 403 PermissionDenied.
        """
        new_key = data.get("new_key", row["key"])
        self.allow_on("edit", place, row)
        if new_key != row["key"]:
            self.allow("edit", place, new_key, data.get("tags"))
        self._expansion.check(data.get("value", ""), place)
        changed = change_secret(self.store, self.call.caller, place, row, data)
        if new_key != row["key"]:
            follow(self.call, place, row["key"], place, new_key)
        return changed

    def shown(self, place: ResolvedFolder, row: Row) -> dict[str, Any]:
        """A written secret, its value hidden from one who may not read it."""
        hidden = not self.ability.can("readValue", "secrets", secret_fields(self.store, row, place))
        return secret_row(self.store, row, place, "secretValueHidden", hidden=hidden)


def _begin(call: Call, name: str) -> tuple[Writing, ResolvedFolder]:
    project_id = project_id_of(call, "Must provide either project slug or projectId")
    writing = Writing(call, project_id)
    return writing, get_folder(call.backend.store, project_id, call.data["environment"], call.data["path"], name)


def _is_personal(call: Call, verb: str) -> bool:
    if call.data["type"] == "personal" and call.caller.kind != "user":
        raise bad_request(f"Must be user to {verb} personal secret")
    return bool(call.data["type"] == "personal")


def create(call: Call) -> Any:
    """POST secrets/{secretName}."""
    writing, place = _begin(call, "CreateSecret")
    key, data = call.params["secretName"], dict(call.data) | {"key": call.params["secretName"]}
    personal = _is_personal(call, "create")
    existing = find_secret(call.backend.store, place.folder_id, key)
    if personal:
        return {"secret": secret_row(call.backend.store, _override(writing, place, existing, data), place)}
    if existing is not None:
        raise bad_request("Secret already exists")
    waiting = hold(call, place, Change("create", key, data))
    return waiting or {"secret": secret_row(call.backend.store, writing.add(place, data), place)}


def _override(writing: Writing, place: ResolvedFolder, shared: Row | None, data: Mapping[str, Any]) -> Row:
    call = writing.call
    if shared is None:
        raise bad_request("Failed to create personal secret override for no corresponding shared secret")
    if find_override(writing.store, place.folder_id, shared["key"], call.caller.id):
        raise bad_request("Secret already exists")
    writing.allow("create", place, shared["key"])
    return add_override(writing.store, call.caller, shared, data)


def update(call: Call) -> Any:
    """PATCH secrets/{secretName}."""
    writing, place = _begin(call, "UpdateSecret")
    store, key = call.backend.store, call.params["secretName"]
    if _is_personal(call, "create"):
        return {"secret": secret_row(store, _changed_override(call, place, key), place, "secretValueHidden")}
    row = find_secret(store, place.folder_id, key)
    if row is None:
        raise absent(call, key, f"Secret with name {key} not found")
    new_key = call.data.get("new_key", key)
    if "new_key" in call.data and find_secret(store, place.folder_id, new_key):
        raise bad_request("Secret with the new name already exists")
    waiting = hold(call, place, Change("update", key, call.data))
    return waiting or {"secret": writing.shown(place, writing.change(place, row, call.data))}


def _changed_override(call: Call, place: ResolvedFolder, key: str) -> Row:
    if "new_key" in call.data:
        raise bad_request("Personal secret cannot change the key name")
    own = find_override(call.backend.store, place.folder_id, key, call.caller.id)
    if own is None:
        raise not_found(f"Personal secret with name {key} not found")
    return change_override(call.backend.store, call.caller, own, call.data)


def delete(call: Call) -> Any:
    """DELETE secrets/{secretName}; a shared secret takes the overrides of it along."""
    writing, place = _begin(call, "DeleteSecret")
    store, key = call.backend.store, call.params["secretName"]
    if _is_personal(call, "delete"):
        own = find_override(store, place.folder_id, key, call.caller.id)
        if own is None:
            raise not_found("Secret not found")
        store.run("DELETE FROM overrides WHERE id = ?", own["id"])
        return {"secret": secret_row(store, own, place, "secretValueHidden")}
    row = find_secret(store, place.folder_id, key)
    if row is None:
        raise absent(call, key, "Secret not found")
    return hold(call, place, Change("delete", key, {})) or {"secret": _remove(writing, place, row)}


def _remove(writing: Writing, place: ResolvedFolder, row: Row) -> dict[str, Any]:
    writing.allow_on("delete", place, row)
    shown = writing.shown(place, row)
    writing.store.run("DELETE FROM secrets WHERE id = ?", row["id"])
    return shown


def create_many(call: Call) -> Any:
    """POST the batch: all of them or none."""
    store, items = call.backend.store, call.data["secrets"]
    writing, place = _begin(call, "CreateManySecret")
    keys = [item["key"] for item in items]
    taken = [key for key in dict.fromkeys(keys) if find_secret(store, place.folder_id, key) or keys.count(key) > 1]
    if taken:
        names = ", ".join(f"'{key}'" for key in taken)
        where = f"in path '{place.path}' of environment '{place.environment}'"
        raise bad_request(f"Secret already exists: {names} {where}")
    waiting = hold(call, place, *(Change("create", item["key"], item) for item in items))
    if waiting:
        return waiting
    rows = [writing.add(place, item) for item in items]
    return {"secrets": [secret_row(store, row, place) for row in rows]}


def update_many(call: Call) -> Any:
    """PATCH the batch: what does not exist fails it, is ignored, or is created, as `mode` says."""
    project_id = project_id_of(call, "Must provide either project slug or projectId")
    writing = Writing(call, project_id)
    environment(call.backend.store, project_id, call.data["environment"])
    paths: dict[str, list[dict[str, Any]]] = {}
    for item in call.data["secrets"]:
        paths.setdefault(item.get("path") or call.data["path"], []).append(item)
    slug = call.data["environment"]
    places = {path: get_folder(call.backend.store, project_id, slug, path, "UpdateManySecret") for path in paths}
    planned = {path: _planned(call, places[path], items) for path, items in paths.items()}
    for path, changes in planned.items():
        held = hold(call, places[path], *(Change(op, item["key"], item) for op, item in changes))
        if held:
            return held
    return {"secrets": [row for path in paths for row in _update_path(writing, places[path], planned[path])]}


def _planned(call: Call, place: ResolvedFolder, items: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """What is to be done with each item, those to be created last.

    Raises:
        ApiError: 404 for those that do not exist, unless the mode says otherwise; 400 for a new name that is taken.
    """
    store, mode = call.backend.store, call.data["mode"]
    known = [item for item in items if find_secret(store, place.folder_id, item["key"])]
    missing = [item for item in items if item not in known]
    if missing and mode == "failOnNotFound":
        raise not_found(f"Secret does not exist: {', '.join(item['key'] for item in missing)} in path {place.path}")
    renamed = [item["new_key"] for item in known if item.get("new_key")]
    if any(find_secret(store, place.folder_id, key) for key in renamed):
        raise bad_request(f"Secret with new name already exists: {', '.join(renamed)}")
    created = [("create", item) for item in missing] if mode == "upsert" else []
    return [*(("update", item) for item in known), *created]


def _update_path(
    writing: Writing, place: ResolvedFolder, changes: list[tuple[str, dict[str, Any]]]
) -> list[dict[str, Any]]:
    rows: list[Row] = []
    for op, item in changes:
        row = find_secret(writing.store, place.folder_id, item["key"])
        rows.append(writing.add(place, item) if op == "create" or row is None else writing.change(place, row, item))
    return [writing.shown(place, row) for row in rows]


def delete_many(call: Call) -> Any:
    """DELETE the batch: all of them or none."""
    store, items = call.backend.store, call.data["secrets"]
    writing, place = _begin(call, "DeleteManySecret")
    if any(item["type"] == "personal" for item in items):
        raise bad_request("Must be user to delete personal secret")
    rows = [row for item in items if (row := find_secret(store, place.folder_id, item["key"]))]
    if len({row["key"] for row in rows}) != len(items):
        raise not_found(f"One or more secrets does not exist: {', '.join(row['key'] for row in rows)}")
    waiting = hold(call, place, *(Change("delete", row["key"], {}) for row in rows))
    return waiting or {"secrets": [_remove(writing, place, row) for row in rows]}
