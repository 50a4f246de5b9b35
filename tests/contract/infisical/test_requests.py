"""What gemel sends is valid by the published description of the API, and so is what the sandbox answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from gemel.infisical.api.secrets import Secrets
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.declare import get
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M
from gemel.sandbox import RecordedRequest, Sandbox

from ..clients import Tapped
from ..declared import endpoints
from ..description import key
from .calls import CALLS, Call, awaiting, blocking, world
from .described import DESCRIPTION, ENDPOINTS

EXAMPLES = [
    pytest.param(path, call, id=f"{path}-{number}")
    for path, calls in CALLS.items()
    for number, call in enumerate(calls, 1)
]


def undescribed(found: dict[str, Endpoint[Any, Any]]) -> list[str]:
    """The endpoints whose verb and path the description does not have."""
    return [path for path, endpoint in found.items() if key(endpoint) not in DESCRIPTION.operations]


def test_every_endpoint_has_an_example() -> None:
    assert CALLS.keys() == ENDPOINTS.keys()


def test_every_endpoint_is_described() -> None:
    assert undescribed(ENDPOINTS) == []


def test_every_described_operation_is_declared() -> None:
    """The copy of the description holds no more than is needed."""
    assert set(DESCRIPTION.operations) == {key(endpoint) for endpoint in ENDPOINTS.values()}


def test_an_endpoint_is_deprecated_where_the_description_says_so() -> None:
    declared_so = {path for path, endpoint in ENDPOINTS.items() if endpoint.spec.deprecated}
    described_so = {path for path, each in ENDPOINTS.items() if DESCRIPTION.operations[key(each)].get("deprecated")}
    assert declared_so == described_so


def test_credentials_are_sent_where_the_description_asks_for_them() -> None:
    for path, endpoint in ENDPOINTS.items():
        assert (endpoint.auth is not None) == (DESCRIPTION.operations[key(endpoint)].get("security") != []), path


@pytest.mark.parametrize(("path", "call"), EXAMPLES)
def test_an_exchange_is_valid(path: str, call: Call, sandbox: Sandbox) -> None:
    at = world(sandbox)
    sandbox.requests.clear()
    with Tapped() as session:
        blocking(sandbox, lambda client: call(client, at), session=session)
    ((request,), (reply,)) = sandbox.requests, session.replies
    DESCRIPTION.check(request, key(ENDPOINTS[path]))
    DESCRIPTION.check_reply(request, reply.status_code, reply.content)
    assert request.header("content-type") == ("application/json" if request.body else None)


@pytest.mark.parametrize(("path", "call"), EXAMPLES)
def test_an_awaited_request_is_valid(path: str, call: Call, sandbox: Sandbox) -> None:
    at = world(sandbox)
    sandbox.requests.clear()
    awaiting(sandbox, lambda client: call(client, at))
    (request,) = sandbox.requests
    DESCRIPTION.check(request, key(ENDPOINTS[path]))
    assert request.header("content-type") == ("application/json" if request.body else None)


def test_the_sandbox_opens_approvals_as_described(sandbox: Sandbox) -> None:
    at = world(sandbox)
    sandbox.add_change_policy(at.project, "dev")
    with Tapped() as session:
        for path in ("secrets.create", "secrets.update", "secrets.batch_create", "secrets.delete"):
            with pytest.raises(Exception, match="nothing was changed"):
                blocking(sandbox, lambda client, path=path: CALLS[path][0](client, at), session=session)
            DESCRIPTION.check_reply(sandbox.requests[-1], 200, session.replies[-1].content)
    assert len(session.replies) == 4


class Invented(Resource[M], case="camel"):
    """Endpoints that no server has."""

    @get("api/v9/secrets/{name}")
    def wrong_path(self, name: str) -> str:
        """Never."""
        ...

    @get("api/v4/secrets/batch")
    def wrong_verb(self) -> str:
        """Never."""
        ...


def test_an_invented_endpoint_is_seen() -> None:
    found = endpoints(Invented)
    assert undescribed({**found, "list": Secrets.list}) == ["wrong_path", "wrong_verb"]


PROJECT = b'"projectId":"p","environment":"dev"'
AUTHORIZED = (("Authorization", "Bearer t"), ("Content-Type", "application/json"))
WRONG: dict[str, tuple[str, str, bytes]] = {
    "an unknown parameter": ("GET", "/api/v4/secrets?workspaceId=p", b""),
    "a Python boolean": ("GET", "/api/v4/secrets?projectId=p&environment=dev&recursive=True", b""),
    "a missing parameter": ("GET", "/api/v4/secrets/KEY?environment=dev", b""),
    "a body of a read": ("GET", "/api/v4/secrets?projectId=p", b"{}"),
    "no body": ("POST", "/api/v4/secrets/KEY", b""),
    "a missing field": ("POST", "/api/v4/secrets/KEY", b"{" + PROJECT + b"}"),
    "an unknown field": ("POST", "/api/v4/secrets/KEY", b'{"secretValue":"v","comment":"",' + PROJECT + b"}"),
    "a field of another type": ("POST", "/api/v4/secrets/KEY", b'{"secretValue":5,' + PROJECT + b"}"),
    "an unknown choice": ("DELETE", "/api/v4/secrets/KEY", b'{"type":"mine",' + PROJECT + b"}"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_request_is_seen(wrong: str) -> None:
    method, target, body = WRONG[wrong]
    operation = (method, "/api/v4/secrets" + ("/{}" if "KEY" in target else ""))
    assert refused(lambda: DESCRIPTION.check(RecordedRequest(method, target, AUTHORIZED, body), operation))


def test_a_request_without_credentials_is_seen() -> None:
    target = "/api/v4/secrets?projectId=p&environment=dev"
    DESCRIPTION.check(RecordedRequest("GET", target, AUTHORIZED, b""), ("GET", "/api/v4/secrets"))
    assert refused(lambda: DESCRIPTION.check(RecordedRequest("GET", target, (), b""), ("GET", "/api/v4/secrets")))


def refused(action: Callable[[], None]) -> bool:
    try:
        action()
    except (OpenAPIError, AssertionError):
        return True
    return False
