"""The common parts of all records: ids, replies to writes, and keeping unknown fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

from gemel.julep.errors import InvalidIdError
from gemel.kit.declare import Query
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.model import Model
from gemel.kit.types import Predicate

__all__ = [
    "DEFAULT_MODEL",
    "Id",
    "Instructions",
    "Limit",
    "Metadata",
    "PageSize",
    "Record",
    "ResourceCreatedResponse",
    "ResourceDeletedResponse",
    "ResourceUpdatedResponse",
    "completed",
    "is_uuid4",
    "with_jobs",
]

T = TypeVar("T", bound="Record")

DEFAULT_MODEL = "julep-ai/samantha-1-turbo"
"""The model of calls that name none."""


def is_uuid4(value: str | UUID) -> bool:
    """Say whether a value is a UUID of version 4, as an object or in its usual text (RFC 9562, section 5.4)."""
    try:
        parsed = value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        return False
    return parsed.version == 4 and (isinstance(value, UUID) or str(parsed) == value.lower())


Id: TypeAlias = Annotated[str | UUID, Predicate("a UUID of version 4", is_uuid4, InvalidIdError)]
"""The id of a record; the server makes UUIDs of version 4 and knows no other."""

Limit: TypeAlias = Annotated[int, Predicate("0 or more", lambda value: value >= 0)]
"""How many records to return, or to skip."""

PageSize: TypeAlias = Annotated[int, Query("limit"), Predicate("1 or more", lambda value: value >= 1)]
"""How many records to ask for on each page."""

Metadata: TypeAlias = dict[str, Any]
"""A JSON object that users attach to a record."""

Instructions: TypeAlias = str | list[str]
"""The instructions of an agent; the server returns a list."""


class Record(Model, unknown="keep"):
    """A record of the API; fields that this version does not know are kept in `.extras` and sent back."""

    @property
    def jobs(self) -> list[str] | None:
        """The ids of the jobs that a write has started, for `client.jobs`; None when the reply names none."""
        return self.extras.get("jobs")


class ResourceCreatedResponse(Record):
    """The reply to the creation of a record."""

    id: str
    created_at: datetime


class ResourceUpdatedResponse(Record):
    """The reply to the change of a record."""

    id: str
    updated_at: datetime


class ResourceDeletedResponse(Record):
    """The reply to the deletion of a record."""

    id: str
    deleted_at: datetime


def completed(model: type[T], sent: Mapping[str, Any], said: Record) -> T:
    """Put a record together from what was sent and, over it, the reply."""
    known = set(model.__struct_encode_fields__)
    whole = {name: value for name, value in sent.items() if name in known} | said.to_dict()
    return model.from_json(json_bytes(whole))


def with_jobs(record: T, said: Record) -> T:
    """Return a record fetched after a write, with the jobs that the reply to the write named."""
    return type(record).from_json(json_bytes(record.to_dict() | {"jobs": said.jobs})) if said.jobs else record
