"""The public surface that users of another Infisical SDK know: constructor, life, create_request, handle_request."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

import marshmallow as ma
import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient, Project
from gemel.infisical.client import InfisicalSettings
from gemel.kit.client import Settings
from gemel.kit.errors import (
    APIStatusError,
    ClientClosedError,
    InvalidArgument,
    NotFoundError,
    ResponseValidationError,
)
from gemel.kit.http.messages import Response
from gemel.kit.models.drift import Drift
from gemel.kit.models.model import Model
from gemel.kit.types import OMIT
from gemel.sandbox import Sandbox

from .modes import Mode
from .sent import LOGIN, last, lines

PROJECTS = "/api/v1/projects"


class Token:
    """What a provider chain finds."""

    def __init__(self, value: str) -> None:
        self.value = value

    def resolve(self) -> str:
        return self.value


class ProjectSchema(ma.Schema):
    """A user's own schema, which keeps two fields."""

    class Meta:
        unknown = ma.EXCLUDE

    name = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)


@pytest.fixture
def project(mode: Mode, client: Any) -> Project:
    made: Project = mode.run(client.projects.create("Demo", slug="demo-one"))
    return made


def named(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """The parameters with their defaults."""
    empty = inspect.Parameter.empty
    parameters = inspect.signature(function).parameters.values()
    return [(each.name, ... if each.default is empty else each.default) for each in parameters]


@pytest.mark.parametrize("kind", [InfisicalClient, InfisicalAsyncClient])
def test_every_name_of_the_surface_is_there(kind: Any) -> None:
    assert named(kind.create_request) == [
        ("self", ...),
        ("method", ...),
        ("url", ...),
        ("params", None),
        ("body", None),
    ]
    assert named(kind.handle_request) == [("self", ...), ("request", ...), ("expected_responses", None)]
    assert named(kind.close) == [("self", ...)]
    known = InfisicalSettings.__annotations__.keys() | Settings.__annotations__.keys()
    assert known >= {"endpoint", "token", "client_id", "client_secret", "follow_redirects", "provider_chain"}


def test_the_async_client_is_made_of_coroutines() -> None:
    names = ("close", "handle_request", "__aenter__", "__aexit__")
    assert all(inspect.iscoroutinefunction(getattr(InfisicalAsyncClient, name)) for name in names)
    assert not any(inspect.iscoroutinefunction(getattr(InfisicalClient, name)) for name in names[:2])
    assert not hasattr(InfisicalClient, "__aenter__") and not hasattr(InfisicalAsyncClient, "__enter__")


def test_every_keyword_of_the_constructor_is_taken(mode: Mode, sandbox: Sandbox) -> None:
    token = mode.client(endpoint=sandbox.url, token=sandbox.token, follow_redirects=True)
    pair = mode.client(endpoint=sandbox.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    chain = mode.client(endpoint=sandbox.url, provider_chain=Token(sandbox.token), follow_redirects=False)
    for client in (token, pair, chain):
        assert mode.run(client.projects.list()) == []
    with pytest.raises(TypeError, match="endpoints"):
        mode.client_class(endpoints=sandbox.url, token="t")
    with pytest.raises(TypeError, match="positional"):
        mode.client_class(sandbox.url)


def test_a_block_gives_the_client_and_closes_it(sandbox: Sandbox, mode: Mode) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token)
    if mode.name == "sync":
        with client as entered:
            assert entered is client and entered.projects.list() == []
    else:
        mode.run(entered_and_used(client))
    with pytest.raises(ClientClosedError, match=r"Projects\.list: the client is closed"):
        mode.run(client.projects.list())


async def entered_and_used(client: InfisicalAsyncClient) -> None:
    async with client as entered:
        assert entered is client and await entered.projects.list() == []


def test_a_block_closes_the_client_when_it_fails(sandbox: Sandbox, mode: Mode) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token)
    leave = client.__exit__ if mode.name == "sync" else client.__aexit__
    failure = RuntimeError("in the block")
    assert not mode.run(leave(RuntimeError, failure, None))
    with pytest.raises(ClientClosedError):
        mode.run(client.projects.list())


