# mypy: disable-error-code="empty-body"
"""The endpoints of sessions."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated, Any

from gemel.julep.models.chat import (
    ChatMlMessage,
    ChatResponse,
    ChatSettingsResponseFormatDict,
    InputChatMlMessage,
    InputChatMlMessageDict,
)
from gemel.julep.models.common import Id, Limit, PageSize, ResourceCreatedResponse, ResourceUpdatedResponse
from gemel.julep.models.sessions import Session, Suggestion
from gemel.julep.models.tools import Tool, ToolDict
from gemel.kit.declare import Offset, Page, Query, delete, get, patch, post, put
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

__all__ = ["Sessions"]


class Sessions(Resource[M]):
    """Sessions.  https://github.com/julep-ai/julep (openapi.yaml of 0.3)"""

    @get("sessions", unwrap="items")
    def list(
        self,
        *,
        limit: Limit | None = None,
        offset: Limit | None = None,
        metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {},
    ) -> builtins.list[Session]:
        """List sessions whose metadata has these values, newest first; 100 unless `limit` says otherwise.

        A server of this generation fails with a 500 when only some of them have a token budget.
        """
        ...

    @get("sessions", unwrap="items", paging=Offset())
    def iterate(
        self, *, page_size: PageSize = 100, metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {}
    ) -> Page[Session]:
        """Iterate over all sessions whose metadata has these values, newest first, in pages.

        The server fails at a page on which only some sessions have a token budget; `page_size=1` avoids that.
        """
        ...

    @post("sessions")
    def create_session(
        self,
        *,
        agent_id: Id,
        user_id: Id | None | Omit = OMIT,
        situation: str | None | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
        render_templates: bool | Omit = OMIT,
        token_budget: Limit | None | Omit = OMIT,
        context_overflow: str | None | Omit = OMIT,
    ) -> ResourceCreatedResponse:
        """Create a session; the server does not check whether agent and user exist."""
        ...

    @put("sessions/{session_id}")
    def update_session(
        self,
        session_id: Id,
        *,
        situation: str,
        metadata: dict[str, Any] | None | Omit = OMIT,
        token_budget: Limit | None | Omit = OMIT,
        context_overflow: str | None | Omit = OMIT,
    ) -> ResourceUpdatedResponse:
        """Replace a session's situation, and its metadata where given; the other settings are reset where not given."""
        ...

    @patch("sessions/{session_id}")
    def patch_session(
        self,
        session_id: Id,
        *,
        situation: str | None | Omit = OMIT,
        metadata: dict[str, Any] | None | Omit = OMIT,
        token_budget: Limit | None | Omit = OMIT,
        context_overflow: str | None | Omit = OMIT,
    ) -> ResourceUpdatedResponse:
        """Change a session: metadata is merged; the server resets all but the situation where it is left out."""
        ...

    @post("sessions/{session_id}/chat")
    def post_chat(
        self,
        session_id: Id,
        *,
        messages: Sequence[InputChatMlMessageDict | InputChatMlMessage],
        tools: Sequence[ToolDict | Tool] | None | Omit = OMIT,
        tool_choice: str | dict[str, Any] | None | Omit = OMIT,
        frequency_penalty: float | None | Omit = OMIT,
        length_penalty: float | None | Omit = OMIT,
        logit_bias: dict[str, int | None] | None | Omit = OMIT,
        max_tokens: int | None | Omit = OMIT,
        presence_penalty: float | None | Omit = OMIT,
        repetition_penalty: float | None | Omit = OMIT,
        response_format: ChatSettingsResponseFormatDict | None | Omit = OMIT,
        seed: int | None | Omit = OMIT,
        stop: str | builtins.list[str] | None | Omit = OMIT,
        stream: bool | None | Omit = OMIT,
        temperature: float | None | Omit = OMIT,
        top_p: float | None | Omit = OMIT,
        min_p: float | None | Omit = OMIT,
        preset: str | None | Omit = OMIT,
        recall: bool | None | Omit = OMIT,
        record: bool | None | Omit = OMIT,
        remember: bool | None | Omit = OMIT,
    ) -> ChatResponse:
        """Send messages to a session as they are, and return the agent's answer."""
        ...

    @get("sessions/{session_id}/suggestions", unwrap="items")
    def suggestions(
        self, *, session_id: Id, limit: Limit | None = None, offset: Limit | None = None
    ) -> builtins.list[Suggestion]:
        """List suggestions of what to say next; a server of this generation returns none."""
        ...

    @get("sessions/{session_id}/history", unwrap="items")
    def history(
        self, *, session_id: Id, limit: Limit | None = None, offset: Limit | None = None
    ) -> builtins.list[ChatMlMessage]:
        """List the messages of a session, oldest first; none for a session that does not exist."""
        ...

    @delete("sessions/{session_id}/history")
    def delete_history(self, session_id: Id) -> None:
        """Delete the messages of a session."""
        ...

    @delete("sessions/{session_id}")
    def delete(self, session_id: Id) -> None:
        """Delete a session with its history; the server accepts the id of one that does not exist."""
        ...

    @get("sessions/{id}")
    def get(self, id: Id) -> Session:
        """Retrieve one session by id."""
        ...
