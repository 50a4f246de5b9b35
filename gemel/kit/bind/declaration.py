"""Declaration: what is said of one endpoint, checked when its class is made and defined on first use."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from gemel.kit.annotations import name_types_only
from gemel.kit.bind.decorated import check_decorators, check_stub, decorators_of
from gemel.kit.errors import DeclarationError
from gemel.kit.http.messages import Request, root_of
from gemel.kit.models.decode import Decode, decoder
from gemel.kit.models.drift import Reading
from gemel.kit.models.hints import type_arguments
from gemel.kit.policies.options import NO_OPTIONS, Options
from gemel.kit.stubs.checks import check_declaration, check_paging, returned_head
from gemel.kit.stubs.resource import Resource, caller_of, local_names, wire_name_of
from gemel.kit.stubs.roles import Spec

if TYPE_CHECKING:
    from gemel.kit.bind.definition import Definition

__all__ = ["Declaration"]


class Declaration:
    """What was declared of one endpoint; compiled once, whatever client calls it.

    Attributes:
        spec: the words of the decorator.
        stub: the function.
        name: of the method.
        label: what errors call it.
    """

    def __init__(self, spec: Spec, stub: Callable[..., Any]) -> None:
        name_types_only(stub)
        check_stub(stub, f"{spec.method} {spec.path}")
        self.spec = spec
        self.stub = stub
        self.name: str = stub.__name__
        self.label: str = stub.__qualname__
        self._is_declared = False
        self._class_decorators: tuple[Any, ...] = ()
        self._decorators: tuple[Any, ...] = tuple(decorators_of(stub))
        self._scope: Mapping[str, Any] = local_names(stub.__qualname__)
        self._case: Callable[[str], str] = str
        self._owner: type[Any] = object
        self._arguments: Mapping[Any, Any] | None = None
        self._definition: Definition | None = None
        self._filled: dict[tuple[Any, ...], Declaration] = {}
        self._guard = threading.Lock()

    def declared(self, owner: type[Resource[Any]], name: str) -> Any:
        """Check the declaration when its class is made, and return what of its return type is known then.

        Args:
            owner: the class.
            name: of the attribute that the endpoint is.

        Raises:
            DeclarationError: it cannot work; class, method and argument are named.
        """
        self.name, self.label, self._owner = name, f"{owner.__name__}.{name}", owner
        # The type parameters of `class Crud[T, M](Resource[M])` (PEP 695) are in no namespace that typing looks into.
        self._scope = {**{one.__name__: one for one in getattr(owner, "__type_params__", ())}, **self._scope}
        self._case = wire_name_of(owner)
        check_decorators(list(self._decorators), f"{self.label}()")
        check_declaration(self.spec, self.stub, self.label, self._case, self._scope)
        returned = returned_head(self.stub, self._scope)
        self._check_paging(returned)
        self._is_declared = True
        return returned

    def decorate(self, decorator: Any) -> None:
        """Take a decorator of uplink's that is applied above the verb, after those that were.

        Args:
            decorator: any; whether it can work is checked with the declaration, or at once when that has been checked.

        Raises:
            DeclarationError: it cannot.
        """
        if self._is_declared:
            check_decorators([decorator], f"{self.label}()")
        self._decorators += (decorator,)
        self._definition, self._filled = None, {}

    def decorated_with(self, decorator: Any) -> Self:
        """Return a copy to which a decorator of a whole class is applied; those of the endpoint itself overrule it.

        Args:
            decorator: of uplink's, one that works.
        """
        made = copy.copy(self)
        made._class_decorators += (decorator,)
        made._definition, made._filled, made._guard = None, {}, threading.Lock()
        return made

    def of(self, owner: Any) -> Declaration:
        """Return the declaration as a class has it that fills in the type variables of its bases.

        Args:
            owner: The class, or one with type arguments: `Crud[Item, Sync]`.

        Raises:
            DeclarationError: A type variable stands for nothing.
        """
        variables = self.definition.variables
        if not variables:
            return self
        arguments = type_arguments(owner, self._owner)
        key = tuple(arguments.get(variable) for variable in variables)
        with self._guard:
            if key not in self._filled:
                self._filled[key] = self._with(arguments)
            return self._filled[key]

    def _with(self, arguments: Mapping[Any, Any]) -> Declaration:
        made = copy.copy(self)
        made._arguments, made._definition, made._filled, made._guard = arguments, None, {}, threading.Lock()
        return made

    @property
    def definition(self) -> Definition:
        """The definition of its request, made on first use.

        Raises:
            DeclarationError: it cannot work, or names what is not there.
        """
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
            decorators=[*self._class_decorators, *self._decorators],
            arguments=self._arguments,
        )
        self._check_paging(definition.returns)
        return definition

    def _check_paging(self, returned: Any) -> None:
        check_paging(self.spec.paging, self.spec.method, self.spec.unwrap, returned, self.label)

    def decoder(self, hint: Any, reading: Reading) -> Decode:
        """Return what decodes a reply.

        Args:
            hint: the type to decode it as.
            reading: how it is checked, and who is told of drift.

        Raises:
            DeclarationError: JSON cannot be read as this type.
        """
        try:
            return decoder(hint, unwrap=self.spec.unwrap, alternatives=self.spec.alternatives, reading=reading)
        except TypeError as error:
            raise DeclarationError(f"{self.label}(): the return type cannot be decoded: {error}") from None

    def requests(
        self, resource: Resource[Any], options: Options, wanted: Mapping[str, str] | None = None
    ) -> Callable[[tuple[Any, ...], dict[str, Any]], Request]:
        """Return what makes the request of each call of this endpoint on a resource, as the options want it.

        Args:
            resource: What the call is bound to.
            options: What the call does differently.
            wanted: Headers that this kind of call needs, unless an argument or an option says otherwise.
        """
        caller = caller_of(resource)
        base = root_of(caller.base) if self.spec.path.startswith("/") else caller.base
        name = f"{type(resource).__module__}.{type(resource).__qualname__}"
        define = partial(self.definition.request, caller=caller, base=base, resource=name, wanted=wanted)
        if options is NO_OPTIONS:
            return define
        last = [name for name in wanted or () if name not in options.headers]

        def optional(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
            request = options.applied(define(args, kwargs), caller.clock())
            # What the call needs goes last, as it does without options.
            return request.with_headers({name: request.headers[name] for name in last}) if last else request

        return optional
