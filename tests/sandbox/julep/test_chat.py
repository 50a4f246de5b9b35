"""Chat in sessions: echo, tools, budgets, history, and the calls that break the server."""

from __future__ import annotations

import ast
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


@pytest.mark.parametrize("remember", [False, None, "no"])
def test_nothing_is_remembered_when_not_asked_to(julep: Julep, remember: Any) -> None:
    session = julep.session_of(julep.agent())
    julep.chat(session, "hush", remember=remember)
    assert history(julep, session) == []


@pytest.mark.parametrize("more", [{}, {"remember": True}, {"remember": 1}, {"recall": None}, {"record": None}], ids=str)
def test_a_chat_is_remembered_unless_it_says_otherwise(julep: Julep, more: dict[str, Any]) -> None:
    session = julep.session_of(julep.agent())
    julep.chat(session, "heard", **more)
    assert history(julep, session) == [("user", "heard"), ("assistant", "echo: heard")]


def test_a_null_of_an_older_client_is_no_setting(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    nothing = dict.fromkeys(("tools", "tool_choice", "max_tokens", "stop", "stream", "logit_bias", "seed", "top_p"))
    assert julep.chat(session, "hello", **nothing)["response"][0][0]["content"] == "echo: hello"


@pytest.mark.parametrize("empty", ["", []], ids=str)
def test_a_message_that_says_nothing_is_passed_over(julep: Julep, empty: Any) -> None:
    session = julep.session_of(julep.agent())
    messages = [{"role": "user", "content": "hello"}, {"role": "user", "content": empty}]
    answer = julep.ok("POST", f"/sessions/{session}/chat", json={"messages": messages})
    assert answer["response"][0][0]["content"] == "echo: hello"
    assert history(julep, session) == [("user", "hello"), ("assistant", "echo: hello")]


LIMITS = [
    ("min_p", 2, "Input should be less than 1"),
    ("min_p", 1, "Input should be less than 1"),
    ("min_p", -0.1, "Input should be greater than or equal to 0"),
    ("top_p", 0, "Input should be greater than 0"),
    ("top_p", 1.5, "Input should be less than or equal to 1"),
    ("temperature", 3, "Input should be less than or equal to 2"),
]


@pytest.mark.parametrize(("name", "value", "message"), LIMITS)
def test_a_setting_beyond_its_limit_is_refused(julep: Julep, name: str, value: float, message: str) -> None:
    session = julep.session_of(julep.agent())
    body = {"messages": [{"role": "user", "content": "x"}], name: value}
    refusal = julep.refused(422, "POST", f"/sessions/{session}/chat", json=body)
    (issue,) = ast.literal_eval(refusal["message"])
    assert (issue["loc"], issue["msg"], issue["input"]) == (("body", name), message, value)


def test_a_limit_that_is_not_of_the_range_is_told_apart(julep: Julep) -> None:
    session = julep.session_of(julep.agent())
    body = {"messages": [{"role": "user", "content": "x"}], "min_p": 1, "top_p": 0}
    refusal = julep.refused(422, "POST", f"/sessions/{session}/chat", json=body)
    issues = ast.literal_eval(refusal["message"])
    assert {issue["type"]: issue["ctx"] for issue in issues} == {"less_than": {"lt": 1.0}, "greater_than": {"gt": 0.0}}
    settings = {"name": "A", "default_settings": {"min_p": 1, "top_p": 0}}  # an agent may have this top_p
    (issue,) = ast.literal_eval(julep.refused(422, "POST", "/agents", json=settings)["message"])
    assert issue["loc"] == ("body", "default_settings", "min_p")


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
    body = {"messages": [{"role": "system", "name": name, "content": "12 degrees"}]}
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
    {"messages": [{"role": "user", "content": []}]},
    {"messages": [{"role": "system", "content": ""}]},
    {"messages": [{"role": "function", "content": "12 degrees"}]},
    {"messages": [{"role": "auto", "content": "x"}]},
    {"messages": [{"role": "user", "content": "x"}, {"role": "function", "name": "f", "content": ""}]},
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


@pytest.mark.parametrize("overflow", ["truncate", "adaptive"])
def test_a_budget_drops_the_oldest_messages_and_names_a_job(julep: Julep, overflow: str) -> None:
    session = julep.session_of(julep.agent(), token_budget=12, context_overflow=overflow)
    first = julep.chat(session, "one two three")
    assert first["jobs"] is None
    second = julep.chat(session, "four five")
    assert second["usage"]["prompt_tokens"] <= 12
    (job,) = second["jobs"]
    assert julep.ok("GET", f"/jobs/{job}")["state"] == "succeeded"
    assert len(history(julep, session)) == 4


@pytest.mark.parametrize("overflow", ["truncate", "adaptive"])
@pytest.mark.parametrize("remember", [False, None])
def test_a_history_that_does_not_grow_is_not_shortened(julep: Julep, overflow: str, remember: bool | None) -> None:
    session = julep.session_of(julep.agent(), token_budget=12, context_overflow=overflow)
    julep.chat(session, "one two three")
    assert julep.chat(session, "four five", remember=remember)["jobs"] is None


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
