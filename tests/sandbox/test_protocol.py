"""Below the operations: routes, raw paths, bodies, query booleans and the forms of refusals."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from gemel.sandbox import Sandbox

from .wire import Http, Vault

LOGIN = "/api/v1/auth/universal-auth/login"
JSON = {"Content-Type": "application/json"}


def raw(sandbox: Sandbox, target: str, method: str = "GET") -> str:
    """The status line of a request whose target no library has touched."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Authorization: Bearer {sandbox.token}", "Connection: close"]
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.makefile("rb").readline().decode().strip()


def test_status_needs_no_credentials(sandbox: Sandbox) -> None:
    assert Http(sandbox.url, None).ok("GET", "/api/status")["message"] == "Ok"


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/nothing?x=1"), ("GET", LOGIN), ("PUT", "/api/v1/projects"), ("GET", "/API/status"), ("GET", "/")],
)
def test_an_unknown_route_gets_the_frameworks_404(http: Http, method: str, target: str) -> None:
    response = http(method, target)
    assert response.status_code == 404
    message = f"Route {method}:{target} not found"
    assert response.json() == {"message": message, "error": "Not Found", "statusCode": 404}


def test_a_trailing_slash_is_ignored(http: Http) -> None:
    http.ok("GET", "/api/status/")


def test_an_empty_json_body_gets_400(sandbox: Sandbox) -> None:
    refusal = Http(sandbox.url, None).refused(400, "POST", LOGIN, headers=JSON)
    assert refusal["message"] == "Body cannot be empty when content-type is set to 'application/json'"


def test_an_empty_json_body_gets_400_where_none_is_needed(http: Http, project: str) -> None:
    http.refused(400, "DELETE", f"/api/v1/projects/{project}", headers=JSON)
    http.ok("DELETE", f"/api/v1/projects/{project}")


@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b'{"a": NaN}', b"\xff"])
def test_a_broken_json_body_gets_400(sandbox: Sandbox, body: bytes) -> None:
    assert Http(sandbox.url, None).refused(400, "POST", LOGIN, data=body, headers=JSON)["error"] == "Bad Request"


def test_another_media_type_gets_415(sandbox: Sandbox) -> None:
    Http(sandbox.url, None).refused(415, "POST", LOGIN, data={"clientId": "x"})


def test_a_huge_body_gets_413(sandbox: Sandbox, http: Http) -> None:
    http.refused(413, "POST", LOGIN, json={"clientId": "x" * 2**20})


def test_credentials_are_checked_before_the_body(sandbox: Sandbox) -> None:
    Http(sandbox.url, None).refused(401, "POST", "/api/v1/projects", data=b"{", headers=JSON)


def test_every_issue_of_a_body_is_reported(sandbox: Sandbox) -> None:
    body = {"clientId": 7, "organizationSlug": ""}
    refusal = Http(sandbox.url, None).refused(422, "POST", LOGIN, json=body)
    assert refusal["error"] == "ValidationFailure"
    issues = {tuple(issue["path"]): issue for issue in refusal["message"]}
    assert issues[("clientId",)] == {
        "code": "invalid_type",
        "expected": "string",
        "received": "number",
        "path": ["clientId"],
        "message": "Expected string, received number",
    }
    assert issues[("clientSecret",)]["message"] == "Required"
    assert issues[("clientSecret",)]["received"] == "undefined"
    assert issues[("organizationSlug",)]["code"] == "too_small"
    assert len(refusal["message"]) == 3


@pytest.mark.parametrize(("body", "received"), [([], "array"), (None, "null"), ("x", "string"), (True, "boolean")])
def test_a_body_must_be_an_object(sandbox: Sandbox, body: Any, received: str) -> None:
    data = b"null" if body is None else None
    options: dict[str, Any] = {"data": data, "headers": JSON} if data else {"json": body}
    (issue,) = Http(sandbox.url, None).refused(422, "POST", LOGIN, **options)["message"]
    assert (issue["path"], issue["expected"], issue["received"]) == ([], "object", received)


def test_a_body_that_is_not_there_is_undefined(sandbox: Sandbox) -> None:
    (issue,) = Http(sandbox.url, None).refused(422, "POST", LOGIN)["message"]
    assert (issue["path"], issue["received"], issue["message"]) == ([], "undefined", "Required")


def test_issues_of_nested_items_have_their_path(http: Http, vault: Vault) -> None:
    items = [{"secretKey": "OK", "secretValue": "x"}, {"secretKey": "a:b", "secretMetadata": [{"key": ""}]}]
    body = vault.address() | {"secrets": items}
    refusal = http.refused(422, "POST", "/api/v4/secrets/batch", json=body)
    paths = [issue["path"] for issue in refusal["message"]]
    assert paths == [
        ["secrets", 1, "secretKey"],
        ["secrets", 1, "secretValue"],
        ["secrets", 1, "secretMetadata", 0, "key"],
    ]
    assert [issue["code"] for issue in refusal["message"]] == ["custom", "invalid_type", "too_small"]


@pytest.mark.parametrize("name", ["recursive", "viewSecretValue", "expandSecretReferences", "includeImports"])
@pytest.mark.parametrize("value", ["True", "1", "", "yes"])
def test_query_booleans_are_true_or_false_and_nothing_else(http: Http, vault: Vault, name: str, value: str) -> None:
    refusal = http.refused(422, "GET", "/api/v4/secrets", params=vault.address() | {name: value})
    (issue,) = refusal["message"]
    assert issue["code"] == "invalid_enum_value"
    assert (issue["options"], issue["received"], issue["path"]) == (["true", "false"], value, [name])


