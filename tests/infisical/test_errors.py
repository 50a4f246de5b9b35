"""Refusals of the server and replies that are none: which error each becomes, and what it says."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from gemel.infisical import ApprovalRequiredError, NewSecret
from gemel.kit.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    GemelError,
    InternalServerError,
    InvalidArgument,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    UnprocessableEntityError,
)
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import lines


def test_401_says_that_the_credentials_do_not_hold(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    sandbox.revoke_tokens()
    with pytest.raises(AuthenticationError, match=r"^Projects\.list: 401 UnauthorizedError .*credentials") as caught:
        mode.run(client.projects.list())
    error = caught.value
    assert (error.status, error.code, error.method) == (401, "UnauthorizedError", "GET")
    assert error.request_id.startswith("req-") and error.request_id in str(error)
    assert error.body["reqId"] == error.request_id
    assert error.url == f"{sandbox.url}/api/v1/projects?includeRoles=false"


def test_403_holds_the_rules(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    viewer = sandbox.add_identity("viewer", role="viewer", project_id=place["project_id"])
    reader = mode.client(endpoint=sandbox.url, client_id=viewer.client_id, client_secret=viewer.client_secret)
    assert len(mode.run(reader.secrets.list(**place))) == 0
    with pytest.raises(PermissionDeniedError, match=r"PermissionDenied .*create on secrets.*ask for a role") as caught:
        mode.run(reader.secrets.create("KEY", secret_value="v", **place))
    error = caught.value
    assert (error.status, error.code) == (403, "PermissionDenied")
    assert [rule["action"] for rule in error.details] == ["describeSecret", "readValue"]
    assert error.details[0] == {"action": "describeSecret", "inverted": False, "subject": "secrets", "conditions": {}}


def test_403_of_a_stranger(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    nobody = sandbox.add_identity("nobody")
    stranger = mode.client(endpoint=sandbox.url, client_id=nobody.client_id, client_secret=nobody.client_secret)
    with pytest.raises(PermissionDeniedError, match="not a member") as caught:
        mode.run(stranger.secrets.list(**place))
    assert (caught.value.code, caught.value.details) == ("ProjectMembershipNotFound", None)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_403_of_a_token_that_is_none(mode: Mode, sandbox: Sandbox, token: str) -> None:
    client = mode.client(endpoint=sandbox.url, token=token)
    with pytest.raises(PermissionDeniedError, match=r"TokenError .*pass a new token") as caught:
        mode.run(client.projects.list())
    assert caught.value.code == "TokenError"
    assert "ask for a role" not in str(caught.value)


def test_404_names_what_is_missing(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(NotFoundError, match=r"Secret with name 'NONE' not found.*may not see") as caught:
        mode.run(client.secrets.retrieve("NONE", **place))
    assert (caught.value.status, caught.value.code) == (404, "NotFound")
    with pytest.raises(NotFoundError, match="GetSecretByName Folder with path '/none'"):
        mode.run(client.secrets.retrieve("KEY", secret_path="/none", **place))
    with pytest.raises(NotFoundError, match="Project with nothing"):
        mode.run(client.secrets.list(project_id="nothing", environment="dev"))


def test_404_of_a_path_that_the_server_does_not_know(mode: Mode, client: Any) -> None:
    """The web framework answers itself, in an envelope without reqId."""
    with pytest.raises(NotFoundError, match="Route GET:/api/v9/none not found") as caught:
        mode.run(client.handle_request(client.create_request("get", "api/v9/none")))
    assert (caught.value.code, caught.value.request_id) == ("Not Found", "")


def test_422_is_readable_and_names_the_field(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(UnprocessableEntityError) as caught:
        mode.run(client.secrets.create("a:b", secret_value="v", **place))
    error = caught.value
    assert error.message == "secretName: Secret name cannot contain colon or forward slash."
    assert f"422 ValidationFailure {error.message}" in str(error)
    assert error.details == error.body["message"]
    assert error.details[0]["path"] == ["secretName"]


def test_422_names_every_field_and_every_step(mode: Mode, client: Any, place: Place) -> None:
    new = [NewSecret(secret_key="A", secret_value="v"), NewSecret(secret_key="b:c", secret_value="v")]
    with pytest.raises(UnprocessableEntityError) as caught:
        mode.run(client.secrets.batch_create([*new, NewSecret(secret_key="", secret_value="v")], **place))
    assert caught.value.message == (
        "secrets.1.secretKey: Secret name cannot contain colon or forward slash.; "
        "secrets.2.secretKey: String must contain at least 1 character(s)"
    )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ([], "no further word"),
        (["plain"], "plain"),
        ([{"message": "no path"}], "no path"),
        ([{"path": ["a", 0]}], "a.0: invalid"),
        ({"odd": ["shape"]}, '{"odd": ["shape"]}'),
        (None, "null"),
        (5, "5"),
    ],
)
def test_422_of_any_shape_is_told(mode: Mode, client: Any, sandbox: Sandbox, message: Any, said: str) -> None:
    sandbox.faults.status(422, body={"reqId": "req-1", "statusCode": 422, "message": message, "error": ""})
    with pytest.raises(UnprocessableEntityError) as caught:
        mode.run(client.projects.list())
    assert f"422 {said} (GET" in str(caught.value)
    assert caught.value.details == message


def test_400_tells_the_rule(mode: Mode, client: Any, place: Place) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    with pytest.raises(BadRequestError, match="Secret already exists") as caught:
        mode.run(client.secrets.create("KEY", secret_value="w", **place))
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


def test_429_says_how_long_to_wait(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    sandbox.set_rate_limit(1, window=30)
    mode.run(client.projects.list())
    with pytest.raises(RateLimitError, match=r"429 RateLimitExceeded .*wait") as caught:
        mode.run(client.projects.list())
    assert 0 < caught.value.retry_after <= 30
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "7"}, "Please try again in 9 seconds", 7.0),
        ({"x-ratelimit-reset": "8"}, "Please try again in 9 seconds", 8.0),
        ({}, "Rate limit exceeded. Please try again in 9 seconds", 9.0),
        ({}, "slow down", None),
    ],
)
def test_429_is_read_from_headers_and_then_from_the_message(
    mode: Mode, client: Any, sandbox: Sandbox, headers: dict[str, str], message: str, seconds: float | None
) -> None:
    body = {"reqId": "req-1", "statusCode": 429, "message": message, "error": "RateLimitExceeded"}
    sandbox.faults.status(429, headers=headers, body=body)
    with pytest.raises(RateLimitError) as caught:
        mode.run(client.projects.list())
    assert caught.value.retry_after == seconds


def test_429_is_waited_out(mode: Mode, sandbox: Sandbox) -> None:
    client = mode.client(endpoint=sandbox.url, token=sandbox.token, retries=1)
    sandbox.faults.rate_limit(0)
    assert mode.run(client.projects.list()) == []
    assert len(sandbox.requests) == 2


def test_500_is_the_server_s_fault(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    sandbox.faults.status(500)
    with pytest.raises(InternalServerError, match=r"500 InternalServerError Something went wrong.*again later"):
        mode.run(client.projects.list())


def test_a_page_of_a_proxy_is_told_as_one(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    sandbox.faults.html(status=502)
    with pytest.raises(InternalServerError, match=r"502 an HTML page instead of JSON: .*Bad Gateway"):
        mode.run(client.projects.list())
    sandbox.faults.html(status=200)
    with pytest.raises(ResponseValidationError, match=r"not JSON.*check the endpoint") as caught:
        mode.run(client.projects.list())
    assert caught.value.body.startswith(b"<!DOCTYPE html>")


def test_a_broken_document_is_told_as_one(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    sandbox.faults.malformed()
    with pytest.raises(ResponseValidationError, match="not JSON"):
        mode.run(client.projects.list())


@pytest.mark.parametrize("fault", ["cut", "truncate"])
def test_a_lost_connection_is_told_as_one(mode: Mode, client: Any, sandbox: Sandbox, fault: str) -> None:
    getattr(sandbox.faults, fault)()
    with pytest.raises(APIConnectionError, match=r"Projects\.list") as caught:
        mode.run(client.projects.list())
    assert caught.value.sent
    assert len(sandbox.requests) == 1, "with retries off nothing is sent twice"


def test_a_server_that_is_not_there_is_told(mode: Mode) -> None:
    client = mode.client(endpoint="http://127.0.0.1:9", token="t")
    with pytest.raises(APIConnectionError, match="check the endpoint") as caught:
        mode.run(client.projects.list())
    assert not caught.value.sent


def test_fields_of_tomorrow_change_nothing(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    made = mode.run(client.secrets.create("KEY", secret_value="v", **place))
    sandbox.faults.unknown_field("fieldOfTomorrow", {"deep": [1]})
    assert mode.run(client.secrets.retrieve("KEY", **place)).id == made.id
    assert [secret.id for secret in mode.run(client.secrets.list(**place))] == [made.id]


@pytest.mark.parametrize("name", ["createdAt", "updatedAt", "secretMetadata", "secretComment", "_id", "tags", "actor"])
def test_fields_that_older_servers_lack_may_be_missing(
    mode: Mode, client: Any, place: Place, sandbox: Sandbox, name: str
) -> None:
    mode.run(client.secrets.create("KEY", secret_value="v", **place))
    sandbox.faults.missing_field(name)
    assert mode.run(client.secrets.retrieve("KEY", **place)).secret_value == "v"


def test_a_missing_field_is_named(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    mode.run(client.secrets.create("KEY", secret_value="deep-value", **place))
    sandbox.faults.missing_field("version")
    with pytest.raises(ResponseValidationError, match=r"secret\.version: Missing data") as caught:
        mode.run(client.secrets.retrieve("KEY", **place))
    assert caught.value.errors == {"secret": {"version": ["Missing data for required field."]}}
    assert isinstance(caught.value, ValueError)
    assert "deep-value" not in str(caught.value) + repr(caught.value) + repr(vars(caught.value))


def test_an_envelope_without_its_key_is_told(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    sandbox.faults.status(200, body={"somethingElse": {}})
    with pytest.raises(ResponseValidationError, match="lacks 'secret'"):
        mode.run(client.secrets.retrieve("KEY", **place))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"project_id": None}, "project_id: expected str, got NoneType"),
        ({"environment": 5}, "environment: expected str, got int"),
        ({"recursive": "yes"}, "recursive: expected bool, got str"),
        ({"tag_slugs": "red"}, "tag_slugs: expected"),
        ({"workspace_id": "p"}, "workspace_id: unknown argument"),
    ],
)
def test_a_wrong_argument_is_refused_before_sending(
    mode: Mode, client: Any, place: Place, sandbox: Sandbox, arguments: dict[str, Any], said: str
) -> None:
    sandbox.requests.clear()
    with pytest.raises(InvalidArgument, match=rf"^Secrets\.list\(\): {said}"):
        mode.run(client.secrets.list(**{**place, **arguments}))
    assert lines(sandbox) == []


@pytest.mark.parametrize("name", ["", ".", "..", None, True])
def test_an_unsafe_name_is_refused_before_sending(
    mode: Mode, client: Any, place: Place, sandbox: Sandbox, name: Any
) -> None:
    sandbox.requests.clear()
    with pytest.raises(InvalidArgument, match=r"^Secrets\.delete\(\): name: "):
        mode.run(client.secrets.delete(name, **place))
    assert lines(sandbox) == []


def test_a_missing_argument_is_named(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(InvalidArgument, match=r"Secrets\.create\(\): secret_value: missing argument"):
        mode.run(client.secrets.create("KEY", **place))


def test_no_error_shows_a_value(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    """A server that gives back what it refused must not put the value into a log."""
    sandbox.faults.status(400, body={"message": "bad value 'deep-value' given", "error": "BadRequest"}, method="POST")
    with pytest.raises(BadRequestError) as caught:
        mode.run(client.secrets.create("KEY", secret_value="deep-value", **place))
    error = caught.value
    shown = f"{error} {error!r} {vars(error)} {error.request!r} {error.body}"
    assert "deep-value" not in shown and sandbox.token not in shown
    assert "bad value '***' given" in str(error)


def test_a_wrong_value_is_not_shown_either(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(InvalidArgument) as caught:
        mode.run(client.secrets.create("KEY", secret_value=b"deep-value", **place))
    assert "deep-value" not in str(caught.value)
    assert "secret_value: expected str, got bytes" in str(caught.value)


def test_errors_survive_pickling(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    sandbox.add_change_policy(place["project_id"], "dev")
    calls = [
        lambda: client.secrets.retrieve("NONE", **place),
        lambda: client.secrets.create("a:b", secret_value="v", **place),
        lambda: client.secrets.create("KEY", secret_value="v", **place),
    ]
    caught: list[GemelError] = []
    for call in calls:
        with pytest.raises(GemelError) as raised:
            mode.run(call())
        caught.append(pickle.loads(pickle.dumps(raised.value)))
        assert str(caught[-1]) == str(raised.value)
    missing, invalid, waiting = caught
    assert isinstance(missing, NotFoundError) and missing.status == 404
    assert isinstance(invalid, APIStatusError) and invalid.details[0]["path"] == ["secretName"]
    assert isinstance(waiting, ApprovalRequiredError) and waiting.reply.status == "open"
