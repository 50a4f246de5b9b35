"""The objects of OpenAI's API: a completion of a chat or of a text, whole and in chunks."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .model import Spoken, words

__all__ = ["ChatCompletion", "Completion", "TextCompletion"]


@dataclass(frozen=True)
class Completion(ABC):
    """What the model said, once for each choice, ready to be shown.

    Attributes:
        model: The name of the model.
        choices: What was said.
        id: The id of the completion and of each chunk.
        created: When, in seconds since the epoch.
    """

    model: str
    choices: tuple[Spoken, ...]
    id: str = field(default_factory=lambda: f"cmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    whole_object = "text_completion"
    chunk_object = "text_completion"

    def whole(self) -> dict[str, Any]:
        """The completion as one object."""
        choices = [self.choice(index, spoken) for index, spoken in enumerate(self.choices)]
        return self._head(self.whole_object) | {"choices": choices, "usage": self.usage()}

    def chunks(self, with_usage: bool) -> Iterator[dict[str, Any]]:
        """The completion in chunks, a word each; the last one holds the usage where it is asked for."""
        head = self._head(self.chunk_object)
        for index, spoken in enumerate(self.choices):
            for choice in self.pieces(index, spoken):
                yield head | {"choices": [choice]}
        if with_usage:
            yield head | {"choices": [], "usage": self.usage()}

    def usage(self) -> dict[str, int]:
        """The tokens of the prompt, which was read once, and of all that was said."""
        prompt = self.choices[0].prompt_tokens
        said = sum(spoken.completion_tokens for spoken in self.choices)
        return {"prompt_tokens": prompt, "total_tokens": prompt + said, "completion_tokens": said}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    @abstractmethod
    def choice(self, index: int, spoken: Spoken) -> dict[str, Any]:
        """One choice of the whole object."""

    @abstractmethod
    def pieces(self, index: int, spoken: Spoken) -> Iterator[dict[str, Any]]:
        """The choice in the pieces that chunks hold."""


class TextCompletion(Completion):
    """A completion of a text."""

    def choice(self, index: int, spoken: Spoken) -> dict[str, Any]:
        """One choice of the whole object."""
        return {"index": index, "text": spoken.text, "logprobs": None, "finish_reason": spoken.finish_reason}

    def pieces(self, index: int, spoken: Spoken) -> Iterator[dict[str, Any]]:
        """A word each; the last one says why it is the last."""
        said = words(spoken.text) or [""]
        for position, word in enumerate(said, 1):
            reason = spoken.finish_reason if position == len(said) else None
            yield {"index": index, "text": word, "logprobs": None, "finish_reason": reason}


class ChatCompletion(Completion):
    """A completion of a chat."""

    whole_object = "chat.completion"
    chunk_object = "chat.completion.chunk"

    def choice(self, index: int, spoken: Spoken) -> dict[str, Any]:
        """One choice of the whole object."""
        message: dict[str, Any] = {"role": "assistant", "content": spoken.text}
        if spoken.call is not None:
            message |= {"content": None, "tool_calls": [self._call(index, spoken.call)]}
        return {"index": index, "message": message, "logprobs": None, "finish_reason": spoken.finish_reason}

    def pieces(self, index: int, spoken: Spoken) -> Iterator[dict[str, Any]]:
        """The role, then a word each or the whole call, then why it is over."""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if spoken.call is None:
            deltas += [{"content": word} for word in words(spoken.text)]
        else:
            deltas.append({"tool_calls": [{"index": 0} | self._call(index, spoken.call)]})
        for delta in deltas:
            yield {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
        yield {"index": index, "delta": {}, "logprobs": None, "finish_reason": spoken.finish_reason}

    def _call(self, index: int, call: tuple[str, str]) -> dict[str, Any]:
        name, arguments = call
        key = f"call_{self.id.removeprefix('cmpl-')[:24]}{index}"
        return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}
