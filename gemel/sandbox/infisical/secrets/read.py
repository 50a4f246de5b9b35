"""Reading secrets: list, by name with the fall-through to imports, by id."""

from __future__ import annotations

import json
from typing import Any

from ...store import Row
from ..access import permit, project_id_of
from ..errors import bad_request, not_found
from ..imports import ImportBlock, import_blocks
from ..paths import Place, descend, find_folder, folder_path, get_folder
from ..routing import Call
from .references import expand
from .rows import secret_row, tag_refs

__all__ = ["list_all", "show", "show_by_id"]

READ = ("secretPath", "secretValueHidden", "secretMetadata", "tags")
IMPORTED = ("secretValueHidden", "secretMetadata")


def list_all(call: Call) -> Any:
    """GET secrets: those of a path, or of everything below it, with the imports apart."""
    data = call.data
    project_id = project_id_of(call, "Missing project id or environment")
    if not data.get("environment"):
        raise bad_request("Missing project id or environment")
    permit(call, project_id, "describeSecret", "secrets")
    places = _places(call, project_id)
    secrets = [_shown(call, place, row, *READ) for place in places for row in _rows(call, place)]
    importing = places if data["imports"] else []
    blocks = [block for place in importing for block in import_blocks(call.backend.store, place)]
    return {"secrets": secrets, "imports": [_block(call, block) for block in blocks]}


def _places(call: Call, project_id: str) -> list[Place]:
    store, environment, path = call.backend.store, call.data["environment"], call.data["path"]
    folder = find_folder(store, project_id, environment, path)
    if folder is None:
        return []
    root = Place(project_id, environment, path, folder["id"])
    if not call.data["recursive"]:
        return [root]
    below = descend(store, folder["id"], path)
    return [root, *(Place(project_id, environment, child_path, row["id"]) for row, child_path in below)]


def _rows(call: Call, place: Place) -> list[Row]:
    rows = call.backend.store.all("SELECT * FROM secrets WHERE folder_id = ? ORDER BY key", place.folder_id)
    slugs, pairs = call.data.get("tags"), call.data.get("metadata")
    if slugs:
        rows = [row for row in rows if slugs & {tag["slug"] for tag in tag_refs(call.backend.store, row["id"])}]
    if pairs:
        rows = [row for row in rows if _has_metadata(row, pairs)]
    return rows


def _has_metadata(row: Row, pairs: list[tuple[str, str]]) -> bool:
    held = {(item["key"], item["value"]) for item in json.loads(row["metadata"]) if not item["isEncrypted"]}
    return held.issuperset(pairs)


def _shown(call: Call, place: Place, row: Row, *extra: str, origin: Place | None = None) -> dict[str, Any]:
    store, visible = call.backend.store, call.data["visible"]
    value = expand(store, origin or place, row["key"], row["value"]) if visible and call.data["expand"] else None
    return secret_row(store, row, place, *extra, value=value, hidden=not visible)


def _block(call: Call, block: ImportBlock) -> dict[str, Any]:
    secrets = [_imported(call, block.place, origin, row) for origin, row in block.secrets]
    address = {"secretPath": block.place.path, "environment": block.place.environment}
    return address | {"folderId": block.place.folder_id, "secrets": secrets}


def _imported(call: Call, place: Place, origin: Place, row: Row) -> dict[str, Any]:
    shown = _shown(call, place, row, *IMPORTED, origin=origin)
    return {name: value for name, value in shown.items() if name not in ("createdAt", "updatedAt")}


def show(call: Call) -> Any:
    """GET secrets/{secretName}: the secret, one of its versions, or one that is imported."""
    data, key = call.data, call.params["secretName"]
    if not data.get("environment"):
        raise bad_request("Missing environment")
    project_id = project_id_of(call, "You must provide workspaceSlug or workspaceId")
    permit(call, project_id, "describeSecret", "secrets")
    place = get_folder(call.backend.store, project_id, data["environment"], data["path"], "GetSecretByName")
    row = _own(call, place, key) if data["type"] == "shared" else None
    if row is not None:
        return {"secret": _shown(call, place, row, *READ)}
    for block in reversed(import_blocks(call.backend.store, place) if data["imports"] else []):
        for origin, imported in block.secrets:
            if imported["key"] == key:
                return {"secret": _shown(call, block.place, imported, *READ, origin=origin)}
    raise not_found(f"Secret with name '{key}' not found")


def _own(call: Call, place: Place, key: str) -> Row | None:
    address = (place.folder_id, key)
    if "version" not in call.data:
        return call.backend.store.one("SELECT * FROM secrets WHERE folder_id = ? AND key = ?", *address)
    return call.backend.store.one(
        "SELECT * FROM secret_versions WHERE folder_id = ? AND key = ? AND version = ?", *address, call.data["version"]
    )


def show_by_id(call: Call) -> Any:
    """GET secrets/id/{secretId}: never expanded, never hidden."""
    store, secret_id = call.backend.store, call.params["secretId"]
    row = store.one("SELECT * FROM secrets WHERE id = ?", secret_id)
    if row is None:
        raise not_found(f"Secret with ID '{secret_id}' not found", "GetSecretById")
    folder = store.one(
        "SELECT f.*, e.project_id, e.slug FROM folders f JOIN environments e ON e.id = f.environment_id WHERE f.id = ?",
        row["folder_id"],
    )
    assert folder is not None
    permit(call, folder["project_id"], "readValue", "secrets")
    place = Place(folder["project_id"], folder["slug"], folder_path(store, folder), folder["id"])
    return {"secret": secret_row(store, row, place, "secretPath", "secretMetadata", "tags")}
