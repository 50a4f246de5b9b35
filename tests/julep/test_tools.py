"""Tools of agents: made, listed, changed in part and as a whole, and taken away, in both modes alike."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from gemel.julep import InvalidIdError, ResourceCreatedResponse, ResourceUpdatedResponse, Tool, ToolType
from gemel.kit.errors import InternalServerError, InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox

from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"
FUNCTION: dict[str, Any] = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}


def named(name: str) -> dict[str, Any]:
    """A tool with this name."""
    return {"type": "function", "function": FUNCTION | {"name": name}}


@pytest.fixture
def agent_id(mode: Mode, client: Any) -> str:
    return str(mode.run(client.agents.create(name="A")).id)


@pytest.fixture
def tool(mode: Mode, client: Any, agent_id: str) -> ResourceCreatedResponse:
    made: ResourceCreatedResponse = mode.run(client.tools.create(agent_id=agent_id, tool=TOOL))
    return made


def only(mode: Mode, client: Any, agent_id: str) -> Tool:
    (tool,) = mode.run(client.tools.get(agent_id=agent_id))
    assert isinstance(tool, Tool)
    return tool


def test_a_tool_is_made(mode: Mode, client: Any, agent_id: str, tool: ResourceCreatedResponse) -> None:
    assert type(tool) is ResourceCreatedResponse and tool.jobs is None and tool.created_at is not None
    listed = only(mode, client, agent_id)
    assert (listed.id, listed.type, listed.function.to_dict()) == (tool.id, ToolType.FUNCTION, FUNCTION)


def test_a_description_may_be_missing(mode: Mode, client: Any, agent_id: str, tool: Any) -> None:
    """The server fails without one, in making and in changing a part."""
    short = {"name": "g", "parameters": {}}
    for call in (
        lambda: client.tools.create_agent_tool(agent_id, request={"type": "function", "function": short}),
        lambda: client.tools.patch_agent_tool(agent_id, tool.id, function={"name": "g"}),
    ):
        with pytest.raises(InternalServerError, match="agent_functions"):
            mode.run(call())
    made = mode.run(client.tools.create(agent_id=agent_id, tool={"type": "function", "function": short}))
    mode.run(client.tools.update(agent_id=agent_id, tool_id=made.id, function=short, overwrite=True))
    read = {one.id: one for one in mode.run(client.tools.get(agent_id=agent_id))}
    assert read[made.id].function.description == ""


CHANGES: list[dict[str, Any]] = [
    {"name": "g"},
    {"description": "other"},
    {"parameters": {"type": "object", "properties": {"x": {"type": "string"}}}},
    {"name": "g", "parameters": {}},
    {},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_keeps_the_rest(mode: Mode, client: Any, agent_id: str, tool: Any, change: dict[str, Any]) -> None:
    said = mode.run(client.tools.update(agent_id=agent_id, tool_id=tool.id, function=change))
    assert type(said) is ResourceUpdatedResponse and said.id == tool.id and said.updated_at is not None
    assert only(mode, client, agent_id).function.to_dict() == FUNCTION | change


def test_the_right_tool_of_many_is_changed(mode: Mode, client: Any, agent_id: str, tool: Any) -> None:
    other = mode.run(client.tools.create(agent_id=agent_id, tool=named("o")))
    mode.run(client.tools.update(agent_id=agent_id, tool_id=UUID(other.id), function={"description": "new"}))
    listed = {one.id: one.function.to_dict() for one in mode.run(client.tools.get(agent_id=agent_id))}
    assert listed == {tool.id: FUNCTION, other.id: FUNCTION | {"name": "o", "description": "new"}}


def test_overwriting_replaces_the_whole(
    mode: Mode, client: Any, agent_id: str, tool: Any, sandbox: JulepSandbox
) -> None:
    sandbox.requests.clear()
    whole = {"name": "g", "description": "e", "parameters": {}}
    mode.run(client.tools.update(agent_id=agent_id, tool_id=tool.id, function=whole, overwrite=True))
    assert [request.method for request in sandbox.requests] == ["PUT"]
    assert only(mode, client, agent_id).function.to_dict() == whole
    with pytest.raises(InvalidArgument, match="'parameters' is missing"):
        mode.run(client.tools.update(agent_id=agent_id, tool_id=tool.id, function={"name": "g"}, overwrite=True))


def test_deleting_gives_nothing_back_in_either_mode(mode: Mode, client: Any, agent_id: str, tool: Any) -> None:
    assert mode.run(client.tools.delete(agent_id=agent_id, tool_id=tool.id)) is None
    assert mode.run(client.tools.get(agent_id=agent_id)) == []
    with pytest.raises(NotFoundError, match="Tool not found"):
        mode.run(client.tools.delete(agent_id=agent_id, tool_id=tool.id))


@pytest.mark.parametrize("described", [FUNCTION, {"name": "f", "parameters": {}}], ids=["described", "not"])
@pytest.mark.parametrize("is_there", [True, False])
def test_overwriting_a_tool_that_is_not_there_makes_it(
    mode: Mode, client: Any, agent_id: str, described: dict[str, Any], is_there: bool
) -> None:
    """With the id that was given, of an agent that need not be there either."""
    owner = agent_id if is_there else "22222222-2222-4222-8222-222222222222"
    said = mode.run(client.tools.update(agent_id=owner, tool_id=GHOST, function=described, overwrite=True))
    assert type(said) is ResourceUpdatedResponse and said.id == GHOST
    if is_there:
        made = only(mode, client, owner)
        assert (made.id, made.function.to_dict()) == (GHOST, {"description": ""} | described)
    assert mode.run(client.tools.delete(agent_id=owner, tool_id=GHOST)) is None


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_limit_of_none_lists_one(mode: Mode, client: Any, agent_id: str, count: int) -> None:
    """It is the server's: it looks whether the limit is reached after it has taken a tool."""
    for number in range(count):
        mode.run(client.tools.create(agent_id=agent_id, tool=named(str(number))))
    assert len(mode.run(client.tools.get(agent_id=agent_id, limit=0))) == min(count, 1)
    assert len(mode.run(client.tools.get(agent_id=agent_id, limit=2))) == min(count, 2)


