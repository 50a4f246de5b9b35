"""Model serving: completions of chats and texts, whole and streamed at a pace, and streams that faults spoil."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import aiohttp
import pytest
import requests

from gemel.sandbox import JulepSandbox, serve

from .wire import Julep, events

MODEL = "julep-ai/samantha-1-turbo"
CHAT = "/chat/completions"


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}]} | more


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {}}}


def test_a_chat_is_completed(julep: Julep) -> None:
    body = julep.serving(CHAT, chat("good day", n=2)).json()
    assert (body["object"], body["model"]) == ("chat.completion", MODEL)
    assert [choice["message"] for choice in body["choices"]] == [{"role": "assistant", "content": "echo: good day"}] * 2
    assert [(one["index"], one["finish_reason"]) for one in body["choices"]] == [(0, "stop"), (1, "stop")]
    assert body["usage"] == {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8}
    assert abs(body["created"] - time.time()) < 60


def test_texts_are_completed(julep: Julep) -> None:
    body = julep.serving("/completions", {"model": MODEL, "prompt": ["a b c", "d"], "max_tokens": 3}).json()
    assert body["object"] == "text_completion"
    shown = [(choice["text"], choice["finish_reason"]) for choice in body["choices"]]
    assert shown == [("echo: a b", "length"), ("echo: d", "stop")]


def test_a_chat_streams_a_word_at_a_time(julep: Julep) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, usage, done = events(julep.serving(CHAT, chat("good day", **options)))
    assert done == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    contents = [{"content": "echo: "}, {"content": "good "}, {"content": "day"}]
    assert deltas == [{"role": "assistant", "content": ""}, *contents, {}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 4 + ["stop"]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 5


def test_a_text_streams_a_word_at_a_time(julep: Julep) -> None:
    *chunks, done = events(julep.serving("/completions", {"model": MODEL, "prompt": "x y", "stream": True}))
    assert done == "[DONE]"
    assert [chunk["choices"][0]["text"] for chunk in chunks] == ["echo: ", "x ", "y"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, "stop"]


def test_a_long_stream_comes_whole(julep: Julep) -> None:
    words = [f"w{number}" for number in range(2000)]
    chunks = events(julep.serving(CHAT, chat(" ".join(words), stream=True)))[:-1]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert said.split() == ["echo:", *words]


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("CALL_TOOL b", None, "b"),
        ("CALL_TOOL b", "none", None),
        ("hi", "auto", None),
        ("hi", {"type": "function", "function": {"name": "c"}}, "c"),
    ],
)
def test_a_tool_is_called_on_request(julep: Julep, text: str, choice: Any, called: str | None) -> None:
    asked = chat(text, tools=[tool("a"), tool("b"), tool("c")], tool_choice=choice)
    whole = julep.serving(CHAT, asked).json()["choices"][0]
    assert whole["finish_reason"] == ("tool_calls" if called else "stop")
    calls = whole["message"].get("tool_calls", [])
    assert [call["function"] for call in calls] == ([{"name": called, "arguments": "{}"}] if called else [])
    chunks = events(julep.serving(CHAT, asked | {"stream": True}))[:-1]
    deltas = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert [(call["index"], call["function"]["name"]) for call in deltas] == ([(0, called)] if called else [])


def test_an_unknown_model(julep: Julep) -> None:
    answer = julep.serving(CHAT, chat("x", model="none"))
    message = "The model `none` does not exist."
    assert answer.status_code == 404
    assert answer.json() == {"object": "error", "message": message, "type": "NotFoundError", "param": None, "code": 404}


@pytest.mark.parametrize(
    "body", [{}, {"model": MODEL, "messages": []}, {"model": MODEL, "messages": "x"}, chat("x", n=0), [1]], ids=str
)
def test_a_wrong_request(julep: Julep, body: Any) -> None:
    answer = julep.serving(CHAT, body)
    assert (answer.status_code, answer.json()["type"]) == (400, "BadRequestError")


def test_keys_are_checked_and_models_listed(sandbox: JulepSandbox, julep: Julep) -> None:
    assert requests.post(f"{sandbox.url}/v1/completions", json={}, timeout=5).status_code == 403
    models = julep.session.get(f"{sandbox.url}/v1/models", timeout=5).json()
    assert [model["id"] for model in models["data"]] == [MODEL, f"{MODEL}-awq"]
    assert julep.serving("/embeddings", {}).status_code == 404


def test_a_stream_keeps_its_pace(sandbox: JulepSandbox, julep: Julep) -> None:
    sandbox.set_pace(0.05)
    begun = time.monotonic()
    response = julep.serving(CHAT, chat("a b c", stream=True), stream=True)
    lines = response.iter_lines()
    assert json.loads(next(lines).removeprefix(b"data: "))["choices"][0]["delta"]["role"] == "assistant"
    assert time.monotonic() - begun < 0.2
    assert [line for line in lines if line][-1] == b"data: [DONE]"
    assert time.monotonic() - begun >= 0.05 * 6


def test_a_client_may_leave_a_stream(julep: Julep, sandbox: JulepSandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.set_pace(0.01)
    response = julep.serving(CHAT, chat("word " * 100, stream=True), stream=True)
    next(response.iter_lines())
    response.close()
    time.sleep(0.1)
    assert len(events(julep.serving(CHAT, chat("after", stream=True)))) == 5
    assert not caplog.records


def test_a_sandbox_stops_in_the_middle_of_a_stream() -> None:
    with serve("julep") as sandbox:
        sandbox.set_pace(5)
        julep = Julep(sandbox.url, sandbox.api_key)
        response = julep.serving(CHAT, chat("a b c", stream=True), stream=True)
        lines = response.iter_lines()
        next(lines)
        begun = time.monotonic()
    assert time.monotonic() - begun < 4
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        list(lines)
    julep.session.close()


def raw_stream(sandbox: JulepSandbox) -> bytes:
    """Every byte of the reply to a streamed completion, until the connection ends."""
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    body = json.dumps(chat("a b", stream=True)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: {sandbox.api_key}\r\nConnection: close\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return connection.makefile("rb").read()


def test_a_stream_is_cut_after_some_bytes(sandbox: JulepSandbox) -> None:
    whole = raw_stream(sandbox)
    assert whole.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    sandbox.faults.cut(after=300)
    cut = raw_stream(sandbox)
    assert len(cut) == 300
    assert b"transfer-encoding: chunked\r\n" in cut.lower()
    sandbox.faults.truncate()
    truncated = raw_stream(sandbox)
    assert b"data: " in truncated
    assert b"[DONE]" not in truncated


def test_a_cut_stream_is_seen_by_both_libraries(sandbox: JulepSandbox, julep: Julep) -> None:
    sandbox.faults.truncate(times=2)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        julep.serving(CHAT, chat("a b", stream=True))

    async def main() -> None:
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(f"{sandbox.url}/v1{CHAT}", json=chat("a b", stream=True)) as answer:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.read()

    asyncio.run(main())


def test_a_malformed_stream_ends_in_the_middle_of_an_event(sandbox: JulepSandbox, julep: Julep) -> None:
    sandbox.faults.malformed()
    text = julep.serving(CHAT, chat("a b", stream=True)).text
    assert text.startswith("data: {")
    assert not text.endswith("\n\n")


def test_fields_are_added_to_every_event(sandbox: JulepSandbox, julep: Julep) -> None:
    sandbox.faults.unknown_field("novelty", 1)
    sandbox.faults.missing_field("created")
    *chunks, done = events(julep.serving(CHAT, chat("a b", stream=True)))
    assert done == "[DONE]"
    assert all(chunk["novelty"] == 1 and "created" not in chunk for chunk in chunks)
