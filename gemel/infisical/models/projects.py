"""Records of projects and their environments."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from gemel.kit.models.model import Model, field

__all__ = ["Environment", "EnvironmentRef", "InEnvironment", "Project"]


class InEnvironment(TypedDict):
    """The arguments that say which environment of which project a call is about, once for many calls.

    `prod: InEnvironment = {"project_id": "...", "environment": "prod"}`, then `client.secrets.list(**prod)`: checkers
    see the same arguments as if they were written out.

    Attributes:
        project_id: The id of the project.
        environment: The slug of the environment.
    """

    project_id: str
    environment: str


class EnvironmentRef(Model, case="camel"):
    """A reference to an environment, in a project or an import."""

    id: str
    name: str
    slug: str


class Environment(Model, case="camel"):
    """An environment of a project."""

    id: str
    name: str
    slug: str
    position: int
    project_id: str
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Project(Model, case="camel"):
    """A project; `environments` is empty where the API leaves them out (update, delete)."""

    id: str
    name: str
    slug: str
    org_id: str
    type: str
    description: str | None = None
    auto_capitalization: bool | None = None
    has_delete_protection: bool | None = None
    pit_version_limit: int | None = None
    audit_logs_retention_days: int | None = None
    environments: list[EnvironmentRef] = field(default_factory=list[EnvironmentRef])
    created_at: datetime | None = None
    updated_at: datetime | None = None
