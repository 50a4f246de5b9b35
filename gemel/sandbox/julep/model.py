"""The small deterministic model of the sandbox: it echoes, calls a tool on request, and counts words as tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import domain_error
from .fields import DEFAULT_MODEL

__all__ = ["JULEP_MODELS", "MODELS", "Message", "Spoken", "check_model", "plain_text", "speak", "words"]

JULEP_MODELS = (DEFAULT_MODEL, f"{DEFAULT_MODEL}-awq")
MODELS = (
    *JULEP_MODELS,
    "claude-3-haiku-20240307",
    "claude-3-opus-20240229",
    "claude-3-sonnet-20240229",
    "gpt-3.5-turbo",
    "gpt-4",
    "gpt-4-turbo",
    "gpt-4o",
)
# `CALL_TOOL`, perhaps the name of a tool, perhaps its arguments as a JSON object.
_REQUEST = re.compile(r"\bCALL_TOOL\b(?:\s+([\w.-]+))?(?:\s*(\{.*\}))?", re.DOTALL)


@dataclass(frozen=True)
class Message:
    """A message as the model sees it."""

    role: str
    text: str


@dataclass(frozen=True)
class Spoken:
    """What the model said.

    Attributes:
        text: The text; empty for a call.
        call: The name and the JSON text of the arguments of a function it calls, or None.
        finish_reason: Stop, length or tool_calls.
        prompt_tokens: The words of the prompt.
        completion_tokens: The words said; 1 for a call.
    """

    text: str
    call: tuple[str, str] | None
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        """The tokens, as a reply shows them."""
        total = self.prompt_tokens + self.completion_tokens
        return {
            "completion_tokens": self.completion_tokens,
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": total,
        }


def check_model(name: str | None) -> None:
    """Raise a Refusal, 400, for a model that the server does not know."""
    if name not in MODELS:
        known = ", ".join(MODELS)
        raise domain_error(400, f"Unknown model: {name}. Please provide a valid model name.Available models: {known}")


def plain_text(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts of which the text parts count."""
    if isinstance(content, list):
        parts: list[Mapping[str, Any]] = content  # pyright: ignore[reportUnknownVariableType]
        return " ".join(str(part.get("text", "")) for part in parts if part.get("type", "text") == "text")
    return str(content or "")


def words(text: str) -> list[str]:
    """The tokens of a text: each word with the space that follows it."""
    return re.findall(r"\S+\s*|^\s+", text)


def speak(
    messages: Sequence[Message],
    functions: Sequence[str] = (),
    *,
    max_tokens: int,
    stop: Sequence[str] = (),
    forced: str | None = None,
) -> Spoken:
    """Answer the last message: `echo:` and its text, or a call where it says CALL_TOOL and there are functions.

    Arguments:
        messages: The prompt.
        functions: The names of the functions it may call.
        max_tokens: After how many words it is cut off.
        stop: Texts before which it stops.
        forced: The function it must call.
    """
    heard = messages[-1].text if messages else ""
    prompt_tokens = sum(len(words(message.text)) for message in messages)
    call = _call(heard, functions, forced)
    if call is not None:
        return Spoken("", call, "tool_calls", prompt_tokens, 1)
    said = words(_stopped(f"echo: {heard}", stop))
    reason = "length" if len(said) > max_tokens else "stop"
    text = "".join(said[:max_tokens])
    return Spoken(text.rstrip() if reason == "length" else text, None, reason, prompt_tokens, len(said[:max_tokens]))


def _call(heard: str, functions: Sequence[str], forced: str | None) -> tuple[str, str] | None:
    asked = _REQUEST.search(heard)
    wanted, arguments = asked.groups() if asked else (None, None)
    if forced is not None:
        return forced, _arguments(arguments)
    if asked is None or not functions:
        return None
    return next((name for name in functions if name == wanted), functions[0]), _arguments(arguments)


def _arguments(given: str | None) -> str:
    try:
        json.loads(given or "")
    except ValueError:
        return "{}"
    return str(given)


def _stopped(text: str, stop: Sequence[str]) -> str:
    ends = [text.index(mark) for mark in stop if mark and mark in text]
    return text[: min(ends)] if ends else text
