"""The published SDK in a process of its own: `python published.py async <given.json >results.json`.

It calls every method of every manager, chat and text completions, and streams of both, and tells what each gave.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

from julep import AsyncClient, Client

MODEL = "julep-ai/samantha-1-turbo"
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
DOC = {"title": "Trains", "content": "The night train leaves at nine."}
HELLO = [{"role": "user", "content": "hello train"}]


class Teller:
    """Calls methods and notes what each gave."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.told: dict[str, Any] = {}

    async def call(self, name: str, /, *args: Any, step: str = "", **options: Any) -> Any:
        """Call `manager.method`; the result, or None where it raised."""
        method: Callable[..., Any] = self.client
        for part in name.split("."):
            method = getattr(method, part)
        try:
            result = method(*args, **options)
            result = await result if inspect.isawaitable(result) else result
        except Exception as error:
            self.told[step or name] = {"error": type(error).__name__, "status": getattr(error, "status_code", None)}
            return None
        self.told[step or name] = shown(result)
        return result

    async def stream(self, name: str, **options: Any) -> None:
        """Call with stream=True and note the chunks."""
        creating = self.client.chat.completions if name == "chat.completions" else self.client.completions
        stream = creating.create(stream=True, **options)
        stream = await stream if inspect.isawaitable(stream) else stream
        chunks = [chunk async for chunk in stream] if hasattr(stream, "__aiter__") else list(stream)
        self.told[f"{name} stream"] = [shown(chunk) for chunk in chunks]


def shown(result: Any) -> Any:
    """A result as JSON values."""
    if isinstance(result, list):
        return [shown(each) for each in result]
    if hasattr(result, "model_dump"):
        return result.model_dump(mode="json")
    return json.loads(result.json()) if hasattr(result, "json") else result


async def walk(teller: Teller, is_async: bool) -> None:
    """Every method once, and more than once where an argument changes what is sent."""
    call = teller.call
    agent = await call("agents.create", name="A", about="a", docs=[DOC], tools=[TOOL], metadata={"k": 1})
    user = await call("users.create", name="U", about="u", docs=[DOC])
    await call("agents.get", agent.id)
    await call("agents.list", metadata_filter={"k": 1}, limit=5, offset=0)
    await call("agents.update", agent_id=agent.id, about="b")
    await call("agents.update", agent_id=agent.id, name="A", about="c", overwrite=True, step="agents.update overwrite")
    await call("users.get", user.id)
    await call("users.list", limit=1)
    await call("users.update", user_id=user.id, name="V")
    await call("users.update", user_id=user.id, name="V", about="v", overwrite=True, step="users.update overwrite")
    made = await call("tools.create", agent_id=agent.id, tool=TOOL)
    await call("tools.get", agent_id=agent.id)
    overwrite = {} if is_async else {"overwrite": True}
    await call("tools.update", agent_id=agent.id, tool_id=made.id, function=FUNCTION, **overwrite)
    doc = await call("docs.create", agent_id=agent.id, doc=DOC)
    await call("docs.list", agent_id=agent.id)
    await call("docs.list", user_id=user.id, step="docs.list of a user")
    await sessions(teller, agent.id, user.id)
    await call("memories.list", agent_id=agent.id, query="q")
    await call("docs.delete", agent_id=agent.id, doc_id=doc.id)
    await call("tools.delete", agent_id=agent.id, tool_id=made.id)
    await call("tools.get", agent_id=agent.id, step="tools.get after deleting")
    await call("users.delete", user.id)
    await call("agents.delete", agent.id)
    await call("agents.get", agent.id, step="agents.get after deleting")
    await completions(teller)


async def sessions(teller: Teller, agent_id: str, user_id: str) -> None:
    call = teller.call
    session = await call("sessions.create", agent_id=agent_id, user_id=user_id, situation="s", metadata={"m": 1})
    await call("sessions.get", session.id)
    await call("sessions.list", metadata_filter={"m": 1})
    await call("sessions.update", session_id=session.id, situation="t")
    overwritten = {"situation": "w", "overwrite": True, "step": "sessions.update overwrite"}
    await call("sessions.update", session_id=session.id, **overwritten)
    await call("sessions.chat", session_id=str(session.id), messages=HELLO, recall=True, remember=True)
    called = [{"role": "user", "content": "CALL_TOOL f"}]
    both = {"recall": True, "remember": True}
    await call("sessions.chat", session_id=str(session.id), messages=called, **both, step="sessions.chat tool")
    await call("sessions.history", session_id=session.id)
    await call("sessions.suggestions", session_id=session.id)
    await call("sessions.delete_history", session.id)
    await call("sessions.history", session_id=session.id, step="sessions.history after deleting")
    await call("sessions.delete", session.id)


async def completions(teller: Teller) -> None:
    await teller.call("chat.completions.create", messages=HELLO, min_p=0.1)
    await teller.call("completions.create", prompt="one two", model=MODEL)
    await teller.call("chat.completions.create", messages=HELLO, model="none", step="an unknown model")
    await teller.stream("chat.completions", messages=HELLO)
    await teller.stream("completions", prompt="one two")


def methods(client: Any) -> list[str]:
    """Every public method of every manager, as `manager.method`."""
    managers = ("agents", "users", "sessions", "docs", "memories", "tools")
    return [
        f"{manager}.{name}"
        for manager in managers
        for name, _ in inspect.getmembers(getattr(client, manager), callable)
        if not name.startswith("_")
    ]


async def main(mode: str, given: dict[str, str]) -> dict[str, Any]:
    client = (AsyncClient if mode == "async" else Client)(api_key=given["api_key"], base_url=given["api_url"])
    teller = Teller(client)
    await walk(teller, mode == "async")
    return teller.told | {"methods": methods(client)}


if __name__ == "__main__":
    json.dump(asyncio.run(main(sys.argv[1], json.load(sys.stdin))), sys.stdout)
