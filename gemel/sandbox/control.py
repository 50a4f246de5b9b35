"""The endpoints under /__sandbox__/ that steer the sandbox from outside its process."""

from __future__ import annotations

import base64
import inspect
import json
from typing import Any

from .faults import Faults
from .messages import RecordedRequest, Reply, RequestLog

__all__ = ["PREFIX", "control"]

PREFIX = "/__sandbox__/"  # what every control path begins with


def control(request: RecordedRequest, faults: Faults, log: RequestLog) -> Reply:
    """The reply to a control request.

    `POST faults` takes one JSON object, or a list of them: `{"kind": "status", "status": 503, "times": 2}`,
    where the kind is a method of `Faults` and the rest are its arguments. `DELETE faults` clears them.
    `GET requests` lists the requests received, which hold credentials; `DELETE requests` forgets them.
    """
    action = (request.method, request.path.removeprefix(PREFIX))
    if action == ("POST", "faults"):
        return _add(request.body, faults)
    if action == ("DELETE", "faults"):
        faults.clear()
        return Reply(204)
    if action == ("GET", "requests"):
        return Reply.of({"requests": [_shown(entry) for entry in log]})
    if action == ("DELETE", "requests"):
        log.clear()
        return Reply(204)
    return Reply.of({"message": f"no such control: {request.method} {request.path}"}, 404)


def _add(body: bytes, faults: Faults) -> Reply:
    try:
        given: Any = json.loads(body)
        calls = [_call(faults, one) for one in (given if isinstance(given, list) else [given])]  # pyright: ignore[reportUnknownVariableType]
        for call in calls:
            call()
    except (TypeError, ValueError) as error:
        return Reply.of({"message": f"not a fault: {error}"}, 400)
    return Reply.of({"pending": len(faults.pending)})


KINDS = ("delay", "status", "rate_limit", "cut", "truncate", "malformed", "html", "unknown_field", "missing_field")


def _call(faults: Faults, given: Any) -> Any:
    if not isinstance(given, dict) or given.get("kind") not in KINDS:  # pyright: ignore[reportUnknownMemberType]
        raise ValueError(f"an object is needed whose kind is one of {', '.join(KINDS)}")
    fault: dict[str, Any] = given  # pyright: ignore[reportUnknownVariableType]
    options = {name: value for name, value in fault.items() if name != "kind"}
    method = getattr(faults, fault["kind"])
    bound = inspect.signature(method).bind(**options)
    return lambda: method(*bound.args, **bound.kwargs)


def _shown(request: RecordedRequest) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": request.target,
        "headers": [list(pair) for pair in request.headers],
        "body": base64.b64encode(request.body).decode(),
    }
