"""Folders, imports and tags, in both generations."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import Sandbox

from ..wire import Http, Vault
from .conftest import As, values

GENERATIONS = pytest.mark.parametrize(("version", "project_field"), [("v1", "workspaceId"), ("v2", "projectId")])


class Folders:
    """Folders of one environment in one generation."""

    def __init__(self, vault: Vault, version: str, project_field: str) -> None:
        self.http = vault.http
        self.base = f"/api/{version}/folders"
        self.place = {project_field: vault.project, "environment": "dev"}

    def make(self, name: str, path: str) -> dict[str, Any]:
        return dict(self.http.ok("POST", self.base, json=self.place | {"name": name, "path": path})["folder"])

    def names(self, path: str) -> list[str]:
        folders = self.http.ok("GET", self.base, params=self.place | {"path": path})["folders"]
        return sorted(folder["name"] for folder in folders)

    def delete(self, key: str, path: str) -> dict[str, Any]:
        return dict(self.http.ok("DELETE", f"{self.base}/{key}", json=self.place | {"path": path})["folder"])


@GENERATIONS
def test_a_folder_brings_those_above_it_and_is_there_once(vault: Vault, version: str, project_field: str) -> None:
    folders = Folders(vault, version, project_field)
    made = [folders.make(*each) for each in [("folder1", "/"), ("folder1", "/level1/level2"), ("folder2", "/")]]
    again = folders.make("folder1", "/level1/level2")
    assert [folder["name"] for folder in made] == ["folder1", "folder1", "folder2"]
    assert (again["id"], made[0]["id"] == made[1]["id"]) == (made[1]["id"], False)
    assert folders.names("/") == ["folder1", "folder2", "level1"]
    assert folders.names("/level1/level2") == ["folder1"]


@GENERATIONS
def test_a_deep_folder_is_renamed_and_deleted(vault: Vault, version: str, project_field: str) -> None:
    folders = Folders(vault, version, project_field)
    made = folders.make("folder1", "/level1/level2")
    path = {"path": "/level1/level2"}
    body = folders.place | path | {"name": "folder-updated"}
    renamed = vault.http.ok("PATCH", f"{folders.base}/folder1", json=body)["folder"]
    assert (renamed["id"], renamed["name"]) == (made["id"], "folder-updated")
    assert folders.names("/level1/level2") == ["folder-updated"]
    assert folders.delete(renamed["id"], "/level1/level2")["name"] == "folder-updated"
    assert folders.names("/level1/level2") == []


def bring(vault: Vault, environment: str, version: str, project_field: str, path: str = "/") -> dict[str, Any]:
    body = {project_field: vault.project, "environment": "dev", "path": "/"}
    source = {"environment": environment, "path": path}
    return dict(vault.http.ok("POST", f"/api/{version}/secret-imports", json=body | {"import": source})["secretImport"])


def imports(vault: Vault, version: str, project_field: str) -> list[dict[str, Any]]:
    query = {project_field: vault.project, "environment": "dev", "path": "/"}
    return list(vault.http.ok("GET", f"/api/{version}/secret-imports", params=query)["secretImports"])


@GENERATIONS
@pytest.mark.parametrize("slug", ["prod", "staging"])
def test_an_import_says_where_it_is_from(vault: Vault, version: str, project_field: str, slug: str) -> None:
    made = bring(vault, slug, version, project_field)
    assert (made["importPath"], made["importEnv"]["slug"], made["position"]) == ("/", slug, 1)
    assert made["importEnv"].keys() == {"id", "name", "slug"}


@GENERATIONS
def test_imports_change_places_and_close_ranks(vault: Vault, version: str, project_field: str) -> None:
    prod, staging = (bring(vault, slug, version, project_field) for slug in ("prod", "staging"))
    body = {project_field: vault.project, "environment": "dev", "path": "/"}
    one = f"/api/{version}/secret-imports/{prod['id']}"
    moved = vault.http.ok("PATCH", one, json=body | {"import": {"position": 2}})["secretImport"]
    assert (moved["position"], moved["importEnv"]["slug"]) == (2, "prod")
    assert [each["id"] for each in imports(vault, version, project_field)] == [staging["id"], prod["id"]]
    gone = vault.http.ok("DELETE", f"/api/{version}/secret-imports/{staging['id']}", json=body)["secretImport"]
    assert gone["id"] == staging["id"]
    assert [(each["id"], each["position"]) for each in imports(vault, version, project_field)] == [(prod["id"], 1)]


def test_an_import_of_itself_is_refused(http: Http, vault: Vault) -> None:
    body = {"projectId": vault.project, "environment": "dev", "import": {"environment": "dev", "path": "/"}}
    assert http.refused(400, "POST", "/api/v2/secret-imports", json=body)["message"] == "Cyclic import not allowed"


@pytest.fixture
def source(http: Http) -> Vault:
    """Another project, with a secret of its own."""
    project = http.ok("POST", "/api/v1/projects", json={"projectName": "Source"})["project"]["id"]
    other = Vault(http, project)
    other.put("SHARED", "from-source ${SHARED}")
    return other


def body_of(vault: Vault, source: Vault, path: str = "/") -> dict[str, Any]:
    where = {"environment": "dev", "path": path, "sourceProjectId": source.project}
    return {"projectId": vault.project, "environment": "dev", "import": where}


def test_another_project_is_imported_while_it_shares(sandbox: Sandbox, vault: Vault, source: Vault) -> None:
    http = vault.http
    assert "not enabled" in http.refused(400, "POST", "/api/v2/secret-imports", json=body_of(vault, source))["message"]
    sandbox.set_behaviour(cross_project=True)
    http.refused(403, "POST", "/api/v2/secret-imports", json=body_of(vault, source))
    sandbox.add_folder_grant(source.project, "dev", "/", vault.project)
    http.ok("POST", "/api/v2/secret-imports", json=body_of(vault, source))
    (block,) = vault.list()["imports"]
    assert [secret["secretValue"] for secret in block["secrets"]] == ["from-source ${SHARED}"]
    assert vault.get("SHARED")["secretValue"] == "from-source ${SHARED}"
    sandbox.set_behaviour(cross_project=False)
    assert vault.list()["imports"] == []
    http.refused(404, "GET", "/api/v4/secrets/SHARED", params=vault.address())


def test_the_grant_is_all_that_a_reader_of_a_foreign_import_needs(
    sandbox: Sandbox, vault: Vault, source: Vault, identity: As
) -> None:
    sandbox.set_behaviour(cross_project=True)
    sandbox.add_folder_grant(source.project, "dev", "/", vault.project)
    vault.http.ok("POST", "/api/v2/secret-imports", json=body_of(vault, source))
    viewer = identity("viewer")
    assert viewer.get("SHARED")["secretValue"] == "from-source ${SHARED}"
    viewer.http.refused(403, "GET", "/api/v4/secrets/SHARED", params=source.address())


def test_a_source_project_of_ones_own_is_none_foreign(vault: Vault) -> None:
    vault.put("A", "a", environment="prod")
    where = {"environment": "prod", "path": "/", "sourceProjectId": vault.project}
    body = {"projectId": vault.project, "environment": "dev", "import": where}
    vault.http.ok("POST", "/api/v2/secret-imports", json=body)
    assert vault.get("A")["secretValue"] == "a"


def test_a_tag_is_made_found_and_deleted_and_no_slug_is_there_twice(http: Http, vault: Vault) -> None:
    base = f"/api/v1/projects/{vault.project}/tags"
    tag = http.ok("POST", base, json={"slug": "backend", "color": "#2563eb"})["tag"]
    assert (tag["slug"], tag["color"]) == ("backend", "#2563eb")
    http.refused(400, "POST", base, json={"slug": "backend", "color": "#000000"})
    assert http.ok("GET", f"{base}/slug/backend")["tag"]["id"] == tag["id"]
    vault.put("A", "a", tagIds=[tag["id"]])
    http.ok("DELETE", f"{base}/{tag['id']}")
    assert vault.get("A")["tags"] == []
    body = vault.address() | {"secretValue": "b", "tagIds": [tag["id"]]}
    http.refused(404, "POST", "/api/v4/secrets/B", json=body)
    assert values(vault) == {"A": "a"}
