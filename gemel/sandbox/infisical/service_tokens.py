"""Service tokens, the legacy credentials of one project: `st.<id>.<secret>`, limited to environments and paths."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ..store import Row, Store
from .access import permit
from .backend import timestamp
from .errors import not_found
from .routing import SERVICE, USERS, Call, Routes
from .validation import choice, listing, number, record, text

__all__ = ["add_service_token", "routes"]

routes: Routes = Routes()  # the operations of this noun
BASE = "/api/v2/service-token"
PERMISSIONS = ("read", "write")


def add_service_token(
    store: Store,
    project_id: str,
    scopes: Sequence[Mapping[str, str]],
    permissions: Sequence[str],
    *,
    name: str,
    created_by: str,
    expires_in: float | None = None,
    **key: str,
) -> tuple[Row, str]:
    """Record a service token; its record, and the token itself."""
    token_id, secret, now = str(uuid.uuid4()), secrets.token_hex(16), timestamp()
    store.insert(
        "service_tokens",
        id=token_id,
        project_id=project_id,
        name=name,
        secret=secret,
        scopes=json.dumps([dict(scope) for scope in scopes]),
        permissions=json.dumps(list(permissions)),
        created_by=created_by,
        expires=time.time() + expires_in if expires_in else None,
        created_at=now,
        updated_at=now,
        **key,
    )
    return _get(store, token_id), f"st.{token_id}.{secret}"


def _get(store: Store, token_id: str) -> Row:
    row = store.one("SELECT * FROM service_tokens WHERE id = ?", token_id)
    if row is None:
        raise not_found(f"Service token with ID '{token_id}' not found")
    return row


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "scopes": json.loads(row["scopes"]),
        "permissions": json.loads(row["permissions"]),
        "lastUsed": None,
        "expiresAt": None if row["expires"] is None else timestamp(row["expires"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "createdBy": row["created_by"],
        "projectId": row["project_id"],
    }


def show(call: Call) -> Any:
    """GET the service token that asks."""
    row = _get(call.backend.store, call.caller.id)
    creator = call.backend.actor(row["created_by"])
    user = {"id": creator["id"], "_id": creator["id"], "email": creator["name"], "firstName": creator["name"]}
    moments = {"createdAt": row["created_at"], "updatedAt": row["updated_at"]}
    key = {"secretHash": "", "encryptedKey": row["encrypted_key"], "iv": row["iv"], "tag": row["tag"]}
    return _shown(row) | key | {"_id": row["id"], "workspace": row["project_id"], "user": user | moments}


def create(call: Call) -> Any:
    """POST a service token of a project, by a user."""
    data, store = call.data, call.backend.store
    permit(call, data["project_id"], "create", "service-tokens")
    slugs = {scope["environment"] for scope in data["scopes"]}
    marks = ", ".join("?" * len(slugs))
    known = store.all(
        f"SELECT slug FROM environments WHERE project_id = ? AND slug IN ({marks})", data["project_id"], *slugs
    )
    if len(known) != len(slugs):
        raise not_found("One or more selected environments not found")
    row, token = add_service_token(
        store,
        data["project_id"],
        data["scopes"],
        data["permissions"],
        name=data["name"],
        created_by=call.caller.id,
        expires_in=data["expires_in"],
        encrypted_key=data["encryptedKey"],
        iv=data["iv"],
        tag=data["tag"],
    )
    return {"serviceToken": token, "serviceTokenData": _shown(row)}


def delete(call: Call) -> Any:
    """DELETE a service token."""
    row = _get(call.backend.store, call.params["serviceTokenId"])
    permit(call, row["project_id"], "delete", "service-tokens")
    call.backend.store.run("DELETE FROM service_tokens WHERE id = ?", row["id"])
    return {"serviceTokenData": _shown(row)}


def list_all(call: Call) -> Any:
    """GET the service tokens of a project, newest first."""
    project_id = call.params["projectId"]
    permit(call, project_id, "read", "service-tokens")
    rows = call.backend.store.all("SELECT * FROM service_tokens WHERE project_id = ? ORDER BY rowid DESC", project_id)
    return {"serviceTokenData": [_shown(row) for row in rows]}


_SCOPE = record({"environment": text(), "secretPath": text()})
_CREATE = {
    "name": text(),
    "workspaceId": text("project_id"),
    "scopes": listing(_SCOPE, least=1),
    "encryptedKey": text(),
    "iv": text(),
    "tag": text(),
    "expiresIn": number("expires_in", default=None, nullable=True),
    "permissions": listing(choice("", PERMISSIONS)),
}

routes.add("GET", BASE, show, modes=SERVICE)
routes.add("POST", BASE, create, body=_CREATE, modes=USERS)
routes.add("DELETE", f"{BASE}/{{serviceTokenId}}", delete)
routes.add("GET", "/api/v1/projects/{projectId}/service-token-data", list_all)
