# mypy: disable-error-code="empty-body"
"""Projects and their environments."""

from __future__ import annotations

import builtins
from typing import Annotated

from gemel.infisical.models.projects import Environment, Project
from gemel.kit.declare import Field, delete, get, patch, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

__all__ = ["Environments", "Projects"]


class Projects(Resource[M], case="camel"):
    """Projects of an organization.

    https://infisical.com/docs/api-reference/endpoints/projects/create-project
    """

    @get("api/v1/projects", unwrap="projects")
    def list(self, *, include_roles: bool = False, type: str | Omit = OMIT) -> builtins.list[Project]:
        """List the projects that the credentials may see."""
        ...

    @get("api/v1/projects/{project_id}", unwrap="project")
    def retrieve(self, project_id: str) -> Project:
        """Retrieve one project by id."""
        ...

    @get("api/v1/projects/slug/{slug}")
    def retrieve_by_slug(self, slug: str) -> Project:
        """Retrieve one project by slug."""
        ...

    @post("api/v1/projects", unwrap="project")
    def create(
        self,
        name: Annotated[str, Field("projectName")],
        *,
        description: Annotated[str | Omit, Field("projectDescription")] = OMIT,
        slug: str | Omit = OMIT,
        type: str | Omit = OMIT,
        template: str | Omit = OMIT,
        kms_key_id: str | Omit = OMIT,
        should_create_default_envs: bool = True,
        has_delete_protection: bool | Omit = OMIT,
    ) -> Project:
        """Create a project; by default with the environments dev, staging and prod."""
        ...

    @patch("api/v1/projects/{project_id}", unwrap="project")
    def update(
        self,
        project_id: str,
        *,
        name: str | Omit = OMIT,
        description: str | Omit = OMIT,
        slug: str | Omit = OMIT,
        auto_capitalization: bool | Omit = OMIT,
        has_delete_protection: bool | Omit = OMIT,
        pit_version_limit: int | Omit = OMIT,
    ) -> Project:
        """Change a project; what is left out stays as it is."""
        ...

    @delete("api/v1/projects/{project_id}", unwrap="project")
    def delete(self, project_id: str) -> Project:
        """Delete a project with everything in it."""
        ...


class Environments(Resource[M], case="camel"):
    """Environments of a project.

    https://infisical.com/docs/api-reference/endpoints/environments/create
    """

    @get("api/v1/projects/{project_id}/environments/{environment_id}", unwrap="environment")
    def retrieve(self, environment_id: str, *, project_id: str) -> Environment:
        """Retrieve one environment by id."""
        ...

    @post("api/v1/projects/{project_id}/environments", unwrap="environment")
    def create(self, name: str, *, project_id: str, slug: str, position: int | Omit = OMIT) -> Environment:
        """Create an environment; `slug` is what secrets are addressed by, `position` counts from 1."""
        ...

    @patch("api/v1/projects/{project_id}/environments/{environment_id}", unwrap="environment")
    def update(
        self,
        environment_id: str,
        *,
        project_id: str,
        name: str | Omit = OMIT,
        slug: str | Omit = OMIT,
        position: int | Omit = OMIT,
    ) -> Environment:
        """Change an environment; what is left out stays as it is."""
        ...

    @delete("api/v1/projects/{project_id}/environments/{environment_id}", unwrap="environment")
    def delete(self, environment_id: str, *, project_id: str) -> Environment:
        """Delete an environment with everything in it."""
        ...
