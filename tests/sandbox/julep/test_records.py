"""Agents, users, sessions, tools: what the recording does not show of creating, changing, listing and deleting."""

from __future__ import annotations

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
    assert {doc["id"] for doc in docs[:2]}.isdisjoint(doc["id"] for doc in docs[2:])


def test_a_user_is_made_with_docs(julep: Julep) -> None:
    made = julep.ok("POST", "/users", 201, json={"docs": [DOC]})
    assert len(made["jobs"]) == 1
    shown = julep.ok("GET", f"/users/{made['id']}")
    assert (shown["name"], shown["about"], shown["metadata"]) == ("User", None, {})
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


def test_a_deleted_agent_takes_tools_and_docs_with_it(julep: Julep) -> None:
    agent = julep.agent(docs=[DOC], tools=[TOOL])
    session = julep.session_of(agent)
    julep.ok("DELETE", f"/agents/{agent}", 202)
    julep.refused(404, "GET", f"/agents/{agent}")
    assert julep.ok("GET", f"/agents/{agent}/docs") == {"items": []}
    julep.refused(404, "GET", f"/agents/{agent}/tools")
    body = {"messages": [{"role": "user", "content": "hi"}]}
    refusal = julep.refused(404, "POST", f"/sessions/{session}/chat", json=body)
    assert refusal["error"]["message"].startswith(f"Session {session} not found")


@pytest.mark.parametrize("noun", ["agent", "user"])
def test_nobody_changes_what_does_not_exist(julep: Julep, noun: str) -> None:
    expected = f"{noun.capitalize()} {GHOST} not found for developer 00000000-0000-0000-0000-000000000000"
    for verb, body in (("PUT", {"name": "", "about": ""}), ("PATCH", {})):
        assert julep.refused(404, verb, f"/{noun}s/{GHOST}", json=body) == {"error": {"message": expected}}
    assert julep.refused(404, "GET", f"/{noun}s/{GHOST}") == {"detail": f"{noun.capitalize()} not found"}


def test_deleting_what_does_not_exist_is_refused_for_an_agent_and_accepted_for_a_user(julep: Julep) -> None:
    expected = f"Agent {GHOST} not found for developer 00000000-0000-0000-0000-000000000000"
    assert julep.refused(404, "DELETE", f"/agents/{GHOST}") == {"error": {"message": expected}}
    assert julep.ok("DELETE", f"/users/{GHOST}", 202)["id"] == GHOST


def test_a_session_that_does_not_exist(julep: Julep) -> None:
    assert julep.refused(404, "GET", f"/sessions/{GHOST}") == {"detail": "Session not found"}
    julep.refused(404, "PUT", f"/sessions/{GHOST}", json={"situation": ""})


def test_a_session_keeps_what_is_not_sent_or_null(julep: Julep) -> None:
    session = julep.session_of(julep.agent(), metadata={"a": 1}, token_budget=100, context_overflow="truncate")
    nothing = {"metadata": None, "token_budget": None, "context_overflow": None}
    julep.ok("PUT", f"/sessions/{session}", json={"situation": "s"} | nothing)
    julep.ok("PATCH", f"/sessions/{session}", json={"metadata": {"b": 2}})
    shown = julep.ok("GET", f"/sessions/{session}")
    assert (shown["situation"], shown["token_budget"], shown["context_overflow"]) == ("s", 100, "truncate")
    assert shown["metadata"] == {"a": 1, "b": 2}
    julep.ok("PUT", f"/sessions/{session}", json={"situation": "s", "metadata": {"c": 3}})
    assert julep.ok("GET", f"/sessions/{session}")["metadata"] == {"c": 3}


def test_sessions_are_listed_while_all_or_none_has_a_budget(julep: Julep) -> None:
    agent = julep.agent()
    budgeted = [julep.session_of(agent, token_budget=5) for _ in range(2)]
    assert [one["id"] for one in julep.ok("GET", "/sessions")["items"]] == budgeted[::-1]
    free = julep.session_of(agent)
    assert julep.refused(500, "GET", "/sessions") == "Internal Server Error"
    assert [one["id"] for one in julep.ok("GET", "/sessions?limit=1")["items"]] == [free]


def test_the_filter_tells_types_apart_and_wants_every_key(julep: Julep) -> None:
    julep.user(metadata={"a": True, "b": {"c": [1]}})
    one = julep.user(metadata={"a": 1, "b": {"c": [1]}})

    def found(text: str) -> list[str]:
        return [user["id"] for user in julep.ok("GET", "/users", params={"metadata_filter": text})["items"]]

    assert found('{"a": 1}') == [one]
    assert found('{"a": 1, "b": {"c": [1]}}') == [one]
    assert found('{"a": 1, "b": null}') == found('{"z": null}') == []
    assert len(found("{}")) == 2


@pytest.mark.parametrize("text", ["null", "1", '"x"', "[]"])
def test_a_filter_that_is_no_object_breaks_the_server(julep: Julep, text: str) -> None:
    assert julep.refused(500, "GET", "/users", params={"metadata_filter": text}) == "Internal Server Error"


def test_pages_are_cut_after_the_filter(julep: Julep) -> None:
    made = [julep.user(metadata={"even": number % 2 == 0}) for number in range(6)]
    params = {"metadata_filter": '{"even": true}', "limit": 1, "offset": 1}
    assert [user["id"] for user in julep.ok("GET", "/users", params=params)["items"]] == [made[2]]


def test_a_tool_is_replaced_whole_and_found_only_at_its_agent(julep: Julep) -> None:
    agent, other = julep.agent(), julep.agent()
    tool = julep.ok("POST", f"/agents/{agent}/tools", json=TOOL)["id"]
    body = {"function": FUNCTION | {"name": "g"}}
    assert julep.refused(404, "PUT", f"/agents/{other}/tools/{tool}", json=body) == {
        "detail": "Agent or tool not found"
    }
    julep.ok("PATCH", f"/agents/{agent}/tools/{tool}", json=body)
    assert julep.ok("GET", f"/agents/{agent}/tools")["items"][0]["function"]["name"] == "g"
    julep.refused(404, "DELETE", f"/agents/{other}/tools/{tool}")
    assert julep.ok("GET", f"/agents/{agent}/tools", params={"limit": 0}) == {"items": []}


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
