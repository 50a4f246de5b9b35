"""Reads the error codes and bodies of the Infisical API."""

from __future__ import annotations

import json
import re
from typing import Any

from gemel.infisical.models.secrets import SecretApproval
from gemel.kit.errors import AlternativeReplyError
from gemel.kit.http.messages import Response
from gemel.kit.http.problem import Fault, read_fault
from gemel.kit.types import is_array, is_object

__all__ = ["ApprovalRequiredError", "read_infisical_fault", "token_refused"]

_TOKEN_ERROR = "TokenError"
_NEW_TOKEN = "pass a new token, or client_id and client_secret, with which the client logs in again by itself"
_TRY_AGAIN = re.compile(r"try again in (\d+) second", re.IGNORECASE)


class ApprovalRequiredError(AlternativeReplyError):
    """A change policy guards the folder: nothing was changed, and an approval request was opened.

    Attributes:
        reply: The SecretApproval; its `slug` names it in the web interface.
    """

    model: Any = SecretApproval
    meaning = "a change policy guards this folder: nothing was changed, an approval request was opened (see .reply)"


def read_infisical_fault(response: Response) -> Fault:
    """Read `{"reqId", "statusCode", "message", "error", "details"}`; the message of a 422 is a list of issues."""
    try:
        body: Any = json.loads(response.body)
    except (ValueError, RecursionError):
        return read_fault(response)
    if not is_object(body) or "message" not in body:
        return read_fault(response)
    message = body["message"]
    text = message if isinstance(message, str) else _issues(message)
    details = body.get("details") if isinstance(message, str) else message
    code, request_id = str(body.get("error") or ""), str(body.get("reqId") or "")
    hint = _NEW_TOKEN if code == _TOKEN_ERROR else ""
    return Fault(text, code, details, request_id, _wait(response, text), hint)


def token_refused(response: Response) -> bool:
    """Say whether the token is no longer accepted: 401, or 403 with the code TokenError."""
    return response.status == 401 or (response.status == 403 and read_infisical_fault(response).code == _TOKEN_ERROR)


def _issues(message: Any) -> str:
    """Return zod's issues as "secretValue: Required; type: Invalid enum value"."""
    if not is_array(message):
        return json.dumps(message, ensure_ascii=False, default=str)
    return "; ".join(_issue(issue) for issue in message)


def _issue(issue: Any) -> str:
    if not is_object(issue):
        return str(issue)
    path = ".".join(str(step) for step in issue.get("path") or ())
    return f"{path}: {issue.get('message', 'invalid')}" if path else str(issue.get("message", "invalid"))


def _wait(response: Response, text: str) -> float | None:
    """Return the seconds that the message of a 429 names, for servers that send no Retry-After."""
    found = _TRY_AGAIN.search(text) if response.status == 429 else None
    return float(found[1]) if found else None
