# mypy: disable-error-code="empty-body"
"""Secrets of one project environment: the current generation (v4) and the legacy one (v3, raw)."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated, Literal

from gemel.infisical.errors import ApprovalRequiredError
from gemel.infisical.models.secrets import (
    NewSecret,
    Secret,
    SecretChange,
    SecretKey,
    SecretList,
    SecretMetadata,
)
from gemel.kit.declare import Field, Query, delete, get, patch, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, M, Omit

__all__ = ["RawSecrets", "Secrets"]

_APPROVAL = {"approval": ApprovalRequiredError}


class RawSecrets(Resource[M], case="camel"):
    """Secrets in the legacy generation; `project_id` is its workspaceId, and imports and references are off by default.

    https://infisical.com/docs/api-reference/endpoints/secrets/list
    """

    @get("api/v3/secrets/raw", deprecated=True)
    def list(
        self,
        *,
        project_id: Annotated[str, Query("workspaceId")],
        environment: str,
        secret_path: str = "/",
        view_secret_value: bool = True,
        expand_secret_references: bool = False,
        recursive: bool = False,
        include_imports: Annotated[bool, Query("include_imports")] = False,
        tag_slugs: Annotated[Sequence[str] | Omit, Query(join=",")] = OMIT,
        metadata_filter: str | Omit = OMIT,
    ) -> SecretList:
        """List the secrets of a folder, with `recursive` those of the folders below it too."""
        ...

    @get("api/v3/secrets/raw/{name}", unwrap="secret", deprecated=True)
    def retrieve(
        self,
        name: str,
        *,
        project_id: Annotated[str, Query("workspaceId")],
        environment: str,
        secret_path: str = "/",
        version: int | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        view_secret_value: bool = True,
        expand_secret_references: bool = False,
        include_imports: Annotated[bool, Query("include_imports")] = False,
    ) -> Secret:
        """Retrieve one secret by name."""
        ...

    @post("api/v3/secrets/raw/{name}", unwrap="secret", alternatives=_APPROVAL, deprecated=True)
    def create(
        self,
        name: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        secret_value: Annotated[str, SECRET],
        secret_path: str = "/",
        secret_comment: Annotated[str | Omit, SECRET] = OMIT,
        secret_metadata: Sequence[SecretMetadata] | Omit = OMIT,
        tag_ids: Sequence[str] | Omit = OMIT,
        skip_multiline_encoding: bool | None | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        secret_reminder_note: str | None | Omit = OMIT,
        secret_reminder_repeat_days: int | None | Omit = OMIT,
    ) -> Secret:
        """Create a secret; raises BadRequestError when the name is taken, ApprovalRequiredError under a policy."""
        ...

    @patch("api/v3/secrets/raw/{name}", unwrap="secret", alternatives=_APPROVAL, deprecated=True)
    def update(
        self,
        name: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        secret_value: Annotated[str | Omit, SECRET] = OMIT,
        secret_path: str = "/",
        new_secret_name: str | Omit = OMIT,
        secret_comment: Annotated[str | Omit, SECRET] = OMIT,
        secret_metadata: Sequence[SecretMetadata] | Omit = OMIT,
        tag_ids: Sequence[str] | Omit = OMIT,
        skip_multiline_encoding: bool | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        secret_reminder_note: str | None | Omit = OMIT,
        secret_reminder_repeat_days: int | None | Omit = OMIT,
    ) -> Secret:
        """Change a secret; what is left out stays as it is."""
        ...

    @post("api/v3/secrets/batch/raw", unwrap="secrets", alternatives=_APPROVAL, deprecated=True)
    def batch_create(
        self,
        secrets: Sequence[NewSecret],
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        secret_path: str = "/",
    ) -> builtins.list[Secret]:
        """Create several secrets in one folder: all or none."""
        ...

    @patch("api/v3/secrets/batch/raw", unwrap="secrets", alternatives=_APPROVAL, deprecated=True)
    def batch_update(
        self,
        secrets: Sequence[SecretChange],
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: str,
        secret_path: str = "/",
        mode: Literal["failOnNotFound", "upsert", "ignore"] = "failOnNotFound",
    ) -> builtins.list[Secret]:
        """Change several secrets; `mode` says what becomes of names that do not exist."""
        ...

    @delete("api/v3/secrets/batch/raw", unwrap="secrets", alternatives=_APPROVAL, deprecated=True)
    def batch_delete(
        self,
        secrets: Annotated[Sequence[SecretKey], Field],
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field] = "/",
    ) -> builtins.list[Secret]:
        """Delete several secrets and return what they were."""
        ...

    @delete("api/v3/secrets/raw/{name}", unwrap="secret", alternatives=_APPROVAL, deprecated=True)
    def delete(
        self,
        name: str,
        *,
        project_id: Annotated[str, Field("workspaceId")],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field] = "/",
        type: Annotated[Literal["shared", "personal"], Field] = "shared",
    ) -> Secret:
        """Delete a secret and return what it was."""
        ...


class Secrets(Resource[M], case="camel"):
    """Secrets of one project environment.

    https://infisical.com/docs/api-reference/endpoints/secrets/list
    """

    v3: RawSecrets[M]

    @get("api/v4/secrets")
    def list(
        self,
        *,
        project_id: str,
        environment: str,
        secret_path: str = "/",
        view_secret_value: bool = True,
        expand_secret_references: bool = True,
        recursive: bool = False,
        include_personal_overrides: bool = False,
        include_imports: Annotated[bool, Query("includeImports", also="include_imports")] = True,
        tag_slugs: Annotated[Sequence[str] | Omit, Query(join=",")] = OMIT,
        metadata_filter: str | Omit = OMIT,
    ) -> SecretList:
        """List the secrets of a folder, with `recursive` those of the folders below it too."""
        ...

    @get("api/v4/secrets/{name}", unwrap="secret")
    def retrieve(
        self,
        name: str,
        *,
        project_id: str,
        environment: str,
        secret_path: str = "/",
        version: int | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        view_secret_value: bool = True,
        expand_secret_references: bool = True,
        include_imports: Annotated[bool, Query("includeImports", also="include_imports")] = True,
    ) -> Secret:
        """Retrieve one secret by name; imports are looked through when the folder itself lacks it."""
        ...

    @post("api/v4/secrets/{name}", unwrap="secret", alternatives=_APPROVAL)
    def create(
        self,
        name: str,
        *,
        project_id: str,
        environment: str,
        secret_value: Annotated[str, SECRET],
        secret_path: str = "/",
        secret_comment: Annotated[str | Omit, SECRET] = OMIT,
        secret_metadata: Sequence[SecretMetadata] | Omit = OMIT,
        tag_ids: Sequence[str] | Omit = OMIT,
        skip_multiline_encoding: bool | None | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        secret_reminder_note: str | None | Omit = OMIT,
        secret_reminder_repeat_days: int | None | Omit = OMIT,
    ) -> Secret:
        """Create a secret; raises BadRequestError when the name is taken, ApprovalRequiredError under a policy."""
        ...

    @patch("api/v4/secrets/{name}", unwrap="secret", alternatives=_APPROVAL)
    def update(
        self,
        name: str,
        *,
        project_id: str,
        environment: str,
        secret_value: Annotated[str | Omit, SECRET] = OMIT,
        secret_path: str = "/",
        new_secret_name: str | Omit = OMIT,
        secret_comment: Annotated[str | Omit, SECRET] = OMIT,
        secret_metadata: Sequence[SecretMetadata] | Omit = OMIT,
        tag_ids: Sequence[str] | Omit = OMIT,
        skip_multiline_encoding: bool | Omit = OMIT,
        type: Literal["shared", "personal"] = "shared",
        secret_reminder_note: str | None | Omit = OMIT,
        secret_reminder_repeat_days: int | None | Omit = OMIT,
    ) -> Secret:
        """Change a secret; what is left out stays as it is."""
        ...

    @post("api/v4/secrets/batch", unwrap="secrets", alternatives=_APPROVAL)
    def batch_create(
        self, secrets: Sequence[NewSecret], *, project_id: str, environment: str, secret_path: str = "/"
    ) -> builtins.list[Secret]:
        """Create several secrets in one folder: all or none."""
        ...

    @patch("api/v4/secrets/batch", unwrap="secrets", alternatives=_APPROVAL)
    def batch_update(
        self,
        secrets: Sequence[SecretChange],
        *,
        project_id: str,
        environment: str,
        secret_path: str = "/",
        mode: Literal["failOnNotFound", "upsert", "ignore"] = "failOnNotFound",
    ) -> builtins.list[Secret]:
        """Change several secrets; `mode` says what becomes of names that do not exist."""
        ...

    @delete("api/v4/secrets/batch", unwrap="secrets", alternatives=_APPROVAL)
    def batch_delete(
        self,
        secrets: Annotated[Sequence[SecretKey], Field],
        *,
        project_id: Annotated[str, Field],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field] = "/",
    ) -> builtins.list[Secret]:
        """Delete several secrets and return what they were."""
        ...

    @delete("api/v4/secrets/{name}", unwrap="secret", alternatives=_APPROVAL)
    def delete(
        self,
        name: str,
        *,
        project_id: Annotated[str, Field],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field] = "/",
        type: Annotated[Literal["shared", "personal"], Field] = "shared",
    ) -> Secret:
        """Delete a secret and return what it was."""
        ...
