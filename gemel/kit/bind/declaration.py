"""Declaration: one declared endpoint, checked when its class is made and compiled on first use."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, get_origin

from typing_extensions import Self

from gemel.kit.annotations import name_types_only
from gemel.kit.bind.decorated import check_decorators, check_stub, decorators_of
from gemel.kit.bind.reading import reader
from gemel.kit.bind.usual import usual_of
from gemel.kit.errors import DeclarationError
from gemel.kit.http.messages import Request, origin, root_of
from gemel.kit.models.decode import Decode
from gemel.kit.models.drift import Reading
from gemel.kit.models.hints import type_arguments, variables_in
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.options import NO_OPTIONS, Options
from gemel.kit.stubs.answers import answers_of, check_alone, check_answers
from gemel.kit.stubs.checks import UNKNOWN, check_declaration, check_paging, may_be_mixed, returned_head, returned_type
from gemel.kit.stubs.resource import Resource, caller_of, local_names, path_on, settings_on, wire_name_of
from gemel.kit.stubs.roles import Spec
from gemel.kit.stubs.words import NOTHING_SAID, EndpointSettings, settings_of
from gemel.kit.types import Omit

if TYPE_CHECKING:
    from gemel.kit.bind.definition import Definition

__all__ = ["Declaration"]


class Declaration:
    """One declared endpoint, compiled once for all clients that call it.

    Attributes:
        spec: The arguments of the decorator.
        stub: The function that it decorates.
        path: The template of its path, with the prefix of its class.
        settings: Its words, with those of its class.
        name: The name of the method.
        label: Its name in errors, such as "Albums.retrieve".
    """

    def __init__(self, spec: Spec, stub: Callable[..., Any]) -> None:
        name_types_only(stub)
        check_stub(stub, f"{spec.method} {spec.path}")
        self.spec = spec
        self.stub = stub
        self.path: str = spec.path
        self.name: str = stub.__name__
        self.label: str = stub.__qualname__
        self._is_declared = False
        self._own: EndpointSettings = NOTHING_SAID
        self.settings: EndpointSettings = NOTHING_SAID
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
        """Check the declaration when its class is made, and return what is known of its return type by then.

        Args:
            owner: The Resource class.
            name: The name of the attribute that holds the endpoint.

        Raises:
            DeclarationError: The declaration cannot work; the message names class, method and argument.
        """
        self.name, self.label, self._owner = name, f"{owner.__name__}.{name}", owner
        # The type parameters of `class Crud[T, M](Resource[M])` (PEP 695) are in no namespace that typing looks into.
        self._scope = {**{one.__name__: one for one in getattr(owner, "__type_params__", ())}, **self._scope}
        self._case = wire_name_of(owner)
        self.path = path_on(owner, self.spec.path)
        check_decorators(list(self._decorators), f"{self.label}()")
        self._own = settings_of(self.spec.words, f"{self.label}()")
        self.settings = self._own.over(settings_on(owner))
        check_declaration(self.spec, self.stub, self.label, self._case, self._scope)
        returned = returned_head(self.stub, self._scope)
        if self.spec.replies is not None or may_be_mixed(self.stub):
            known = returned_type(self.stub, self._scope)
            returned = returned if known is UNKNOWN else known
            self._check_answers(known)
        self._check_paging(returned)
        self._is_declared = True
        return returned

    def _check_answers(self, returned: Any) -> None:
        refused = {status for table in self._own.errors for status in table}.intersection(self.spec.replies or ())
        if refused:
            raise DeclarationError(f"{self.label}(): errors: {min(map(str, refused))} is an answer by replies=")
        check_alone(self.spec.replies, returned, self.label)
        answers = {} if self.spec.replies is None else answers_of(self.spec.replies, self.label, {})
        if returned is not UNKNOWN and not variables_in(returned):
            check_answers(answers, returned, self.label)

    @property
    def auth(self) -> tuple[str, ...] | None:
        """The names of the credentials that go along: () for the client's usual one, None for none."""
        said = self.settings.auth
        return () if isinstance(said, Omit) else said

    def decorate(self, decorator: Any) -> None:
        """Apply a decorator of uplink that stands above the verb, after those applied before.

        Args:
            decorator: The decorator; it is checked with the declaration, or at once when that has been checked already.

        Raises:
            DeclarationError: It cannot work.
        """
        if self._is_declared:
            check_decorators([decorator], f"{self.label}()")
        self._decorators += (decorator,)
        self._definition, self._filled = None, {}

    def decorated_with(self, decorator: Any) -> Self:
        """Return a copy with a decorator of the whole class applied; those of the endpoint itself take precedence.

        Args:
            decorator: A decorator of uplink that works here.
        """
        made = copy.copy(self)
        made._class_decorators += (decorator,)
        made._definition, made._filled, made._guard = None, {}, threading.Lock()
        return made

    def of(self, owner: Any) -> Declaration:
        """Return the declaration as it is on a class that fills in type variables of its bases.

        Args:
            owner: The class, or a generic alias such as `Crud[Item, Sync]`.

        Raises:
            DeclarationError: A type variable is not filled in.
        """
        variables = self.definition.variables
        kind = get_origin(owner) or owner
        path, settings = path_on(kind, self.spec.path), self._own.over(settings_on(kind))
        if not variables and (path, settings) == (self.path, self.settings):
            return self
        arguments = type_arguments(owner, self._owner) if variables else self._arguments
        key = (kind, *((arguments or {}).get(variable) for variable in variables))
        with self._guard:
            if key not in self._filled:
                self._filled[key] = self._with(arguments, path, settings)
            return self._filled[key]

    def _with(self, arguments: Mapping[Any, Any] | None, path: str, settings: EndpointSettings) -> Declaration:
        made = copy.copy(self)
        made.path, made.settings, made._arguments = path, settings, arguments
        made._definition = self._definition if arguments is self._arguments else None
        made._filled, made._guard = {}, threading.Lock()
        return made

    @property
    def definition(self) -> Definition:
        """The compiled definition of its request, made on first use.

        Raises:
            DeclarationError: The declaration cannot work, or names something that is not defined.
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
        """Return the decoder of replies.

        Args:
            hint: The type to decode to.
            reading: How strictly replies are checked, and who is told of drift.

        Raises:
            DeclarationError: JSON cannot be read as this type.
        """
        try:
            return reader(self.spec, self.definition.answers, hint, reading, self.label)
        except DeclarationError:
            raise
        except TypeError as error:
            raise DeclarationError(f"{self.label}(): the return type cannot be decoded: {error}") from None

    def caller(self, resource: Resource[Any]) -> Caller:
        """Return the Caller of a resource as this endpoint calls it: with its credentials, and redirects as it says.

        Args:
            resource: The resource that the call is bound to.

        Raises:
            DeclarationError: The client has no credential of the name that was declared.
        """
        caller, follows = caller_of(resource).declared(self.auth, self.label), self.settings.follow_redirects
        return caller if follows is None else caller.following(follows)

    def requests(
        self, resource: Resource[Any], options: Options, wanted: Mapping[str, str] | None = None
    ) -> Callable[[tuple[Any, ...], dict[str, Any]], Request]:
        """Return a function that makes the request of each call from its arguments, options applied.

        Args:
            resource: The resource that the call is bound to.
            options: The options of the call.
            wanted: Header fields that this kind of call needs, unless an argument or an option sets them.
        """
        caller, owner = self.caller(resource), type(resource)
        head = self.path.removesuffix(self.spec.path)
        usual = usual_of(
            caller,
            self.settings,
            own=self._own if self.definition.goes_anywhere else None,
            base=f"{root_of(caller.base)}{head}" if (head or self.spec.path).startswith("/") else caller.base + head,
            resource=f"{owner.__module__}.{owner.__qualname__}",
            reads_json=self.definition.reads_json,
            auth=self.auth,
            wanted=wanted,
            scope=options.scope,
        )
        define = partial(self.definition.request, usual=usual)
        if options is NO_OPTIONS:
            return define
        last = [name for name in wanted or () if name not in options.headers]

        def optional(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
            request = define(args, kwargs)
            # What is said to the client is not said to another server, whose address an argument was.
            elsewhere = usual.away is not None and origin(request.url) != origin(caller.base)
            request = (options.without_content() if elsewhere else options).applied(request, caller.clock())
            # What the call needs goes last, as it does without options.
            return request.with_headers({name: request.headers[name] for name in last}) if last else request

        return optional
