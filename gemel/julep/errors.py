"""Reads the error bodies of the Julep API, and adds errors of this SDK to the tree.

GemelError
  InvalidArgument
    InvalidIdError          an id that is not a UUID of version 4; an AssertionError too
    ExclusiveArgumentsError arguments that exclude each other; an AssertionError too
      OwnerError            not exactly one owner of a doc
  CredentialsError
    MissingSettingError     no key or no address; an AssertionError too
  JobFailedError            .job: a job that failed or was aborted
  MissingExtraError         an optional package is not installed; an ImportError too

Those that are AssertionErrors too were assertions in the published SDK.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gemel.kit.errors import CredentialsError, GemelError, InvalidArgument
from gemel.kit.http.messages import Response
from gemel.kit.http.problem import Fault, read_fault
from gemel.kit.types import is_array, is_object

__all__ = [
    "ExclusiveArgumentsError",
    "InvalidIdError",
    "JobFailedError",
    "MissingExtraError",
    "MissingSettingError",
    "OwnerError",
    "explain_reply",
    "read_julep_fault",
]

_LONGEST_MESSAGE = 100_000
_BAD_KEY = "check JULEP_API_KEY, or the argument api_key, and that the address is the one it belongs to"
_NO_ROUTE = "404 page not found"
_NO_PATH = "base_url must hold the API's path, as in https://host/api"
_NEW_GENERATION = (
    "this looks like an answer of Julep's 1.x API; this client speaks 0.x: check base_url, or use an SDK of 1.x"
)
_OLD_GENERATION = (
    "this looks like an answer of a Julep server before 0.3; this client speaks 0.3: ask for a newer server"
)


# Members that only replies of 1.x have.
_OF_CHATS = {"choices"}
_OF_RECORDS = {"canonical_name", "project", "recall_options", "forward_tool_calls", "integration", "api_call"}
_OF_HISTORIES = {"entries"}
_OF_NEW = _OF_CHATS | _OF_RECORDS | _OF_HISTORIES


class InvalidIdError(InvalidArgument, AssertionError):
    """An id is not a UUID of version 4; nothing was sent."""


class ExclusiveArgumentsError(InvalidArgument, AssertionError):
    """Arguments that exclude each other were given, or none where one is needed; nothing was sent."""


class OwnerError(ExclusiveArgumentsError):
    """A doc needs exactly one owner, an agent or a user; nothing was sent."""


class MissingSettingError(CredentialsError, AssertionError):
    """The client has no API key or no address; the message says what to set."""


class MissingExtraError(GemelError, ImportError):
    """A package of an optional extra is not installed; the message names the extra."""


class JobFailedError(GemelError):
    """A job failed or was aborted.

    Attributes:
        job: The JobStatus of the job; its `reason` says why.
    """

    def __init__(self, message: str, *, job: Any) -> None:
        self.job: Any = job
        super().__init__(message)


def read_julep_fault(response: Response) -> Fault:
    """Read the five shapes: {"detail"}, {"error": {"message"}}, {"status_code", "message", "data"} whose message may
    be the repr of a list of issues, and plain text. Of the 1.x shape {"error": {"message", "code", ...}} the generation
    is told. Model serving has OpenAI's shapes: {"error": {...}}, {"object": "error", "message", "type", "code"}.
    """
    body = _document(response)
    if not is_object(body):
        return _plain(response)
    if _is_serving(response) and not {"error", "object"}.isdisjoint(body):
        return _served(body, response)
    if is_object(body.get("error")):
        return _named(body["error"], response)
    message = body.get("message")
    issues = _issues(message) if "status_code" in body and isinstance(message, str) else None
    if issues is not None:
        return Fault("; ".join(map(_issue, issues)), "", issues)
    fault = read_fault(response)
    refused_key = response.status == 403 and "API KEY" in fault.message
    return Fault(fault.message, fault.code, fault.details, fault.request_id, hint=_BAD_KEY if refused_key else "")


def explain_reply(response: Response) -> str:
    """Say which generation of the API an unexpected reply seems to come from, "" when that is unknown."""
    body = _document(response)
    if not is_object(body) or _is_serving(response):
        return ""
    items = body.get("items")
    record = items[0] if is_array(items) and items and is_object(items[0]) else body
    if not _OF_NEW.isdisjoint(record):
        return _NEW_GENERATION
    instructions = record.get("instructions")
    objects = is_array(instructions) and any(map(is_object, instructions))
    return _OLD_GENERATION if objects or ("response" in record and "doc_ids" not in record) else ""


def _plain(response: Response) -> Fault:
    """Read a plain text; the gateway's own 404 means that the address lacks the API's path."""
    fault = read_fault(response)
    return Fault(fault.message, hint=_NO_PATH) if fault.message == _NO_ROUTE else fault


def _is_serving(response: Response) -> bool:
    """Say whether model serving has answered, which is the same in each generation."""
    return urlsplit(response.url).path.startswith("/v1/")


def _served(body: dict[str, Any], response: Response) -> Fault:
    fault = read_fault(response)
    source = body["error"] if is_object(body.get("error")) else body
    code = source.get("code") or ""
    issues = _issues(fault.message)
    return Fault(
        fault.message if issues is None else "; ".join(map(_issue, issues)),
        code if isinstance(code, str) and code else str(source.get("type") or ""),
        fault.details if issues is None else issues,
        fault.request_id,
    )


def _named(error: dict[str, Any], response: Response) -> Fault:
    fault = read_fault(response)
    details = error.get("details")
    newer = "type" in error or str(error.get("code") or "").startswith("http_") or is_array(details)
    listed = f": {'; '.join(map(_issue, details))}" if is_array(details) else ""
    hint = _NEW_GENERATION if newer else ""
    return Fault(fault.message + listed, fault.code, details, fault.request_id, hint=hint)


def _document(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def _issues(message: str) -> Sequence[Any] | None:
    """Return the issues that a message lists as a Python literal, None when it is something else."""
    if not message.startswith("[") or len(message) > _LONGEST_MESSAGE:
        return None
    try:
        # literal_eval runs no code, but its parser needs memory and stack in proportion to the text, so that is bounded
        # above.
        issues: Any = ast.literal_eval(message)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return issues if is_array(issues) else None


def _issue(issue: Any) -> str:
    """Return one issue as "messages.0.role: Input should be ...", without the value that was sent."""
    if not is_object(issue):
        return str(issue)
    place = issue.get("loc", ())
    path = ".".join(str(step) for step in place[1:]) if is_array(place) else str(place)
    return f"{path}: {issue.get('msg', 'invalid')}" if path else str(issue.get("msg", "invalid"))
