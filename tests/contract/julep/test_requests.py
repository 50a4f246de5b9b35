"""What gemel sends is valid by the description of the Julep API, and so is what servers and the sandbox answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from gemel.julep import AsyncClient, Client
from gemel.sandbox import JulepSandbox, RecordedRequest, serve

from ..clients import Action, Clients, Tapped
from ..description import JSON, Description, key
from .calls import CALLS, Call, World
from .described import DECLARED, DESCRIPTION, ENDPOINTS, FLOWS, NOT_DESCRIBED, NOT_SERVED, described
from .deviations import DEVIATIONS

RECORDING = Path(__file__).parents[2] / "sandbox" / "julep" / "probe.jsonl"
EXAMPLES = [
    pytest.param(path, call, id=f"{path}-{number}")
    for path, calls in CALLS.items()
    for number, call in enumerate(calls, 1)
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[JulepSandbox]:
    with serve("julep") as running:
        yield running


@pytest.fixture
def clients(sandbox: JulepSandbox) -> Iterator[Clients]:
    """Clients of a developer of their own, and none of the requests of others."""
    with Tapped() as tap:
        own = {"api_key": sandbox.add_developer(), "base_url": sandbox.api_url}
        made = Clients(Client, AsyncClient, sandbox, tap, **own)
        yield made
        made.close()


def requests_of(clients: Clients, perform: Callable[[Action], Any], call: Call) -> list[RecordedRequest]:
    """What a call sends to a server that has one of everything."""
    at = World(clients.blocking, clients.sandbox.requests)
    clients.sandbox.requests.clear()
    perform(lambda client: call(client, at))
    return list(clients.sandbox.requests)


def check(request: RecordedRequest, description: Description = DESCRIPTION) -> None:
    description.check(request, description.operation_of(request))
    assert request.header("content-type") == (JSON if request.body else None)


@cache
def recorded() -> dict[str, tuple[RecordedRequest, int, bytes]]:
    """The successful exchanges of a real server: request, status and body of the reply."""
    found: dict[str, tuple[RecordedRequest, int, bytes]] = {}
    for number, line in enumerate(RECORDING.read_text(encoding="utf-8").splitlines(), 1):
        said = json.loads(line)
        request = RecordedRequest(said["method"], f"/api{said['path']}", (), b"")
        if said["status"] < 300 and said["path"] != "/openapi.json":
            found[f"{number}: {said['label']}"] = request, said["status"], json.dumps(said["body"]).encode()
    return found


def test_every_endpoint_and_flow_has_an_example() -> None:
    assert CALLS.keys() == ENDPOINTS.keys() | FLOWS.keys()


def test_every_endpoint_is_described_and_every_described_operation_is_declared() -> None:
    assert set(DESCRIPTION.operations) == {key(endpoint) for endpoint in ENDPOINTS.values()}
    beside = DECLARED.keys() - ENDPOINTS.keys()
    assert beside <= NOT_SERVED | NOT_DESCRIBED
    assert not any(key(DECLARED[path]) in DESCRIPTION.operations for path in beside)


def test_credentials_are_sent_with_every_call() -> None:
    assert all(endpoint.auth is not None for endpoint in ENDPOINTS.values())


@pytest.mark.parametrize(("path", "call"), EXAMPLES)
def test_an_exchange_is_valid(path: str, call: Call, clients: Clients) -> None:
    sent = requests_of(clients, clients.block, call)
    assert path in FLOWS or [DESCRIPTION.operation_of(request) for request in sent] == [key(ENDPOINTS[path])]
    for request, reply in zip(sent, clients.replies[-len(sent) :], strict=True):
        check(request)
        DESCRIPTION.check_reply(request, reply.status_code, reply.content)


@pytest.mark.parametrize(("path", "call"), EXAMPLES)
def test_an_awaited_request_is_valid(path: str, call: Call, clients: Clients) -> None:
    sent = requests_of(clients, clients.wait, call)
    assert sent
    for request in sent:
        check(request)


@pytest.mark.parametrize("label", recorded())
def test_a_recorded_reply_is_valid(label: str) -> None:
    DESCRIPTION.check_reply(*recorded()[label])


@pytest.mark.parametrize("name", DEVIATIONS)
def test_every_deviation_is_needed(name: str, clients: Clients) -> None:
    """Without it a reply of the real server is invalid, or a request that such servers take."""
    less = described(without=name, checked=False)
    shown_by = DEVIATIONS[name].shown_by
    if shown_by:
        path, _, number = shown_by.partition("-")
        sent = requests_of(clients, clients.block, CALLS[path][int(number) - 1])
        assert any(refused(lambda request=request: check(request, less)) for request in sent)
    else:
        assert any(refused(lambda said=said: less.check_reply(*said)) for said in recorded().values())


AUTHORIZED = (("Authorization", "Bearer t"), ("Content-Type", JSON))
AGENT = "/api/agents/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
CHAT = "/api/sessions/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa/chat"
WRONG: dict[str, tuple[str, str, bytes]] = {
    "an unknown parameter": ("GET", "/api/agents?filter=1", b""),
    "a limit below its least": ("GET", "/api/agents?limit=0", b""),
    "an unknown path": ("GET", "/api/agent", b""),
    "an id that is none": ("GET", "/api/agents/1", b""),
    "a body of a read": ("GET", AGENT, b"{}"),
    "no body": ("POST", "/api/agents", b""),
    "a missing field": ("PUT", AGENT, b'{"name":"A"}'),
    "an unknown field": ("POST", "/api/agents", b'{"name":"A","nickname":"a"}'),
    "an unknown field within": ("POST", "/api/agents", b'{"name":"A","docs":[{"title":"t","content":"c","x":1}]}'),
    "a field of another type": ("POST", "/api/agents", b'{"name":"A","metadata":[]}'),
    "a null where none may be": ("PATCH", AGENT, b'{"name":null}'),
    "a number out of bounds": ("PATCH", AGENT, b'{"default_settings":{"min_p":1}}'),
    "an unknown role": ("POST", CHAT, b'{"messages":[{"role":"robot","content":"c"}]}'),
    "no messages": ("POST", CHAT, b'{"messages":[]}'),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_request_is_seen(wrong: str) -> None:
    method, target, body = WRONG[wrong]
    headers = AUTHORIZED if body else AUTHORIZED[:1]
    assert refused(lambda: check(RecordedRequest(method, target, headers, body)))


def test_a_request_without_credentials_is_seen() -> None:
    check(RecordedRequest("GET", AGENT, AUTHORIZED[:1], b""))
    assert refused(lambda: check(RecordedRequest("GET", AGENT, (), b"")))


def refused(action: Callable[[], None]) -> bool:
    try:
        action()
    except (OpenAPIError, AssertionError):
        return True
    return False
