"""The manager of completions: `client.completions.create(...)`, with OpenAI's and Julep's arguments."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Literal, overload

from typing_extensions import Unpack

from gemel.julep.api.completions import TextCompletions
from gemel.julep.managers.creating import created
from gemel.julep.models.completion_args import CompletionArgs, CompletionCreateArgs
from gemel.julep.models.completions import Completion
from gemel.kit.calls.stream import AsyncStream, Stream
from gemel.kit.calls.streamed import Opening
from gemel.kit.tracebacks import entry
from gemel.kit.types import Async, M, Sync

__all__ = ["AsyncCompletions", "BaseCompletions", "Completions"]

_FIELDS = CompletionArgs.__required_keys__ | CompletionArgs.__optional_keys__


class BaseCompletions(TextCompletions[M]):
    """Completions of texts, of either client.

    `complete` and `stream` are the two endpoints under `create`, for `.raw(...)`, `.options(...)`, `.curl(...)`.
    """

    @overload
    def create(
        self: BaseCompletions[Sync], *, stream: Literal[True], **kwargs: Unpack[CompletionCreateArgs]
    ) -> Stream[Completion]: ...
    @overload
    def create(
        self: BaseCompletions[Sync], *, stream: Literal[False] | None = None, **kwargs: Unpack[CompletionCreateArgs]
    ) -> Completion: ...
    @overload
    def create(
        self: BaseCompletions[Sync], *, stream: bool | None, **kwargs: Unpack[CompletionCreateArgs]
    ) -> Completion | Stream[Completion]: ...
    @overload
    def create(
        self: BaseCompletions[Async], *, stream: Literal[True], **kwargs: Unpack[CompletionCreateArgs]
    ) -> Opening[AsyncStream[Completion]]: ...
    @overload
    def create(
        self: BaseCompletions[Async], *, stream: Literal[False] | None = None, **kwargs: Unpack[CompletionCreateArgs]
    ) -> Coroutine[Any, Any, Completion]: ...
    @overload
    def create(
        self: BaseCompletions[Async], *, stream: bool | None, **kwargs: Unpack[CompletionCreateArgs]
    ) -> Coroutine[Any, Any, Completion] | Opening[AsyncStream[Completion]]: ...
    @entry
    def create(self, *, stream: bool | None = None, **kwargs: Any) -> Any:
        """Continue a text: whole, or with `stream=True` as a stream of pieces. See CompletionCreateArgs.

        Args:
            stream: Whether to stream the continuation.
            **kwargs: The fields of the request, of which `prompt` is one text or several, and the options of the call,
                as for `chat.completions.create`.
        """
        return created(self, stream, _FIELDS, kwargs)


class Completions(BaseCompletions[Sync]):
    """Completions of texts, of the blocking client."""


class AsyncCompletions(BaseCompletions[Async]):
    """Completions of texts, of the async client."""
