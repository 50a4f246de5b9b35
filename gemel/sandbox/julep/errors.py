"""The refusals of the Julep server of the 0.x generation, in the five shapes that it gives them."""

from __future__ import annotations

from http.client import responses
from typing import Any

from ..messages import ServerReply
from .replies import json_reply, plain

__all__ = [
    "Refusal",
    "crashed",
    "database_refused",
    "detail",
    "domain_error",
    "failure",
    "invalid",
    "no_gateway_route",
    "not_found",
    "unparsed",
]


class Refusal(Exception):
    """A refusal that becomes the reply.

    Arguments:
        reply: What is sent.
    """

    def __init__(self, reply: ServerReply) -> None:
        super().__init__(f"{reply.status}")
        self.reply = reply


def detail(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    """`{"detail": text}`: refused by the web framework, or by a route that reads."""
    return Refusal(json_reply({"detail": text}, status, headers))


def domain_error(status: int, message: str, **more: str) -> Refusal:
    """`{"error": {"message": ...}}`: refused by a rule about the records."""
    return Refusal(json_reply({"error": {"message": message, **more}}, status))


def not_found(noun: str, key: str, developer: str = "") -> Refusal:
    """404 of the routes that write."""
    return domain_error(404, f"{noun} {key} not found for developer {developer}")


def invalid(issues: list[dict[str, Any]]) -> Refusal:
    """422: the request does not fit its schema; the message is the repr of a Python list, not JSON."""
    return Refusal(json_reply({"status_code": 422, "message": repr(issues), "data": None}, 422))


def database_refused(message: str) -> Refusal:
    """500 as the server passes on what its database says."""
    return Refusal(json_reply({"status_code": 500, "message": message, "data": None}, 500))


def unparsed() -> Refusal:
    """500 where the server builds a query that its database cannot parse."""
    return database_refused("The query parser has encountered unexpected input / end of input")


def crashed() -> Refusal:
    """500 for an exception nobody caught: plain text, after which the server closes the connection."""
    return Refusal(plain(500, "Internal Server Error", hang_up=True))


def failure(status: int) -> ServerReply:
    """The reply of a server that fails with this status, for a fault that names no body."""
    phrase = responses.get(status, f"Status {status}")
    return plain(status, phrase, hang_up=status == 500) if status >= 500 else detail(status, phrase).reply


def no_gateway_route() -> ServerReply:
    """404 of the gateway, for a path that belongs to none of its services."""
    return plain(404, "404 page not found\n")
