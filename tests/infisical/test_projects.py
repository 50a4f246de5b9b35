"""Projects and their environments: what is sent, what comes back, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gemel.infisical import Environment, Project
from gemel.kit.errors import BadRequestError, NotFoundError, PermissionDeniedError, UnprocessableEntityError
from gemel.sandbox import Sandbox

from .conftest import Place
from .modes import Mode
from .sent import last

PROJECTS = "/api/v1/projects"


def test_creating_sends_the_least_and_every_argument(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    mode.run(client.projects.create("One"))
    sent = last(sandbox)
    assert (sent.line, sent.query) == (f"POST {PROJECTS}", {})
    assert sent.body == {"projectName": "One", "shouldCreateDefaultEnvs": True}
    mode.run(
        client.projects.create(
            "Two",
            description="why",
            slug="second",
            type="kms",
            template="default",
            kms_key_id="key",
            should_create_default_envs=False,
            has_delete_protection=True,
        )
    )
    assert last(sandbox).body == {
        "projectName": "Two",
        "projectDescription": "why",
        "slug": "second",
        "type": "kms",
        "template": "default",
        "kmsKeyId": "key",
        "shouldCreateDefaultEnvs": False,
        "hasDeleteProtection": True,
    }


def test_a_new_project_comes_back_typed(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    made = mode.run(client.projects.create("Demo", description="why", slug="demo-one"))
    assert type(made) is Project
    assert (made.name, made.slug, made.description, made.type) == ("Demo", "demo-one", "why", "secret-manager")
    assert (made.org_id, made.has_delete_protection) == (sandbox.organization_id, False)
    assert [environment.slug for environment in made.environments] == ["dev", "staging", "prod"]
    assert type(made.created_at) is datetime
    assert mode.run(client.projects.create("Bare", should_create_default_envs=False)).environments == []


def test_a_project_is_found_by_id_by_slug_and_in_the_list(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    made = mode.run(client.projects.create("Demo", slug="demo-one"))
    assert mode.run(client.projects.retrieve(made.id)) == made
    assert last(sandbox).line == f"GET {PROJECTS}/{made.id}"
    assert mode.run(client.projects.retrieve_by_slug("demo-one")) == made
    assert last(sandbox).line == f"GET {PROJECTS}/slug/demo-one"
    assert mode.run(client.projects.list()) == [made]


def test_a_list_sends_every_default_and_argument(mode: Mode, client: Any, sandbox: Sandbox) -> None:
    mode.run(client.projects.create("Demo"))
    mode.run(client.projects.list())
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"GET {PROJECTS}", {"includeRoles": "false"}, None)
    assert mode.run(client.projects.list(include_roles=True, type="kms")) == []
    assert last(sandbox).query == {"includeRoles": "true", "type": "kms"}


def test_an_update_changes_what_it_names(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    project = place["project_id"]
    changed = mode.run(client.projects.update(project, name="Renamed"))
    sent = last(sandbox)
    assert (sent.line, sent.body) == (f"PATCH {PROJECTS}/{project}", {"name": "Renamed"})
    assert (type(changed), changed.name, changed.environments) == (Project, "Renamed", [])
    options = {"description": "d", "slug": "renamed", "auto_capitalization": False, "has_delete_protection": True}
    changed = mode.run(client.projects.update(project, pit_version_limit=5, **options))
    assert last(sandbox).body == {
        "description": "d",
        "slug": "renamed",
        "autoCapitalization": False,
        "hasDeleteProtection": True,
        "pitVersionLimit": 5,
    }
    assert (changed.name, changed.slug, changed.auto_capitalization) == ("Renamed", "renamed", False)
    assert changed.pit_version_limit == 5


def test_a_project_is_deleted_unless_protected(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    project = place["project_id"]
    mode.run(client.projects.update(project, has_delete_protection=True))
    with pytest.raises(PermissionDeniedError, match="delete protection"):
        mode.run(client.projects.delete(project))
    mode.run(client.projects.update(project, has_delete_protection=False))
    assert mode.run(client.projects.delete(project)).id == project
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"DELETE {PROJECTS}/{project}", {}, None)
    with pytest.raises(NotFoundError):
        mode.run(client.projects.retrieve(project))


def test_what_cannot_be_a_project_is_refused(mode: Mode, client: Any) -> None:
    mode.run(client.projects.create("Demo", slug="demo-one"))
    with pytest.raises(BadRequestError, match="slug already exists"):
        mode.run(client.projects.create("Other", slug="demo-one"))
    with pytest.raises(UnprocessableEntityError, match=r"slug: .*valid slug"):
        mode.run(client.projects.create("Other", slug="No Slug"))
    with pytest.raises(NotFoundError):
        mode.run(client.projects.retrieve_by_slug("nothing"))


def test_an_environment_comes_and_goes(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    project = place["project_id"]
    base = f"{PROJECTS}/{project}/environments"
    made = mode.run(client.environments.create("QA", project_id=project, slug="qa"))
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"POST {base}", {}, {"name": "QA", "slug": "qa"})
    assert type(made) is Environment
    assert (made.name, made.slug, made.position, made.project_id) == ("QA", "qa", 4, project)
    assert type(made.created_at) is datetime

    assert mode.run(client.environments.retrieve(made.id, project_id=project)) == made
    assert last(sandbox).line == f"GET {base}/{made.id}"

    gone = mode.run(client.environments.delete(made.id, project_id=project))
    sent = last(sandbox)
    assert (sent.line, sent.query, sent.body) == (f"DELETE {base}/{made.id}", {}, None)
    assert gone.id == made.id
    with pytest.raises(NotFoundError):
        mode.run(client.environments.retrieve(made.id, project_id=project))


def test_an_environment_takes_a_position(mode: Mode, client: Any, place: Place, sandbox: Sandbox) -> None:
    project = place["project_id"]
    made = mode.run(client.environments.create("QA", project_id=project, slug="qa", position=1))
    assert last(sandbox).body == {"name": "QA", "slug": "qa", "position": 1}
    assert made.position == 1
    changed = mode.run(client.environments.update(made.id, project_id=project, position=3))
    sent = last(sandbox)
    assert sent.line == f"PATCH {PROJECTS}/{project}/environments/{made.id}"
    assert sent.body == {"position": 3}
    assert (changed.position, changed.name) == (3, "QA")
    changed = mode.run(client.environments.update(made.id, project_id=project, name="Quality", slug="quality"))
    assert last(sandbox).body == {"name": "Quality", "slug": "quality"}
    assert (changed.name, changed.slug, changed.position) == ("Quality", "quality", 3)


def test_a_taken_environment_is_refused(mode: Mode, client: Any, place: Place) -> None:
    with pytest.raises(BadRequestError, match="slug already exist"):
        mode.run(client.environments.create("Again", project_id=place["project_id"], slug="dev"))
