"""Writing secrets: create, update and delete, one or many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...store import Row
from ..access import permit, project_id_of
from ..errors import bad_request, not_found
from ..paths import Place, environment, get_folder
from ..policies import approval
from ..routing import Call
from .references import check
from .rows import add_secret, change_secret, find_secret, secret_row

__all__ = ["create", "create_many", "delete", "delete_many", "update", "update_many"]


def _place(call: Call, action: str, name: str) -> Place:
    project_id = project_id_of(call, "Must provide either project slug or projectId")
    permit(call, project_id, action, "secrets")
    return get_folder(call.backend.store, project_id, call.data["environment"], call.data["path"], name)


def _refuse_personal(call: Call) -> None:
    if call.data["type"] == "personal":
        raise bad_request("Must be user to create personal secret")


def create(call: Call) -> Any:
    """POST secrets/{secretName}."""
    place = _place(call, "create", "CreateSecret")
    _refuse_personal(call)
    waiting = approval(call.backend.store, place)
    if waiting:
        return waiting
    row = _add(call, place, dict(call.data) | {"key": call.params["secretName"]}, "Secret already exist")
    return {"secret": secret_row(call.backend.store, row, place)}


def _add(call: Call, place: Place, data: Mapping[str, Any], complaint: str) -> Row:
    store = call.backend.store
    if find_secret(store, place.folder_id, data["key"]):
        raise bad_request(complaint)
    check(store, place, data.get("value", ""))
    return add_secret(store, call.caller, place, data)


def update(call: Call) -> Any:
    """PATCH secrets/{secretName}."""
    place = _place(call, "edit", "UpdateSecret")
    _refuse_personal(call)
    row = _existing(call, place, call.params["secretName"])
    waiting = approval(call.backend.store, place)
    if waiting:
        return waiting
    changed = _change(call, place, row, call.data)
    return {"secret": secret_row(call.backend.store, changed, place, "secretValueHidden")}


def _existing(call: Call, place: Place, key: str) -> Row:
    row = find_secret(call.backend.store, place.folder_id, key)
    if row is None:
        raise not_found(f"Secret with name {key} not found")
    return row


def _change(call: Call, place: Place, row: Row, data: Mapping[str, Any]) -> Row:
    store, new_key = call.backend.store, data.get("new_key", row["key"])
    if new_key != row["key"] and find_secret(store, place.folder_id, new_key):
        raise bad_request(f"Secret with new name already exists: {new_key}")
    check(store, place, data.get("value", ""))
    return change_secret(store, call.caller, place, row, data)


def delete(call: Call) -> Any:
    """DELETE secrets/{secretName}."""
    place = _place(call, "delete", "DeleteSecret")
    _refuse_personal(call)
    row = _existing(call, place, call.params["secretName"])
    return approval(call.backend.store, place) or {"secret": _remove(call, place, row)}


def _remove(call: Call, place: Place, row: Row) -> dict[str, Any]:
    shown = secret_row(call.backend.store, row, place, "secretValueHidden")
    call.backend.store.run("DELETE FROM secrets WHERE id = ?", row["id"])
    return shown


def create_many(call: Call) -> Any:
    """POST the batch: all of them or none."""
    store, items = call.backend.store, call.data["secrets"]
    place = _place(call, "create", "CreateManySecret")
    taken = [item["key"] for item in items if find_secret(store, place.folder_id, item["key"])]
    if taken:
        raise bad_request(f"Secret already exist: {','.join(taken)}")
    waiting = approval(store, place)
    if waiting:
        return waiting
    rows = [_add(call, place, item, f"Secret already exist: {item['key']}") for item in items]
    return {"secrets": [secret_row(store, row, place) for row in rows]}


def update_many(call: Call) -> Any:
    """PATCH the batch: what does not exist fails it, is ignored, or is created, as `mode` says."""
    project_id = project_id_of(call, "Must provide either project slug or projectId")
    permit(call, project_id, "edit", "secrets")
    environment(call.backend.store, project_id, call.data["environment"])
    paths: dict[str, list[dict[str, Any]]] = {}
    for item in call.data["secrets"]:
        paths.setdefault(item.get("path") or call.data["path"], []).append(item)
    places = {path: _folder(call, project_id, path) for path in paths}
    waiting = next(filter(None, (approval(call.backend.store, place) for place in places.values())), None)
    if waiting:
        return waiting
    return {"secrets": [row for path, items in paths.items() for row in _update_path(call, places[path], items)]}


def _folder(call: Call, project_id: str, path: str) -> Place:
    return get_folder(call.backend.store, project_id, call.data["environment"], path, "UpdateManySecret")


def _update_path(call: Call, place: Place, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    store, mode = call.backend.store, call.data["mode"]
    found = [(item, find_secret(store, place.folder_id, item["key"])) for item in items]
    missing = [item for item, row in found if row is None]
    if missing and mode == "failOnNotFound":
        keys = ", ".join(item["key"] for item in missing)
        raise not_found(f"Secret does not exist: {keys} in path {place.path}")
    rows = [_change(call, place, row, item) for item, row in found if row is not None]
    if missing and mode == "upsert":
        permit(call, place.project_id, "create", "secrets")
        rows += [_add(call, place, item, f"Secret already exist: {item['key']}") for item in missing]
    return [secret_row(store, row, place, "secretValueHidden") for row in rows]


def delete_many(call: Call) -> Any:
    """DELETE the batch: all of them or none."""
    store, items = call.backend.store, call.data["secrets"]
    place = _place(call, "delete", "DeleteManySecret")
    if any(item["type"] == "personal" for item in items):
        raise bad_request("Must be user to create personal secret")
    rows = [row for item in items if (row := find_secret(store, place.folder_id, item["key"]))]
    if len(rows) != len(items):
        raise not_found(f"One or more secrets does not exist: {', '.join(row['key'] for row in rows)}")
    return approval(store, place) or {"secrets": [_remove(call, place, row) for row in rows]}
