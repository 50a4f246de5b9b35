"""Keys that the server does not know, in dicts: programs written for the published package bring them along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gemel.julep import InvalidArgument
from gemel.sandbox import JulepSandbox

from . import modes
from .modes import Mode

GHOST = "11111111-1111-4111-8111-111111111111"
FUNCTION: dict[str, Any] = {"name": "f", "description": "d", "parameters": {"type": "object", "extra": 1}}
STRICT = FUNCTION | {"strict": True}
TOOL = {"type": "function", "function": FUNCTION}
DOC: dict[str, Any] = {"title": "t", "content": "c", "metadata": {"any": "key"}}
HI = {"role": "user", "content": "hi"}

# A call, the dict that it is given without what is too much, and where that is said to be.
CALLS: dict[str, tuple[Callable[[Any, str, Any], Any], Any, Any, str]] = {
    "settings": (
        lambda c, at, given: c.agents.create(name="A", default_settings=given),
        {"temperature": 0.5},
        {"temperature": 0.5, "max_tokens": 150},
        r"AgentsManager.create\(\): default_settings: 'max_tokens' is not sent",
    ),
    "settings of a change": (
        lambda c, at, given: c.agents.update(agent_id=at, default_settings=given),
        {"top_p": 0.5},
        {"top_p": 0.5, "stop": ["x"]},
        r"AgentsManager.update\(\): default_settings: 'stop' is not sent",
    ),
    "functions": (
        lambda c, at, given: c.agents.create(name="A", functions=[FUNCTION, given]),
        FUNCTION,
        STRICT,
        r"create\(\): functions\[1\]: 'strict' is not sent",
    ),
    "tools": (
        lambda c, at, given: c.agents.create(name="A", tools=[given]),
        TOOL,
        {"type": "function", "function": STRICT},
        r"create\(\): tools\[0\].function: 'strict' is not sent",
    ),
    "docs of an agent": (
        lambda c, at, given: c.agents.create(name="A", docs=[given]),
        DOC,
        DOC | {"source": "web"},
        r"create\(\): docs\[0\]: 'source' is not sent",
    ),
    "docs of a user": (
        lambda c, at, given: c.users.create(name="U", about="u", docs=[given]),
        DOC,
        DOC | {"source": "web"},
        r"UsersManager.create\(\): docs\[0\]: 'source' is not sent",
    ),
    "a doc": (
        lambda c, at, given: c.docs.create(agent_id=at, doc=given),
        DOC,
        DOC | {"id": "mine"},
        r"DocsManager.create\(\): doc: 'id' is not sent",
    ),
    "a tool": (
        lambda c, at, given: c.tools.create(agent_id=at, tool=given),
        TOOL,
        TOOL | {"version": 2},
        r"ToolsManager.create\(\): tool: 'version' is not sent",
    ),
    "a function": (
        lambda c, at, given: c.tools.update(agent_id=at, tool_id=GHOST, function=given, overwrite=True),
        FUNCTION,
        STRICT,
        r"ToolsManager.update\(\): function: 'strict' is not sent",
    ),
    "a message": (
        lambda c, at, given: c.sessions.chat(session_id=at, messages=[HI, given]),
        HI,
        HI | {"tool_call_id": "7"},
        r"SessionsManager.chat\(\): messages\[1\]: 'tool_call_id' is not sent",
    ),
    "a response format": (
        lambda c, at, given: c.sessions.chat(session_id=at, messages=[HI], response_format=given),
        {"type": "text"},
        {"type": "text", "strict": True},
        r"SessionsManager.chat\(\): response_format: 'strict' is not sent",
    ),
}


@pytest.fixture
def at(mode: Mode, client: Any, request: pytest.FixtureRequest) -> str:
    """The id of an agent, or of a session."""
    agent = mode.run(client.agents.create(name="A"))
    if "chat" in request.node.callspec.params["said"]:
        return str(mode.run(client.sessions.create(agent_id=agent.id)).id)
    return str(agent.id)


def written(sandbox: JulepSandbox) -> Any:
    """The last body."""
    return json.loads(next(each.body for each in reversed(list(sandbox.requests)) if each.body))


@pytest.mark.parametrize(("call", "known", "given", "said"), CALLS.values(), ids=CALLS)
def test_an_unknown_key_is_left_out_with_a_warning(
    mode: Mode,
    client: Any,
    at: str,
    sandbox: JulepSandbox,
    call: Callable[[Any, str, Any], Any],
    known: Any,
    given: Any,
    said: str,
) -> None:
    before = json.dumps(given)
    mode.run(call(client, at, known))
    wanted = written(sandbox)
    with pytest.warns(UserWarning, match=said) as warned:
        mode.run(call(client, at, given))
    assert written(sandbox) == wanted
    assert json.dumps(given) == before
    (one,) = warned
    assert one.filename == (__file__ if mode.name == "sync" else modes.__file__)  # the line that ran it


def test_what_a_known_key_holds_is_still_checked(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    for wrong in ({"temperature": "hot", "max_tokens": 1}, {"preset": 7, "x": 1}):
        with pytest.raises(InvalidArgument, match="default_settings"):
            mode.run(client.agents.create(name="A", default_settings=wrong))
    with pytest.raises(InvalidArgument, match="'content' is missing"):
        mode.run(client.agents.create(name="A", docs=[{"title": "t", "contents": "c"}]))
    assert len(sandbox.requests) == 0


def test_metadata_and_parameters_are_free(mode: Mode, client: Any) -> None:
    agent = mode.run(client.agents.create(name="A", metadata={"x": {"y": 1}}, functions=[FUNCTION], docs=[DOC]))
    (tool,) = mode.run(client.tools.get(agent_id=agent.id))
    assert tool.function.parameters == FUNCTION["parameters"]
    assert mode.run(client.docs.list(agent_id=agent.id))[0].metadata == {"any": "key"}


@pytest.mark.parametrize("about", [None, ""])
def test_an_agent_about_nothing(mode: Mode, client: Any, about: Any) -> None:
    """The server fails at null."""
    made = mode.run(client.agents.create(name="A", about=about))
    assert (made.about, mode.run(client.agents.get(made.id)).about) == ("", "")
