"""Records of secret imports."""

from __future__ import annotations

from datetime import datetime

from gemel.infisical.models.projects import EnvironmentRef
from gemel.kit.models.model import Model

__all__ = ["ImportSource", "SecretImport"]


class ImportSource(Model, case="camel"):
    """The folder that secrets are imported from."""

    environment: str
    path: str


class SecretImport(Model, case="camel"):
    """An import of another folder's secrets into a folder."""

    id: str
    import_path: str
    import_env: EnvironmentRef
    position: int
    folder_id: str
    version: int | None = None
    is_replication: bool | None = None
    is_reserved: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
