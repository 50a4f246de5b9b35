"""The errors of the Infisical API, with the status, name and envelope that the server gives each."""

from __future__ import annotations

from typing import Any

from ..messages import ServerReply

__all__ = [
    "ApiError",
    "bad_request",
    "fastify_not_found",
    "forbidden",
    "invalid",
    "not_built",
    "not_found",
    "permission_denied",
    "rate_limited",
    "token_error",
    "unauthorized",
]


class ApiError(Exception):
    """A refusal that becomes the reply.

    Arguments:
        status: The status code.
        error: The name in the field `error`.
        message: The field `message`: text, or a list of issues for 422.
        details: The field `details`, left out when None.
        keeps_changes: Whether what the operation changed before it refused stays changed.
    """

    def __init__(
        self, status: int, error: str, message: Any, details: Any = None, *, keeps_changes: bool = False
    ) -> None:
        super().__init__(f"{status} {error}")
        self.keeps_changes = keeps_changes
        self.status = status
        self.error = error
        self.message = message
        self.details = details

    def reply(self, request_id: str, headers: tuple[tuple[str, str], ...] = ()) -> ServerReply:
        """The error envelope: reqId, statusCode, message, error and perhaps details."""
        body = {"reqId": request_id, "statusCode": self.status, "message": self.message, "error": self.error}
        if self.details is not None:
            body["details"] = self.details
        return ServerReply.of(body, self.status, headers)


def bad_request(message: str, name: str = "BadRequest") -> ApiError:
    """400: a business rule refused the request."""
    return ApiError(400, name, message)


def unauthorized(
    message: str = "You are not allowed to access this resource", *, keeps_changes: bool = False
) -> ApiError:
    """401: no credentials, or credentials that do not hold."""
    return ApiError(401, "UnauthorizedError", message, keeps_changes=keeps_changes)


def token_error(message: str) -> ApiError:
    """403 TokenError: an access token that is expired, malformed or not signed by this server."""
    return ApiError(403, "TokenError", message)


def forbidden(message: str, name: str = "ForbiddenError", details: Any = None) -> ApiError:
    """403: refused as a whole, for instance to one who is no member of the project."""
    return ApiError(403, name, message, details)


def permission_denied(action: str, subject: str, rules: list[dict[str, Any]]) -> ApiError:
    """403 PermissionDenied: the role lacks an action; `rules` are the ones it has for that subject."""
    return ApiError(403, "PermissionDenied", f"You are not allowed to {action} on {subject}", rules)


def not_found(message: str, name: str = "NotFound") -> ApiError:
    """404: the record does not exist."""
    return ApiError(404, name, message)


def invalid(issues: list[dict[str, Any]]) -> ApiError:
    """422: the request does not fit its schema; the message is the list of issues."""
    return ApiError(422, "ValidationFailure", issues)


def not_built(method: str, path: str) -> ApiError:
    """501: an operation of the API that this sandbox cannot do."""
    message = f"The API has {method} {path}, and this sandbox does not do it: try it on a real server"
    return ApiError(501, "NotImplemented", message)


def rate_limited(seconds: int) -> ApiError:
    """429, with the seconds to wait in the message."""
    return ApiError(429, "RateLimitExceeded", f"Rate limit exceeded. Please try again in {seconds} seconds")


def fastify_not_found(method: str, target: str) -> ServerReply:
    """The reply of the web framework itself to a route that does not exist; it has no reqId."""
    message = f"Route {method}:{target} not found"
    return ServerReply.of({"message": message, "error": "Not Found", "statusCode": 404}, 404)
