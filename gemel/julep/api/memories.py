# mypy: disable-error-code="empty-body"
"""The endpoints of memories."""

from __future__ import annotations

import builtins

from gemel.julep.models.common import Id, Limit
from gemel.julep.models.memories import Memory
from gemel.kit.declare import get
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

__all__ = ["Memories"]


class Memories(Resource[M]):
    """Memories of agents.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("agents/{agent_id}/memories", unwrap="items")
    def get_agent_memories(
        self,
        agent_id: Id,
        *,
        query: str,
        user_id: Id | None = None,
        limit: Limit | None = None,
        offset: Limit | None = None,
    ) -> builtins.list[Memory]:
        """List memories of an agent; raises NotFoundError with servers of this generation, which lack the endpoint."""
        ...
