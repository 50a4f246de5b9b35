"""Model serving under /v1/: what a completion may ask, and the reply, whole or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..messages import RecordedRequest, ServerReply
from .completions import ChatCompletion, Completion, TextCompletion
from .errors import Refusal
from .model import JULEP_MODELS, Message, Spoken, plain_text, speak
from .reading import json_body
from .records import Records
from .replies import json_reply
from .routing import Call, Router, Routes
from .validation import (
    Issues,
    boolean,
    choice,
    either,
    integer,
    listing,
    literal,
    mapping,
    optional,
    record,
    several,
    text,
)

__all__ = ["complete"]

routes: Routes = Routes()  # the operations under /v1
EVENTS = "text/event-stream; charset=utf-8"
MOST_WORDS = 4000  # of an answer whose length nobody limits


def complete(records: Records, request: RecordedRequest, path: str) -> ServerReply:
    """The reply of the model server to a request below /v1."""
    operation, _ = ROUTER.find(request, path)
    body: dict[str, Any] = {}
    issues: Issues = []
    developer = records.authenticate(request.header("authorization"))
    if operation.body is not None:
        body = operation.body.check(json_body(request), ("body",), issues)
    if issues:
        raise _refused(400, "BadRequestError", repr(issues))
    answer: Any = operation.handler(Call(records, developer, {}, {}, body))
    if not isinstance(answer, Completion):
        return json_reply(answer)
    return _streamed(answer, body, records.pace) if body["stream"] else json_reply(answer.whole())


def _refused(status: int, kind: str, message: str) -> Refusal:
    return Refusal(
        json_reply({"object": "error", "message": message, "type": kind, "param": None, "code": status}, status)
    )


def _streamed(completion: Completion, body: Mapping[str, Any], pace: float) -> ServerReply:
    options: dict[str, bool] | None = body["stream_options"]
    with_usage = options is not None and bool(options["include_usage"])
    documents = [json.dumps(chunk, separators=(",", ":")) for chunk in completion.chunks(with_usage)]
    return ServerReply(200, _events([*documents, "[DONE]"]), (("Content-Type", EVENTS),), pause=pace)


def _events(documents: Iterable[str]) -> bytes:
    return "".join(f"data: {document}\n\n" for document in documents).encode()


def _known(model: str) -> str:
    if model not in JULEP_MODELS:
        raise _refused(404, "NotFoundError", f"The model `{model}` does not exist.")
    return model


def _spoken(
    body: Mapping[str, Any], messages: Sequence[Message], functions: Sequence[str] = (), forced: str | None = None
) -> Spoken:
    stop = [body["stop"]] if isinstance(body["stop"], str) else body["stop"] or []
    limit = body["max_tokens"] or body.get("max_completion_tokens") or MOST_WORDS
    return speak(messages, functions, max_tokens=limit, stop=stop, forced=forced)


def chat(call: Call) -> Any:
    """POST chat/completions."""
    body = call.body
    model = _known(body["model"])
    messages = [Message(message["role"], plain_text(message["content"])) for message in body["messages"]]
    asked = body["tool_choice"]
    functions = [] if asked == "none" else [tool["function"]["name"] for tool in body["tools"]]
    forced = None if asked is None or isinstance(asked, str) else asked["function"]["name"]
    spoken = _spoken(body, messages, functions, forced)
    return ChatCompletion(model, (spoken,) * (body["n"] or 1))


def text_completion(call: Call) -> Any:
    """POST completions: each prompt is completed `n` times."""
    body = call.body
    model = _known(body["model"])
    prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
    spoken = [_spoken(body, [Message("user", prompt)]) for prompt in prompts]
    return TextCompletion(model, tuple(one for one in spoken for _ in range(body["n"] or 1)))


def models(call: Call) -> Any:
    """GET models."""
    served = {"object": "model", "created": 0, "owned_by": "julep-ai"}
    return {"object": "list", "data": [{"id": name} | served for name in JULEP_MODELS]}


_ROLES = ("user", "assistant", "system", "function_call", "function", "tool")
_CONTENT = optional(either({"str": text(), "list[dict]": listing(mapping())}))
_TOOL = record({"type": literal("function"), "function": record({"name": text()})})
_COMMON = {
    "model": text(),
    "stream": optional(boolean(), False),
    "stream_options": optional(record({"include_usage": optional(boolean(), False)})),
    "max_tokens": optional(integer(least=1)),
    "n": optional(integer(least=1, most=16), 1),
    "stop": optional(either({"str": text(), "list[str]": listing(text())})),
}
_CHAT = _COMMON | {
    "messages": listing(record({"role": choice(*_ROLES), "content": _CONTENT}), least=1),
    "max_completion_tokens": optional(integer(least=1)),
    "tools": several(_TOOL),
    "tool_choice": optional(either({"str": choice("none", "auto", "required"), "NamedToolChoice": _TOOL})),
}
_TEXT = _COMMON | {"prompt": either({"str": text(), "list[str]": listing(text(), least=1)})}

routes.add("POST", "/chat/completions", chat, body=_CHAT)
routes.add("POST", "/completions", text_completion, body=_TEXT)
routes.add("GET", "/models", models)
ROUTER = Router(routes.operations, "/v1")
