"""What a stub may say: the words of its decorator, and the role of each of its arguments."""

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
    "Field",
    "Form",
    "Header",
    "Part",
    "Path",
    "Query",
    "Role",
    "Spec",
    "UplinkRole",
    "as_role",
    "kind_of",
    "uplink_problem",
]


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


class Path(Role, frozen=True):
    """A value of the path: an argument whose name the template has in braces."""


class Query(Role, frozen=True):
    """A query parameter: `Annotated[str, Query("workspaceId")]`.

    Attributes:
        also: A second name that is sent with the same value, for servers that know only that one.
        join: Text between the items of a list, sent as one parameter; without it the name is repeated.
        json: Whether the value is sent as JSON text, so that it may be a dict.
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

    Attributes:
        content_type: The media type, unless an Upload has its own; text is then sent as it is, in UTF-8, if not as
            JSON.
    """

    content_type: str = ""


class Form(Role, frozen=True):
    """A field of a form body; None is not sent, a list repeats the name."""


class Part(Role, frozen=True):
    """A part of a multipart body: a File, bytes, text, or a record as JSON; a list repeats the name."""


class UplinkRole(Role, frozen=True):
    """What an annotation of uplink's own makes of an argument: `Annotated[str, uplink.Query("x")]`.

    Attributes:
        annotation: It, an instance.
        kind: The role of ours that it is like, so that both can be checked together.
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


_MAPS = frozenset({"FieldMap", "HeaderMap", "PartMap", "QueryMap"})

_NOT_HERE: dict[str, str] = {
    "Url": "a path is below the client's endpoint; client.request(method, path) sends where no stub does",
    "Context": "no hook of uplink runs here that would read it; leave it out",
    "ContextMap": "no hook of uplink runs here that would read it; leave it out",
}


def as_role(mark: Any) -> Role | None:
    """Return the role that a mark of an Annotated hint names, None for another mark."""
    if _is_class(mark) and (issubclass(mark, Role) or _is_uplinks(mark)):
        mark = mark()
    if isinstance(mark, Role):
        return mark
    kind = cast("Any", type(mark))
    return _uplink_role(mark, kind) if _is_uplinks(kind) else None


def kind_of(role: Role) -> type[Role]:
    """Return the class of a role; of one of uplink's, that of the role of ours that it is like."""
    return role.kind if isinstance(role, UplinkRole) else type(role)


def uplink_problem(mark: Any, hint: Any = Any) -> str:
    """Return why a mark that is uplink's cannot work in a stub, and what to write; "" for any other mark.

    Args:
        hint: What the mark stands beside.
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
    """Whether it is an argument annotation of uplink, told without loading uplink for those who use none."""
    return any(base.__module__ == _UPLINK and base.__name__ == "ArgumentAnnotation" for base in mark.__mro__)
