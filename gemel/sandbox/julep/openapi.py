"""The OpenAPI document that the server gives about itself, made from its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .routing import Operation
from .validation import Field

__all__ = ["describe"]


def describe(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document: paths, parameters and statuses. The schemas of bodies are left out."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Julep sandbox", "version": "0.3.9"},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {"schemas": {}, "securitySchemes": {"APIKeyHeader": _SCHEME}},
    }


_SCHEME = {"type": "apiKey", "in": "header", "name": "Authorization"}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.handler.__module__.rpartition('.')[2]}_{operation.method.lower()}{operation.path}",
        "security": [{"APIKeyHeader": []}],
        "parameters": _parameters(operation),
        "responses": {str(operation.status): {"description": "Successful Response", "content": _OBJECT}},
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _OBJECT}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    identifier = {"type": "string", "format": "uuid4"}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identifier} for name in operation.ids.fields
    ]
    query: Mapping[str, Field] = operation.query.fields if operation.query else {}
    for name, field in query.items():
        schema = {"type": "integer" if isinstance(field.default, int) else "string", "default": field.default}
        parameters.append({"name": name, "in": "query", "required": False, "schema": schema})
    return parameters
