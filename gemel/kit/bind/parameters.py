"""A declaration compiled once: each argument has one small handler that checks it and puts it in its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, get_args
from uuid import UUID

from msgspec import Struct, UnsetType
from msgspec.structs import replace
from typing_extensions import get_type_hints

from gemel.kit.bind.checks import Check, Names, checker, exact_types, unfit
from gemel.kit.bind.request_builder import Bound, Draft, Handler, handler_of, hiding
from gemel.kit.bodies.multipart import multipart_body
from gemel.kit.bodies.parts import form_body
from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.http.encoding import Refused
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.secrecy import is_secret, secret_values
from gemel.kit.models.typed_dicts import dicts_in, keys_of, secrets_in
from gemel.kit.stubs.roles import (
    Argument,
    Body,
    Field,
    Place,
    Query,
    Role,
    Spec,
    arguments_of,
    as_role,
    places_of,
    split_path,
)
from gemel.kit.types import OMIT

__all__ = ["Plan", "compile_plan"]

_ABSENT: Any = inspect.Parameter.empty
_PLAIN = frozenset({str, int, float, bool, type(None), UnsetType, date, datetime, UUID, Decimal})


class Parameter(Struct, frozen=True):
    """One argument: its quick and its full check, and its handler; `role` is None for a path value."""

    name: str
    wire_name: str
    default: Any
    hint: Any
    exact: frozenset[type]
    fits: Check
    role: Role | None
    handle: Handler
    preset: tuple[str, ...] | None = None

    def put(self, draft: Draft, value: Any, label: str) -> None:
        """Check the value and put it in its place; raises InvalidArgument."""
        if type(value) not in self.exact and not self.fits(value):
            raise unfit(label, self.name, self.hint, value)
        try:
            self.handle(draft, value)
        except Refused as refusal:
            raise InvalidArgument(label, self.name, str(refusal)) from None

    def put_default(self, draft: Draft, label: str) -> None:
        """Put the default in its place; raises InvalidArgument without one."""
        if self.default is _ABSENT:
            raise InvalidArgument(label, self.name, "missing argument")
        elif self.default is not OMIT:
            self.put(draft, self.default, label)


class Plan:
    """A compiled declaration; a call leaves no state on it."""

    def __init__(
        self, spec: Spec, label: str, parameters: list[Parameter], positional: list[str], returns: Any
    ) -> None:
        self.spec = spec
        self.label = label
        self.returns = returns
        self.parameters: list[Parameter] = parameters
        names = frozenset(parameter.name for parameter in parameters)
        self._names = Names(label, names, tuple(positional))
        self._literals, self._variables = split_path(spec.path)
        takes_fields = any(isinstance(parameter.role, Field) for parameter in parameters)
        self._always_object: bool = takes_fields and spec.method != "DELETE"

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Bound:
        """Turn the arguments of a call into a request; raises InvalidArgument, and nothing was sent."""
        given = self._names.given(args, kwargs)
        draft = Draft()
        for parameter in self.parameters:
            value = given.get(parameter.name, _ABSENT)
            if value is _ABSENT and parameter.preset is not None:
                draft.query += parameter.preset
            elif value is _ABSENT:
                parameter.put_default(draft, self.label)
            elif value is not OMIT:
                parameter.put(draft, value, self.label)
        body = self._body(draft)
        return Bound(self._address(draft), tuple(draft.headers), body, tuple(draft.secrets))

    def _address(self, draft: Draft) -> str:
        path = self._literals[0]
        for variable, literal in zip(self._variables, self._literals[1:], strict=True):
            path += draft.segments[variable] + literal
        return f"{path}?{'&'.join(draft.query)}" if draft.query else path

    def _body(self, draft: Draft) -> bytes | Upload | None:
        if isinstance(draft.body, Upload):
            draft.headers.append(("Content-Type", draft.body.content_type))
            return draft.body
        if draft.raw is not None:
            return draft.raw
        if draft.form or draft.parts:
            body, kind = multipart_body(draft.parts) if draft.parts else form_body(draft.form)
            draft.headers.append(("Content-Type", kind))
            return body
        try:
            if draft.body is not OMIT:
                return json_bytes(draft.body)
            return json_bytes(draft.fields) if draft.fields or self._always_object else None
        except Refused as refusal:
            raise InvalidArgument(self.label, self._unsendable(draft), str(refusal)) from None

    def _unsendable(self, draft: Draft) -> str:
        """Return the name of the argument that JSON cannot hold; looked for only when there is one."""
        for parameter in self.parameters:
            if isinstance(parameter.role, Field | Body):
                try:
                    json_bytes(draft.fields.get(parameter.wire_name) if draft.body is OMIT else draft.body)
                except Refused:
                    return parameter.name
        return ""


def compile_plan(spec: Spec, stub: Callable[..., Any], *, label: str, case: Callable[[str], str], scope: Any) -> Plan:
    """Compile a declaration; raises DeclarationError for annotations that cannot work.

    case: turns argument names into wire names.   scope: names that annotations may use besides the module's.
    """
    try:
        hints = get_type_hints(stub, localns=scope, include_extras=True)
        arguments = arguments_of(stub, label, hints, scope)
        for parameter, hint in arguments:
            _check_dicts(hint, f"{label}(): {parameter.name}", scope)
    except NameError as error:
        raise DeclarationError(f"{label}(): {error}; import it at run time, not under TYPE_CHECKING") from None
    places = places_of(spec, label, arguments, case)
    parameters = [_parameter(argument, place, label) for argument, place in zip(arguments, places, strict=True)]
    positional = [parameter.name for parameter, _ in arguments if parameter.kind is not parameter.KEYWORD_ONLY]
    return Plan(spec, label, parameters, positional, hints["return"])


def _check_dicts(hint: Any, argument: str, scope: Any) -> None:
    """Look the TypedDicts of an argument up; raises DeclarationError, NameError for what is not there."""
    try:
        for typed_dict in dicts_in(hint, scope):
            for name, key in keys_of(typed_dict).items():
                if any(as_role(mark) for mark in get_args(key.hint)):
                    said = f"{name!r} of {typed_dict.__name__}"
                    raise DeclarationError(f"{argument}: {said} cannot have a role: the dict is sent as it is")
    except TypeError as error:
        raise DeclarationError(f"{argument}: {error}") from None


def _parameter(argument: Argument, place: Place, label: str) -> Parameter:
    hint, default = argument.hint, argument.parameter.default
    handle, exact = handler_of(place.role, place.wire_name), exact_types(hint)
    if is_secret(hint) or any(dicts_in(hint)):
        handle = hiding(handle, partial(secrets_in, hint))
    elif not exact or not exact <= _PLAIN:
        handle = hiding(handle, secret_values)
    made = Parameter(place.name, place.wire_name, default, hint, exact, checker(hint), place.role, handle)
    return replace(made, preset=_preset(made, label))


def _preset(parameter: Parameter, label: str) -> tuple[str, ...] | None:
    """Return the encoded pairs of a query parameter's default."""
    if not isinstance(parameter.role, Query) or parameter.default is _ABSENT or is_secret(parameter.hint):
        return None
    draft = Draft()
    if parameter.default is not OMIT:
        parameter.put(draft, parameter.default, label)
    return tuple(draft.query)
