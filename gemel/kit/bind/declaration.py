"""Declaration: what is said of one endpoint, checked when its class is made and defined on first use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gemel.kit.annotations import name_types_only
from gemel.kit.bind.decorated import check_decorators, decorators_of
from gemel.kit.errors import DeclarationError
from gemel.kit.http.messages import Request, root_of
from gemel.kit.models.decode import Decode, decoder
from gemel.kit.models.drift import Reading
from gemel.kit.policies.options import NO_OPTIONS, Options
from gemel.kit.stubs.checks import check_declaration, check_paging, returned_head
from gemel.kit.stubs.resource import Resource, caller_of, local_names, wire_name_of
from gemel.kit.stubs.roles import Spec

if TYPE_CHECKING:
    from gemel.kit.bind.definition import Definition

__all__ = ["Declaration"]


class Declaration:
    """What was declared of one endpoint; compiled once, whatever client calls it.

    spec: the words of the decorator.   stub: the function.   name: of the method.   label: what errors call it.
    """

    def __init__(self, spec: Spec, stub: Callable[..., Any]) -> None:
        name_types_only(stub)
        self.spec = spec
        self.stub = stub
        self.name: str = stub.__name__
        self.label: str = stub.__qualname__
        self.decorators: list[Any] = decorators_of(stub)
        self._scope: Mapping[str, Any] = local_names(stub.__qualname__)
        self._case: Callable[[str], str] = str
        self._definition: Definition | None = None
        self._decoders: dict[str, Decode] = {}
        self._guard = threading.Lock()

    def declared(self, owner: type[Resource[Any]], name: str) -> Any:
        """Check the declaration when its class is made, and return what of its return type is known then.

        Raises DeclarationError.
        """
        self.name, self.label = name, f"{owner.__name__}.{name}"
        self._case = wire_name_of(owner)
        check_decorators(self.decorators, self.label)
        check_declaration(self.spec, self.stub, self.label, self._case, self._scope)
        returned = returned_head(self.stub, self._scope)
        self._check_paging(returned)
        return returned

    @property
    def definition(self) -> Definition:
        """The definition of its request, made on first use; raises DeclarationError."""
        with self._guard:
            if self._definition is None:
                self._definition = self._defined()
            return self._definition

    def _defined(self) -> Definition:
        from gemel.kit.bind.definition import define  # loads uplink, which making a class does not

        definition = define(
            self.spec,
            self.stub,
            label=self.label,
            case=self._case,
            scope=self._scope,
            decorators=self.decorators,
        )
        self._check_paging(definition.returns)
        return definition

    def _check_paging(self, returned: Any) -> None:
        check_paging(self.spec.paging, self.spec.method, self.spec.unwrap, returned, self.label)

    def decoder(self, hint: Any, reading: Reading) -> Decode:
        """Return what decodes a reply as this type; raises DeclarationError for a type that JSON cannot be read as."""
        try:
            return decoder(hint, unwrap=self.spec.unwrap, alternatives=self.spec.alternatives, reading=reading)
        except TypeError as error:
            raise DeclarationError(f"{self.label}(): the return type cannot be decoded: {error}") from None

    def requests(
        self, resource: Resource[Any], options: Options
    ) -> Callable[[tuple[Any, ...], dict[str, Any]], Request]:
        """Return what makes the request of each call of this endpoint on a resource, as the options want it."""
        caller = caller_of(resource)
        base = root_of(caller.base) if self.spec.path.startswith("/") else caller.base
        name = f"{type(resource).__module__}.{type(resource).__qualname__}"
        define = partial(self.definition.request, caller=caller, base=base, resource=name)
        if options is NO_OPTIONS:
            return define
        return lambda args, kwargs: options.applied(define(args, kwargs), caller.clock())
