"""Projects, their environments and their tags."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.sandbox import Sandbox

from .wire import Http, Vault

BASE = "/api/v1/projects"


def test_a_project_comes_with_three_environments(sandbox: Sandbox, http: Http) -> None:
    body = {"projectName": "My App!", "projectDescription": "what for"}
    project = http.ok("POST", BASE, json=body)["project"]
    assert [environment["slug"] for environment in project["environments"]] == ["dev", "staging", "prod"]
    assert project["slug"].startswith("my-app-")
    assert (project["name"], project["description"], project["type"]) == ("My App!", "what for", "secret-manager")
    assert (project["_id"], project["orgId"]) == (project["id"], sandbox.organization_id)
    assert http.ok("GET", f"{BASE}/{project['id']}") == {"project": project}
    assert http.ok("GET", f"{BASE}/slug/{project['slug']}") == project
    assert http.ok("GET", BASE) == {"projects": [project]}


def test_a_project_can_come_without_environments(http: Http) -> None:
    body = {"projectName": "bare", "slug": "bare-one", "shouldCreateDefaultEnvs": False, "type": "kms"}
    project = http.ok("POST", BASE, json=body)["project"]
    assert (project["environments"], project["slug"]) == ([], "bare-one")
    assert http.refused(400, "POST", BASE, json=body)["error"] == "BadRequest"
    assert http.ok("GET", BASE, params={"type": "kms"})["projects"] == [project]
    assert http.ok("GET", BASE, params={"type": "ssh"})["projects"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "projectName"),
        ({"projectName": "x" * 65}, "projectName"),
        ({"projectName": "x", "slug": "abc"}, "slug"),
        ({"projectName": "x", "slug": "Not A Slug"}, "slug"),
        ({"projectName": "x", "type": "blog"}, "type"),
        ({"projectName": "x", "hasDeleteProtection": "true"}, "hasDeleteProtection"),
    ],
)
def test_a_wrong_project_gets_422(http: Http, body: dict[str, Any], path: str) -> None:
    (issue,) = http.refused(422, "POST", BASE, json=body)["message"]
    assert issue["path"] == [path]


def test_updating_and_deleting(http: Http, project: str) -> None:
    changed = http.ok(
        "PATCH", f"{BASE}/{project}", json={"name": "new", "hasDeleteProtection": True, "slug": "renamed"}
    )
    assert (changed["project"]["name"], changed["project"]["hasDeleteProtection"]) == ("new", True)
    assert "environments" not in changed["project"]
    assert http.ok("GET", f"{BASE}/slug/renamed")["id"] == project
    assert http.refused(403, "DELETE", f"{BASE}/{project}")["error"] == "ForbiddenError"
    http.ok("PATCH", f"{BASE}/{project}", json={"hasDeleteProtection": False})
    assert http.ok("DELETE", f"{BASE}/{project}")["project"]["id"] == project
    http.refused(404, "GET", f"{BASE}/{project}")
    http.refused(404, "GET", f"{BASE}/slug/renamed")


def test_deleting_a_project_takes_its_secrets(http: Http, vault: Vault) -> None:
    secret = vault.put("A", "1")
    http.ok("DELETE", f"{BASE}/{vault.project}")
    http.refused(404, "GET", f"/api/v4/secrets/id/{secret['id']}")


def test_environments(http: Http, project: str) -> None:
    base = f"{BASE}/{project}/environments"
    made = http.ok("POST", base, json={"name": "Preview", "slug": "preview"})
    assert (made["projectId"], made["environment"]["position"]) == (project, 4)
    environment = made["environment"]
    assert http.ok("GET", f"{base}/{environment['id']}") == {"environment": environment}
    assert http.ok("GET", f"{base}/slug/preview") == {"environment": environment}
    assert http.refused(400, "POST", base, json={"name": "x", "slug": "preview"})["error"] == "CreateEnvironment"
    http.refused(422, "POST", base, json={"name": "x", "slug": "No Slug"})
    changed = http.ok("PATCH", f"{base}/{environment['id']}", json={"name": "P", "slug": "pre", "position": 1})
    assert (changed["environment"]["slug"], changed["environment"]["position"]) == ("pre", 1)
    assert slugs(http, project) == ["pre", "dev", "staging", "prod"]
    http.refused(400, "PATCH", f"{base}/{environment['id']}", json={"slug": "dev"})
    http.ok("PATCH", f"{base}/{environment['id']}", json={"position": 3})
    assert slugs(http, project) == ["dev", "staging", "pre", "prod"]
    assert http.ok("DELETE", f"{base}/{environment['id']}")["environment"]["slug"] == "pre"
    for method, path in [("GET", environment["id"]), ("DELETE", environment["id"]), ("GET", "slug/pre")]:
        http.refused(404, method, f"{base}/{path}")


def slugs(http: Http, project: str) -> list[str]:
    return [environment["slug"] for environment in http.ok("GET", f"{BASE}/{project}")["project"]["environments"]]


def test_an_environment_can_be_made_at_a_position(http: Http, project: str) -> None:
    http.ok("POST", f"{BASE}/{project}/environments", json={"name": "First", "slug": "first", "position": 1})
    assert slugs(http, project) == ["first", "dev", "staging", "prod"]


def test_a_new_environment_takes_secrets_at_once(http: Http, vault: Vault) -> None:
    http.ok("POST", f"{BASE}/{vault.project}/environments", json={"name": "x", "slug": "x"})
    vault.put("A", "1", environment="x")
    assert vault.get("A", environment="x")["secretValue"] == "1"


def test_tags(http: Http, project: str) -> None:
    base = f"{BASE}/{project}/tags"
    tag = http.ok("POST", base, json={"slug": "red", "color": "#f00"})["tag"]
    assert http.ok("GET", base) == {"tags": [tag]}
    assert http.ok("GET", f"{base}/{tag['id']}") == {"tag": tag}
    assert http.ok("GET", f"{base}/slug/red") == {"tag": tag}
    http.refused(400, "POST", base, json={"slug": "red", "color": ""})
    http.refused(422, "POST", base, json={"slug": ""})
    assert http.ok("DELETE", f"{base}/{tag['id']}") == {"tag": tag}
    http.refused(404, "GET", f"{base}/{tag['id']}")
