"""Limits: lockouts of identities that fail to log in, and the rate limits of the server's groups."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gemel.sandbox import Identity, Sandbox

from ..wire import Http, Vault

LOGIN = "/api/v1/auth/universal-auth/login"
LOCKED = "This identity auth method is temporarily locked, please try again later"
WRONG = "Invalid credentials"


class Login:
    """Attempts of one identity to log in."""

    def __init__(self, sandbox: Sandbox, identity: Identity | Sandbox) -> None:
        self._http = Http(sandbox.url, None)
        self._right = {"clientId": identity.client_id, "clientSecret": identity.client_secret}

    def __call__(self, right: bool) -> str:
        """What the server says; empty for a token."""
        body = self._right | ({} if right else {"clientSecret": "wrong"})
        answer = self._http("POST", LOGIN, json=body)
        if answer.status_code == 200:
            return ""
        assert (answer.status_code, answer.json()["error"]) == (401, "UnauthorizedError")
        return str(answer.json()["message"])

    def until(self, expected: str) -> float:
        """Log in with the right secret until the server says so; how long that took."""
        begun = time.monotonic()
        while time.monotonic() - begun < 10:
            if self(True) == expected:
                return time.monotonic() - begun
        pytest.fail(f"never {expected!r}")


@pytest.fixture
def identity(sandbox: Sandbox) -> Identity:
    return sandbox.add_identity("robot")


@pytest.mark.parametrize("threshold", [1, 2, 3, 5])
def test_so_many_failures_lock_and_one_less_does_not(sandbox: Sandbox, identity: Identity, threshold: int) -> None:
    sandbox.set_lockout(threshold=threshold, identity_id=identity.identity_id)
    log_in = Login(sandbox, identity)
    for _ in range(2):
        assert [log_in(False) for _ in range(threshold - 1)] == [WRONG] * (threshold - 1)
        assert log_in(True) == ""
    assert [log_in(False) for _ in range(threshold)] == [WRONG] * threshold
    assert [log_in(False), log_in(True)] == [LOCKED, LOCKED]


def test_a_lock_ends(sandbox: Sandbox, identity: Identity) -> None:
    sandbox.set_lockout(threshold=1, seconds=0.4, identity_id=identity.identity_id)
    log_in = Login(sandbox, identity)
    begun = time.monotonic()
    log_in(False)
    assert log_in(True) == LOCKED
    log_in.until("")
    assert time.monotonic() - begun > 0.4
    assert log_in(False) == WRONG


def test_a_count_is_forgotten_after_a_while(sandbox: Sandbox, identity: Identity) -> None:
    sandbox.set_lockout(threshold=2, reset=0.05, identity_id=identity.identity_id)
    log_in = Login(sandbox, identity)
    for _ in range(5):
        assert log_in(False) == WRONG
        ends = time.monotonic() + 0.1
        while time.monotonic() < ends:
            Http(sandbox.url, None).ok("GET", "/api/status")
    assert log_in(True) == ""


def test_each_failure_gives_the_count_new_time(sandbox: Sandbox, identity: Identity) -> None:
    """Redis is given the key's time again with each failure; only a pause of that length resets the count."""
    sandbox.set_lockout(threshold=6, reset=0.6, identity_id=identity.identity_id)
    log_in = Login(sandbox, identity)
    for _ in range(6):
        assert log_in(False) == WRONG
        ends = time.monotonic() + 0.2
        while time.monotonic() < ends:
            Http(sandbox.url, None).ok("GET", "/api/status")
    assert log_in(True) == LOCKED


def test_lockouts_may_be_off(sandbox: Sandbox, identity: Identity) -> None:
    sandbox.set_lockout(enabled=False)
    log_in = Login(sandbox, identity)
    assert [log_in(False) for _ in range(10)] == [WRONG] * 10
    assert log_in(True) == ""


def test_settings_are_those_of_every_identity_or_of_one(sandbox: Sandbox, identity: Identity) -> None:
    sandbox.set_lockout(threshold=1)
    later = sandbox.add_identity("later")
    sandbox.set_lockout(threshold=9, identity_id=identity.identity_id)
    for who, expected in ((sandbox, LOCKED), (later, LOCKED), (identity, "")):
        log_in = Login(sandbox, who)
        log_in(False)
        assert log_in(True) == expected


def test_an_unknown_client_id_locks_nobody(sandbox: Sandbox) -> None:
    for _ in range(5):
        body = {"clientId": "none", "clientSecret": "x"}
        assert Http(sandbox.url, None).refused(401, "POST", LOGIN, json=body)["message"] == WRONG
    assert Login(sandbox, sandbox)(True) == ""


def test_locks_are_cleared_by_the_api_and_by_the_sandbox(sandbox: Sandbox, http: Http, identity: Identity) -> None:
    log_in = Login(sandbox, identity)
    path = f"/api/v1/auth/universal-auth/identities/{identity.identity_id}/clear-lockouts"
    assert http.ok("POST", path) == {"deleted": 0}
    for clear in (lambda: http.ok("POST", path), sandbox.clear_lockouts):
        assert [log_in(False) for _ in range(3)] == [WRONG] * 3
        assert log_in(True) == LOCKED
        assert clear() in ({"deleted": 1}, None)
        assert log_in(True) == ""
    http.refused(404, "POST", path.replace(identity.identity_id, "none"))


