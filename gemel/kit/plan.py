"""A declaration compiled once: each argument has one small handler that checks it and puts it in its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

from msgspec import Struct, UnsetType
from msgspec.structs import replace
from typing_extensions import get_type_hints

from gemel.kit.arguments import Check, checker, exact_types, expectation
from gemel.kit.errors import AlternativeReplyError, DeclarationError, InvalidArgument
from gemel.kit.messages import redact
from gemel.kit.model import is_secret, secret_values
from gemel.kit.types import OMIT, is_array
from gemel.kit.wire import Refused, encode_segment, header_name, header_text, json_bytes, query_pairs, wire_text

__all__ = ["Body", "Bound", "Field", "Header", "Plan", "Query", "Role", "Spec", "check_declaration", "compile_plan"]

_SEND_QUERY = frozenset({"GET", "HEAD", "DELETE"})
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_ABSENT: Any = inspect.Parameter.empty
_PLAIN = frozenset({str, int, float, bool, type(None), UnsetType, date, datetime, UUID, Decimal})
_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*")


class Spec(Struct, frozen=True):
    """What a decorator says about an endpoint."""

    method: str
    path: str
    unwrap: str | None
    otherwise: dict[str, type[AlternativeReplyError]]
    authenticated: bool
    deprecated: bool


class Role(Struct, frozen=True):
    """Where an argument goes; `name` is its wire name when that does not follow from the resource's case."""

    name: str = ""


class Query(Role, frozen=True):
    """A query parameter: `Annotated[str, Query("workspaceId")]`.

    also: a second name that is sent with the same value, for servers that know only that one.
    join: text between the items of a list, sent as one parameter; without it the name is repeated.
    """

    also: str = ""
    join: str = ""


class Field(Role, frozen=True):
    """A member of the JSON body: `Annotated[str, Field("workspaceId")]`; OMIT leaves it out, None is null."""


class Header(Role, frozen=True):
    """A request header: `Annotated[str, Header("X-Trace")]`; unnamed, the argument's wire name with - for _."""


class Body(Role, frozen=True):
    """The whole JSON body; no Field beside it, and at most one."""


class Draft:
    """A request while its arguments are put in place."""

    __slots__ = ("body", "fields", "headers", "query", "secrets", "segments")

    def __init__(self) -> None:
        self.segments: dict[str, str] = {}
        self.query: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.fields: dict[str, Any] = {}
        self.body: Any = OMIT
        self.secrets: list[str] = []


class Bound(Struct, frozen=True):
    """The outcome of a plan: a request's address below the base, its own headers, body and secret values."""

    address: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Bound to {redact(self.address, self.secrets)}>"


Handler = Callable[[Draft, Any], None]


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
        self._parameters = parameters
        self._names = {parameter.name for parameter in parameters}
        self._positional = positional
        self._literals, self._variables = _split(spec.path)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Bound:
        """Turn the arguments of a call into a request; raises InvalidArgument, and nothing was sent."""
        given = self._given(args, kwargs) if args else kwargs
        if not given.keys() <= self._names:
            raise self._unknown(given)
        draft = Draft()
        for parameter in self._parameters:
            value = given.get(parameter.name, _ABSENT)
            if value is _ABSENT:
                parameter.put_default(draft, self.label)
            elif value is not OMIT:
                parameter.put(draft, value, self.label)
        return Bound(self._address(draft), tuple(draft.headers), self._body(draft), tuple(draft.secrets))

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

    def _body(self, draft: Draft) -> bytes | None:
        try:
            if draft.body is not OMIT:
                return json_bytes(draft.body)
            return json_bytes(draft.fields) if draft.fields else None
        except Refused as refusal:
            raise InvalidArgument(self.label, self._unsendable(draft), str(refusal)) from None

    def _unsendable(self, draft: Draft) -> str:
        """Return the name of the argument that JSON cannot hold; looked for only when there is one."""
        for parameter in self._parameters:
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
    if "return" not in hints:
        raise DeclarationError(f"{label}(): the return type is missing; write -> None for a reply without a body")
    variables = _split(spec.path)[1]
    parameters, positional = list[Parameter](), list[str]()
    for name, parameter in _arguments(stub):
        if parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(name)
        parameters.append(_parameter(spec, label, parameter, hints.get(name, Any), name in variables, case(name)))
    _check_places(label, parameters, spec)
    return Plan(spec, label, parameters, positional, hints["return"])


def check_declaration(spec: Spec, stub: Callable[..., Any], label: str) -> None:
    """Check what can be checked without evaluating annotations; raises DeclarationError."""
    literals, variables = _split(spec.path)
    if not all(_LITERAL.fullmatch(literal) for literal in literals) or spec.path.startswith("/") or "//" in spec.path:
        raise DeclarationError(
            f"{label}(): the path {spec.path!r} must be relative, without query, and name each value as {{name}}"
        )
    names = [name for name, _ in _arguments(stub)]
    for variable in variables:
        if variable not in names:
            raise DeclarationError(f"{label}(): the path names {{{variable}}}, but there is no such parameter")
    for name, parameter in _arguments(stub):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DeclarationError(f"{label}(): {name}: write each argument out, * and ** cannot be declared")


