"""Agents: the record, and the arguments of creating and updating one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from gemel.julep.models.common import Instructions, Metadata, Record
from gemel.julep.models.docs import DocDict
from gemel.julep.models.tools import FunctionDefDict, ToolDict
from gemel.kit.models.typed_dicts import open_keys
from gemel.kit.models.unions import OpenEnum
from gemel.kit.types import ABSENT

__all__ = ["Agent", "AgentCreateArgs", "AgentDefaultSettings", "AgentUpdateArgs", "DefaultSettingsDict", "Preset"]


class Preset(OpenEnum):
    """A named set of sampling settings."""

    PROBLEM_SOLVING = "problem_solving"
    CONVERSATIONAL = "conversational"
    FUN = "fun"
    PROSE = "prose"
    CREATIVE = "creative"
    BUSINESS = "business"
    DETERMINISTIC = "deterministic"
    CODE = "code"
    MULTILINGUAL = "multilingual"


class AgentDefaultSettings(Record):
    """The settings of an agent's chats unless a chat gives others."""

    frequency_penalty: float | None = ABSENT
    length_penalty: float | None = ABSENT
    presence_penalty: float | None = ABSENT
    repetition_penalty: float | None = ABSENT
    temperature: float | None = ABSENT
    top_p: float | None = ABSENT
    min_p: float | None = ABSENT
    preset: Preset | None = ABSENT


class Agent(Record):
    """An agent: a model with instructions, tools and docs.

    Attributes:
        model: The name of the model; in a record returned by `create`, the one that was sent.
    """

    id: str
    name: str
    model: str
    about: str | None = ABSENT
    instructions: Instructions | None = ABSENT
    default_settings: AgentDefaultSettings | None = ABSENT
    metadata: Metadata | None = ABSENT
    created_at: datetime | None = ABSENT
    updated_at: datetime | None = ABSENT


@open_keys
class DefaultSettingsDict(TypedDict, total=False):
    """AgentDefaultSettings as they are sent."""

    frequency_penalty: float | None
    length_penalty: float | None
    presence_penalty: float | None
    repetition_penalty: float | None
    temperature: float | None
    top_p: float | None
    min_p: float | None
    preset: str | None


class _AgentArgs(TypedDict, total=False):
    about: str | None
    instructions: str | list[str] | None
    default_settings: DefaultSettingsDict | AgentDefaultSettings | None
    metadata: dict[str, Any] | None


class _AgentName(TypedDict):
    name: str


class AgentCreateArgs(_AgentName, _AgentArgs, total=False):
    """The arguments of `agents.create`; only the name is required.

    Attributes:
        model: The server knows "julep-ai/samantha-1-turbo" (the default), "julep-ai/samantha-1" and others.
        functions: Functions to offer as tools, without their wrapping; not together with `tools`.
        docs: Docs to create together with the agent.
        reread: Whether to fetch the agent again after it is created.
    """

    model: str
    tools: list[ToolDict]
    functions: list[FunctionDefDict]
    docs: list[DocDict]
    reread: bool


class AgentUpdateArgs(_AgentArgs, total=False):
    """The arguments of `agents.update`; what is left out stays as it is, unless `overwrite`.

    Attributes:
        default_settings: The new settings as a whole; what they leave out, or None, gets the server's defaults. To
            change one setting, pass `agent.default_settings.replace(temperature=0.2)`.
        model: The new model; None gets the server's default.
        overwrite: Whether to replace the agent (PUT) instead of changing it; name and about must then be given.
    """

    name: str | None
    model: str | None
    overwrite: bool
