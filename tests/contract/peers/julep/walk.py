"""What each SDK is asked to do, with the names and arguments of the published one, and the words in which it is told.

Every method of every manager, chat and text completions, and streams of both.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

MODEL = "julep-ai/samantha-1-turbo"
NOWHERE = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
DOC = {"title": "Trains", "content": "The night train leaves at nine.", "metadata": {"page": 1}}
HELLO = [{"role": "user", "content": "hello train"}]
UNSORTED = ("docs.list", "tools.get")
REMEMBERED: dict[str, Any] = {"recall": True, "remember": True}


class Teller:
    """Calls methods and notes what each gave, by the name of the step."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.told: dict[str, Any] = {}

    async def call(self, name: str, /, *args: Any, step: str = "", **options: Any) -> Any:
        """Call `manager.method`; the result, or None where it raised."""
        try:
            result = await done(self._method(name)(*args, **options))
        except Exception as error:
            self.told[step or name] = refusal(error)
            return None
        self.told[step or name] = self._in_order(shown(result)) if name in UNSORTED else shown(result)
        return result

    def _in_order(self, listed: Any) -> Any:
        """A list whose order is the server's whim: those made with their owner first, then those of a step."""
        made = {one["id"] for one in self.told.values() if isinstance(one, dict) and "id" in one}
        return sorted(listed, key=lambda item: item["id"] in made) if isinstance(listed, list) else listed

    async def stream(self, name: str, **options: Any) -> None:
        """Call with stream=True and note the chunks."""
        stream = await done(self._method(name)(stream=True, **options))
        chunks = [chunk async for chunk in stream] if hasattr(stream, "__aiter__") else list(stream)
        self.told[f"{name} stream"] = [shown(chunk) for chunk in chunks]

    def _method(self, name: str) -> Callable[..., Any]:
        method: Any = self.client
        for part in name.split("."):
            method = getattr(method, part)
        found: Callable[..., Any] = method
        return found


async def done(outcome: Any) -> Any:
    """What a blocking or an awaited call gave."""
    return await outcome if inspect.isawaitable(outcome) else outcome


def shown(result: Any) -> Any:
    """A result as JSON values."""
    if isinstance(result, list):
        return [shown(each) for each in result]
    for name, options in (("to_dict", {}), ("model_dump", {"mode": "json"})):
        if hasattr(result, name):
            return getattr(result, name)(**options)
    return json.loads(result.json()) if hasattr(result, "json") else result


def refusal(error: Exception) -> dict[str, Any]:
    """An error: what it is, and what the server said, where it was asked."""
    status = getattr(error, "status", getattr(error, "status_code", None))
    told = {"error": type(error).__name__, "assertion": isinstance(error, AssertionError)}
    return told if status is None else told | {"status": status, "body": getattr(error, "body", None)}


async def walk(teller: Teller, is_async: bool) -> None:
    """Every method once, and more than once where an argument changes what is sent."""
    agent, user = await owners(teller)
    await tools(teller, agent, is_async)
    await docs(teller, agent, user)
    await sessions(teller, agent, user)
    await teller.call("memories.list", agent_id=agent, query="q")
    await teller.call("users.delete", user)
    await teller.call("agents.delete", agent)
    await refusals(teller, agent)
    await completions(teller)


async def owners(teller: Teller) -> tuple[str, str]:
    """Make, read and change an agent and a user; their ids."""
    call = teller.call
    agent = str((await call("agents.create", name="A", about="a", docs=[DOC], tools=[TOOL], metadata={"k": 1})).id)
    user = str((await call("users.create", name="U", about="u", docs=[DOC], metadata={"k": 2})).id)
    await call("agents.get", agent)
    await call("agents.list", metadata_filter={"k": 1}, limit=5, offset=0)
    await call("agents.list", metadata_filter={"k": 9}, step="agents.list of none")
    await call("agents.update", agent_id=agent, about="b", default_settings={"temperature": 0.5}, instructions=["i"])
    await call("agents.update", agent_id=agent, name="A", about="c", overwrite=True, step="agents.update overwrite")
    await call("agents.get", agent, step="agents.get after updating")
    await call("users.get", user)
    await call("users.list", limit=1)
    await call("users.update", user_id=user, name="V")
    await call("users.update", user_id=user, name="V", about="v", overwrite=True, step="users.update overwrite")
    await call("users.get", user, step="users.get after updating")
    return agent, user


