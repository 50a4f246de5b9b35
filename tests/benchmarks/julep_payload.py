"""What the benchmark server answers as Julep: agents, a chat, a streamed completion, in the shapes of 0.x and of 1.x.

Every field that the real servers send is there, null where they send null. Source of the shapes: the API's descriptions
and replies recorded from a server of 0.3.9. A stream comes as servers send one: an HTTP chunk for each event.
"""

import json
from typing import Any

from payload import encoded

AGENT = "5f0c8a64-2b1d-4c39-9e77-000000000000"
SESSION = "0b6b0f0e-6f0c-4a53-8a55-2f8f2f6f7a10"
MODEL = "julep-ai/samantha-1-turbo"
COUNT = 100
CHUNKS = 2_000
MESSAGES = [{"role": "user", "content": "When does the night train leave?"}]
ANSWER = "The night train leaves at nine, from platform 4."
SAID = "2026-11-21T20:03:30.241429Z"
SETTINGS = {
    "frequency_penalty": 0.0,
    "length_penalty": 1.0,
    "presence_penalty": 0.0,
    "repetition_penalty": 1.0,
    "temperature": 0.75,
    "top_p": 1.0,
    "min_p": 0.01,
    "preset": None,
}


def name(index: int) -> str:
    """The name of agent number `index`."""
    return f"agent number {index}"


def word(index: int) -> str:
    """What chunk number `index` of a stream adds."""
    return f"word{index} "


def text() -> str:
    """What a whole stream says."""
    return "".join(map(word, range(CHUNKS)))


def agent(index: int, settings: Any) -> dict[str, Any]:
    """Agent number `index` as a server of 0.x writes it; in lists it has no settings."""
    return {
        "name": name(index),
        "about": "Knows the timetable, and answers in one sentence.",
        "created_at": SAID,
        "updated_at": SAID,
        "id": AGENT[:-12] + f"{index:012x}",
        "default_settings": settings,
        "model": MODEL,
        "metadata": {"team": "travel", "index": index},
        "instructions": ["Be brief.", "Name the platform."],
    }


def newer_agent(index: int, settings: Any) -> dict[str, Any]:
    """The same as a server of 1.x writes it."""
    more = {"canonical_name": None, "project": None, "default_system_template": None}
    return {**agent(index, settings), **more}


def chat() -> dict[str, Any]:
    """The answer of a session, 0.x."""
    message = {"role": "assistant", "content": ANSWER, "name": name(0), "created_at": SAID, "id": AGENT}
    return {
        "id": SESSION,
        "finish_reason": "stop",
        "response": [[message]],
        "usage": {"completion_tokens": 9, "prompt_tokens": 32, "total_tokens": 41},
        "jobs": None,
        "doc_ids": {"agent_doc_ids": [AGENT], "user_doc_ids": []},
    }


def newer_chat() -> dict[str, Any]:
    """The answer of a session, 1.x."""
    message = {"role": "assistant", "content": ANSWER, "name": name(0)}
    return {
        "id": SESSION,
        "created_at": SAID,
        "jobs": [],
        "docs": [],
        "usage": {"completion_tokens": 9, "prompt_tokens": 32, "total_tokens": 41},
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }


def chunk(index: int) -> dict[str, Any]:
    """A chunk of a streamed completion, as model serving writes it for all generations of 0.x."""
    last = index == CHUNKS - 1
    choice = {"index": 0, "delta": {"content": word(index)}, "finish_reason": "stop" if last else None}
    return {
        "id": "cmpl-3a7e0f2b9c",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": MODEL,
        "choices": [choice],
    }


def newer_chunk(index: int) -> dict[str, Any]:
    """A chunk of a streamed chat in a session, 1.x: its finish_reason is always there."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": word(index)}, "finish_reason": "stop"}
    return {"id": SESSION, "created_at": SAID, "jobs": [], "docs": [], "usage": None, "choices": [choice]}


def events(chunks: list[dict[str, Any]], end: bytes = b"") -> bytes:
    """The events of a stream, each as an HTTP chunk, and what ends them."""
    pieces = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks]
    if end:
        pieces.append(b"data: " + end + b"\n\n")
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def documents() -> dict[bytes, bytes]:
    """The JSON bodies by path: 0.x below /api, 1.x below /new."""
    numbers, one, session = range(COUNT), AGENT.encode(), SESSION.encode()
    return {
        b"/api/agents/" + one: encoded(agent(0, SETTINGS)),
        b"/api/agents": encoded({"items": [agent(index, None) for index in numbers]}),
        b"/api/sessions/" + session + b"/chat": encoded(chat()),
        b"/new/agents/" + one: encoded(newer_agent(0, SETTINGS)),
        b"/new/agents": encoded({"items": [newer_agent(index, None) for index in numbers]}),
        b"/new/sessions/" + session + b"/chat": encoded(newer_chat()),
    }


def streams() -> dict[bytes, bytes]:
    """The streams by path; that of 1.x stands below a path of its own, for the request is the same as for a chat."""
    return {
        b"/v1/chat/completions": events([chunk(index) for index in range(CHUNKS)], b"[DONE]"),
        b"/streamed/sessions/" + SESSION.encode() + b"/chat": events([newer_chunk(index) for index in range(CHUNKS)]),
    }
