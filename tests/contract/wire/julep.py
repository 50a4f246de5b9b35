"""The cases of the Julep SDK, and the one record that all its calls understand."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gemel.julep import AsyncClient, ChatCompletionMessage, ChatRole, Client

from .cases import Arguments, Case, call, case, declared
from .common import HEADERS, QUERY, configured, optional, repeated, undeclared
from .play import Sdk
from .recorder import Request, reply
from .values import ANYTHING, HOSTILE, parameters, uuid_of

ID = str(uuid_of("tool_id"))
FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}}
RECORD: dict[str, Any] = {
    **dict.fromkeys(("id", "agent_id", "user_id", "session_id", "message_id"), ID),
    **dict.fromkeys(("created_at", "updated_at"), "2024-02-29T18:00:15Z"),
    **dict.fromkeys(("name", "title", "content"), "text"),
    "model": "a model",
    "default_settings": {"temperature": 0.5, "preset": "fun"},
    "type": "function",
    "function": FUNCTION,
    "role": "user",
    "target": "user",
    "entities": [],
    "state": "succeeded",
    "finish_reason": "stop",
    "response": [],
    "usage": {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2},
    "doc_ids": {"agent_doc_ids": [], "user_doc_ids": []},
    "choices": [],
    "created": 0,
}


def answer(request: Request) -> bytes:
    """A stream without an event, or a record of all kinds at once, which is also a list of one; pages end."""
    if b'"stream":true' in request.body and request.target.startswith("/v1/"):
        return reply(b"data: [DONE]\n\n", content_type="text/event-stream")
    (offset,) = parse_qs(urlsplit(request.target).query).get("offset", ["0"])
    return reply({**RECORD, "items": [RECORD] if offset == "0" else []})


def settings(url: str) -> dict[str, Any]:
    return {"api_key": "wire-key", "base_url": f"{url}/api", "retries": 0}


AGENT = call("agents.get", ID)
CREATE = call("agents.create_agent", name="A")


def cases(client: Any, mode: str) -> Iterator[Case]:
    yield from declared(client, settle)
    yield from optional("agents.list", limit=1)
    yield from optional("agents.iterate", page_size=1)
    yield from optional("agents.patch_agent", agent_id=ID, name="ü")
    yield from optional("chat.completions.complete", messages=[{"role": "user", "content": "ü"}])
    yield from optional("completions.stream", prompt="ü")
    yield from undeclared()
    yield from created(client)
    url = client.endpoint.removesuffix("/api")
    yield from configured(client, mode, address="base_url", url=url, reading=AGENT, writing=CREATE)
    written = call("request", "POST", "once", body={"a": 1}, headers={"Idempotency-Key": "once"})
    yield from repeated(AGENT, written)
    yield case("additional headers", AGENT, CREATE, additional_headers=HEADERS)


def settle(path: str, given: Arguments, number: int) -> Arguments:
    """Leave out what a flow refuses beside the rest, and give what it asks for."""
    if path in NEEDS_OWNER:
        given = {**given, **dict.fromkeys(("agent_id", "user_id"), None), OWNERS[number % 2]: ID}
    if given.get("functions"):
        given = {name: value for name, value in given.items() if name != ("tools", "functions")[number % 2]}
    if given.get("overwrite"):
        given = {**given, **NEEDED[path]}
    return {name: value for name, value in given.items() if (path, name) not in NOT_GIVEN}


OWNERS = "agent_id", "user_id"
NOT_GIVEN = {("sessions.chat", "stream"), ("jobs.wait", "timeout")}
NEEDS_OWNER = {"docs.list", "docs.create", "docs.delete"}
NEEDED: dict[str, Arguments] = {
    "agents.update": {"name": "A", "about": "a"},
    "users.update": {"name": "U", "about": "u"},
    "sessions.update": {"situation": "s"},
    "tools.update": {"function": {"name": "f", "parameters": {}}},
}


def created(client: Any) -> Iterator[Case]:
    """The cases of both `create`: each way to stream, and what one call adds to its fields."""
    said = ChatCompletionMessage(role=ChatRole.ASSISTANT, content=HOSTILE[1])
    least: dict[str, Arguments] = {
        "chat.completions": {"messages": [{"role": "user", "content": HOSTILE[6]}, said]},
        "completions": {"prompt": HOSTILE[7]},
    }
    for path, given in least.items():
        owner = attrgetter(path)(client)
        taken = [each for each in parameters(owner.complete, owner) if each.name != "stream"]
        for stream in (None, False, True):
            for title, extra in EXTRA.items():
                yield case(
                    f"{path}.create, stream {stream}: {title}", call(f"{path}.create", stream=stream, **given, **extra)
                )
            for number in range(3):
                everything = {each.name: each.value(number, 3) for each in taken}
                yield case(
                    f"{path}.create, stream {stream}: all {number + 1}",
                    call(f"{path}.create", stream=stream, **everything),
                )


EXTRA: dict[str, Arguments] = {
    "least": {},
    "model": {"model": "another/model ü"},
    "no model": {"model": None, "timeout": 7},
    "headers": {"extra_headers": HEADERS},
    "query": {"extra_query": QUERY},
    "body": {"extra_body": {"top_k": 1, "temperature": 0.25, "new": ANYTHING[0]}, "top_k": 2, "temperature": 0.5},
    "unknown fields": {"new": ANYTHING[2], "another": None},
}

SDK = Sdk(Client, AsyncClient, settings, cases, answer)
