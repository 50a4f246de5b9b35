"""Endpoint: the descriptor that makes one stub a typed blocking call and a typed async call."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, final, overload

from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.bind.declaration import Declaration
from gemel.kit.bind.decorated import Decorable
from gemel.kit.calls.call import AsyncCall, Call, SyncCall
from gemel.kit.calls.download import Download
from gemel.kit.calls.paged import AsyncPagedCall, PagedCall, SyncPagedCall
from gemel.kit.calls.stream import Stream
from gemel.kit.calls.streamed import (
    ALONE,
    AsyncDownloadCall,
    AsyncStreamCall,
    DownloadCall,
    StreamCall,
    SyncDownloadCall,
    SyncStreamCall,
    check_opening,
    opening_class,
)
from gemel.kit.errors import DeclarationError
from gemel.kit.paging import Page
from gemel.kit.stubs.answers import check_alone
from gemel.kit.stubs.outline import call_signature, outline
from gemel.kit.stubs.resource import Resource, caller_of
from gemel.kit.stubs.roles import Spec
from gemel.kit.types import Async, Sync

__all__ = ["Endpoint", "endpoint_of"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@final
class _OnlyAny:
    """A type that only Any matches: without it checkers take a stub that returns Any for one that returns Page."""


class _Uncallable:
    """What calling an endpoint on a class comes to; it has the signature of the calls, for whoever mocks the class."""

    def __init__(self, endpoint: Endpoint[..., Any]) -> None:
        self._endpoint = endpoint

    @property
    def __signature__(self) -> inspect.Signature:
        return call_signature(self._endpoint.stub)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        label, name = self._endpoint.label, self._endpoint.name
        raise DeclarationError(
            f"{label} is an endpoint, not a decorator: the method {name!r} hides the verb "
            "of that name in its class; put the method last, or import the verb under another name"
        )


class Endpoint(Decorable, Generic[P, R_co]):
    """A declared endpoint: on the class it is this descriptor, on a resource of a client it is a Call."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration: Declaration = declaration
        self.__doc__ = declaration.stub.__doc__

    if not TYPE_CHECKING:

        @property
        def __call__(self) -> _Uncallable:
            return _Uncallable(self)

    @property
    def spec(self) -> Spec:
        """The arguments of its decorator."""
        return self.declaration.spec

    @property
    def path(self) -> str:
        """The template of its path, with the prefix of its class."""
        return self.declaration.path

    @property
    def auth(self) -> tuple[str, ...] | None:
        """The names of the credentials that go along: () for the client's usual one, None for none."""
        return self.declaration.auth

    @property
    def stub(self) -> Callable[..., Any]:
        """The function that it was made from."""
        return self.declaration.stub

    @property
    def name(self) -> str:
        """The name of the method."""
        return self.declaration.name

    @property
    def label(self) -> str:
        """Its name in errors, such as "Secrets.retrieve"."""
        return self.declaration.label

    @property
    def returns(self) -> Any:
        """The return type, resolved on first use; raises DeclarationError."""
        return self.declaration.definition.returns

    def of(self, owner: Any) -> Endpoint[P, R_co]:
        """Return the endpoint as it is on a class that fills in type variables of its bases.

        Args:
            owner: The class, or a generic alias such as `Crud[Item, Sync]`.

        Raises:
            DeclarationError: A type variable is not filled in.
        """
        declaration = self.declaration.of(owner)
        return self if declaration is self.declaration else Endpoint(declaration)

    @property
    def __signature__(self) -> inspect.Signature:
        return call_signature(self.stub)

    def outlined(self, owner: Any, *, is_async: bool) -> Callable[..., Any]:
        """Return a function that looks like the call of a client."""
        declaration = self.declaration.of(owner)
        call_class = self._call_class(declaration.definition.returns, is_async)
        return outline(self.stub, self.label, call_class)

    def declared(self, owner: type[Resource[Any]], name: str) -> None:
        """Check the declaration when its class is made; raises DeclarationError."""
        returned = self.declaration.declared(owner, name)
        check_alone(self.spec.replies, returned, self.label, ALONE)
        check_opening(self.spec, returned, self.label)

    def decorate(self, decorator: Any) -> None:
        """Apply a decorator of uplink that stands above the verb."""
        self.declaration.decorate(decorator)

    def decorated_with(self, decorator: Any) -> Self:
        """Return a copy with a decorator of uplink applied that stands above its class."""
        made = copy.copy(self)
        made.declaration = self.declaration.decorated_with(decorator)
        return made

    @overload
    # The order counts, since the first overload that matches wins: special return types stand before the general one.
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
        declaration = self.declaration.of(getattr(obj, "__orig_class__", owner))
        made: Any = self._call_class(declaration.definition.returns, caller_of(obj).is_async)(declaration, obj)
        made.__dict__["__call__"] = made  # mocks read the signature of what they call from it
        # The next access finds it on the instance and skips this method: making a call costs more than using it.
        obj.__dict__[self.name] = made
        return made

    def _call_class(self, returns: Any, is_async: bool) -> type[Call[..., Any]]:
        check_alone(self.spec.replies, returns, self.label, ALONE)
        check_opening(self.spec, returns, self.label)
        if self.spec.paging is not None:
            return AsyncPagedCall if is_async else SyncPagedCall
        opening = opening_class(returns, is_async)
        if opening is not None:
            return opening
        return AsyncCall if is_async else SyncCall

    def __repr__(self) -> str:
        return f"<Endpoint {self.label}: {self.spec.method} {self.spec.path}>"


def endpoint_of(spec: Spec, stub: Callable[Concatenate[Any, P], R]) -> Endpoint[P, R]:
    """Return the endpoint of a stub."""
    return Endpoint(Declaration(spec, stub))
