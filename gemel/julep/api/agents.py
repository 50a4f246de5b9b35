# mypy: disable-error-code="empty-body"
"""Endpoints of agents."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

from gemel.julep.models.agents import Agent, AgentDefaultSettings, DefaultSettingsDict
from gemel.julep.models.common import Id, Limit, PageSize, ResourceCreatedResponse, ResourceUpdatedResponse
from gemel.julep.models.docs import DocDict
from gemel.julep.models.tools import ToolDict
from gemel.kit.declare import Offset, Page, Query, delete, get, patch, post, put
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

__all__ = ["Agents"]


class Agents(Resource[M]):
    """Agents.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("agents", unwrap="items")
    def list(
        self,
        *,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {},
    ) -> builtins.list[Agent]:
        """List agents whose metadata has these values, newest first; 100 unless `limit` says otherwise."""
        ...

    @get("agents", unwrap="items", paging=Offset())
    def iterate(
        self, *, page_size: PageSize = 100, metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {}
    ) -> Page[Agent]:
        """Iterate over all agents whose metadata has these values, newest first, in pages."""
        ...

    @post("agents")
    def create_agent(
        self,
        *,
        name: str,
        about: str | None | Omit = OMIT,
        tools: builtins.list[ToolDict] | Omit = OMIT,
        default_settings: DefaultSettingsDict | AgentDefaultSettings | None | Omit = OMIT,
        model: str | Omit = OMIT,
        docs: builtins.list[DocDict] | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
        instructions: str | builtins.list[str] | None | Omit = OMIT,
    ) -> ResourceCreatedResponse:
        """Create an agent; the reply holds its id and the time."""
        ...

    @put("agents/{agent_id}")
    def update_agent(
        self,
        agent_id: Id,
        *,
        name: str,
        about: str,
        model: str | None | Omit = OMIT,
        default_settings: DefaultSettingsDict | AgentDefaultSettings | None | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
        instructions: str | builtins.list[str] | None | Omit = OMIT,
    ) -> ResourceUpdatedResponse:
        """Replace an agent; what is left out gets the server's defaults."""
        ...

    @patch("agents/{agent_id}")
    def patch_agent(
        self,
        agent_id: Id,
        *,
        name: str | None | Omit = OMIT,
        about: str | None | Omit = OMIT,
        model: str | None | Omit = OMIT,
        default_settings: DefaultSettingsDict | AgentDefaultSettings | None | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
        instructions: str | builtins.list[str] | None | Omit = OMIT,
    ) -> ResourceUpdatedResponse:
        """Change an agent; metadata is merged, but model and default settings that are left out are reset."""
        ...

    @delete("agents/{agent_id}")
    def delete(self, agent_id: Id) -> None:
        """Delete an agent; raises NotFoundError when there is none."""
        ...

    @get("agents/{id}")
    def get(self, id: Id) -> Agent:
        """Retrieve one agent by id."""
        ...
