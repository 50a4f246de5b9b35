"""Encodes a typed value as the reply that a declaration promises: names on the wire, envelope, content type."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, get_args, get_origin

from gemel.kit.bind.checks import checker, expectation
from gemel.kit.calls.download import Download
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.stream import Stream
from gemel.kit.http.json_stream import FORMATS
from gemel.kit.http.sse import EventStream, ServerSentEvent
from gemel.kit.models.coding import writer_of
from gemel.kit.models.encode import json_bytes
from gemel.kit.paging import Page
from gemel.kit.stubs.reply import result_type
from gemel.kit.types import is_object
from gemel.sandbox.messages import JSON_TYPE, ServerReply

__all__ = ["HeaderPairs", "json_reply", "plain_reply", "raw_reply", "typed_reply"]

HeaderPairs = tuple[tuple[str, str], ...]
"""The names and values of header fields, in order."""

TEXT_TYPE = "text/plain; charset=utf-8"
BYTES_TYPE = "application/octet-stream"


def typed_reply(
    endpoint: Endpoint[..., Any], value: Any, status: int | None, headers: HeaderPairs, beside: Mapping[str, Any]
) -> ServerReply:
    """Return a reply from which a client reads this value.

    Args:
        endpoint: The endpoint.
        value: The value, of the type that the endpoint returns.
        status: The status; None is 200, or 204 if the endpoint returns None.
        headers: Header fields to add.
        beside: Further members of the envelope.

    Raises:
        TypeError: The value is not of the type that the endpoint returns.
        ValueError: The value cannot be encoded.
    """
    hint = returned(endpoint)
    if not checker(hint)(value):
        raise TypeError(
            f"{endpoint.label} returns {expectation(hint)}, not {type(value).__name__}; "
            "reply_json() sends any JSON, reply_bytes() any bytes"
        )
    if endpoint.spec.paging is None and get_origin(endpoint.returns) is Stream:
        events = endpoint.spec.events or EventStream()
        kind = FORMATS[events.formats[0]][0]
        return raw_reply(event_bytes(_coded(hint, value), events), 200 if status is None else status, headers, kind)
    named, hint, is_bare = _answer(endpoint, hint, value)
    status = named if status is None else status
    if is_bare:
        return raw_reply(b"", status or 204, headers, "")
    if hint is None or hint is type(None):
        return raw_reply(b"", 204 if status is None else status, headers, "")
    status, value = 200 if status is None else status, _coded(hint, value)
    if isinstance(value, bytes):
        return raw_reply(value, status, headers, BYTES_TYPE)
    if hint is str and endpoint.spec.unwrap is None:
        return raw_reply(value.encode(), status, headers, TEXT_TYPE)
    return json_reply(_enveloped(_dumped(hint, value), endpoint, beside), status, headers)


def plain_reply(value: Any, status: int | None, headers: HeaderPairs, beside: Mapping[str, Any]) -> ServerReply:
    """Return the reply of a route without a declaration: bytes as they are, no body for None, else JSON."""
    if value is None and not beside:
        return raw_reply(b"", 204 if status is None else status, headers, "")
    status = 200 if status is None else status
    if isinstance(value, bytes):
        return raw_reply(value, status, headers, BYTES_TYPE)
    return json_reply(_merged(value, beside), status, headers)


def json_reply(value: Any, status: int, headers: HeaderPairs) -> ServerReply:
    """Return a reply with a JSON body; raises ValueError for a value that JSON cannot hold."""
    return raw_reply(json_bytes(value), status, headers, JSON_TYPE)


def raw_reply(body: bytes, status: int, headers: HeaderPairs, kind: str) -> ServerReply:
    """Return a reply with these bytes; `kind` is the content type unless the headers name one."""
    named = any(name.lower() == "content-type" for name, _ in headers)
    return ServerReply(status, body, headers if named or not kind else (("Content-Type", kind), *headers))


def returned(endpoint: Endpoint[..., Any]) -> Any:
    """Return the type of the value that makes a reply: items of a page, events of a stream, else the result."""
    hint = endpoint.returns
    if get_origin(hint) in (Page, Stream):
        return list[get_args(hint)[0]]  # type: ignore[misc]
    return bytes if hint is Download else result_type(hint, endpoint.label)


def _coded(hint: Any, value: Any) -> Any:
    """Return a value as the codecs of its type write it."""
    write = writer_of(hint)
    return value if write is None else write(value)


def _answer(endpoint: Endpoint[..., Any], hint: Any, value: Any) -> tuple[int | None, Any, bool]:
    """Return the first status that means a value by `replies=`, its type there, and whether it has no body.

    Args:
        endpoint: The endpoint.
        hint: Its type where there is no `replies=`.
        value: The value.
    """
    for status, answer in endpoint.declaration.definition.answers.items():
        fixed = answer.value
        if fixed and type(fixed[0]) is type(value) and fixed[0] == value:
            return status, hint, True
        said = result_type(answer.hint, endpoint.label)
        if not fixed and checker(said)(value):
            return status, said, value is None
    return None, hint, False


def event_bytes(values: Iterable[Any], events: EventStream) -> bytes:
    """Encode values in the first declared format, with the declared final event, if any."""
    told = [value if isinstance(value, ServerSentEvent) else ServerSentEvent(_text(value)) for value in values]
    ended = [ServerSentEvent(events.done)] if events.done else []
    write = _WRITTEN[events.formats[0]]
    return "".join(map(write, [*told, *ended])).encode()


def _text(value: Any) -> str:
    return json_bytes(value).decode()


def _event(event: ServerSentEvent) -> str:
    named = [] if event.event == "message" else [f"event: {event.event}"]
    numbered = [f"id: {event.id}"] if event.id else []
    data = [f"data: {line}" for line in event.data.split("\n")]
    return "\n".join([*named, *numbered, *data]) + "\n\n"


# WHATWG HTML, section 9.2; jsonlines.org; RFC 7464, section 2.2.
_WRITTEN: dict[str, Callable[[ServerSentEvent], str]] = {
    "sse": _event,
    "jsonl": lambda event: f"{event.data}\n",
    "json-seq": lambda event: f"\x1e{event.data}\n",
}


def _dumped(hint: Any, value: Any) -> Any:
    """Dump the value with the marshmallow schema of its declaration, if there is one."""
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    for mark in marks:
        if hasattr(mark, "_declared_fields"):
            schema: Any = mark() if isinstance(mark, type) else mark
            return schema.dump(value)
    return value


def _enveloped(value: Any, endpoint: Endpoint[..., Any], beside: Mapping[str, Any]) -> Any:
    unwrap = endpoint.spec.unwrap
    return _merged(value, beside) if unwrap is None else {**beside, unwrap: value}


def _merged(value: Any, beside: Mapping[str, Any]) -> Any:
    if not beside:
        return value
    document: Any = json.loads(json_bytes(value))
    if not is_object(document):
        raise ValueError("beside: the reply is not an object, so that nothing can stand beside it")
    return {**beside, **document}
