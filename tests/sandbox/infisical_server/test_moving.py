"""Moving secrets and duplicating them: operations of their own, not secrets of those names."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ..wire import Http, Vault
from .conftest import As, values

BASE = "/api/v4/secrets"


def ends(vault: Vault, *ids: str, path: str = "/", to: str = "prod", **more: Any) -> dict[str, Any]:
    where = {"sourceEnvironment": "dev", "destinationEnvironment": to, "destinationSecretPath": path}
    return {"projectId": vault.project, "secretIds": list(ids)} | where | more


def slug_of(vault: Vault) -> str:
    return str(vault.http.ok("GET", f"/api/v1/projects/{vault.project}")["project"]["slug"])


@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_a_moved_secret_is_there_and_no_longer_here(http: Http, vault: Vault, generation: str) -> None:
    vault.folder("app", "/", "prod")
    tag = http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": "red", "color": "#f00"})["tag"]["id"]
    moved = vault.put("KEY", "value", tagIds=[tag], secretComment="why", secretMetadata=[{"key": "k", "value": "v"}])
    named = {"projectSlug": slug_of(vault)} if generation == "v3" else {}
    answer = http.ok("POST", f"/api/{generation}/secrets/move", json=ends(vault, moved["id"], path="/app") | named)
    assert answer == {"isSourceUpdated": True, "isDestinationUpdated": True}
    assert (values(vault), values(vault, "/app", "prod")) == ({}, {"KEY": "value"})
    there = vault.get("KEY", "/app", "prod")
    assert (there["secretComment"], there["tags"][0]["slug"], there["secretMetadata"][0]["key"]) == ("why", "red", "k")


def test_a_differing_value_there_refuses_the_move(http: Http, vault: Vault) -> None:
    moved = vault.put("KEY", "from-dev")
    other = vault.put("OTHER", "o")
    vault.put("KEY", "from-prod", environment="prod")
    body = ends(vault, moved["id"], other["id"])
    refusal = http.refused(400, "POST", f"{BASE}/move", json=body)
    assert refusal["message"] == "Failed to move secrets. The following secrets already exist in the destination: KEY"
    assert values(vault) == {"KEY": "from-dev", "OTHER": "o"}
    assert values(vault, environment="prod") == {"KEY": "from-prod"}
    http.ok("POST", f"{BASE}/move", json=body | {"shouldOverwrite": True})
    assert values(vault) == {}
    assert values(vault, environment="prod") == {"KEY": "from-dev", "OTHER": "o"}


def test_an_equal_value_there_is_nothing_to_move(http: Http, vault: Vault) -> None:
    moved = vault.put("KEY", "same")
    vault.put("KEY", "same", environment="prod")
    refusal = http.refused(400, "POST", f"{BASE}/move", json=ends(vault, moved["id"]))
    assert refusal["message"] == "Selected secrets already exist in the destination."
    assert values(vault) == {"KEY": "same"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"destinationSecretPath": "/missing"},
            "Destination folder with path '/missing' in environment with slug 'prod' not found",
        ),
        ({"sourceEnvironment": "qa"}, "Source folder with path '/' in environment with slug 'qa' not found"),
    ],
)
@pytest.mark.parametrize("operation", ["move", "duplicate"])
def test_a_folder_that_there_is_not_refuses(
    http: Http, vault: Vault, operation: str, change: dict[str, str], message: str
) -> None:
    moved = vault.put("KEY", "value")
    refusal = http.refused(404, "POST", f"{BASE}/{operation}", json=ends(vault, moved["id"]) | change)
    assert refusal["message"] == message
    assert values(vault) == {"KEY": "value"}


def test_an_unknown_id_refuses_the_move(http: Http, vault: Vault) -> None:
    moved = vault.put("KEY", "value")
    elsewhere = vault.put("OTHER", "value", environment="staging")
    for stray in (str(uuid.uuid4()), elsewhere["id"]):
        refusal = http.refused(400, "POST", f"{BASE}/move", json=ends(vault, moved["id"], stray))
        assert refusal["message"] == "Invalid secrets"
    assert values(vault) == {"KEY": "value"}


def test_overrides_do_not_stay_behind(http: Http, vault: Vault, user: As) -> None:
    owner = user("owner")
    moved = vault.put("KEY", "shared")
    owner.put("KEY", "mine", type="personal")
    http.ok("POST", f"{BASE}/move", json=ends(vault, moved["id"]))
    for environment, left in (("dev", {}), ("prod", {"KEY": "shared"})):
        assert values(owner, environment=environment, includePersonalOverrides="true") == left


def test_references_follow_a_move(http: Http, vault: Vault) -> None:
    vault.folder("app", "/", "prod")
    moved = vault.put("KEY", "value")
    vault.put("LOCAL", "<${KEY}>")
    vault.put("FAR", "<${dev.KEY}>", environment="staging")
    http.ok("POST", f"{BASE}/move", json=ends(vault, moved["id"], path="/app"))
    assert vault.get("LOCAL", expandSecretReferences="false")["secretValue"] == "<${prod.app.KEY}>"
    assert vault.get("LOCAL")["secretValue"] == "<value>"
    assert vault.get("FAR", environment="staging")["secretValue"] == "<value>"


def test_a_move_needs_both_ends(vault: Vault, identity: As) -> None:
    moved = vault.put("KEY", "value")
    everything = ["describeSecret", "readValue", "create", "edit", "delete"]
    for name, environment in (("only-dev", "dev"), ("only-prod", "prod")):
        rules = [{"subject": "secrets", "action": everything, "conditions": {"environment": environment}}]
        mover = identity(name, rules)
        refusal = mover.http.refused(403, "POST", f"{BASE}/move", json=ends(vault, moved["id"]))
        assert refusal["error"] == "PermissionDenied"
    assert values(vault) == {"KEY": "value"}


def test_a_copy_has_the_attributes_asked_for(http: Http, vault: Vault) -> None:
    source = vault.put("KEY", "value", secretComment="rotate monthly", skipMultilineEncoding=True)
    body = ends(vault, source["id"], attributesToCopy={"value": True, "comment": False})
    (result,) = http.ok("POST", f"{BASE}/duplicate", json=body)["results"]
    copy = vault.get("KEY", environment="prod")
    assert result == {
        "sourceSecretId": source["id"],
        "sourceSecretKey": "KEY",
        "destinationSecretId": copy["id"],
    }
    assert (copy["secretComment"], copy["secretValue"], copy["skipMultilineEncoding"]) == ("", "value", None)
    assert vault.get("KEY")["secretComment"] == "rotate monthly"


@pytest.mark.parametrize("wanted", [{}, {"attributesToCopy": {}}])
def test_by_default_a_copy_has_but_the_name(http: Http, vault: Vault, wanted: dict[str, Any]) -> None:
    source = vault.put("KEY", "value", secretComment="c")
    http.ok("POST", f"{BASE}/duplicate", json=ends(vault, source["id"]) | wanted)
    copy = vault.get("KEY", environment="prod")
    assert (copy["secretValue"], copy["secretComment"]) == ("", "")


def test_everything_can_be_copied(http: Http, vault: Vault) -> None:
    tag = http.ok("POST", f"/api/v1/projects/{vault.project}/tags", json={"slug": "red", "color": "#f00"})["tag"]["id"]
    metadata = [{"key": "k", "value": "v", "isEncrypted": False}]
    source = vault.put(
        "KEY", "a\nb", secretComment="c", tagIds=[tag], secretMetadata=metadata, skipMultilineEncoding=True
    )
    names = ("value", "comment", "tags", "metadata", "skipMultilineEncoding")
    body = ends(vault, source["id"], attributesToCopy=dict.fromkeys(names, True))
    http.ok("POST", f"{BASE}/duplicate", json=body)
    copy, original = vault.get("KEY", environment="prod"), vault.get("KEY")
    same = ("secretValue", "secretComment", "tags", "secretMetadata", "skipMultilineEncoding")
    assert [copy[name] for name in same] == [original[name] for name in same]


def test_no_copy_to_the_same_place(http: Http, vault: Vault) -> None:
    source = vault.put("KEY", "value")
    refusal = http.refused(400, "POST", f"{BASE}/duplicate", json=ends(vault, source["id"], to="dev"))
    assert refusal["message"] == "Cannot duplicate secrets to the same environment and path"
    assert len(values(vault)) == 1


def test_a_name_that_is_taken_there_refuses_the_copy(http: Http, vault: Vault) -> None:
    source = vault.put("KEY", "from-dev")
    vault.put("KEY", "from-prod", environment="prod")
    body = ends(vault, source["id"], attributesToCopy={"value": True})
    refusal = http.refused(400, "POST", f"{BASE}/duplicate", json=body)
    assert refusal["message"] == (
        "Secret with key 'KEY' already exists at destination. Set shouldOverwrite to true to replace it."
    )
    assert values(vault, environment="prod") == {"KEY": "from-prod"}
    http.ok("POST", f"{BASE}/duplicate", json=body | {"shouldOverwrite": True})
    assert values(vault, environment="prod") == {"KEY": "from-dev"}


def test_a_secret_of_another_folder_refuses_the_copy(http: Http, vault: Vault) -> None:
    own = vault.put("OWN", "value")
    stray = vault.put("KEY", "value", environment="staging")
    refusal = http.refused(404, "POST", f"{BASE}/duplicate", json=ends(vault, own["id"], stray["id"]))
    assert refusal["message"] == (
        f"Secret with ID '{stray['id']}' not found in source folder with path '/' and environment slug 'dev'"
    )
    assert values(vault, environment="prod") == {}


@pytest.mark.parametrize("ids", [[], ["no-uuid"], [str(uuid.uuid4())] * 51])
def test_one_to_fifty_uuids_are_copied(http: Http, vault: Vault, ids: list[str]) -> None:
    (issue,) = http.refused(422, "POST", f"{BASE}/duplicate", json=ends(vault, *ids))["message"]
    assert issue["path"][0] == "secretIds"


@pytest.mark.parametrize("name", ["move", "duplicate"])
def test_no_secret_is_created_under_the_name_of_an_operation(http: Http, vault: Vault, name: str) -> None:
    issues = http.refused(422, "POST", f"{BASE}/{name}", json=vault.address() | {"secretValue": "x"})["message"]
    assert ["secretIds"] in [issue["path"] for issue in issues]
    assert values(vault) == {}
