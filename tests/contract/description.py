"""The published description of the operations that gemel declares, and the validator that holds requests against it.

`infisical.openapi.json` is the part of it that is needed. One thing is written otherwise: the description means that
the actor of a secret may be null, but puts `nullable` beside an `allOf`, where OpenAPI 3.0 gives it no effect.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from gemel.kit.endpoint import Endpoint
from gemel.sandbox import RecordedRequest

FILE = Path(__file__).with_name("infisical.openapi.json")
# Query parameters that the description lacks: servers of 2025 know imports of v4 under this name only.
BEYOND = {("GET", "/api/v4/secrets"): {"include_imports"}, ("GET", "/api/v4/secrets/{}"): {"include_imports"}}

Operation = dict[str, Any]
Key = tuple[str, str]  # the verb, and the path with {} for every value


@cache
def document() -> dict[str, Any]:
    """The description; like the one it is taken from it lets no body hold a field it does not name."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    for methods in loaded["paths"].values():
        for operation in methods.values():
            if "requestBody" in operation:
                _close(operation["requestBody"]["content"]["application/json"]["schema"])
    _close(loaded["components"]["schemas"]["SecretMetadata"])
    return loaded


def _close(schema: Any) -> None:
    """Forbid unknown fields in every object of a schema."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for inner in schema.values():
            _close(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _close(inner)


@cache
def validator() -> OpenAPI:
    return OpenAPI.from_dict(document())


def nameless(path: str) -> str:
    """A path template without the names of its values, which are ours to choose."""
    return "/" + re.sub(r"\{[^{}]*\}", "{}", path).lstrip("/")


def key(endpoint: Endpoint[Any, Any]) -> Key:
    """The verb and path of a declared endpoint."""
    return endpoint.spec.method, nameless(endpoint.spec.path)


@cache
def operations() -> dict[Key, Operation]:
    """Every described operation."""
    return {
        (method.upper(), nameless(path)): operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


class Incoming:
    """A recorded request as openapi-core reads one."""

    host_url = "http://sandbox"
    content_type = "application/json"

    def __init__(self, request: RecordedRequest) -> None:
        pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        self.method = request.method.lower()
        self.path = request.path
        self.body = request.body or None
        self.parameters = RequestParameters(query=ImmutableMultiDict(pairs), header=Headers(list(request.headers)))


class Outgoing:
    """A JSON reply as openapi-core reads one."""

    content_type = "application/json"

    def __init__(self, status: int, body: bytes) -> None:
        self.status_code = status
        self.headers = Headers()
        self.data = body


def check_reply(request: RecordedRequest, status: int, body: bytes) -> None:
    """Pass a reply that the operation of this request describes; raises an openapi-core error for any other."""
    validator().validate_response(Incoming(request), Outgoing(status, body))


def check(request: RecordedRequest, key: Key) -> None:
    """Pass a request that the described operation takes.

    Raises an openapi-core error for a missing or invalid parameter, body or credential; AssertionError for a query
    parameter that is not described, or a body where none is.
    """
    operation = operations()[key]
    named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    sent = {name for name, _ in parse_qsl(request.target.partition("?")[2], keep_blank_values=True)}
    assert sent <= named | BEYOND.get(key, set()), f"not described: {sent - named}"
    assert bool(request.body) <= ("requestBody" in operation), "a body where none is described"
    validator().validate_request(Incoming(request))
