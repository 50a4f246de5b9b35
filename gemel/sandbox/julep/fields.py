"""The fields that several operations of Julep share."""

from __future__ import annotations

from .validation import (
    anything,
    boolean,
    choice,
    decimal,
    either,
    integer,
    listing,
    literal,
    mapping,
    optional,
    record,
    text,
    uuid_text,
)

__all__ = ["CHAT", "DEFAULT_MODEL", "DOC", "FUNCTION", "INSTRUCTIONS", "METADATA", "SETTINGS", "TOOL"]

DEFAULT_MODEL = "julep-ai/samantha-1-turbo"
PRESETS = (
    "problem_solving",
    "conversational",
    "fun",
    "prose",
    "creative",
    "business",
    "deterministic",
    "code",
    "multilingual",
)
ROLES = ("user", "assistant", "system", "function_call", "function", "auto")

METADATA = optional(mapping())
INSTRUCTIONS = optional(either({"str": text(), "list[str]": listing(text())}))
SETTINGS = optional(
    record(
        {
            "frequency_penalty": optional(decimal(least=-2, most=2), 0.0),
            "length_penalty": optional(decimal(least=0, most=2), 1.0),
            "presence_penalty": optional(decimal(least=-1, most=1), 0.0),
            "repetition_penalty": optional(decimal(least=0, most=2), 1.0),
            "temperature": optional(decimal(least=0, most=3), 0.75),
            "top_p": optional(decimal(least=0, most=1), 1.0),
            "min_p": optional(decimal(least=0, below=1), 0.01),
            "preset": optional(choice(*PRESETS)),
        }
    )
)
DOC = {
    "title": text(),
    "content": either({"list[ContentItem]": listing(text()), "str": text()}),
    "metadata": METADATA,
}
FUNCTION = record({"description": optional(text()), "name": text(), "parameters": mapping()})
TOOL = {"type": choice("function", "webhook"), "function": FUNCTION}

_TEXT_PART = record({"type": literal("text"), "text": text()})
_IMAGE = record({"url": text(), "detail": optional(choice("low", "high", "auto"), "auto")})
_IMAGE_PART = record({"type": literal("image_url"), "image_url": _IMAGE})
_PARTS = listing(either({"ChatMLTextContentPart": _TEXT_PART, "ChatMLImageContentPart": _IMAGE_PART}))
_MESSAGE = record(
    {
        "role": choice(*ROLES),
        "content": either({"str": text(), "list[union[ChatMLTextContentPart,ChatMLImageContentPart]]": _PARTS}),
        "name": optional(text()),
        "continue": optional(boolean(), False),
    }
)
_FORMAT = record(
    {
        "type": optional(choice("text", "json_object", "regex"), "text"),
        "pattern": optional(text()),
        "schema": optional(mapping()),
    }
)
_NAMED_TOOL = record({"type": literal("function"), "function": record({"name": text()})})
CHAT = {
    "messages": listing(_MESSAGE, least=1),
    "tools": optional(listing(record(TOOL | {"id": uuid_text()}))),
    "tool_choice": optional(either({"ToolChoiceOption1": choice("none", "auto"), "NamedToolChoice": _NAMED_TOOL})),
    "recall": optional(boolean(), True),
    "record": optional(boolean(), True),
    "remember": optional(boolean(), True),
    "frequency_penalty": optional(decimal(least=-1, most=1), 0.0),
    "length_penalty": optional(decimal(least=0, most=2), 1.0),
    "logit_bias": optional(mapping()),
    "max_tokens": optional(integer(least=1, most=16384), 200),
    "presence_penalty": optional(decimal(least=-1, most=1), 0.0),
    "repetition_penalty": optional(decimal(least=0, most=2), 1.0),
    "response_format": optional(_FORMAT),
    "seed": optional(integer(least=-1, most=9999)),
    "stop": optional(either({"str": text(), "Stop": listing(anything(), least=1, most=4)})),
    "stream": optional(boolean(), False),
    "temperature": optional(decimal(least=0, most=2), 0.75),
    "top_p": optional(decimal(above=0, most=1), 1.0),
    "min_p": optional(decimal(least=0, below=1), 0.01),
    "preset": optional(choice(*PRESETS)),
}
