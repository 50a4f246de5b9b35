"""Records of secrets: what the API gives back and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from gemel.kit.models.model import Model, field
from gemel.kit.types import OMIT, SECRET, Omit

__all__ = [
    "NewSecret",
    "Secret",
    "SecretActor",
    "SecretApproval",
    "SecretChange",
    "SecretImportBlock",
    "SecretKey",
    "SecretList",
    "SecretMetadata",
    "SecretTagRef",
]


class SecretMetadata(Model, case="camel"):
    """A key and value attached to a secret; the key has at most 255 characters, the value 1020."""

    key: str
    value: str = ""
    is_encrypted: bool = False


class SecretTagRef(Model, case="camel"):
    """A tag of a secret."""

    id: str
    slug: str
    name: str = ""
    color: str | None = None


class SecretActor(Model, case="camel"):
    """Who made a version of a secret."""

    actor_id: str | None = None
    actor_type: str | None = None
    name: str | None = None
    membership_id: str | None = None
    group_id: str | None = None


class Secret(Model, case="camel"):
    """One secret; its value is masked in every text.

    Attributes:
        secret_value: "<hidden-by-infisical>" when `secret_value_hidden`.
        workspace: The project's id.
        type: "shared" or "personal".
        created_at, updated_at: None in imports and from older servers.
    """

    id: str
    workspace: str
    environment: str
    version: int
    type: str
    secret_key: str
    secret_value: Annotated[str, SECRET]
    secret_comment: Annotated[str, SECRET] = ""
    secret_path: str | None = None
    secret_value_hidden: bool = False
    secret_metadata: list[SecretMetadata] | None = None
    tags: list[SecretTagRef] | None = None
    actor: SecretActor | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    skip_multiline_encoding: bool | None = None
    is_rotated_secret: bool = False
    rotation_id: str | None = None
    secret_reminder_note: str | None = None
    secret_reminder_repeat_days: int | None = None


class SecretImportBlock(Model, case="camel"):
    """The secrets that one import brings into a folder."""

    secret_path: str
    environment: str
    secrets: list[Secret]
    folder_id: str | None = None


class SecretList(Model, case="camel"):
    """The secrets of a folder, and those that its imports bring; iterating gives the folder's own."""

    secrets: list[Secret]
    imports: list[SecretImportBlock] = field(default_factory=list[SecretImportBlock])

    def __iter__(self) -> Iterator[Secret]:
        return iter(self.secrets)

    def __len__(self) -> int:
        return len(self.secrets)

    def merged(self) -> dict[str, Secret]:
        """Return all secrets by key: the folder's own win, and among imports the later one wins."""
        blocks = [block.secrets for block in self.imports]
        return {secret.secret_key: secret for group in [*blocks, self.secrets] for secret in group}


class SecretApproval(Model, case="camel"):
    """The approval request that a change policy opened in the place of a write."""

    id: str
    slug: str
    status: str = "open"
    policy_id: str | None = None
    folder_id: str | None = None
    has_merged: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class NewSecret(Model, case="camel"):
    """One secret of a batch to create."""

    secret_key: str
    secret_value: Annotated[str, SECRET]
    secret_comment: Annotated[str | Omit, SECRET] = OMIT
    secret_metadata: list[SecretMetadata] | Omit = OMIT
    tag_ids: list[str] | Omit = OMIT
    skip_multiline_encoding: bool | None | Omit = OMIT


class SecretChange(Model, case="camel"):
    """One secret of a batch to update; what is left out stays as it is."""

    secret_key: str
    secret_value: Annotated[str | Omit, SECRET] = OMIT
    secret_comment: Annotated[str | Omit, SECRET] = OMIT
    secret_path: str | Omit = OMIT
    new_secret_name: str | Omit = OMIT
    secret_metadata: list[SecretMetadata] | Omit = OMIT
    tag_ids: list[str] | Omit = OMIT
    skip_multiline_encoding: bool | Omit = OMIT
    secret_reminder_note: str | None | Omit = OMIT
    secret_reminder_repeat_days: int | None | Omit = OMIT


class SecretKey(Model, case="camel"):
    """One secret of a batch to delete."""

    secret_key: str
    type: str | Omit = OMIT
