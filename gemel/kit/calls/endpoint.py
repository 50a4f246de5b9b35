"""Endpoint: the descriptor that turns one stub into a typed blocking call and a typed coroutine call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, final, overload

from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.bind.parameters import Plan, compile_plan
from gemel.kit.calls.call import AsyncCall, Call, SyncCall
from gemel.kit.calls.download import Download
from gemel.kit.calls.paged import AsyncPagedCall, PagedCall, SyncPagedCall
from gemel.kit.calls.stream import Stream
from gemel.kit.calls.streamed import (
    AsyncDownloadCall,
    AsyncStreamCall,
    DownloadCall,
    StreamCall,
    SyncDownloadCall,
    SyncStreamCall,
    check_opening,
    opening_class,
    read_type,
)
from gemel.kit.errors import DeclarationError
from gemel.kit.models.decode import Decode, decoder
from gemel.kit.models.drift import LENIENT, Reading
from gemel.kit.paging import Page
from gemel.kit.paging.checking import check_paging, items_type, returned_head
from gemel.kit.stubs.resource import Resource, local_names
from gemel.kit.stubs.roles import Spec, check_declaration
from gemel.kit.types import Async, Sync

__all__ = ["Endpoint", "Spec"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@final
class _OnlyAny:
    """What only Any can stand for: without it checkers would take a stub that returns Any for one that returns Page."""


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
        check_declaration(self.spec, self.stub, self.label, self._case, self._scope)
        returned = returned_head(self.stub, self._scope)
        self._check_paging(returned)
        check_opening(self.spec.events, self.spec.unwrap, returned, self.label)

    def compiled(self) -> tuple[Plan, Decode]:
        """Return the plan and the decoder, made on first use."""
        with self._guard:
            if self._compiled is None:
                self._compiled = self._compile()
            return self._compiled

    def _compile(self) -> tuple[Plan, Decode]:
        spec = self.spec
        plan = compile_plan(spec, self.stub, label=self.label, case=self._case, scope=self._scope)
        self._check_paging(plan.returns)
        check_opening(spec.events, spec.unwrap, plan.returns, self.label)
        return plan, self._decoder(plan, LENIENT)

    def decoder(self, reading: Reading) -> Decode:
        """Return the decoder of replies for clients that read them so."""
        plan, lenient = self.compiled()
        return lenient if reading == LENIENT else self._decoder(plan, reading)

    def _decoder(self, plan: Plan, reading: Reading) -> Decode:
        returns = read_type(plan.returns, self.label)
        returns = returns if self.spec.paging is None else items_type(plan.returns, self.label)
        try:
            return decoder(returns, unwrap=self.spec.unwrap, alternatives=self.spec.alternatives, reading=reading)
        except TypeError as error:
            raise DeclarationError(f"{self.label}(): the return type cannot be decoded: {error}") from None

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self: Endpoint[P, _OnlyAny], obj: Resource[Sync], owner: Any) -> SyncCall[P, Any]: ...
    @overload
    def __get__(self: Endpoint[P, _OnlyAny], obj: Resource[Async], owner: Any) -> AsyncCall[P, Any]: ...
    @overload
    def __get__(self: Endpoint[P, _OnlyAny], obj: Resource[Any], owner: Any) -> Call[P, Any]: ...
    @overload
    def __get__(self: Endpoint[P, Page[R]], obj: Resource[Sync], owner: Any) -> SyncPagedCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Page[R]], obj: Resource[Async], owner: Any) -> AsyncPagedCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Page[R]], obj: Resource[Any], owner: Any) -> PagedCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Stream[R]], obj: Resource[Sync], owner: Any) -> SyncStreamCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Stream[R]], obj: Resource[Async], owner: Any) -> AsyncStreamCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Stream[R]], obj: Resource[Any], owner: Any) -> StreamCall[P, R]: ...
    @overload
    def __get__(self: Endpoint[P, Download], obj: Resource[Sync], owner: Any) -> SyncDownloadCall[P]: ...
    @overload
    def __get__(self: Endpoint[P, Download], obj: Resource[Async], owner: Any) -> AsyncDownloadCall[P]: ...
    @overload
    def __get__(self: Endpoint[P, Download], obj: Resource[Any], owner: Any) -> DownloadCall[P]: ...
    @overload
    def __get__(self, obj: Resource[Sync], owner: Any) -> SyncCall[P, R_co]: ...
    @overload
    def __get__(self, obj: Resource[Async], owner: Any) -> AsyncCall[P, R_co]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Call[P, R_co]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        made: Any = self._call_class(obj.caller.is_async)(self, obj)
        obj.__dict__[self.name] = made
        return made

    def _call_class(self, is_async: bool) -> type[Call[..., Any]]:
        if self.spec.paging is not None:
            return AsyncPagedCall if is_async else SyncPagedCall
        opening = opening_class(self.compiled()[0].returns, is_async)
        if opening is not None:
            return opening
        return AsyncCall if is_async else SyncCall

    def _check_paging(self, returned: Any) -> None:
        check_paging(self.spec.paging, self.spec.method, self.spec.unwrap, returned, self.label)

    def __repr__(self) -> str:
        return f"<Endpoint {self.label}: {self.spec.method} {self.spec.path}>"
