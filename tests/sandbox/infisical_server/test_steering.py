"""What a program in another language does over HTTP: everything that Python does with the sandbox object."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from gemel.sandbox import BothSandbox, JulepSandbox, Sandbox, serve
from gemel.sandbox.control import actions_of

from ..wire import Http, Vault
from .conftest import values

CONTROL = "/__sandbox__/"
LOGIN = "/api/v1/auth/universal-auth/login"
BASE = "/api/v4/secrets"


@pytest.fixture
def control(sandbox: Sandbox) -> Http:
    return Http(sandbox.url, None)


def logged_in(sandbox: Sandbox, made: dict[str, Any]) -> Http:
    credentials = {"clientId": made["client_id"], "clientSecret": made["client_secret"]}
    return Http(sandbox.url, Http(sandbox.url, None).ok("POST", LOGIN, json=credentials)["accessToken"])


@pytest.mark.parametrize("api", ["infisical", "julep", "both"])
def test_every_method_that_changes_something_has_a_control(api: str) -> None:
    with serve(api) as sandbox:
        steered = {action.method for action in actions_of(sandbox)}
        methods = {name for name, _ in inspect.getmembers(sandbox, inspect.ismethod) if not name.startswith("_")}
        assert steered == methods - {"set_clock"}, "a clock is a function, which no request can hold"
        listed = Http(sandbox.url, None).ok("GET", CONTROL)["controls"]
        assert len(listed) == len(actions_of(sandbox)) + 6


def test_both_apis_on_one_port_have_the_controls_of_both() -> None:
    with serve("both") as sandbox:
        assert isinstance(sandbox, BothSandbox)
        control = Http(sandbox.url, None)
        assert control("PUT", f"{CONTROL}pace", json={"seconds": 0}).status_code == 204
        assert control.ok("POST", f"{CONTROL}identities", json={"name": "x"})["identity_id"]


def test_julep_has_none_of_infisical() -> None:
    with serve("julep") as sandbox:
        assert isinstance(sandbox, JulepSandbox)
        assert Http(sandbox.url, None)("POST", f"{CONTROL}identities", json={"name": "x"}).status_code == 404


def test_an_identity_with_a_role_of_its_own(sandbox: Sandbox, control: Http, vault: Vault) -> None:
    vault.put("KEY", "plaintext")
    role = {
        "project_id": vault.project,
        "slug": "auditor",
        "permissions": [{"subject": "secrets", "action": ["describeSecret"], "conditions": {"environment": "dev"}}],
    }
    assert control.ok("POST", f"{CONTROL}roles", json=role) == {"slug": "auditor"}
    body = {"name": "robot", "role": "auditor", "project_id": vault.project}
    made = control.ok("POST", f"{CONTROL}identities", json=body)
    assert made.keys() == {"identity_id", "client_id", "client_secret"}
    http = logged_in(sandbox, made)
    with http.session:
        assert values(Vault(http, vault.project), viewSecretValue="false") == {"KEY": "<hidden-by-infisical>"}
        http.refused(403, "GET", f"{BASE}/KEY", params=vault.address())
        member = {"actor_id": made["identity_id"], "role": "member", "project_id": vault.project}
        assert control("PUT", f"{CONTROL}members", json=member).status_code == 204
        assert values(Vault(http, vault.project)) == {"KEY": "plaintext"}


def test_a_user_with_an_override(sandbox: Sandbox, control: Http, vault: Vault) -> None:
    vault.put("KEY", "shared")
    body = {"username": "ada", "role": "member", "project_id": vault.project}
    made = control.ok("POST", f"{CONTROL}users", json=body)
    assert made.keys() == {"user_id", "username", "token", "api_key"}
    http = Http(sandbox.url, made["token"])
    with http.session:
        Vault(http, vault.project).put("KEY", "mine", type="personal")
        assert values(Vault(http, vault.project), includePersonalOverrides="true") == {"KEY": "mine"}
    answer = control("POST", f"{CONTROL}users", json=body)
    assert (answer.status_code, "'ada' already" in answer.json()["message"]) == (400, True)


def test_tokens_are_issued_expired_and_revoked(sandbox: Sandbox, control: Http) -> None:
    http = Http(sandbox.url, control.ok("POST", f"{CONTROL}tokens", json={})["token"])
    http.ok("GET", "/api/v1/projects")
    assert control("POST", f"{CONTROL}tokens/expire", json={}).status_code == 204
    http.refused(403, "GET", "/api/v1/projects")
    user = control.ok("POST", f"{CONTROL}users", json={"username": "ada"})
    again = control.ok("POST", f"{CONTROL}tokens", json={"identity_id": user["user_id"]})["token"]
    http = Http(sandbox.url, again)
    http.ok("GET", "/api/v1/projects")
    assert control("POST", f"{CONTROL}tokens/revoke", json={}).status_code == 204
    http.refused(401, "GET", "/api/v1/projects")


def test_limits_lockouts_policies_grants_and_behaviour(sandbox: Sandbox, control: Http, vault: Vault) -> None:
    assert control("PUT", f"{CONTROL}rate-limits", json={"read": 0}).status_code == 204
    assert vault.http("GET", "/api/v1/projects").status_code == 429
    assert control("PUT", f"{CONTROL}rate-limits", json={}).status_code == 204
    assert control("PUT", f"{CONTROL}lockout", json={"threshold": 1, "seconds": 60}).status_code == 204
    wrong = {"clientId": sandbox.client_id, "clientSecret": "wrong"}
    messages = [control.refused(401, "POST", LOGIN, json=wrong)["message"] for _ in range(2)]
    assert "temporarily locked" in messages[1]
    assert control("DELETE", f"{CONTROL}lockouts").status_code == 204
    assert "Invalid" in control.refused(401, "POST", LOGIN, json=wrong)["message"]
    policy = {"project_id": vault.project, "environment": "prod", "bypass_for_machine_identities": False}
    assert control.ok("POST", f"{CONTROL}policies", json=policy).keys() == {"policy_id"}
    body = vault.address(environment="prod") | {"secretValue": "v"}
    assert "approval" in vault.http.ok("POST", f"{BASE}/KEY", json=body)
    assert control("PUT", f"{CONTROL}behaviour", json={"missing_folder": "empty"}).status_code == 204
    assert values(vault, "/nowhere") == {}
    other = vault.http.ok("POST", "/api/v1/projects", json={"projectName": "Other"})["project"]["id"]
    grant = {"project_id": vault.project, "environment": "dev", "secret_path": "/", "target_project_id": other}
    made = control.ok("POST", f"{CONTROL}folder-grants", json=grant)
    assert control.ok("POST", f"{CONTROL}folder-grants", json=grant) == made
    scopes = [{"environment": "dev", "secretPath": "/"}]
    token = control.ok("POST", f"{CONTROL}service-tokens", json={"project_id": vault.project, "scopes": scopes})[
        "token"
    ]
    assert token.startswith("st.")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "identities", {"name": ""}, 400, "name must be text"),
        ("POST", "identities", {}, 400, "and needs name"),
        ("POST", "identities", {"name": "x", "colour": 1}, 400, "not colour"),
        ("POST", "identities", {"name": "x", "role": "king"}, 400, "role must be one of"),
        ("POST", "identities", {"name": "x", "project_id": "none"}, 404, "no project has the id none"),
        ("POST", "identities", {"name": "x", "access_token_ttl": -1}, 400, "access_token_ttl must be"),
        ("POST", "identities", {"name": "x", "access_token_ttl": float("nan")}, 400, "access_token_ttl must be"),
        ("POST", "identities", {"name": "x", "num_uses_limit": "3"}, 400, "num_uses_limit must be"),
        ("POST", "identities", ["x"], 400, "takes a JSON object"),
        ("POST", "users", {"username": 7}, 400, "username must be text"),
        ("POST", "tokens", {"identity_id": "none"}, 404, "no identity and no user"),
        ("PUT", "members", {"actor_id": "none", "role": "admin"}, 404, "no identity and no user"),
        ("PUT", "behaviour", {"missing_folder": "ignored"}, 400, "missing_folder must be one of"),
        ("PUT", "behaviour", {"cross_project": 1}, 400, "cross_project must be true or false"),
        ("PUT", "rate-limits", {"read": -1}, 400, "read must be"),
        ("PUT", "lockout", {"seconds": -1}, 400, "seconds must be"),
        ("POST", "policies", {"project_id": "none", "environment": "dev"}, 404, "no project has the id none"),
    ],
)
def test_a_wrong_argument_is_a_sentence(
    control: Http, method: str, path: str, body: Any, status: int, message: str
) -> None:
    answer = control(method, CONTROL + path, data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, message in answer.json()["message"]) == (status, True), answer.text


@pytest.mark.parametrize(
    ("permissions", "complaint"),
    [
        ("read", "permissions must be a list"),
        ([{}], "has a subject and an action"),
        ([{"subject": "secrets"}], "has a subject and an action"),
        ([{"subject": "secrets", "action": "fly"}], "no such permission"),
        ([{"subject": "moon", "action": "read"}], "no such permission"),
        ([{"subject": "secrets", "action": []}], "no such permission"),
        ([{"subject": "secrets", "action": "read", "colour": 1}], "has a subject and an action"),
        ([{"subject": "secrets", "action": "read", "conditions": {"colour": "red"}}], "conditions are on"),
        ([{"subject": "secrets", "action": "read", "conditions": {"environment": {"$regex": "."}}}], "a condition is"),
        ([{"subject": "secrets", "action": "read", "conditions": {"environment": 5}}], "a condition is"),
        ([{"subject": "secrets", "action": "read", "conditions": ["dev"]}], "conditions are on"),
    ],
    ids=str,
)
def test_a_rule_that_is_not_understood_is_refused(
    control: Http, project: str, permissions: Any, complaint: str
) -> None:
    body = {"project_id": project, "slug": "odd", "permissions": permissions}
    answer = control("POST", f"{CONTROL}roles", json=body)
    assert (answer.status_code, complaint in answer.json()["message"]) == (400, True), answer.text


def test_a_role_is_of_its_project_and_never_one_of_the_four(sandbox: Sandbox, http: Http, project: str) -> None:
    rules = [{"subject": "secrets", "action": "read"}]
    sandbox.add_role(project, "mine", rules)
    other = http.ok("POST", "/api/v1/projects", json={"projectName": "Other"})["project"]["id"]
    for place in (other, None):
        with pytest.raises(ValueError, match="role must be one of no-access, viewer, member, admin"):
            sandbox.add_identity("x", role="mine", project_id=place)
    with pytest.raises(ValueError, match="every project has a role 'admin'"):
        sandbox.add_role(project, "admin", rules)
    with pytest.raises(LookupError):
        sandbox.add_role("none", "mine", rules)
