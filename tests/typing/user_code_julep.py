"""User code with the managers of the Julep SDK: what the checkers must understand (R) and must reject (E)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import requests
from typing_extensions import assert_type, reveal_type

from gemel.julep import (
    Agent,
    AgentDefaultSettings,
    AsyncClient,
    ChatMlMessage,
    ChatResponse,
    Client,
    Doc,
    InputChatMlMessage,
    JobStatus,
    Memory,
    ResourceCreatedResponse,
    ResourceUpdatedResponse,
    Session,
    Suggestion,
    Tool,
    ToolDict,
    User,
)

TOOL: ToolDict = {"type": "function", "function": {"name": "f", "parameters": {}}}


def sync_user(client: Client, agent_id: str, uuid: UUID) -> None:
    """What a blocking client returns."""
    Client("k", "https://host/api", 300, {"X-Trace": "t"}, None, session=requests.Session(), retries=0)
    agent = client.agents.create(name="A", about="a", tools=[TOOL], metadata={"k": 1}, reread=True)
    assert_type(agent, Agent)
    assert_type(agent.metadata, dict[str, Any] | None)
    assert_type(agent.jobs, list[str] | None)
    assert_type(agent.updated_at, datetime | None)
    reveal_type(agent.instructions)  # R: str | list[str] | None
    assert_type(client.agents.get(uuid), Agent)
    assert_type(client.agents.list(limit=5, metadata_filter={"k": 1}), list[Agent])
    reveal_type(client.agents.iterate(page_size=5))  # R: Pager[Agent]
    assert_type([one.name for one in client.agents.iterate()], list[str])
    settings = AgentDefaultSettings(temperature=0.5).replace(top_p=0.5)
    assert_type(client.agents.update(agent_id=agent.id, default_settings=settings, overwrite=False), Agent)
    assert_type(client.agents.update(agent_id=uuid, default_settings={"temperature": 0.5}), Agent)
    client.agents.delete(agent_id)
    assert_type(client.users.create(name="U", about="u"), User)
    reveal_type(client.users.iterate())  # R: Pager[User]
    session = client.sessions.create(agent_id=uuid, situation="s", context_overflow="truncate")
    assert_type(session, Session)
    assert_type(client.sessions.update(session_id=session.id, situation=None), Session)
    answer = client.sessions.chat(session_id=session.id, messages=[{"role": "user", "content": "hi"}], stop="x")
    assert_type(answer, ChatResponse)
    assert_type(answer.message, ChatMlMessage | None)
    assert_type(answer.text, str)
    client.sessions.chat(session_id=uuid, messages=[InputChatMlMessage(role="user", content="hi", name="Ann")])
    history = client.sessions.history(session_id=session.id)
    assert_type(history, list[ChatMlMessage])
    client.sessions.chat(session_id=uuid, messages=[{"role": history[0].role, "content": history[0].text}])
    assert_type(client.sessions.suggestions(session_id=session.id), list[Suggestion])
    doc = client.docs.create(agent_id=agent.id, doc={"title": "t", "content": ["a", "b"], "metadata": {"m": 1}})
    assert_type(doc, Doc)
    assert_type(client.docs.list(user_id=uuid, limit=1), list[Doc])
    assert_type(client.jobs.wait(agent_id, timeout=5), JobStatus)
    assert_type(client.memories.list(agent_id=agent_id, query="q"), list[Memory])
    assert_type(client.tools.get(agent_id=agent_id), list[Tool])
    assert_type(client.tools.create(agent_id=agent_id, tool=TOOL), ResourceCreatedResponse)
    change = client.tools.update(agent_id=agent_id, tool_id=uuid, function={"name": "g"})
    assert_type(change, ResourceUpdatedResponse)
    assert_type(client.agents.get.raw(agent_id).value, Agent)


async def async_user(client: AsyncClient, agent_id: str, uuid: UUID) -> None:
    """What an async client returns."""
    agent = await client.agents.create(name="A", docs=[{"title": "t", "content": "c"}])
    assert_type(agent, Agent)
    assert_type(await client.agents.update(agent_id=uuid, about="b"), Agent)
    assert_type(await client.agents.list(), list[Agent])
    reveal_type(client.sessions.iterate())  # R: AsyncPager[Session]
    async for user in client.users.iterate():
        assert_type(user, User)
    answer = await client.sessions.chat(session_id=uuid, messages=[{"role": "user", "content": "hi"}], remember=False)
    assert_type(answer, ChatResponse)
    assert_type(await client.docs.list(agent_id=agent_id), list[Doc])
    await client.tools.update(agent_id=agent_id, tool_id=uuid, function={"name": "g", "parameters": {}}, overwrite=True)
    assert_type(await client.jobs.wait(agent_id), JobStatus)


def wrong_sync_user(client: Client, agent_id: str) -> None:
    """Each line is a mistake that a checker must catch."""
    client.agents.create()  # E1 the name is missing
    client.agents.create("A")  # E2 by name only
    client.agents.create(name="A", abuot="a")  # E3 no such argument
    client.agents.create(name="A", instructions=5)  # E4 wrong type
    client.agents.create(name="A", docs=[{"title": "t"}])  # E5 a doc without content
    client.agents.update(about="b")  # E6 the id is missing
    client.agents.get(5)  # E7 wrong type
    client.agents.list(5)  # E8 by name only
    client.agents.list(metadata_filter="{}")  # E9 wrong type
    client.agents.get(agent_id).nmae  # E10 no such field
    client.agents.get(agent_id).name = "B"  # E11 records are frozen
    client.agents.get(agent_id).metadata["k"]  # E12 it may be None
    client.sessions.create(agent_id=agent_id, context_overflow="explode")  # E13 no such way
    client.sessions.chat(session_id=agent_id, messages="hi")  # E14 not a list
    client.sessions.chat(session_id=agent_id, messages=[{"role": "boss", "content": "x"}])  # E15 no such role
    client.sessions.chat(session_id=agent_id, messages=[{"role": "user"}])  # E16 nothing is said
    client.docs.create(agent_id=agent_id)  # E17 the doc is missing
    client.tools.create(agent_id=agent_id, tool={"type": "robot", "function": TOOL["function"]})  # E18 no such type
    client.sessions.update(session_id=agent_id, render_templates=True)  # E19 cannot be changed
    name: int = client.agents.create(name="A").name  # E20 wrong type
    client.agents.iterate().name  # E21 a field of an item, of the pager
    Client("k", "https://host/api", "300")  # E22 wrong type
    Client("k", "https://host/api", 300, None, requests.Session())  # E23 the place of another kind of client


async def wrong_async_user(client: AsyncClient, agent_id: str) -> None:
    """The same, awaited."""
    client.agents.create(name="A").name  # E24 forgot to await
    for agent in client.agents.iterate():  # E25 a plain loop over an async pager
        pass
    await client.tools.update(agent_id=agent_id, tool_id=agent_id)  # E26 the function is missing
    AsyncClient("k", "https://host/api", session=requests.Session())  # E27 a session of the other kind
    job: str = await client.jobs.wait(agent_id)  # E28 wrong type
