"""Completions of chats and of texts, in OpenAI's objects: whole, and in the chunks of a stream.

https://platform.openai.com/docs/api-reference/chat/object
"""

from __future__ import annotations

from gemel.julep.models.chat import ChatRole, CompletionUsage, FinishReason, FunctionCall
from gemel.julep.models.common import Record
from gemel.kit.types import OMIT

__all__ = [
    "ChatCompletion",
    "ChatCompletionChoice",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "ChatCompletionToolCall",
    "ChoiceDelta",
    "ChoiceLogprobs",
    "ChunkChoice",
    "Completion",
    "CompletionChoice",
    "CompletionLogprobs",
    "FunctionCallDelta",
    "TokenLogprob",
    "ToolCallDelta",
    "TopLogprob",
    "without_nulls",
]


class TopLogprob(Record):
    """How likely another token was at the same place."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprob(Record):
    """How likely a token was, and which others were."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChoiceLogprobs(Record):
    """How likely the tokens of a choice were."""

    content: list[TokenLogprob] | None = None


class ChatCompletionToolCall(Record):
    """A tool that the model wants called; the answer to it is a message of the role "tool" with this id."""

    id: str
    function: FunctionCall
    type: str = "function"


class ChatCompletionMessage(Record):
    """The answer of the model. It can be sent again as it is, among the messages of the next call."""

    role: ChatRole
    content: str | None = None
    name: str | None = None
    tool_calls: list[ChatCompletionToolCall] | None = None
    function_call: FunctionCall | None = None


class ChatCompletionChoice(Record):
    """One of the answers that were asked for."""

    index: int
    message: ChatCompletionMessage
    finish_reason: FinishReason | None = None
    logprobs: ChoiceLogprobs | None = None


class ChatCompletion(Record):
    """The answer to a chat; `created` is in seconds since 1970."""

    id: str
    choices: list[ChatCompletionChoice]
    created: int
    model: str
    object: str = "chat.completion"
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @property
    def message(self) -> ChatCompletionMessage | None:
        """The message of the first choice, None when there is none."""
        return self.choices[0].message if self.choices else None

    @property
    def text(self) -> str:
        """The text of the first choice; empty when it has none, as with a tool call."""
        return (self.message.content or "") if self.message else ""


class FunctionCallDelta(Record):
    """What a chunk adds to a function call: its name, or a piece of its arguments."""

    name: str | None = None
    arguments: str | None = None


class ToolCallDelta(Record):
    """What a chunk adds to the tool call of this index."""

    index: int
    id: str | None = None
    function: FunctionCallDelta | None = None
    type: str | None = None


class ChoiceDelta(Record):
    """What a chunk adds to a message."""

    role: ChatRole | None = None
    content: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    function_call: FunctionCallDelta | None = None


class ChunkChoice(Record):
    """What a chunk adds to the answer of this index; the last one of it has a reason."""

    index: int
    delta: ChoiceDelta
    finish_reason: FinishReason | None = None
    logprobs: ChoiceLogprobs | None = None


class ChatCompletionChunk(Record):
    """A piece of the answer to a chat, as it streams; the usage is in the last one, where it was asked for."""

    id: str
    choices: list[ChunkChoice]
    created: int
    model: str
    object: str = "chat.completion.chunk"
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @property
    def text(self) -> str:
        """What the chunk adds to the text of the first choice; often empty."""
        return "".join(choice.delta.content or "" for choice in self.choices if choice.index == 0)


class CompletionLogprobs(Record):
    """How likely the tokens of a text were."""

    text_offset: list[int] | None = None
    token_logprobs: list[float | None] | None = None
    tokens: list[str] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class CompletionChoice(Record):
    """One of the texts that were asked for; in a stream, what a chunk adds to the text of this index."""

    index: int
    text: str
    finish_reason: FinishReason | None = None
    logprobs: CompletionLogprobs | None = None


class Completion(Record):
    """The continuation of a text, whole or as a chunk of a stream; `created` is in seconds since 1970."""

    id: str
    choices: list[CompletionChoice]
    created: int
    model: str
    object: str = "text_completion"
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @property
    def text(self) -> str:
        """The text of the first choice; in a stream, what the chunk adds to it."""
        return "".join(choice.text for choice in self.choices if choice.index == 0)


def without_nulls(message: ChatCompletionMessage) -> ChatCompletionMessage:
    """Return a message without the fields that are null, which servers refuse in what is sent; extras stay."""
    empty = [name for name in ("name", "tool_calls", "function_call") if getattr(message, name) is None]
    return message.replace(**dict.fromkeys(empty, OMIT))
