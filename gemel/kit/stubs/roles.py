"""The vocabulary of a stub: the arguments of its decorator, and the role of each of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, cast, get_args, get_origin

from msgspec import Struct

from gemel.kit.errors import AlternativeReplyError
from gemel.kit.http.sse import EventStream
from gemel.kit.models.typed_dicts import is_typed_dict
from gemel.kit.paging import Paging

__all__ = [
    "Body",
    "Cookie",
    "Field",
    "Form",
    "Header",
    "Part",
    "Path",
    "Query",
    "Role",
    "Spec",
    "UplinkRole",
    "Url",
    "as_role",
    "kind_of",
    "uplink_problem",
]


class Spec(Struct, frozen=True):
    """The arguments of a decorator; Verb describes them."""

    method: str
    path: str
    unwrap: str | None
    alternatives: dict[str, type[AlternativeReplyError]]
    deprecated: bool
    paging: Paging | None = None
    cacheable: bool = True
    events: EventStream | None = None
    query: str = ""
    has_body: bool = False
    replies: Mapping[int, Any] | None = None
    words: Mapping[str, Any] = {}


class Role(Struct, frozen=True):
    """Where an argument goes in a request.

    Attributes:
        name: Its name on the wire; "" derives it from the name of the argument by the case of the resource.
    """

    name: str = ""


class Path(Role, frozen=True):
    """A value in the path: an argument whose name stands in braces in the template.

    Attributes:
        join: Text between the items of a list.
        slashes: Whether it may be several segments; the template says it: `{+name}`.
    """

    join: str = ","
    slashes: bool = False


class Query(Role, frozen=True):
    """A query parameter: `Annotated[str, Query("workspaceId")]`.

    Attributes:
        also: A second name under which the value is sent as well, for servers that know only that one.
        join: The separator with which a list is sent as one parameter; "" repeats the name for each item.
        json: Whether the value is sent as JSON text, so that it may be a dict.
        style: How the members of a dict or a record are named: "deep" for `name[member]`, "dots" for `name.member`.
        lists: How the items of a list are named: "repeat" the name, with "brackets" (`name[]`), or with "indices"
            (`name[0]`).
    """

    also: str = ""
    join: str = ""
    json: bool = False
    style: str = ""
    lists: str = "repeat"


class Field(Role, frozen=True):
    """A member of the JSON body: `Annotated[str, Field("workspaceId")]`; OMIT leaves it out, None is null."""


class Header(Role, frozen=True):
    """A request header: `Annotated[str, Header("X-Trace")]`; unnamed, the argument's wire name with - for _.

    Attributes:
        join: Text between the items of a list; an empty list is not sent.
    """

    join: str = ","


class Cookie(Role, frozen=True):
    """A cookie of the request: `Annotated[str, Cookie("session")]`; None is not sent. It is secret without a mark."""


class Body(Role, frozen=True):
    """The whole body: bytes and an Upload as they are, anything else as JSON; at most one, and no Field beside it.

    Attributes:
        content_type: The media type, unless an Upload has its own; with one that is not JSON, text is sent as it is,
            in UTF-8.
    """

    content_type: str = ""


class Form(Role, frozen=True):
    """A field of a form body; None is not sent, a list repeats the name.

    Attributes:
        join, style, lists: As of a Query.
    """

    join: str = ""
    style: str = ""
    lists: str = "repeat"


class Part(Role, frozen=True):
    """A part of a multipart body: a File, bytes, text, or a record as JSON; a list repeats the name."""


class Url(Role, frozen=True):
    """The address itself, whole or relative to the client's endpoint: `Annotated[str, Url]`, below the path "".

    Attributes:
        origins: Where it may be besides the client's own origin: "https://uploads.example", "https://*.example" for
            any host below a name, "https://*" for any. Headers of the client do not go there, and its credentials
            only where its own `origins` names the place too.
    """

    origins: tuple[str, ...] = ()


class UplinkRole(Role, frozen=True):
    """The role that an annotation of uplink gives to an argument: `Annotated[str, uplink.Query("x")]`.

    Attributes:
        annotation: The annotation, an instance.
        kind: The equivalent role of gemel, so that both can be checked together.
    """

    annotation: Any = None
    kind: type[Role] = Role


_UPLINK_KINDS: dict[str, type[Role]] = {
    "Body": Body,
    "Field": Field,
    "FieldMap": Field,
    "Header": Header,
    "Part": Part,
    "PartMap": Part,
    "Path": Path,
    "Query": Query,
}


# These spread a mapping over the request; with any other value uplink fails at the first call.
_MAPS = frozenset({"FieldMap", "HeaderMap", "PartMap", "QueryMap"})

_NOT_HERE: dict[str, str] = {
    "Url": "a path is below the client's endpoint; client.request(method, path) sends where no stub does",
    "Context": "no hook of uplink runs here that would read it; leave it out",
    "ContextMap": "no hook of uplink runs here that would read it; leave it out",
}


def as_role(mark: Any) -> Role | None:
    """Return the role that a mark in an Annotated hint stands for, None for another mark."""
    if _is_class(mark) and (issubclass(mark, Role) or _is_uplinks(mark)):
        mark = mark()
    if isinstance(mark, Role):
        return mark
    kind = cast("Any", type(mark))
    return _uplink_role(mark, kind) if _is_uplinks(kind) else None


def kind_of(role: Role) -> type[Role]:
    """Return the class of a role; for an annotation of uplink, that of the equivalent role."""
    return role.kind if isinstance(role, UplinkRole) else type(role)


def uplink_problem(mark: Any, hint: Any = Any) -> str:
    """Return why an annotation of uplink cannot work in a stub, and what to write instead; "" for any other mark.

    Args:
        mark: The mark, a class or an instance.
        hint: The type that it annotates.
    """
    kind: type[Any] = mark if _is_class(mark) else cast("Any", type(mark))
    named = next((base.__name__ for base in kind.__mro__ if base.__module__.partition(".")[0] == "uplink"), "")
    if not named:
        return ""
    if not _is_uplinks(kind):
        return f"uplink's {named} says nothing here; an annotation says a type and, of an argument, its place"
    own = _own_name(kind)
    if own in _NOT_HERE:
        return f"uplink's {own} does not work here: {_NOT_HERE[own]}"
    if not _is_class(mark) and getattr(mark, "_type", None) is not None:
        return f"uplink's {own} names a type for a converter, and none runs here; the annotation says the type"
    if own in _MAPS and not _takes_maps(hint):
        return f"uplink's {own} takes a mapping: Annotated[dict[str, str], {own}]"
    return ""


def _uplink_role(annotation: Any, kind: type[Any]) -> UplinkRole:
    kinds = (_UPLINK_KINDS.get(base.__name__) for base in kind.__mro__ if base.__module__ == _UPLINK)
    return UplinkRole(getattr(annotation, "name", None) or "", annotation, next((kind for kind in kinds if kind), Role))


def _own_name(kind: type[Any]) -> str:
    return next(base.__name__ for base in kind.__mro__ if base.__module__ == _UPLINK)


def _takes_maps(hint: Any) -> bool:
    base: Any = get_origin(hint) or hint
    if base is Annotated:
        return _takes_maps(get_args(hint)[0])
    if base in (Union, UnionType):
        return any(map(_takes_maps, get_args(hint)))
    return base is Any or is_typed_dict(base) or (_is_class(base) and issubclass(base, Mapping))


def _is_class(mark: Any) -> TypeGuard[type[Any]]:
    return isinstance(mark, type)


_UPLINK = "uplink.arguments"


def _is_uplinks(mark: type[Any]) -> bool:
    """Say whether a class is an argument annotation of uplink, without importing uplink."""
    return any(base.__module__ == _UPLINK and base.__name__ == "ArgumentAnnotation" for base in mark.__mro__)