def test_closing_twice_and_closing_unused_is_fine(sandbox: Sandbox, mode: Mode) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token)
    mode.run(client.close())
    mode.run(client.close())
    with pytest.raises(ClientClosedError):
        mode.run(client.handle_request(client.create_request("get", PROJECTS)))
    assert lines(sandbox) == []


def test_a_request_is_sent_when_it_is_handled(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    request = client.create_request("get", "api/v1/projects", params={"type": "kms"})
    assert lines(sandbox) == []
    assert inspect.iscoroutine(request) if mode.name == "async" else callable(request)
    assert mode.run(client.handle_request(request)) == {"projects": []}
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"GET {PROJECTS}", {"type": "kms"}, None)
    assert sandbox.requests[-1].header("authorization") == f"Bearer {sandbox.token}"


def test_a_request_gives_the_reply_as_it_came(mode: Mode, client: Any) -> None:
    request = client.create_request("get", "api/v1/projects/none")
    reply = mode.run(request() if mode.name == "sync" else request)
    assert type(reply) is Response
    assert (reply.status, reply.ok) == (404, False)


def test_the_clock_of_a_request_starts_when_it_is_handled(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, timeout=0.5)
    request = client.create_request("get", PROJECTS)
    time.sleep(0.6)
    assert mode.run(client.handle_request(request)) == {"projects": []}


def test_a_request_logs_in_and_renews(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, client_id=sandbox.client_id, client_secret=sandbox.client_secret)
    mode.run(client.handle_request(client.create_request("get", PROJECTS)))
    sandbox.expire_tokens()
    mode.run(client.handle_request(client.create_request("get", PROJECTS)))
    assert lines(sandbox) == [f"POST {LOGIN}", *[f"GET {PROJECTS}"] * 2, f"POST {LOGIN}", f"GET {PROJECTS}"]


@pytest.mark.parametrize("url", ["api/v1/projects", "/api/v1/projects", "{}/api/v1/projects"])
def test_an_address_is_below_the_endpoint_or_whole(mode: Mode, client: Any, sandbox: Sandbox, url: str) -> None:
    mode.run(client.handle_request(client.create_request("get", url.format(sandbox.url))))
    assert lines(sandbox) == [f"GET {PROJECTS}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/api/v1/projects",
        "//evil.example/api/v1/projects",
        "https://127.0.0.1:{port}/api/v1/projects",
        "http://127.0.0.1:1/api/v1/projects",
        "http://user@127.0.0.1:{port}/api/v1/projects",
        "http://127.0.0.1:{port}@evil.example/",
        "http://localhost:{port}/api/v1/projects",
        "file:///etc/passwd",
        "api/v1/projects/../../v2/folders",
        "api/v1/projects/%2e%2E/folders",
        "./api/v1/projects",
        "{url}/api/v1/../v1/projects",
    ],
)
def test_another_origin_or_a_climbing_path_is_refused(mode: Mode, client: Any, sandbox: Sandbox, url: str) -> None:
    port = sandbox.url.rpartition(":")[2]
    with pytest.raises(InvalidArgument, match=r"^create_request\(\): url: ") as caught:
        client.create_request("get", url.format(port=port, url=sandbox.url))
    assert caught.value.parameter == "url"
    assert lines(sandbox) == []


@pytest.mark.parametrize("url", ["\\\\evil.example/x", "?a=1", "#part", "a b/ü?c=d e#f"])
def test_an_odd_address_stays_at_the_endpoint(mode: Mode, client: Any, sandbox: Sandbox, url: str) -> None:
    with pytest.raises(APIStatusError):
        mode.run(client.handle_request(client.create_request("get", url)))
    assert len(sandbox.requests) == 1
    assert sandbox.requests[0].header("host") == sandbox.url.removeprefix("http://")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "GET"])
def test_every_verb_is_sent(mode: Mode, client: Any, sandbox: Sandbox, method: str) -> None:
    with pytest.raises(NotFoundError):
        mode.run(client.handle_request(client.create_request(method, "nowhere")))
    assert lines(sandbox) == [f"{method.upper()} /nowhere"]


