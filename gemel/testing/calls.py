"""ReceivedCall: a request that a test server received, taken apart by the template of its route."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from gemel.kit.http.messages import Headers
from gemel.sandbox.messages import RecordedRequest

__all__ = ["ReceivedCall", "asked", "query_of"]


@dataclass(frozen=True, repr=False)
class ReceivedCall:
    """One call that a stub server received. Its repr shows no value.

    Attributes:
        label: The endpoint of the route, such as "Secrets.retrieve"; "" without an endpoint or a route.
        method: The verb.
        template: The path template of the route, "" without a route.
        path_values: The values of the template's variables, decoded, by name.
        query: The query parameters, decoded; a list for a repeated one.
        headers: The header fields as received; names compare without case.
        body: The body as bytes.
        target: The request target exactly as on the request line.
    """

    label: str
    method: str
    template: str
    path_values: dict[str, str]
    query: dict[str, str | list[str]]
    headers: Headers
    body: bytes
    target: str
    _shown: str = field(default="", compare=False)

    @classmethod
    def of(cls, request: RecordedRequest, label: str, template: str, values: dict[str, str]) -> ReceivedCall:
        """Make the call from a request and the values of its route."""
        query = query_of(request.target.partition("?")[2])
        headers = Headers(request.headers)
        shown = f"{request.method} {template or request.path}"
        return cls(label, request.method, template, values, query, headers, request.body, request.target, shown)

    @property
    def json(self) -> Any:
        """The body decoded as JSON, None when there is no body; raises ValueError for a body that is not JSON."""
        return json.loads(self.body) if self.body else None

    def __repr__(self) -> str:
        return f"<ReceivedCall {self.label or 'of no endpoint'}: {self._shown}>"


def query_of(text: str) -> dict[str, str | list[str]]:
    """Return the parameters of a query, with a list of values for a repeated name."""
    query: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        before = query.get(name)
        query[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return query


def asked(request: RecordedRequest) -> str:
    """Describe a request by verb, path and names of parameters, without their values, which may be secret."""
    names = query_of(request.target.partition("?")[2])
    return f"{request.method} {request.path}{'?' + '&'.join(names) if names else ''}"
