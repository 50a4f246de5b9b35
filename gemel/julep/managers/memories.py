"""The manager of memories."""

from __future__ import annotations

import builtins

from gemel.julep.api.memories import Memories
from gemel.julep.models.common import Id, Limit
from gemel.julep.models.memories import Memory
from gemel.kit.calls.flows import flow, perform
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

__all__ = ["AsyncMemoriesManager", "BaseMemoriesManager", "MemoriesManager"]


class BaseMemoriesManager(Memories[M]):
    """Memories of either client."""

    @flow
    def list(
        self,
        *,
        agent_id: Id,
        query: str,
        types: str | builtins.list[str] | None = None,
        user_id: Id | None = None,
        limit: Limit | None = None,
        offset: Limit | None = None,
    ) -> Flow[builtins.list[Memory]]:
        """List the memories of an agent that fit a query.

        Args:
            agent_id: The agent.
            query: The text to search for.
            types: Ignored; the API has had one kind of memory since 0.3.
            user_id: The user whom the memories are about, None for any.
            limit: The most items to return.
            offset: How many items to skip.

        Raises:
            NotFoundError: The server is of this generation, which describes memories but does not serve them.
        """
        ask = self.get_agent_memories
        return (yield from perform(ask, agent_id, query=query, user_id=user_id, limit=limit, offset=offset))


class MemoriesManager(BaseMemoriesManager[Sync]):
    """Memories of the blocking client."""


class AsyncMemoriesManager(BaseMemoriesManager[Async]):
    """Memories of the async client."""