def test_a_user_does_not_log_in_as_an_identity(sandbox: Sandbox) -> None:
    user = sandbox.add_user("someone")
    row = sandbox._backend.actor(user.user_id)
    body = {"clientId": row["client_id"], "clientSecret": row["client_secret"]}
    assert Http(sandbox.url, None).refused(401, "POST", LOGIN, json=body)["message"] == WRONG


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"threshold": 0}, "threshold must be a whole number of at least 1"),
        ({"threshold": 2.5}, "threshold must be a whole number"),
        ({"seconds": float("nan")}, "seconds must be a number of seconds"),
        ({"seconds": 0}, "seconds must be a number of seconds, above 0"),
        ({"reset": -1}, "reset must be a number of seconds"),
        ({"enabled": "no"}, "enabled must be true or false"),
    ],
)
def test_the_settings_of_lockouts_are_checked(sandbox: Sandbox, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        sandbox.set_lockout(**options)
    with pytest.raises(LookupError):
        sandbox.set_lockout(identity_id="none")


REQUESTS: dict[str, list[tuple[str, str]]] = {
    "read": [("GET", "/api/v1/projects"), ("GET", "/api/v1/projects/{project}/tags")],
    "write": [("PATCH", "/api/v1/projects/{project}"), ("POST", "/api/v1/projects/{project}/environments")],
    "secrets": [
        ("GET", "/api/v4/secrets"),
        ("POST", "/api/v4/secrets/KEY"),
        ("GET", "/api/v3/secrets/raw"),
        ("GET", "/api/v2/folders"),
        ("GET", "/api/v2/secret-imports"),
        ("DELETE", "/api/v1/folders/x"),
    ],
    "auth": [("POST", LOGIN), ("POST", "/api/v1/auth/token/renew"), ("POST", "/api/v1/auth/token/revoke")],
}


@pytest.mark.parametrize("group", REQUESTS)
def test_a_group_has_a_limit_of_its_own(sandbox: Sandbox, http: Http, vault: Vault, group: str) -> None:
    sandbox.set_rate_limits(**{group: 0})
    for name, requests in REQUESTS.items():
        for method, path in requests:
            answer = http(method, path.format(project=vault.project))
            limited = answer.status_code == 429
            assert limited is (name == group or (group == "write" and name == "auth")), (method, path)


def test_a_login_is_a_write_unless_logins_have_a_limit(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_rate_limits(write=0, auth=1)
    assert [http("POST", LOGIN, json={}).status_code for _ in range(2)] == [422, 429]
    assert http("POST", "/api/v1/projects", json={}).status_code == 429


def test_a_refusal_has_the_words_and_headers_of_the_server(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    sandbox.set_rate_limits(secrets=2, window=30)
    answers = [http("GET", "/api/v4/secrets", params=vault.address()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [(answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert left == [("2", "1"), ("2", "0"), ("2", "0")]
    seconds = answers[2].headers["retry-after"]
    assert 0 < int(seconds) <= 30
    assert answers[2].json()["error"] == "RateLimitExceeded"
    assert answers[2].json()["message"] == f"Rate limit exceeded. Please try again in {seconds} seconds"
    assert answers[2].headers["x-ratelimit-reset"] == seconds
    assert "retry-after" not in answers[1].headers


def test_the_generations_share_a_limit(sandbox: Sandbox, http: Http, vault: Vault) -> None:
    sandbox.set_rate_limits(secrets=2)
    query = vault.address() | {"workspaceId": vault.project, "path": "/"}
    paths = ["/api/v4/secrets", "/api/v3/secrets/raw", "/api/v2/folders"]
    assert [http("GET", path, params=query).status_code for path in paths] == [200, 200, 429]


def test_limits_end_and_the_health_has_none(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_rate_limits(read=0)
    http.ok("GET", "/api/status")
    assert http("GET", "/api/v1/projects").status_code == 429
    sandbox.set_rate_limits()
    http.ok("GET", "/api/v1/projects")


def test_a_group_without_a_limit_has_that_of_all(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_rate_limit(1)
    sandbox.set_rate_limits(read=5)
    assert [http("GET", "/api/v1/projects").status_code for _ in range(3)] == [200] * 3
    assert [http("POST", LOGIN, json={}).status_code for _ in range(2)] == [422, 429]


@pytest.mark.parametrize("limit", [-1, 1.5, True, "1", float("inf")])
@pytest.mark.parametrize("group", REQUESTS)
def test_the_limits_of_groups_are_checked(sandbox: Sandbox, group: str, limit: Any) -> None:
    with pytest.raises(ValueError, match=f"{group} must be a whole number"):
        sandbox.set_rate_limits(**{group: limit})
    with pytest.raises(ValueError, match="window must be"):
        sandbox.set_rate_limits(read=1, window=0)
