"""Checks a declaration: its path, its arguments, and whether they go together.

What can be looked up when the class is made is checked then; what names something that is defined later, on first use.
"""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ForwardRef, cast, get_args, get_origin

from msgspec.structs import replace
from typing_extensions import get_type_hints

from gemel.kit.annotations import annotations_of, signature_of, written
from gemel.kit.errors import DeclarationError
from gemel.kit.http.encoding import (
    Refused,
    cookie_name,
    encode_path,
    encode_segment,
    header_name,
    header_text,
    percent_encoded,
)
from gemel.kit.http.verbs import BODILESS, SENDS_QUERY
from gemel.kit.models.coding import writer_of
from gemel.kit.models.hints import opened_aliases
from gemel.kit.models.typed_dicts import is_typed_dict, keys_of, unpacked
from gemel.kit.paging import Page, Paging
from gemel.kit.stubs.roles import (
    Body,
    Cookie,
    Field,
    Form,
    Header,
    Part,
    Path,
    Query,
    Role,
    Spec,
    UplinkRole,
    Url,
    as_role,
    kind_of,
    uplink_problem,
)
from gemel.kit.types import OMIT

__all__ = [
    "UNKNOWN",
    "check_declaration",
    "check_paging",
    "check_returned",
    "items_type",
    "may_be_mixed",
    "parameters_of",
    "returned_head",
    "returned_type",
    "roles_of",
    "split_path",
]

