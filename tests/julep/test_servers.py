"""Servers as they are: connections reset after a failure, statuses beside the description, other generations."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.kit import errors
from gemel.kit.http.messages import Retry
from gemel.sandbox import JulepSandbox
from gemel.sandbox.messages import ServerReply
from gemel.testing import StubServer

from .modes import Mode

ID = "11111111-1111-4111-8111-111111111111"
NOW = "2024-06-11T00:00:00Z"
HELLO = [{"role": "user", "content": "hi"}]
SOON = Retry(limit=2, base=0.01, cap=0.02)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(assert_all_called=False) as running:
        yield running


def methods(sandbox: JulepSandbox) -> list[str]:
    return [request.method for request in sandbox.requests]


def test_an_address_without_its_path_is_told(mode: Mode, sandbox: JulepSandbox) -> None:
    """As users of 0.2 have it; the gateway then answers in plain text."""
    client = mode.client(sandbox.url, sandbox.api_key)
    with pytest.raises(errors.NotFoundError, match=r"; base_url must hold the API's path, as in https://host/api$"):
        mode.run(client.agents.list())


def test_the_next_call_works_after_the_server_closed_the_connection(mode: Mode, client: Any) -> None:
    """It does so after a failure in plain text, without saying so, at once or a moment later."""
    agent = mode.run(client.agents.create(name="A"))
    session = mode.run(client.sessions.create(agent_id=agent.id, token_budget=1))
    mode.run(client.sessions.create(agent_id=agent.id))
    for _ in range(5):
        with pytest.raises(errors.InternalServerError, match="Internal Server Error"):
            mode.run(client.sessions.list())
        assert mode.run(client.agents.create(name="B")).name == "B"
        with pytest.raises(errors.InternalServerError):
            mode.run(client.sessions.chat(session_id=session.id, messages=[{"role": "user", "content": "a b c d"}]))
        changed = mode.run(client.sessions.update(session_id=session.id, situation="s", token_budget=1))
        assert changed.situation == "s"


def test_what_may_be_repeated_is_repeated_after_a_cut(mode: Mode, sandbox: JulepSandbox) -> None:
    client = mode.client(sandbox.api_url, sandbox.add_developer(), retries=SOON)
    session = mode.run(client.sessions.create(agent_id=ID))
    sandbox.requests.clear()
    for method in ("GET", "PUT", "DELETE"):
        sandbox.faults.cut(method=method)
    changed = mode.run(client.sessions.update(session_id=session.id, situation="s", overwrite=True))
    assert changed.situation == "s"
    mode.run(client.sessions.delete(session.id))
    assert methods(sandbox) == ["GET", "GET", "PUT", "PUT", "GET", "DELETE", "DELETE"]


def test_what_may_not_be_repeated_is_sent_once(mode: Mode, sandbox: JulepSandbox) -> None:
    client = mode.client(sandbox.api_url, sandbox.add_developer(), retries=SOON)
    agent = mode.run(client.agents.create(name="A"))
    session = mode.run(client.sessions.create(agent_id=agent.id))
    for call, given, method in (
        (client.agents.create, {"name": "B"}, "POST"),
        (client.sessions.chat, {"session_id": session.id, "messages": HELLO}, "POST"),
        (client.users.patch_user, {"user_id": ID, "name": "U"}, "PATCH"),
    ):
        for fault in (sandbox.faults.cut, lambda **only: sandbox.faults.status(500, **only)):
            sandbox.requests.clear()
            fault(method=method)
            with pytest.raises((errors.APIConnectionError, errors.InternalServerError)):
                mode.run(call(**given))
            assert methods(sandbox) == [method]


def test_a_failure_is_looked_at_again(mode: Mode, sandbox: JulepSandbox) -> None:
    client = mode.client(sandbox.api_url, sandbox.add_developer(), retries=SOON)
    sandbox.faults.status(500, times=2, method="GET")
    assert mode.run(client.agents.list()) == [] and methods(sandbox) == ["GET"] * 3


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_is_a_success(mode: Mode, stub: StubServer, status: int) -> None:
    """Docs and tools are made with 200 where the description says 201; a 1.x server updates with others again."""
    said = {"id": ID, "created_at": NOW, "updated_at": NOW, "deleted_at": NOW, "jobs": None}
    for method, path in (("POST", "agents/{id}/docs"), ("POST", "agents/{id}/tools"), ("DELETE", "users/{id}")):
        stub.on(method, f"api/{path}").reply_json(said, status=status)
    client = mode.client(stub.url + "/api")
    assert mode.run(client.docs.create(agent_id=ID, doc={"title": "t", "content": "c"})).id == ID
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    assert mode.run(client.tools.create(agent_id=ID, tool=tool)).id == ID
    assert mode.run(client.users.delete(ID)) is None


def test_an_answer_without_a_body_to_a_deletion(mode: Mode, stub: StubServer) -> None:
    stub.on("DELETE", "api/users/{id}").reply(None)
    assert mode.run(mode.client(stub.url + "/api").users.delete(ID)) is None


def test_settings_that_this_version_does_not_know_survive_a_change(mode: Mode, stub: StubServer) -> None:
    agent = {"id": ID, "name": "n", "model": "m", "default_settings": {"temperature": 0.5, "top_a": 1}}
    stub.on("GET", "api/agents/{id}").reply_json(agent)
    stub.on("PATCH", "api/agents/{id}").reply_json({"id": ID, "updated_at": NOW, "jobs": [ID]})
    changed = mode.run(mode.client(stub.url + "/api").agents.update(agent_id=ID, about="b"))
    assert stub.calls[1].json == {"about": "b", "model": "m", "default_settings": {"temperature": 0.5, "top_a": 1}}
    assert changed.jobs == [ID] and changed.to_dict() == agent | {"jobs": [ID]}


def test_an_agent_without_settings_is_changed_without_them(mode: Mode, stub: StubServer) -> None:
    stub.on("GET", "api/agents/{id}").reply_json({"id": ID, "name": "n", "model": "m", "default_settings": None})
    stub.on("PATCH", "api/agents/{id}").reply_json({"id": ID, "updated_at": NOW})
    mode.run(mode.client(stub.url + "/api").agents.update(agent_id=ID, about="b"))
    assert stub.calls[1].json == {"about": "b", "model": "m"}


def test_an_unknown_enum_value_is_read(mode: Mode, stub: StubServer) -> None:
    job = {"id": ID, "name": "n", "created_at": NOW, "state": "paused", "progress": 1}
    stub.on("GET", "api/jobs/{id}").reply_json(job)
    read = mode.run(mode.client(stub.url + "/api").jobs.get(ID))
    assert read.state == "paused" and not read.over and read.to_dict() == job


USAGE = {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2}
MESSAGE = {"role": "assistant", "content": "hi", "id": ID, "created_at": NOW}
SESSION = {"id": ID, "created_at": NOW, "situation": "s", "recall_options": None, "forward_tool_calls": False}
INSTRUCTIONS = [{"content": "be kind", "important": True}]
NEWER: list[tuple[str, str, str, dict[str, Any], Any]] = [
    (
        "sessions.chat",
        "POST",
        "sessions/{id}/chat",
        {"session_id": ID, "messages": HELLO},
        {"id": ID, "created_at": NOW, "jobs": [], "docs": [], "usage": USAGE, "choices": [{"index": 0}]},
    ),
    (
        "sessions.get",
        "GET",
        "sessions/{id}",
        {"id": ID},
        SESSION,
    ),
    ("sessions.list", "GET", "sessions", {}, {"items": [SESSION]}),
    ("sessions.history", "GET", "sessions/{id}/history", {"session_id": ID}, {"entries": [], "relations": []}),
    (
        "tools.get",
        "GET",
        "agents/{id}/tools",
        {"agent_id": ID},
        {"items": [{"id": ID, "name": "t", "type": "integration", "integration": {"provider": "x"}}]},
    ),
    ("users.get", "GET", "users/{id}", {"id": ID}, {"id": 5, "name": "U", "project": None}),
]
OLDER: list[tuple[str, str, str, dict[str, Any], Any]] = [
    (
        "sessions.chat",
        "POST",
        "sessions/{id}/chat",
        {"session_id": ID, "messages": HELLO},
        {"id": ID, "finish_reason": "stop", "response": [[MESSAGE]], "usage": USAGE},
    ),
    (
        "agents.get",
        "GET",
        "agents/{id}",
        {"id": ID},
        {
            "id": ID,
            "name": "n",
            "about": "a",
            "model": "m",
            "instructions": [{"content": "be kind", "important": True}],
        },
    ),
]
NEITHER: list[tuple[str, str, str, dict[str, Any], Any]] = [
    ("agents.get", "GET", "agents/{id}", {"id": ID}, {"name": "n"}),
    ("agents.list", "GET", "agents", {}, {"items": [5]}),
    ("agents.list", "GET", "agents", {}, []),
]


def read(mode: Mode, stub: StubServer, shown: tuple[str, str, str, dict[str, Any], Any]) -> errors.GemelError:
    """The error of a call that is answered in a way that does not fit."""
    name, method, path, given, body = shown
    stub.on(method, f"api/{path}").reply_json(body)
    manager, _, short = name.partition(".")
    with pytest.raises(errors.ResponseValidationError) as caught:
        mode.run(getattr(getattr(mode.client(stub.url + "/api"), manager), short)(**given))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return caught.value


@pytest.mark.parametrize("shown", NEWER, ids=lambda shown: shown[0])
def test_a_reply_of_the_next_generation_is_told(mode: Mode, stub: StubServer, shown: Any) -> None:
    error = str(read(mode, stub, shown))
    assert "looks like an answer of Julep's 1.x API" in error and "check base_url" in error


@pytest.mark.parametrize("shown", OLDER, ids=lambda shown: shown[0])
def test_a_reply_of_the_generation_before_is_told(mode: Mode, stub: StubServer, shown: Any) -> None:
    assert "looks like an answer of a Julep server before 0.3" in str(read(mode, stub, shown))


@pytest.mark.parametrize("shown", NEITHER, ids=lambda shown: str(shown[4]))
def test_of_any_other_reply_nothing_is_said(mode: Mode, stub: StubServer, shown: Any) -> None:
    assert "looks like" not in str(read(mode, stub, shown))


ERRORS_OF_NEXT: list[tuple[int, dict[str, Any], str]] = [
    (404, {"message": "Agent not found", "code": "http_404", "type": "http_error"}, "http_404 Agent not found"),
    (
        422,
        {
            "message": "Validation error",
            "code": "validation_error",
            "details": [{"type": "missing", "msg": "Field required", "loc": "body.about", "received": {}}],
        },
        "Validation error: body.about: Field required",
    ),
]


@pytest.mark.parametrize("status, told, said", ERRORS_OF_NEXT, ids=["404", "422"])
def test_an_error_of_the_next_generation_is_told(
    mode: Mode, stub: StubServer, status: int, told: dict[str, Any], said: str
) -> None:
    stub.on("GET", "api/agents").fail(status, {"error": told})
    with pytest.raises(errors.APIStatusError) as caught:
        mode.run(mode.client(stub.url + "/api").agents.list())
    error = caught.value
    assert said in str(error) and "looks like an answer of Julep's 1.x API" in str(error)
    assert error.code == told["code"] and error.details == told.get("details")


ODD: list[tuple[int, bytes, str]] = [
    (500, b"", "no further word"),
    (502, b"<html><h1>Bad Gateway</h1></html>", "Bad Gateway"),
    (422, b'{"status_code": 422, "message": "[{broken", "data": null}', "[{broken"),
    (422, b'{"status_code": 422, "message": "[\'text\']", "data": null}', "text"),
    (422, b'{"status_code": 422, "message": "[{\'loc\': 5, \'msg\': 6}]", "data": null}', "5: 6"),
    (422, b'{"status_code": 422, "message": {"a": 1}, "data": null}', '{"a": 1}'),
    (422, b'{"status_code": 422, "message": "' + b"[" * 5000 + b'", "data": null}', "[["),
    (400, b'{"error": "plain"}', "plain"),
    (400, b'{"error": {"message": null}}', "no further word"),
    (400, b"\xff\xfe{", "400"),
    (418, b'{"detail": ["a", 1]}', '["a", 1]'),
]


@pytest.mark.parametrize("status, body, said", ODD, ids=lambda value: repr(value)[:40])
def test_an_odd_error_is_an_error_of_its_status(
    mode: Mode, stub: StubServer, status: int, body: bytes, said: str
) -> None:
    stub.on("GET", "api/agents").answer(lambda call: ServerReply(status, body, ()))
    with pytest.raises(errors.APIStatusError) as caught:
        mode.run(mode.client(stub.url + "/api").agents.list())
    assert caught.value.status == status and said in str(caught.value)


def test_what_was_sent_is_not_repeated_by_the_text_of_an_error(mode: Mode, sandbox: JulepSandbox) -> None:
    """The server repeats the input in its issues; they are in .details and .body, not in the text."""
    client = mode.client(sandbox.api_url, sandbox.add_developer())
    with pytest.raises(errors.UnprocessableEntityError) as caught:
        mode.run(client.request("POST", "agents", body={"about": "a secret plan"}))
    assert "name: Field required" in str(caught.value) and "secret plan" not in str(caught.value)
    assert caught.value.details[0]["input"] == {"about": "a secret plan"}
