"""Reads error bodies: the usual shapes of JSON, HTML and text, into one neutral record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.http.charset import json_of, media_type, obstacle, shown_text
from gemel.kit.http.messages import Response
from gemel.kit.http.redaction import MASK
from gemel.kit.http.sensitive import is_sensitive
from gemel.kit.types import is_array, is_object

__all__ = ["Fault", "FaultReader", "read_fault", "readable"]

_EXCERPT = 300
_DEEPEST = 100


class Fault(Struct, frozen=True):
    """The contents of an error body, in neutral terms.

    Attributes:
        message: The description of the error.
        code: The API's own code for it.
        details: Further details, decoded.
        request_id: The id by which the operators of the API find the request.
        retry_after: The seconds that the server asks to wait, None when it does not say.
        hint: What to do next, if the API knows better than the status code tells.
    """

    message: str = ""
    code: str = ""
    details: Any = None
    request_id: str = ""
    retry_after: float | None = None
    hint: str = ""


FaultReader: TypeAlias = Callable[[Response], Fault]
"""A function that reads error bodies of one API; it never raises, and gets the body in UTF-8 whatever was sent."""


def read_fault(response: Response) -> Fault:
    """Read the usual shapes of an error body, else its start, members that are named like a credential masked.

    These are {"message"}, {"error": {"message", "code"}}, {"error", "error_description"} (RFC 6749, section 5.2),
    {"type", "title", "detail"} (RFC 9457), {"error", "reason"}, {"errcode", "error"} and {"errors": [...]}.
    """
    body = _parsed(response)
    request_id = response.headers.get("x-request-id", "")
    if not is_object(body):
        told = _members_shown(body) if is_array(body) and body else _excerpt(response)
        return Fault(message=told, request_id=request_id)
    inner = body.get("error")
    source: dict[str, Any] = {**body, **inner} if is_object(inner) else body
    message, code = _message(source), _text(source.get("code") or _code(source))
    if not (message or code) and _says(body):
        message = _members_shown(body)
    return Fault(message, code, source.get("details") or source.get("errors"), request_id)


_MESSAGES = ("message", "detail", "error_description", "reason")

# What an API calls an error, unlike the words of a status: "invalid_grant" and "M_UNKNOWN", not "Bad Request".
_NAME = re.compile(r"[a-z0-9]+(?:[_.:-][a-z0-9]+)*|[A-Z0-9]+(?:_[A-Z0-9]+)+")
_SHOWN = 5


def _message(source: dict[str, Any]) -> str:
    """Return what an error object says is wrong, "" where none of its members says it."""
    title, detail = source.get("title"), source.get("detail")
    if isinstance(title, str) and title and isinstance(detail, str) and detail:
        return f"{title}: {detail}"
    named = next((value for name in _MESSAGES if (value := source.get(name))), None)
    if named is not None:
        return _text(named)
    error = source.get("error")
    return _listed(source.get("errors")) or _text(title or "") or (error if isinstance(error, str) else "")


def _code(source: dict[str, Any]) -> Any:
    """Return the API's name for what is wrong where no member is called "code"."""
    error, kind = source.get("error"), source.get("type")
    if isinstance(error, str) and _NAME.fullmatch(error) and _message(source) != error:
        return error
    if isinstance(kind, str) and kind != "about:blank" and isinstance(source.get("title"), str):
        return kind
    return source.get("errcode") or source.get("error_code") or ""


def _listed(errors: Any) -> str:
    """Return a list of errors, or an object of them by field, as text: at most five."""
    if is_object(errors):
        return "; ".join(f"{name}: {_one(value)}" for name, value in list(errors.items())[:_SHOWN])
    return "; ".join(filter(None, map(_one, errors[:_SHOWN]))) if is_array(errors) else ""


def _one(error: Any) -> str:
    if is_array(error):
        return ", ".join(map(_one, error[:_SHOWN]))
    if not is_object(error):
        return _text(error)
    said = _message(error) or _text(error.get("msg") or error.get("code") or "")
    field = error.get("field") or error.get("path") or error.get("param") or error.get("pointer")
    return f"{field}: {said}" if isinstance(field, str) and said else said


def _says(value: Any) -> bool:
    """Say whether anything in an error body is more than null, "" or empty."""
    inner: Any = value.values() if is_object(value) else value if is_array(value) else None
    return value not in (None, "") if inner is None else any(map(_says, inner))


def _members_shown(body: Any) -> str:
    """Return the start of an error body of no known shape, what its names say is a credential masked."""
    return json.dumps(_masked(body), ensure_ascii=False, default=str)[:_EXCERPT]


def _masked(value: Any) -> Any:
    if is_object(value):
        return {name: MASK if is_sensitive(name) else _masked(one) for name, one in value.items()}
    return [_masked(one) for one in value] if is_array(value) else value


def readable(response: Response) -> Any:
    """Return the body as decoded JSON, else as text."""
    parsed = _parsed(response)
    return shown_text(response) if parsed is _NOT_JSON else parsed


_NOT_JSON: Any = object()


def _parsed(response: Response) -> Any:
    """Decode an error body as JSON, unless it nests too deeply to be shown or pickled."""
    try:
        parsed = json_of(response)
    except (ValueError, RecursionError):
        return _NOT_JSON
    return parsed if _within(parsed, _DEEPEST) else _NOT_JSON


def _within(value: Any, levels: int) -> bool:
    inner: Any = value.values() if is_object(value) else value if is_array(value) else ()
    return levels > 0 and all(_within(one, levels - 1) for one in inner)


def _excerpt(response: Response) -> str:
    text = " ".join(shown_text(replace(response, body=response.body[: 4 * _EXCERPT])).split())
    if "html" in media_type(response.headers):
        return f"an HTML page instead of JSON: {text[:_EXCERPT]}"
    problem = obstacle(response)
    return f"{problem}: {text[:_EXCERPT]}" if problem else text[:_EXCERPT]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
