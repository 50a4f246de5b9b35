"""Sessions of agents with users, and their history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..store import Row
from .errors import crashed, unparsed
from .fields import METADATA
from .listing import FILTERED, PAGE, matching, page
from .owned import deleted, found, merged, owned, rows_of, updated, written
from .records import document, new_id, text_of, timestamp
from .routing import Call, Routes
from .validation import boolean, integer, optional, text, uuid_text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def _shown(row: Row) -> dict[str, Any]:
    names = ("id", "user_id", "agent_id", "situation", "summary", "created_at", "updated_at")
    shown = {name: row[name] for name in names} | document(row, "metadata")
    shown["render_templates"] = bool(row["render_templates"])
    return shown | {name: row[name] for name in ("token_budget", "context_overflow")}


def _whole_seconds(moment: str) -> str:
    """The time as it is shown for changes of sessions."""
    return moment.partition(".")[0] + "Z"


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    return dict(body) | {
        "situation": body["situation"] or "",
        "metadata": text_of(body["metadata"] or {}),
        "render_templates": bool(body["render_templates"]),
    }


def create(call: Call) -> Any:
    """POST sessions; neither the agent nor the user need exist."""
    session_id, now = new_id(), timestamp()
    call.records.store.insert(
        "sessions",
        id=session_id,
        developer_id=call.developer,
        **_columns(call.body),
        created_at=now,
        updated_at=_whole_seconds(now),
    )
    return {"id": session_id, "created_at": now, "jobs": None}


def list_all(call: Call) -> Any:
    """GET sessions, newest first, whose list does not read `render_templates`.

    One page with and without budgets is more than the server can take.
    """
    rows = page(matching(rows_of(call, "sessions"), call.query), call.query)
    if len({row["token_budget"] is None for row in rows}) > 1:
        raise crashed()
    return {"items": [_shown(row) | {"render_templates": False} for row in rows]}


def show(call: Call) -> Any:
    """GET a session."""
    return _shown(found(call, "sessions", "session"))


def replace(call: Call) -> Any:
    """PUT a session: metadata that is not sent stays."""
    row = written(call, "sessions", "session")
    metadata = call.body["metadata"]
    return _changed(call, row, row["metadata"] if metadata is None else text_of(metadata))


def patch(call: Call) -> Any:
    """PATCH a session: metadata is merged; the server cannot say a change of metadata alone in its database."""
    if not _changes(call.body):
        raise unparsed()
    row = written(call, "sessions", "session")
    return _changed(call, row, merged(row, call.body["metadata"] or {}))


def _changes(body: Mapping[str, Any]) -> dict[str, Any]:
    names = ("situation", "token_budget", "context_overflow")
    return {name: body[name] for name in names if body[name] is not None}


def _changed(call: Call, row: Row, metadata: str) -> Any:
    """The reply to a change: what the server writes is a new row, whose other settings are the defaults."""
    columns = _DEFAULTS | _changes(call.body) | {"metadata": metadata}
    return updated(call, "sessions", row, _whole_seconds(timestamp()), **columns)


def delete(call: Call) -> Any:
    """DELETE a session with its history; one that does not exist is accepted too."""
    key = call.ids["session_id"]
    if owned(call, "sessions", key):
        call.records.store.run("DELETE FROM entries WHERE session_id = ?", key)
        call.records.store.run("DELETE FROM sessions WHERE id = ?", key)
    return deleted(key)


def history(call: Call) -> Any:
    """GET the messages of a session, oldest first; none for one that does not exist."""
    rows = call.records.store.all(
        "SELECT * FROM entries WHERE session_id = ? ORDER BY position", call.ids["session_id"]
    )
    return {"items": [_message(row) for row in page(rows, call.query)]}


def _message(row: Row) -> dict[str, Any]:
    content = {"content": json.loads(row["content"])}
    return {"role": row["role"]} | content | {name: row[name] for name in ("name", "created_at", "id")}


def delete_history(call: Call) -> Any:
    """DELETE the messages of a session; one that does not exist is accepted too."""
    key = call.ids["session_id"]
    if owned(call, "sessions", key):
        call.records.store.run("DELETE FROM entries WHERE session_id = ?", key)
    return deleted(key)


def suggestions(call: Call) -> Any:
    """GET suggestions: this server makes none."""
    return {"items": []}


_DEFAULTS = {"render_templates": False, "token_budget": None, "context_overflow": None}  # after a change
_COMMON = {"metadata": METADATA, "token_budget": optional(integer()), "context_overflow": optional(text())}
_CREATE = {
    "user_id": optional(uuid_text()),
    "agent_id": uuid_text(),
    "situation": optional(text()),
    "render_templates": optional(boolean(), False),
    **_COMMON,
}

routes.add("GET", "/sessions/{session_id}", show)
routes.add("DELETE", "/sessions/{session_id}", delete, 202)
routes.add("PUT", "/sessions/{session_id}", replace, body={"situation": text(), **_COMMON})
routes.add("PATCH", "/sessions/{session_id}", patch, body={"situation": optional(text()), **_COMMON})
routes.add("POST", "/sessions", create, 201, body=_CREATE)
routes.add("GET", "/sessions", list_all, query=FILTERED)
routes.add("GET", "/sessions/{session_id}/suggestions", suggestions, query=PAGE)
routes.add("GET", "/sessions/{session_id}/history", history, query=PAGE)
routes.add("DELETE", "/sessions/{session_id}/history", delete_history, 202)
