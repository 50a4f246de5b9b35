"""The manager of agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Unpack

from gemel.julep.api.agents import Agents
from gemel.julep.errors import ExclusiveArgumentsError
from gemel.julep.managers.tools import described_tool
from gemel.julep.managers.unknown import known_parts
from gemel.julep.models.agents import Agent, AgentCreateArgs, AgentUpdateArgs, DefaultSettingsDict
from gemel.julep.models.common import DEFAULT_MODEL, Id, completed, with_jobs
from gemel.julep.models.docs import DocDict
from gemel.julep.models.tools import FunctionDefDict, ToolDict
from gemel.kit.calls.flows import flow, perform
from gemel.kit.flow.effects import Flow
from gemel.kit.types import Async, M, Sync

__all__ = ["AgentsManager", "AsyncAgentsManager", "BaseAgentsManager"]


_DICTS: dict[str, Any] = {
    "default_settings": DefaultSettingsDict,
    "docs": DocDict,
    "functions": FunctionDefDict,
    "tools": ToolDict,
}


class BaseAgentsManager(Agents[M]):
    """Agents of either client."""

    @flow
    def create(self, **kwargs: Unpack[AgentCreateArgs]) -> Flow[Agent]:
        """Create an agent and return it, put together from what was sent and the reply; see AgentCreateArgs.

        With `reread` it is fetched again, with the values that the server has filled in.
        """
        given = self._known("create", kwargs)
        reread, functions = given.pop("reread", False), given.pop("functions", [])
        if functions and given.get("tools"):
            label = f"{type(self).__name__}.create"
            raise ExclusiveArgumentsError(label, "functions", "give either tools or functions, not both")
        if functions:
            given["tools"] = [{"type": "function", "function": function} for function in functions]
        sent = _defaults() | given
        sent["about"] = sent["about"] or ""  # the server fails at null
        sent["tools"] = [described_tool(tool) for tool in sent["tools"]]
        made = yield from perform(self.create_agent, **sent)
        return with_jobs((yield from perform(self.get, made.id)), made) if reread else completed(Agent, sent, made)

    @flow
    def update(self, *, agent_id: Id, **kwargs: Unpack[AgentUpdateArgs]) -> Flow[Agent]:
        """Change an agent and return it as it is afterwards; see AgentUpdateArgs.

        Metadata is merged; with `overwrite` everything is replaced, and name and about must be given.
        A server of this generation resets model and default settings that a change leaves out, so they are read first
        and sent again, unless they are given; None resets them.
        """
        given = self._known("update", kwargs)
        if given.pop("overwrite", False):
            said = yield from perform(self.update_agent, agent_id, **given)
        else:
            said = yield from perform(self.patch_agent, agent_id, **(yield from self._kept(agent_id, given)), **given)
        return with_jobs((yield from perform(self.get, agent_id)), said)

    def _known(self, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments without what the server does not know; warns of it."""
        label = f"{type(self).__name__}.{method}"
        return {
            name: known_parts(label, name, value, _DICTS[name]) if name in _DICTS else value
            for name, value in given.items()
        }

    def _kept(self, agent_id: Any, given: dict[str, Any]) -> Flow[dict[str, Any]]:
        """Return the present values that the server would reset, bypassing the client's cache."""
        missing = {"model", "default_settings"} - given.keys()
        if not missing:
            return {}
        agent = yield from perform(self.get.options(cache=False), agent_id)
        present = {"model": agent.model, "default_settings": agent.default_settings}
        return {name: value for name, value in present.items() if name in missing and value is not None}


class AgentsManager(BaseAgentsManager[Sync]):
    """Agents of the blocking client."""


class AsyncAgentsManager(BaseAgentsManager[Async]):
    """Agents of the async client."""


def _defaults() -> dict[str, Any]:
    """Return the values that are sent for an agent unless the call gives others."""
    return {
        "about": "",
        "tools": [],
        "default_settings": {},
        "model": DEFAULT_MODEL,
        "docs": [],
        "metadata": {},
        "instructions": [],
    }
