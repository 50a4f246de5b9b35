"""Sessions: the record, and the arguments of creating and updating one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from gemel.julep.models.common import Id, Limit, Metadata, Record
from gemel.kit.models.unions import OpenEnum
from gemel.kit.types import ABSENT

__all__ = ["Session", "SessionCreateArgs", "SessionUpdateArgs", "Suggestion", "SuggestionTarget"]


class Session(Record):
    """A conversation of an agent, with a user or without.

    Attributes:
        token_budget: The most tokens that a prompt may have.
        context_overflow: How longer prompts are handled, "truncate" or "adaptive"; None makes such a chat fail.
    """

    id: str
    agent_id: str
    user_id: str | None = ABSENT
    situation: str | None = ABSENT
    summary: str | None = ABSENT
    created_at: datetime | None = ABSENT
    updated_at: datetime | None = ABSENT
    metadata: Metadata | None = ABSENT
    render_templates: bool | None = ABSENT
    token_budget: int | None = ABSENT
    context_overflow: str | None = ABSENT


class SuggestionTarget(OpenEnum):
    """Whom a suggestion is for."""

    USER = "user"
    AGENT = "agent"


class Suggestion(Record):
    """A suggestion of what to say next."""

    target: SuggestionTarget
    content: str
    message_id: str
    session_id: str
    created_at: datetime | None = ABSENT


class _SessionAgent(TypedDict):
    agent_id: Id


class _SessionArgs(TypedDict, total=False):
    situation: str | None
    metadata: dict[str, Any] | None
    token_budget: Limit | None
    context_overflow: Literal["truncate", "adaptive"] | None


class SessionCreateArgs(_SessionAgent, _SessionArgs, total=False):
    """The arguments of `sessions.create`; only the agent is required.

    Attributes:
        reread: Whether to fetch the session again after it is created.
    """

    user_id: Id | None
    render_templates: bool
    reread: bool


class _SessionId(TypedDict):
    session_id: Id


class SessionUpdateArgs(_SessionId, _SessionArgs, total=False):
    """The arguments of `sessions.update`; what is left out stays as it is; `overwrite` needs the situation.

    Attributes:
        token_budget, context_overflow: None takes them away.
    """

    overwrite: bool
