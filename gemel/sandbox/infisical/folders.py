"""Folders of secrets, in both generations of the API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..store import Row, Store
from .access import permit, project_id_of
from .backend import timestamp
from .errors import bad_request, not_found
from .paths import (
    FOLDER_NAME_RULE,
    ResolvedFolder,
    descend,
    environment,
    find_folder,
    folder_path,
    folder_path_field,
    get_folder,
    join,
)
from .policies import policy_for
from .routing import CURRENT, SERVICE, Call, Routes
from .validation import ABSENT, REQUIRED, Field, flag, listing, loose_flag, record, text

__all__ = ["add_folder", "routes"]

routes: Routes = Routes()  # the operations of this noun


def folder_row(row: Row, **extra: Any) -> dict[str, Any]:
    """A folder as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "version": 1,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "envId": row["environment_id"],
        "parentId": row["parent_id"],
        "isReserved": False,
        "description": row["description"],
        "lastSecretModified": row["secrets_changed_at"],
        **extra,
    }


def add_folder(
    store: Store, environment_id: str, parent_id: str | None, name: str, description: str | None = None
) -> Row:
    """Record a folder; one without a parent is the root of its environment."""
    now = timestamp()
    folder_id = str(uuid.uuid4())
    store.insert(
        "folders",
        id=folder_id,
        environment_id=environment_id,
        parent_id=parent_id,
        name=name,
        description=description,
        created_at=now,
        updated_at=now,
    )
    return _by_id(store, folder_id)


def _by_id(store: Store, folder_id: str) -> Row:
    row = store.one("SELECT * FROM folders WHERE id = ?", folder_id)
    if row is None:
        raise not_found(f"Folder with ID '{folder_id}' not found")
    return row


def _path(data: Mapping[str, Any]) -> str:
    path = data.get("path") or data.get("directory")
    return "/" if path is None else str(path)


def _permit(call: Call, project_id: str, action: str, data: Mapping[str, Any]) -> None:
    where = {"environment": data["environment"], "secretPath": _path(data)}
    permit(call, project_id, action, "secret-folders", where)


def create(call: Call) -> Any:
    """POST folders: answers with the folder that exists, or makes it and every missing parent."""
    store, data = call.backend.store, call.data
    _permit(call, data["project_id"], "create", data)
    where = environment(store, data["project_id"], data["environment"])
    folder = _root(store, where["id"])
    path = _path(data)
    find_folder(store, data["project_id"], data["environment"], path)  # refuses a malformed path
    names = [name for name in path.split("/") if name]
    for name in names:
        folder = _child(store, folder, name) or add_folder(store, where["id"], folder["id"], name)
    existing = _child(store, folder, data["name"])
    made = existing or add_folder(store, where["id"], folder["id"], data["name"], data.get("description"))
    return {"folder": folder_row(made, path=folder_path(store, made))}


def _root(store: Store, environment_id: str) -> Row:
    row = store.one("SELECT * FROM folders WHERE environment_id = ? AND parent_id IS NULL", environment_id)
    assert row is not None
    return row


def _child(store: Store, parent: Row, name: str) -> Row | None:
    return store.one("SELECT * FROM folders WHERE parent_id = ? AND name = ?", parent["id"], name)


def show(call: Call) -> Any:
    """GET folders/{folderId}."""
    store = call.backend.store
    folder = _by_id(store, call.params["folderId"])
    where = store.one("SELECT * FROM environments WHERE id = ?", folder["environment_id"])
    assert where is not None
    path = folder_path(store, folder)
    _permit(call, where["project_id"], "read", {"environment": where["slug"], "path": path})
    place = {"envId": where["id"], "envName": where["name"], "envSlug": where["slug"]}
    return {"folder": folder_row(folder, environment=place, path=path, projectId=where["project_id"])}


def list_all(call: Call) -> Any:
    """GET folders: the children of a path, or with `recursive` everything below it."""
    store, data = call.backend.store, call.data
    _permit(call, data["project_id"], "read", data)
    environment(store, data["project_id"], data["environment"])
    parent = find_folder(store, data["project_id"], data["environment"], _path(data))
    if parent is None:
        return {"folders": []}
    since = data.get("since") or ""
    rows: list[tuple[Row, dict[str, Any]]]
    if data["recursive"]:
        rows = [(row, {"relativePath": path}) for row, path in descend(store, parent["id"], "/")]
    else:
        rows = [(row, {}) for row, _ in descend(store, parent["id"], "/", depth=1)]
    return {"folders": [folder_row(row, **more) for row, more in rows if (row["secrets_changed_at"] or "") >= since]}


def update(call: Call) -> Any:
    """PATCH folders/{folderId}."""
    _permit(call, call.data["project_id"], "edit", call.data)
    change = dict(call.data) | {"id": call.params["folderId"]}
    folder = _rename(call.backend.store, call.data["project_id"], change)
    return {"folder": folder_row(folder, path=folder_path(call.backend.store, folder))}


