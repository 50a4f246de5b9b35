"""Where the description is not what servers of that generation do or take, and what it should say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Deviation:
    """One difference: what servers do, and the change to the schemas and paths of the description.

    shown_by: the example of `calls` whose request shows it; where none is named, a reply of a real server does.
    """

    reason: str
    change: Callable[[dict[str, Schema], dict[str, Any]], None]
    shown_by: str = ""


def _field_nobody_has(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    schemas["CreateDoc"]["required"].remove("field_0")


def _null_jobs(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    for name in ("ResourceCreatedResponse", "ResourceUpdatedResponse", "ResourceDeletedResponse", "ChatResponse"):
        _nullable(schemas[name], "jobs")


def _null_settings(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    schemas["AgentDefaultSettings"]["nullable"] = True
    _nullable(schemas["AgentDefaultSettings"], "preset")
    schemas["AgentDefaultSettings"]["properties"]["preset"]["enum"].append(None)


def _null_in_sessions(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    _nullable(schemas["Session"], "user_id", "situation", "summary", "token_budget", "context_overflow")


def _null_in_new_sessions(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    _nullable(schemas["CreateSessionRequest"], "user_id", "situation", "token_budget", "context_overflow")


def _null_in_chats(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    _nullable(schemas["ChatSettings"], "response_format")
    schemas["ChatInputData"]["properties"]["tool_choice"]["oneOf"].append(
        {"type": "object", "nullable": True, "enum": [None]}
    )


def _status_of_parts(schemas: dict[str, Schema], paths: dict[str, Any]) -> None:
    for path, operations in paths.items():
        for verb, described in (("post", "201"), ("delete", "202")):
            if verb in operations and ("/docs" in path or "/tools" in path):
                operations[verb]["responses"]["200"] = operations[verb]["responses"].pop(described)


def _nullable(schema: Schema, *names: str) -> None:
    for name in names:
        schema["properties"][name]["nullable"] = True


DEVIATIONS = {
    "field_0": Deviation(
        "a doc is described with a required field that nothing else mentions",
        _field_nobody_has,
        shown_by="docs.create_agent_doc-1",
    ),
    "jobs": Deviation("a write that starts no job is answered with null in place of the list", _null_jobs),
    "settings": Deviation("agents in lists have null for their settings; a preset may be null", _null_settings),
    "sessions": Deviation("what a session does not have is null", _null_in_sessions),
    "statuses": Deviation("docs and tools are made and deleted with 200, not with 201 and 202", _status_of_parts),
    "new sessions": Deviation(
        "what is not given of a new session is sent as null, as the published SDK does; servers take it",
        _null_in_new_sessions,
        shown_by="sessions.create-1",
    ),
    "chats": Deviation(
        "likewise in a chat, where most settings are described as nullable",
        _null_in_chats,
        shown_by="sessions.chat-1",
    ),
}
