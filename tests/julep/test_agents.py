"""Agents: whole records, changes that reset nothing, and lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid1

import pytest

from gemel.julep import Agent, AgentDefaultSettings, ExclusiveArgumentsError, InvalidIdError
from gemel.kit.caching import Cache
from gemel.kit.errors import BadRequestError, InvalidArgument, NotFoundError
from gemel.sandbox import JulepSandbox

from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
METADATA = {"k": 1, "deep": {"list": [1, {"z": None}], "text": "ä"}}


def lines(sandbox: JulepSandbox) -> list[str]:
    return [request.method for request in sandbox.requests]


@pytest.fixture
def agent(mode: Mode, client: Any) -> Agent:
    """An agent with a model and settings of its own."""
    made: Agent = mode.run(
        client.agents.create(
            name="A",
            about="a",
            model="gpt-4-turbo",
            instructions="be kind",
            default_settings={"temperature": 0.11, "preset": "fun"},
            metadata=METADATA,
            reread=True,
        )
    )
    return made


def test_what_is_created_is_whole(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    made = mode.run(client.agents.create(name="A", about="a", metadata=METADATA, default_settings={"top_p": 0.5}))
    assert type(made) is Agent and UUID(made.id).version == 4
    assert (made.name, made.about, made.model) == ("A", "a", "julep-ai/samantha-1-turbo")
    assert made.metadata == METADATA and made.instructions == []
    assert made.default_settings == AgentDefaultSettings(top_p=0.5)
    assert made.created_at.utcoffset() == timedelta(0) and made.jobs == []
    assert lines(sandbox) == ["POST"]


def test_it_is_read_again_on_request_with_what_the_server_filled_in(
    mode: Mode, client: Any, sandbox: JulepSandbox
) -> None:
    doc = {"title": "t", "content": "c"}
    made = mode.run(client.agents.create(name="A", default_settings={"top_p": 0.5}, docs=[doc], reread=True))
    assert made.default_settings.temperature == 0.75 and made.default_settings.top_p == 0.5
    assert made.updated_at is not None and made.to_dict() == mode.run(client.agents.get(made.id)).to_dict() | {
        "jobs": made.jobs
    }
    assert made.jobs and mode.run(client.jobs.wait(made.jobs[0])).state == "succeeded"
    assert lines(sandbox)[:2] == ["POST", "GET"]


def test_metadata_comes_back_whole(mode: Mode, client: Any, agent: Agent) -> None:
    assert mode.run(client.agents.get(agent.id)).metadata == METADATA
    assert mode.run(client.agents.list())[0].metadata == METADATA


def test_unknown_fields_are_kept(mode: Mode, client: Any, agent: Agent, sandbox: JulepSandbox) -> None:
    sandbox.faults.unknown_field("mood", {"of": ["today"]}, times=None)
    read = mode.run(client.agents.get(agent.id))
    assert read.extras == {"mood": {"of": ["today"]}} and read.to_dict()["mood"] == {"of": ["today"]}
    assert mode.run(client.agents.create(name="B")).extras["mood"] == {"of": ["today"]}


def test_the_metadata_of_its_docs_is_stored(mode: Mode, client: Any) -> None:
    doc = {"title": "t", "content": ["c", "d"], "metadata": {"m": 1}}
    made = mode.run(client.agents.create(name="A", docs=[doc]))
    assert [each.metadata for each in mode.run(client.docs.list(agent_id=made.id))] == [{"m": 1}, {"m": 1}]


@pytest.mark.parametrize("given", [{"tools": [{"type": "function", "function": FUNCTION}]}, {"functions": [FUNCTION]}])
def test_tools_are_made_with_it(mode: Mode, client: Any, given: dict[str, Any]) -> None:
    made = mode.run(client.agents.create(name="A", **given))
    (tool,) = mode.run(client.tools.get(agent_id=made.id))
    assert tool.function.to_dict() == FUNCTION


def test_a_function_may_lack_a_description(mode: Mode, client: Any) -> None:
    """The server fails without one."""
    nameless = {name: value for name, value in FUNCTION.items() if name != "description"}
    made = mode.run(client.agents.create(name="A", functions=[nameless], tools=[]))
    (tool,) = mode.run(client.tools.get(agent_id=made.id))
    assert tool.function.description == ""


def test_tools_and_functions_exclude_each_other(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    given = {"functions": [FUNCTION], "tools": [{"type": "function", "function": FUNCTION}]}
    with pytest.raises(AssertionError, match="either tools or functions") as caught:
        mode.run(client.agents.create(name="A", **given))
    assert isinstance(caught.value, ExclusiveArgumentsError) and lines(sandbox) == []


def test_a_change_resets_neither_model_nor_settings(mode: Mode, client: Any, agent: Agent) -> None:
    changed = mode.run(client.agents.update(agent_id=agent.id, about="b"))
    assert type(changed) is Agent and changed.about == "b"
    assert changed.model == "gpt-4-turbo" and changed.default_settings == agent.default_settings
    assert changed.name == "A" and changed.metadata == METADATA and changed.updated_at > changed.created_at
    changed = mode.run(client.agents.update(agent_id=agent.id, model="gpt-4o"))
    assert changed.model == "gpt-4o" and changed.default_settings == agent.default_settings
    changed = mode.run(client.agents.update(agent_id=agent.id, default_settings={"top_p": 0.5}))
    assert changed.model == "gpt-4o" and changed.default_settings.top_p == 0.5


def test_what_is_sent_again_is_not_what_a_cache_holds(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    key = sandbox.add_developer()
    one, other = mode.client(sandbox.api_url, key, cache=Cache(ttl=60)), mode.client(sandbox.api_url, key)
    made = mode.run(one.agents.create(name="A", functions=[FUNCTION], reread=True))
    (tool,) = mode.run(one.tools.get(agent_id=made.id))
    mode.run(one.agents.get(made.id))
    mode.run(other.agents.update(agent_id=made.id, model="gpt-4o"))
    mode.run(other.tools.update(agent_id=made.id, tool_id=tool.id, function={"name": "g"}))
    assert mode.run(one.agents.update(agent_id=made.id, about="b")).model == "gpt-4o"
    mode.run(one.tools.update(agent_id=made.id, tool_id=tool.id, function={"description": "e"}))
    assert mode.run(other.tools.get(agent_id=made.id))[0].function.name == "g"


def test_none_resets_them(mode: Mode, client: Any, agent: Agent) -> None:
    changed = mode.run(client.agents.update(agent_id=agent.id, default_settings=None))
    assert changed.default_settings.temperature == 0.75 and changed.model == "gpt-4-turbo"
    changed = mode.run(client.agents.update(agent_id=agent.id, model=None))
    assert changed.model == "julep-ai/samantha-1-turbo"


def test_one_setting_of_many_is_changed(mode: Mode, client: Any, agent: Agent) -> None:
    assert agent.default_settings is not None
    wanted = agent.default_settings.replace(top_p=0.5)
    changed = mode.run(client.agents.update(agent_id=agent.id, default_settings=wanted))
    assert changed.default_settings == wanted and changed.default_settings.temperature == 0.11


def test_settings_may_be_a_record_from_the_start(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    made = mode.run(client.agents.create(name="A", default_settings=AgentDefaultSettings(top_p=0.5)))
    assert made.default_settings == AgentDefaultSettings(top_p=0.5)
    assert b'"default_settings":{"top_p":0.5}' in sandbox.requests[-1].body


def test_settings_of_a_newer_server_are_sent_again(
    mode: Mode, client: Any, agent: Agent, sandbox: JulepSandbox
) -> None:
    """What this version does not know of them is neither refused nor lost."""
    before = mode.run(client.agents.get(agent.id))
    newer = before.default_settings.from_dict({**before.default_settings.to_dict(), "top_a": 0.1})
    mode.run(client.agents.update(agent_id=agent.id, default_settings=newer))
    assert b'"top_a":0.1' in next(request.body for request in sandbox.requests if request.method == "PATCH")


def test_metadata_is_merged_by_a_change_and_replaced_by_overwriting(mode: Mode, client: Any, agent: Agent) -> None:
    changed = mode.run(client.agents.update(agent_id=agent.id, metadata={"j": 2}))
    assert changed.metadata == METADATA | {"j": 2}
    changed = mode.run(client.agents.update(agent_id=agent.id, name="B", about="b", metadata={"i": 3}, overwrite=True))
    assert changed.metadata == {"i": 3} and changed.name == "B"
    assert changed.model == "julep-ai/samantha-1-turbo" and changed.instructions == []


def test_a_change_of_nothing_changes_nothing(mode: Mode, client: Any, agent: Agent) -> None:
    changed = mode.run(client.agents.update(agent_id=agent.id))
    assert changed.replace(updated_at=None) == agent.replace(updated_at=None)


def test_overwriting_needs_name_and_about(mode: Mode, client: Any, agent: Agent, sandbox: JulepSandbox) -> None:
    sandbox.requests.clear()
    for given in ({"name": "B"}, {"about": "b"}, {}):
        with pytest.raises(TypeError, match="missing argument"):
            mode.run(client.agents.update(agent_id=agent.id, overwrite=True, **given))
    assert lines(sandbox) == []


def test_an_agent_that_is_not_there(mode: Mode, client: Any) -> None:
    with pytest.raises(NotFoundError, match="Agent not found"):
        mode.run(client.agents.get(GHOST))
    for call, given in (
        (client.agents.delete, {}),
        (client.agents.update, {"about": "b", "model": "gpt-4o", "default_settings": {}}),
        (client.agents.update, {"name": "n", "about": "b", "overwrite": True}),
    ):
        with pytest.raises(NotFoundError, match=f"Agent {GHOST} not found"):
            mode.run(call(agent_id=GHOST, **given))
    with pytest.raises(NotFoundError):
        mode.run(client.agents.update(agent_id=GHOST, about="b"))


def test_deleting_gives_nothing_back(mode: Mode, client: Any, agent: Agent) -> None:
    assert mode.run(client.agents.delete(agent_id=agent.id)) is None
    with pytest.raises(NotFoundError):
        mode.run(client.agents.get(id=agent.id))


def test_lists_are_cut_and_filtered(mode: Mode, client: Any) -> None:
    names = ["0", "1", "2", "3", "4"]
    for name in names:
        mode.run(client.agents.create(name=name, metadata={"even": int(name) % 2 == 0, "n": int(name)}))

    def listed(**given: Any) -> list[str]:
        return [agent.name for agent in mode.run(client.agents.list(**given))]

    assert listed() == names[::-1]
    assert listed(limit=2) == ["4", "3"] and listed(limit=2, offset=3) == ["1", "0"]
    assert listed(limit=0) == [] and listed(offset=9) == []
    assert listed(metadata_filter={"even": True}) == ["4", "2", "0"]
    assert listed(metadata_filter={"even": True, "n": 2}) == ["2"] and listed(metadata_filter={"no": 1}) == []


def test_all_of_them_are_iterated(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    for name in "01234":
        mode.run(client.agents.create(name=name, metadata={"even": name in "024"}))
    sandbox.requests.clear()
    assert [agent.name for agent in mode.all(client.agents.iterate(page_size=2))] == list("43210")
    assert len(sandbox.requests) == 3
    chosen = client.agents.iterate(page_size=2, metadata_filter={"even": True})
    assert [agent.name for agent in mode.all(chosen)] == list("420")
    assert mode.run(client.agents.iterate(page_size=1).first()).name == "4"


@pytest.mark.parametrize(
    "wrong", ["nope", "", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", GHOST.replace("-", ""), f"{{{GHOST}}}", f" {GHOST}"]
)
def test_what_is_no_uuid_of_version_4_is_refused(mode: Mode, client: Any, sandbox: JulepSandbox, wrong: str) -> None:
    with pytest.raises(AssertionError, match="a UUID of version 4") as caught:
        mode.run(client.agents.get(wrong))
    assert isinstance(caught.value, InvalidIdError) and isinstance(caught.value, InvalidArgument)
    for call in (client.agents.update, client.agents.delete):
        with pytest.raises(InvalidIdError):
            mode.run(call(agent_id=wrong))
    assert lines(sandbox) == []


def test_a_uuid_object_is_an_id(mode: Mode, client: Any, agent: Agent) -> None:
    assert mode.run(client.agents.get(UUID(agent.id))).id == agent.id
    assert mode.run(client.agents.update(agent_id=UUID(agent.id), about="b")).about == "b"
    with pytest.raises(InvalidIdError):
        mode.run(client.agents.get(uuid1()))
    assert mode.run(client.agents.get(agent.id.upper())).id == agent.id


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"limit": -1}, "0 or more"),
    ({"offset": -1}, "0 or more"),
    ({"limit": "5"}, "expected int"),
    ({"limit": True}, "expected int"),
    ({"metadata_filter": "{}"}, "expected dict"),
    ({"metadata_filter": [1]}, "expected dict"),
    ({"metadata_filter": None}, "expected dict"),
    ({"metadata_filter": {"a": float("nan")}}, "finite"),
    ({"order": "asc"}, "unknown argument"),
]


@pytest.mark.parametrize("given, said", WRONG, ids=lambda value: str(value))
def test_wrong_bounds_and_filters_are_refused(
    mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        mode.run(client.agents.list(**given))
    assert lines(sandbox) == []


@pytest.mark.parametrize("size", [0, -1, "5", True, None])
def test_a_page_has_at_least_one_item(mode: Mode, client: Any, sandbox: JulepSandbox, size: Any) -> None:
    with pytest.raises(InvalidArgument, match="1 or more"):
        mode.all(client.agents.iterate(page_size=size))
    assert lines(sandbox) == []


WRONG_AGENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "name: missing argument"),
    ({"name": None}, "name: expected str"),
    ({"name": "A", "nam": "B"}, "nam: unknown argument; it takes about, "),
    ({"name": "A", "instructions": [1]}, "instructions"),
    ({"name": "A", "docs": [{"title": "t"}]}, "'content' is missing"),
    ({"name": "A", "tools": [{"type": "robot", "function": FUNCTION}]}, r"\[0\].type"),
    ({"name": "A", "tools": [{"type": "function", "function": {"name": "f"}}]}, "'parameters' is missing"),
    ({"name": "A", "default_settings": {"temperature": "hot"}}, "default_settings"),
    ({"name": "A", "metadata": {"when": object()}}, "cannot be sent as JSON"),
]


@pytest.mark.parametrize("given, said", WRONG_AGENTS, ids=lambda value: str(value)[:40])
def test_wrong_agents_are_refused(
    mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        mode.run(client.agents.create(**given))
    assert lines(sandbox) == []


def test_an_unknown_model_is_told_by_the_server(mode: Mode, client: Any) -> None:
    with pytest.raises(BadRequestError, match="none"):
        mode.run(client.agents.create(name="A", model="none"))
