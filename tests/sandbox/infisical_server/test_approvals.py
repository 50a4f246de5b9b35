"""Change policies: what they hold, for whom, and what happens when a request is approved and merged."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault
from .conftest import As, values

BASE = "/api/v4/secrets"
REQUESTS = "/api/v1/secret-approval-requests"


def held(answer: dict[str, Any]) -> str:
    assert list(answer) == ["approval"], answer
    return str(answer["approval"]["id"])


def propose(who: Vault, key: str = "KEY", value: str = "value") -> str:
    return held(who.http.ok("POST", f"{BASE}/{key}", json=who.address() | {"secretValue": value}))


def approve(who: Vault, request_id: str, status: str = "approved") -> None:
    who.http.ok("POST", f"{REQUESTS}/{request_id}/review", json={"status": status})


def merge(who: Vault, request_id: str) -> dict[str, Any]:
    return dict(who.http.ok("POST", f"{REQUESTS}/{request_id}/merge", json={})["approval"])


def user_id(sandbox: Sandbox, name: str) -> str:
    row = sandbox._backend.store.one("SELECT id FROM identities WHERE name = ?", name)
    assert row is not None
    return str(row["id"])


@pytest.fixture
def committer(user: As) -> Vault:
    return user("committer")


@pytest.fixture
def reviewer(user: As) -> Vault:
    return user("reviewer")


@pytest.fixture
def policy(sandbox: Sandbox, vault: Vault, committer: Vault, reviewer: Vault) -> str:
    """A policy on the root of dev, with one approver; it comes after whatever a test writes first."""
    return sandbox.add_change_policy(vault.project, "dev", approvers=[user_id(sandbox, "reviewer")])


def test_a_write_is_held_and_nothing_is_written(vault: Vault, policy: str, committer: Vault) -> None:
    request_id = propose(committer)
    request = committer.http.ok("GET", f"{REQUESTS}/{request_id}")["approval"]
    assert (request["status"], request["policyId"]) == ("open", policy)
    assert request["commits"] == [{"op": "create", "secretKey": "KEY"}]
    assert "value" not in str(request["commits"])
    assert values(vault) == {}


@pytest.mark.parametrize(
    ("guarded", "path", "holds"),
    [
        ("/guarded", "/", False),
        ("/guarded", "/guarded", True),
        ("/app/*", "/app/api", True),
        ("/app/*", "/app", False),
        ("/app/*", "/app/api/v1", False),
        ("/app/**", "/app/api/v1", True),
        ("/app/**", "/app", True),
        ("/**", "/", True),
        ("/{app,lib}/api", "/app/api", True),
        ("/ap?", "/app", True),
    ],
)
def test_the_paths_that_a_policy_guards(sandbox: Sandbox, vault: Vault, guarded: str, path: str, holds: bool) -> None:
    vault.folder("v1", "/app/api")
    vault.folder("guarded")
    sandbox.add_change_policy(vault.project, "dev", guarded)
    answer = vault.http.ok("POST", f"{BASE}/KEY", json=vault.address(path) | {"secretValue": "v"})
    assert ("approval" in answer) is holds


def test_a_policy_on_the_path_itself_comes_before_a_pattern(sandbox: Sandbox, vault: Vault) -> None:
    vault.folder("api", "/app")
    sandbox.add_change_policy(vault.project, "dev", "/app/*")
    exact = sandbox.add_change_policy(vault.project, "dev", "/app/api")
    answer = vault.http.ok("POST", f"{BASE}/KEY", json=vault.address("/app/api") | {"secretValue": "v"})
    assert answer["approval"]["policyId"] == exact


def test_an_approved_create_is_merged(vault: Vault, policy: str, committer: Vault, reviewer: Vault) -> None:
    request_id = propose(committer)
    approve(reviewer, request_id)
    merged = merge(committer, request_id)
    assert (merged["hasMerged"], merged["status"], merged["conflicts"]) == (True, "close", None)
    assert values(vault) == {"KEY": "value"}
    refusal = committer.http.refused(400, "POST", f"{REQUESTS}/{request_id}/merge", json={})
    assert "closed" in refusal["message"]


@pytest.fixture
def seeded(vault: Vault) -> Vault:
    for key in "AB":
        vault.put(key, key.lower())
    vault.put("KEPT", "kept")
    return vault


@pytest.mark.parametrize(
    ("method", "path", "body", "after"),
    [
        ("PATCH", "/A", {"secretValue": "new"}, {"A": "new", "B": "b"}),
        ("DELETE", "/A", {}, {"B": "b"}),
        ("POST", "/batch", {"secrets": [{"secretKey": "C", "secretValue": "c"}]}, {"A": "a", "B": "b", "C": "c"}),
        (
            "PATCH",
            "/batch",
            {"secrets": [{"secretKey": key, "secretValue": f"new-{key}"} for key in "AB"]},
            {"A": "new-A", "B": "new-B"},
        ),
        ("DELETE", "/batch", {"secrets": [{"secretKey": "A"}, {"secretKey": "B"}]}, {}),
    ],
    ids=["update", "delete", "batch create", "batch update", "batch delete"],
)
@pytest.mark.parametrize("who", ["user", "identity"])
def test_every_write_is_held_and_done_by_the_merge(
    seeded: Vault,
    policy: str,
    committer: Vault,
    reviewer: Vault,
    identity: As,
    who: str,
    method: str,
    path: str,
    body: dict[str, Any],
    after: dict[str, str],
) -> None:
    before = values(seeded)
    writer = committer if who == "user" else identity()
    request_id = held(writer.http.ok(method, BASE + path, json=seeded.address() | body))
    assert values(seeded) == before
    approve(reviewer, request_id)
    merge(reviewer, request_id)
    assert values(seeded) == after | {"KEPT": "kept"}


def test_a_move_into_a_guarded_folder_is_held_there(
    sandbox: Sandbox, vault: Vault, committer: Vault, reviewer: Vault
) -> None:
    sandbox.add_change_policy(vault.project, "prod", approvers=[user_id(sandbox, "reviewer")])
    moved = committer.put("KEY", "value")
    body = {
        "projectId": vault.project,
        "sourceEnvironment": "dev",
        "destinationEnvironment": "prod",
        "secretIds": [moved["id"]],
    }
    answer = committer.http.ok("POST", f"{BASE}/move", json=body)
    assert answer == {"isSourceUpdated": True, "isDestinationUpdated": False}
    (request,) = vault.http.ok("GET", REQUESTS, params={"projectId": vault.project, "status": "open"})["approvals"]
    approve(reviewer, request["id"])
    merge(committer, request["id"])
    assert values(vault, environment="prod") == {"KEY": "value"}


def test_a_copy_into_a_guarded_folder_is_held(
    sandbox: Sandbox, vault: Vault, committer: Vault, reviewer: Vault
) -> None:
    sandbox.add_change_policy(vault.project, "prod", approvers=[user_id(sandbox, "reviewer")])
    source = committer.put("KEY", "value")
    body = {
        "projectId": vault.project,
        "sourceEnvironment": "dev",
        "destinationEnvironment": "prod",
        "secretIds": [source["id"]],
        "attributesToCopy": {"value": True},
    }
    (result,) = committer.http.ok("POST", f"{BASE}/duplicate", json=body)["results"]
    assert values(vault, environment="prod") == {}
    approve(reviewer, result["approval"]["id"])
    merge(committer, result["approval"]["id"])
    assert values(vault, environment="prod") == {"KEY": "value"}


def test_what_was_written_meanwhile_is_a_conflict(
    sandbox: Sandbox, vault: Vault, committer: Vault, reviewer: Vault
) -> None:
    sandbox.add_change_policy(
        vault.project, "dev", bypass_for_machine_identities=True, approvers=[user_id(sandbox, "reviewer")]
    )
    request_id = propose(committer, value="proposed")
    vault.put("KEY", "written-meanwhile")
    approve(reviewer, request_id)
    merged = merge(committer, request_id)
    assert (merged["hasMerged"], bool(merged["conflicts"])) == (True, True)
    assert values(vault) == {"KEY": "written-meanwhile"}


@pytest.mark.parametrize("review", [None, "rejected"])
def test_without_enough_approvals_nothing_is_merged(
    vault: Vault, policy: str, committer: Vault, reviewer: Vault, review: str | None
) -> None:
    request_id = propose(committer)
    if review:
        approve(reviewer, request_id, review)
    refusal = committer.http.refused(400, "POST", f"{REQUESTS}/{request_id}/merge", json={})
    assert refusal["message"] == "Doesn't have minimum approvals needed"
    assert committer.http.ok("GET", f"{REQUESTS}/{request_id}")["approval"]["status"] == "open"
    assert values(vault) == {}


def test_the_committers_own_approval_does_not_count(vault: Vault, policy: str, committer: Vault) -> None:
    request_id = propose(committer)
    approve(committer, request_id)
    committer.http.refused(400, "POST", f"{REQUESTS}/{request_id}/merge", json={})


def test_a_review_may_be_changed(vault: Vault, policy: str, committer: Vault, reviewer: Vault) -> None:
    request_id = propose(committer)
    approve(reviewer, request_id)
    approve(reviewer, request_id, "rejected")
    committer.http.refused(400, "POST", f"{REQUESTS}/{request_id}/merge", json={})


def test_a_bystander_has_no_say(vault: Vault, policy: str, committer: Vault, user: As) -> None:
    request_id = propose(committer)
    refusal = user("bystander").http.refused(
        403, "POST", f"{REQUESTS}/{request_id}/review", json={"status": "approved"}
    )
    assert refusal["message"] == "User has insufficient privileges"


@pytest.mark.parametrize(("action", "body"), [("review", {"status": "approved"}), ("merge", {})])
def test_a_machine_identity_neither_reviews_nor_merges(
    http: Http, vault: Vault, policy: str, committer: Vault, action: str, body: dict[str, str]
) -> None:
    request_id = propose(committer)
    refusal = http.refused(403, "POST", f"{REQUESTS}/{request_id}/{action}", json=body)
    assert refusal["error"].startswith("Forbidden access to ")
    assert http.ok("GET", f"{REQUESTS}/{request_id}")["approval"]["status"] == "open"
    assert values(vault) == {}


def test_a_policy_may_let_machine_identities_pass_and_still_holds_users(
    sandbox: Sandbox, seeded: Vault, identity: As, committer: Vault
) -> None:
    sandbox.add_change_policy(seeded.project, "dev", bypass_for_machine_identities=True)
    machine = identity()
    machine.put("SINGLE", "single")
    place = seeded.address()
    machine.http.ok("POST", f"{BASE}/batch", json=place | {"secrets": [{"secretKey": "C", "secretValue": "c"}]})
    machine.http.ok("PATCH", f"{BASE}/A", json=place | {"secretValue": "new-a"})
    machine.http.ok("PATCH", f"{BASE}/batch", json=place | {"secrets": [{"secretKey": "B", "secretValue": "new-b"}]})
    machine.http.ok("DELETE", f"{BASE}/batch", json=place | {"secrets": [{"secretKey": "KEPT"}]})
    machine.http.ok("DELETE", f"{BASE}/C", json=place)
    assert values(seeded) == {"SINGLE": "single", "A": "new-a", "B": "new-b"}
    assert seeded.http.ok("GET", REQUESTS, params={"projectId": seeded.project})["approvals"] == []
    propose(committer)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"approvals": 2, "approvers": ["{admin}"]}, "approvals cannot be greater than approvers"),
        ({"approvals": 0}, "approvals must be a whole number"),
        ({"bypass_for_machine_identities": "yes"}, "must be true or false"),
    ],
)
def test_a_policy_is_checked(sandbox: Sandbox, project: str, options: dict[str, Any], complaint: str) -> None:
    if "approvers" in options:
        options = options | {"approvers": [sandbox.identity_id]}
    with pytest.raises(ValueError, match=complaint):
        sandbox.add_change_policy(project, "dev", **options)
    with pytest.raises(LookupError, match="no project"):
        sandbox.add_change_policy("none", "dev")
