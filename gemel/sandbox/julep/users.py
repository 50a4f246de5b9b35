"""Users: whom agents talk to."""

from __future__ import annotations

from typing import Any

from ..store import Row
from .docs import add_docs
from .errors import database_refused, detail
from .fields import DOC, METADATA
from .listing import FILTERED, matching, page
from .owned import deleted, found, merged, owned, rows_of, updated, written
from .records import document, new_id, text_of, timestamp
from .routing import Call, Routes
from .validation import optional, record, several, text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def _shown(row: Row) -> dict[str, Any]:
    shown = {name: row[name] for name in ("name", "about", "created_at", "updated_at", "id")}
    return shown | document(row, "metadata")


def create(call: Call) -> Any:
    """POST users, with docs."""
    body, user_id, now = call.body, new_id(), timestamp()
    if body["name"] is None:
        raise database_refused("when executing against relation 'users'")
    call.records.store.insert(
        "users",
        id=user_id,
        developer_id=call.developer,
        name=body["name"],
        about=body["about"] or "",
        metadata=text_of(body["metadata"] or {}),
        created_at=now,
        updated_at=now,
    )
    jobs = add_docs(call.records, "user", user_id, body["docs"])
    return {"id": user_id, "created_at": now, "jobs": jobs}


def list_all(call: Call) -> Any:
    """GET users, newest first."""
    return {"items": [_shown(row) for row in page(matching(rows_of(call, "users"), call.query), call.query)]}


def show(call: Call) -> Any:
    """GET a user."""
    return _shown(found(call, "users", "user"))


def replace(call: Call) -> Any:
    """PUT a user: metadata that is not sent is emptied."""
    body = call.body
    row = written(call, "users", "user")
    metadata = text_of(body["metadata"] or {})
    return updated(call, "users", row, name=body["name"], about=body["about"], metadata=metadata)


def patch(call: Call) -> Any:
    """PATCH a user: metadata is merged. A user who is nobody's is told from one of another developer."""
    if call.records.store.one("SELECT 1 FROM users WHERE id = ?", call.ids["user_id"]) is None:
        raise detail(404, "User not found")
    row = written(call, "users", "user")
    columns = {name: call.body[name] for name in ("name", "about") if call.body[name] is not None}
    return updated(call, "users", row, metadata=merged(row, call.body["metadata"] or {}), **columns)


def delete(call: Call) -> Any:
    """DELETE a user; the docs and sessions stay. One that does not exist is accepted too."""
    key = call.ids["user_id"]
    if owned(call, "users", key):
        call.records.store.run("DELETE FROM users WHERE id = ?", key)
    return deleted(key)


_CREATE = {
    "name": optional(text(), "User"),
    "about": optional(text()),
    "docs": several(record(DOC)),
    "metadata": METADATA,
}

routes.add("DELETE", "/users/{user_id}", delete, 202)
routes.add("PUT", "/users/{user_id}", replace, body={"about": text(), "name": text(), "metadata": METADATA})
routes.add(
    "PATCH",
    "/users/{user_id}",
    patch,
    body={"about": optional(text()), "name": optional(text()), "metadata": METADATA},
)
routes.add("GET", "/users/{user_id}", show)
routes.add("POST", "/users", create, 201, body=_CREATE)
routes.add("GET", "/users", list_all, query=FILTERED)
