"""The manager of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from typing_extensions import Unpack

from gemel.julep.api.sessions import Sessions
from gemel.julep.managers.unknown import known_parts
from gemel.julep.models.chat import (
    ChatResponse,
    ChatSettingsResponseFormatDict,
    InputChatMlMessage,
    InputChatMlMessageDict,
)
from gemel.julep.models.common import Id, completed, with_jobs
from gemel.julep.models.sessions import Session, SessionCreateArgs, SessionUpdateArgs
from gemel.julep.models.tools import Tool, ToolDict
from gemel.kit.calls.flows import flow, perform
from gemel.kit.errors import InvalidArgument, NotFoundError
from gemel.kit.flow.effects import Flow
from gemel.kit.tracebacks import warn_caller
from gemel.kit.types import Async, M, Predicate, Sync

__all__ = ["AsyncSessionsManager", "BaseSessionsManager", "SessionsManager"]


_CHANGEABLE = ("situation", "token_budget", "context_overflow")


class BaseSessionsManager(Sessions[M]):
    """Sessions of either client."""

    @flow
    def create(self, **kwargs: Unpack[SessionCreateArgs]) -> Flow[Session]:
        """Create a session and return it, put together from what was sent and the reply; see SessionCreateArgs."""
        given: dict[str, Any] = {**kwargs}
        reread = given.pop("reread", False)
        sent = _defaults() | given
        made = yield from perform(self.create_session, **sent)
        if reread:
            return with_jobs((yield from perform(self.get, made.id)), made)
        ids = {name: str(sent[name]) for name in ("agent_id", "user_id") if sent[name] is not None}
        return completed(Session, sent | ids, made)

    @flow
    def update(self, **kwargs: Unpack[SessionUpdateArgs]) -> Flow[Session]:
        """Change a session and return it as it is afterwards; see SessionUpdateArgs.

        Metadata is merged; with `overwrite` it is replaced where it is given, and the situation must be given.
        A server of this generation resets what a change leaves out of token_budget and context_overflow: they are read
        first and sent again, unless they are given; None resets them. It resets render_templates too, which no change
        can set: a UserWarning says so.
        """
        given: dict[str, Any] = {**kwargs}
        session_id = given.pop("session_id")
        overwrite = given.pop("overwrite", False)
        if not overwrite or "situation" in given:
            given = (yield from self._kept(session_id, given)) | given
        change = self.update_session if overwrite else self.patch_session
        said = yield from perform(change, session_id, **given)
        return with_jobs((yield from perform(self.get, session_id)), said)

    def _kept(self, session_id: Any, given: dict[str, Any]) -> Flow[dict[str, Any]]:
        """Return what the server would reset, as it is now, whatever the client's cache holds; warns of what is lost.

        The situation is among it: the server fails at a change of metadata alone, or of nothing.
        """
        try:
            session = yield from perform(self.get.options(cache=False), session_id)
        except NotFoundError:
            if given.keys().isdisjoint(_CHANGEABLE):  # the server would fail at the change and not say why
                raise
            return {}
        if session.render_templates:
            warn_caller(
                f"sessions.update: the server switches render_templates of session {session_id} off at each change; "
                "only a new session can have it"
            )
        present = {name: getattr(session, name) for name in _CHANGEABLE}
        return {name: value for name, value in present.items() if name not in given and value is not None}

    @flow
    def chat(
        self,
        *,
        session_id: Id,
        messages: Annotated[
            Sequence[InputChatMlMessageDict | InputChatMlMessage], Predicate("at least one message", bool)
        ],
        tools: Sequence[ToolDict | Tool] | None = None,
        tool_choice: str | dict[str, Any] | None = None,
        frequency_penalty: float | None = None,
        length_penalty: float | None = None,
        logit_bias: dict[str, int | None] | None = None,
        max_tokens: int | None = None,
        presence_penalty: float | None = None,
        repetition_penalty: float | None = None,
        response_format: ChatSettingsResponseFormatDict | None = None,
        seed: int | None = None,
        stop: str | list[str] | None = None,
        stream: bool | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        recall: bool | None = None,
        remember: bool | None = None,
    ) -> Flow[ChatResponse]:
        """Send messages to a session, and return the agent's answer.

        The other arguments are OpenAI's (tools are ignored) and the agent's settings; None leaves one to the server.

        Args:
            stream: Refused when true, since sessions do not stream; `client.chat.completions` does.
            recall: Whether docs are searched for the answer; only False turns it off.
            remember: Whether the exchange joins the history; only False turns it off.
        """
        known = partial(known_parts, f"{type(self).__name__}.chat")
        if stream:
            problem = "the server does not stream sessions; use client.chat.completions.create(stream=True)"
            raise InvalidArgument(f"{type(self).__name__}.chat", "stream", problem)
        answer: ChatResponse = yield from perform(
            self.post_chat,
            session_id,
            messages=known("messages", messages, InputChatMlMessageDict),
            tools=known("tools", tools, ToolDict),
            tool_choice=tool_choice,
            frequency_penalty=frequency_penalty,
            length_penalty=length_penalty,
            logit_bias=logit_bias,
            max_tokens=max_tokens,
            presence_penalty=presence_penalty,
            repetition_penalty=repetition_penalty,
            response_format=known("response_format", response_format, ChatSettingsResponseFormatDict),
            seed=seed,
            # A text makes the server fail, though its description allows one.
            stop=[stop] if isinstance(stop, str) else stop,
            stream=stream,
            temperature=temperature,
            top_p=top_p,
            recall=recall is not False,
            remember=remember is not False,
        )
        return answer


class SessionsManager(BaseSessionsManager[Sync]):
    """Sessions of the blocking client."""


class AsyncSessionsManager(BaseSessionsManager[Async]):
    """Sessions of the async client."""


def _defaults() -> dict[str, Any]:
    """Return the values that are sent for a session unless the call gives others."""
    return {
        "user_id": None,
        "situation": None,
        "metadata": {},
        "render_templates": False,
        "token_budget": None,
        "context_overflow": None,
    }
