"""Reading requests as the web framework of the server does: the JSON body, the query, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from ..messages import RecordedRequest
from .errors import invalid
from .routing import Operation
from .validation import ABSENT, Issues, Schema, invalid_json, optional, uuid_text

__all__ = ["Checked", "checked", "json_body"]

Checked = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str | None]  # ids, query, body and the developer
_HEADERS = Schema({"x-developer-id": optional(uuid_text())})


def json_body(request: RecordedRequest) -> Any:
    """The JSON document of a body; ABSENT when none was sent, text when its type is another one.

    Raises:
        Refusal: 422 when the document is broken.
    """
    if not request.body:
        return ABSENT
    content_type = (request.header("content-type") or "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        return request.body.decode(errors="replace")
    try:
        return json.loads(request.body)
    except json.JSONDecodeError as error:
        raise invalid([invalid_json(error.pos, error.msg)]) from None
    except UnicodeDecodeError as error:
        raise invalid([invalid_json(error.start, "Invalid UTF-8")]) from None


def checked(operation: Operation, ids: dict[str, str], request: RecordedRequest, body: Any) -> Checked:
    """The checked parts of a request.

    Raises:
        Refusal: 422 with the issues of all parts: the header, the path, the query, the body.
    """
    issues: Issues = []
    header = request.header("x-developer-id")
    headers = _HEADERS.check({} if header is None else {"x-developer-id": header}, ("header",), issues)
    keys = operation.ids.check(ids, ("path",), issues)
    query = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    in_query = operation.query.check(query, ("query",), issues) if operation.query else {}
    in_body = operation.body.check(body, ("body",), issues) if operation.body else {}
    if issues:
        raise invalid(issues)
    return keys, in_query, in_body, headers["x-developer-id"]
