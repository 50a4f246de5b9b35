"""Many secrets in one request: all of them or none."""

from __future__ import annotations

from typing import Any

import pytest

from ..wire import Http, Vault
from .conftest import As, values

BATCH = "/api/v4/secrets/batch"
PATHS = pytest.mark.parametrize("path", ["/", "/nested1/nested2/folder"])


def items(vault: Vault, pairs: dict[str, str], path: str = "/", **more: Any) -> dict[str, Any]:
    secrets = [{"secretKey": key, "secretValue": value} for key, value in pairs.items()]
    return vault.address(path) | {"secrets": secrets} | more


@pytest.fixture(autouse=True)
def folder(vault: Vault) -> None:
    vault.folder("folder", "/nested1/nested2")


@PATHS
@pytest.mark.parametrize("kind", ["user", "identity"])
def test_ten_are_created_changed_and_deleted(vault: Vault, user: As, identity: As, kind: str, path: str) -> None:
    http = (user("someone") if kind == "user" else identity()).http
    keys = [f"BULK-{number}" for number in range(1, 11)]
    http.ok("POST", BATCH, json=items(vault, dict.fromkeys(keys, "v"), path))
    assert values(vault, path) == dict.fromkeys(keys, "v")
    http.refused(400, "POST", BATCH, json=items(vault, dict.fromkeys(keys, "w"), path))
    http.ok("PATCH", BATCH, json=items(vault, dict.fromkeys(keys, "update-value"), path))
    assert values(vault, path) == dict.fromkeys(keys, "update-value")
    http.ok("DELETE", BATCH, json=vault.address(path) | {"secrets": [{"secretKey": key} for key in keys]})
    assert values(vault, path) == {}


@pytest.mark.parametrize("base", [BATCH, "/api/v3/secrets/batch/raw"])
def test_one_name_that_is_taken_refuses_all_and_is_named(http: Http, vault: Vault, base: str) -> None:
    vault.put("B", "original")
    body = items(vault, {"A": "a", "B": "b", "C": "c"}) | {"workspaceId": vault.project}
    refusal = http.refused(400, "POST", base, json=body)
    assert refusal["message"] == "Secret already exists: 'B' in path '/' of environment 'dev'"
    assert values(vault) == {"B": "original"}


def test_every_name_that_is_taken_is_named_with_its_place(http: Http, vault: Vault) -> None:
    for key in "AC":
        vault.put(key, "original", "/nested1")
    refusal = http.refused(400, "POST", BATCH, json=items(vault, {"A": "a", "B": "b", "C": "c"}, "/nested1"))
    assert refusal["message"] == "Secret already exists: 'A', 'C' in path '/nested1' of environment 'dev'"


def test_a_name_given_twice_refuses_all(http: Http, vault: Vault) -> None:
    body = vault.address() | {"secrets": [{"secretKey": "A", "secretValue": "1"}] * 2}
    http.refused(400, "POST", BATCH, json=body)
    assert values(vault) == {}


def test_every_value_is_updated(http: Http, vault: Vault) -> None:
    vault.put("A", "old-a")
    vault.put("B", "old-b")
    http.ok("PATCH", BATCH, json=items(vault, {"A": "new-a", "B": "new-b"}))
    assert values(vault) == {"A": "new-a", "B": "new-b"}


@pytest.mark.parametrize("mode", [{}, {"mode": "failOnNotFound"}])
@PATHS
def test_one_name_that_is_missing_refuses_the_update(http: Http, vault: Vault, path: str, mode: dict[str, str]) -> None:
    vault.put("A", "old-a", path)
    refusal = http.refused(404, "PATCH", BATCH, json=items(vault, {"A": "new-a", "MISSING": "v"}, path) | mode)
    assert refusal["message"] == f"Secret does not exist: MISSING in path {path}"
    assert values(vault, path) == {"A": "old-a"}


def test_an_upsert_creates_what_is_missing(http: Http, vault: Vault) -> None:
    vault.put("EXISTING", "old")
    http.ok("PATCH", BATCH, json=items(vault, {"EXISTING": "new", "BRAND_NEW": "created"}, mode="upsert"))
    assert values(vault) == {"EXISTING": "new", "BRAND_NEW": "created"}


def test_an_upsert_writes_each_to_its_own_path(http: Http, vault: Vault) -> None:
    secrets = [
        {"secretKey": "ROOT_KEY", "secretValue": "root", "secretPath": "/"},
        {"secretKey": "APP_KEY", "secretValue": "app", "secretPath": "/nested1"},
    ]
    http.ok("PATCH", BATCH, json=vault.address() | {"secrets": secrets, "mode": "upsert"})
    assert (values(vault), values(vault, "/nested1")) == ({"ROOT_KEY": "root"}, {"APP_KEY": "app"})


def test_a_failure_on_one_path_writes_to_none(http: Http, vault: Vault) -> None:
    vault.put("A", "old")
    secrets = [
        {"secretKey": "A", "secretValue": "new"},
        {"secretKey": "MISSING", "secretValue": "v", "secretPath": "/nested1"},
    ]
    refusal = http.refused(404, "PATCH", BATCH, json=vault.address() | {"secrets": secrets})
    assert refusal["message"] == "Secret does not exist: MISSING in path /nested1"
    assert values(vault) == {"A": "old"}


def test_a_new_name_that_is_taken_refuses_the_batch(http: Http, vault: Vault) -> None:
    vault.put("A", "a")
    vault.put("B", "b")
    secrets = [{"secretKey": "A", "newSecretName": "B"}]
    refusal = http.refused(400, "PATCH", BATCH, json=vault.address() | {"secrets": secrets})
    assert refusal["message"] == "Secret with new name already exists: B"
    assert values(vault) == {"A": "a", "B": "b"}


def test_those_listed_are_deleted_and_no_other(http: Http, vault: Vault) -> None:
    for key in ("A", "B", "KEPT"):
        vault.put(key, "value")
    http.ok("DELETE", BATCH, json=vault.address() | {"secrets": [{"secretKey": "A"}, {"secretKey": "B"}]})
    assert values(vault) == {"KEPT": "value"}


def test_one_name_that_is_missing_refuses_the_deletion_and_those_there_are_named(http: Http, vault: Vault) -> None:
    vault.put("A", "value")
    body = vault.address() | {"secrets": [{"secretKey": "A"}, {"secretKey": "MISSING"}]}
    assert http.refused(404, "DELETE", BATCH, json=body)["message"] == "One or more secrets does not exist: A"
    assert values(vault) == {"A": "value"}


def test_a_viewer_changes_nothing_in_a_batch(vault: Vault, identity: As) -> None:
    vault.put("A", "a")
    viewer = identity("viewer").http
    for method, keys, action in (("POST", "B", "create"), ("PATCH", "A", "edit"), ("DELETE", "A", "delete")):
        refusal = viewer.refused(403, method, BATCH, json=items(vault, dict.fromkeys(keys, "x")))
        assert refusal["message"] == f"You are not allowed to {action} on secrets"
    assert values(vault) == {"A": "a"}
