"""Where the arguments of a stub go, what a decorator says, and the checks of both when the class is made."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from msgspec import Struct
from typing_extensions import get_type_hints

from gemel.kit.errors import AlternativeReplyError, DeclarationError
from gemel.kit.http.encoding import Refused, header_name, header_text
from gemel.kit.http.sse import EventStream
from gemel.kit.models.typed_dicts import is_typed_dict, keys_of, unpacked
from gemel.kit.paging import Paging
from gemel.kit.types import OMIT

__all__ = [
    "Argument",
    "Body",
    "Field",
    "Form",
    "Header",
    "Part",
    "Place",
    "Query",
    "Role",
    "Spec",
    "arguments_of",
    "as_role",
    "check_declaration",
    "places_of",
    "split_path",
]

_SEND_QUERY = frozenset({"GET", "HEAD", "DELETE"})
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*")


class Spec(Struct, frozen=True):
    """What a decorator says about an endpoint."""

    method: str
    path: str
    unwrap: str | None
    alternatives: dict[str, type[AlternativeReplyError]]
    authenticated: bool
    deprecated: bool
    paging: Paging | None = None
    cacheable: bool = True
    events: EventStream | None = None


class Role(Struct, frozen=True):
    """Where an argument goes; `name` is its wire name when that does not follow from the resource's case."""

    name: str = ""


class Query(Role, frozen=True):
    """A query parameter: `Annotated[str, Query("workspaceId")]`.

    also: a second name that is sent with the same value, for servers that know only that one.
    join: text between the items of a list, sent as one parameter; without it the name is repeated.
    json: whether the value is sent as JSON text, so that it may be a dict.
    """

    also: str = ""
    join: str = ""
    json: bool = False


class Field(Role, frozen=True):
    """A member of the JSON body: `Annotated[str, Field("workspaceId")]`; OMIT leaves it out, None is null."""


class Header(Role, frozen=True):
    """A request header: `Annotated[str, Header("X-Trace")]`; unnamed, the argument's wire name with - for _."""


class Body(Role, frozen=True):
    """The whole body: bytes and an Upload as they are, anything else as JSON; no Field beside it, and at most one.

    content_type: the media type, unless an Upload has its own; text is then sent as it is, in UTF-8, if not as JSON.
    """

    content_type: str = ""


class Form(Role, frozen=True):
    """A field of a form body; None is not sent, a list repeats the name."""


class Part(Role, frozen=True):
    """A part of a multipart body: a File, bytes, text, or a record as JSON; a list repeats the name."""


_IN_BODY = (Field, Body, Form, Part)


class Place(Struct, frozen=True):
    """Where one argument goes: its name in Python and on the wire, and its role; None is the path."""

    name: str
    wire_name: str
    role: Role | None


def check_declaration(
    spec: Spec, stub: Callable[..., Any], label: str, case: Callable[[str], str], scope: Mapping[str, Any]
) -> None:
    """Check a declaration when its class is made; raises DeclarationError.

    Only the annotations that name a role are looked up; one that cannot be yet is checked on first use.
    """
    _check_path(spec.path, label)
    for name, parameter in _parameters(stub):
        unpacks = parameter.kind is parameter.VAR_KEYWORD and "Unpack" in str(parameter.annotation)
        if parameter.kind is parameter.VAR_POSITIONAL or (parameter.kind is parameter.VAR_KEYWORD and not unpacks):
            raise DeclarationError(f"{label}(): {name}: write each argument out, or **{name}: Unpack[SomeTypedDict]")
    if inspect.signature(stub).return_annotation is inspect.Signature.empty:
        raise DeclarationError(f"{label}(): the return type is missing; write -> None for a reply without a body")
    hints = _role_hints(stub, scope)
    if hints is not None:
        places_of(spec, label, arguments_of(stub, label, hints, scope), case)


def _check_path(path: str, label: str) -> None:
    segments = path.removeprefix("/").split("/")
    plain = all(_LITERAL.fullmatch(literal) for literal in split_path(path)[0])
    if not plain or "" in segments[:-1] or not {".", ".."}.isdisjoint(segments):
        raise DeclarationError(
            f"{label}(): the path {path!r} must be below the endpoint, or below its host when it begins with /, "
            "without query, and name each value as {name}"
        )


