"""The manager of chat: `client.chat.completions.create(...)`, with OpenAI's and Julep's arguments."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Literal, overload

from typing_extensions import Unpack

from gemel.julep.api.completions import ChatCompletions
from gemel.julep.managers.creating import created
from gemel.julep.models.completion_args import ChatCompletionArgs, ChatCompletionCreateArgs
from gemel.julep.models.completions import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage, without_nulls
from gemel.kit.calls.stream import AsyncStream, Stream
from gemel.kit.calls.streamed import Opening
from gemel.kit.policies.caller import Caller
from gemel.kit.stubs.resource import Resource, extensible
from gemel.kit.tracebacks import entry
from gemel.kit.types import Async, M, Sync, is_array

__all__ = [
    "AsyncChat",
    "AsyncChatCompletionsManager",
    "BaseChat",
    "BaseChatCompletionsManager",
    "Chat",
    "ChatCompletionsManager",
]

_FIELDS = ChatCompletionArgs.__required_keys__ | ChatCompletionArgs.__optional_keys__


class BaseChatCompletionsManager(ChatCompletions[M]):
    """Completions of chats, of either client.

    `complete` and `stream` are the two endpoints under `create`, for `.raw(...)`, `.options(...)`, `.curl(...)`.
    """

    @overload
    def create(
        self: BaseChatCompletionsManager[Sync], *, stream: Literal[True], **kwargs: Unpack[ChatCompletionCreateArgs]
    ) -> Stream[ChatCompletionChunk]: ...
    @overload
    def create(
        self: BaseChatCompletionsManager[Sync],
        *,
        stream: Literal[False] | None = None,
        **kwargs: Unpack[ChatCompletionCreateArgs],
    ) -> ChatCompletion: ...
    @overload
    def create(
        self: BaseChatCompletionsManager[Sync], *, stream: bool | None, **kwargs: Unpack[ChatCompletionCreateArgs]
    ) -> ChatCompletion | Stream[ChatCompletionChunk]: ...
    @overload
    def create(
        self: BaseChatCompletionsManager[Async], *, stream: Literal[True], **kwargs: Unpack[ChatCompletionCreateArgs]
    ) -> Opening[AsyncStream[ChatCompletionChunk]]: ...
    @overload
    def create(
        self: BaseChatCompletionsManager[Async],
        *,
        stream: Literal[False] | None = None,
        **kwargs: Unpack[ChatCompletionCreateArgs],
    ) -> Coroutine[Any, Any, ChatCompletion]: ...
    @overload
    def create(
        self: BaseChatCompletionsManager[Async], *, stream: bool | None, **kwargs: Unpack[ChatCompletionCreateArgs]
    ) -> Coroutine[Any, Any, ChatCompletion] | Opening[AsyncStream[ChatCompletionChunk]]: ...
    @entry
    def create(self, *, stream: bool | None = None, **kwargs: Any) -> Any:
        """Answer a chat: whole, or with `stream=True` as a stream of chunks. See ChatCompletionCreateArgs.

        `messages` needs at least one, and may hold messages of earlier answers. Keywords that OpenAI does not know are
        sent as fields, in place of those in `extra_body`. None is sent as null, except for `model`, `stream` and the
        options of the call; what is left out is not sent.

        Args:
            stream: Whether to stream the answer.
            **kwargs: The fields of the request and the options of the call.

        Returns:
            A ChatCompletion, or with `stream=True` a stream of ChatCompletionChunk; awaited by an AsyncClient.

        Raises:
            InvalidArgument: An argument cannot be sent; nothing was sent.
            StreamFailedError: The server reports a failure inside the stream.
        """
        messages = kwargs.get("messages")
        if is_array(messages):
            kwargs["messages"] = [_sendable(message) for message in messages]
        return created(self, stream, _FIELDS, kwargs)


class ChatCompletionsManager(BaseChatCompletionsManager[Sync]):
    """Completions of chats, of the blocking client."""


class AsyncChatCompletionsManager(BaseChatCompletionsManager[Async]):
    """Completions of chats, of the async client."""


@extensible
class BaseChat(Resource[M]):
    """Chat, of either client."""

    completions: BaseChatCompletionsManager[M]

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)


class Chat(BaseChat[Sync]):
    """Chat, of the blocking client."""

    completions: ChatCompletionsManager


class AsyncChat(BaseChat[Async]):
    """Chat, of the async client."""

    completions: AsyncChatCompletionsManager


def _sendable(message: Any) -> Any:
    return without_nulls(message) if isinstance(message, ChatCompletionMessage) else message
