"""The manager of tools."""

from __future__ import annotations

from typing import Any, cast

from gemel.julep.api.tools import Tools
from gemel.julep.managers.unknown import known_parts
from gemel.julep.models.common import Id, ResourceCreatedResponse, ResourceUpdatedResponse
from gemel.julep.models.tools import FunctionDef, FunctionDefDict, PartialFunctionDefDict, ToolDict
from gemel.kit.calls.flows import flow, perform
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

__all__ = ["AsyncToolsManager", "BaseToolsManager", "ToolsManager", "described_tool"]


class BaseToolsManager(Tools[M]):
    """Tools of either client; `get` lists those of an agent."""

    @flow
    def create(self, *, agent_id: Id, tool: ToolDict) -> Flow[ResourceCreatedResponse]:
        """Give an agent a tool, and return what the server says of it."""
        known = known_parts(f"{type(self).__name__}.create", "tool", tool, ToolDict)
        return (yield from perform(self.create_agent_tool, agent_id, request=described_tool(known)))

    @flow
    def update(
        self,
        *,
        agent_id: Id,
        tool_id: Id,
        function: FunctionDefDict | PartialFunctionDefDict,
        overwrite: bool = False,
    ) -> Flow[ResourceUpdatedResponse]:
        """Change the function of a tool, or replace it with `overwrite`, which needs name and parameters.

        A tool that there is not is a NotFoundError, and with `overwrite` made with this id.

        A server of this generation cannot change a part of a function: the rest is read first and sent with it.
        """
        given: dict[str, Any] = known_parts(f"{type(self).__name__}.update", "function", function, FunctionDefDict)
        if overwrite:
            sent = cast("FunctionDefDict", _described(given))
            return (yield from perform(self.update_agent_tool, agent_id, tool_id, function=sent))
        if not given.keys() >= {"name", "parameters", "description"}:
            given = (yield from self._present(agent_id, tool_id)) | given
        change = cast("PartialFunctionDefDict", _described(given))
        return (yield from perform(self.patch_agent_tool, agent_id, tool_id, function=change))

    def _present(self, agent_id: Any, tool_id: Any) -> Flow[dict[str, Any]]:
        """Return the present function of a tool, bypassing the client's cache."""
        tools = yield from self.iterate.options(cache=False).gathered(agent_id=agent_id)
        found = [tool.function for tool in tools if tool.id == str(tool_id).lower()]
        # Without such a tool the server answers a whole function with 404, and fails at a part of one.
        function = found[0] if found else FunctionDef(name="", parameters={})
        return {"name": function.name, "parameters": function.parameters, "description": function.description}


class ToolsManager(BaseToolsManager[Sync]):
    """Tools of the blocking client."""


class AsyncToolsManager(BaseToolsManager[Async]):
    """Tools of the async client."""


def described_tool(tool: ToolDict) -> ToolDict:
    """Return a tool whose function has a description, since a server of this generation fails without one."""
    function = cast("FunctionDefDict", _described({**tool["function"]}))
    return {**tool, "function": function}


def _described(function: dict[str, Any]) -> dict[str, Any]:
    return function if function.get("description") is not None else function | {"description": ""}
