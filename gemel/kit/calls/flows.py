"""@flow: a workflow written once as a generator and called in either mode with its own typed signature.

class MySecrets(Secrets[M]):
    @flow
    def get_or_create(self, name: str, *, project_id: str, environment: str) -> Flow[Secret]:
        "Return the secret; make it empty when there is none."
        place = {"project_id": project_id, "environment": environment}
        try:
            return (yield from perform(self.retrieve, name, **place))
        except NotFoundError:
            return (yield from perform(self.create, name, secret_value="", **place))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any, Concatenate, Generic, Protocol, cast, get_origin, overload

from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.annotations import name_types_only
from gemel.kit.bind.decorated import Decorable, decorators_of
from gemel.kit.bind.signature import FlowSignature
from gemel.kit.errors import DeclarationError
from gemel.kit.flow.effects import Flow
from gemel.kit.policies.caller import Caller
from gemel.kit.stubs.outline import call_signature, outline
from gemel.kit.stubs.resource import Resource, caller_of, cannot_be_pickled, local_names
from gemel.kit.tracebacks import entry
from gemel.kit.types import Async, Sync

__all__ = ["AsyncFlowCall", "Composable", "FlowCall", "Flowing", "SyncFlowCall", "flow", "perform"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_NO_DEADLINE = float("inf")


class Composable(Protocol[P, R_co]):
    """A call that a flow can perform: a bound endpoint, or another flow."""

    def flow(self, deadline: float, *args: P.args, **kwargs: P.kwargs) -> Flow[R_co]:
        """Return the call as a flow; `deadline` is in monotonic seconds."""
        ...


def perform(call: Composable[P, R], *args: P.args, **kwargs: P.kwargs) -> Flow[R]:
    """Make one call inside a flow: `secret = yield from perform(self.retrieve, "A")`; it keeps its own timeout."""
    return call.flow(_NO_DEADLINE, *args, **kwargs)


def flow(method: Callable[Concatenate[Any, P], Flow[R]]) -> Flowing[P, R]:
    """Make a generator method of a Resource a call of both modes; raises DeclarationError for any other function."""
    if not inspect.isgeneratorfunction(method):
        name = getattr(method, "__qualname__", repr(method))
        raise DeclarationError(f"{name}(): a @flow is a generator: write `yield from perform(...)` in it")
    made = Flowing(method)
    for decorator in decorators_of(method):
        made.decorate(decorator)
    return made


class Flowing(Decorable, Generic[P, R_co]):
    """A declared flow: on the class it is this descriptor, on a resource of a client it is a FlowCall."""

    def __init__(self, method: Callable[Concatenate[Any, P], Flow[R_co]]) -> None:
        name_types_only(method)
        self.method: Callable[..., Flow[R_co]] = method
        self.name: str = method.__name__
        self.__doc__ = method.__doc__
        self._scope = local_names(method.__qualname__)
        self._signatures: dict[str, FlowSignature | None] = {}

    def signature(self, label: str) -> FlowSignature | None:
        """Return the signature of the method, resolved on first use; `label` is its name in errors."""
        if label not in self._signatures:
            self._signatures[label] = FlowSignature.of_method(self.method, label, self._scope)
        return self._signatures[label]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def outlined(self, owner: Any, *, is_async: bool) -> Callable[..., Any]:
        """Return a function that looks like the call of a client."""
        label = f"{(get_origin(owner) or owner).__name__}.{self.name}"
        return outline(self.method, label, AsyncFlowCall if is_async else SyncFlowCall)

    def __repr__(self) -> str:
        return f"<Flow {self.method.__qualname__}>"

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Sync], owner: Any) -> SyncFlowCall[P, R_co]: ...
    @overload
    def __get__(self, obj: Resource[Async], owner: Any) -> AsyncFlowCall[P, R_co]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> FlowCall[P, R_co]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        return AsyncFlowCall(self, obj) if caller_of(obj).is_async else SyncFlowCall(self, obj)


class FlowCall(Generic[P, R_co]):
    """A flow bound to a resource of a client."""

    def __init__(self, declared: Flowing[P, R_co], resource: Resource[Any]) -> None:
        self.__name__: str = declared.name
        self.__doc__ = declared.__doc__
        self.__qualname__: str = f"{type(resource).__name__}.{declared.name}"
        self._declared: Flowing[P, R_co] = declared
        self._resource = resource
        self._caller: Caller = caller_of(resource)

    @property
    def __signature__(self) -> inspect.Signature:
        return call_signature(self._declared.method)

    def __reduce__(self) -> Any:
        raise cannot_be_pickled(self)

    @entry
    def flow(self, deadline: float, *args: P.args, **kwargs: P.kwargs) -> Flow[R_co]:
        """Return the flow, to be part of another one; each call in it keeps its own timeout.

        Raises:
            InvalidArgument: An argument does not fit its annotation.
        """
        return self._started(args, kwargs)

    def _started(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[R_co]:
        signature = self._declared.signature(self.__qualname__)
        if signature is None:
            return self._declared.method(self._resource, *args, **kwargs)
        return self._declared.method(self._resource, **signature.checked(args, kwargs))


class SyncFlowCall(FlowCall[P, R_co]):
    """A flow bound to a resource of a Client; calling it blocks."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the flow to its end and return its result; raises InvalidArgument before anything is sent."""
        return cast("R_co", self._caller.run(self._started(args, kwargs)))


class AsyncFlowCall(FlowCall[P, R_co]):
    """A flow bound to a resource of an AsyncClient; calling it is awaited."""

    __defaults__ = None
    __kwdefaults__ = None

    @property
    def __code__(self) -> CodeType:
        """The code that runs: by it `inspect.iscoroutinefunction` tells that a flow is awaited."""
        return cast("CodeType", cast("Any", type(self)).__call__.__code__)

    @entry
    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the flow to its end and return its result; raises InvalidArgument before anything is sent."""
        return cast("R_co", await self._caller.arun(self._started(args, kwargs)))