def _arguments(stub: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    return list(inspect.signature(stub).parameters.items())[1:]


def _split(path: str) -> tuple[list[str], list[str]]:
    """Return the literal pieces of a template and the variables between them."""
    pieces = _VARIABLE.split(path)
    return pieces[::2], pieces[1::2]


def _parameter(
    spec: Spec, label: str, parameter: inspect.Parameter, hint: Any, in_path: bool, wire_name: str
) -> Parameter:
    declared = _role(label, parameter.name, hint)
    if in_path and declared is not None:
        raise DeclarationError(f"{label}(): {parameter.name}: it is in the path and cannot be {_named(declared)} too")
    if in_path and parameter.default is not parameter.empty:
        raise DeclarationError(f"{label}(): {parameter.name}: a path value cannot have a default")
    role = None if in_path else declared or (Query() if spec.method in _SEND_QUERY else Field())
    name = parameter.name if role is None else role.name or wire_name
    if isinstance(role, Header):
        name = _checked_header(label, parameter.name, role.name or wire_name.replace("_", "-"))
    handle = _handler(role, name)
    exact = exact_types(hint)
    if is_secret(hint) or not exact or not exact <= _PLAIN:
        handle = _hiding(handle, all_of_it=is_secret(hint))
    made = Parameter(parameter.name, name, parameter.default, hint, exact, checker(hint), role, handle)
    return replace(made, preset=_preset(made, label))


def _preset(parameter: Parameter, label: str) -> tuple[str, ...] | None:
    """Return the encoded pairs of a query parameter's default."""
    if not isinstance(parameter.role, Query) or parameter.default is _ABSENT or is_secret(parameter.hint):
        return None
    draft = Draft()
    if parameter.default is not OMIT:
        parameter.put(draft, parameter.default, label)
    return tuple(draft.query)


def _role(label: str, name: str, hint: Any) -> Role | None:
    if get_origin(hint) is not Annotated:
        return None
    roles = [made for mark in get_args(hint)[1:] if (made := _as_role(mark)) is not None]
    if len(roles) > 1:
        raise DeclarationError(f"{label}(): {name}: it cannot be {' and '.join(map(_named, roles))} at once")
    return roles[0] if roles else None


def _as_role(mark: Any) -> Role | None:
    if isinstance(mark, type) and issubclass(mark, Role):
        return mark()
    return mark if isinstance(mark, Role) else None


def _checked_header(label: str, parameter: str, name: str) -> str:
    try:
        return header_name(name)
    except Refused as refusal:
        raise DeclarationError(f"{label}(): {parameter}: {refusal}") from None


def _named(role: Role) -> str:
    return f"{type(role).__name__}({role.name!r})" if role.name else type(role).__name__


def _handler(role: Role | None, name: str) -> Handler:
    if role is None:
        return lambda draft, value: _add_segment(draft, name, value)
    if isinstance(role, Query):
        return lambda draft, value: _add_query(draft, role, name, value)
    if isinstance(role, Header):
        return lambda draft, value: _add_header(draft, name, value)
    if isinstance(role, Body):
        return _put_body
    return lambda draft, value: _add_field(draft, name, value)


def _add_segment(draft: Draft, name: str, value: Any) -> None:
    draft.segments[name] = encode_segment(value)


def _add_query(draft: Draft, role: Query, name: str, value: Any) -> None:
    if role.join and is_array(value):
        value = role.join.join(map(wire_text, value)) or None
    draft.query.extend(query_pairs(name, value))
    if role.also:
        draft.query.extend(query_pairs(role.also, value))


def _add_header(draft: Draft, name: str, value: Any) -> None:
    if value is not None:
        draft.headers.append((name, header_text(value)))


def _add_field(draft: Draft, name: str, value: Any) -> None:
    draft.fields[name] = value


def _put_body(draft: Draft, value: Any) -> None:
    draft.body = value


def _hiding(handle: Handler, *, all_of_it: bool) -> Handler:
    """Note the secret values first, so that no error made from this request can show them."""

    def put(draft: Draft, value: Any) -> None:
        draft.secrets.extend([value] if all_of_it and isinstance(value, str) else secret_values(value))
        handle(draft, value)

    return put


def _check_places(label: str, parameters: list[Parameter], spec: Spec) -> None:
    bodies = [parameter.name for parameter in parameters if isinstance(parameter.role, Body)]
    fields = [parameter.name for parameter in parameters if isinstance(parameter.role, Field)]
    if len(bodies) > 1:
        raise DeclarationError(f"{label}(): {' and '.join(bodies)}: only one argument can be the body")
    if bodies and fields:
        raise DeclarationError(f"{label}(): {fields[0]}: it cannot be a field when {bodies[0]} is the body")
    if (bodies or fields) and spec.method in ("GET", "HEAD"):
        raise DeclarationError(f"{label}(): {(bodies + fields)[0]}: a {spec.method} request has no body")
    places: dict[tuple[type, str], str] = {}
    for parameter in parameters:
        name = parameter.wire_name.lower() if isinstance(parameter.role, Header) else parameter.wire_name
        taken = places.setdefault((type(parameter.role), name), parameter.name)
        if taken != parameter.name:
            raise DeclarationError(f"{label}(): {parameter.name}: {taken} is sent as {parameter.wire_name!r} already")
