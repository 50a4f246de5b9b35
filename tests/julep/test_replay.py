"""Every reply recorded from a real server, read by the client: nothing lost or added, each error as it was told."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gemel.julep.models.common import ResourceDeletedResponse
from gemel.kit import errors
from gemel.kit.models.model import Model
from gemel.sandbox.messages import ServerReply
from gemel.testing import StubServer

from .modes import Mode

RECORDING = Path(__file__).parents[1] / "sandbox" / "julep" / "probe.jsonl"
EXCHANGES: list[dict[str, Any]] = [json.loads(line) for line in RECORDING.read_text(encoding="utf-8").splitlines()]

Call = Callable[..., Any]

# The method that performs an operation, by verb and path; {} stands for an id, which is given by position.
OPERATIONS: dict[str, str] = {
    "POST /agents": "agents.create_agent",
    "GET /agents": "agents.list",
    "GET /agents/{}": "agents.get",
    "PATCH /agents/{}": "agents.patch_agent",
    "PUT /agents/{}": "agents.update_agent",
    "DELETE /agents/{}": "agents.delete",
    "POST /users": "users.create_user",
    "GET /users/{}": "users.get",
    "PATCH /users/{}": "users.patch_user",
    "PUT /users/{}": "users.update_user",
    "DELETE /users/{}": "users.delete",
    "GET /users/{}/docs": "docs.get_user_docs",
    "GET /agents/{}/docs": "docs.get_agent_docs",
    "POST /agents/{}/docs": "docs.create_agent_doc",
    "DELETE /agents/{}/docs/{}": "docs.delete_agent_doc",
    "GET /jobs/{}": "jobs.get",
    "GET /agents/{}/tools": "tools.get",
    "POST /agents/{}/tools": "tools.create_agent_tool",
    "PATCH /agents/{}/tools/{}": "tools.patch_agent_tool",
    "PUT /agents/{}/tools/{}": "tools.update_agent_tool",
    "DELETE /agents/{}/tools/{}": "tools.delete",
    "POST /sessions": "sessions.create_session",
    "GET /sessions": "sessions.list",
    "GET /sessions/{}": "sessions.get",
    "PATCH /sessions/{}": "sessions.patch_session",
    "PUT /sessions/{}": "sessions.update_session",
    "DELETE /sessions/{}": "sessions.delete",
    "POST /sessions/{}/chat": "sessions.post_chat",
    "GET /sessions/{}/history": "sessions.history",
    "DELETE /sessions/{}/history": "sessions.delete_history",
    "GET /sessions/{}/suggestions": "sessions.suggestions",
    "GET /agents/{}/memories": "memories.get_agent_memories",
}
# What no method sends: the reply is read by client.request.
OF_NO_METHOD = {"unknown path", "method not allowed", "trailing slash", "openapi served"}
# The methods that take their ids by name.
IDS_BY_NAME = {
    "tools.get": ["agent_id"],
    "tools.delete": ["agent_id", "tool_id"],
    "sessions.history": ["session_id"],
    "sessions.suggestions": ["session_id"],
}
# The methods that take the whole body as one argument.
WHOLE_BODY = {"docs.create_agent_doc", "tools.create_agent_tool"}
# Requests that the client refuses to send, and what it is given in their place to read the reply to them.
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "x"}]}
IN_PLACE: dict[str, dict[str, Any]] = {
    "agent create no name": {"name": "A"},
    "agent create unknown field": {"name": "A"},
    "agent create bad json": {"name": "A"},
    "agents list {'limit': -1}": {"limit": 1},
    "agents list {'limit': 'x'}": {"limit": 1},
    "agents list {'offset': -1}": {"offset": 1},
    "agents list {'sort_by': 'updated_at', 'order': 'asc'}": {},
    "agents list {'metadata_filter': '[]'}": {},
    "agents list {'metadata_filter': 'bad'}": {},
    "doc create missing title": {"title": "t", "content": "c"},
    "session put without situation": {"situation": "s"},
    "chat no messages": HELLO,
    "chat bad role": HELLO,
}
# What the manager refuses, or makes right, but the endpoint sends as it is: the recorded failure of the server stays.
STATUS_ERRORS: dict[int, type[errors.APIStatusError]] = {
    307: errors.APIStatusError,
    400: errors.BadRequestError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    405: errors.APIStatusError,
    422: errors.UnprocessableEntityError,
    500: errors.InternalServerError,
}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer(assert_all_called=False) as running:
        yield running


def recorded_reply(exchange: dict[str, Any]) -> ServerReply:
    kind, body = exchange["content_type"], exchange["body"]
    content = json.dumps(body) if kind == "application/json" else body
    return ServerReply(exchange["status"], content.encode(), (("Content-Type", kind),) if kind else ())


def performed(client: Any, exchange: dict[str, Any]) -> Any:
    """The call of our client that performs an exchange."""
    method, path, label = exchange["method"], exchange["path"], exchange["label"]
    if label in OF_NO_METHOD:
        return client.request(method, path[1:], body=exchange["json"])
    name = OPERATIONS[f"{method} {ID.sub('{}', path)}"]
    manager, _, short = name.partition(".")
    ids = [found[0] for found in ID.finditer(path)]
    by_name = dict(zip(IDS_BY_NAME.get(name, ()), ids, strict=False))
    return getattr(getattr(client, manager), short)(*(() if by_name else ids), **by_name, **given(name, exchange))


def given(name: str, exchange: dict[str, Any]) -> dict[str, Any]:
    """What the recorded request says, as our method takes it."""
    said = IN_PLACE.get(exchange["label"], exchange["json"] or exchange["params"] or {})
    if name in WHOLE_BODY:
        return {"request": said}
    filtered = said.get("metadata_filter")
    return said | {"metadata_filter": json.loads(filtered)} if isinstance(filtered, str) else said


def plain(result: Any) -> Any:
    """What our client gives, as JSON again."""
    if isinstance(result, list):
        return {"items": [plain(item) for item in result]}
    return result.to_dict() if isinstance(result, Model) else result


def named(exchanges: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(one, id=f"{number:03} {one['label']}") for number, one in enumerate(exchanges)]


@pytest.mark.parametrize("exchange", named([one for one in EXCHANGES if one["status"] < 300]))
def test_a_reply_is_given_back_as_it_came(mode: Mode, stub: StubServer, exchange: dict[str, Any]) -> None:
    route = stub.on(exchange["method"], "api" + exchange["path"]).answer(lambda call: recorded_reply(exchange))
    result = mode.run(performed(mode.client(stub.url + "/api"), exchange))
    if exchange["method"] == "DELETE":
        assert result is None
        result = ResourceDeletedResponse.from_dict(exchange["body"])
    if exchange["label"] in OF_NO_METHOD:
        assert json.loads(result.body) == exchange["body"]
    else:
        assert plain(result) == exchange["body"]
    if exchange["label"] not in IN_PLACE:
        assert route.calls[-1].json == exchange["json"]


@pytest.mark.parametrize("exchange", named([one for one in EXCHANGES if one["status"] >= 300]))
def test_an_error_is_told_as_it_was(mode: Mode, stub: StubServer, exchange: dict[str, Any]) -> None:
    stub.on(exchange["method"], "api" + exchange["path"]).answer(lambda call: recorded_reply(exchange))
    with pytest.raises(errors.APIStatusError) as caught:
        mode.run(performed(mode.client(stub.url + "/api"), exchange))
    error, body = caught.value, exchange["body"]
    assert type(error) is STATUS_ERRORS[exchange["status"]]
    assert error.status == exchange["status"] and error.body == body
    if exchange["status"] == 422:
        assert error.details == ast.literal_eval(body["message"])
        assert error.message == "; ".join(map(issue_told, error.details))
    elif isinstance(body, dict):
        assert error.message == (body.get("detail") or body.get("message") or body["error"]["message"])
    else:
        assert error.message == body
    assert error.message in str(error) and str(error.status) in str(error)


def issue_told(issue: dict[str, Any]) -> str:
    """One issue of a 422 as users shall read it: where in body or query, and what is wrong there."""
    return f"{'.'.join(map(str, issue['loc'][1:]))}: {issue['msg']}"


def test_a_raw_reply_is_at_hand(mode: Mode, stub: StubServer) -> None:
    exchange = next(one for one in EXCHANGES if one["label"] == "agent get")
    stub.on("GET", "api" + exchange["path"]).answer(lambda call: recorded_reply(exchange))
    agents = mode.client(stub.url + "/api").agents
    raw = mode.run(agents.get.raw(exchange["body"]["id"]))
    assert raw.status == 200 and json.loads(raw.body) == exchange["body"] == raw.value.to_dict()


def test_the_hint_says_what_to_do_about_a_key_and_a_redirect(mode: Mode, stub: StubServer) -> None:
    stub.on("GET", "api/agents").answer(lambda call: ServerReply.of({"detail": "Could not validate API KEY"}, 403))
    client = mode.client(stub.url + "/api")
    with pytest.raises(errors.PermissionDeniedError, match="JULEP_API_KEY"):
        mode.run(client.agents.list())
    stub.on("GET", "api/agents").answer(lambda call: ServerReply(307, b"", (("Location", "/api/agents/"),)))
    with pytest.raises(errors.APIStatusError, match="redirects to /api/agents/"):
        mode.run(client.agents.list())


def test_the_recording_is_whole_and_each_exception_is_of_it() -> None:
    labels = {exchange["label"] for exchange in EXCHANGES}
    assert len(EXCHANGES) == 102
    assert IN_PLACE.keys() | OF_NO_METHOD <= labels
    used = {f"{one['method']} {ID.sub('{}', one['path'])}" for one in EXCHANGES if one["label"] not in OF_NO_METHOD}
    assert used == OPERATIONS.keys()
    assert {one["status"] for one in EXCHANGES} - {200, 201, 202} == STATUS_ERRORS.keys()
