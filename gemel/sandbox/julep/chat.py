"""Chat in a session, with the calls that break the server left as broken as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..store import Row
from .errors import crashed, not_found
from .fields import CHAT
from .model import JULEP_MODELS, Spoken, check_model, speak
from .owned import owned, written
from .prompt import Prompt, assemble
from .records import Records, new_id, text_of, timestamp
from .routing import Call, Routes
from .tools import functions_of

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun
OVERFLOWS = ("truncate", "adaptive")
UNREADABLE = ("function", "auto")  # roles that a message may have, and that break the server


def chat(call: Call) -> Any:
    """POST chat: the answer of the model, kept in the history unless `remember` is false or null.

    Docs are recalled whatever `recall` says, as the server does.
    """
    body = call.body
    _refuse_settings(body)
    session = written(call, "sessions", "session")
    agent = owned(call, "agents", session["agent_id"])
    if agent is None:
        raise not_found("Session", session["id"], call.developer)
    messages = _readable(body["messages"])
    check_model(agent["model"])
    if body["stream"] or (agent["model"] in JULEP_MODELS and _has_image(messages)):
        raise crashed()
    prompt = assemble(call.records, session, agent, messages)
    fitted, jobs = _fitted(call.records, session, prompt, bool(body["remember"]))
    names = [function["name"] for function in functions_of(call.records, agent["id"])]
    spoken = speak(fitted.messages, names, max_tokens=body["max_tokens"] or 200, stop=body["stop"] or ())
    message = _message(spoken, agent["name"])
    if body["remember"]:
        _remember(call.records, session["id"], [*messages, message])
    return _response(spoken, message, fitted, jobs)


def _refuse_settings(body: Mapping[str, Any]) -> None:
    stop: list[Any] | str | None = body["stop"]
    usable = stop is None or (not isinstance(stop, str) and all(isinstance(mark, str) for mark in stop))
    if body["logit_bias"] is not None or not usable:
        raise crashed()


def _readable(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages that say something; the server reads few roles, and has no answer to nothing."""
    said = [message for message in messages if message["content"]]
    if not said or any(message["role"] in UNREADABLE for message in messages):
        raise crashed()
    return said


def _has_image(messages: list[dict[str, Any]]) -> bool:
    parts: list[dict[str, Any]] = []
    for message in messages:
        parts += message["content"] if isinstance(message["content"], list) else []
    return any(part["type"] == "image_url" for part in parts)


def _fitted(records: Records, session: Row, prompt: Prompt, remember: bool) -> tuple[Prompt, list[str] | None]:
    """The prompt within the budget of the session, and the job that shortens the history when there will be one."""
    budget = session["token_budget"]
    if budget is None or prompt.tokens <= budget:
        return prompt, None
    if session["context_overflow"] not in OVERFLOWS:
        raise crashed()
    return prompt.truncated(budget), [records.start_job()] if remember else None


def _message(spoken: Spoken, agent_name: str) -> dict[str, Any]:
    role, content = "assistant", spoken.text
    if spoken.call is not None:
        name, arguments = spoken.call
        role, content = "function_call", json.dumps({"arguments": arguments, "name": name}, separators=(",", ":"))
    return {"role": role, "content": content, "name": agent_name, "created_at": timestamp(), "id": new_id()}


def _remember(records: Records, session_id: str, messages: list[dict[str, Any]]) -> None:
    for message in messages:
        content = message["content"]
        records.store.insert(
            "entries",
            id=message.get("id") or new_id(),
            session_id=session_id,
            role=message["role"],
            name=message["name"] or "",
            content=text_of([{"type": "text", "text": content}] if isinstance(content, str) else content),
            created_at=timestamp(),
        )


def _response(spoken: Spoken, message: dict[str, Any], prompt: Prompt, jobs: list[str] | None) -> dict[str, Any]:
    doc_ids = {"agent_doc_ids": list(prompt.agent_doc_ids), "user_doc_ids": list(prompt.user_doc_ids)}
    return {
        "id": new_id(),
        "finish_reason": spoken.finish_reason,
        "response": [[message]],
        "usage": spoken.usage,
        "jobs": jobs,
        "doc_ids": doc_ids,
    }


routes.add("POST", "/sessions/{session_id}/chat", chat, body=CHAT)