async def tools(teller: Teller, agent: str, is_async: bool) -> None:
    """Make, change and delete a tool; the async SDK cannot overwrite one."""
    call = teller.call
    tool = (await call("tools.create", agent_id=agent, tool=TOOL)).id
    await call("tools.get", agent_id=agent)
    await call("tools.update", agent_id=agent, tool_id=tool, function={**FUNCTION, "description": "e"})
    overwrite: dict[str, Any] = {} if is_async else {"overwrite": True}
    renamed = {**FUNCTION, "name": "g"}
    await call("tools.update", agent_id=agent, tool_id=tool, function=renamed, **overwrite, step="tools.update all")
    await call("tools.get", agent_id=agent, limit=5, offset=0, step="tools.get after updating")
    await call("tools.delete", agent_id=agent, tool_id=tool)
    await call("tools.get", agent_id=agent, step="tools.get after deleting")


async def docs(teller: Teller, agent: str, user: str) -> None:
    """Make docs of both owners, and delete one; the others are recalled in chats."""
    call = teller.call
    doc = (await call("docs.create", agent_id=agent, doc=DOC)).id
    other = (await call("docs.create", user_id=user, doc=DOC, step="docs.create of a user")).id
    await call("docs.list", agent_id=agent)
    await call("docs.list", user_id=user, step="docs.list of a user")
    await call("docs.delete", agent_id=agent, doc_id=doc)
    await call("docs.delete", user_id=user, doc_id=other, step="docs.delete of a user")
    await call("docs.list", agent_id=agent, step="docs.list after deleting")


async def sessions(teller: Teller, agent: str, user: str) -> None:
    """Make, read and change a session, talk in it, and delete it."""
    call = teller.call
    made = await call("sessions.create", agent_id=agent, user_id=user, situation="s", metadata={"m": 1})
    session = str(made.id)
    await call("sessions.get", session)
    await call("sessions.list", metadata_filter={"m": 1})
    await call("sessions.update", session_id=session, situation="t")
    overwritten: dict[str, Any] = {"situation": "w", "overwrite": True, "step": "sessions.update overwrite"}
    await call("sessions.update", session_id=session, **overwritten)
    await chat(teller, session)
    await call("sessions.history", session_id=session)
    await call("sessions.suggestions", session_id=session)
    await call("sessions.delete_history", session)
    await call("sessions.history", session_id=session, step="sessions.history after deleting")
    await call("sessions.delete", session)
    await call("sessions.get", session, step="sessions.get after deleting")


async def chat(teller: Teller, session: str) -> None:
    """Be answered, with the docs and with a tool call."""
    call = teller.call
    await call("sessions.chat", session_id=session, messages=HELLO, temperature=0.1, stop=["."], **REMEMBERED)
    called = [{"role": "user", "content": "CALL_TOOL f"}]
    await call("sessions.chat", session_id=session, messages=called, **REMEMBERED, step="sessions.chat tool")


async def refusals(teller: Teller, agent: str) -> None:
    """What cannot be."""
    call = teller.call
    await call("agents.get", agent, step="agents.get after deleting")
    await call("agents.get", "nothing", step="a wrong id")
    await call("docs.list", step="docs of nobody")
    await call("sessions.chat", session_id=NOWHERE, messages=HELLO, **REMEMBERED, step="chat in no session")
    await call("tools.update", agent_id=NOWHERE, tool_id=NOWHERE, function=FUNCTION, step="the tool of no agent")


async def completions(teller: Teller) -> None:
    """Model serving, whole and streamed."""
    await teller.call("chat.completions.create", messages=HELLO, min_p=0.1)
    await teller.call("completions.create", prompt="one two", model=MODEL)
    await teller.call("chat.completions.create", messages=HELLO, model="none", step="an unknown model")
    await teller.stream("chat.completions.create", messages=HELLO)
    await teller.stream("completions.create", prompt="one two")
