"""Logins and the life of access tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from gemel.sandbox import Sandbox

from .wire import Http, log_in

LOGIN = "/api/v1/auth/universal-auth/login"
PROJECTS = "/api/v1/projects"
EXPIRED = "Your token has expired. Please re-authenticate."


def payload_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def with_token(sandbox: Sandbox, token: str) -> Http:
    return Http(sandbox.url, token)


def test_a_login_answers_with_the_flat_token_object(sandbox: Sandbox, http: Http) -> None:
    credentials = {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret}
    answer = Http(sandbox.url, None).ok("POST", LOGIN, json=credentials)
    assert set(answer) == {"accessToken", "expiresIn", "accessTokenMaxTTL", "tokenType"}
    assert (answer["expiresIn"], answer["accessTokenMaxTTL"], answer["tokenType"]) == (2592000, 2592000, "Bearer")
    payload = payload_of(answer["accessToken"])
    assert payload["identityId"] == sandbox.identity_id
    assert (payload["accessTokenTTL"], payload["accessTokenMaxTTL"]) == (2592000, 2592000)
    assert payload["exp"] - payload["iat"] == 2592000
    assert http.ok("GET", PROJECTS) == {"projects": []}


@pytest.mark.parametrize("change", [{"clientSecret": "wrong"}, {"clientId": "unknown"}])
def test_wrong_credentials_get_401(sandbox: Sandbox, change: dict[str, str]) -> None:
    body = {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret} | change
    refusal = Http(sandbox.url, None).refused(401, "POST", LOGIN, json=body)
    assert (refusal["error"], refusal["message"]) == ("UnauthorizedError", "Invalid credentials")


def test_three_failures_lock_the_identity_and_no_other(sandbox: Sandbox) -> None:
    http = Http(sandbox.url, None)
    right = {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret}
    for _ in range(3):
        http.refused(401, "POST", LOGIN, json=right | {"clientSecret": "wrong"})
    assert "temporarily locked" in http.refused(401, "POST", LOGIN, json=right)["message"]
    assert log_in(sandbox, sandbox.add_identity("other"))
    sandbox.clear_lockouts()
    http.ok("POST", LOGIN, json=right)


def test_a_right_login_forgets_failures(sandbox: Sandbox) -> None:
    http = Http(sandbox.url, None)
    right = {"clientId": sandbox.client_id, "clientSecret": sandbox.client_secret}
    for _ in range(3):
        http.refused(401, "POST", LOGIN, json=right | {"clientSecret": "wrong"})
        http.refused(401, "POST", LOGIN, json=right | {"clientSecret": "wrong"})
        http.ok("POST", LOGIN, json=right)


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer "])
def test_no_bearer_token_gets_401(sandbox: Sandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    refusal = Http(sandbox.url, None).refused(401, "GET", PROJECTS, headers=headers)
    assert (refusal["error"], refusal["message"]) == ("UnauthorizedError", "Token missing")


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("nonsense", "The provided access token is malformed"),
        ("a.b", "The provided access token is malformed"),
        ("!.!.!", "invalid token"),
        (base64.urlsafe_b64encode(b'{"alg":"none"}').decode() + ".e30.x", "signed with an invalid algorithm"),
    ],
)
def test_a_token_that_is_none_gets_a_token_error(sandbox: Sandbox, token: str, message: str) -> None:
    refusal = with_token(sandbox, token).refused(403, "GET", PROJECTS)
    assert refusal["error"] == "TokenError"
    assert message in refusal["message"]


def test_a_token_signed_by_another_gets_a_token_error(sandbox: Sandbox) -> None:
    signed = sandbox.token.rpartition(".")[0]
    forged = base64.urlsafe_b64encode(hmac.digest(b"guess", signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    refusal = with_token(sandbox, f"{signed}.{forged}").refused(403, "GET", PROJECTS)
    assert (refusal["error"], refusal["message"]) == ("TokenError", "invalid signature")


def test_a_token_dies_when_its_time_is_over(sandbox: Sandbox) -> None:
    short = sandbox.add_identity("short", role="member", access_token_ttl=1)
    http = with_token(sandbox, log_in(sandbox, short))
    time.sleep(1.05)
    refusal = http.refused(403, "GET", PROJECTS)
    assert (refusal["error"], refusal["message"]) == ("TokenError", EXPIRED)


def test_a_life_of_zero_is_for_ever(sandbox: Sandbox) -> None:
    token = log_in(sandbox, sandbox.add_identity("eternal", role="member", access_token_ttl=0))
    assert "exp" not in payload_of(token)
    with_token(sandbox, token).ok("GET", PROJECTS)


def test_expire_tokens_ends_those_issued_and_no_later_one(sandbox: Sandbox, http: Http) -> None:
    sandbox.expire_tokens()
    refusal = http.refused(403, "GET", PROJECTS)
    assert (refusal["error"], refusal["message"]) == ("TokenError", EXPIRED)
    with_token(sandbox, log_in(sandbox, sandbox)).ok("GET", PROJECTS)


def test_revoke_tokens_gives_401(sandbox: Sandbox, http: Http) -> None:
    sandbox.revoke_tokens()
    assert http.refused(401, "GET", PROJECTS)["error"] == "UnauthorizedError"
    with_token(sandbox, sandbox.issue_token()).ok("GET", PROJECTS)


def test_a_token_serves_as_often_as_its_limit_says(sandbox: Sandbox) -> None:
    http = with_token(sandbox, log_in(sandbox, sandbox.add_identity("few", role="member", num_uses_limit=2)))
    http.ok("GET", PROJECTS)
    http.refused(404, "GET", f"{PROJECTS}/none")
    assert "number of uses limit reached" in http.refused(401, "GET", PROJECTS)["message"]


def test_renewing_gives_another_token(sandbox: Sandbox) -> None:
    lasting = sandbox.add_identity("lasting", role="member", access_token_ttl=60, access_token_max_ttl=3600)
    token = log_in(sandbox, lasting)
    answer = Http(sandbox.url, None).ok("POST", "/api/v1/auth/token/renew", json={"accessToken": token})
    assert answer["accessToken"] != token
    assert answer["expiresIn"] == 60
    with_token(sandbox, answer["accessToken"]).ok("GET", PROJECTS)


def test_renewing_past_the_maximal_life_ends_the_token(sandbox: Sandbox, http: Http) -> None:
    refusal = http.refused(401, "POST", "/api/v1/auth/token/renew", json={"accessToken": sandbox.token})
    assert refusal["message"] == "Failed to renew MI access token past its Max TTL expiration"
    http.refused(401, "GET", PROJECTS)


def test_an_expired_token_cannot_be_renewed(sandbox: Sandbox, http: Http) -> None:
    sandbox.expire_tokens()
    refusal = http.refused(403, "POST", "/api/v1/auth/token/renew", json={"accessToken": sandbox.token})
    assert refusal["message"] == EXPIRED


def test_revoking_a_token(sandbox: Sandbox, http: Http) -> None:
    answer = Http(sandbox.url, None).ok("POST", "/api/v1/auth/token/revoke", json={"accessToken": sandbox.token})
    assert list(answer) == ["message"]
    http.refused(401, "GET", PROJECTS)


def test_token_auth_mints_lists_and_revokes_tokens(sandbox: Sandbox, http: Http) -> None:
    identity = sandbox.add_identity("robot", role="member")
    path = f"/api/v1/auth/token-auth/identities/{identity.identity_id}/tokens"
    answer = http.ok("POST", path, json={"name": "ci"})
    minted = with_token(sandbox, answer["accessToken"])
    minted.ok("GET", PROJECTS)
    (listed,) = http.ok("GET", path)["tokens"]
    assert (listed["id"], listed["name"], listed["accessTokenNumUses"]) == (answer["tokenData"]["id"], "ci", 1)
    assert "accessToken" not in listed
    http.ok("POST", f"/api/v1/auth/token-auth/tokens/{listed['id']}/revoke")
    minted.refused(401, "GET", PROJECTS)
    http.refused(404, "POST", f"/api/v1/auth/token-auth/tokens/{sandbox.identity_id}/revoke")


def test_token_auth_needs_an_identity_and_the_right_to_edit_it(sandbox: Sandbox, http: Http) -> None:
    http.refused(404, "POST", "/api/v1/auth/token-auth/identities/none/tokens", json={})
    viewer = with_token(sandbox, log_in(sandbox, sandbox.add_identity("viewer", role="viewer")))
    path = f"/api/v1/auth/token-auth/identities/{sandbox.identity_id}/tokens"
    assert viewer.refused(403, "POST", path, json={})["error"] == "PermissionDenied"


def test_add_identity_checks_its_arguments(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="role must be one of"):
        sandbox.add_identity("x", role="king")
    with pytest.raises(LookupError, match="no project"):
        sandbox.add_identity("x", project_id="none")
    with pytest.raises(LookupError, match="no identity"):
        sandbox.issue_token("none")
