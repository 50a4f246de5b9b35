"""Chat in a session: the messages, what is sent with them, and the answer."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from typing_extensions import NotRequired, TypedDict

from gemel.julep.models.common import Record
from gemel.kit.models.typed_dicts import open_keys
from gemel.kit.models.unions import Discriminator, OpenEnum
from gemel.kit.types import ABSENT, is_object

__all__ = [
    "ChatMlMessage",
    "ChatResponse",
    "ChatRole",
    "ChatSettingsResponseFormatDict",
    "CompletionUsage",
    "ContentPart",
    "DocIds",
    "FinishReason",
    "FunctionCall",
    "ImagePart",
    "ImageUrl",
    "InputChatMlMessage",
    "InputChatMlMessageDict",
    "InputChatMlMessageRole",
    "InputRole",
    "TextPart",
]

InputRole: TypeAlias = Literal["user", "assistant", "system", "function_call", "function", "auto"]
"""The role of the speaker, in a message that is sent."""


class ChatRole(OpenEnum):
    """The role of the speaker, in a message that is received."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    FUNCTION_CALL = "function_call"
    FUNCTION = "function"


class InputChatMlMessageRole(OpenEnum):
    """Who speaks, in a message that is sent; the texts themselves do as well."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    FUNCTION_CALL = "function_call"
    FUNCTION = "function"
    AUTO = "auto"


class FinishReason(OpenEnum):
    """The reason why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    FUNCTION_CALL = "function_call"


class ImageUrl(Record):
    """The address of an image, or a data: URL."""

    url: str
    detail: str | None = ABSENT


class TextPart(Record):
    """A part of a message that is text."""

    type: Literal["text"]
    text: str


class ImagePart(Record):
    """A part of a message that is an image."""

    type: Literal["image_url"]
    image_url: ImageUrl


ContentPart: TypeAlias = Annotated[TextPart | ImagePart, Discriminator("type")]
"""A part of a message's content."""


class FunctionCall(Record):
    """The function that a model wants called; `arguments` is a JSON text."""

    name: str
    arguments: str


class ChatMlMessage(Record):
    """A message of a session."""

    id: str
    role: ChatRole
    content: str | list[ContentPart]
    created_at: datetime
    name: str | None = ABSENT

    @property
    def text(self) -> str:
        """The content as text: its text parts, one after the other."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def function_call(self) -> FunctionCall | None:
        """The call that the message asks for, None when it asks for none."""
        if self.role != ChatRole.FUNCTION_CALL:
            return None
        try:
            call: Any = json.loads(self.text)
        except ValueError:
            return None
        known = is_object(call) and isinstance(call.get("name"), str) and isinstance(call.get("arguments"), str)
        return FunctionCall(name=call["name"], arguments=call["arguments"]) if known else None


class CompletionUsage(Record):
    """The numbers of tokens that an answer took."""

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int


class DocIds(Record):
    """The docs that were recalled for an answer."""

    agent_doc_ids: list[str]
    user_doc_ids: list[str]


class ChatResponse(Record):
    """The answer of a session: one list of messages for each choice."""

    id: str
    finish_reason: FinishReason
    response: list[list[ChatMlMessage]]
    usage: CompletionUsage
    doc_ids: DocIds

    @property
    def message(self) -> ChatMlMessage | None:
        """The first message of the first choice, None when there is none."""
        return next((message for choice in self.response for message in choice), None)

    @property
    def text(self) -> str:
        """The text of the first message; empty when there is none."""
        return self.message.text if self.message else ""


class InputChatMlMessage(Record):
    """A message for `sessions.chat`, which also takes dicts of this form; `name` is that of the speaker."""

    role: InputRole
    content: str | list[ContentPart]
    name: str | None = ABSENT


_Continue = TypedDict("_Continue", {"continue": "bool | None"}, total=False)


@open_keys
class InputChatMlMessageDict(_Continue):
    """A message as it is sent; `continue` asks the model to continue it."""

    role: InputRole | InputChatMlMessageRole | ChatRole
    content: str | list[dict[str, Any]]
    name: NotRequired[str | None]


@open_keys
class ChatSettingsResponseFormatDict(TypedDict, total=False):
    """The form that the answer must have."""

    type: Literal["text", "json_object", "regex"]
    pattern: str
    schema: dict[str, Any]
