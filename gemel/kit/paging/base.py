"""Paging: what all kinds of paging share, the number of items asked for and when a page is the last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import Refused, header_name
from gemel.kit.http.messages import Request
from gemel.kit.http.verbs import BODILESS, SENDS_QUERY
from gemel.kit.paging.page import Glance
from gemel.kit.paging.position import Place
from gemel.kit.policies.options import NO_OPTIONS
from gemel.kit.types import is_object

__all__ = ["Paging", "is_whole"]

_NOT_NAMES = frozenset({"limit", "max_pages", "start", "within"})


class Paging(Struct, frozen=True, kw_only=True):
    """How an API gives a list in pages: one of Offset, PageNumber, Cursor, LinkHeader and NextAddress.

    Attributes:
        limit: How many items to ask for on a page, unless the call says so itself; None asks for no number.
        limit_param: The name of the parameter that carries `limit`.
        total: The key of a reply that says how many items there are in all. This and the other keys of a reply may
            go into objects with dots, "meta.total".
        more: The key of a reply that says whether there are more items, true or false.
        total_header: The header field of a reply that says how many items there are in all.
        within: Where the parameters go, "query" or "body"; None is where plain arguments of the verb go.
        max_pages: The most pages that one iteration fetches, a bound against lists that never end.
    """

    limit: int | None = None
    limit_param: str = "limit"
    total: str = ""
    more: str = ""
    total_header: str = ""
    within: Literal["query", "body"] | None = None
    max_pages: int = 10_000

    needed: ClassVar[tuple[str, ...]] = ("limit_param",)
    keyed: ClassVar[tuple[str, ...]] = ("total", "more")
    places: ClassVar[tuple[type, ...]] = (str, type(None))
    headers: ClassVar[tuple[str, ...]] = ("total_header",)
    # A place that the server names is new when its name is. One that is counted is new by our own doing: only the items
    # tell whether the server knows the parameter at all.
    named: ClassVar[bool] = False

    def keys(self) -> tuple[str, ...]:
        """Return the paths of a reply to read beside its items."""
        return tuple(path for name in self.keyed if (path := getattr(self, name)))

    def problem(self, method: str, unwrap: str | None) -> str:
        """Return what is wrong with the declaration, "" when nothing is."""
        for name in ("limit", "max_pages"):
            if not is_whole(getattr(self, name), least=1, optional=name == "limit"):
                return f"{name} must be a whole number from 1, got {getattr(self, name)!r}"
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if name not in _NOT_NAMES and (not isinstance(value, str) or (name in self.needed and not value)):
                return f"{name} must be a name, got {value!r}"
        for name in self.headers:
            if (field := getattr(self, name)) and not _is_header(field):
                return f"{name} must be the name of a header field, got {field!r}"
        if self.within not in (None, "query", "body"):
            return f'within must be "query" or "body", got {self.within!r}'
        if method in BODILESS and (method == "HEAD" or self.within == "body"):
            return f"a {method} {'reply has no items' if method == 'HEAD' else 'request has no body'}"
        if self.keys() and unwrap is None:
            return f"{self.keys()[0]!r} is beside the items: name their key too, unwrap=..."
        return ""

    def begin(self, request: Request) -> Place:
        """Return where the list begins for a call; raises InvalidArgument for a parameter that is not a number."""
        return Place()

    def limited(self, request: Request) -> Request:
        """Return the request with `limit` added, unless the call gives one itself."""
        if self.limit is None or self.given(request, self.limit_param) is not None:
            return request
        return self.with_values(request, {self.limit_param: self.limit})

    def aimed(self, request: Request, place: Place) -> Request:
        """Return the request that fetches the page at a place; raises PagingError."""
        raise NotImplementedError

    def after(self, place: Place, glance: Glance) -> Place | None:
        """Return where the next page begins, None after the last; raises PagingError for a contradictory reply."""
        raise NotImplementedError

    def kept(self, place: Place, request: Request) -> Place:
        """Return the place as it may be stored, without secret values."""
        return place

    def restored(self, place: Place, request: Request) -> Place:
        """Return a stored place with its secret values; raises ValueError for one of another kind of paging."""
        if not isinstance(place.at, self.places):
            raise ValueError("it belongs to another kind of paging")
        return place

    def given(self, request: Request, name: str) -> Any:
        """Return the value of a parameter that the call sends itself, None when it does not."""
        if self._where(request) == "query":
            return next((value for key, value in parse_qsl(urlsplit(request.url).query) if key == name), None)
        return _members(request).get(name)

    def number(self, request: Request, name: str) -> int | None:
        """Return the value of such a parameter as a number; raises InvalidArgument when it is not one."""
        value = self.given(request, name)
        try:
            return None if value is None else int(value)
        except (ValueError, TypeError):
            raise InvalidArgument(request.context.label, name, "paging needs a whole number here") from None

    def with_values(self, request: Request, values: Mapping[str, Any]) -> Request:
        """Return the request with these parameters, which replace its own of the same names."""
        options = NO_OPTIONS.with_values({self._where(request): values}, request.context.label)
        return replace(options, secrets=()).applied(request, 0.0)  # a "pageToken" opens nothing

    def total_of(self, glance: Glance) -> int | None:
        """Return how many items the whole list has, None where the reply does not say."""
        return glance.number(self.total, self.total_header)

    def is_last(self, glance: Glance, reached: int) -> bool:
        """Say whether a page is the last after `reached` items: by `more`, else by the total, else by its size."""
        more, total = glance.flag(self.more), self.total_of(glance)
        if more is not None:
            return not more
        if total is not None:
            return reached >= total
        limit = self.number(glance.request, self.limit_param)
        # The last resort: servers cap the size of a page, and then each is shorter than asked for.
        return limit is not None and len(glance.items) < limit

    def _where(self, request: Request) -> str:
        return self.within or ("query" if request.method in SENDS_QUERY else "body")


def _members(request: Request) -> Mapping[str, Any]:
    """Return the members of a JSON body; raises InvalidArgument for a body that is not a JSON object."""
    try:
        plain = request.body is None or isinstance(request.body, bytes)
        # What is not bytes is an Upload or a form of parts, read only once while it is sent.
        body: Any = json.loads(cast("bytes | None", request.body) or b"{}") if plain else None
    except ValueError:
        body = None
    if not is_object(body):
        problem = 'paging goes into a JSON object, and the body is none; declare it with within="query"'
        raise InvalidArgument(request.context.label, "body", problem)
    return body


def _is_header(name: str) -> bool:
    try:
        return bool(header_name(name))
    except Refused:
        return False


def is_whole(value: Any, *, least: int, optional: bool = False) -> bool:
    """Say whether a value is a whole number, `least` or more; None is one too if `optional`."""
    if value is None:
        return optional
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
