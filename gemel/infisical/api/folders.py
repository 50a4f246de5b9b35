# mypy: disable-error-code="empty-body"
"""Folders of one project environment: the current generation (v2) and the legacy one (v1)."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated

from gemel.infisical.models.folders import Folder, FolderChange, FolderDetails
from gemel.kit.declare import Field, Query, delete, get, patch, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

__all__ = ["Folders", "FoldersV1"]


class FoldersV1(Resource[M], case="camel"):
    """Folders in the legacy generation; `project_id` is its workspaceId.

    https://infisical.com/docs/api-reference/endpoints/folders/list
    """

    @get("api/v1/folders", unwrap="folders", deprecated=True)
    def list(
        self,
        *,
        project_id: Annotated[str, Query("workspaceId")],
        environment: str,
        secret_path: Annotated[str, Query("path")] = "/",
        recursive: bool = False,
    ) -> builtins.list[Folder]:
        """List the folders in a folder."""
        ...

    @get("api/v1/folders/{folder_id}", unwrap="folder", deprecated=True)
    def retrieve(self, folder_id: str) -> FolderDetails:
        """Retrieve one folder by id."""
        ...

    @post("api/v1/folders", unwrap="folder", deprecated=True)
    def create(
        self,
        name: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        secret_path: Annotated[str, Field("path")] = "/",
        description: str | None | Omit = OMIT,
    ) -> Folder:
        """Create a folder in the folder `secret_path`."""
        ...

    @patch("api/v1/folders/{folder_id}", unwrap="folder", deprecated=True)
    def update(
        self,
        folder_id: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        name: str,
        secret_path: Annotated[str, Field("path")] = "/",
        description: str | None | Omit = OMIT,
    ) -> Folder:
        """Rename or describe a folder."""
        ...

    @delete("api/v1/folders/{folder_id}", unwrap="folder", deprecated=True)
    def delete(
        self,
        folder_id: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field("path")] = "/",
        force_delete: Annotated[bool | Omit, Field] = OMIT,
    ) -> Folder:
        """Delete a folder by id or name."""
        ...


class Folders(Resource[M], case="camel"):
    """Folders of one project environment; `secret_path` is the folder they are in.

    https://infisical.com/docs/api-reference/endpoints/folders/list
    """

    v1: FoldersV1[M]

    @get("api/v2/folders", unwrap="folders")
    def list(
        self,
        *,
        project_id: str,
        environment: str,
        secret_path: Annotated[str, Query("path")] = "/",
        recursive: bool = False,
    ) -> builtins.list[Folder]:
        """List the folders in a folder."""
        ...

    @get("api/v2/folders/{folder_id}", unwrap="folder")
    def retrieve(self, folder_id: str) -> FolderDetails:
        """Retrieve one folder by id."""
        ...

    @post("api/v2/folders", unwrap="folder")
    def create(
        self,
        name: str,
        *,
        project_id: str,
        environment: str,
        secret_path: Annotated[str, Field("path")] = "/",
        description: str | None | Omit = OMIT,
    ) -> Folder:
        """Create a folder in the folder `secret_path`."""
        ...

    @patch("api/v2/folders/{folder_id}", unwrap="folder")
    def update(
        self,
        folder_id: str,
        *,
        project_id: str,
        environment: str,
        name: str,
        secret_path: Annotated[str, Field("path")] = "/",
        description: str | None | Omit = OMIT,
    ) -> Folder:
        """Rename or describe a folder."""
        ...

    @delete("api/v2/folders/{folder_id}", unwrap="folder")
    def delete(
        self,
        folder_id: str,
        *,
        project_id: Annotated[str, Field],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field("path")] = "/",
        force_delete: Annotated[bool | Omit, Field] = OMIT,
    ) -> Folder:
        """Delete a folder by id or name."""
        ...

    @patch("api/v2/folders/batch", unwrap="folders")
    def batch_update(self, folders: Sequence[FolderChange], *, project_id: str) -> builtins.list[Folder]:
        """Rename or describe several folders."""
        ...