_VARIABLE = re.compile(r"\{\+?([^{}]*)\}")
_SEVERAL = re.compile(r"\{\+([^{}]*)\}")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})+")
# The characters of a path segment, RFC 3986, section 3.3 (pchar), "%" taken for the start of an escape, and "/".
_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*")
_ORIGIN = re.compile(r"https?://(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""An origin as a role names it: `*` stands for any host, `*.` for any below a name."""
_IN_BODY = (Field, Body, Form, Part)


def check_declaration(
    spec: Spec, stub: Callable[..., Any], label: str, case: Callable[[str], str], scope: Mapping[str, Any]
) -> None:
    """Check a declaration when its class is made; raises DeclarationError.

    Only the annotations that name a role are looked up; one that cannot be yet is checked on first use.
    """
    _check_path(spec.path, label)
    if spec.query and not _QUERY.fullmatch(spec.query):
        raise DeclarationError(
            f"{label}(): the query {spec.query!r} of the path must be encoded, and the same for every call; "
            "what varies is an argument"
        )
    for name, parameter in _parameters(stub):
        unpacks = parameter.kind is parameter.VAR_KEYWORD and "Unpack" in written(parameter.annotation)
        if parameter.kind is parameter.VAR_POSITIONAL or (parameter.kind is parameter.VAR_KEYWORD and not unpacks):
            raise DeclarationError(f"{label}(): {name}: write each argument out, or **{name}: Unpack[SomeTypedDict]")
    if signature_of(stub).return_annotation is inspect.Signature.empty:
        raise DeclarationError(f"{label}(): the return type is missing; write -> None for a reply without a body")
    hints = _role_hints(stub, scope)
    if hints is not None:
        roles_of(spec, label, parameters_of(stub, label, hints, scope), case)


def _check_path(path: str, label: str) -> None:
    segments = path.removeprefix("/").split("/")
    plain = all(_LITERAL.fullmatch(literal) for literal in split_path(path)[0])
    # Servers and proxies remove dot segments (RFC 3986, section 5.2.4), so that a path would not lead where it says.
    if not plain or "" in segments[:-1] or not {".", ".."}.isdisjoint(segments):
        raise DeclarationError(
            f"{label}(): the path {path!r} must be below the endpoint, or below its host when it begins with /, "
            "and name each value as {name}"
        )


def _role_hints(stub: Callable[..., Any], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the resolved annotations that may name a role, none of them while a name is not defined yet.

    Where that is a key's, or one of the TypedDict's itself, not even the arguments are known yet: None.
    """

    def holder() -> None: ...

    # get_type_hints evaluates all or nothing: one type that is imported later would hide the roles of all arguments.
    named = {name: hint for name, hint in annotations_of(stub).items() if _NAMES_ROLES.search(written(hint))}
    holder.__annotations__ = {name: hint for name, hint in named.items() if name != "return"}
    try:
        hints = get_type_hints(holder, stub.__globals__, dict(scope), include_extras=True)
        for hint in hints.values():
            if is_typed_dict(unpacked(hint)):
                keys_of(unpacked(hint), scope)
    except NameError:
        return None if any("Unpack" in written(hint) for hint in named.values()) else {}
    return hints


_NAMES_ROLES = re.compile(
    r"Annotated|Unpack|uplink"
    # Of uplink's one may write the name alone; it is looked up to be refused.
    r"|\b(?:Body|Context|ContextMap|Cookie|Field|FieldMap|Header|HeaderMap|Part|PartMap|Path|Query|QueryMap|Timeout|Url)\b"
)


def parameters_of(
    stub: Callable[..., Any], label: str, hints: Mapping[str, Any], scope: Mapping[str, Any]
) -> list[inspect.Parameter]:
    """Return the parameters of a stub in order, without `self`, their annotations resolved.

    A `**` that unpacks a TypedDict gives a parameter for each key.

    Args:
        stub: The function.
        label: Its resource and name, for errors.
        hints: Its resolved annotations.
        scope: Names that annotations may use besides the module's.

    Raises:
        DeclarationError: A name occurs twice, or `Unpack` takes something other than a TypedDict.
        NameError: The annotation of a key names something that is not defined.
    """
    parameters: list[inspect.Parameter] = []
    for name, parameter in _parameters(stub):
        if parameter.kind is parameter.VAR_KEYWORD:
            parameters += _unpacked_parameters(name, label, hints[name], scope)
        else:
            parameters.append(parameter.replace(annotation=hints.get(name, Any)))
    _check_names(label, parameters, stub)
    return parameters


def _unpacked_parameters(name: str, label: str, hint: Any, scope: Mapping[str, Any]) -> list[inspect.Parameter]:
    typed_dict = unpacked(hint)
    if not is_typed_dict(typed_dict):
        raise DeclarationError(f"{label}(): {name}: Unpack takes a TypedDict, got {typed_dict!r}")
    return [
        inspect.Parameter(key, _KEYWORD, default=_ABSENT if required else OMIT, annotation=inner)
        for key, (inner, required) in keys_of(typed_dict, scope).items()
    ]


_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_ABSENT: Any = inspect.Parameter.empty


def _check_names(label: str, parameters: list[inspect.Parameter], stub: Callable[..., Any]) -> None:
    names = [parameter.name for parameter in parameters]
    for name in names:
        if names.count(name) > 1:
            kwargs = _parameters(stub)[-1][0]
            raise DeclarationError(f"{label}(): {name}: it is a key of **{kwargs} too")


def _parameters(stub: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    return list(signature_of(stub).parameters.items())[1:]


def split_path(path: str) -> tuple[list[str], list[str]]:
    """Split a path template into its literal pieces and the variables between them."""
    pieces = _VARIABLE.split(path)
    return pieces[::2], pieces[1::2]


def roles_of(
    spec: Spec, label: str, parameters: list[inspect.Parameter], case: Callable[[str], str]
) -> dict[str, Role]:
    """Return the role of each parameter of a stub, its name on the wire filled in.

    Args:
        spec: The arguments of the decorator.
        label: The resource and name of the stub, for errors.
        parameters: Its parameters, annotations resolved.
        case: Turns the name of an argument into that on the wire.

    Raises:
        DeclarationError: A role cannot work, or the roles do not go together.
    """
    variables = split_path(spec.path)[1]
    in_path = {name: name for name in variables if any(parameter.name == name for parameter in parameters)}
    roles = {
        parameter.name: _role(
            spec, label, parameter, in_path=parameter.name in variables, wire_name=case(parameter.name)
        )
        for parameter in parameters
    }
    for parameter in parameters:
        _check_codecs(label, parameter)
    for name, role in roles.items():
        if kind_of(role) is Path:
            in_path[role.name] = name
            if role.name not in variables:
                raise DeclarationError(f"{label}(): {name}: the path does not name {{{role.name}}}")
    for variable in variables:
        if variable not in in_path:
            raise DeclarationError(f"{label}(): the path names {{{variable}}}, but there is no such parameter")
    _check_together(label, roles, spec)
    return roles


def _role(spec: Spec, label: str, parameter: inspect.Parameter, *, in_path: bool, wire_name: str) -> Role:
    """Return the role of a parameter; raises DeclarationError."""
    name, declared = parameter.name, _declared_role(label, parameter.name, parameter.annotation)
    if in_path and declared is not None and kind_of(declared) is not Path:
        raise DeclarationError(f"{label}(): {name}: it is in the path and cannot be {_named(declared)} too")
    if in_path and parameter.default in (None, OMIT):
        raise DeclarationError(f"{label}(): {name}: a path value cannot have a default that leaves it out")
    if isinstance(declared, UplinkRole):
        if declared.kind is Header:
            _checked(header_name, label, name, declared.name or name)
        return replace(declared, name=declared.name or name)
    if in_path:
        return _path_role(spec, label, parameter, declared if isinstance(declared, Path) else Path())
    role = declared or (Query() if spec.method in SENDS_QUERY else Field())
    if isinstance(role, Query | Form):
        _check_lists(label, name, role)
    if isinstance(role, Url):
        _check_url(spec, label, name, role)
        return replace(role, name=name)
    if isinstance(role, Cookie):
        return replace(role, name=_checked(cookie_name, label, name, role.name or wire_name))
    if isinstance(role, Header):
        if not _JOINS_HEADERS.fullmatch(role.join):
            raise DeclarationError(f"{label}(): {name}: join={role.join!r} cannot stand between the items of a header")
        return replace(role, name=_checked(_header_name, label, name, role.name or wire_name.replace("_", "-")))
    if isinstance(role, Body):
        role = replace(role, content_type=role.content_type or spec.words.get("content_type", ""))
        _checked(header_text, label, name, role.content_type)
    for text in (role.name, getattr(role, "also", "")):
        _checked(percent_encoded, label, name, text)
    return replace(role, name=role.name or wire_name)


_JOINS_HEADERS = re.compile(r"[,;|] ?| ")
_JOINS_SEGMENTS = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]+")


def _path_role(spec: Spec, label: str, parameter: inspect.Parameter, declared: Path) -> Path:
    """Return the role of a path value; raises DeclarationError for a default that no path can hold."""
    name, default = parameter.name, parameter.default
    role = replace(declared, name=name, slashes=name in _SEVERAL.findall(spec.path))
    if not _JOINS_SEGMENTS.fullmatch(role.join):
        raise DeclarationError(f"{label}(): {name}: join={role.join!r} cannot stand in one segment of a path")
    if isinstance(default, str):
        _checked(encode_path if role.slashes else encode_segment, label, name, default)
    return role


def _check_codecs(label: str, parameter: inspect.Parameter) -> None:
    """Check that the codecs of an argument stand beside types of theirs; raises DeclarationError."""
    try:
        writer_of(parameter.annotation)
    except TypeError as error:
        raise DeclarationError(f"{label}(): {parameter.name}: {error}") from None


def _check_url(spec: Spec, label: str, name: str, role: Url) -> None:
    """Check what a role says of an address; raises DeclarationError."""
    if spec.path or spec.query:
        raise DeclarationError(f'{label}(): {name}: it is the address, so the path must be "", not {spec.path!r}')
    for origin in cast("tuple[object, ...]", role.origins):
        if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
            raise DeclarationError(
                f'{label}(): {name}: origins= names each as "https://host", "https://*.host" or "https://*", '
                f"got {origin!r}"
            )


def _check_lists(label: str, name: str, role: Query | Form) -> None:
    """Check what a role says of lists and records; raises DeclarationError."""
    said = [word for word in ("join", "style", "json") if getattr(role, word, False)]
    if role.style not in ("", "deep", "dots"):
        raise DeclarationError(f'{label}(): {name}: style must be "deep" or "dots", got {role.style!r}')
    if role.lists not in ("repeat", "brackets", "indices"):
        raise DeclarationError(
            f'{label}(): {name}: lists must be "repeat", "brackets" or "indices", got {role.lists!r}'
        )
    if "json" in said and (len(said) > 1 or role.lists != "repeat"):
        raise DeclarationError(f"{label}(): {name}: with json=True the value is one text, so nothing else is said")
    if role.join and role.lists != "repeat":
        raise DeclarationError(f"{label}(): {name}: join={role.join!r} and lists={role.lists!r} exclude each other")


def _header_name(name: str) -> str:
    if name.lower() == "connection":
        raise Refused(
            'Connection is about the client, not one argument: give the client headers={"Connection": "close"}'
        )
    return header_name(name)


def _declared_role(label: str, name: str, hint: Any) -> Role | None:
    if get_origin(hint) is not Annotated:
        _check_mark(label, name, hint, Any)
        if (bare := as_role(hint)) is not None:
            raise DeclarationError(f"{label}(): {name}: say its type too: Annotated[str, {_named(bare)}]")
        if any(_declared_role(label, name, member) for member in get_args(hint)):
            raise DeclarationError(f"{label}(): {name}: the role must be outermost: Annotated[X | None, Query]")
        return None
    for mark in get_args(hint)[1:]:
        _check_mark(label, name, mark, get_args(hint)[0])
    roles = [made for mark in get_args(hint)[1:] if (made := as_role(mark)) is not None]
    if len(roles) > 1:
        raise DeclarationError(f"{label}(): {name}: it cannot be {' and '.join(map(_named, roles))} at once")
    return roles[0] if roles else None


def check_returned(hint: Any, label: str) -> None:
    """Check that a resolved return type names nothing of uplink's; raises DeclarationError."""
    for mark in get_args(hint)[1:] if get_origin(hint) is Annotated else (hint,):
        _check_mark(label, "return", mark, Any)


def _check_mark(label: str, name: str, mark: Any, hint: Any) -> None:
    problem = uplink_problem(mark, hint)
    if problem:
        raise DeclarationError(f"{label}(): {name}: {problem}")


def _checked(check: Callable[[Any], str], label: str, parameter: str, text: str) -> str:
    try:
        return check(text)
    except Refused as refusal:
        raise DeclarationError(f"{label}(): {parameter}: {refusal}") from None


def _named(role: Role) -> str:
    kind = type(role.annotation).__name__ if isinstance(role, UplinkRole) else type(role).__name__
    return f"{kind}({role.name!r})" if role.name else kind


def _check_together(label: str, roles: Mapping[str, Role], spec: Spec) -> None:
    """Check that the arguments of a stub go together; raises DeclarationError."""
    kinds = {name: kind_of(role) for name, role in roles.items()}
    bodies = [name for name, kind in kinds.items() if kind is Body]
    fields = [name for name, kind in kinds.items() if kind is Field]
    if len(bodies) > 1:
        raise DeclarationError(f"{label}(): {' and '.join(bodies)}: only one argument can be the body")
    if bodies and fields:
        raise DeclarationError(f"{label}(): {fields[0]}: it cannot be a field when {bodies[0]} is the body")
    in_body = {kind: name for name, kind in kinds.items() if kind in _IN_BODY}
    if "content_type" in spec.words and in_body.keys().isdisjoint((Field, Body)):
        said = " and ".join(f"{name} is a {kind.__name__}" for kind, name in in_body.items()) or "there is no body"
        raise DeclarationError(f"{label}(): content_type: it is of a JSON body or a Body, but {said}")
    if len(in_body) > 1:
        said = " and ".join(f"{name} is a {kind.__name__}" for kind, name in in_body.items())
        raise DeclarationError(f"{label}(): a body is of one kind, but {said}")
    if in_body and spec.method in BODILESS and not spec.has_body:
        raise DeclarationError(f"{label}(): {next(iter(in_body.values()))}: a {spec.method} request has no body")
    urls = [name for name, kind in kinds.items() if kind is Url]
    if len(urls) > 1:
        raise DeclarationError(f"{label}(): {' and '.join(urls)}: only one argument can be the address")
    cookies = [name for name, kind in kinds.items() if kind is Cookie]
    header = next((name for name, role in roles.items() if kinds[name] is Header and role.name.lower() == "cookie"), "")
    if cookies and header:
        raise DeclarationError(f"{label}(): {cookies[0]}: it cannot be a cookie when {header} is the whole header")
    fixed = {pair.partition("=")[0] for pair in spec.query.split("&")}
    for name, role in roles.items():
        if kinds[name] is Query and percent_encoded(role.name) in fixed:
            raise DeclarationError(f"{label}(): {name}: the path has {role.name!r} in its query already")
    taken_by: dict[tuple[type, str], str] = {}
    for argument, role in roles.items():
        # Field names are case-insensitive (RFC 9110, section 5.1).
        name = role.name.lower() if kinds[argument] is Header else role.name
        taken = taken_by.setdefault((kinds[argument], name), argument)
        if taken != argument:
            raise DeclarationError(f"{label}(): {argument}: {taken} is sent as {role.name!r} already")


UNKNOWN: Any = object()
"""The return type of a stub while it cannot be resolved yet."""


def check_paging(paging: Any, method: str, unwrap: str | None, returned: Any, label: str) -> None:
    """Check a paging declaration, and against the return type where that is known.

    Args:
        paging: The argument of the decorator, None for none.
        method: The HTTP verb.
        unwrap: The key that holds the items, None when they are the whole body.
        returned: The return type or only its head; UNKNOWN when it is not known yet.
        label: The resource and name of the stub, for errors.

    Raises:
        DeclarationError: The declaration cannot work.
    """
    if returned is not UNKNOWN:
        is_page = returned is Page or get_origin(returned) is Page
        if paging is None and is_page:
            raise DeclarationError(f"{label}(): it returns Page, so say how: @get(..., paging=Offset(limit=100))")
        if paging is not None and not is_page:
            raise DeclarationError(f"{label}(): with paging=... it returns Page[T], the type of one item in brackets")
    if paging is not None:
        problem = paging.problem(method, unwrap) if isinstance(paging, Paging) else f"not a Paging: {paging!r}"
        if problem:
            raise DeclarationError(f"{label}(): paging: {problem}")


def items_type(returned: Any, label: str) -> Any:
    """Return `list[T]` for the return type `Page[T]`; raises DeclarationError for any other."""
    arguments = get_args(returned)
    if get_origin(returned) is not Page or not arguments:
        raise DeclarationError(f"{label}(): with paging=... it returns Page[T], the type of one item in brackets")
    return list[arguments[0]]  # type: ignore[valid-type]


def returned_type(stub: Any, scope: Mapping[str, Any]) -> Any:
    """Return the whole return type, looked up; UNKNOWN when it names something that is not there yet.

    Args:
        stub: The function.
        scope: Names that annotations may use besides the module's.
    """

    def holder() -> None: ...

    holder.__annotations__ = {"return": annotations_of(stub).get("return", UNKNOWN)}
    try:
        return opened_aliases(get_type_hints(holder, stub.__globals__, dict(scope), include_extras=True)["return"])
    except NameError:
        return UNKNOWN


def may_be_mixed(stub: Any) -> bool:
    """Say whether a return type, as it is written, may hold what stands alone inside something else."""
    return bool(_ALONE.search(written(annotations_of(stub).get("return", ""))))


_ALONE = re.compile(r"[|\[,].*\b(?:Page|Stream|Download|Reply)\b|\b(?:Page|Stream|Download|Reply)\b.*\|")


def returned_head(stub: Any, scope: Mapping[str, Any]) -> Any:
    """Return the return type of a stub; for one written as text, the name before its brackets, or UNKNOWN.

    Args:
        stub: The function.
        scope: Names that annotations may use besides the module's.
    """
    annotation = annotations_of(stub).get("return", UNKNOWN)
    if not isinstance(annotation, str | ForwardRef):
        return annotation
    first, *rest = written(annotation).partition("[")[0].strip().split(".")
    found: Any = next((names[first] for names in (scope, stub.__globals__, vars(builtins)) if first in names), UNKNOWN)
    for name in rest:
        found = getattr(found, name, UNKNOWN)
    return found
