# mypy: disable-error-code="empty-body"
"""The endpoints of tools."""

from __future__ import annotations

import builtins
from typing import Annotated

from gemel.julep.models.common import Id, Limit, PageSize, ResourceCreatedResponse, ResourceUpdatedResponse
from gemel.julep.models.tools import FunctionDefDict, PartialFunctionDefDict, Tool, ToolDict
from gemel.kit.declare import Body, Offset, Page, delete, get, patch, post, put
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

__all__ = ["Tools"]


class Tools(Resource[M]):
    """Tools of agents.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @post("agents/{agent_id}/tools")
    def create_agent_tool(self, agent_id: Id, *, request: Annotated[ToolDict, Body]) -> ResourceCreatedResponse:
        """Create a tool of an agent; a server of this generation fails if it has no description."""
        ...

    @put("agents/{agent_id}/tools/{tool_id}")
    def update_agent_tool(self, agent_id: Id, tool_id: Id, *, function: FunctionDefDict) -> ResourceUpdatedResponse:
        """Replace the function of a tool, or make one with this id; without a description it gets an empty one."""
        ...

    @patch("agents/{agent_id}/tools/{tool_id}")
    def patch_agent_tool(
        self, agent_id: Id, tool_id: Id, *, function: PartialFunctionDefDict
    ) -> ResourceUpdatedResponse:
        """Change the function of a tool; a server of this generation fails unless all three members are given."""
        ...

    @get("agents/{agent_id}/tools", unwrap="items", paging=Offset())
    def iterate(self, *, agent_id: Id, page_size: PageSize = 100) -> Page[Tool]:
        """Iterate all tools of an agent in pages, in no order that means anything."""
        ...

    @delete("agents/{agent_id}/tools/{tool_id}")
    def delete(self, *, agent_id: Id, tool_id: Id) -> None:
        """Delete a tool of an agent; raises NotFoundError when it has no such tool."""
        ...

    @get("agents/{agent_id}/tools", unwrap="items")
    def get(self, *, agent_id: Id, limit: Limit | None = None, offset: Limit | None = None) -> builtins.list[Tool]:
        """Return the tools of an agent, 100 unless `limit` says otherwise; this server gives one for 0."""
        ...
