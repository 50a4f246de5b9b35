"""What a client put on the wire, read back from the sandbox's log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from gemel.sandbox import RecordedRequest, Sandbox

LOGIN = "/api/v1/auth/universal-auth/login"


@dataclass(frozen=True)
class Sent:
    """One request: its verb, its undecoded path, its query by name, and its JSON body, None when there was none."""

    method: str
    path: str
    query: dict[str, str]
    body: Any

    @property
    def line(self) -> str:
        """Verb and path."""
        return f"{self.method} {self.path}"


def read(request: RecordedRequest) -> Sent:
    """A recorded request, taken apart; a name that came twice in the query fails."""
    pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True, strict_parsing="?" in request.target)
    query = dict(pairs)
    assert len(query) == len(pairs), f"a name was sent twice: {request.target}"
    body = json.loads(request.body) if request.body else None
    assert (request.header("content-type") == "application/json") == (body is not None)
    return Sent(request.method, request.path, query, body)


def last(sandbox: Sandbox) -> Sent:
    """The last request the sandbox got."""
    return read(sandbox.requests[-1])


def lines(sandbox: Sandbox) -> list[str]:
    """Verb and path of every request since the log was cleared."""
    return [f"{request.method} {request.path}" for request in sandbox.requests]