def _role_hints(stub: Callable[..., Any], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the annotations that may name a role, looked up; none of them when a name is not there yet.

    Where that is a key's, or one of the TypedDict's itself, not even the arguments are known yet: None.
    """

    def holder() -> None: ...

    named = {name: hint for name, hint in stub.__annotations__.items() if _NAMES_ROLES.search(str(hint))}
    holder.__annotations__ = {name: hint for name, hint in named.items() if name != "return"}
    try:
        hints = get_type_hints(holder, stub.__globals__, dict(scope), include_extras=True)
        for hint in hints.values():
            if is_typed_dict(unpacked(hint)):
                keys_of(unpacked(hint), scope)
    except NameError:
        return None if "Unpack" in str(named) else {}
    return hints


_NAMES_ROLES = re.compile("Annotated|Unpack")


class Argument(NamedTuple):
    """One argument of a stub: a parameter, or a key of the TypedDict that its `**` unpacks; and its annotation."""

    parameter: inspect.Parameter
    hint: Any


def arguments_of(
    stub: Callable[..., Any], label: str, hints: Mapping[str, Any], scope: Mapping[str, Any]
) -> list[Argument]:
    """Return the arguments of a stub in their order, without `self`.

    Raises DeclarationError, and NameError when the annotation of a key names what is not there.
    """
    arguments: list[Argument] = []
    for name, parameter in _parameters(stub):
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments += _unpacked_arguments(name, label, hints[name], scope)
        else:
            arguments.append(Argument(parameter, hints.get(name, Any)))
    _check_names(label, arguments, stub)
    return arguments


def _unpacked_arguments(name: str, label: str, hint: Any, scope: Mapping[str, Any]) -> list[Argument]:
    typed_dict = unpacked(hint)
    if not is_typed_dict(typed_dict):
        raise DeclarationError(f"{label}(): {name}: Unpack takes a TypedDict, got {typed_dict!r}")
    return [
        Argument(inspect.Parameter(key, _KEYWORD, default=_ABSENT if required else OMIT), inner)
        for key, (inner, required) in keys_of(typed_dict, scope).items()
    ]


_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_ABSENT: Any = inspect.Parameter.empty


def _check_names(label: str, arguments: list[Argument], stub: Callable[..., Any]) -> None:
    names = [argument.parameter.name for argument in arguments]
    for name in names:
        if names.count(name) > 1:
            kwargs = _parameters(stub)[-1][0]
            raise DeclarationError(f"{label}(): {name}: it is a key of **{kwargs} too")


def _parameters(stub: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    return list(inspect.signature(stub).parameters.items())[1:]


def split_path(path: str) -> tuple[list[str], list[str]]:
    """Return the literal pieces of a template and the variables between them."""
    pieces = _VARIABLE.split(path)
    return pieces[::2], pieces[1::2]


def places_of(spec: Spec, label: str, arguments: list[Argument], case: Callable[[str], str]) -> list[Place]:
    """Return where the arguments of a stub go; raises DeclarationError, also when they do not go together."""
    variables = split_path(spec.path)[1]
    names = {argument.parameter.name for argument in arguments}
    for variable in variables:
        if variable not in names:
            raise DeclarationError(f"{label}(): the path names {{{variable}}}, but there is no such parameter")
    places = [
        _place(spec, label, parameter, hint, in_path=parameter.name in variables, wire_name=case(parameter.name))
        for parameter, hint in arguments
    ]
    _check_places(label, places, spec)
    return places


def _place(spec: Spec, label: str, parameter: inspect.Parameter, hint: Any, *, in_path: bool, wire_name: str) -> Place:
    """Return where an argument goes; raises DeclarationError."""
    name, declared = parameter.name, _declared_role(label, parameter.name, hint)
    if in_path and declared is not None:
        raise DeclarationError(f"{label}(): {name}: it is in the path and cannot be {_named(declared)} too")
    if in_path and parameter.default is not parameter.empty:
        raise DeclarationError(f"{label}(): {name}: a path value cannot have a default")
    if in_path:
        return Place(name, name, None)
    role = declared or (Query() if spec.method in _SEND_QUERY else Field())
    if isinstance(role, Header):
        return Place(name, _checked(header_name, label, name, role.name or wire_name.replace("_", "-")), role)
    if isinstance(role, Body):
        _checked(header_text, label, name, role.content_type)
    return Place(name, role.name or wire_name, role)


def _declared_role(label: str, name: str, hint: Any) -> Role | None:
    if get_origin(hint) is not Annotated:
        if any(_declared_role(label, name, member) for member in get_args(hint)):
            raise DeclarationError(f"{label}(): {name}: the role must be outermost: Annotated[X | None, Query]")
        return None
    roles = [made for mark in get_args(hint)[1:] if (made := as_role(mark)) is not None]
    if len(roles) > 1:
        raise DeclarationError(f"{label}(): {name}: it cannot be {' and '.join(map(_named, roles))} at once")
    return roles[0] if roles else None


def as_role(mark: Any) -> Role | None:
    """Return the role that a mark of an Annotated hint names, None for another mark."""
    if isinstance(mark, type) and issubclass(mark, Role):
        return mark()
    return mark if isinstance(mark, Role) else None


def _checked(check: Callable[[str], str], label: str, parameter: str, text: str) -> str:
    try:
        return check(text)
    except Refused as refusal:
        raise DeclarationError(f"{label}(): {parameter}: {refusal}") from None


def _named(role: Role) -> str:
    return f"{type(role).__name__}({role.name!r})" if role.name else type(role).__name__


def _check_places(label: str, places: list[Place], spec: Spec) -> None:
    """Check that the arguments of a stub go together; raises DeclarationError."""
    bodies = [place.name for place in places if isinstance(place.role, Body)]
    fields = [place.name for place in places if isinstance(place.role, Field)]
    if len(bodies) > 1:
        raise DeclarationError(f"{label}(): {' and '.join(bodies)}: only one argument can be the body")
    if bodies and fields:
        raise DeclarationError(f"{label}(): {fields[0]}: it cannot be a field when {bodies[0]} is the body")
    kinds = {type(place.role): place.name for place in places if isinstance(place.role, _IN_BODY)}
    if len(kinds) > 1:
        said = " and ".join(f"{name} is a {kind.__name__}" for kind, name in kinds.items())
        raise DeclarationError(f"{label}(): a body is of one kind, but {said}")
    if kinds and spec.method in ("GET", "HEAD"):
        raise DeclarationError(f"{label}(): {next(iter(kinds.values()))}: a {spec.method} request has no body")
    taken_by: dict[tuple[type, str], str] = {}
    for place in places:
        name = place.wire_name.lower() if isinstance(place.role, Header) else place.wire_name
        taken = taken_by.setdefault((type(place.role), name), place.name)
        if taken != place.name:
            raise DeclarationError(f"{label}(): {place.name}: {taken} is sent as {place.wire_name!r} already")
