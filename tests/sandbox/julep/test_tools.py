"""Tools: a PUT makes them, a PATCH does not, and their list has neither an order nor a page of none."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gemel.sandbox import serve

from .wire import GHOST, Julep, by_the_database

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
NO_NULL = {"status_code": 500, "message": "when executing against relation 'agent_functions'", "data": None}


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"function": FUNCTION | {"name": name} | more}


def tools(julep: Julep, agent: str, **params: int) -> list[dict[str, Any]]:
    """The tools of an agent as they are listed."""
    return list(julep.ok("GET", f"/agents/{agent}/tools", params=params)["items"])


def add(julep: Julep, agent: str, name: str = "f") -> str:
    return str(julep.ok("POST", f"/agents/{agent}/tools", json={"type": "function"} | function(name))["id"])


def test_a_put_of_an_unknown_tool_makes_it(julep: Julep) -> None:
    agent = julep.agent()
    answer = julep.ok("PUT", f"/agents/{agent}/tools/{GHOST}", json=function("g"))
    assert answer.keys() == {"id", "updated_at", "jobs"}
    assert (answer["id"], answer["jobs"]) == (GHOST, None)
    assert tools(julep, agent) == [{"type": "function", "id": GHOST} | function("g")]
    julep.ok("PUT", f"/agents/{agent}/tools/{GHOST}", json=function("h"))
    assert [tool["function"]["name"] for tool in tools(julep, agent)] == ["h"]
    assert julep.ok("DELETE", f"/agents/{agent}/tools/{GHOST}")["id"] == GHOST


def test_a_put_of_a_tool_of_another_agent_makes_a_second_one(julep: Julep) -> None:
    one, other = julep.agent(), julep.agent()
    tool = add(julep, one, "first")
    julep.ok("PUT", f"/agents/{other}/tools/{tool}", json=function("second"))
    listed = [(tools(julep, agent)[0]["id"], tools(julep, agent)[0]["function"]["name"]) for agent in (one, other)]
    assert listed == [(tool, "first"), (tool, "second")]
    julep.ok("DELETE", f"/agents/{one}/tools/{tool}")
    assert (len(tools(julep, one)), len(tools(julep, other))) == (0, 1)


def test_a_put_makes_a_tool_of_an_agent_who_does_not_exist(julep: Julep) -> None:
    julep.ok("PUT", f"/agents/{GHOST}/tools/{GHOST}", json=function("g"))
    julep.refused(404, "GET", f"/agents/{GHOST}/tools")
    julep.ok("DELETE", f"/agents/{GHOST}/tools/{GHOST}")


@pytest.mark.parametrize("given", [{"name": "g", "parameters": {}}, FUNCTION | {"description": None}], ids=str)
def test_a_put_without_a_description_makes_it_empty(julep: Julep, given: dict[str, Any]) -> None:
    agent = julep.agent()
    tool = add(julep, agent)
    for key in (tool, GHOST):
        julep.ok("PUT", f"/agents/{agent}/tools/{key}", json={"function": given})
    assert [one["function"]["description"] for one in tools(julep, agent)] == ["", ""]


def test_a_tool_that_a_put_made_can_be_called(julep: Julep) -> None:
    agent = julep.agent()
    julep.ok("PUT", f"/agents/{agent}/tools/{GHOST}", json=function("weather"))
    assert julep.chat(julep.session_of(agent), "CALL_TOOL")["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("body", [function("g"), {"function": {"name": "g"}}, {"function": {}}], ids=str)
def test_a_patch_of_an_unknown_tool_is_refused_whatever_it_says(julep: Julep, body: dict[str, Any]) -> None:
    agent = julep.agent()
    expected = {"error": {"message": f"Tool {GHOST} not found for agent {agent}"}}
    assert julep.refused(404, "PATCH", f"/agents/{agent}/tools/{GHOST}", json=body) == expected
    assert tools(julep, agent) == []


def test_a_patch_finds_a_tool_only_at_its_agent(julep: Julep) -> None:
    agent, other = julep.agent(), julep.agent()
    tool = add(julep, agent)
    expected = {"error": {"message": f"Tool {tool} not found for agent {other}"}}
    assert julep.refused(404, "PATCH", f"/agents/{other}/tools/{tool}", json=function("g")) == expected
    assert julep.refused(404, "DELETE", f"/agents/{other}/tools/{tool}") == {"detail": "Tool not found"}
    julep.ok("PATCH", f"/agents/{agent}/tools/{tool}", json=function("g"))
    assert tools(julep, agent)[0]["function"]["name"] == "g"


@pytest.mark.parametrize("missing", ["name", "description", "parameters"])
def test_a_patch_wants_the_whole_function(julep: Julep, missing: str) -> None:
    agent = julep.agent()
    tool = add(julep, agent)
    for body in (
        {"function": FUNCTION | {missing: None}},
        {"function": {k: v for k, v in FUNCTION.items() if k != missing}},
    ):
        assert julep.refused(500, "PATCH", f"/agents/{agent}/tools/{tool}", json=body) == NO_NULL
    assert tools(julep, agent) == [{"type": "function", "id": tool, "function": FUNCTION}]


def test_tools_are_listed_by_their_ids(julep: Julep) -> None:
    agent = julep.agent()
    made = [add(julep, agent, f"f{number}") for number in range(8)]
    given = [str(uuid.uuid4()) for _ in range(4)]
    for key in given:
        julep.ok("PUT", f"/agents/{agent}/tools/{key}", json=function("g"))
    listed = [tool["id"] for tool in tools(julep, agent)]
    assert listed == sorted(made + given, key=by_the_database)
    assert [tool["id"] for tool in tools(julep, agent, limit=3, offset=2)] == listed[2:5]


@pytest.mark.parametrize(
    ("limit", "offset", "count"), [(0, 0, 1), (0, 1, 0), (0, 3, 0), (1, 0, 1), (2, 2, 1), (9, 3, 0)]
)
def test_a_page_of_none_shows_one_tool(julep: Julep, limit: int, offset: int, count: int) -> None:
    agent = julep.agent()
    for _ in range(3):
        add(julep, agent)
    everything = tools(julep, agent)
    shown = tools(julep, agent, limit=limit, offset=offset)
    assert shown == everything[offset : offset + count]


def test_a_page_of_none_of_no_tools_is_empty(julep: Julep) -> None:
    assert tools(julep, julep.agent(), limit=0) == []
    assert julep.ok("GET", "/agents", params={"limit": 0}) == {"items": []}  # this list is sorted


def test_the_model_gets_the_tools_in_the_order_of_making(julep: Julep) -> None:
    agent = julep.agent(tools=[{"type": "function"} | function(f"f{number}") for number in range(6)])
    answer = julep.chat(julep.session_of(agent), "CALL_TOOL")
    assert '"name":"f0"' in answer["response"][0][0]["content"]


def test_a_data_file_keeps_tools_that_share_an_id(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve("julep", data=file) as first:
        julep = Julep(first.url, first.api_key)
        with julep.session:
            one, other = julep.agent(), julep.agent()
            for agent in (one, other):
                julep.ok("PUT", f"/agents/{agent}/tools/{GHOST}", json=function("g"))
    with serve("julep", data=file) as second:
        julep = Julep(second.url, second.api_key)
        with julep.session:
            assert [tools(julep, agent)[0]["id"] for agent in (one, other)] == [GHOST, GHOST]


def test_a_data_file_of_an_older_version_keeps_its_tools(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve("julep", data=file) as first:
        julep = Julep(first.url, first.api_key)
        with julep.session:
            agent = julep.agent()
    with closing(sqlite3.connect(file)) as old:
        old.executescript(
            f"""DROP TABLE functions; CREATE TABLE tools (
                position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent_id TEXT NOT NULL, name TEXT NOT NULL,
                description TEXT NOT NULL, parameters TEXT NOT NULL, created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL);
            INSERT INTO tools VALUES (1, '{GHOST}', '{agent}', 'old', 'd', '{{}}', 'then', 'then');"""
        )
    for _ in range(2):
        with serve("julep", data=file) as later:
            julep = Julep(later.url, later.api_key)
            with julep.session:
                assert [tool["function"]["name"] for tool in tools(julep, agent)] == ["old"]
    with serve("julep", data=file) as last:
        julep = Julep(last.url, last.api_key)
        with julep.session:
            julep.ok("DELETE", f"/agents/{agent}/tools/{GHOST}")
    with serve("julep", data=file) as last:
        julep = Julep(last.url, last.api_key)
        with julep.session:
            assert tools(julep, agent) == []
