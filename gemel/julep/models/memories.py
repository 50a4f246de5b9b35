"""Memories of agents: the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gemel.julep.models.common import Record
from gemel.kit.types import ABSENT

__all__ = ["Memory"]


class Memory(Record):
    """Something that an agent remembers about a user."""

    id: str
    agent_id: str
    user_id: str
    content: str
    created_at: datetime
    entities: list[dict[str, Any]]
    last_accessed_at: datetime | None = ABSENT
    timestamp: datetime | None = ABSENT
    sentiment: float | None = ABSENT
