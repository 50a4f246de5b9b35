"""Docs: the record, and the arguments of creating one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import NotRequired, TypedDict

from gemel.julep.models.common import Id, Metadata, Record
from gemel.kit.models.typed_dicts import open_keys
from gemel.kit.types import ABSENT

__all__ = ["Doc", "DocDict", "DocsCreateArgs"]


class Doc(Record):
    """A text that an agent or a user brings into chats.

    Attributes:
        content: What was sent; in a list one part of it, each part being an item with the same id.
        agent_id, user_id: Whose it is, as the call said.
    """

    id: str
    title: str
    content: str | list[str]
    created_at: datetime
    metadata: Metadata | None = ABSENT
    agent_id: str | None = ABSENT
    user_id: str | None = ABSENT


@open_keys
class DocDict(TypedDict):
    """A doc as it is sent; each text of a list becomes a part that is recalled by itself."""

    title: str
    content: str | list[str]
    metadata: NotRequired[dict[str, Any]]


class _DocArg(TypedDict):
    doc: DocDict


class DocsCreateArgs(_DocArg, total=False):
    """The arguments of `docs.create`: the doc, and the agent or user who owns it.

    Attributes:
        metadata: Further metadata of the doc; of a key in both, the doc's own value counts.
        reread: Whether to fetch the doc again after it is created.
    """

    agent_id: Id | None
    user_id: Id | None
    metadata: dict[str, Any]
    reread: bool