def test_a_query_value_given_twice_is_no_string(http: Http, vault: Vault) -> None:
    query = [*vault.address().items(), ("environment", "prod")]
    (issue,) = http.refused(422, "GET", "/api/v4/secrets", params=query)["message"]
    assert (issue["path"], issue["received"]) == (["environment"], "array")


def test_unknown_fields_are_dropped(http: Http, project: str) -> None:
    http.ok("PATCH", f"/api/v1/projects/{project}", json={"name": "new", "id": "x", "isMagic": True})
    assert http.ok("GET", f"/api/v1/projects/{project}")["project"]["id"] == project


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pitVersionLimit": 0}, "too_small"),
        ({"pitVersionLimit": 101}, "too_big"),
        ({"pitVersionLimit": True}, "invalid_type"),
        ({"name": "x" * 65}, "too_big"),
        ({"name": None}, "invalid_type"),
        ({"secretSharing": "true"}, "invalid_type"),
        ({"secretDetectionIgnoreValues": "x"}, "invalid_type"),
        ({"secretDetectionIgnoreValues": ["x", 1]}, "invalid_type"),
    ],
)
def test_each_kind_of_value_is_checked(http: Http, project: str, change: dict[str, Any], code: str) -> None:
    (issue,) = http.refused(422, "PATCH", f"/api/v1/projects/{project}", json=change)["message"]
    assert (issue["code"], issue["path"][0]) == (code, next(iter(change)))


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"offset": "x"}, {"offset": "101"}])
def test_numbers_of_a_query_have_limits(sandbox: Sandbox, http: Http, query: dict[str, str]) -> None:
    path = f"/api/v1/auth/token-auth/identities/{sandbox.identity_id}/tokens"
    (issue,) = http.refused(422, "GET", path, params=query)["message"]
    assert issue["path"] == list(query)


def test_half_a_surrogate_pair_is_replaced(http: Http, vault: Vault) -> None:
    body = json.dumps(vault.address() | {"secretValue": "a\ud800b"})
    created = http.ok("POST", "/api/v4/secrets/A", data=body, headers=JSON)["secret"]
    assert created["secretValue"] == "a?b"
    body = json.dumps(vault.address() | {"secretValue": "x", "type": "\ud800"})
    http.refused(422, "POST", "/api/v4/secrets/B", data=body, headers=JSON)


def test_a_failure_of_the_sandbox_itself_is_a_500_in_the_log(
    sandbox: Sandbox, http: Http, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox._backend.store.run("DROP TABLE tags")
    refusal = http.refused(500, "GET", f"/api/v1/projects/{project}/tags")
    assert (refusal["error"], refusal["message"]) == ("InternalServerError", "Something went wrong")
    assert [record.name for record in caplog.records] == ["gemel.sandbox"]
    assert sandbox.token not in caplog.text
    http.ok("GET", "/api/v1/projects")


@pytest.mark.parametrize("key", ["a%2Fb", "%2e%2e", "a%3Ab"])
def test_an_encoded_segment_is_one_segment(sandbox: Sandbox, vault: Vault, key: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in vault.address().items())
    assert raw(sandbox, f"/api/v4/secrets/{key}?{query}") == "HTTP/1.1 404 Not Found"
    refusal = vault.http("GET", f"/api/v4/secrets/{key}", params=vault.address()).json()
    assert refusal["message"].startswith("Secret with name ")


def test_dots_in_the_target_are_not_resolved(sandbox: Sandbox) -> None:
    assert raw(sandbox, "/api/v4/secrets/../../status") == "HTTP/1.1 404 Not Found"
    assert sandbox.requests[-1].target == "/api/v4/secrets/../../status"
    assert raw(sandbox, "//api/status") == "HTTP/1.1 404 Not Found"
    assert raw(sandbox, "/api/%73tatus") == "HTTP/1.1 200 OK"


@pytest.mark.parametrize("target", ["/api/v4/secrets/%", "/api/v4/secrets/%zz", "/api/v4/secrets/%ff"])
def test_a_broken_escape_in_the_path_gets_400(sandbox: Sandbox, target: str) -> None:
    assert raw(sandbox, target) == "HTTP/1.1 400 Bad Request"


def test_keys_may_hold_what_the_server_allows(vault: Vault) -> None:
    for encoded, key in [("a.b", "a.b"), ("sp%20ace", "sp ace"), ("caf%C3%A9", "café"), ("a%3Fb%23c", "a?b#c")]:
        assert vault.put(encoded, "x")["secretKey"] == key
        assert vault.get(encoded)["secretKey"] == key


def test_the_rate_limit_counts_down_and_refuses(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_rate_limit(2, window=60)
    first, second = http("GET", "/api/v1/projects"), http("GET", "/api/v1/projects")
    assert [answer.headers["x-ratelimit-remaining"] for answer in (first, second)] == ["1", "0"]
    refused = http("GET", "/api/v1/projects")
    assert refused.status_code == 429
    assert refused.json()["error"] == "RateLimitExceeded"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["retry-after"] == refused.headers["x-ratelimit-reset"]
    assert f"in {refused.headers['retry-after']} seconds" in refused.json()["message"]
    http.ok("GET", "/api/status")
    sandbox.set_rate_limit(None)
    http.ok("GET", "/api/v1/projects")


def test_a_rate_limit_window_ends(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_rate_limit(1, window=0.01)
    http.ok("GET", "/api/v1/projects")
    for _ in range(200):
        if http("GET", "/api/v1/projects").status_code == 200:
            return
    pytest.fail("the window never ended")