def test_a_tool_or_an_agent_that_is_not_there(mode: Mode, client: Any, agent_id: str) -> None:
    for function in (FUNCTION, {"name": "g"}):
        with pytest.raises(NotFoundError, match="not found"):
            mode.run(client.tools.update(agent_id=agent_id, tool_id=GHOST, function=function))
    with pytest.raises(NotFoundError, match=f"Agent {GHOST} not found"):
        mode.run(client.tools.get(agent_id=GHOST))


def test_lists_are_cut(mode: Mode, client: Any, agent_id: str) -> None:
    for name in "abc":
        mode.run(client.tools.create(agent_id=agent_id, tool=named(name)))
    everything = [one.function.name for one in mode.run(client.tools.get(agent_id=agent_id))]
    assert sorted(everything) == list("abc")  # the server lists them in no order
    page = mode.run(client.tools.get(agent_id=agent_id, limit=1, offset=1))
    assert [one.function.name for one in page] == everything[1:2]
    assert [one.function.name for one in mode.all(client.tools.iterate(agent_id=agent_id, page_size=2))] == everything


def test_a_tool_beyond_the_first_page_is_changed_in_part(mode: Mode, client: Any) -> None:
    functions = [FUNCTION | {"name": str(number)} for number in range(102)]
    agent = mode.run(client.agents.create(name="A", functions=functions))
    last = mode.all(client.tools.iterate(agent_id=agent.id))[-1]
    mode.run(client.tools.update(agent_id=agent.id, tool_id=last.id, function={"description": "new"}))
    changed = mode.all(client.tools.iterate(agent_id=agent.id))[-1]
    assert (changed.id, changed.function.to_dict()) == (last.id, last.function.to_dict() | {"description": "new"})


WRONG: list[Any] = [
    {},
    {"type": "function"},
    {"type": "robot", "function": FUNCTION},
    {"type": "function", "function": {"name": "f"}},
    {"type": "function", "function": FUNCTION | {"description": True}},
    "f",
    None,
]


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_wrong_tools_are_refused(mode: Mode, client: Any, sandbox: JulepSandbox, given: Any) -> None:
    with pytest.raises(InvalidArgument, match="tool"):
        mode.run(client.tools.create(agent_id=GHOST, tool=given))
    assert len(sandbox.requests) == 0


@pytest.mark.parametrize("wrong", [{"agent_id": "nope"}, {"tool_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}], ids=str)
def test_ids_are_checked(mode: Mode, client: Any, sandbox: JulepSandbox, wrong: dict[str, str]) -> None:
    ids = {"agent_id": GHOST, "tool_id": GHOST} | wrong
    for call in (
        lambda: client.tools.delete(**ids),
        lambda: client.tools.update(**ids, function=FUNCTION),
        lambda: client.tools.update(**ids, function=FUNCTION, overwrite=True),
        lambda: client.tools.update(**ids, function={"name": "g"}),
    ):
        with pytest.raises(InvalidIdError):
            mode.run(call())
    assert len(sandbox.requests) == 0
