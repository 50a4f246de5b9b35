"""Agents: who answers in sessions, with a model, instructions, tools and docs."""

from __future__ import annotations

from typing import Any

from ..store import Row
from .docs import add_docs
from .errors import database_refused
from .fields import DEFAULT_MODEL, DOC, INSTRUCTIONS, METADATA, SETTINGS, TOOL
from .listing import FILTERED, matching, page
from .model import check_model
from .owned import deleted, found, merged, rows_of, updated, written
from .records import document, new_id, text_of, timestamp
from .routing import Call, Routes
from .tools import add_tool
from .validation import optional, record, several, text

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun
_DEFAULTS = SETTINGS.check({}, (), [])


def _shown(row: Row) -> dict[str, Any]:
    shown = {name: row[name] for name in ("name", "about", "created_at", "updated_at", "id", "model")}
    return shown | document(row, "default_settings", "metadata", "instructions")


def _instructions(given: str | list[str] | None) -> str:
    return text_of([given] if isinstance(given, str) else given or [])


def create(call: Call) -> Any:
    """POST agents, with docs and tools."""
    body, agent_id, now = call.body, new_id(), timestamp()
    check_model(body["model"])
    if body["about"] is None:
        raise database_refused("when executing against relation 'agents'")
    call.records.store.insert(
        "agents",
        id=agent_id,
        developer_id=call.developer,
        name=body["name"],
        about=body["about"],
        model=body["model"],
        default_settings=text_of(body["default_settings"] or _DEFAULTS),
        metadata=text_of(body["metadata"] or {}),
        instructions=_instructions(body["instructions"]),
        created_at=now,
        updated_at=now,
    )
    jobs = add_docs(call.records, "agent", agent_id, body["docs"])
    for tool in body["tools"]:
        add_tool(call.records, agent_id, tool["function"])
    return {"id": agent_id, "created_at": now, "jobs": jobs}


def list_all(call: Call) -> Any:
    """GET agents, newest first; lists leave the settings out."""
    rows = page(matching(rows_of(call, "agents"), call.query), call.query)
    return {"items": [_shown(row) | {"default_settings": None} for row in rows]}


def show(call: Call) -> Any:
    """GET an agent."""
    return _shown(found(call, "agents", "agent"))


def replace(call: Call) -> Any:
    """PUT an agent: what is not sent falls back to its default."""
    body = call.body
    model = body["model"] or DEFAULT_MODEL
    check_model(model)
    row = written(call, "agents", "agent")
    return updated(
        call,
        "agents",
        row,
        name=body["name"],
        about=body["about"],
        model=model,
        default_settings=text_of(body["default_settings"] or _DEFAULTS),
        metadata=text_of(body["metadata"] or {}),
        instructions=_instructions(body["instructions"]),
    )


def patch(call: Call) -> Any:
    """PATCH an agent: metadata is merged, model and settings fall back to their defaults unless sent again."""
    body = call.body
    row = written(call, "agents", "agent")
    columns = {name: body[name] for name in ("name", "about") if body[name] is not None}
    if body["instructions"] is not None:
        columns["instructions"] = _instructions(body["instructions"])
    columns["model"] = body["model"] or DEFAULT_MODEL
    columns["default_settings"] = text_of(body["default_settings"] or _DEFAULTS)
    return updated(call, "agents", row, metadata=merged(row, body["metadata"] or {}), **columns)


def delete(call: Call) -> Any:
    """DELETE an agent; its docs, tools and sessions stay."""
    key = written(call, "agents", "agent")["id"]
    call.records.store.run("DELETE FROM agents WHERE id = ?", key)
    return deleted(key)


_COMMON = {"default_settings": SETTINGS, "metadata": METADATA, "instructions": INSTRUCTIONS, "model": optional(text())}
_CREATE = {
    "name": text(),
    "about": optional(text(), ""),
    "tools": several(record(TOOL)),
    "docs": several(record(DOC)),
    **_COMMON,
    "model": optional(text(), DEFAULT_MODEL),
}

routes.add("DELETE", "/agents/{agent_id}", delete, 202)
routes.add("PUT", "/agents/{agent_id}", replace, body={"about": text(), "name": text(), **_COMMON})
routes.add("PATCH", "/agents/{agent_id}", patch, body={"about": optional(text()), "name": optional(text()), **_COMMON})
routes.add("GET", "/agents/{agent_id}", show)
routes.add("POST", "/agents", create, 201, body=_CREATE)
routes.add("GET", "/agents", list_all, query=FILTERED)
