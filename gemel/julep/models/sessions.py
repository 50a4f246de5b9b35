"""Sessions: the record, and what creating and updating one takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from typing_extensions import TypedDict

from gemel.julep.models.common import Metadata, Record
from gemel.kit.variants import OpenEnum

__all__ = ["Session", "SessionCreateArgs", "SessionUpdateArgs", "Suggestion", "SuggestionTarget"]


class Session(Record):
    """A conversation of an agent, with a user or without.

    token_budget: how many tokens a prompt may have.   context_overflow: what is done beyond it, "truncate" or
    "adaptive"; None makes such a chat fail.
    """

    id: str
    agent_id: str
    user_id: str | None = None
    situation: str | None = None
    summary: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    metadata: Metadata | None = None
    render_templates: bool | None = None
    token_budget: int | None = None
    context_overflow: str | None = None


class SuggestionTarget(OpenEnum):
    """Whom a suggestion is for."""

    USER = "user"
    AGENT = "agent"


class Suggestion(Record):
    """What a session suggests to say next."""

    target: SuggestionTarget
    content: str
    message_id: str
    session_id: str
    created_at: datetime | None = None


class _SessionAgent(TypedDict):
    agent_id: str | UUID


class _SessionArgs(TypedDict, total=False):
    situation: str | None
    metadata: dict[str, Any] | None
    token_budget: int | None
    context_overflow: Literal["truncate", "adaptive"] | None


class SessionCreateArgs(_SessionAgent, _SessionArgs, total=False):
    """The arguments of `sessions.create`; only the agent is required.

    reread: whether to read the session again after it is made.
    """

    user_id: str | UUID | None
    render_templates: bool
    reread: bool


class _SessionId(TypedDict):
    session_id: str | UUID


class SessionUpdateArgs(_SessionId, _SessionArgs, total=False):
    """The arguments of `sessions.update`; what is left out stays as it is; `overwrite` needs the situation."""

    overwrite: bool
