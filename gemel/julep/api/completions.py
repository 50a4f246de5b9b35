# mypy: disable-error-code="empty-body"
"""The endpoints of model serving: completions of chats and of texts, whole and streamed."""

from __future__ import annotations

import json
from typing import Any, Literal

from typing_extensions import Unpack

from gemel.julep.models.common import DEFAULT_MODEL
from gemel.julep.models.completion_args import ChatCompletionArgs, CompletionArgs
from gemel.julep.models.completions import ChatCompletion, ChatCompletionChunk, Completion
from gemel.kit.declare import EventStream, ServerSentEvent, Stream, post
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit, is_object

__all__ = ["ChatCompletions", "TextCompletions"]


def _tells_failure(event: ServerSentEvent) -> bool:
    """Say whether an event is an error: by its name, or as {"error": ...} or {"object": "error"} in its data."""
    if event.event == "error" or '"error"' not in event.data:
        return event.event == "error"
    try:
        said: Any = json.loads(event.data)
    except (ValueError, RecursionError):
        return False
    return is_object(said) and (bool(said.get("error")) or said.get("object") == "error")


_CHUNKS = EventStream(done="[DONE]", error=_tells_failure)


class ChatCompletions(Resource[M]):
    """Completions of chats.  https://platform.openai.com/docs/api-reference/chat/create"""

    @post("/v1/chat/completions")
    def complete(
        self,
        *,
        model: str = DEFAULT_MODEL,
        stream: Literal[False] | None | Omit = OMIT,
        **kwargs: Unpack[ChatCompletionArgs],
    ) -> ChatCompletion:
        """Answer a chat and return the whole answer."""
        ...

    @post("/v1/chat/completions", events=_CHUNKS)
    def stream(
        self, *, model: str = DEFAULT_MODEL, stream: Literal[True] = True, **kwargs: Unpack[ChatCompletionArgs]
    ) -> Stream[ChatCompletionChunk]:
        """Answer a chat and stream the answer in chunks."""
        ...


class TextCompletions(Resource[M]):
    """Completions of texts.  https://platform.openai.com/docs/api-reference/completions/create"""

    @post("/v1/completions")
    def complete(
        self,
        *,
        model: str = DEFAULT_MODEL,
        stream: Literal[False] | None | Omit = OMIT,
        **kwargs: Unpack[CompletionArgs],
    ) -> Completion:
        """Continue a text and return the whole continuation."""
        ...

    @post("/v1/completions", events=_CHUNKS)
    def stream(
        self, *, model: str = DEFAULT_MODEL, stream: Literal[True] = True, **kwargs: Unpack[CompletionArgs]
    ) -> Stream[Completion]:
        """Continue a text and stream the continuation in pieces."""
        ...
