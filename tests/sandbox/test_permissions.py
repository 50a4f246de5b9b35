"""Who may do what: the four roles, strangers to a project, and the evidence in a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gemel.sandbox import Sandbox

from .wire import Http, Vault, log_in

Actor = Callable[..., Http]


@pytest.fixture
def actor(sandbox: Sandbox) -> Iterator[Actor]:
    made: list[Http] = []

    def make(role: str, project: str | None = None) -> Http:
        identity = sandbox.add_identity(role, role=role, project_id=project)
        made.append(Http(sandbox.url, log_in(sandbox, identity)))
        return made[-1]

    yield make
    for http in made:
        http.session.close()


def test_a_viewer_reads_and_does_not_write(actor: Actor, vault: Vault) -> None:
    secret = vault.put("A", "1")
    viewer = actor("viewer", vault.project)
    mine = Vault(viewer, vault.project)
    assert mine.get("A")["secretValue"] == "1"
    assert len(mine.list()["secrets"]) == 1
    viewer.ok("GET", f"/api/v4/secrets/id/{secret['id']}")
    viewer.ok("GET", "/api/v2/folders", params={"projectId": vault.project, "environment": "dev", "path": "/"})
    for method, key, action in [("POST", "B", "create"), ("PATCH", "A", "edit"), ("DELETE", "A", "delete")]:
        body = vault.address() | {"secretValue": "2"}
        refusal = viewer.refused(403, method, f"/api/v4/secrets/{key}", json=body)
        assert refusal["error"] == "PermissionDenied"
        assert refusal["message"] == f"You are not allowed to {action} on secrets"
        assert [(rule["action"], rule["subject"], rule["inverted"]) for rule in refusal["details"]] == [
            ("describeSecret", "secrets", False),
            ("readValue", "secrets", False),
        ]
    assert vault.get("A")["version"] == 1


@pytest.mark.parametrize(
    ("method", "path", "subject"),
    [
        ("POST", "/api/v2/folders", "secret-folders"),
        ("POST", "/api/v2/secret-imports", "secret-imports"),
        ("POST", "/api/v1/projects/{project}/environments", "environments"),
        ("POST", "/api/v1/projects/{project}/tags", "tags"),
        ("DELETE", "/api/v1/projects/{project}", "workspace"),
    ],
)
def test_a_viewer_writes_nothing_else(actor: Actor, project: str, method: str, path: str, subject: str) -> None:
    everything = {"projectId": project, "environment": "dev", "name": "x", "slug": "x", "color": "x"}
    body = everything | {"import": {"environment": "prod", "path": "/"}}
    refusal = actor("viewer", project).refused(403, method, path.format(project=project), json=body)
    assert (refusal["error"], subject in refusal["message"]) == ("PermissionDenied", True)


def test_a_member_writes_and_does_not_delete_the_project(actor: Actor, project: str) -> None:
    member = actor("member", project)
    Vault(member, project).put("A", "1")
    member.ok("POST", f"/api/v1/projects/{project}/environments", json={"name": "x", "slug": "x"})
    assert member.refused(403, "DELETE", f"/api/v1/projects/{project}")["error"] == "PermissionDenied"
    assert (
        member.refused(403, "PATCH", f"/api/v1/projects/{project}", json={"name": "x"})["error"] == "PermissionDenied"
    )


def test_an_admin_of_a_project_deletes_it(actor: Actor, project: str) -> None:
    actor("admin", project).ok("DELETE", f"/api/v1/projects/{project}")


def test_no_access_within_a_project_refuses_even_reading(actor: Actor, vault: Vault) -> None:
    outsider = actor("no-access", vault.project)
    refusal = outsider.refused(403, "GET", "/api/v4/secrets", params=vault.address())
    assert (refusal["error"], refusal["details"]) == ("PermissionDenied", [])


def test_a_stranger_is_told_that_he_is_no_member(actor: Actor, vault: Vault) -> None:
    secret = vault.put("A", "1")
    stranger = actor("no-access")
    for path in (f"/api/v1/projects/{vault.project}", f"/api/v4/secrets/id/{secret['id']}"):
        refusal = stranger.refused(403, "GET", path)
        assert refusal["error"] == "ProjectMembershipNotFound"
        assert vault.project in refusal["message"]
        assert "details" not in refusal
    assert stranger.ok("GET", "/api/v1/projects") == {"projects": []}
    stranger.refused(404, "GET", "/api/v1/projects/none")


def test_a_role_in_one_project_is_none_in_another(actor: Actor, http: Http, project: str) -> None:
    other = http.ok("POST", "/api/v1/projects", json={"projectName": "Other"})["project"]["id"]
    member = actor("member", project)
    assert [found["id"] for found in member.ok("GET", "/api/v1/projects")["projects"]] == [project]
    member.refused(403, "GET", f"/api/v1/projects/{other}")


def test_a_role_without_a_project_holds_in_all(actor: Actor, http: Http) -> None:
    viewer = actor("viewer")
    project = http.ok("POST", "/api/v1/projects", json={"projectName": "Later"})["project"]["id"]
    viewer.ok("GET", f"/api/v1/projects/{project}")
    viewer.refused(403, "DELETE", f"/api/v1/projects/{project}")


def test_members_of_the_organization_make_projects_and_lead_them(actor: Actor) -> None:
    member = actor("member")
    project = member.ok("POST", "/api/v1/projects", json={"projectName": "Mine"})["project"]["id"]
    member.ok("DELETE", f"/api/v1/projects/{project}")
    for role in ("viewer", "no-access"):
        refusal = actor(role).refused(403, "POST", "/api/v1/projects", json={"projectName": "x"})
        assert refusal["error"] == "PermissionDenied"


def test_upserting_needs_the_right_to_create(actor: Actor, vault: Vault) -> None:
    body = vault.address() | {"mode": "upsert", "secrets": [{"secretKey": "A", "secretValue": "1"}]}
    actor("viewer", vault.project).refused(403, "PATCH", "/api/v4/secrets/batch", json=body)
    actor("member", vault.project).ok("PATCH", "/api/v4/secrets/batch", json=body)
