"""Secrets in the older generation: its names and its defaults, which are the other way round."""

from __future__ import annotations

import pytest

from .wire import Http, Vault

RAW = "/api/v3/secrets/raw"
BATCH = "/api/v3/secrets/batch/raw"


@pytest.fixture
def address(project: str) -> dict[str, str]:
    return {"workspaceId": project, "environment": "dev", "secretPath": "/"}


def test_both_generations_show_the_same_secret(http: Http, vault: Vault, address: dict[str, str]) -> None:
    made = http.ok("POST", f"{RAW}/A", json=address | {"secretValue": " 1 "})["secret"]
    read = http.ok("GET", f"{RAW}/A", params=address)["secret"]
    assert read == vault.get("A")
    assert read["id"] == made["id"]
    assert http.ok("GET", f"{RAW}/id/{made['id']}")["secret"]["secretKey"] == "A"
    change = address | {"secretValue": "2", "newSecretName": "B"}
    assert http.ok("PATCH", f"{RAW}/A", json=change)["secret"]["version"] == 2
    assert http.ok("DELETE", f"{RAW}/B", json=address)["secret"]["secretValue"] == "2"


def test_imports_and_references_are_off_unless_asked_for(http: Http, vault: Vault, address: dict[str, str]) -> None:
    vault.put("IMPORTED", "i", environment="prod")
    vault.put("A", "a")
    vault.put("B", "${A}")
    vault.bring("prod", "/")
    plain = http.ok("GET", RAW, params=address)
    assert [secret["secretValue"] for secret in plain["secrets"]] == ["a", "${A}"]
    assert plain["imports"] == []
    asked = {"include_imports": "true", "expandSecretReferences": "true"}
    full = http.ok("GET", RAW, params=address | asked)
    assert [secret["secretValue"] for secret in full["secrets"]] == ["a", "a"]
    assert len(full["imports"]) == 1
    assert vault.list() == full
    http.refused(404, "GET", f"{RAW}/IMPORTED", params=address)
    assert http.ok("GET", f"{RAW}/IMPORTED", params=address | asked)["secret"]["secretValue"] == "i"
    assert http.ok("GET", f"{RAW}/B", params=address)["secret"]["secretValue"] == "${A}"


def test_each_generation_reads_its_own_names_only(http: Http, vault: Vault, address: dict[str, str]) -> None:
    vault.bring("prod", "/")
    assert http.ok("GET", RAW, params=address | {"includeImports": "true"})["imports"] == []
    assert len(vault.list(include_imports="false")["imports"]) == 1
    http.refused(422, "POST", "/api/v4/secrets/A", json=address | {"secretValue": "x"})
    http.refused(400, "POST", f"{RAW}/A", json=vault.address() | {"secretValue": "x"})


def test_a_project_can_be_named_by_slug(http: Http, project: str) -> None:
    slug = http.ok("GET", f"/api/v1/projects/{project}")["project"]["slug"]
    place = {"environment": "dev"}
    http.ok("POST", f"{RAW}/A", json=place | {"projectSlug": slug, "secretValue": "1"})
    assert len(http.ok("GET", RAW, params=place | {"workspaceSlug": slug})["secrets"]) == 1
    assert http.ok("GET", f"{RAW}/A", params=place | {"workspaceSlug": slug})["secret"]["version"] == 1
    http.refused(404, "GET", RAW, params=place | {"workspaceSlug": "none"})
    http.refused(400, "GET", RAW, params=place)
    http.refused(400, "GET", f"{RAW}/A", params=place)


def test_batches(http: Http, address: dict[str, str]) -> None:
    items = [{"secretKey": name, "secretValue": name} for name in "AB"]
    assert len(http.ok("POST", BATCH, json=address | {"secrets": items})["secrets"]) == 2
    assert len(http.ok("PATCH", BATCH, json=address | {"secrets": items[:1]})["secrets"]) == 1
    assert len(http.ok("DELETE", BATCH, json=address | {"secrets": items})["secrets"]) == 2


def test_the_list_has_an_etag(http: Http, address: dict[str, str]) -> None:
    etag = http("GET", RAW, params=address).headers["etag"]
    assert http("GET", RAW, params=address, headers={"If-None-Match": etag}).status_code == 304


def test_string_booleans_are_strict(http: Http, address: dict[str, str]) -> None:
    (issue,) = http.refused(422, "GET", RAW, params=address | {"include_imports": "True"})["message"]
    assert issue["path"] == ["include_imports"]
