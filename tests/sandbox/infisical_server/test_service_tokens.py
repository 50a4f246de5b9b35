"""The legacy credentials, which are accepted still: service tokens of one project, and API keys of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault
from .conftest import As, values

BASE = "/api/v4/secrets"
RAW = "/api/v3/secrets/raw"
BOTH = ("read", "write")
Callers = Callable[[str | None], Vault]


def scopes(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"environment": environment, "secretPath": path} for environment, path in pairs]


@pytest.fixture
def service(sandbox: Sandbox, vault: Vault, callers: Callers) -> Vault:
    """A service token for all of dev, to read and write."""
    vault.folder("folder", "/nested1/nested2")
    return callers(sandbox.add_service_token(vault.project, scopes(("dev", "/**")), BOTH))


@pytest.mark.parametrize("path", ["/", "/nested1/nested2/folder"])
@pytest.mark.parametrize("base", [BASE, RAW])
def test_a_service_token_reads_and_writes_in_its_scope(service: Vault, base: str, path: str) -> None:
    place = service.address(path) | {"workspaceId": service.project}
    service.http.ok("POST", f"{base}/ST-SEC", json=place | {"secretValue": "v", "secretComment": "c"})
    assert service.http.ok("GET", f"{base}/ST-SEC", params=place)["secret"]["secretComment"] == "c"
    service.http.ok("PATCH", f"{base}/ST-SEC", json=place | {"secretValue": "new-value"})
    assert values(service, path) == {"ST-SEC": "new-value"}
    service.http.ok("DELETE", f"{base}/ST-SEC", json=place)
    assert values(service, path) == {}


def test_a_service_token_works_in_batches(service: Vault) -> None:
    keys = [f"BULK-{number}" for number in range(1, 6)]
    body = service.address() | {"secrets": [{"secretKey": key, "secretValue": "v"} for key in keys]}
    service.http.ok("POST", f"{BASE}/batch", json=body)
    service.http.refused(400, "POST", f"{BASE}/batch", json=body)
    service.http.ok("DELETE", f"{BASE}/batch", json=body)
    assert values(service) == {}


def test_of_the_four_parts_that_a_client_may_hold_three_count(service: Vault, callers: Callers) -> None:
    token = str(service.http.session.headers["Authorization"]).removeprefix("Bearer ")
    assert token.startswith("st.") and token.count(".") == 2
    assert values(callers(f"{token}.0123456789abcdef")) == {}


def test_reading_is_not_writing_and_writing_is_not_reading(sandbox: Sandbox, vault: Vault, callers: Callers) -> None:
    vault.put("KEY", "v")
    where = scopes(("dev", "/"), ("prod", "/"))
    reader = callers(sandbox.add_service_token(vault.project, where))
    writer = callers(sandbox.add_service_token(vault.project, where, ["write"]))
    assert values(reader) == {"KEY": "v"}
    reader.http.refused(403, "POST", f"{BASE}/NEW", json=vault.address() | {"secretValue": "x"})
    writer.put("NEW", "x")
    writer.http.refused(403, "GET", BASE, params=vault.address())
    assert values(vault) == {"KEY": "v", "NEW": "x"}


@pytest.mark.parametrize(
    ("path", "environment", "allowed"),
    [("/a", "dev", True), ("/a/b", "dev", True), ("/", "dev", False), ("/c", "dev", False), ("/a", "prod", False)],
)
def test_a_scope_ends_at_its_path_and_environment(
    sandbox: Sandbox, vault: Vault, callers: Callers, path: str, environment: str, allowed: bool
) -> None:
    for slug in ("dev", "prod"):
        vault.folder("b", "/a", slug)
        vault.folder("c", "/", slug)
    token = sandbox.add_service_token(vault.project, scopes(("dev", "/a/**"), ("staging", "/")), BOTH)
    body = vault.address(path, environment) | {"secretValue": "v"}
    assert callers(token).http("POST", f"{BASE}/KEY", json=body).status_code == (200 if allowed else 403)


@pytest.mark.parametrize("asked", [{}, {"environment": "prod"}, {"environment": "dev", "secretPath": "/elsewhere"}])
@pytest.mark.parametrize("base", [BASE, RAW])
def test_a_single_plain_scope_decides_what_a_list_is_of(
    sandbox: Sandbox, vault: Vault, callers: Callers, base: str, asked: dict[str, str]
) -> None:
    vault.folder("app")
    vault.put("KEY", "in app", "/app")
    token = sandbox.add_service_token(vault.project, scopes(("dev", "/app")))
    (secret,) = callers(token).http.ok("GET", base, params=asked)["secrets"]
    assert (secret["secretValue"], secret["secretPath"]) == ("in app", "/app")


def test_a_service_token_is_of_one_project(http: Http, service: Vault) -> None:
    other = http.ok("POST", "/api/v1/projects", json={"projectName": "Other"})["project"]["id"]
    service.http.refused(403, "POST", f"{BASE}/KEY", json=service.address() | {"projectId": other, "secretValue": "v"})


def test_folders_and_imports_are_in_the_scope_too(service: Vault) -> None:
    service.folder("new", "/nested1")
    query = {"projectId": service.project, "path": "/nested1"}
    folders = service.http.ok("GET", "/api/v2/folders", params=query | {"environment": "dev"})["folders"]
    assert sorted(folder["name"] for folder in folders) == ["nested2", "new"]
    service.http.refused(403, "GET", "/api/v2/folders", params=query | {"environment": "prod"})
    service.bring("prod", "/")


def test_elsewhere_a_service_token_is_forbidden(service: Vault) -> None:
    refusal = service.http.refused(403, "GET", "/api/v1/projects?x=1")
    assert refusal["error"] == "Forbidden access to /api/v1/projects?x=1"
    service.http.refused(403, "GET", f"/api/v1/projects/{service.project}/tags")


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        ("st.none.secret", 404, "Service token with ID 'none' not found"),
        ("st.none", 404, "Service token with ID 'none' not found"),
        ("st.", 404, "Service token with ID '' not found"),
        ("st.{id}.wrong", 401, "Invalid service token"),
        ("st.{id}.", 401, "Invalid service token"),
        ("st.{id}", 401, "Invalid service token"),
    ],
)
def test_a_service_token_that_is_none(service: Vault, callers: Callers, token: str, status: int, message: str) -> None:
    token_id = str(service.http.session.headers["Authorization"]).split(".")[1]
    http = callers(token.format(id=token_id)).http
    assert http.refused(status, "GET", BASE, params=service.address())["message"] == message


def test_a_service_token_lives_as_long_as_was_said(sandbox: Sandbox, vault: Vault, callers: Callers) -> None:
    brief = callers(sandbox.add_service_token(vault.project, scopes(("dev", "/")), expires_in=0.05))
    for _ in range(1000):
        answer = brief.http("GET", BASE, params=vault.address())
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["message"]) == (403, "Service token has expired")


def test_a_user_makes_lists_and_deletes_service_tokens(vault: Vault, user: As, identity: As, callers: Callers) -> None:
    admin = user("boss", "admin").http
    body: dict[str, Any] = {
        "name": "test-token", "workspaceId": vault.project, "scopes": scopes(("dev", "/**")), "encryptedKey": "k",
        "iv": "i", "tag": "t", "expiresIn": None, "permissions": ["read", "write"],
    }  # fmt: skip
    made = admin.ok("POST", "/api/v2/service-token", json=body)
    service = callers(made["serviceToken"])
    service.put("KEY", "v")
    shown = service.http.ok("GET", "/api/v2/service-token")
    assert (shown["workspace"], shown["scopes"], shown["encryptedKey"]) == (vault.project, body["scopes"], "k")
    listed = admin.ok("GET", f"/api/v1/projects/{vault.project}/service-token-data")["serviceTokenData"]
    assert [each["id"] for each in listed] == [made["serviceTokenData"]["id"]]
    admin.ok("DELETE", f"/api/v2/service-token/{listed[0]['id']}")
    service.http.refused(404, "GET", BASE, params=vault.address())
    identity("admin").http.refused(403, "POST", "/api/v2/service-token", json=body)
    user("plain").http.refused(403, "POST", "/api/v2/service-token", json=body)
    stray = body | {"scopes": scopes(("none", "/"))}
    assert "environments not found" in admin.refused(404, "POST", "/api/v2/service-token", json=stray)["message"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"scopes": []}, "scopes must be"),
        ({"scopes": [{"environment": "dev"}]}, "scopes must be"),
        ({"permissions": ["admin"]}, "permissions must be one of read, write"),
        ({"expires_in": -1}, "expires_in must be"),
    ],
)
def test_a_service_token_is_checked(sandbox: Sandbox, project: str, options: dict[str, Any], complaint: str) -> None:
    given = {"scopes": scopes(("dev", "/"))} | options
    with pytest.raises(ValueError, match=complaint):
        sandbox.add_service_token(project, **given)
    with pytest.raises(LookupError, match="no project"):
        sandbox.add_service_token("none", scopes(("dev", "/")))


def test_an_api_key_is_its_user_in_older_operations_alone(sandbox: Sandbox, vault: Vault) -> None:
    vault.put("KEY", "v")
    owner = sandbox.add_user("owner", role="member", project_id=vault.project)
    http = Http(sandbox.url, None)
    http.session.headers["X-API-Key"] = owner.api_key
    with http.session:
        query = vault.address() | {"workspaceId": vault.project}
        assert http.ok("GET", f"{RAW}/KEY", params=query)["secret"]["secretValue"] == "v"
        assert [each["id"] for each in http.ok("GET", "/api/v1/projects")["projects"]] == [vault.project]
        http.refused(403, "GET", f"{BASE}/KEY", params=query)
        made = http.ok("POST", f"{RAW}/MINE", json=query | {"secretValue": "x"})["secret"]
        assert (made["actor"]["actorType"], made["actor"]["actorId"]) == ("user", owner.user_id)
        http.session.headers["X-API-Key"] = "ak.none"
        http.refused(401, "GET", "/api/v1/projects")
    assert owner.api_key not in repr(owner) and owner.token not in repr(owner)
