"""The uplink seam: one shadow uplink.Consumer per Resource class turns bound arguments into a Request.

uplink performs the call of the stub: it looks the definition up, applies our argument annotation and hands verb,
address and parts to its client, here an adapter that answers with the finished Request. Sending is the pipeline's.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

from gemel.kit.caller import Caller
from gemel.kit.draft import Bound
from gemel.kit.isolated import import_isolated
from gemel.kit.messages import Headers, Request, root_of
from gemel.kit.options import NO_OPTIONS, Options
from gemel.kit.plan import Plan
from gemel.kit.resource import Resource

__all__ = ["Build", "bind_call"]

_uplink, _arguments, _interfaces, _io = import_isolated(
    "uplink",
    ["uplink", "uplink.arguments", "uplink.clients.interfaces", "uplink.clients.io"],
    hidden=[
        "aiohttp",
        "marshmallow",
        "pydantic",
        "twisted",
        "uplink.clients.aiohttp_",
        "uplink.clients.io.asyncio_strategy",
    ],
)
_Annotation: Any = _arguments.ArgumentAnnotation
_Adapter: Any = _interfaces.HttpClientAdapter

Build = Callable[[tuple[Any, ...], dict[str, Any]], Request]
"""Turns the arguments of a call into a Request."""

_JSON = {"Content-Type": "application/json"}


def bind_call(plan: Plan, resource: Resource[Any], options: Options) -> Build:
    """Return the function that binds the arguments of one endpoint by way of uplink, and applies options."""
    adapter = _RequestAdapter(resource, plan)
    call = getattr(_shadow(type(resource), plan)(client=adapter), _name(plan))
    bind, clock = plan.bind, resource.caller.clock
    if options is NO_OPTIONS:
        return lambda args, kwargs: call(bind(args, kwargs))
    return lambda args, kwargs: options.applied(call(bind(args, kwargs)), clock())


class _Whole(_Annotation):  # type: ignore[misc]
    """An argument annotation that hands the whole request on at once, without uplink's converters and templates."""

    def modify_request(self, request_builder: Any, value: Bound) -> None:
        request_builder.info["bound"] = value


class _RequestAdapter(_Adapter):  # type: ignore[misc]
    """The client that uplink sees: it answers each call with the Request to send."""

    def __init__(self, resource: Resource[Any], plan: Plan) -> None:
        self._caller: Caller = resource.caller
        self._resource = f"{type(resource).__module__}.{type(resource).__qualname__}"
        self._plan = plan
        self._base: str = root_of(self._caller.base) if plan.spec.path.startswith("/") else self._caller.base
        self._io = _io.BlockingStrategy()

    def io(self) -> Any:
        return self._io

    def send(self, request: tuple[str, str, dict[str, Any]]) -> Request:
        method, _, parts = request
        bound: Bound = parts["bound"]
        caller = self._caller
        return Request(
            method=method,
            url=self._base + bound.address,
            headers=_headers(caller.headers, bound),
            body=bound.body,
            deadline=caller.deadline(),
            timeout=caller.timeout,
            label=self._plan.label,
            secrets=bound.secrets,
            authenticated=self._plan.spec.authenticated,
            resource=self._resource,
            cacheable=self._plan.spec.cacheable,
        )


def _headers(base: Headers, bound: Bound) -> Headers:
    if bound.body is None and not bound.headers:
        return base
    own = base.with_values(_JSON) if bound.body is not None else base
    return own.with_values(bound.headers) if bound.headers else own


_shadows: WeakKeyDictionary[type, Any] = WeakKeyDictionary()
_guard = threading.Lock()


def _shadow(resource: type[Resource[Any]], plan: Plan) -> Any:
    """Return the Consumer class that shadows a Resource class, this endpoint defined on it."""
    with _guard:
        shadow = _shadows.get(resource)
        if shadow is None:
            shadow = _shadows[resource] = type(resource.__name__, (_uplink.Consumer,), {})
        if _name(plan) not in vars(shadow):
            setattr(shadow, _name(plan), _definition(plan))
        return shadow


def _definition(plan: Plan) -> Any:
    def stub(self: Any, bound: Any) -> None: ...

    signature = inspect.signature(stub)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    stub.__annotations__ = {}
    cast(Any, stub).__signature__ = signature.replace(parameters=plain, return_annotation=signature.empty)
    stub.__name__ = plan.name
    verb = getattr(_uplink, plan.spec.method.lower())
    return verb("", args={"bound": _Whole})(stub)


def _name(plan: Plan) -> str:
    """Return the stub's name on the shadow, where `session` and `exceptions` are taken."""
    return f"call_{plan.name}"
