"""Personal overrides: a user's own value in the place of the shared one."""

from __future__ import annotations

import pytest

from ..wire import Vault
from .conftest import As, values

BASE = "/api/v4/secrets"
PERSONAL = {"includePersonalOverrides": "true"}
PATHS = pytest.mark.parametrize("path", ["/", "/nested1/nested2/folder"])


@pytest.fixture(autouse=True)
def folder(vault: Vault) -> None:
    vault.folder("folder", "/nested1/nested2")


@PATHS
@pytest.mark.parametrize("base", [BASE, "/api/v3/secrets/raw"])
def test_there_is_none_of_what_is_not_shared(vault: Vault, user: As, base: str, path: str) -> None:
    owner = user("owner")
    body = vault.address(path) | {"secretValue": "mine", "type": "personal", "workspaceId": vault.project}
    refusal = owner.http.refused(400, "POST", f"{base}/DB_PASS", json=body)
    assert (refusal["error"], refusal["message"]) == (
        "BadRequest",
        "Failed to create personal secret override for no corresponding shared secret",
    )
    assert values(owner, path, **PERSONAL) == {}


@PATHS
def test_it_is_in_the_owners_list_where_it_is_included(vault: Vault, user: As, path: str) -> None:
    owner, other = user("owner"), user("other")
    vault.put("DB_PASS", "shared", path)
    vault.put("OTHER", "shared", path)
    made = owner.put("DB_PASS", "mine", path, type="personal")
    assert (made["type"], made["version"]) == ("personal", 1)
    assert values(owner, path, **PERSONAL) == {"DB_PASS": "mine", "OTHER": "shared"}
    assert values(owner, path) == {"DB_PASS": "shared", "OTHER": "shared"}
    assert values(other, path, **PERSONAL) == {"DB_PASS": "shared", "OTHER": "shared"}
    assert values(vault, path, **PERSONAL) == {"DB_PASS": "shared", "OTHER": "shared"}
    types = {secret["secretKey"]: secret["type"] for secret in owner.list(path, **PERSONAL)["secrets"]}
    assert types == {"DB_PASS": "personal", "OTHER": "shared"}


@PATHS
def test_the_older_list_has_both(vault: Vault, user: As, path: str) -> None:
    owner = user("owner")
    vault.put("DB_PASS", "shared", path)
    owner.put("DB_PASS", "mine", path, type="personal")
    query = {"workspaceId": vault.project, "environment": "dev", "secretPath": path}

    def listed(who: Vault) -> list[tuple[str, str]]:
        secrets = who.http.ok("GET", "/api/v3/secrets/raw", params=query)["secrets"]
        return sorted((secret["type"], secret["secretValue"]) for secret in secrets)

    assert listed(owner) == [("personal", "mine"), ("shared", "shared")]
    assert listed(vault) == [("shared", "shared")]


def test_by_name_it_is_asked_for(vault: Vault, user: As) -> None:
    owner, other = user("owner"), user("other")
    vault.put("DB_PASS", "shared")
    owner.put("DB_PASS", "mine", type="personal")
    assert owner.get("DB_PASS", type="personal")["secretValue"] == "mine"
    assert owner.get("DB_PASS")["secretValue"] == "shared"
    other.http.refused(404, "GET", f"{BASE}/DB_PASS", params=vault.address() | {"type": "personal"})


def test_it_is_changed_and_not_renamed(vault: Vault, user: As) -> None:
    owner = user("owner")
    vault.put("DB_PASS", "shared")
    owner.put("DB_PASS", "mine", type="personal")
    body = vault.address() | {"type": "personal"}
    refusal = owner.http.refused(400, "PATCH", f"{BASE}/DB_PASS", json=body | {"newSecretName": "RENAMED"})
    assert refusal["message"] == "Personal secret cannot change the key name"
    assert owner.get("DB_PASS", type="personal")["secretValue"] == "mine"
    changed = owner.http.ok("PATCH", f"{BASE}/DB_PASS", json=body | {"secretValue": "mine too"})["secret"]
    assert (changed["secretValue"], changed["version"], changed["type"]) == ("mine too", 2, "personal")
    assert values(vault) == {"DB_PASS": "shared"}


def test_it_is_there_once(vault: Vault, user: As) -> None:
    owner = user("owner")
    vault.put("DB_PASS", "shared")
    owner.put("DB_PASS", "mine", type="personal")
    body = vault.address() | {"secretValue": "again", "type": "personal"}
    owner.http.refused(400, "POST", f"{BASE}/DB_PASS", json=body)
    assert owner.get("DB_PASS", type="personal")["secretValue"] == "mine"


@PATHS
def test_deleting_it_leaves_the_shared_one(vault: Vault, user: As, path: str) -> None:
    owner = user("owner")
    vault.put("DB_PASS", "shared", path)
    owner.put("DB_PASS", "mine", path, type="personal")
    body = vault.address(path) | {"type": "personal"}
    gone = owner.http.ok("DELETE", f"{BASE}/DB_PASS", json=body)["secret"]
    assert (gone["secretValue"], gone["type"]) == ("mine", "personal")
    assert values(owner, path, **PERSONAL) == {"DB_PASS": "shared"}
    assert owner.http.refused(404, "DELETE", f"{BASE}/DB_PASS", json=body)["message"] == "Secret not found"
    refusal = owner.http.refused(404, "PATCH", f"{BASE}/DB_PASS", json=body | {"secretValue": "x"})
    assert refusal["message"] == "Personal secret with name DB_PASS not found"


@PATHS
def test_deleting_the_shared_one_takes_it_along(vault: Vault, user: As, path: str) -> None:
    owner = user("owner")
    vault.put("DB_PASS", "shared", path)
    owner.put("DB_PASS", "mine", path, type="personal")
    vault.http.ok("DELETE", f"{BASE}/DB_PASS", json=vault.address(path))
    assert values(owner, path, **PERSONAL) == {}
    vault.put("DB_PASS", "new", path)
    assert values(owner, path, **PERSONAL) == {"DB_PASS": "new"}


def test_nobody_else_reads_it_by_id(vault: Vault, user: As) -> None:
    owner, other = user("owner"), user("other")
    vault.put("DB_PASS", "shared")
    made = owner.put("DB_PASS", "owner-only", type="personal")
    for stranger in (other, vault):
        refusal = stranger.http.refused(403, "GET", f"{BASE}/id/{made['id']}")
        assert refusal["message"] == "You are not allowed to access this secret"
        assert "owner-only" not in str(refusal)
    assert owner.http.ok("GET", f"{BASE}/id/{made['id']}")["secret"]["secretValue"] == "owner-only"


@pytest.mark.parametrize(("method", "verb"), [("POST", "create"), ("PATCH", "create"), ("DELETE", "delete")])
def test_a_machine_identity_has_none(vault: Vault, identity: As, method: str, verb: str) -> None:
    vault.put("DB_PASS", "shared")
    body = vault.address() | {"secretValue": "mine", "type": "personal"}
    refusal = identity().http.refused(400, method, f"{BASE}/DB_PASS", json=body)
    assert refusal["message"] == f"Must be user to {verb} personal secret"
    assert values(vault) == {"DB_PASS": "shared"}


def test_a_policy_does_not_hold_it(sandbox: object, vault: Vault, user: As) -> None:
    from gemel.sandbox import Sandbox

    assert isinstance(sandbox, Sandbox)
    owner = user("owner")
    vault.put("DB_PASS", "shared")
    sandbox.add_change_policy(vault.project, "dev")
    owner.put("DB_PASS", "mine", type="personal")
    assert values(owner, **PERSONAL) == {"DB_PASS": "mine"}
