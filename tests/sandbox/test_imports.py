"""Imports of secrets: their records, what a list and a read show of them, and their order."""

from __future__ import annotations

from typing import Any

import pytest

from .wire import Http, Vault

BASE = "/api/v2/secret-imports"


def place(vault: Vault, path: str = "/") -> dict[str, str]:
    return {"projectId": vault.project, "environment": "dev", "path": path}


def test_an_import_is_made_listed_shown_and_deleted(http: Http, vault: Vault) -> None:
    made = http.ok("POST", BASE, json=place(vault) | {"import": {"environment": "prod", "path": "/"}})
    assert made["message"] == "Successfully created secret import"
    record = made["secretImport"]
    assert (record["importPath"], record["importEnv"]["slug"], record["position"]) == ("/", "prod", 1)
    assert http.ok("GET", BASE, params=place(vault))["secretImports"] == [record]
    shown = http.ok("GET", f"{BASE}/{record['id']}")["secretImport"]
    assert (shown["secretPath"], shown["environment"]["slug"], shown["projectId"]) == ("/", "dev", vault.project)
    assert http.ok("DELETE", f"{BASE}/{record['id']}", json=place(vault))["secretImport"]["id"] == record["id"]
    assert http.ok("GET", BASE, params=place(vault))["secretImports"] == []
    http.refused(404, "GET", f"{BASE}/{record['id']}")
    http.refused(404, "DELETE", f"{BASE}/{record['id']}", json=place(vault))


def test_the_older_generation_names_a_workspace(http: Http, vault: Vault) -> None:
    address = {"workspaceId": vault.project, "environment": "dev"}
    http.ok("POST", "/api/v1/secret-imports", json=address | {"import": {"environment": "prod", "path": "/"}})
    assert len(http.ok("GET", "/api/v1/secret-imports", params=address)["secretImports"]) == 1


def test_a_list_has_imports_apart_and_a_read_falls_through(http: Http, vault: Vault) -> None:
    vault.put("SHARED", "own")
    vault.put("SHARED", "imported", environment="prod")
    vault.put("ONLY", "prod ${SHARED}", environment="prod", secretComment="c")
    vault.bring("prod", "/")
    listed = vault.list()
    assert [secret["secretValue"] for secret in listed["secrets"]] == ["own"]
    (block,) = listed["imports"]
    assert (block["secretPath"], block["environment"]) == ("/", "prod")
    assert isinstance(block["folderId"], str)
    assert {secret["secretKey"]: secret["secretValue"] for secret in block["secrets"]} == {
        "ONLY": "prod imported",
        "SHARED": "imported",
    }
    assert not {"createdAt", "updatedAt", "secretPath", "tags"} & set(block["secrets"][0])
    assert vault.list(includeImports="false")["imports"] == []
    fallen = vault.get("ONLY")
    assert (fallen["secretValue"], fallen["environment"], fallen["secretComment"]) == ("prod imported", "prod", "c")
    assert vault.get("SHARED")["secretValue"] == "own"
    http.refused(404, "GET", "/api/v4/secrets/ONLY", params=vault.address() | {"includeImports": "false"})


def test_of_two_imports_the_later_wins(http: Http, vault: Vault) -> None:
    vault.put("K", "staging", environment="staging")
    vault.put("K", "prod", environment="prod")
    first, second = vault.bring("staging", "/"), vault.bring("prod", "/")
    assert (first["position"], second["position"]) == (1, 2)
    assert vault.get("K")["secretValue"] == "prod"
    http.ok("PATCH", f"{BASE}/{second['id']}", json=place(vault) | {"import": {"position": 1}})
    assert [block["environment"] for block in vault.list()["imports"]] == ["prod", "staging"]
    assert vault.get("K")["secretValue"] == "staging"
    http.ok("DELETE", f"{BASE}/{second['id']}", json=place(vault))
    assert [record["position"] for record in http.ok("GET", BASE, params=place(vault))["secretImports"]] == [1]


def test_imports_of_an_imported_folder_add_to_its_block(vault: Vault) -> None:
    vault.folder("mid")
    vault.folder("far")
    vault.put("NEAR", "1", "/mid")
    vault.put("FAR", "2", "/far")
    vault.put("NEAR", "hidden by mid", "/far")
    vault.bring("dev", "/far", into="/mid")
    vault.bring("dev", "/mid")
    (block,) = vault.list()["imports"]
    assert [(secret["secretKey"], secret["secretValue"]) for secret in block["secrets"]] == [
        ("NEAR", "1"),
        ("FAR", "2"),
    ]
    assert vault.get("FAR")["secretPath"] == "/mid"


def test_a_longer_circle_of_imports_ends(vault: Vault) -> None:
    for name, source in [("a", "b"), ("b", "c"), ("c", "a")]:
        vault.folder(name)
        vault.folder(source)
        vault.bring("dev", f"/{source}", into=f"/{name}")
    vault.put("K", "v", "/c")
    assert vault.get("K", "/a")["secretValue"] == "v"


def test_two_folders_cannot_import_each_other(http: Http, vault: Vault) -> None:
    vault.folder("a")
    vault.bring("dev", "/a")
    for path, source in [("/a", "/"), ("/a", "/a")]:
        body: dict[str, Any] = place(vault, path) | {"import": {"environment": "dev", "path": source}}
        assert http.refused(400, "POST", BASE, json=body)["message"] == "Cyclic import not allowed"


@pytest.mark.parametrize(("path", "environment"), [("/none", "prod"), ("/", "none")])
def test_an_import_from_or_into_nowhere_is_refused(http: Http, vault: Vault, path: str, environment: str) -> None:
    body: dict[str, Any] = place(vault, path) | {"import": {"environment": environment, "path": "/"}}
    http.refused(404, "POST", BASE, json=body)


def test_a_recursive_list_has_the_imports_of_every_folder(vault: Vault) -> None:
    vault.folder("a")
    vault.put("K", "v", environment="prod")
    vault.bring("prod", "/", into="/a")
    assert vault.list()["imports"] == []
    assert len(vault.list(recursive="true")["imports"]) == 1


def test_the_source_of_an_import_can_change(http: Http, vault: Vault) -> None:
    vault.put("K", "v", environment="staging")
    made = vault.bring("prod", "/")
    change = {"import": {"environment": "staging"}}
    changed = http.ok("PATCH", f"{BASE}/{made['id']}", json=place(vault) | change)["secretImport"]
    assert (changed["importEnv"]["slug"], changed["importPath"]) == ("staging", "/")
    assert vault.get("K")["secretValue"] == "v"
