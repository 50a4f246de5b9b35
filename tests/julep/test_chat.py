"""Chat: whole answers and streams, tools, what is sent, what is refused, and what can go wrong; both modes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.julep import Client
from gemel.julep.managers.chat import AsyncChat, Chat
from gemel.julep.models.completion_args import ChatCompletionCreateArgs, SamplingArgs
from gemel.julep.models.completions import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    InternalServerError,
    InvalidArgument,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    StreamFailedError,
)
from gemel.kit.http.messages import Timeout
from gemel.kit.types import OMIT
from gemel.sandbox import JulepSandbox
from gemel.testing import StubServer

from .modes import KEY, Mode
from .streams import EVENTS, Stopping, event, opened, read

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("data").joinpath("openai.json").read_text("utf-8"))
HELLO = [{"role": "user", "content": "good day"}]
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
PATH = "/v1/chat/completions"


def sent(sandbox: JulepSandbox) -> Any:
    """The body of the last request."""
    return json.loads(sandbox.requests[-1].body)


def chunk(text: str) -> dict[str, Any]:
    """A chunk as a server sends it."""
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}


def test_the_managers_have_the_names_of_the_published_sdk(mode: Mode, client: Any) -> None:
    assert type(client.chat) is (Chat if mode.name == "sync" else AsyncChat)
    assert type(client.completions).__name__ == ("Completions" if mode.name == "sync" else "AsyncCompletions")


def test_a_chat_is_answered(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    answer = mode.run(client.chat.completions.create(messages=HELLO, n=2))
    assert type(answer) is ChatCompletion
    assert answer.model == RECORDED["default_model"]
    assert [choice.message.content for choice in answer.choices] == ["echo: good day"] * 2
    assert [(choice.index, choice.finish_reason) for choice in answer.choices] == [(0, "stop"), (1, "stop")]
    assert answer.message == answer.choices[0].message
    assert (answer.message.role, answer.text) == ("assistant", "echo: good day")
    assert answer.usage.total_tokens == 8
    assert sandbox.requests[-1].target == PATH


def test_a_chat_is_streamed(mode: Mode, client: Any) -> None:
    options = {"include_usage": True}
    stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True, stream_options=options))
    *chunks, last = read(mode, stream)
    assert {type(each) for each in chunks} == {ChatCompletionChunk}
    assert [each.text for each in chunks] == ["", "echo: ", "good ", "day", ""]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [each.choices[0].finish_reason for each in chunks] == [None] * 4 + ["stop"]
    assert (last.choices, last.text, last.usage.total_tokens) == ([], "", 5)


def test_a_stream_can_be_entered(mode: Mode, client: Any) -> None:
    def blocking() -> str:
        with client.chat.completions.create(messages=HELLO, stream=True) as chunks:
            return "".join(each.text for each in chunks)

    async def awaiting() -> str:
        async with client.chat.completions.create(messages=HELLO, stream=True) as chunks:
            return "".join([each.text async for each in chunks])

    assert mode.run(blocking() if mode.name == "sync" else awaiting()) == "echo: good day"


def test_a_tool_is_called_and_its_result_sent(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    asked = [{"role": "user", "content": 'CALL_TOOL add {"a": 1}'}]
    answer = mode.run(client.chat.completions.create(messages=asked, tools=[TOOL], tool_choice="auto"))
    (call,) = answer.choices[0].message.tool_calls
    assert (call.type, call.function.name, json.loads(call.function.arguments)) == ("function", "add", {"a": 1})
    assert (answer.choices[0].finish_reason, answer.text) == ("tool_calls", "")
    result = {"role": "tool", "tool_call_id": call.id, "content": "2"}
    again = mode.run(client.chat.completions.create(messages=[*asked, answer.message, result], tools=[TOOL]))
    assert again.text == "echo: 2"
    called = {"id": call.id, "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    assert sent(sandbox)["messages"][1] == {"role": "assistant", "content": None, "tool_calls": [called]}


def test_a_call_can_be_sent_again_in_a_dict(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    asked = [{"role": "user", "content": "CALL_TOOL add"}]
    first = mode.run(client.chat.completions.create(messages=asked, tools=[TOOL]))
    message = {"role": "assistant", "tool_calls": first.message.tool_calls}
    mode.run(client.chat.completions.create(messages=(*asked, message, HELLO[0])))
    assert sent(sandbox)["messages"][1]["tool_calls"] == [call.to_dict() for call in first.message.tool_calls]


def test_a_tool_call_is_streamed(mode: Mode, client: Any) -> None:
    forced = {"type": "function", "function": {"name": "add"}}
    settings = {"messages": HELLO, "tools": [TOOL], "tool_choice": forced}
    chunks = read(mode, opened(mode, client.chat.completions.create(stream=True, **settings)))
    (call,) = (each for chunk in chunks for choice in chunk.choices for each in choice.delta.tool_calls or [])
    assert (call.index, call.function.name, call.function.arguments) == (0, "add", "{}")
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


CALLS: dict[str, dict[str, Any]] = {
    "chat default": {},
    "chat extra": {
        "model": "m",
        "min_p": 0.1,
        "preset": "fun",
        "anything": {"x": 1},
        "extra_body": {"min_p": 0.9, "y": 2},
    },
    "chat new-style openai kwarg": {"model": "m", "max_completion_tokens": 5},
    "stream_options": {"model": "m", "stream_options": {"include_usage": True}},
}


def test_every_captured_chat_is_repeated() -> None:
    assert [case for case, request in RECORDED["captured"].items() if request["path"] == PATH] == list(CALLS)


@pytest.mark.parametrize("case", CALLS)
def test_the_request_is_the_one_captured_from_the_published_sdk(mode: Mode, case: str) -> None:
    captured = RECORDED["captured"][case]
    messages = captured["body"]["messages"]
    with StubServer() as stub:
        answer = {"id": "c", "choices": [], "created": 1, "model": "m"}
        stub.on("POST", "v1/chat/completions").reply_json(answer)
        client = mode.client(f"{stub.url}/api", "KEY")
        mode.run(client.chat.completions.create(messages=messages, **CALLS[case]))
        (call,) = stub.calls
    assert (call.method, call.target, call.json) == (captured["verb"], captured["path"], captured["body"])
    assert call.headers["authorization"] == captured["authorization"]


def test_every_parameter_of_the_published_sdk_is_declared() -> None:
    known = ChatCompletionCreateArgs.__required_keys__ | ChatCompletionCreateArgs.__optional_keys__
    assert set(RECORDED["parameters"]["chat.completions.create"]) <= known | {"stream"}
    assert set(RECORDED["settings_of_the_server"]) == SamplingArgs.__optional_keys__


def test_fields_are_laid_over_each_other_as_the_published_sdk_does(
    mode: Mode, client: Any, sandbox: JulepSandbox
) -> None:
    body = {"temperature": 1, "min_p": 0.9, "anything": 1, "model": "julep-ai/samantha-1-turbo-awq"}
    call = client.chat.completions.create
    mode.run(call(messages=HELLO, temperature=0.5, min_p=0.2, anything=2, extra_body=body))
    said = sent(sandbox)
    del said["messages"]
    assert said == {"temperature": 1, "min_p": 0.2, "anything": 2, "model": "julep-ai/samantha-1-turbo-awq"}


def test_none_is_null_and_what_is_left_out_is_not_sent(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    unsaid = {"model": None, "extra_headers": None, "extra_query": None, "extra_body": None, "timeout": None}
    call = client.chat.completions.create
    mode.run(call(messages=HELLO, temperature=None, min_p=None, anything=None, top_p=OMIT, other=OMIT, **unsaid))
    nulls = {"temperature": None, "min_p": None, "anything": None}
    assert sent(sandbox) == {"messages": HELLO, "model": RECORDED["default_model"], **nulls}


def test_a_stream_refused_is_said(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    assert mode.run(client.chat.completions.create(messages=HELLO, stream=None)).text
    assert "stream" not in sent(sandbox)
    assert mode.run(client.chat.completions.create(messages=HELLO, stream=False)).text
    assert sent(sandbox)["stream"] is False


@pytest.mark.parametrize("stream", [False, True])
def test_headers_and_query_of_one_call(mode: Mode, client: Any, sandbox: JulepSandbox, stream: bool) -> None:
    extra = {"extra_headers": {"X-Trace": "t"}, "extra_query": {"a": 1, "b": ["x", "y"]}}
    done = mode.run(client.chat.completions.create(messages=HELLO, stream=stream, **extra))
    assert done.status == 200 and read(mode, done) if stream else done.text
    assert sandbox.requests[-1].target == f"{PATH}?a=1&b=x&b=y"
    assert sandbox.requests[-1].header("x-trace") == "t"


def test_a_server_may_be_silent_for_as_long_as_a_call_may_take(mode: Mode, sandbox: JulepSandbox) -> None:
    patient = mode.client(sandbox.api_url, sandbox.api_key, timeout=300)
    assert patient._caller.timeout == Timeout(total=300, read=300)
    client = mode.client(sandbox.api_url, sandbox.api_key, timeout=Timeout(read=0.1))
    sandbox.faults.delay(0.4, path=PATH)
    with pytest.raises(APITimeoutError):
        mode.run(client.chat.completions.create(messages=HELLO))
    assert mode.run(client.chat.completions.create(messages=HELLO, timeout=5)).text == "echo: good day"
    with pytest.raises(APITimeoutError):
        mode.run(client.chat.completions.create(messages=HELLO, timeout=0.2))
    with pytest.raises(APITimeoutError):
        mode.run(client.chat.completions.create(messages=HELLO, timeout=Timeout(total=5, read=0.1)))


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "messages", "missing argument"),
    ({"messages": []}, "messages", "at least one message"),
    ({"messages": "hello"}, "messages", "got str"),
    ({"messages": HELLO[0]}, "messages", "got dict"),
    ({"messages": None}, "messages", "got NoneType"),
    ({"messages": ["hello"]}, "messages", "at [0]: expected"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, "messages", "at [0].role: expected Literal['system'"),
    ({"messages": [{"content": "x"}]}, "messages", "at [0]: 'role' is missing"),
    ({"messages": [*HELLO, {"role": "user", "contents": "x"}]}, "messages", "at [1]: there is no 'contents'"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages", "at [0].content: expected"),
    ({"messages": HELLO, "temperature": "hot"}, "temperature", "expected float or None, got str 'hot'"),
    ({"messages": HELLO, "temperature": float("nan")}, "temperature", "finite"),
    ({"messages": HELLO, "min_p": "low"}, "min_p", "expected float or None"),
    ({"messages": HELLO, "max_tokens": 1.5}, "max_tokens", "expected int or None"),
    ({"messages": HELLO, "n": True}, "n", "expected int or None"),
    ({"messages": HELLO, "tools": [{"type": "function"}]}, "tools", "'function' is missing"),
    ({"messages": HELLO, "model": 5}, "model", "expected str, got int 5"),
    ({"messages": HELLO, "stream": "yes"}, "stream", "expected bool or None, got str"),
    ({"messages": HELLO, "stream": 1}, "stream", "expected bool or None, got int"),
    ({"messages": HELLO, "anything": object()}, "anything", "cannot be sent as JSON"),
    ({"messages": HELLO, "extra_body": {"x": object()}}, "x", "cannot be sent as JSON"),
    ({"messages": HELLO, "extra_body": {"stream": True}}, "extra_body", "argument `stream`"),
    ({"messages": HELLO, "extra_body": [1]}, "extra_body", "expected a mapping"),
    ({"messages": HELLO, "extra_headers": "X: y"}, "extra_headers", "expected a mapping"),
    ({"messages": HELLO, "extra_headers": {"X": "a\r\nY: b"}}, "extra_headers", "line breaks"),
    ({"messages": HELLO, "extra_query": {"a": object()}}, "extra_query", "no text form"),
    ({"messages": HELLO, "timeout": 0}, "timeout", "must be a positive, finite number of seconds, got 0"),
    ({"messages": HELLO, "timeout": "5"}, "timeout", "must be a positive, finite number of seconds, got '5'"),
]


@pytest.mark.parametrize(("given", "parameter", "problem"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused_before_sending(
    mode: Mode, client: Any, sandbox: JulepSandbox, given: dict[str, Any], parameter: str, problem: str
) -> None:
    for stream in ({}, {"stream": True}):
        with pytest.raises(InvalidArgument) as caught:
            mode.run(client.chat.completions.create(**stream | given))
        assert caught.value.parameter == parameter
        assert problem in str(caught.value)
    assert list(sandbox.requests) == []


STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@STREAMED
def test_an_unknown_model(mode: Mode, client: Any, stream: bool) -> None:
    with pytest.raises(NotFoundError, match="404 NotFoundError The model `none` does not exist") as caught:
        mode.run(client.chat.completions.create(messages=HELLO, model="none", stream=stream))
    assert (caught.value.status, caught.value.code) == (404, "NotFoundError")


@STREAMED
def test_a_wrong_key(mode: Mode, sandbox: JulepSandbox, stream: bool) -> None:
    client = mode.client(sandbox.api_url, "wrong-key")
    with pytest.raises(PermissionDeniedError, match="check JULEP_API_KEY") as caught:
        mode.run(client.chat.completions.create(messages=HELLO, stream=stream))
    assert "wrong-key" not in repr(caught.value) + str(caught.value) + repr(client) + repr(client.chat.completions)


def test_a_refusal_by_the_server_names_the_field(mode: Mode, client: Any) -> None:
    with pytest.raises(BadRequestError, match="n: Input should be less than or equal to 16") as caught:
        mode.run(client.chat.completions.create(messages=HELLO, n=99))
    assert "input" not in str(caught.value)


@STREAMED
def test_a_server_that_is_down_or_busy(mode: Mode, client: Any, sandbox: JulepSandbox, stream: bool) -> None:
    sandbox.faults.rate_limit(3, path=PATH)
    with pytest.raises(RateLimitError) as caught:
        mode.run(client.chat.completions.create(messages=HELLO, stream=stream))
    assert caught.value.retry_after == 3
    assert mode.run(client.chat.completions.create(messages=HELLO)).text == "echo: good day"
    sandbox.faults.status(500, path=PATH)
    with pytest.raises(InternalServerError):
        mode.run(client.chat.completions.create(messages=HELLO, stream=stream))
    assert len(sandbox.requests) == 3, "a chat is not asked again by itself"


def test_an_error_in_openai_own_form_is_not_taken_for_another_generation(mode: Mode) -> None:
    error = {"message": "Try less.", "type": "invalid_request_error", "param": None, "code": "context_length_exceeded"}
    with StubServer() as stub:
        stub.on("POST", "v1/chat/completions").fail(400, {"error": error})
        client = mode.client(f"{stub.url}/api")
        with pytest.raises(BadRequestError, match="400 context_length_exceeded Try less") as caught:
            mode.run(client.chat.completions.create(messages=HELLO))
    assert "1.x" not in str(caught.value)


def test_a_reply_that_is_none(mode: Mode) -> None:
    with StubServer() as stub:
        stub.on("POST", "v1/chat/completions").reply_json({"choices": "none"})
        client = mode.client(f"{stub.url}/api")
        with pytest.raises(ResponseValidationError, match="choices") as caught:
            mode.run(client.chat.completions.create(messages=HELLO))
        assert "1.x" not in str(caught.value)
        with pytest.raises(ResponseValidationError, match="not an event stream"):
            mode.run(client.chat.completions.create(messages=HELLO, stream=True))


@STREAMED
def test_what_is_not_known_is_kept(mode: Mode, client: Any, sandbox: JulepSandbox, stream: bool) -> None:
    sandbox.faults.unknown_field("served_by", "a", path=PATH)
    done = mode.run(client.chat.completions.create(messages=HELLO, stream=stream))
    for record in read(mode, done) if stream else [done]:
        assert record.extras == {"served_by": "a"}
        assert record.to_dict()["served_by"] == "a"


def test_a_message_is_sent_again_with_what_is_not_known_of_it(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    said = {"role": "assistant", "content": "hm", "tool_calls": None, "reasoning_content": "so"}
    mode.run(client.chat.completions.create(messages=[ChatCompletionMessage.from_dict(said), HELLO[0]]))
    assert sent(sandbox)["messages"][0] == {"role": "assistant", "content": "hm", "reasoning_content": "so"}


FAILURES: list[tuple[bytes, str, str]] = [
    (event({"error": {"message": "Too long.", "type": "t", "code": "too_long"}}), "too_long", "Too long."),
    (event({"object": "error", "message": "Out of memory.", "type": "ServerError", "code": 500}), "ServerError", "Out"),
    (event({"message": "Broken."}, "error"), "", "Broken."),
    (event("broken", "error"), "", "broken"),
]


@pytest.mark.parametrize(("failure", "code", "message"), FAILURES, ids=["error", "object", "named", "text"])
def test_a_failure_told_in_the_stream(mode: Mode, failure: bytes, code: str, message: str) -> None:
    with Stopping(EVENTS, event(chunk("one ")), failure) as server:
        client, seen = mode.client(server.url), list[Any]()
        stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True))
        with pytest.raises(StreamFailedError, match=message) as caught:
            read(mode, stream, seen)
        assert server.left.wait(5), "the connection is still open"
    assert [each.text for each in seen] == ["one "]
    assert caught.value.code == code
    assert read(mode, stream) == []


def test_a_word_is_no_failure(mode: Mode) -> None:
    data = chunk("error"), {**chunk("no"), "error": None}
    with Stopping(EVENTS, *map(event, data), event("[DONE]"), b"0\r\n\r\n", hang_up=True) as server:
        client = mode.client(server.url)
        chunks = read(mode, opened(mode, client.chat.completions.create(messages=HELLO, stream=True)))
    assert [each.text for each in chunks] == ["error", "no"]


CUTS: dict[str, bytes] = {
    "between events": b"",
    "in an event": event(chunk("two"))[:-20],
    "without the end": b"0\r\n\r\n",
    "after the usage": event({**chunk(""), "choices": []}),
}


@pytest.mark.parametrize("rest", CUTS.values(), ids=CUTS)
def test_a_stream_that_is_cut(mode: Mode, rest: bytes) -> None:
    with Stopping(EVENTS, event(chunk("one ")), rest, hang_up=True) as server:
        client, seen = mode.client(server.url), list[Any]()
        stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True))
        with pytest.raises(APIConnectionError):
            read(mode, stream, seen)
    assert seen[0].text == "one "
    assert read(mode, stream) == []


def test_every_cut_of_a_stream_is_told(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    long = [{"role": "user", "content": "word " * 20}]
    for after in range(0, 4000, 370):
        sandbox.faults.cut(after=after, path=PATH)
        with pytest.raises(APIConnectionError):
            read(mode, opened(mode, client.chat.completions.create(messages=long, stream=True)))
    chunks = read(mode, opened(mode, client.chat.completions.create(messages=long, stream=True)))
    assert "".join(each.text for each in chunks) == "echo: " + "word " * 20


def test_a_stream_that_falls_silent(mode: Mode) -> None:
    with Stopping(EVENTS, event(chunk("one "))) as server:
        client, seen = mode.client(server.url), list[Any]()
        stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True, timeout=0.3))
        with pytest.raises(APITimeoutError):
            read(mode, stream, seen)
        assert server.left.wait(5), "the connection is still open"
    assert [each.text for each in seen] == ["one "]


def test_a_stream_that_is_left_early(mode: Mode) -> None:
    with Stopping(EVENTS, event(chunk("one ")), event(chunk("two"))) as server:
        client = mode.client(server.url)
        stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True))
        assert [each.text for each in read(mode, stream, most=1)] == ["one "]
        mode.run(stream.close())
        assert server.left.wait(5), "the connection is still open"
    assert read(mode, stream) == []


def test_a_stream_gives_each_piece_when_it_comes(mode: Mode, client: Any, sandbox: JulepSandbox) -> None:
    sandbox.set_pace(30)
    stream = opened(mode, client.chat.completions.create(messages=HELLO, stream=True))
    assert len(read(mode, stream, most=1)) == 1
    mode.run(stream.close())


def test_the_endpoints_under_create_are_calls_of_their_own(mode: Mode, client: Any) -> None:
    completions = client.chat.completions
    raw = mode.run(completions.complete.raw(messages=HELLO))
    assert (raw.status, raw.value.text) == (200, "echo: good day")
    shown = completions.stream.curl(messages=HELLO)
    assert PATH in shown and '"stream":true' in shown and KEY not in shown
    chunks = read(mode, opened(mode, completions.stream(messages=HELLO)))
    assert "".join(each.text for each in chunks) == "echo: good day"


def test_every_endpoint_names_its_documentation() -> None:
    for info in Client.endpoints():
        assert info.documentation.startswith("https://"), info


def test_a_chat_with_nothing_in_it() -> None:
    empty = ChatCompletion(id="c", choices=[], created=1, model="m")
    assert (empty.message, empty.text) == (None, "")
    assert ChatCompletionChunk(id="c", choices=[], created=1, model="m").text == ""


def test_a_client_without_a_network_can_still_show_where_it_would_go() -> None:
    with Client(KEY, "https://host.example/api/") as client:
        at: Callable[..., str] = client.chat.completions.complete.url
        assert at(messages=HELLO) == f"https://host.example{PATH}"
