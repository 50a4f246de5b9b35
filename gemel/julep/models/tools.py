"""Tools of agents: the record, and how one is sent."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict

from gemel.julep.models.common import Record
from gemel.kit.models.typed_dicts import open_keys
from gemel.kit.models.unions import OpenEnum
from gemel.kit.types import ABSENT

__all__ = ["FunctionDef", "FunctionDefDict", "PartialFunctionDefDict", "Tool", "ToolDict", "ToolType"]


class ToolType(OpenEnum):
    """What a tool is."""

    FUNCTION = "function"
    WEBHOOK = "webhook"


class FunctionDef(Record):
    """What a model is told of a function; `parameters` is a JSON schema."""

    name: str
    parameters: dict[str, Any]
    description: str | None = ABSENT


class Tool(Record):
    """A tool of an agent."""

    id: str
    type: ToolType
    function: FunctionDef


@open_keys
class FunctionDefDict(TypedDict):
    """A FunctionDef as it is sent."""

    name: str
    parameters: dict[str, Any]
    description: NotRequired[str | None]


@open_keys
class PartialFunctionDefDict(TypedDict, total=False):
    """What to change of a FunctionDef."""

    name: str
    parameters: dict[str, Any]
    description: str | None


@open_keys
class ToolDict(TypedDict):
    """A tool as it is sent."""

    type: Literal["function", "webhook"]
    function: FunctionDefDict
    id: NotRequired[str]
