"""Imports of secrets from another folder, and what they bring."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from ..store import Row, Store
from .access import permit
from .backend import Backend, timestamp
from .errors import bad_request, forbidden, not_found
from .grants import is_granted
from .paths import ResolvedFolder, environment, find_folder, folder_path, get_folder, secret_path_field
from .routing import CURRENT, SERVICE, Call, Routes
from .validation import ABSENT, REQUIRED, Field, flag, number, record, text

__all__ = ["ImportBlock", "import_blocks", "routes"]

routes: Routes = Routes()  # the operations of this noun
MAX_DEPTH = 10


@dataclass(frozen=True)
class ImportBlock:
    """What one import brings: the imported folder and its secrets, each with where it lies."""

    place: ResolvedFolder
    secrets: list[tuple[ResolvedFolder, Row]]


def import_blocks(backend: Backend, place: ResolvedFolder) -> list[ImportBlock]:
    """The imports of a folder in their order; those of an imported folder add to its block.

    What another project does not share, or no longer, brings nothing.
    """
    return _blocks(backend, place, place.project_id, {(place.project_id, place.environment, place.path)}, 0)


def _blocks(
    backend: Backend, place: ResolvedFolder, project_id: str, seen: set[tuple[str, str, str]], depth: int
) -> list[ImportBlock]:
    if depth > MAX_DEPTH:
        return []
    store = backend.store
    blocks: list[ImportBlock] = []
    for row in _rows(store, place.folder_id):
        source = (row["project_id"], row["slug"], row["path"])
        folder = None if source in seen else find_folder(store, *source)
        if folder is None or not _is_open(backend, source[0], folder["id"], project_id):
            continue
        seen.add(source)
        imported = ResolvedFolder(*source, folder["id"])
        own = store.all("SELECT * FROM secrets WHERE folder_id = ? ORDER BY key", folder["id"])
        deeper = [pair for block in _blocks(backend, imported, project_id, seen, depth + 1) for pair in block.secrets]
        keys = {secret["key"] for secret in own}
        inherited = [(origin, secret) for origin, secret in deeper if secret["key"] not in keys]
        blocks.append(ImportBlock(imported, [*((imported, secret) for secret in own), *inherited]))
    return blocks


def _is_open(backend: Backend, source: str, folder_id: str, project_id: str) -> bool:
    if source == project_id:
        return True
    return backend.behaviour.cross_project and is_granted(backend.store, folder_id, project_id)


def _rows(store: Store, folder_id: str) -> list[Row]:
    return store.all(
        "SELECT i.*, e.slug, e.project_id, e.name AS environment_name FROM imports i"
        " JOIN environments e ON e.id = i.environment_id WHERE i.folder_id = ? ORDER BY i.position",
        folder_id,
    )


def import_row(row: Row, **extra: Any) -> dict[str, Any]:
    """An import as the API shows it."""
    return {
        "id": row["id"],
        "version": 1,
        "importPath": row["path"],
        "importEnv": {"id": row["environment_id"], "name": row["environment_name"], "slug": row["slug"]},
        "position": row["position"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "folderId": row["folder_id"],
        "isReplication": bool(row["is_replication"]),
        "isReplicationSuccess": None,
        "replicationStatus": None,
        "lastReplicated": None,
        "isReserved": False,
        **extra,
    }


def _written(verb: str, row: Row) -> dict[str, Any]:
    return {"message": f"Successfully {verb} secret import", "secretImport": import_row(row)}


def _place(call: Call, action: str) -> ResolvedFolder:
    where = {"environment": call.data["environment"], "secretPath": call.data["path"]}
    permit(call, call.data["project_id"], action, "secret-imports", where)
    return get_folder(call.backend.store, call.data["project_id"], call.data["environment"], call.data["path"])


def create(call: Call) -> Any:
    """POST secret-imports."""
    store, source = call.backend.store, call.data["import"]
    place = _place(call, "create")
    origin = source.get("project_id") or place.project_id
    where = environment(store, origin, source["environment"])
    if origin == place.project_id:
        _refuse_cycle(store, place, where["slug"], source["path"])
    else:
        _refuse_unshared(call, place, origin, where["slug"], source["path"])
    rows = _rows(store, place.folder_id)
    now, import_id = timestamp(), str(uuid.uuid4())
    store.insert(
        "imports",
        id=import_id,
        folder_id=place.folder_id,
        environment_id=where["id"],
        path=source["path"],
        position=max((row["position"] for row in rows), default=0) + 1,
        is_replication=call.data["isReplication"],
        created_at=now,
        updated_at=now,
    )
    return _written("created", _get(store, place, import_id))


def _refuse_cycle(store: Store, place: ResolvedFolder, slug: str, path: str) -> None:
    folder = find_folder(store, place.project_id, slug, path)
    target = (place.environment, place.path)
    if folder and (folder["id"] == place.folder_id or target in _sources(store, folder["id"])):
        raise bad_request("Cyclic import not allowed")


def _refuse_unshared(call: Call, place: ResolvedFolder, source: str, slug: str, path: str) -> None:
    if not call.backend.behaviour.cross_project:
        raise bad_request("Cross-project secret sharing is not enabled for this organization")
    folder = get_folder(call.backend.store, source, slug, path)
    if not is_granted(call.backend.store, folder.folder_id, place.project_id):
        raise forbidden(f"The folder '{path}' of the project with ID {source} is not shared with this project")


def _sources(store: Store, folder_id: str) -> set[tuple[str, str]]:
    return {(row["slug"], row["path"]) for row in _rows(store, folder_id)}


def _get(store: Store, place: ResolvedFolder, import_id: str) -> Row:
    row = next((row for row in _rows(store, place.folder_id) if row["id"] == import_id), None)
    if row is None:
        raise not_found(f"Secret import with folder ID '{import_id}' not found")
    return row


def list_all(call: Call) -> Any:
    """GET secret-imports."""
    place = _place(call, "read")
    listed = [import_row(row) for row in _rows(call.backend.store, place.folder_id)]
    return {"message": "Successfully fetched secret imports", "secretImports": listed}


def show(call: Call) -> Any:
    """GET secret-imports/{secretImportId}."""
    store, import_id = call.backend.store, call.params["secretImportId"]
    folder = store.one(
        "SELECT f.*, e.project_id, e.name AS environment_name, e.slug FROM imports i"
        " JOIN folders f ON f.id = i.folder_id JOIN environments e ON e.id = f.environment_id WHERE i.id = ?",
        import_id,
    )
    if folder is None:
        raise not_found(f"Secret import with ID '{import_id}' not found")
    path = folder_path(store, folder)
    permit(call, folder["project_id"], "read", "secret-imports", {"environment": folder["slug"], "secretPath": path})
    where = {"id": folder["environment_id"], "name": folder["environment_name"], "slug": folder["slug"]}
    row = _get(store, ResolvedFolder(folder["project_id"], folder["slug"], path, folder["id"]), import_id)
    return {"secretImport": import_row(row, environment=where, projectId=folder["project_id"], secretPath=path)}


def update(call: Call) -> Any:
    """PATCH secret-imports/{secretImportId}: another source or another position."""
    store, change = call.backend.store, call.data["import"]
    place = _place(call, "edit")
    row = _get(store, place, call.params["secretImportId"])
    slug, path = change.get("environment", row["slug"]), change.get("path", row["path"])
    where = environment(store, row["project_id"], slug)
    if row["project_id"] == place.project_id:
        _refuse_cycle(store, place, slug, path)
    else:
        _refuse_unshared(call, place, row["project_id"], slug, path)
    store.update("imports", row["id"], environment_id=where["id"], path=path, updated_at=timestamp())
    if "position" in change:
        order = [other["id"] for other in _rows(store, place.folder_id) if other["id"] != row["id"]]
        order.insert(int(change["position"]) - 1, row["id"])
        _renumber(store, order)
    return _written("updated", _get(store, place, row["id"]))


def _renumber(store: Store, order: list[str]) -> None:
    for position, import_id in enumerate(order, 1):
        store.update("imports", import_id, position=position)


def delete(call: Call) -> Any:
    """DELETE secret-imports/{secretImportId}."""
    store = call.backend.store
    place = _place(call, "delete")
    row = _get(store, place, call.params["secretImportId"])
    store.run("DELETE FROM imports WHERE id = ?", row["id"])
    _renumber(store, [other["id"] for other in _rows(store, place.folder_id)])
    return _written("deleted", row)


_SOURCE = {
    "environment": text(),
    "path": secret_path_field(default=REQUIRED),
    "sourceProjectId": text("project_id", default=ABSENT),
}
_CHANGE = {
    "environment": text(default=ABSENT),
    "path": secret_path_field(default=ABSENT),
    "position": number(least=1),
}


def _register(base: str, project: dict[str, Field]) -> None:
    address = project | {"environment": text(), "path": secret_path_field()}
    one = f"{base}/{{secretImportId}}"
    new = {"import": record(_SOURCE), "isReplication": flag(default=False)}
    routes.add("POST", base, create, body=address | new, modes=CURRENT | SERVICE)
    routes.add("GET", base, list_all, query=address, modes=CURRENT | SERVICE)
    routes.add("GET", one, show, modes=CURRENT | SERVICE)
    routes.add("PATCH", one, update, body=address | {"import": record(_CHANGE)}, modes=CURRENT | SERVICE)
    routes.add("DELETE", one, delete, body=address, modes=CURRENT | SERVICE)


_register("/api/v2/secret-imports", {"projectId": text("project_id")})
_register("/api/v1/secret-imports", {"workspaceId": text("project_id")})
