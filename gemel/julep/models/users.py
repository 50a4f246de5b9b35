"""Users: the record, and what creating and updating one takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from gemel.julep.models.common import Metadata, Record
from gemel.julep.models.docs import DocDict
from gemel.kit.types import ABSENT

__all__ = ["User", "UserCreateArgs", "UserUpdateArgs"]


class User(Record):
    """Somebody who talks to agents."""

    id: str
    name: str | None = ABSENT
    about: str | None = ABSENT
    metadata: Metadata | None = ABSENT
    created_at: datetime | None = ABSENT
    updated_at: datetime | None = ABSENT


class _UserNames(TypedDict):
    name: str
    about: str


class UserCreateArgs(_UserNames, total=False):
    """The arguments of `users.create`; name and about are required.

    Attributes:
        docs: Made together with the user.
        reread: Whether to read the user again after it is made.
    """

    docs: list[DocDict]
    metadata: dict[str, Any]
    reread: bool


class UserUpdateArgs(TypedDict, total=False):
    """The arguments of `users.update`; what is left out stays as it is, unless `overwrite`."""

    name: str | None
    about: str | None
    metadata: dict[str, Any] | None
    overwrite: bool