def update_many(call: Call) -> Any:
    """PATCH folders/batch."""
    project_id = project_id_of(call, "Must provide either project slug or projectId")
    for change in call.data["folders"]:
        _permit(call, project_id, "edit", change)
    changed = [_rename(call.backend.store, project_id, change) for change in call.data["folders"]]
    return {"folders": [folder_row(folder) for folder in changed]}


def _rename(store: Store, project_id: str, change: dict[str, Any]) -> Row:
    parent = get_folder(store, project_id, change["environment"], _path(change), "UpdateFolder")
    folder = _find(store, parent, change["id"])
    if folder is None:
        raise not_found(f"Folder with ID '{change['id']}' not found", "UpdateFolder")
    taken = store.one(
        "SELECT 1 FROM folders WHERE parent_id = ? AND name = ? AND id <> ?",
        parent.folder_id,
        change["name"],
        folder["id"],
    )
    if taken:
        raise bad_request("Folder with specified name already exists", "UpdateFolder")
    columns = {"name": change["name"], "updated_at": timestamp()}
    if "description" in change:
        columns["description"] = change["description"]
    store.update("folders", folder["id"], **columns)
    return _by_id(store, folder["id"])


def _find(store: Store, parent: ResolvedFolder, id_or_name: str) -> Row | None:
    return store.one(
        "SELECT * FROM folders WHERE parent_id = ? AND (name = ? OR id = ?) ORDER BY name = ? DESC",
        parent.folder_id,
        id_or_name,
        id_or_name,
        id_or_name,
    )


def delete(call: Call) -> Any:
    """DELETE folders/{folderIdOrName}, with all that is below it."""
    store, data = call.backend.store, call.data
    _permit(call, data["project_id"], "delete", data)
    environment(store, data["project_id"], data["environment"])
    parent = get_folder(store, data["project_id"], data["environment"], _path(data))
    folder = _find(store, parent, call.params["folderId"])
    if folder is None:
        raise not_found("Target folder not found")
    if not data["force"]:
        _refuse_protected(store, parent, folder)
    store.run("DELETE FROM folders WHERE id = ?", folder["id"])
    return {"folder": folder_row(folder)}


def _refuse_protected(store: Store, parent: ResolvedFolder, folder: Row) -> None:
    path = join(parent.path, folder["name"])
    for row, below in [(folder, path), *descend(store, folder["id"], path)]:
        policy = policy_for(store, parent.project_id, parent.environment, below)
        if policy and store.one("SELECT 1 FROM secrets WHERE folder_id = ?", row["id"]):
            raise bad_request(
                "You cannot delete the selected folder because it contains one or more secrets that are protected"
                f' by the change policy "{policy["name"]}" at folder path "{below}".'
                f' Please remove the secrets at folder path "{below}" and try again.',
                "DeleteFolderProtectedByPolicy",
            )


_NAME = {"name": text(rule=FOLDER_NAME_RULE), "description": text(default=ABSENT, nullable=True, trim=False)}
_ENVIRONMENT = {"environment": text()}


def _register(base: str, project: dict[str, Field], path: dict[str, Field], listed: dict[str, Field]) -> None:
    address = project | _ENVIRONMENT
    filters = {"lastSecretModified": text("since", default=ABSENT), "recursive": loose_flag("recursive", False)}
    modes = CURRENT | SERVICE
    gone = address | path | {"forceDelete": flag("force", default=False)}
    routes.add("POST", base, create, body=address | path | _NAME, modes=modes)
    routes.add("GET", base, list_all, query=address | listed | filters, modes=modes)
    routes.add("GET", f"{base}/{{folderId}}", show, modes=modes)
    routes.add("PATCH", f"{base}/{{folderId}}", update, body=address | path | _NAME, modes=modes)
    routes.add("DELETE", f"{base}/{{folderId}}", delete, body=gone, modes=modes)


def _register_batch(base: str, project: dict[str, Field]) -> None:
    item = {"id": text(trim=False)} | _ENVIRONMENT | {"path": folder_path_field()} | _NAME
    routes.add("PATCH", f"{base}/batch", update_many, body=project | {"folders": listing(record(item), least=1)})


_BOTH = {"path": folder_path_field(default=ABSENT), "directory": folder_path_field("directory", ABSENT)}

_register(
    "/api/v2/folders",
    {"projectId": text("project_id")},
    {"path": folder_path_field()},
    {"path": folder_path_field(default=REQUIRED)},
)
_register("/api/v1/folders", {"workspaceId": text("project_id")}, _BOTH, _BOTH)
_register_batch("/api/v2/folders", {"projectId": text("project_id")})
_register_batch("/api/v1/folders", {"projectSlug": text("project_slug")})
