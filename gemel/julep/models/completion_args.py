"""The arguments of completions of chats and texts: OpenAI's, and those of Julep's model serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from typing_extensions import NotRequired, TypedDict

from gemel.julep.models.completions import ChatCompletionMessage, ChatCompletionToolCall
from gemel.kit.http.messages import Timeout
from gemel.kit.types import Predicate

__all__ = [
    "CallArgs",
    "ChatCompletionArgs",
    "ChatCompletionCreateArgs",
    "ChatFunctionDict",
    "ChatMessageDict",
    "ChatMessages",
    "ChatToolDict",
    "CompletionArgs",
    "CompletionCreateArgs",
    "FunctionCallDict",
    "FunctionNameDict",
    "MessageRole",
    "NamedToolDict",
    "Prompt",
    "SamplingArgs",
    "StreamOptionsDict",
    "ToolCallDict",
]

MessageRole: TypeAlias = Literal["system", "user", "assistant", "tool", "function", "function_call"]
"""The role of the speaker, in a message that is sent; "function_call" is Julep's own."""


class FunctionCallDict(TypedDict):
    """A call of a function; `arguments` is a JSON text."""

    name: str
    arguments: str


class ToolCallDict(TypedDict):
    """A call of a tool, as an assistant's message has it."""

    id: str
    type: Literal["function"]
    function: FunctionCallDict


_Continue = TypedDict("_Continue", {"continue": "bool | None"}, total=False)


class ChatMessageDict(_Continue):
    """A message as it is sent; `continue` asks the model to go on with it, in Julep's own form."""

    role: MessageRole
    content: NotRequired[str | list[dict[str, Any]] | None]
    name: NotRequired[str | None]
    tool_calls: NotRequired[Sequence[ToolCallDict | ChatCompletionToolCall] | None]
    tool_call_id: NotRequired[str]
    function_call: NotRequired[FunctionCallDict | None]


ChatMessages: TypeAlias = Annotated[
    Sequence[ChatMessageDict | ChatCompletionMessage], Predicate("at least one message", bool)
]
"""The messages so far: dicts, and messages of earlier answers."""

Prompt: TypeAlias = Annotated[
    str | list[str] | list[int] | list[list[int]], Predicate("not an empty list", lambda value: value != [])
]
"""A text to continue, or several, or one or several as tokens."""


class ChatFunctionDict(TypedDict):
    """The description of a function for a model; `parameters` is a JSON schema."""

    name: str
    description: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    strict: NotRequired[bool | None]


class ChatToolDict(TypedDict):
    """A tool that the model may call."""

    type: Literal["function"]
    function: ChatFunctionDict


class FunctionNameDict(TypedDict):
    """The function that the model must call."""

    name: str


class NamedToolDict(TypedDict):
    """The tool that the model must call."""

    type: Literal["function"]
    function: FunctionNameDict


class StreamOptionsDict(TypedDict, total=False):
    """Options of a stream: with `include_usage` it ends with a chunk that has the usage and no choice."""

    include_usage: bool


class SamplingArgs(TypedDict, total=False):
    """The arguments of Julep's model serving beyond OpenAI's.

    Attributes:
        min_p: The least probability of a token relative to the likeliest; the server's default is 0.01.
        preset: A named set of settings, see Preset.
        best_of: How many answers are made, of which the best is returned.
    """

    best_of: int | None
    early_stopping: bool | None
    ignore_eos: bool | None
    length_penalty: float | None
    min_p: float | None
    preset: str | None
    repetition_penalty: float | None
    skip_special_tokens: bool | None
    spaces_between_special_tokens: bool | None
    stop_token_ids: list[int] | None
    top_k: int | None
    use_beam_search: bool | None


class _CommonArgs(SamplingArgs, total=False):
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    max_tokens: int | None
    n: int | None
    presence_penalty: float | None
    seed: int | None
    stop: str | list[str] | None
    stream_options: StreamOptionsDict | None
    temperature: float | None
    top_p: float | None
    user: str


class _Messages(TypedDict):
    messages: ChatMessages


class ChatCompletionArgs(_Messages, _CommonArgs, total=False):
    """The fields of a chat to complete; only the messages are required."""

    function_call: Literal["none", "auto"] | FunctionNameDict
    functions: list[ChatFunctionDict]
    logprobs: bool | None
    max_completion_tokens: int | None
    parallel_tool_calls: bool
    response_format: Mapping[str, Any]
    tool_choice: Literal["none", "auto", "required"] | NamedToolDict | None
    tools: list[ChatToolDict]
    top_logprobs: int | None


class _Prompt(TypedDict):
    prompt: Prompt


class CompletionArgs(_Prompt, _CommonArgs, total=False):
    """The fields of a text to complete; only the prompt is required."""

    echo: bool | None
    logprobs: int | None
    suffix: str | None


class CallArgs(TypedDict, total=False):
    """The options of one call.

    Attributes:
        model: The model; by default "julep-ai/samantha-1-turbo".
        extra_headers: Header fields to add.
        extra_query: Query parameters to add.
        extra_body: Fields that replace OpenAI's arguments; other keywords replace these.
        timeout: Seconds for the whole call, or a Timeout.
    """

    model: str | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    timeout: float | Timeout | None


class ChatCompletionCreateArgs(ChatCompletionArgs, CallArgs, total=False):
    """The arguments of `chat.completions.create`."""


class CompletionCreateArgs(CompletionArgs, CallArgs, total=False):
    """The arguments of `completions.create`."""
