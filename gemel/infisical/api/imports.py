# mypy: disable-error-code="empty-body"
"""Secret imports: another folder's secrets brought into a folder."""

from __future__ import annotations

import builtins
from typing import Annotated

from gemel.infisical.models.imports import ImportSource, SecretImport
from gemel.kit.declare import Field, Query, delete, get, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

__all__ = ["SecretImports"]


class SecretImports(Resource[M], case="camel"):
    """Imports of a folder; `secret_path` is the folder that imports.

    https://infisical.com/docs/api-reference/endpoints/secret-imports/list
    """

    @get("api/v2/secret-imports", unwrap="secretImports")
    def list(
        self, *, project_id: str, environment: str, secret_path: Annotated[str, Query("path")] = "/"
    ) -> builtins.list[SecretImport]:
        """List the imports of a folder, in their order."""
        ...

    @post("api/v2/secret-imports", unwrap="secretImport")
    def create(
        self,
        source: Annotated[ImportSource, Field("import")],
        *,
        project_id: str,
        environment: str,
        secret_path: Annotated[str, Field("path")] = "/",
        is_replication: bool = False,
    ) -> SecretImport:
        """Import the secrets of `source` into a folder."""
        ...

    @delete("api/v2/secret-imports/{import_id}", unwrap="secretImport")
    def delete(
        self,
        import_id: str,
        *,
        project_id: Annotated[str, Field],
        environment: Annotated[str, Field],
        secret_path: Annotated[str, Field("path")] = "/",
    ) -> SecretImport:
        """Delete an import."""
        ...
