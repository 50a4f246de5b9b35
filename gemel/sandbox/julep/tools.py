"""Tools of agents: functions that the model may call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store import Row
from .errors import database_refused, detail, domain_error, not_found
from .fields import FUNCTION, TOOL
from .listing import PAGE, unsorted_page
from .records import Records, by_id, document, new_id, text_of, timestamp
from .routing import Call, Routes
from .validation import mapping, optional, record, text

__all__ = ["add_tool", "functions_of", "routes"]

routes: Routes = Routes()  # the operations of this noun


def _columns(function: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a function; the table of the server takes no null."""
    if None in (function["name"], function["description"], function["parameters"]):
        raise database_refused("when executing against relation 'agent_functions'")
    return {
        "name": function["name"],
        "description": function["description"],
        "parameters": text_of(function["parameters"]),
    }


def add_tool(records: Records, agent_id: str, function: Mapping[str, Any]) -> tuple[str, str]:
    """Store a tool; its id and when it was made."""
    tool_id, now = new_id(), timestamp()
    columns = _columns(function)
    records.store.insert("functions", id=tool_id, agent_id=agent_id, **columns, created_at=now, updated_at=now)
    return tool_id, now


def functions_of(records: Records, agent_id: str) -> list[dict[str, Any]]:
    """The functions that an agent's model may call."""
    return [_function(row) for row in _rows(records, agent_id, "position")]


def _rows(records: Records, agent_id: str, order: str) -> list[Row]:
    return records.store.all(f"SELECT * FROM functions WHERE agent_id = ? ORDER BY {order}", agent_id)


def _function(row: Row) -> dict[str, Any]:
    return {"description": row["description"], "name": row["name"]} | document(row, "parameters")


def create(call: Call) -> Any:
    """POST tools of an agent, who need not exist; a webhook is stored as a function."""
    tool_id, now = add_tool(call.records, call.ids["agent_id"], call.body["function"])
    return {"id": tool_id, "created_at": now, "jobs": None}


def list_all(call: Call) -> Any:
    """GET tools of an agent, in no order that means anything."""
    agent_id = call.ids["agent_id"]
    if call.records.store.one("SELECT 1 FROM agents WHERE id = ?", agent_id) is None:
        raise not_found("Agent", agent_id)
    rows = unsorted_page(_rows(call.records, agent_id, by_id("id")), call.query)
    return {"items": [{"type": "function", "function": _function(row), "id": row["id"]} for row in rows]}


def replace(call: Call) -> Any:
    """PUT a tool; neither the tool nor the agent need exist. A description that is missing is empty."""
    agent_id, tool_id = call.ids["agent_id"], call.ids["tool_id"]
    function = call.body["function"]
    columns = _columns({**function, "description": function["description"] or ""})
    now = timestamp()
    if _exists(call):
        _update(call, now, columns)
    else:
        call.records.store.insert("functions", id=tool_id, agent_id=agent_id, **columns, created_at=now, updated_at=now)
    return {"id": tool_id, "updated_at": now, "jobs": None}


def patch(call: Call) -> Any:
    """PATCH a tool: it wants the whole function."""
    agent_id, tool_id = call.ids["agent_id"], call.ids["tool_id"]
    if not _exists(call):
        raise domain_error(404, f"Tool {tool_id} not found for agent {agent_id}")
    now = timestamp()
    _update(call, now, _columns(call.body["function"]))
    return {"id": tool_id, "updated_at": now, "jobs": None}


def _exists(call: Call) -> bool:
    sql = "SELECT 1 FROM functions WHERE agent_id = ? AND id = ?"
    return call.records.store.one(sql, call.ids["agent_id"], call.ids["tool_id"]) is not None


def _update(call: Call, now: str, columns: Mapping[str, Any]) -> None:
    call.records.store.run(
        "UPDATE functions SET name = ?, description = ?, parameters = ?, updated_at = ? WHERE agent_id = ? AND id = ?",
        columns["name"],
        columns["description"],
        columns["parameters"],
        now,
        call.ids["agent_id"],
        call.ids["tool_id"],
    )


def delete(call: Call) -> Any:
    """DELETE a tool."""
    agent_id, tool_id = call.ids["agent_id"], call.ids["tool_id"]
    if not call.records.store.run("DELETE FROM functions WHERE id = ? AND agent_id = ?", tool_id, agent_id):
        raise detail(404, "Tool not found")
    return {"id": tool_id, "deleted_at": timestamp(), "jobs": None}


_PATCHED = record({"description": optional(text()), "name": optional(text()), "parameters": optional(mapping())})

routes.add("POST", "/agents/{agent_id}/tools", create, body=TOOL)
routes.add("GET", "/agents/{agent_id}/tools", list_all, query=PAGE)
routes.add("DELETE", "/agents/{agent_id}/tools/{tool_id}", delete)
routes.add("PUT", "/agents/{agent_id}/tools/{tool_id}", replace, body={"function": FUNCTION})
routes.add("PATCH", "/agents/{agent_id}/tools/{tool_id}", patch, body={"function": _PATCHED})
