"""Chat in sessions: echo, tools, budgets, history, and the calls that break the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .wire import Julep

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": PARAMETERS}}


def history(julep: Julep, session: str) -> list[tuple[str, str]]:
    items = julep.ok("GET", f"/sessions/{session}/history")["items"]
    return [(item["role"], item["content"][0]["text"]) for item in items]


def test_the_model_echoes_the_last_message(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    messages = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "good day", "name": "Uwe"}]
    answer = julep.ok("POST", f"/sessions/{session}/chat", json={"messages": messages})
    ((message,),) = answer["response"]
    assert (message["role"], message["content"], message["name"]) == ("assistant", "echo: good day", "Ada")
    assert history(julep, session) == [("system", "be kind"), ("user", "good day"), ("assistant", "echo: good day")]
    names = [item["name"] for item in julep.ok("GET", f"/sessions/{session}/history")["items"]]
    assert names == ["", "Uwe", "Ada"]


def test_tokens_are_words_of_all_that_the_model_reads(julep: Julep) -> None:
    agent = julep.agent(instructions=["be kind"])
    session = julep.session_of(agent, user_id=julep.user())
    preamble = "About me (Ada) a helper About the user (Uwe) a person Instructions: be kind"
    usage = julep.chat(session, "one two")["usage"]
    read = len(preamble.split()) + 2
    assert usage == {"prompt_tokens": read, "completion_tokens": 3, "total_tokens": read + 3}
    assert julep.chat(session, "three")["usage"]["prompt_tokens"] == read + 3 + 1


def test_nothing_is_remembered_when_not_asked_to(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    julep.chat(session, "hush", remember=False)
    assert history(julep, session) == []


def test_an_answer_is_cut_at_max_tokens(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    answer = julep.chat(session, "one two three", max_tokens=3)
    assert (answer["response"][0][0]["content"], answer["finish_reason"]) == ("echo: one two", "length")
    assert answer["usage"]["completion_tokens"] == 3


def test_an_answer_ends_before_a_stop(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    answer = julep.chat(session, "one two three", stop=["three", "two"])
    assert (answer["response"][0][0]["content"], answer["finish_reason"]) == ("echo: one ", "stop")


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("CALL_TOOL", "weather", "{}"),
        ("please CALL_TOOL clock", "clock", "{}"),
        ('CALL_TOOL weather {"city": "Oslo"}', "weather", '{"city": "Oslo"}'),
        ("CALL_TOOL nothing {oops}", "weather", "{}"),
    ],
)
def test_a_tool_is_called_on_request(julep: Julep, text: str, name: str, arguments: str) -> None:
    session = julep.session_of(julep.agent(tools=[tool("weather"), tool("clock")]))
    answer = julep.chat(session, text)
    ((message,),) = answer["response"]
    assert (answer["finish_reason"], message["role"]) == ("tool_calls", "function_call")
    assert json.loads(message["content"]) == {"name": name, "arguments": arguments}
    body = {"messages": [{"role": "function", "name": name, "content": "12 degrees"}]}
    last = julep.ok("POST", f"/sessions/{session}/chat", json=body)
    assert last["response"][0][0]["content"] == "echo: 12 degrees"


def test_without_tools_nothing_is_called(julep: Julep) -> None:
    answer = julep.chat(julep.session_of(julep.agent()), "CALL_TOOL x", tools=None)
    assert (answer["finish_reason"], answer["response"][0][0]["content"]) == ("stop", "echo: CALL_TOOL x")


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
BREAKING: list[dict[str, Any]] = [
    {"stop": "x"},
    {"stop": [1]},
    {"logit_bias": {}},
    {"stream": True},
    {"messages": [{"role": "user", "content": [IMAGE]}]},
]


@pytest.mark.parametrize("more", BREAKING, ids=str)
def test_what_breaks_the_server_is_not_remembered(julep: Julep, more: dict[str, Any]) -> None:
    session = julep.session_of(julep.agent())
    body = {"messages": [{"role": "user", "content": "x"}]} | more
    assert julep.refused(500, "POST", f"/sessions/{session}/chat", json=body) == "Internal Server Error"
    assert history(julep, session) == []


def test_an_image_is_no_trouble_for_other_models(julep: Julep) -> None:
    session = julep.session_of(julep.agent(model="gpt-4o"))
    content = [{"type": "text", "text": "what"}, IMAGE]
    julep.ok("POST", f"/sessions/{session}/chat", json={"messages": [{"role": "user", "content": content}]})
    shown = julep.ok("GET", f"/sessions/{session}/history")["items"][0]["content"]
    assert shown == [content[0], IMAGE | {"image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}}]


@pytest.mark.parametrize(("overflow", "jobs"), [("truncate", 0), ("adaptive", 1)])
def test_a_budget_drops_the_oldest_messages(julep: Julep, overflow: str, jobs: int) -> None:
    session = julep.session_of(julep.agent(), token_budget=12, context_overflow=overflow)
    first = julep.chat(session, "one two three")
    assert first["jobs"] is None
    second = julep.chat(session, "four five")
    assert second["usage"]["prompt_tokens"] <= 12
    assert len(second["jobs"] or []) == jobs
    assert len(history(julep, session)) == 4


def test_a_budget_without_a_way_out_breaks_the_server(julep: Julep) -> None:
    session = julep.session_of(julep.agent(), token_budget=12)
    julep.chat(session, "one two three")
    body = {"messages": [{"role": "user", "content": "four five"}]}
    julep.refused(500, "POST", f"/sessions/{session}/chat", json=body)
    assert len(history(julep, session)) == 2


def test_history_pages_refuse_negative_numbers(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    refusal = julep.refused(500, "GET", f"/sessions/{session}/history?offset=-1")
    assert refusal["message"] == "Query option offset requires a non-negative integer"
    assert julep.ok("GET", f"/sessions/{session}/suggestions?limit=-1") == {"items": []}
