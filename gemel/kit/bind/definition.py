"""Definition: uplink's definition of an endpoint's request, and the request that it makes for a call."""

from __future__ import annotations

import collections
import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args

from typing_extensions import get_type_hints

from gemel.kit.bind.destination import destination
from gemel.kit.bind.parameters import Parameter, parameter_of
from gemel.kit.bind.reading import expects_json
from gemel.kit.bind.request_builder import RequestBuilder, time_limits
from gemel.kit.bind.signature import Signature
from gemel.kit.bind.uplink_import import arguments, commands, exceptions
from gemel.kit.bind.usual import Usual
from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.http.encoding import Refused
from gemel.kit.http.messages import CallContext, Headers, Request, origin
from gemel.kit.http.redaction import redact
from gemel.kit.models.codec import Codec
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.hints import filled, opened, opened_aliases, refuse_unknown_variables, variables_in
from gemel.kit.models.typed_dicts import dicts_in, keys_of
from gemel.kit.policies.caller import Caller
from gemel.kit.stubs.answers import Answer, answers_of, check_answers
from gemel.kit.stubs.checks import check_returned, parameters_of, roles_of, split_path
from gemel.kit.stubs.roles import Body, Cookie, Field, Spec, Url, as_role, kind_of
from gemel.kit.stubs.scope import Scoped
from gemel.kit.types import OMIT

__all__ = ["Definition", "define"]

_ABSENT: Any = inspect.Parameter.empty


class Definition(commands.RequestDefinition):
    """The request of an endpoint as uplink defines it; calls leave no state on it.

    Attributes:
        spec: The arguments of the decorator.
        label: The name of the endpoint in errors.
        parameters: How each argument is sent.
        returns: The return type, resolved.
        variables: The type variables in arguments and return type, which a derived class fills in.
    """

    spec: Spec
    label: str
    parameters: list[Parameter]
    returns: Any
    variables: tuple[Any, ...]

    def describe(
        self, spec: Spec, label: str, parameters: list[Parameter], returns: Any, answers: Mapping[int, Answer]
    ) -> None:
        """Add what uplink does not know about a declaration.

        Args:
            spec: The arguments of the decorator.
            label: The name of the endpoint in errors.
            parameters: How each argument is sent.
            returns: The return type, resolved.
            answers: What each status of the reply means, empty where it means nothing.
        """
        self.spec, self.label, self.parameters, self.returns = spec, label, parameters, returns
        hints = [returns, *(parameter.hint for parameter in parameters)]
        self.variables = tuple(dict.fromkeys(variable for hint in hints for variable in variables_in(hint)))
        self._literals, self._variables = split_path(spec.path)
        self._url: Parameter | None = next((one for one in parameters if kind_of(one.role) is Url), None)
        self._sends_cookies: bool = any(kind_of(parameter.role) is Cookie for parameter in parameters)
        takes_fields = any(kind_of(parameter.role) is Field for parameter in parameters)
        self._always_object: bool = takes_fields and spec.method != "DELETE"
        self.reads_json: bool = expects_json(spec, answers, returns, label)
        self.answers = answers
        self._statuses: frozenset[int] = frozenset(answers)

    def request(
        self,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        usual: Usual,
    ) -> Request:
        """Return the request of a call, unsent.

        Args:
            args: The arguments given by position.
            kwargs: The arguments given by name.
            usual: What all requests of the bound endpoint share.

        Raises:
            InvalidArgument: An argument is missing, unknown, or cannot be sent.
        """
        builder = RequestBuilder()
        builder.scope = usual.scope
        if self.spec.query:
            builder.query.append(self.spec.query)
        self.define_request(builder, args, kwargs)
        body = self._content(builder)
        address, at_home = usual.base + builder.address(self._literals, self._variables), True
        if self._url is not None:
            address, at_home = self._aimed(builder, usual.caller)
            if not at_home:
                assert usual.away is not None
                usual = usual.away
        timeout = usual.timeout if builder.timeout is None else time_limits(builder.timeout, usual.timeout)
        headers = usual.headers if body is None else usual.body_headers
        if self._sends_cookies:
            builder.add_cookies(headers.get("cookie", ""))
        return Request(
            builder.method,
            address,
            _headers(headers, builder.headers, usual.wanted) if builder.headers or usual.wanted else headers,
            body,
            CallContext(
                label=self.label,
                deadline=usual.caller.clock() + timeout.total,
                timeout=timeout,
                secrets=(*builder.secrets, *usual.secrets),
                auth=usual.auth if at_home or usual.caller.trusts(address) else None,
                retry=usual.retry,
                resource=usual.resource,
                safe=usual.safe,
                idempotent=usual.idempotent,
                cacheable=self.spec.cacheable,
                statuses=self._statuses,
                errors=usual.errors,
            ),
        )

    @property
    def goes_anywhere(self) -> bool:
        """Whether an argument is the address."""
        return self._url is not None

    def _aimed(self, builder: RequestBuilder, caller: Caller) -> tuple[str, bool]:
        """Return the address that an argument is, and whether it is at the client's own origin."""
        assert self._url is not None
        role: Any = self._url.role
        try:
            address = destination(caller.base, builder.segments[""], role.origins)
            at_home = origin(address) == origin(caller.base)
            if not at_home and not caller.goes_abroad:
                raise Refused("the headers of your own session would go along to another origin")
        except Refused as refusal:
            raise InvalidArgument(self.label, self._url.name, str(refusal)) from None
        sign = "&" if "?" in address else "?"
        return (f"{address}{sign}{'&'.join(builder.query)}" if builder.query else address), at_home

    def _content(self, builder: RequestBuilder) -> bytes | Upload | None:
        try:
            if builder.has_info:
                builder.complete()
            return builder.content(always_object=self._always_object)
        except Refused as refusal:
            problem = redact(str(refusal), builder.secrets)
            raise InvalidArgument(self.label, self._unsendable(builder), problem) from None

    def _unsendable(self, builder: RequestBuilder) -> str:
        """Return the name of the argument that JSON cannot hold; called only when there is one."""
        for parameter in self.parameters:
            if isinstance(parameter.role, Field | Body):
                try:
                    json_bytes(builder.fields.get(parameter.role.name) if builder.body is OMIT else builder.body)
                except Refused:
                    return parameter.name
        return ""


