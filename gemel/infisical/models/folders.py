"""Records of folders."""

from __future__ import annotations

from datetime import datetime

from gemel.kit.models.model import Model
from gemel.kit.types import OMIT, Omit

__all__ = ["Folder", "FolderChange", "FolderDetails", "FolderEnvironment"]


class Folder(Model, case="camel"):
    """A folder of an environment.

    Attributes:
        path: The path of the folder itself, None when the server does not say it.
        relative_path: The path below the listed folder, in recursive lists only.
    """

    id: str
    name: str
    env_id: str
    version: int | None = None
    parent_id: str | None = None
    description: str | None = None
    is_reserved: bool | None = None
    path: str | None = None
    relative_path: str | None = None
    last_secret_modified: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class FolderEnvironment(Model, case="camel"):
    """The environment that a folder is in."""

    env_id: str
    env_name: str
    env_slug: str


class FolderDetails(Folder, case="camel"):
    """A folder read by id: with its environment and project."""

    environment: FolderEnvironment
    project_id: str


class FolderChange(Model, case="camel"):
    """One folder of a batch update."""

    id: str
    environment: str
    name: str
    path: str | Omit = OMIT
    description: str | None | Omit = OMIT
