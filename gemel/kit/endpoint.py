"""Endpoint: the descriptor that turns one stub into a typed blocking call and a typed coroutine call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, overload

from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.call import AsyncCall, Call, SyncCall
from gemel.kit.decode import Decode, decoder
from gemel.kit.errors import DeclarationError
from gemel.kit.plan import Plan, Spec, check_declaration, compile_plan
from gemel.kit.resource import Resource, local_names
from gemel.kit.types import Async, Sync

__all__ = ["Endpoint", "Spec"]

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
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Call[P, R_co]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        made: Call[P, R_co] = AsyncCall(self, obj) if obj.caller.is_async else SyncCall(self, obj)
        obj.__dict__[self.name] = made
        return made

    def __repr__(self) -> str:
        return f"<Endpoint {self.label}: {self.spec.method} {self.spec.path}>"