def _headers(base: Headers, own: list[tuple[str, str]], wanted: Mapping[str, str] | None) -> Headers:
    if own:
        base = base.with_values(tuple(own))
    if not wanted:
        return base
    given = {name.lower() for name, _ in own}
    return base.with_values({name: value for name, value in wanted.items() if name.lower() not in given})


def _default_of(parameter: Parameter) -> Callable[[RequestBuilder], None]:
    return parameter.scoped if isinstance(parameter.default, Scoped) else parameter.absent


class _Arguments(arguments.ArgumentAnnotationHandler):
    """uplink's handler of a call's arguments, which binds them by a signature made once, not anew in each call."""

    def __init__(self, func: Any, annotations: Mapping[str, Parameter], signature: Signature) -> None:
        super().__init__(func, annotations)
        self._given = signature.given
        self._steps = [(name, one.modify_request, _default_of(one)) for name, one in annotations.items()]

    def handle_call(self, request_builder: RequestBuilder, args: Any, kwargs: Any) -> None:
        """Let each parameter add its argument, or its default, to the request."""
        given = self._given(args, kwargs)
        for name, put, absent in self._steps:
            value = given.get(name, _ABSENT)
            if value is _ABSENT:
                absent(request_builder)
            elif value is not OMIT:
                put(request_builder, value)


class _ArgumentsBuilder(arguments.ArgumentAnnotationHandlerBuilder):
    def __init__(self, func: Any, names: list[str], signature: Signature) -> None:
        super().__init__(func, ["self", *names])
        self._signature = signature

    def build(self) -> _Arguments:
        return _Arguments(self._func, collections.OrderedDict(self._types), self._signature)


class _DefinitionBuilder(commands.RequestDefinitionBuilder):
    """uplink's builder, made to return a Definition."""

    def build(self) -> Definition:
        handler, uri = self.argument_handler_builder.build(), self.uri.build()
        return Definition(self.method, uri, self.return_type, handler, self.method_handler_builder.build())


