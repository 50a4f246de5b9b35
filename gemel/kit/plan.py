"""A declaration compiled once: each argument has one small handler that checks it and puts it in its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, UnsetType
from msgspec.structs import replace
from typing_extensions import get_type_hints

from gemel.kit.arguments import Check, checker, exact_types, expectation
from gemel.kit.bodies import form_body, multipart_body
from gemel.kit.draft import Bound, Draft, Handler, handler_of, hiding
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.model import is_secret
from gemel.kit.roles import Body, Field, Place, Query, Role, Spec, arguments_of, check_places, place_of, split_path
from gemel.kit.types import OMIT
from gemel.kit.upload import Upload
from gemel.kit.wire import Refused, json_bytes

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
            raise InvalidArgument(label, self.name, f"expected {expectation(self.hint)}, got {self._shown(value)}")
        try:
            self.handle(draft, value)
        except Refused as refusal:
            raise InvalidArgument(label, self.name, str(refusal)) from None

    def put_default(self, draft: Draft, label: str) -> None:
        """Put the default in its place, a query parameter's as encoded once; raises InvalidArgument without one."""
        if self.preset is not None:
            draft.query += self.preset
        elif self.default is _ABSENT:
            raise InvalidArgument(label, self.name, "missing argument")
        elif self.default is not OMIT:
            self.put(draft, self.default, label)

    def _shown(self, value: Any) -> str:
        kind = type(value).__name__
        harmless = self.exact and not is_secret(self.hint) and isinstance(value, int | float | str)
        return f"{kind} {value!r:.80}" if harmless else kind


class Plan:
    """A compiled declaration; a call leaves no state on it."""

    def __init__(
        self, spec: Spec, label: str, parameters: list[Parameter], positional: list[str], returns: Any
    ) -> None:
        self.spec = spec
        self.label = label
        self.name: str = label.rpartition(".")[2]
        self.returns = returns
        self.parameters: list[Parameter] = parameters
        self._names = {parameter.name for parameter in parameters}
        self._positional = positional
        self._literals, self._variables = split_path(spec.path)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Bound:
        """Turn the arguments of a call into a request; raises InvalidArgument, and nothing was sent."""
        given = self._given(args, kwargs) if args else kwargs
        if not given.keys() <= self._names:
            raise self._unknown(given)
        draft = Draft()
        for parameter in self.parameters:
            value = given.get(parameter.name, _ABSENT)
            if value is _ABSENT:
                parameter.put_default(draft, self.label)
            elif value is not OMIT:
                parameter.put(draft, value, self.label)
        body = self._body(draft)
        return Bound(self._address(draft), tuple(draft.headers), body, tuple(draft.secrets))

    def _given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self._positional):
            allowed = ", ".join(self._positional) or "none"
            raise InvalidArgument(
                self.label,
                "",
                f"{len(args)} positional arguments given, only {len(self._positional)} taken ({allowed})",
            )
        given = dict(zip(self._positional, args, strict=False))
        for name in given.keys() & kwargs.keys():
            raise InvalidArgument(self.label, name, "given twice, by position and by name")
        return {**given, **kwargs}

    def _unknown(self, given: Mapping[str, Any]) -> InvalidArgument:
        name = min(given.keys() - self._names)
        return InvalidArgument(
            self.label, name, f"unknown argument; it takes {', '.join(sorted(self._names)) or 'none'}"
        )

    def _address(self, draft: Draft) -> str:
        path = self._literals[0]
        for variable, literal in zip(self._variables, self._literals[1:], strict=True):
            path += draft.segments[variable] + literal
        return f"{path}?{'&'.join(draft.query)}" if draft.query else path

    def _body(self, draft: Draft) -> bytes | Upload | None:
        if isinstance(draft.body, Upload):
            draft.headers.append(("Content-Type", draft.body.content_type))
            return draft.body
        if draft.form or draft.parts:
            body, kind = multipart_body(draft.parts) if draft.parts else form_body(draft.form)
            draft.headers.append(("Content-Type", kind))
            return body
        try:
            if draft.body is not OMIT:
                return json_bytes(draft.body)
            return json_bytes(draft.fields) if draft.fields else None
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
    except NameError as error:
        raise DeclarationError(f"{label}(): {error}; import it at run time, not under TYPE_CHECKING") from None
    variables = split_path(spec.path)[1]
    parameters, places, positional = list[Parameter](), list[Place](), list[str]()
    for name, parameter in arguments_of(stub):
        if parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(name)
        hint = hints.get(name, Any)
        place = place_of(spec, label, parameter, hint, in_path=name in variables, wire_name=case(name))
        places.append(place)
        parameters.append(_parameter(parameter, hint, place, label))
    check_places(label, places, spec)
    return Plan(spec, label, parameters, positional, hints["return"])


def _parameter(parameter: inspect.Parameter, hint: Any, place: Place, label: str) -> Parameter:
    handle, exact = handler_of(place.role, place.wire_name), exact_types(hint)
    if is_secret(hint) or not exact or not exact <= _PLAIN:
        handle = hiding(handle, all_of_it=is_secret(hint))
    made = Parameter(place.name, place.wire_name, parameter.default, hint, exact, checker(hint), place.role, handle)
    return replace(made, preset=_preset(made, label))


def _preset(parameter: Parameter, label: str) -> tuple[str, ...] | None:
    """Return the encoded pairs of a query parameter's default."""
    if not isinstance(parameter.role, Query) or parameter.default is _ABSENT or is_secret(parameter.hint):
        return None
    draft = Draft()
    if parameter.default is not OMIT:
        parameter.put(draft, parameter.default, label)
    return tuple(draft.query)
