"""The Infisical API as one function from request to reply: route, authenticate, validate, handle."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import string
from typing import Any
from urllib.parse import parse_qsl

from ..messages import RecordedRequest, ServerReply
from . import auth, environments, folders, imports, projects, service_tokens, status, tags
from .backend import Backend, Caller
from .catalogue import catalogued
from .errors import ApiError, bad_request, fastify_not_found, forbidden, invalid, not_built, rate_limited
from .routing import Call, Operation, Router
from .secrets import approvals
from .secrets import routes as secret_routes
from .validation import ABSENT, Schema

__all__ = ["Infisical", "rate_groups"]

logger: logging.Logger = logging.getLogger("gemel.sandbox")

_MODULES = (approvals, auth, environments, folders, imports, projects, service_tokens, status, tags)
_ROUTES = (*(module.routes for module in _MODULES), secret_routes)
ROUTER = Router((operation for routes in _ROUTES for operation in routes.operations), catalogued())
NOBODY = Caller("", "")
_ID_LETTERS = string.ascii_letters + string.digits


class Infisical:
    """Answers requests as an Infisical server does.

    Arguments:
        backend: The records to work on.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def answer(self, request: RecordedRequest) -> ServerReply:
        """The reply to a request; every refusal has the error envelope of the API."""
        try:
            return self._answer(request)
        except ApiError as error:
            return error.reply(_request_id())
        except Exception:
            logger.exception("the sandbox failed on %s %s", request.method, request.path)
            return ApiError(500, "InternalServerError", "Something went wrong").reply(_request_id())

    def rate_limited(self, retry_after: int) -> ServerReply:
        """429 with the message of the server."""
        return rate_limited(retry_after).reply(_request_id())

    def too_large(self) -> ServerReply:
        """413 for a body over the limit of the web framework."""
        return ApiError(413, "Payload Too Large", "Request body is too large").reply(_request_id())

    def _answer(self, request: RecordedRequest) -> ServerReply:
        found = ROUTER.find(request.method, request.path)
        if found is None:
            return fastify_not_found(request.method, request.target)
        operation, params = found
        if not operation.built:
            raise not_built(request.method, operation.path)
        caller = self._caller(request, operation.modes) if operation.auth else NOBODY
        params, data = _checked(operation, params, request)
        result = self._handle(operation, Call(self._backend, caller, params, data, operation.method, operation.path))
        return _tagged(request, result) if operation.etag else ServerReply.of(result)

    def _caller(self, request: RecordedRequest, modes: frozenset[str]) -> Caller:
        with self._backend.store.transaction():
            caller = self._backend.authenticate(request.header("authorization"), request.header("x-api-key"))
        if caller.mode not in modes:
            raise forbidden("You are not allowed to access this resource", f"Forbidden access to {request.target}")
        return caller

    def _handle(self, operation: Operation, call: Call) -> Any:
        with self._backend.store.transaction():
            try:
                return operation.handler(call)
            except ApiError as error:
                if not error.keeps_changes:
                    raise
                refusal = error
        raise refusal


def rate_groups(request: RecordedRequest) -> tuple[str, ...]:
    """The groups of the server's limiter that a request counts in: a login is a write unless logins have a limit."""
    _, _, noun, *_ = [*request.path.strip("/").split("/"), "", "", ""]
    if noun in ("secrets", "folders", "secret-imports"):
        return ("secrets",)
    if noun == "auth":
        return ("auth", "write")
    return ("read",) if request.method in ("GET", "HEAD") else ("write",)


def _request_id() -> str:
    return "req-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(14))


def _checked(operation: Operation, params: dict[str, str], request: RecordedRequest) -> tuple[Any, dict[str, Any]]:
    """The checked path values and data; as on the server the first part with issues refuses."""
    body = _document(request)
    checked = params | _valid(operation.params, params) if operation.params else params
    data = _valid(operation.body, body) if operation.body else {}
    return checked, data | (_valid(operation.query, _query(request)) if operation.query else {})


def _valid(schema: Schema, value: Any) -> dict[str, Any]:
    issues: list[dict[str, Any]] = []
    checked = schema.check(value, (), issues)
    if issues:
        raise invalid(issues)
    return checked


def _query(request: RecordedRequest) -> dict[str, Any]:
    """The values of the query; a name that comes more than once has a list."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: several if len(several) > 1 else several[0] for name, several in values.items()}


def _document(request: RecordedRequest) -> Any:
    """The JSON body; ABSENT when none was sent.

    Raises:
        ApiError: 400 for an empty or broken document, 415 for a body of another type.
    """
    if request.method == "GET":
        return ABSENT
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if not content_type and not request.body:
        return ABSENT
    if content_type != "application/json":
        raise ApiError(415, "Unsupported Media Type", f"Unsupported Media Type: {content_type or 'undefined'}")
    if not request.body:
        raise bad_request("Body cannot be empty when content-type is set to 'application/json'", "Bad Request")
    try:
        return json.loads(request.body, parse_constant=_refuse_constant)
    except ValueError:
        raise bad_request("Body is not valid JSON", "Bad Request") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _tagged(request: RecordedRequest, result: Any) -> ServerReply:
    reply = ServerReply.of(result)
    etag = f'"{hashlib.sha1(reply.body, usedforsecurity=False).hexdigest()}"'
    known = [tag.strip().removeprefix("W/") for tag in (request.header("if-none-match") or "").split(",")]
    if etag in known or "*" in known:
        return ServerReply(304, headers=(("ETag", etag),))
    return ServerReply(reply.status, reply.body, (*reply.headers, ("ETag", etag)))
