"""The prompt of a chat: who the agent and the user are, instructions, recalled docs, the history, the new messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..store import Row
from .docs import recall
from .model import Message, plain_text, words
from .records import Records

__all__ = ["Prompt", "assemble"]


@dataclass(frozen=True)
class Prompt:
    """What the model is given.

    Attributes:
        preamble: What it is told before the history.
        history: The messages of the session.
        new: The messages of this call.
        agent_doc_ids: The agent's docs in the preamble, best first.
        user_doc_ids: The user's docs in the preamble, best first.
    """

    preamble: tuple[Message, ...]
    history: tuple[Message, ...]
    new: tuple[Message, ...]
    agent_doc_ids: tuple[str, ...]
    user_doc_ids: tuple[str, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        """All of it, in order."""
        return self.preamble + self.history + self.new

    @property
    def tokens(self) -> int:
        """Its length."""
        return sum(len(words(message.text)) for message in self.messages)

    def truncated(self, budget: int) -> Prompt:
        """The prompt without the oldest history, so that it fits a budget if it can."""
        prompt = self
        while prompt.history and prompt.tokens > budget:
            prompt = replace(prompt, history=prompt.history[1:])
        return prompt


def assemble(records: Records, session: Row, agent: Row, messages: Sequence[dict[str, Any]]) -> Prompt:
    """The prompt for some new messages of a session. As recorded, the situation does not count in it."""
    new = tuple(Message(message["role"], plain_text(message["content"])) for message in messages)
    query = "\n".join(message.text for message in new)
    user = records.store.one("SELECT * FROM users WHERE id = ?", session["user_id"])
    of_agent = recall(records, "agent", agent["id"], query)
    of_user = recall(records, "user", session["user_id"], query)
    rows = records.store.all("SELECT * FROM entries WHERE session_id = ? ORDER BY position", session["id"])
    return Prompt(
        tuple(Message("system", text) for text in _preamble(agent, user, [*of_agent, *of_user])),
        tuple(Message(row["role"], plain_text(json.loads(row["content"]))) for row in rows),
        new,
        tuple(dict.fromkeys(row["doc_id"] for row in of_agent)),
        tuple(dict.fromkeys(row["doc_id"] for row in of_user)),
    )


def _preamble(agent: Row, user: Row | None, snippets: Sequence[Row]) -> list[str]:
    texts = [f"About me ({agent['name']}) {agent['about'] or ''}"]
    if user is not None:
        texts.append(f"About the user ({user['name']}) {user['about'] or ''}")
    instructions = json.loads(agent["instructions"])
    if instructions:
        texts.append("\n\n".join(["Instructions:", *instructions]))
    return texts + [f"{row['title']}:\n...{row['content']}" for row in snippets]
