"""Environments of a project."""

from __future__ import annotations

import re
import uuid
from typing import Any

from ..store import Row, Store
from .access import permit
from .backend import timestamp
from .errors import bad_request, not_found
from .folders import add_folder
from .routing import Call, Routes
from .validation import ABSENT, Rule, number, text

__all__ = ["add_environment", "environment_ref", "routes"]

routes: Routes = Routes()  # the operations of this noun
BASE = "/api/v1/projects/{projectId}/environments"
SLUG_RULE: Rule = (
    lambda slug: re.fullmatch("[a-z0-9]+([-_][a-z0-9]+)*", slug) is not None,
    "Slug must be a valid slug",
)


def environment_row(row: Row) -> dict[str, Any]:
    """An environment as the API shows it on its own."""
    return environment_ref(row) | {
        "position": row["position"],
        "projectId": row["project_id"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def environment_ref(row: Row) -> dict[str, Any]:
    """An environment as other records mention it."""
    return {"id": row["id"], "name": row["name"], "slug": row["slug"]}


def add_environment(store: Store, project_id: str, name: str, slug: str, position: int | None = None) -> Row:
    """Record an environment with its root folder, at the end or at a position."""
    last = store.one("SELECT coalesce(max(position), 0) AS position FROM environments WHERE project_id = ?", project_id)
    assert last is not None
    if position is not None:
        store.run(
            "UPDATE environments SET position = position + 1 WHERE project_id = ? AND position >= ?",
            project_id,
            position,
        )
    now, environment_id = timestamp(), str(uuid.uuid4())
    store.insert(
        "environments",
        id=environment_id,
        project_id=project_id,
        name=name,
        slug=slug,
        position=last["position"] + 1 if position is None else position,
        created_at=now,
        updated_at=now,
    )
    add_folder(store, environment_id, None, "root")
    return _get(store, project_id, environment_id)


def _get(store: Store, project_id: str, environment_id: str) -> Row:
    row = store.one("SELECT * FROM environments WHERE id = ? AND project_id = ?", environment_id, project_id)
    if row is None:
        raise not_found(f"Environment with id '{environment_id}' in project with ID '{project_id}' not found")
    return row


def _refuse_taken(call: Call, slug: str, but: str = "") -> None:
    taken = call.backend.store.one(
        "SELECT 1 FROM environments WHERE project_id = ? AND slug = ? AND id <> ?", call.params["projectId"], slug, but
    )
    if taken:
        raise bad_request("Environment with slug already exist", "CreateEnvironment")


def _written(call: Call, row: Row, verb: str) -> dict[str, Any]:
    message = f"Successfully {verb} environment"
    return {"message": message, "projectId": call.params["projectId"], "environment": environment_row(row)}


def create(call: Call) -> Any:
    """POST environments."""
    permit(call, call.params["projectId"], "create", "environments")
    _refuse_taken(call, call.data["slug"])
    position = call.data.get("position")
    where = None if position is None else int(position)
    row = add_environment(call.backend.store, call.params["projectId"], call.data["name"], call.data["slug"], where)
    return _written(call, row, "created new")


def show(call: Call) -> Any:
    """GET environments/{envId}."""
    permit(call, call.params["projectId"], "read", "environments")
    row = _get(call.backend.store, call.params["projectId"], call.params["envId"])
    return {"environment": environment_row(row)}


def show_by_slug(call: Call) -> Any:
    """GET environments/slug/{envSlug}."""
    permit(call, call.params["projectId"], "read", "environments")
    row = call.backend.store.one(
        "SELECT * FROM environments WHERE project_id = ? AND slug = ?", call.params["projectId"], call.params["envSlug"]
    )
    if row is None:
        raise not_found(f"Environment with slug '{call.params['envSlug']}' not found")
    return {"environment": environment_row(row)}


def update(call: Call) -> Any:
    """PATCH environments/{envId}."""
    permit(call, call.params["projectId"], "edit", "environments")
    store = call.backend.store
    old = _get(store, call.params["projectId"], call.params["envId"])
    if "slug" in call.data:
        _refuse_taken(call, call.data["slug"], old["id"])
    columns = dict(call.data)
    if "position" in columns:
        columns["position"] = int(columns["position"])
        _shift(store, old, columns["position"])
    store.update("environments", old["id"], **columns, updated_at=timestamp())
    return _written(call, _get(store, call.params["projectId"], old["id"]), "updated")


def _shift(store: Store, old: Row, position: int) -> None:
    step, low, high = (
        (-1, old["position"] + 1, position) if position > old["position"] else (1, position, old["position"] - 1)
    )
    store.run(
        "UPDATE environments SET position = position + ? WHERE project_id = ? AND position BETWEEN ? AND ?",
        step,
        old["project_id"],
        low,
        high,
    )


def delete(call: Call) -> Any:
    """DELETE environments/{envId}, with its folders and secrets."""
    permit(call, call.params["projectId"], "delete", "environments")
    store = call.backend.store
    row = _get(store, call.params["projectId"], call.params["envId"])
    if store.one("SELECT 1 FROM policies WHERE project_id = ? AND environment = ?", row["project_id"], row["slug"]):
        raise bad_request("Environment is in use by a secret approval policy", "DeleteEnvironment")
    store.run("DELETE FROM environments WHERE id = ?", row["id"])
    return _written(call, row, "deleted")


_CREATE = {"name": text(), "slug": text(least=1, most=64, rule=SLUG_RULE), "position": number(least=1)}
_UPDATE = {
    "name": text(default=ABSENT),
    "slug": text(default=ABSENT, least=1, most=64, rule=SLUG_RULE),
    "position": number(least=1),
}

routes.add("POST", BASE, create, body=_CREATE)
routes.add("GET", f"{BASE}/{{envId}}", show)
routes.add("GET", f"{BASE}/slug/{{envSlug}}", show_by_slug)
routes.add("PATCH", f"{BASE}/{{envId}}", update, body=_UPDATE)
routes.add("DELETE", f"{BASE}/{{envId}}", delete)
