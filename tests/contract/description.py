"""A published description of an API (OpenAPI), and the validator that holds requests and replies against it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from gemel.kit.calls.endpoint import Endpoint
from gemel.sandbox import RecordedRequest

Schema = dict[str, Any]
Operation = dict[str, Any]
Key = tuple[str, str]  # the verb, and the path with {} for every value

JSON = "application/json"
VERBS = {"get", "put", "post", "patch", "delete"}


def loaded(file: Path) -> dict[str, Any]:
    """A description as it is in a file."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def nameless(path: str) -> str:
    """A path template without the names of its values, which are ours to choose."""
    return "/" + re.sub(r"\{[^{}]*\}", "{}", path).lstrip("/")


def key(endpoint: Endpoint[Any, Any]) -> Key:
    """The verb and path of a declared endpoint."""
    return endpoint.spec.method, nameless(endpoint.spec.path)


class Description:
    """The operations of a description; no body that is sent may hold a field that is not named.

    beyond: query parameters that it lacks, by operation.   checked: whether it must be a correct description itself.
    """

    def __init__(
        self, document: dict[str, Any], *, beyond: Mapping[Key, Set[str]] | None = None, checked: bool = True
    ) -> None:
        self.document = document
        self.operations: dict[Key, Operation] = {
            (verb.upper(), nameless(path)): known[verb]
            for path, known in document["paths"].items()
            for verb in VERBS & known.keys()
        }
        self._root: str = document["servers"][0]["url"].rstrip("/")
        self._beyond = beyond or {}
        self._checked = checked
        for operation in self.operations.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"][JSON]
                content["schema"] = self._closed(content["schema"])

    @cached_property
    def validator(self) -> OpenAPI:
        return OpenAPI.from_dict(self.document, None if self._checked else Config(spec_validator_cls=None))

    def resolved(self, schema: Schema) -> Schema:
        """The schema behind a reference; the parts of an `allOf` as one."""
        if "$ref" in schema:
            return self.resolved(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if "allOf" not in schema:
            return schema
        whole: Schema = {"type": "object", "properties": {}, "required": [], "nullable": schema.get("nullable", False)}
        for part in map(self.resolved, schema["allOf"]):
            whole["properties"] = whole["properties"] | part.get("properties", {})
            whole["required"] = whole["required"] + part.get("required", [])
        return {name: value for name, value in whole.items() if value != []}

    def _closed(self, schema: Schema) -> Schema:
        """The schema with unknown fields forbidden in every object that names some."""
        closed = dict(self.resolved(schema))
        if closed.get("properties"):
            closed["properties"] = {name: self._closed(inner) for name, inner in closed["properties"].items()}
            closed["additionalProperties"] = False
        if "items" in closed:
            closed["items"] = self._closed(closed["items"])
        if "oneOf" in closed:
            closed["oneOf"] = [self._closed(each) for each in closed["oneOf"]]
        return closed

    def operation_of(self, request: RecordedRequest) -> Key:
        """The operation that a request is for; AssertionError when none is described."""
        path = request.path.removeprefix(self._root)
        fitting = [key for key in self.operations if key[0] == request.method and _fits(key[1], path)]
        assert fitting, f"not described: {request.method} {path}"
        return min(fitting, key=lambda key: key[1].count("{}"))

    def check(self, request: RecordedRequest, key: Key) -> None:
        """Pass a request that the described operation takes.

        Raises an openapi-core error for a missing or invalid parameter, body or credential; AssertionError for a query
        parameter that is not described, a body where none is, and none where there is one.
        """
        operation = self.operations[key]
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        sent = {name for name, _ in parse_qsl(request.target.partition("?")[2], keep_blank_values=True)}
        assert sent <= named | self._beyond.get(key, set()), f"not described: {sent - named}"
        assert bool(request.body) == ("requestBody" in operation), "a body where none is described, or none"
        self.validator.validate_request(Incoming(request))

    def check_reply(self, request: RecordedRequest, status: int, body: bytes) -> None:
        """Pass a reply that the operation of this request describes; raises an openapi-core error for any other."""
        self.validator.validate_response(Incoming(request), Outgoing(status, body))

    def replies(self, key: Key) -> dict[int, Schema]:
        """The schema of every successful reply of an operation, by its status."""
        described = self.operations[key]["responses"]
        return {
            int(status): self.resolved(reply["content"][JSON]["schema"])
            for status, reply in described.items()
            if status.startswith("2")
        }


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.escape(template).replace(re.escape("{}"), "[^/]+"), path) is not None


class Incoming:
    """A recorded request as openapi-core reads one."""

    host_url = "http://sandbox"
    content_type = JSON

    def __init__(self, request: RecordedRequest) -> None:
        pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        self.method = request.method.lower()
        self.path = request.path
        self.body = request.body or None
        self.parameters = RequestParameters(query=ImmutableMultiDict(pairs), header=Headers(list(request.headers)))


class Outgoing:
    """A JSON reply as openapi-core reads one."""

    content_type = JSON

    def __init__(self, status: int, body: bytes) -> None:
        self.status_code = status
        self.headers = Headers()
        self.data = body
