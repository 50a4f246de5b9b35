"""The endpoints under /__sandbox__/ that steer the sandbox from outside its process: what its methods do, over HTTP."""

from __future__ import annotations

import base64
import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .faults import KINDS, Fault, Faults
from .guard import Guard
from .messages import RecordedRequest, RequestLog, ServerReply

__all__ = ["PREFIX", "Action", "Control", "actions_of"]

PREFIX = "/__sandbox__/"  # what every control path begins with
# A reply may hold credentials: no cache keeps it, and no page of another site may load it as a script or an image.
_PRIVATE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


@dataclass(frozen=True)
class Action:
    """One control that calls a method of the sandbox.

    Attributes:
        verb: Its verb.
        path: Its path after the prefix.
        method: The method that it calls; the body names the arguments.
        result: What the reply calls a result that is not an object of its own.
    """

    verb: str
    path: str
    method: str
    result: str = ""


def actions_of(box: object) -> list[Action]:
    """Return the actions that the classes of a sandbox list in `controls`."""
    found: dict[tuple[str, str], Action] = {}
    for cls in type(box).__mro__:
        for action in vars(cls).get("controls", ()):
            found.setdefault((action.verb, action.path), action)
    return list(found.values())


class Control:
    """What answers below the prefix.

    `POST faults` takes one JSON object, or a list of them: `{"kind": "status", "status": 503, "times": 2}`,
    where the kind is a method of `Faults` and the rest are its arguments. `GET faults` lists those that wait,
    `DELETE faults` clears them. `GET requests` lists the requests received, which hold credentials;
    `DELETE requests` forgets them. Everything else is an `Action` of the sandbox; an empty path lists them all.

    Args:
        faults: What the next requests shall suffer.
        log: The last requests received.
        guard: Who may come in.
    """

    def __init__(self, faults: Faults, log: RequestLog, guard: Guard) -> None:
        self._guard = guard
        self._faults = faults
        self._log = log
        self._calls: dict[str, dict[str, Callable[[Any], Any]]] = {
            "": {"GET": lambda body: {"controls": self._listed()}},
            "faults": {"GET": self._waiting, "POST": self._add, "DELETE": lambda body: faults.clear()},
            "requests": {"GET": self._received, "DELETE": lambda body: log.clear()},
        }

    def steer(self, box: object) -> None:
        """Take in the actions of a sandbox."""
        for action in actions_of(box):
            call = _Calling(getattr(box, action.method), action.result)
            self._calls.setdefault(action.path, {})[action.verb] = call

    def refusal(self, method: str, headers: Iterable[tuple[str, str]]) -> ServerReply | None:
        """Return what a request is refused with before its body is read, or None."""
        reply = self._guard.refusal(method, headers)
        return None if reply is None else _private(reply)

    def too_large(self) -> ServerReply:
        """Return 413 for a body over the limit."""
        return _private(ServerReply.of({"message": "the body is too large"}, 413))

    def answer(self, request: RecordedRequest) -> ServerReply:
        """Return the reply to a request that was let in."""
        return _private(self._answer(request))

    def _answer(self, request: RecordedRequest) -> ServerReply:
        path = request.path.removeprefix(PREFIX)
        verbs = self._calls.get(path)
        if verbs is None:
            return ServerReply.of({"message": f"there is no control {path!r}; GET {PREFIX} lists them"}, 404)
        call = verbs.get(request.method)
        if call is None:
            allowed = ", ".join(sorted(verbs))
            return ServerReply.of(
                {"message": f"{path!r} takes {allowed}, not {request.method}"}, 405, (("Allow", allowed),)
            )
        try:
            result = call(_document(request))
        except LookupError as error:
            return ServerReply.of({"message": str(error)}, 404)
        except (TypeError, ValueError) as error:
            return ServerReply.of({"message": str(error)}, 400)
        return ServerReply(204) if result is None else ServerReply.of(result)

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {"method": verb, "path": PREFIX + path, "takes": getattr(call, "takes", [])}
            for path, verbs in sorted(self._calls.items())
            for verb, call in sorted(verbs.items())
        ]

    def _add(self, body: Any) -> Any:
        items = _items(body)
        rehearsal = Faults()
        for item in items:
            _queue(rehearsal, item)
        for item in items:
            _queue(self._faults, item)
        return {"pending": len(self._faults.pending)}

    def _waiting(self, body: Any) -> Any:
        return {"faults": [_fault(fault) for fault in self._faults.pending]}

    def _received(self, body: Any) -> Any:
        return {"requests": [_shown(entry) for entry in self._log]}


class _Calling:
    """A method of the sandbox as a control: arguments from a JSON object, and its result as one."""

    def __init__(self, method: Callable[..., Any], result: str) -> None:
        self._method = method
        self._result = result

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._method)

    @property
    def takes(self) -> list[str]:
        return list(self._signature.parameters)

    def __call__(self, body: Any) -> Any:
        bound = _bound(self._signature, {} if body is None else body, "this control")
        result = self._method(*bound.args, **bound.kwargs)
        if dataclasses.is_dataclass(result) and not isinstance(result, type):
            return dataclasses.asdict(result)
        return {self._result: result} if self._result else result


def _bound(signature: inspect.Signature, given: Any, what: str) -> inspect.BoundArguments:
    options = _object(given)
    if options is None:
        raise ValueError(f"{what} takes a JSON object")
    known = signature.parameters
    unknown = [name for name in options if name not in known]
    missing = [name for name, one in known.items() if one.default is one.empty and name not in options]
    if unknown or missing:
        wrong = f"not {', '.join(unknown)}" if unknown else f"and needs {', '.join(missing)}"
        raise ValueError(f"{what} takes {', '.join(known) or 'nothing'}, {wrong}")
    return signature.bind(**options)


def _queue(faults: Faults, given: Any) -> None:
    fault = _object(given)
    if fault is None or fault.get("kind") not in KINDS:
        raise ValueError(f"a fault is an object whose kind is one of {', '.join(KINDS)}")
    method = getattr(faults, fault["kind"])
    options = {name: value for name, value in fault.items() if name != "kind"}
    bound = _bound(inspect.signature(method), options, f"the fault {fault['kind']!r}")
    method(*bound.args, **bound.kwargs)


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _document(request: RecordedRequest) -> Any:
    """Return the JSON document of a body; None for an empty one.

    Raises:
        ValueError: It is no JSON.
    """
    if not request.body:
        return None
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is not JSON: {error}") from None


def _private(reply: ServerReply) -> ServerReply:
    return dataclasses.replace(reply, headers=(*reply.headers, *_PRIVATE))


def _fault(fault: Fault) -> dict[str, Any]:
    chosen = {"times": fault.times, "method": fault.method, "path": fault.path}
    return {"kind": fault.kind, **fault.options, **chosen}


def _shown(request: RecordedRequest) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": request.target,
        "headers": [list(pair) for pair in request.headers],
        "body": base64.b64encode(request.body).decode(),
    }
