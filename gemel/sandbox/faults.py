"""Faults to inject: what the next requests shall suffer, chosen from any thread or over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Literal, get_args

from . import checks
from .messages import RecordedRequest, ServerReply

__all__ = ["KINDS", "Fault", "Faults", "Plan", "infisical_failure"]

Kind = Literal[
    "delay", "status", "rate_limit", "cut", "truncate", "malformed", "html", "unknown_field", "missing_field"
]
KINDS: tuple[Kind, ...] = get_args(Kind)  # each is a method of `Faults`
ALWAYS: frozenset[Kind] = frozenset({"delay", "unknown_field", "missing_field"})
REFUSALS: frozenset[Kind] = frozenset({"status", "rate_limit", "html"})
# What an envelope may hold beside its records.
BESIDE_RECORDS = frozenset({"message", "projectId", "totalCount"})
DATA = b"data: "  # before the document of an event in a stream
END_OF_EVENT = b"\n\n"
HTML = (
    "<!DOCTYPE html>\n<html><head><title>{0} Bad Gateway</title></head><body><h1>{0} Bad Gateway</h1></body></html>\n"
)


@dataclass(frozen=True)
class Fault:
    """One fault that waits for requests.

    Attributes:
        kind: Which method of `Faults` made it.
        options: Its arguments.
        times: How many requests it still hits; None for all.
        method: The verb it is confined to.
        path: The beginning of the undecoded path it is confined to, or a pattern with wildcards.
    """

    kind: Kind
    options: Mapping[str, Any]
    times: int | None
    method: str | None
    path: str | None

    def hits(self, request: RecordedRequest) -> bool:
        """Whether the request is one of those chosen."""
        if self.method is not None and self.method.upper() != request.method:
            return False
        if self.path is None:
            return True
        return (
            fnmatchcase(request.path, self.path) if set(self.path) & set("*?[") else request.path.startswith(self.path)
        )


@dataclass(frozen=True)
class Plan:
    """The faults that one request suffers: pauses, at most one that spoils the reply, and changed fields.

    Attributes:
        delay: Seconds to wait before the request is carried out.
        spoiler: The fault that spoils the reply.
        changes: Faults that add or remove fields.
        failure: The reply of the API with a status that a fault asks for.
    """

    delay: float
    spoiler: Fault | None
    changes: tuple[Fault, ...]
    failure: Callable[[int], ServerReply]

    def refusal(self, rate_limited: Callable[[int], ServerReply]) -> ServerReply | None:
        """The reply that comes in the place of the real one; the request is then not carried out."""
        spoiler = self.spoiler
        if spoiler is None or spoiler.kind not in REFUSALS:
            return None
        options = spoiler.options
        if spoiler.kind == "html":
            page = HTML.format(options["status"]).encode()
            return ServerReply(options["status"], page, (("Content-Type", "text/html; charset=utf-8"),))
        if spoiler.kind == "rate_limit":
            return _limited(rate_limited(options["retry_after"]), options["retry_after"])
        return self._refused(options["status"], options["body"], options["headers"])

    def spoil(self, reply: ServerReply) -> ServerReply:
        """The reply with fields added or removed and, for a malformed one, cut in its middle."""
        if self.changes and reply.body:
            events = reply.body.split(END_OF_EVENT) if reply.pause is not None else [reply.body]
            reply = replace(reply, body=END_OF_EVENT.join(_changed(event, self.changes) for event in events))
        if self.spoiler is not None and self.spoiler.kind == "malformed":
            return replace(reply, status=200, body=reply.body[: len(reply.body) // 2])
        return reply

    @property
    def cuts(self) -> bool:
        """Whether the connection ends within the reply."""
        return self.spoiler is not None and self.spoiler.kind in ("cut", "truncate")

    def cut(self, head: int, body: int) -> int:
        """After how many of the bytes of a reply the connection ends, where it does."""
        spoiler = self.spoiler
        return spoiler.options["after"] if spoiler is not None and spoiler.kind == "cut" else head + body // 2

    def _refused(self, status: int, body: Any, headers: Mapping[str, str]) -> ServerReply:
        pairs = tuple(headers.items())
        if isinstance(body, str):
            return ServerReply(status, body.encode(), pairs)
        if body is not None:
            return ServerReply.of(body, status, pairs)
        reply = self.failure(status)
        return replace(reply, headers=(*reply.headers, *pairs))


def _limited(reply: ServerReply, seconds: int) -> ServerReply:
    headers = {"retry-after": seconds, "x-ratelimit-limit": 1, "x-ratelimit-remaining": 0, "x-ratelimit-reset": seconds}
    return replace(reply, headers=(*reply.headers, *((name, str(value)) for name, value in headers.items())))


def infisical_failure(status: int) -> ServerReply:
    """The error envelope of Infisical, for a fault that names no body."""
    error = "InternalServerError" if status >= 500 else "BadRequest"
    return ServerReply.of(
        {"reqId": "req-00000000000000", "statusCode": status, "message": "Something went wrong", "error": error}, status
    )


def _changed(body: bytes, changes: tuple[Fault, ...]) -> bytes:
    prefix = DATA if body.startswith(DATA) else b""
    try:
        document = json.loads(body[len(prefix) :])
    except ValueError:
        return body
    for record in _records(document):
        for change in changes:
            if change.kind == "unknown_field":
                record[change.options["name"]] = change.options["value"]
            else:
                record.pop(change.options["name"], None)
    return prefix + json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _records(document: Any) -> list[dict[str, Any]]:
    """The records of a reply: what its envelope holds, or the bare object itself."""
    if not isinstance(document, dict):
        return []
    whole: dict[str, Any] = document  # pyright: ignore[reportUnknownVariableType]
    held = [value for name, value in whole.items() if name not in BESIDE_RECORDS]
    if not all(isinstance(value, (dict, list)) for value in held):
        return [whole]
    items: list[Any] = []
    for value in held:
        items += value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


class Faults:
    """The faults that wait for requests; every method may be called from any thread.

    Pauses and changed fields add up. Of the others, the oldest that fits a request spoils its
    reply, and the next one waits for the next request.

    `failure` gives the reply to a path with a status, for a status fault that names no body.

    Every method takes `times`, how many requests to hit (None: all until `clear`), `method`, a verb,
    and `path`, the beginning of the undecoded path or a pattern with `*`, `?` and `[`. What no request or
    reply can have (a delay that never ends, a status that does not exist) is a ValueError.
    """

    def __init__(
        self, failure: Callable[[str, int], ServerReply] = lambda path, status: infisical_failure(status)
    ) -> None:
        self._lock = threading.Lock()
        self._failure = failure
        self._pending: list[Fault] = []

    def delay(
        self, seconds: float, *, times: int | None = None, method: str | None = None, path: str | None = None
    ) -> None:
        """Wait before the request is carried out, a day at most."""
        self._add("delay", {"seconds": checks.seconds("seconds", seconds)}, times, method, path)

    def status(
        self,
        status: int,
        *,
        times: int | None = 1,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        """Answer with this status in place of carrying the request out.

        Arguments:
            status: 200 to 599.
            headers: Headers of the reply.
            body: Text, or a value sent as JSON; None sends an error envelope.
        """
        options = {
            "status": checks.status_code(status),
            "headers": checks.header_pairs(headers),
            "body": checks.json_value("body", body),
        }
        self._add("status", options, times, method, path)

    def rate_limit(
        self, retry_after: int = 1, *, times: int | None = 1, method: str | None = None, path: str | None = None
    ) -> None:
        """Answer 429 as the API does, with retry-after and x-ratelimit-* headers in whole seconds."""
        self._add("rate_limit", {"retry_after": checks.whole("retry_after", retry_after)}, times, method, path)

    def cut(self, *, times: int | None = 1, after: int = 0, method: str | None = None, path: str | None = None) -> None:
        """Carry the request out, then close the connection after that many bytes of the reply."""
        self._add("cut", {"after": checks.whole("after", after)}, times, method, path)

    def truncate(self, *, times: int | None = 1, method: str | None = None, path: str | None = None) -> None:
        """Send half of the body under the Content-Length of all of it, then close the connection."""
        self._add("truncate", {}, times, method, path)

    def malformed(self, *, times: int | None = 1, method: str | None = None, path: str | None = None) -> None:
        """Answer 200 with half of the JSON document under its right Content-Length."""
        self._add("malformed", {}, times, method, path)

    def html(
        self, *, status: int = 502, times: int | None = 1, method: str | None = None, path: str | None = None
    ) -> None:
        """Answer with a web page, as a proxy in front of the server does."""
        self._add("html", {"status": checks.status_code(status)}, times, method, path)

    def unknown_field(
        self,
        name: str = "fieldOfTomorrow",
        value: Any = "value",
        *,
        times: int | None = None,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        """Add a field to every record of the reply."""
        options = {"name": checks.text("name", name), "value": checks.json_value("value", value)}
        self._add("unknown_field", options, times, method, path)

    def missing_field(
        self, name: str, *, times: int | None = None, method: str | None = None, path: str | None = None
    ) -> None:
        """Leave a field out of every record of the reply."""
        self._add("missing_field", {"name": checks.text("name", name)}, times, method, path)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._pending.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The faults that still wait, oldest first."""
        with self._lock:
            return tuple(self._pending)

    def _add(
        self, kind: Kind, options: Mapping[str, Any], times: int | None, method: str | None, path: str | None
    ) -> None:
        fault = Fault(
            kind,
            options,
            None if times is None else checks.whole("times", times, 1),
            None if method is None else checks.verb(method),
            None if path is None else checks.path_pattern(path),
        )
        with self._lock:
            self._pending.append(fault)

    def take(self, request: RecordedRequest) -> Plan:
        """What this request suffers; uses up one time of each fault in it."""
        with self._lock:
            hit = [fault for fault in self._pending if fault.hits(request)]
            spoilers = [fault for fault in hit if fault.kind not in ALWAYS][:1]
            chosen = [fault for fault in hit if fault.kind in ALWAYS] + spoilers
            self._pending = [left for fault in self._pending if (left := _after(fault, chosen))]
        delay = min(sum(fault.options["seconds"] for fault in chosen if fault.kind == "delay"), checks.DAY)
        changes = tuple(fault for fault in chosen if fault.kind in ("unknown_field", "missing_field"))
        return Plan(delay, spoilers[0] if spoilers else None, changes, partial(self._failure, request.path))


def _after(fault: Fault, chosen: list[Fault]) -> Fault | None:
    if fault.times is None or not any(fault is one for one in chosen):
        return fault
    return replace(fault, times=fault.times - 1) if fault.times > 1 else None
