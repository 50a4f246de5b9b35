"""Completions of texts: whole and streamed, several at once, what is sent and what is refused; both modes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemel.julep.models.completion_args import CompletionCreateArgs
from gemel.julep.models.completions import Completion
from gemel.kit.errors import APIConnectionError, InvalidArgument, NotFoundError, StreamFailedError
from gemel.sandbox import JulepSandbox
from gemel.testing import StubServer

from .modes import Mode
from .streams import EVENTS, Stopping, event, opened, read

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("data").joinpath("openai.json").read_text("utf-8"))
PATH = "/v1/completions"


def chunk(text: str) -> dict[str, Any]:
    """A chunk as a server sends it."""
    choices = [{"index": 0, "text": text, "logprobs": None, "finish_reason": None}]
    return {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": choices}


def test_a_text_is_completed(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    answer = mode.run(client.completions.create(prompt="once upon", max_tokens=2))
    assert type(answer) is Completion
    assert (answer.text, answer.model) == ("echo: once", RECORDED["default_model"])
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 2)
    assert json.loads(sandbox.requests[-1].body) == {"prompt": "once upon", "max_tokens": 2, "model": answer.model}


def test_several_texts_are_completed(mode: Mode, client: Any) -> None:
    answer = mode.run(client.completions.create(prompt=["a", "b"], n=2))
    assert [choice.text for choice in answer.choices] == ["echo: a", "echo: a", "echo: b", "echo: b"]
    assert answer.text == "echo: a"


def test_a_text_is_streamed(mode: Mode, client: Any) -> None:
    pieces = read(mode, opened(mode, client.completions.create(prompt="x y", stream=True)))
    assert {type(piece) for piece in pieces} == {Completion}
    assert [piece.text for piece in pieces] == ["echo: ", "x ", "y"]
    assert [piece.choices[0].finish_reason for piece in pieces] == [None, None, "stop"]


CALLS: dict[str, dict[str, Any]] = {
    "completions default": {"prompt": "p"},
    "completions extra": {"prompt": "p", "model": "m", "min_p": 0.1},
}


def test_every_captured_completion_is_repeated() -> None:
    assert [case for case, request in RECORDED["captured"].items() if request["path"] == PATH] == list(CALLS)


@pytest.mark.parametrize("case", CALLS)
def test_the_request_is_the_one_captured_from_the_published_sdk(mode: Mode, case: str) -> None:
    captured = RECORDED["captured"][case]
    with StubServer() as stub:
        stub.on("POST", "v1/completions").reply_json({"id": "c", "choices": [], "created": 1, "model": "m"})
        client = mode.client(f"{stub.url}/api", "KEY")
        mode.run(client.completions.create(**CALLS[case]))
        (call,) = stub.calls
    assert (call.method, call.target, call.json) == (captured["verb"], captured["path"], captured["body"])
    assert call.headers["authorization"] == captured["authorization"]


def test_every_parameter_of_the_published_sdk_is_declared() -> None:
    known = CompletionCreateArgs.__required_keys__ | CompletionCreateArgs.__optional_keys__
    assert set(RECORDED["parameters"]["completions.create"]) <= known | {"stream"}


def test_how_likely_the_tokens_were(mode: Mode) -> None:
    logprobs = {
        "text_offset": [0, 4],
        "tokens": ["once", " more"],
        "token_logprobs": [None, -0.5],
        "top_logprobs": [None, {" more": -0.5, " less": -1}],
    }
    choices = [{"index": 0, "text": "once more", "finish_reason": "stop", "logprobs": logprobs}]
    with StubServer() as stub:
        stub.on("POST", "v1/completions").reply_json({"id": "c", "choices": choices, "created": 1, "model": "m"})
        answer = mode.run(mode.client(f"{stub.url}/api").completions.create(prompt="", echo=True, logprobs=2))
    assert answer.choices[0].logprobs.token_logprobs == [None, -0.5]
    assert answer.choices[0].logprobs.to_dict() == logprobs


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "missing argument"),
    ({"prompt": []}, "prompt", "not an empty list"),
    ({"prompt": None}, "prompt", "got NoneType"),
    ({"prompt": ["a", 5]}, "prompt", "got list"),
    ({"prompt": "p", "echo": "yes"}, "echo", "expected bool or None"),
    ({"prompt": "p", "logprobs": True}, "logprobs", "expected int or None"),
    ({"prompt": "p", "extra_body": {"stream": True}}, "extra_body", "argument `stream`"),
]


@pytest.mark.parametrize(("given", "parameter", "problem"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused_before_sending(
    mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any], parameter: str, problem: str
) -> None:
    for stream in ({}, {"stream": True}):
        with pytest.raises(InvalidArgument) as caught:
            mode.run(client.completions.create(**stream | given))
        assert caught.value.parameter == parameter
        assert problem in str(caught.value)
    assert list(sandbox.requests) == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_unknown_model(mode: Mode, client: Any, stream: bool) -> None:
    with pytest.raises(NotFoundError, match="The model `none` does not exist"):
        mode.run(client.completions.create(prompt="p", model="none", stream=stream))


def test_a_stream_that_is_cut(mode: Mode) -> None:
    with Stopping(EVENTS, event(chunk("one ")), hang_up=True) as server:
        client, seen = mode.client(server.url), list[Any]()
        stream = opened(mode, client.completions.create(prompt="p", stream=True))
        with pytest.raises(APIConnectionError):
            read(mode, stream, seen)
    assert [piece.text for piece in seen] == ["one "]


def test_a_failure_told_in_the_stream(mode: Mode) -> None:
    with Stopping(EVENTS, event(chunk("one ")), event({"error": {"message": "Gone.", "code": "gone"}})) as server:
        client = mode.client(server.url)
        with pytest.raises(StreamFailedError, match="gone Gone"):
            read(mode, opened(mode, client.completions.create(prompt="p", stream=True)))
        assert server.left.wait(5), "the connection is still open"
