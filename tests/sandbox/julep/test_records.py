"""Agents, users, sessions, tools: what the recording does not show of creating, changing, listing and deleting."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import JulepSandbox

from .wire import GHOST, Julep

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
DOC = {"title": "t", "content": ["one", "two"], "metadata": {"k": 1}}


def test_an_agent_is_made_with_its_tools_and_docs(julep: Julep) -> None:
    made = julep.ok("POST", "/agents", 201, json={"name": "A", "docs": [DOC, DOC], "tools": [TOOL]})
    assert len(made["jobs"]) == 1  # the server gives all docs one job
    assert [item["function"] for item in julep.ok("GET", f"/agents/{made['id']}/tools")["items"]] == [FUNCTION]
    docs = julep.ok("GET", f"/agents/{made['id']}/docs")["items"]
    assert [doc["content"] for doc in docs] == ["one", "two", "one", "two"]
    assert len({doc["id"] for doc in docs[:2]}) == len({doc["id"] for doc in docs[2:]}) == 1


def test_a_user_is_made_with_docs(julep: Julep) -> None:
    made = julep.ok("POST", "/users", 201, json={"docs": [DOC]})
    assert len(made["jobs"]) == 1
    shown = julep.ok("GET", f"/users/{made['id']}")
    assert (shown["name"], shown["about"], shown["metadata"]) == ("User", "", {})
    assert len(julep.ok("GET", f"/users/{made['id']}/docs")["items"]) == 2


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_an_agent_keeps_settings_that_are_sent_again(julep: Julep, verb: str) -> None:
    agent = julep.agent(model="gpt-4o", default_settings={"temperature": 1.5, "preset": "fun"})
    sent = {name: julep.ok("GET", f"/agents/{agent}")[name] for name in ("model", "default_settings")}
    julep.ok(verb, f"/agents/{agent}", json={"name": "B", "about": "b"} | sent)
    shown = julep.ok("GET", f"/agents/{agent}")
    assert {name: shown[name] for name in sent} == sent
    assert sent["default_settings"]["temperature"] == 1.5
    assert sent["default_settings"]["preset"] == "fun"


def test_a_patch_keeps_instructions_and_a_put_empties_them(julep: Julep) -> None:
    agent = julep.agent(instructions=["be kind", "be brief"])
    julep.ok("PATCH", f"/agents/{agent}", json={"about": "b"})
    assert julep.ok("GET", f"/agents/{agent}")["instructions"] == ["be kind", "be brief"]
    julep.ok("PATCH", f"/agents/{agent}", json={"instructions": "be"})
    assert julep.ok("GET", f"/agents/{agent}")["instructions"] == ["be"]
    julep.ok("PUT", f"/agents/{agent}", json={"name": "B", "about": "b"})
    assert julep.ok("GET", f"/agents/{agent}")["instructions"] == []


@pytest.mark.parametrize(("verb", "path"), [("POST", "/agents"), ("PUT", f"/agents/{GHOST}")])
def test_an_unknown_model_is_refused(julep: Julep, verb: str, path: str) -> None:
    refusal = julep.refused(400, verb, path, json={"name": "A", "about": "", "model": "none"})
    assert refusal["error"]["message"].startswith("Unknown model: none.")


def test_a_patch_takes_any_model_and_chat_then_refuses(julep: Julep) -> None:
    agent = julep.agent()
    julep.ok("PATCH", f"/agents/{agent}", json={"model": "none"})
    body = {"messages": [{"role": "user", "content": "hi"}]}
    refusal = julep.refused(400, "POST", f"/sessions/{julep.session_of(agent)}/chat", json=body)
    assert refusal["error"]["message"].startswith("Unknown model: none.")


def test_a_deleted_agent_leaves_tools_and_docs_behind(julep: Julep) -> None:
    agent = julep.agent(docs=[DOC], tools=[TOOL])
    (tool,) = julep.ok("GET", f"/agents/{agent}/tools")["items"]
    session = julep.session_of(agent)
    julep.ok("DELETE", f"/agents/{agent}", 202)
    julep.refused(404, "GET", f"/agents/{agent}")
    docs = julep.ok("GET", f"/agents/{agent}/docs")["items"]
    assert [doc["content"] for doc in docs] == ["one", "two"]
    expected = f"Agent {agent} not found for developer "
    assert julep.refused(404, "GET", f"/agents/{agent}/tools") == {"error": {"message": expected}}
    for path in (f"docs/{docs[0]['id']}", f"tools/{tool['id']}"):
        assert julep.ok("DELETE", f"/agents/{agent}/{path}")["id"] in path
        julep.refused(404, "DELETE", f"/agents/{agent}/{path}")
    assert julep.ok("GET", f"/agents/{agent}/docs") == {"items": []}
    body = {"messages": [{"role": "user", "content": "hi"}]}
    refusal = julep.refused(404, "POST", f"/sessions/{session}/chat", json=body)
    assert refusal["error"]["message"].startswith(f"Session {session} not found")


def test_a_deleted_user_leaves_docs_that_nobody_lists(julep: Julep) -> None:
    user = julep.user()
    doc = julep.ok("POST", f"/users/{user}/docs", json=DOC)["id"]
    julep.ok("DELETE", f"/users/{user}", 202)
    expected = f"User {user} not found for developer "
    assert julep.refused(404, "GET", f"/users/{user}/docs") == {"error": {"message": expected}}
    assert julep.ok("DELETE", f"/users/{user}/docs/{doc}")["id"] == doc


@pytest.mark.parametrize("noun", ["agent", "user"])
def test_nobody_changes_what_does_not_exist(julep: Julep, noun: str) -> None:
    message = f"{noun.capitalize()} {GHOST} not found for developer 00000000-0000-0000-0000-000000000000"
    by_rule = {"error": {"message": message}}
    put = julep.refused(404, "PUT", f"/{noun}s/{GHOST}", json={"name": "", "about": ""})
    patch = julep.refused(404, "PATCH", f"/{noun}s/{GHOST}", json={})
    assert (put, patch) == (by_rule, {"detail": "User not found"} if noun == "user" else by_rule)
    assert julep.refused(404, "GET", f"/{noun}s/{GHOST}") == {"detail": f"{noun.capitalize()} not found"}


def test_deleting_what_does_not_exist_is_refused_for_an_agent_and_accepted_for_a_user(julep: Julep) -> None:
    expected = f"Agent {GHOST} not found for developer 00000000-0000-0000-0000-000000000000"
    assert julep.refused(404, "DELETE", f"/agents/{GHOST}") == {"error": {"message": expected}}
    assert julep.ok("DELETE", f"/users/{GHOST}", 202)["id"] == GHOST


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_user_of_another_developer_is_told_from_one_who_does_not_exist(
    sandbox: JulepSandbox, julep: Julep, verb: str
) -> None:
    user = julep.user()
    other = Julep(sandbox.url, sandbox.add_developer())
    with other.session:
        refusal = other.refused(404, verb, f"/users/{user}", json={"name": "N", "about": "m"})
    assert refusal["error"]["message"].startswith(f"User {user} not found for developer ")


@pytest.mark.parametrize(
    ("path", "body", "relation"),
    [
        ("/agents", {"name": "A", "about": None}, "agents"),
        ("/agents", {"name": "A", "about": None, "docs": [DOC], "tools": [TOOL]}, "agents"),
        ("/users", {"name": None}, "users"),
    ],
)
def test_a_null_where_the_database_takes_none_breaks_the_server(
    julep: Julep, path: str, body: dict[str, Any], relation: str
) -> None:
    expected = {"status_code": 500, "message": f"when executing against relation '{relation}'", "data": None}
    assert julep.refused(500, "POST", path, json=body) == expected
    assert julep.ok("GET", path) == {"items": []}


@pytest.mark.parametrize("body", [{"about": None}, {"about": ""}, {}], ids=str)
def test_a_user_without_an_about_has_an_empty_one(julep: Julep, body: dict[str, Any]) -> None:
    made = julep.ok("POST", "/users", 201, json=body)["id"]
    assert julep.ok("GET", f"/users/{made}")["about"] == ""


def test_a_null_in_a_patch_is_nothing_and_in_a_put_no_text(julep: Julep) -> None:
    for path in (f"/agents/{julep.agent()}", f"/users/{julep.user()}"):
        before = julep.ok("GET", path)["about"]
        julep.ok("PATCH", path, json={"about": None})
        assert julep.ok("GET", path)["about"] == before != ""
        julep.refused(422, "PUT", path, json={"name": "N", "about": None})


def test_a_broken_tool_of_a_new_agent_undoes_the_agent(julep: Julep) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    julep.refused(500, "POST", "/agents", json={"name": "A", "docs": [DOC], "tools": [tool]})
    assert julep.ok("GET", "/agents") == {"items": []}


def test_developers_do_not_see_each_other(sandbox: JulepSandbox, julep: Julep) -> None:
    agent, user = julep.agent(docs=[DOC]), julep.user()
    session = julep.session_of(agent, user_id=user)
    julep.chat(session, "hello")
    other = Julep(sandbox.url, sandbox.add_developer())
    with other.session:
        for noun, key in (("agent", agent), ("user", user), ("session", session)):
            assert other.ok("GET", f"/{noun}s") == {"items": []}
            other.refused(404, "GET", f"/{noun}s/{key}")
        other.ok("DELETE", f"/sessions/{session}", 202)
        other.ok("DELETE", f"/sessions/{session}/history", 202)
        assert len(other.ok("GET", f"/agents/{agent}/docs")["items"]) == 2  # the server does not look who asks
    assert len(julep.ok("GET", f"/sessions/{session}/history")["items"]) == 2
    julep.ok("DELETE", f"/sessions/{session}/history", 202)
    assert julep.ok("GET", f"/sessions/{session}/history") == {"items": []}
