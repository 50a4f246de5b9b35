"""Tags of a project."""

from __future__ import annotations

import uuid
from typing import Any

from ..store import Row
from .access import permit
from .backend import timestamp
from .errors import bad_request, not_found
from .routing import Call, Routes
from .validation import text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun
BASE = "/api/v1/projects/{projectId}/tags"


def tag_row(row: Row) -> dict[str, Any]:
    """A tag as the API shows it."""
    return {
        "id": row["id"],
        "slug": row["slug"],
        "color": row["color"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "createdBy": row["created_by"],
        "createdByActorType": "identity",
        "projectId": row["project_id"],
        "name": row["slug"],
    }


def _get(call: Call, column: str, value: str) -> Row:
    row = call.backend.store.one(
        f"SELECT * FROM tags WHERE project_id = ? AND {column} = ?", call.params["projectId"], value
    )
    if row is None:
        raise not_found(f"Tag with {column} '{value}' not found")
    return row


def create(call: Call) -> Any:
    """POST tags."""
    permit(call, call.params["projectId"], "create", "tags")
    store, now, tag_id = call.backend.store, timestamp(), str(uuid.uuid4())
    project_id, slug = call.params["projectId"], call.data["slug"]
    if store.one("SELECT 1 FROM tags WHERE project_id = ? AND slug = ?", project_id, slug):
        raise bad_request("Tag already exist")
    store.insert(
        "tags",
        id=tag_id,
        project_id=project_id,
        slug=slug,
        color=call.data["color"],
        created_by=call.caller.id,
        created_at=now,
        updated_at=now,
    )
    return {"tag": tag_row(_get(call, "id", tag_id))}


def list_all(call: Call) -> Any:
    """GET tags."""
    permit(call, call.params["projectId"], "read", "tags")
    rows = call.backend.store.all("SELECT * FROM tags WHERE project_id = ? ORDER BY slug", call.params["projectId"])
    return {"tags": [tag_row(row) for row in rows]}


def show(call: Call) -> Any:
    """GET tags/{tagId}."""
    permit(call, call.params["projectId"], "read", "tags")
    return {"tag": tag_row(_get(call, "id", call.params["tagId"]))}


def show_by_slug(call: Call) -> Any:
    """GET tags/slug/{tagSlug}."""
    permit(call, call.params["projectId"], "read", "tags")
    return {"tag": tag_row(_get(call, "slug", call.params["tagSlug"]))}


def delete(call: Call) -> Any:
    """DELETE tags/{tagId}."""
    permit(call, call.params["projectId"], "delete", "tags")
    row = _get(call, "id", call.params["tagId"])
    call.backend.store.run("DELETE FROM tags WHERE id = ?", row["id"])
    return {"tag": tag_row(row)}


routes.add("POST", BASE, create, body={"slug": text(least=1, most=64), "color": text()})
routes.add("GET", BASE, list_all)
routes.add("GET", f"{BASE}/{{tagId}}", show)
routes.add("GET", f"{BASE}/slug/{{tagSlug}}", show_by_slug)
routes.add("DELETE", f"{BASE}/{{tagId}}", delete)
