"""The Julep API of the 0.x generation as one function from request to reply, with the gateway before it."""

from __future__ import annotations

import logging
from typing import Any

from ..messages import RecordedRequest, ServerReply
from . import agents, chat, docs, jobs, memories, sessions, tools, users
from .errors import Refusal, crashed, no_gateway_route
from .openapi import describe
from .reading import checked, json_body
from .records import Records
from .replies import json_reply, plain
from .routing import Call, Operation, Router
from .serving import complete

__all__ = ["Julep"]

logger: logging.Logger = logging.getLogger("gemel.sandbox")

_MODULES = (agents, docs, tools, memories, sessions, chat, users, jobs)
OPERATIONS = tuple(operation for module in _MODULES for operation in module.routes.operations)


def _about(call: Call) -> Any:
    """GET openapi.json."""
    return describe(OPERATIONS)


ROUTER = Router((*OPERATIONS, Operation("GET", "/openapi.json", _about, public=True)), "/api")


class Julep:
    """Answers requests as a Julep server of the generation 0.3.9 behind its gateway does.

    The gateway sends /api/* to the agents API, without /api, and /v1/* to model serving.

    Arguments:
        records: The records to work on.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def answer(self, request: RecordedRequest) -> ServerReply:
        """The reply to a request."""
        try:
            return self._answer(request)
        except Refusal as refusal:
            return refusal.reply
        except Exception:
            logger.exception("the sandbox failed on %s %s", request.method, request.path)
            return crashed().reply

    def rate_limited(self, retry_after: int) -> ServerReply:
        """429 of the gateway."""
        return plain(429, "Too Many Requests")

    def too_large(self) -> ServerReply:
        """413 of the gateway."""
        return plain(413, "Request Entity Too Large")

    def _answer(self, request: RecordedRequest) -> ServerReply:
        if request.path.startswith("/api/"):
            return self._agents(request, request.path.removeprefix("/api"))
        if request.path.startswith("/v1/"):
            return complete(self._records, request, request.path.removeprefix("/v1"))
        return no_gateway_route()

    def _agents(self, request: RecordedRequest, path: str) -> ServerReply:
        operation, ids = ROUTER.find(request, path)
        body = json_body(request) if operation.body else None
        developer = "" if operation.public else self._records.authenticate(request.header("authorization"))
        keys, in_query, in_body, named = checked(operation, ids, request, body)
        with self._records.store.transaction():
            document = operation.handler(Call(self._records, named or developer, keys, in_query, in_body))
        return json_reply(document, operation.status)
