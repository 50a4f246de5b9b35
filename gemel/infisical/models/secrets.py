"""Records of secrets: those that the API returns, and those that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from gemel.kit.errors import GemelError
from gemel.kit.models.model import Model, field
from gemel.kit.types import OMIT, SECRET, Omit

__all__ = [
    "HIDDEN",
    "MergeError",
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


HIDDEN = "<hidden-by-infisical>"
"""What a server shows in the place of a value that it hides."""


class MergeError(GemelError, ValueError):
    """The secrets of a list cannot stand in one dict by key: some would be lost, or have no value.

    Attributes:
        keys: The keys of these secrets.
    """

    def __init__(self, message: str, *, keys: list[str]) -> None:
        self.keys: list[str] = keys
        super().__init__(message)


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
    """The user or identity that made a version of a secret."""

    actor_id: str | None = None
    actor_type: str | None = None
    name: str | None = None
    membership_id: str | None = None
    group_id: str | None = None


class Secret(Model, case="camel"):
    """One secret; its value is masked in every repr and message.

    Attributes:
        secret_value: "<hidden-by-infisical>" when `secret_value_hidden`; that is no value, and no client sends it.
        workspace: The project's id.
        type: "shared" or "personal".
        created_at: When it was created; None in imports and from older servers.
        updated_at: When it was last changed; None likewise.
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
    """The secrets of a folder and those of its imports; iterating yields the folder's own."""

    secrets: list[Secret]
    imports: list[SecretImportBlock] = field(default_factory=list[SecretImportBlock])

    def __iter__(self) -> Iterator[Secret]:
        return iter(self.secrets)

    def __len__(self) -> int:
        return len(self.secrets)

    def merged(self) -> dict[str, Secret]:
        """Return all secrets by key: the folder's own win, a personal one before the shared one, then later imports.

        Raises:
            MergeError: A key is in several folders, as a recursive list may have it, or values are hidden.
        """
        own = _by_key(self.secrets)
        _refuse_several(own, self.imports)
        imported = {secret.secret_key: secret for block in self.imports for secret in block.secrets}
        return _shown(imported | {key: secrets[-1] for key, secrets in own.items()})

    def by_path(self) -> dict[str, dict[str, Secret]]:
        """Return the secrets of a recursive list by folder, then by key; without what imports bring.

        Raises:
            MergeError: Values are hidden.
        """
        folders: dict[str, list[Secret]] = {}
        for secret in self.secrets:
            folders.setdefault(secret.secret_path or "/", []).append(secret)
        return {
            path: _shown({key: rows[-1] for key, rows in _by_key(secrets).items()}) for path, secrets in folders.items()
        }


def _by_key(secrets: Iterable[Secret]) -> dict[str, list[Secret]]:
    """Return the secrets of each key, the personal ones last: they stand for the shared ones."""
    found: dict[str, list[Secret]] = {}
    for secret in sorted(secrets, key=lambda secret: secret.type == "personal"):
        found.setdefault(secret.secret_key, []).append(secret)
    return found


def _refuse_several(own: dict[str, list[Secret]], imports: list[SecretImportBlock]) -> None:
    """Raise MergeError for a key that is in several folders; which of them imports, the reply does not tell."""
    places = {key: {secret.secret_path or "/" for secret in secrets} for key, secrets in own.items()}
    if len(set[str]().union(*places.values())) > 1:
        for block in imports:
            for secret in block.secrets:
                places.setdefault(secret.secret_key, set()).add(f"the import of {block.environment}{block.secret_path}")
    several = {key: sorted(found) for key, found in places.items() if len(found) > 1}
    if several:
        key, found = next(iter(several.items()))
        others = len(several) - 1
        more = f", and {others} more {'key is' if others == 1 else 'keys are'} in several folders" if others else ""
        raise MergeError(
            f"merged(): {key} is in {' and in '.join(found)}{more}: one of them would be lost; "
            "write by_path()[folder][key], or list one folder at a time, without recursive=True",
            keys=list(several),
        )


def _shown(secrets: dict[str, Secret]) -> dict[str, Secret]:
    """Return secrets that all have a value; raises MergeError."""
    hidden = [key for key, secret in secrets.items() if secret.secret_value_hidden or secret.secret_value == HIDDEN]
    if hidden:
        raise MergeError(
            f"{', '.join(hidden[:5])}{', ...' if len(hidden) > 5 else ''}: the server has hidden the values; list with "
            "view_secret_value=True, which takes the permission to read values, or iterate the list for its names",
            keys=hidden,
        )
    return secrets


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
