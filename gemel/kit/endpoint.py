"""Endpoint: the descriptor that turns one stub into a typed blocking call and a typed coroutine call."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, cast, overload

from msgspec.structs import replace
from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.bind import bind_call
from gemel.kit.caller import Caller
from gemel.kit.decode import Decode, decoder
from gemel.kit.effects import Flow
from gemel.kit.errors import DeclarationError
from gemel.kit.messages import Request, Response
from gemel.kit.plan import Plan, Spec, check_declaration, compile_plan
from gemel.kit.resource import Resource, local_names
from gemel.kit.types import Async, Sync

__all__ = ["AsyncCall", "Call", "Endpoint", "Spec", "SyncCall"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Endpoint(Generic[P, R_co]):
    """One declared endpoint: on a resource it is a call, on the class it is the declaration."""

    def __init__(self, spec: Spec, stub: Callable[Concatenate[Any, P], R_co]) -> None:
        self.spec = spec
        self.stub = stub
        self.name: str = stub.__name__
        self.label: str = stub.__qualname__
        self.__doc__ = stub.__doc__
        self._scope = local_names(stub.__qualname__)
        self._case: Callable[[str], str] = str
        self._compiled: tuple[Plan, Decode] | None = None
        self._guard = threading.Lock()

    if not TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
            raise DeclarationError(
                f"{self.label} is an endpoint, not a decorator: the method {self.name!r} hides the verb "
                "of that name in its class; put the method last, or import the verb under another name"
            )

    def declared(self, owner: type[Resource[Any]], name: str) -> None:
        """Check the declaration when its class is made; raises DeclarationError."""
        self.name, self.label = name, f"{owner.__name__}.{name}"
        self._case = owner.wire_name
        check_declaration(self.spec, self.stub, self.label)

    def compiled(self) -> tuple[Plan, Decode]:
        """Return the plan and the decoder, made on first use."""
        with self._guard:
            if self._compiled is None:
                self._compiled = self._compile()
            return self._compiled

    def _compile(self) -> tuple[Plan, Decode]:
        spec = self.spec
        plan = compile_plan(spec, self.stub, label=self.label, case=self._case, scope=self._scope)
        try:
            return plan, decoder(plan.returns, unwrap=spec.unwrap, otherwise=spec.otherwise)
        except TypeError as error:
            raise DeclarationError(f"{self.label}(): the return type cannot be decoded: {error}") from None

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Sync], owner: Any) -> SyncCall[P, R_co]: ...
    @overload
    def __get__(self, obj: Resource[Async], owner: Any) -> AsyncCall[P, R_co]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        made: Call[P, R_co] = AsyncCall(self, obj) if obj.caller.is_async else SyncCall(self, obj)
        obj.__dict__[self.name] = made
        return made

    def __repr__(self) -> str:
        return f"<Endpoint {self.label}: {self.spec.method} {self.spec.path}>"


class Call(Generic[P, R_co]):
    """An endpoint bound to a resource of a client."""

    def __init__(self, endpoint: Endpoint[P, R_co], resource: Resource[Any]) -> None:
        self.endpoint = endpoint
        self.__name__: str = endpoint.name
        self.__qualname__: str = endpoint.label
        self.__doc__ = endpoint.__doc__
        plan, self._decode = endpoint.compiled()
        self._caller: Caller = resource.caller
        self._build: Callable[[tuple[Any, ...], dict[str, Any]], Request] = bind_call(plan, resource)

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self.endpoint.stub)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def flow(self, deadline: float, *args: P.args, **kwargs: P.kwargs) -> Flow[R_co]:
        """Return this call as a flow, to be part of another one; `deadline` in monotonic seconds."""
        request = replace(self._build(args, kwargs), deadline=deadline)
        response = yield from self._caller.exchange(request)
        return self._finish(response, request)

    def _finish(self, response: Response, request: Request) -> R_co:
        return cast("R_co", self._decode(self._caller.checked(response, request), request))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint.label}>"


class SyncCall(Call[P, R_co]):
    """A blocking call."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Send the request and return the decoded reply."""
        request = self._build(args, kwargs)
        return self._finish(self._caller.run(self._caller.exchange(request)), request)


class AsyncCall(Call[P, R_co]):
    """A call that is awaited."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Send the request and return the decoded reply."""
        request = self._build(args, kwargs)
        return self._finish(await self._caller.arun(self._caller.exchange(request)), request)