@pytest.mark.parametrize("method", ["", "connect", "get x", "GET\r\nX: y"])
def test_an_unknown_verb_is_refused(mode: Mode, client: Any, method: str) -> None:
    with pytest.raises(InvalidArgument, match=r"create_request\(\): method: "):
        client.create_request(method, PROJECTS)


def test_parameters_have_one_wire_form(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    params = {"text": "a b&c=d/ü+", "yes": True, "no": False, "n": 5, "gone": None, "omitted": OMIT, "a&b": "x"}
    mode.run(client.handle_request(client.create_request("get", PROJECTS, params=params)))
    query = sandbox.requests[-1].target.partition("?")[2]
    assert query == "text=a%20b%26c%3Dd%2F%C3%BC%2B&yes=true&no=false&n=5&a%26b=x"


def test_a_list_repeats_its_name_and_a_query_is_kept(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    request = client.create_request("get", f"{PROJECTS}?first=1", params={"tag": ["a", "b"]})
    mode.run(client.handle_request(request))
    assert sandbox.requests[-1].target == f"{PROJECTS}?first=1&tag=a&tag=b"


@pytest.mark.parametrize("value", [{"a": 1}, object(), float("nan"), b"bytes", "\ud800"])
def test_what_has_no_wire_form_is_refused(mode: Mode, client: Any, value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"create_request\(\): params\['x'\]: "):
        client.create_request("get", PROJECTS, params={"x": value})


def test_a_body_is_json(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    body = {"projectName": "ü", "hasDeleteProtection": False, "shouldCreateDefaultEnvs": True}
    reply = mode.run(client.handle_request(client.create_request("post", PROJECTS, body=body), {"project": Project}))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"POST {PROJECTS}", body)
    assert reply.name == "ü"


def test_delete_takes_a_body(mode: Mode, client: Any, project: Project, sandbox: Sandbox) -> None:
    place = {"project_id": project.id, "environment": "dev"}
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    body = {"projectId": project.id, "environment": "dev"}
    reply = mode.run(client.handle_request(client.create_request("delete", "api/v4/secrets/KEY", body=body)))
    sent = last(sandbox)
    assert (sent.line, sent.body) == ("DELETE /api/v4/secrets/KEY", body)
    assert reply["secret"]["secretKey"] == "KEY"


@pytest.mark.parametrize("body", [{"x": object()}, {"x": float("inf")}, {"x": {1: {2, 3}, "y": "\ud800"}}])
def test_a_body_that_is_no_json_is_refused(mode: Mode, client: Any, body: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"create_request\(\): body: "):
        client.create_request("post", PROJECTS, body=body)


def handled(mode: Mode, client: Any, url: str, expected: Any) -> Any:
    return mode.run(client.handle_request(client.create_request("get", url), expected))


@pytest.mark.parametrize("expected", [None, {}])
def test_without_expectations_the_json_comes_back(mode: Mode, client: Any, project: Project, expected: Any) -> None:
    reply = handled(mode, client, f"{PROJECTS}/{project.id}", expected)
    assert reply["project"]["slug"] == "demo-one"
    assert reply["project"]["_id"] == project.id


def test_a_key_is_decoded_as_its_model(mode: Mode, client: Any, project: Project) -> None:
    expected = {"missing": Project, "project": Project}
    assert handled(mode, client, f"{PROJECTS}/{project.id}", expected) == project
    assert handled(mode, client, PROJECTS, {"projects": list[Project]}) == [project]


@pytest.mark.parametrize("schema", [ProjectSchema, ProjectSchema()])
def test_a_key_is_decoded_by_its_schema(mode: Mode, client: Any, project: Project, schema: Any) -> None:
    reply = handled(mode, client, f"{PROJECTS}/{project.id}", {"project": schema})
    assert reply == {"name": "Demo", "slug": "demo-one"}


def test_a_schema_may_be_of_many_and_of_a_model(mode: Mode, client: Any, project: Project) -> None:
    many = handled(mode, client, PROJECTS, {"projects": ProjectSchema(many=True)})
    assert many == [{"name": "Demo", "slug": "demo-one"}]
    assert handled(mode, client, f"{PROJECTS}/{project.id}", {"project": Project.Schema}) == project


def test_the_empty_key_means_the_whole_reply(mode: Mode, client: Any, project: Project) -> None:
    url = f"{PROJECTS}/slug/demo-one"
    assert handled(mode, client, url, {"": Project}) == project
    assert handled(mode, client, url, {"": ProjectSchema}) == {"name": "Demo", "slug": "demo-one"}
    assert handled(mode, client, url, {"project": Project, "": Project}) == project


def test_the_first_key_found_is_taken(mode: Mode, client: Any, project: Project) -> None:
    url = f"{PROJECTS}/{project.id}/environments/{project.environments[0].id}"
    assert handled(mode, client, url, {"environment": dict[str, Any], "": Project})["slug"] == "dev"


def test_none_of_the_keys_is_a_value_error(mode: Mode, client: Any, project: Project) -> None:
    with pytest.raises(ValueError, match=r"none of the keys \['folder', 'secret'\] is in the reply") as caught:
        handled(mode, client, PROJECTS, {"secret": Project, "folder": Project})
    assert isinstance(caught.value, ResponseValidationError)
    assert project.id.encode() in caught.value.body


@pytest.mark.parametrize("model", [Project, ProjectSchema])
def test_an_invalid_value_says_what_is_wrong(mode: Mode, client: Any, sandbox: Sandbox, model: Any) -> None:
    sandbox.faults.status(200, body={"project": {"name": 5, "slug": "x"}})
    with pytest.raises(ResponseValidationError, match=r"project\.name: Not a valid string") as caught:
        handled(mode, client, PROJECTS, {"project": model})
    assert caught.value.errors["project"]["name"] == ["Not a valid string."]


class Slim(Model):
    """Less of a project than the server tells."""

    id: str
    name: str


def test_drift_of_a_request_that_nothing_declares_is_told(mode: Mode, sandbox: Sandbox) -> None:
    told: list[Drift] = []
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, on_drift=told.append)
    sandbox.faults.status(200, body={"project": {"id": "p", "name": "N", "slug": "s"}})
    assert handled(mode, client, PROJECTS, {"none": Slim, "project": Slim}) == Slim(id="p", name="N")
    assert told == [Drift("project.slug", "unknown", "handle_request")]


def test_a_strict_client_refuses_what_the_model_does_not_know(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, validate="strict")
    sandbox.faults.status(200, body={"id": "p", "name": "N", "slug": "s"}, times=2)
    with pytest.raises(ResponseValidationError, match=r"handle_request: the reply is not as declared: slug"):
        handled(mode, client, PROJECTS, {"": Slim})
    assert handled(mode, client, PROJECTS, {"": dict[str, str]}) == {"id": "p", "name": "N", "slug": "s"}


def test_a_client_that_checks_nothing_takes_what_comes(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, validate="off")
    sandbox.faults.status(200, body={"project": {"id": 5, "name": "N"}})
    assert handled(mode, client, PROJECTS, {"project": Slim}).id == 5


def test_a_type_that_no_reply_can_have_is_refused(mode: Mode, client: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"handle_request\(\): expected_responses: .*complex"):
        handled(mode, client, PROJECTS, {"projects": complex})


def test_a_refusal_is_the_error_of_its_status(mode: Mode, client: Any) -> None:
    with pytest.raises(NotFoundError, match=r"^handle_request: 404 NotFound") as caught:
        handled(mode, client, f"{PROJECTS}/none", {"project": Project})
    assert caught.value.url.endswith("/api/v1/projects/none")


def test_redirects_are_followed_when_asked_for(mode: Mode, sandbox: Sandbox) -> None:
    followed = mode.client(endpoint=sandbox.url, token=sandbox.token, follow_redirects=True)
    sandbox.faults.status(307, headers={"location": f"{PROJECTS}?type=kms"}, path=PROJECTS, times=2)
    assert mode.run(followed.projects.list()) == []
    assert sandbox.requests[-1].target == f"{PROJECTS}?type=kms"
    usual = mode.client(endpoint=sandbox.url, token=sandbox.token)
    sandbox.faults.clear()
    sandbox.faults.status(307, headers={"location": "https://elsewhere.example/"}, path=PROJECTS)
    with pytest.raises(APIStatusError, match=r"redirects to https://elsewhere\.example/.*follow_redirects=True"):
        mode.run(usual.projects.list())
