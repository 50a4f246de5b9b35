"""The uplink seam: a definition made by uplink's verbs binds the arguments of a call to the parts of a Request.

The definition knows the verb, and lets our argument annotation put the bound arguments in their place. uplink's
clients, sessions and hooks have no part in it: sending is the pipeline's, and they would cost as much as all the rest.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, cast

from gemel.kit.bind.parameters import Plan
from gemel.kit.bind.request_builder import Bound
from gemel.kit.bind.uplink_import import import_isolated
from gemel.kit.http.messages import Headers, Request, root_of
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.options import NO_OPTIONS, Options
from gemel.kit.stubs.resource import Resource

__all__ = ["Build", "bind_call"]

_uplink, _arguments = import_isolated(
    "uplink",
    ["uplink", "uplink.arguments"],
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

Build = Callable[[tuple[Any, ...], dict[str, Any]], Request]
"""Turns the arguments of a call into a Request."""

_JSON = {"Content-Type": "application/json"}


def bind_call(plan: Plan, resource: Resource[Any], options: Options) -> Build:
    """Return the function that binds the arguments of one endpoint by way of uplink, and applies options."""
    build, clock = _Binding(plan, resource), resource.caller.clock
    if options is NO_OPTIONS:
        return build
    return lambda args, kwargs: options.applied(build(args, kwargs), clock())


class _Parts:
    """What a definition of uplink fills in, in the place of uplink's own request builder."""

    method: str
    relative_url: str
    return_type: Any
    bound: Bound


class _Whole(_Annotation):  # type: ignore[misc]
    """An argument annotation that hands the whole request on at once, without uplink's converters and templates."""

    def modify_request(self, request_builder: _Parts, value: Bound) -> None:
        request_builder.bound = value


class _Binding:
    """One endpoint of one client: turns the arguments of each call into the Request to send."""

    def __init__(self, plan: Plan, resource: Resource[Any]) -> None:
        self._caller: Caller = resource.caller
        self._resource = f"{type(resource).__module__}.{type(resource).__qualname__}"
        self._plan = plan
        self._define: Any = _definition(plan.spec.method).define_request
        self._base: str = root_of(self._caller.base) if plan.spec.path.startswith("/") else self._caller.base

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        parts = _Parts()
        self._define(parts, (self._plan.bind(args, kwargs),), {})
        bound, caller = parts.bound, self._caller
        return Request(
            method=parts.method,
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


@functools.cache
def _definition(method: str) -> Any:
    """Return uplink's definition of a request by this verb, whose one argument is what a plan has bound."""

    def stub(self: Any, bound: Any) -> None: ...

    signature = inspect.signature(stub)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    stub.__annotations__ = {}
    cast(Any, stub).__signature__ = signature.replace(parameters=plain, return_annotation=signature.empty)
    verb = getattr(_uplink, method.lower())
    return verb("", args={"bound": _Whole})(stub).build()