def define(
    spec: Spec,
    stub: Callable[..., Any],
    *,
    label: str,
    case: Callable[[str], str],
    scope: Mapping[str, Any],
    decorators: list[Any],
    arguments: Mapping[Any, Any] | None = None,
) -> Definition:
    """Return the definition of a declared request.

    Args:
        spec: The words of its verb.
        stub: The function that declares it.
        label: Its name in errors.
        case: Turns argument names into wire names.
        scope: Names that annotations may use besides the module's.
        decorators: uplink's own, in the order they were applied.
        arguments: What type variables stand for; None where that is not known yet.

    Raises:
        DeclarationError: It cannot work, or names what is not there.
    """
    declared, returns = _looked_up(stub, label, scope, arguments)
    roles = roles_of(spec, label, declared, case)
    parameters = [parameter_of(label, parameter, roles[parameter.name]) for parameter in declared]
    signature = Signature.of(label, declared)

    def builder(func: Any, method: str, uri: Any, _: Any, decorated: Any) -> Any:
        handler = _ArgumentsBuilder(func, [parameter.name for parameter in declared], signature)
        return _DefinitionBuilder(func, method, uri, handler, decorated)

    def bare(self: Any) -> None: ...

    # uplink reads annotations from the function itself, and would refuse the roles and types of a stub; it gets a bare
    # one.
    bare.__annotations__ = {}
    try:
        made = commands.HttpMethod(spec.method, spec.path.replace("{+", "{"))(bare, builder)
        made.argument_handler_builder.set_annotations({parameter.name: parameter for parameter in parameters})
        for decorate in decorators:
            made = decorate(made)
        definition: Definition = made.build()
    except exceptions.Error as error:
        raise DeclarationError(f"{label}(): {error}") from None
    answers = {} if spec.replies is None else answers_of(spec.replies, label, arguments or {})
    if arguments is not None or not variables_in(returns):
        check_answers(answers, returns, label)
    definition.describe(spec, label, parameters, returns, answers)
    return definition


def _looked_up(
    stub: Callable[..., Any], label: str, scope: Mapping[str, Any], arguments: Mapping[Any, Any] | None
) -> tuple[list[inspect.Parameter], Any]:
    """Return the parameters and the return type of a stub, annotations resolved; raises DeclarationError."""
    try:
        hints = get_type_hints(stub, localns=dict(scope), include_extras=True)
        declared = [
            one.replace(annotation=_known(one.annotation, f"{label}(): {one.name}: ", arguments))
            for one in parameters_of(stub, label, hints, scope)
        ]
        for parameter in declared:
            _check_dicts(parameter.annotation, f"{label}(): {parameter.name}", scope)
        returned = _known(hints["return"], f"{label}(): ", arguments)
    except NameError as error:
        raise DeclarationError(f"{label}(): {error}; import it at run time, not under TYPE_CHECKING") from None
    check_returned(returned, label)
    return declared, returned


def _known(hint: Any, place: str, arguments: Mapping[Any, Any] | None) -> Any:
    """Return a hint with its type variables filled in and its aliases opened.

    Raises:
        DeclarationError: A type variable is not filled in.
    """
    hint = filled(opened_aliases(hint), arguments or {})
    variables = variables_in(hint)
    if not variables or arguments is None:
        return hint
    try:
        for variable in variables:
            refuse_unknown_variables(variable, place)
    except TypeError as error:
        raise DeclarationError(str(error)) from None
    return opened(hint)


def _check_dicts(hint: Any, argument: str, scope: Mapping[str, Any]) -> None:
    """Resolve the TypedDicts of an argument; raises DeclarationError, and NameError for an undefined name."""
    try:
        for typed_dict in dicts_in(hint, scope):
            for name, key in keys_of(typed_dict).items():
                if any(isinstance(mark, Codec) for mark in get_args(key.hint)):
                    said = f"{name!r} of {typed_dict.__name__}"
                    raise DeclarationError(f"{argument}: {said} cannot have a codec: the dict is sent as it is")
                if any(as_role(mark) for mark in get_args(key.hint)):
                    said = f"{name!r} of {typed_dict.__name__}"
                    raise DeclarationError(f"{argument}: {said} cannot have a role: the dict is sent as it is")
    except TypeError as error:
        if isinstance(error, DeclarationError):
            raise
        raise DeclarationError(f"{argument}: {error}") from None
