"""Reads error bodies: the usual shapes of JSON, HTML and text, into one neutral record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.http.charset import json_of, media_type, obstacle, shown_text
from gemel.kit.http.messages import Response
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
    """Read the usual shapes: {"message"}, {"error": {"message", "code"}}, {"detail"}, or the start of a text."""
    body = _parsed(response)
    request_id = response.headers.get("x-request-id", "")
    if not is_object(body):
        return Fault(message=_excerpt(response), request_id=request_id)
    inner = body.get("error")
    source = {**body, **inner} if is_object(inner) else body
    message = source.get("message") or source.get("detail") or (inner if isinstance(inner, str) else "")
    return Fault(_text(message), _text(source.get("code") or ""), source.get("details"), request_id)


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
