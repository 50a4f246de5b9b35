"""For every declared endpoint and flow: calls that succeed, with the least and with every argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from gemel.julep import Client
from gemel.julep.models.common import Record
from gemel.julep.models.docs import DocDict
from gemel.julep.models.tools import ToolDict
from gemel.sandbox import RequestLog

Call = Callable[[Any, Any], Any]  # of a client and a World

FUNCTION: dict[str, Any] = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
TOOL: dict[str, Any] = {"type": "function", "function": FUNCTION}
UNDESCRIBED: ToolDict = {"type": "function", "function": {"name": "f", "parameters": {}}}
SIMPLE: DocDict = {"title": "t", "content": "c"}
DOC: dict[str, Any] = {"title": "t", "content": "c"}
DOCS: list[dict[str, Any]] = [DOC, {"title": "t", "content": ["c", "d"], "metadata": {"k": [1]}}]
METADATA: dict[str, Any] = {"k": {"deep": None}}
SETTINGS: dict[str, Any] = {
    "frequency_penalty": -2,
    "length_penalty": 0.5,
    "presence_penalty": 1,
    "repetition_penalty": 2.0,
    "temperature": 3,
    "top_p": 0,
    "min_p": 0.01,
    "preset": "creative",
}
NO_SETTINGS: dict[str, Any] = dict.fromkeys(SETTINGS.keys() - {"min_p", "preset"})
MESSAGE: dict[str, Any] = {"role": "user", "content": "hello"}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": [{"type": "text", "text": "hello"}], "name": "s"},
    {"role": "user", "content": "hello", "continue": False},
]
LIST: dict[str, Any] = {"limit": 1, "offset": 0}
FILTERED: dict[str, Any] = {**LIST, "metadata_filter": {"k": "v"}}
# What the description allows and the server does not fail at: no logit_bias, no `stop` that is a text, no stream.
CHAT: dict[str, Any] = {
    "tools": [{**TOOL, "id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "frequency_penalty": 0.5,
    "length_penalty": 1,
    "max_tokens": 16384,
    "presence_penalty": -1,
    "repetition_penalty": 1.5,
    "response_format": {"type": "json_object", "schema": {"type": "object"}},
    "seed": 0,
    "stop": ["."],
    "stream": False,
    "temperature": 0,
    "top_p": 0.5,
    "recall": False,
    "remember": False,
}
SESSION: dict[str, Any] = {
    "situation": "s",
    "metadata": METADATA,
    "token_budget": 100_000,
    "context_overflow": "truncate",
}
AGENT: dict[str, Any] = {
    "name": "A",
    "about": "a",
    "model": "gpt-4-turbo",
    "default_settings": SETTINGS,
    "metadata": METADATA,
    "instructions": ["i"],
}
USER: dict[str, Any] = {"name": "U", "about": "u", "metadata": METADATA}


class World:
    """What the calls find on the server: one of everything, made when it is first named.

    A call names it before it sends anything: what was sent to make it is taken out of the log.
    """

    def __init__(self, client: Client, log: RequestLog) -> None:
        self._client = client
        self._log = log

    def _made(self, record: Record) -> Any:
        self._log.clear()
        return record

    @cached_property
    def agent(self) -> str:
        return str(self._made(self._client.agents.create(name="A")).id)

    @cached_property
    def user(self) -> str:
        return str(self._made(self._client.users.create(name="U", about="u")).id)

    @cached_property
    def session(self) -> str:
        return str(self._made(self._client.sessions.create(agent_id=self.agent, user_id=self.user)).id)

    @cached_property
    def tool(self) -> str:
        return str(self._made(self._client.tools.create(agent_id=self.agent, tool=UNDESCRIBED)).id)

    @cached_property
    def doc(self) -> str:
        return str(self._made(self._client.docs.create(agent_id=self.agent, doc=SIMPLE)).id)

    @cached_property
    def user_doc(self) -> str:
        return str(self._made(self._client.docs.create(user_id=self.user, doc=SIMPLE)).id)

    @cached_property
    def job(self) -> str:
        return str(self._made(self._client.docs.create(agent_id=self.agent, doc=SIMPLE)).jobs[0])


def listed(noun: str) -> dict[str, list[Call]]:
    """The calls of a list that is filtered by metadata, and of its pages."""
    return {
        f"{noun}.list": [
            lambda client, at: getattr(client, noun).list(),
            lambda client, at: getattr(client, noun).list(**FILTERED),
        ],
        f"{noun}.iterate": [
            lambda client, at: getattr(client, noun).iterate().all(),
            lambda client, at: getattr(client, noun).iterate(page_size=5, metadata_filter={"k": "v"}).all(),
        ],
    }


AGENTS: dict[str, list[Call]] = {
    **listed("agents"),
    "agents.get": [lambda client, at: client.agents.get(at.agent)],
    "agents.delete": [lambda client, at: client.agents.delete(at.agent)],
    "agents.create_agent": [
        lambda client, at: client.agents.create_agent(name="A"),
        lambda client, at: client.agents.create_agent(tools=[TOOL], docs=DOCS, **AGENT),
    ],
    "agents.update_agent": [
        lambda client, at: client.agents.update_agent(at.agent, name="A", about="a"),
        lambda client, at: client.agents.update_agent(at.agent, **AGENT),
    ],
    "agents.patch_agent": [
        lambda client, at: client.agents.patch_agent(at.agent, name="B"),
        lambda client, at: client.agents.patch_agent(at.agent, **AGENT),
    ],
    "agents.create": [
        lambda client, at: client.agents.create(name="A"),
        lambda client, at: client.agents.create(functions=[FUNCTION], docs=DOCS, reread=True, **AGENT),
    ],
    "agents.update": [
        lambda client, at: client.agents.update(agent_id=at.agent),
        lambda client, at: client.agents.update(agent_id=at.agent, default_settings=NO_SETTINGS, instructions="i"),
        lambda client, at: client.agents.update(agent_id=at.agent, overwrite=True, **AGENT),
    ],
}
USERS: dict[str, list[Call]] = {
    **listed("users"),
    "users.get": [lambda client, at: client.users.get(at.user)],
    "users.delete": [lambda client, at: client.users.delete(at.user)],
    "users.create_user": [
        lambda client, at: client.users.create_user(name="U"),
        lambda client, at: client.users.create_user(docs=DOCS, **USER),
    ],
    "users.update_user": [
        lambda client, at: client.users.update_user(at.user, name="U", about="u"),
        lambda client, at: client.users.update_user(at.user, **USER),
    ],
    "users.patch_user": [
        lambda client, at: client.users.patch_user(at.user, about="b"),
        lambda client, at: client.users.patch_user(at.user, **USER),
    ],
    "users.create": [
        lambda client, at: client.users.create(name="U", about="u"),
        lambda client, at: client.users.create(docs=DOCS, reread=True, **USER),
    ],
    "users.update": [
        lambda client, at: client.users.update(user_id=at.user),
        lambda client, at: client.users.update(user_id=at.user, overwrite=True, **USER),
    ],
}
SESSIONS: dict[str, list[Call]] = {
    **listed("sessions"),
    "sessions.get": [lambda client, at: client.sessions.get(at.session)],
    "sessions.delete": [lambda client, at: client.sessions.delete(at.session)],
    "sessions.history": [
        lambda client, at: client.sessions.history(session_id=at.session),
        lambda client, at: client.sessions.history(session_id=at.session, **LIST),
    ],
    "sessions.delete_history": [lambda client, at: client.sessions.delete_history(at.session)],
    "sessions.suggestions": [
        lambda client, at: client.sessions.suggestions(session_id=at.session),
        lambda client, at: client.sessions.suggestions(session_id=at.session, **LIST),
    ],
    "sessions.create_session": [
        lambda client, at: client.sessions.create_session(agent_id=at.agent),
        lambda client, at: client.sessions.create_session(
            agent_id=at.agent, user_id=at.user, render_templates=True, **SESSION
        ),
    ],
    "sessions.update_session": [
        lambda client, at: client.sessions.update_session(at.session, situation="s"),
        lambda client, at: client.sessions.update_session(at.session, **SESSION),
    ],
    "sessions.patch_session": [
        lambda client, at: client.sessions.patch_session(at.session, situation="s"),
        lambda client, at: client.sessions.patch_session(at.session, **SESSION),
    ],
    "sessions.post_chat": [
        lambda client, at: client.sessions.post_chat(at.session, messages=[MESSAGE]),
        lambda client, at: client.sessions.post_chat(
            at.session, messages=MESSAGES, min_p=0.5, preset="fun", record=False, **CHAT
        ),
    ],
    "sessions.create": [
        lambda client, at: client.sessions.create(agent_id=at.agent),
        lambda client, at: client.sessions.create(
            agent_id=at.agent, user_id=at.user, render_templates=True, reread=True, **SESSION
        ),
    ],
    "sessions.update": [
        lambda client, at: client.sessions.update(session_id=at.session, situation="s"),
        lambda client, at: client.sessions.update(session_id=at.session, overwrite=True, **SESSION),
    ],
    "sessions.chat": [
        lambda client, at: client.sessions.chat(session_id=at.session, messages=[MESSAGE]),
        lambda client, at: client.sessions.chat(session_id=at.session, messages=MESSAGES, **CHAT),
    ],
}
TOOLS: dict[str, list[Call]] = {
    "tools.get": [
        lambda client, at: client.tools.get(agent_id=at.agent),
        lambda client, at: client.tools.get(agent_id=at.agent, **LIST),
    ],
    "tools.iterate": [
        lambda client, at: client.tools.iterate(agent_id=at.agent).all(),
        lambda client, at: client.tools.iterate(agent_id=at.agent, page_size=5).all(),
    ],
    "tools.delete": [lambda client, at: client.tools.delete(agent_id=at.agent, tool_id=at.tool)],
    "tools.create_agent_tool": [lambda client, at: client.tools.create_agent_tool(at.agent, request=TOOL)],
    "tools.update_agent_tool": [
        lambda client, at: client.tools.update_agent_tool(at.agent, at.tool, function=FUNCTION)
    ],
    "tools.patch_agent_tool": [lambda client, at: client.tools.patch_agent_tool(at.agent, at.tool, function=FUNCTION)],
    "tools.create": [
        lambda client, at: client.tools.create(agent_id=at.agent, tool=UNDESCRIBED),
    ],
    "tools.update": [
        lambda client, at: client.tools.update(agent_id=at.agent, tool_id=at.tool, function={"name": "g"}),
        lambda client, at: client.tools.update(agent_id=at.agent, tool_id=at.tool, function=FUNCTION, overwrite=True),
    ],
}
DOCS_OF_OWNERS: dict[str, list[Call]] = {
    "docs.get_agent_docs": [
        lambda client, at: client.docs.get_agent_docs(at.agent),
        lambda client, at: client.docs.get_agent_docs(at.agent, **FILTERED),
    ],
    "docs.get_user_docs": [
        lambda client, at: client.docs.get_user_docs(at.user),
        lambda client, at: client.docs.get_user_docs(at.user, **FILTERED),
    ],
    "docs.create_agent_doc": [
        lambda client, at: client.docs.create_agent_doc(at.agent, request=DOC),
        lambda client, at: client.docs.create_agent_doc(at.agent, request=DOCS[1]),
    ],
    "docs.create_user_doc": [lambda client, at: client.docs.create_user_doc(at.user, request=DOCS[1])],
    "docs.delete_agent_doc": [lambda client, at: client.docs.delete_agent_doc(at.agent, at.doc)],
    "docs.delete_user_doc": [lambda client, at: client.docs.delete_user_doc(at.user, at.user_doc)],
    "docs.list": [
        lambda client, at: client.docs.list(agent_id=at.agent),
        lambda client, at: client.docs.list(user_id=at.user, limit=5, offset=1),
    ],
    "docs.create": [
        lambda client, at: client.docs.create(agent_id=at.agent, doc=DOC, metadata=METADATA, reread=True),
        lambda client, at: client.docs.create(user_id=at.user, doc=DOCS[1]),
    ],
    "docs.delete": [
        lambda client, at: client.docs.delete(agent_id=at.agent, doc_id=at.doc),
        lambda client, at: client.docs.delete(user_id=at.user, doc_id=at.user_doc),
    ],
}
JOBS: dict[str, list[Call]] = {
    "jobs.get": [lambda client, at: client.jobs.get(at.job)],
    "jobs.wait": [lambda client, at: client.jobs.wait(at.job, timeout=5)],
}
CALLS: dict[str, list[Call]] = {**AGENTS, **USERS, **SESSIONS, **TOOLS, **DOCS_OF_OWNERS, **JOBS}
