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
        """Return sessions, newest first, 100 unless `limit` says otherwise; those whose metadata has these values.

        A server of this generation fails with InternalServerError when some of them have a token budget and some not.
        """
        ...

    @get("sessions", unwrap="items", paging=Offset())
    def iterate(
        self, *, page_size: PageSize = 100, metadata_filter: Annotated[dict[str, Any], Query(json=True)] = {}
    ) -> Page[Session]:
        """Iterate all sessions in pages, newest first; those whose metadata has these values.

        A page of sessions of which some have a token budget and some not makes the server fail; pages of one cannot.
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
        """Make a session, and return what the server says of it; it does not look whether agent and user exist."""
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
        """Send messages as they are given, and return the answer."""
        ...

    @get("sessions/{session_id}/suggestions", unwrap="items")
    def suggestions(
        self, *, session_id: Id, limit: Limit | None = None, offset: Limit | None = None
    ) -> builtins.list[Suggestion]:
        """Return what could be said next; a server of this generation suggests nothing."""
        ...

    @get("sessions/{session_id}/history", unwrap="items")
    def history(
        self, *, session_id: Id, limit: Limit | None = None, offset: Limit | None = None
    ) -> builtins.list[ChatMlMessage]:
        """Return the messages of a session, oldest first; none for a session that there is not."""
        ...

    @delete("sessions/{session_id}/history")
    def delete_history(self, session_id: Id) -> None:
        """Remove the messages of a session."""
        ...

    @delete("sessions/{session_id}")
    def delete(self, session_id: Id) -> None:
        """Remove a session with its history; the server accepts the id of one that there is not."""
        ...

    @get("sessions/{id}")
    def get(self, id: Id) -> Session:
        """Return one session."""
        ...
