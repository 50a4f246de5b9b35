"""Pages named by the server: by a cursor, a Link field, or an address in the reply."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from gemel.kit.errors import PagingError
from gemel.kit.http.address import as_octets
from gemel.kit.http.links import linked
from gemel.kit.http.messages import Request, hiding, origin
from gemel.kit.http.sensitive import address_secrets
from gemel.kit.paging.base import Paging
from gemel.kit.paging.page import Glance
from gemel.kit.paging.position import Place, hide, reveal
from gemel.kit.policies.redirects import absolute
from gemel.kit.types import is_mapping

__all__ = ["Cursor", "LinkHeader", "NextAddress"]


class Cursor(Paging, frozen=True, kw_only=True):
    """Pages by cursor: `Cursor(next="nextCursor")`, or `Cursor(item="id", param="after", more="more")`.

    The next cursor comes from exactly one of `next`, `next_header` and `item`.

    Attributes:
        param: The name of the parameter that carries the cursor.
        next: The key of a reply that holds the next cursor, with dots to go into objects.
        next_header: The header field of a reply that holds it.
        item: The field of the last item that serves as the cursor.
    """

    param: str = "cursor"
    next: str = ""
    next_header: str = ""
    item: str = ""

    needed: ClassVar[tuple[str, ...]] = ("limit_param", "param")
    keyed: ClassVar[tuple[str, ...]] = ("total", "more", "next")
    headers: ClassVar[tuple[str, ...]] = ("total_header", "next_header")
    places: ClassVar[tuple[type, ...]] = (int, str, type(None))
    named: ClassVar[bool] = True

    def problem(self, method: str, unwrap: str | None) -> str:
        """Return what is wrong with the declaration, "" when nothing is."""
        if sum(map(bool, (self.next, self.next_header, self.item))) != 1:
            return (
                "the cursor is either next=, a key of the reply, or item=, a field of the last item, "
                "or next_header=, a header field"
            )
        return super().problem(method, unwrap)

    def begin(self, request: Request) -> Place:
        """Return the cursor that the call gives, else the beginning."""
        return Place(self.given(request, self.param))

    def aimed(self, request: Request, place: Place) -> Request:
        """Return the request with the cursor of the place."""
        return request if place.at is None else self.with_values(request, {self.param: place.at})

    def after(self, place: Place, glance: Glance) -> Place | None:
        """Return the next cursor, None after the last page; an empty page that repeats its own cursor is the last."""
        seen = place.seen + len(glance.items)
        more = glance.flag(self.more)
        if more is False or (self.item and self.is_last(glance, seen)):
            return None
        cursor = self._cursor(glance)
        if cursor is None and more:
            glance.refuse(f"the reply says that there is more ({self.more!r}), but gives no cursor")
        return None if cursor is None or (cursor == place.at and not glance.items) else Place(cursor, seen)

    def _cursor(self, glance: Glance) -> int | str | None:
        value: Any = self._of_last_item(glance) if self.item else glance.beside.get(self.next)
        if self.next_header:
            value = glance.header(self.next_header)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            glance.refuse(f"a cursor is text or a whole number, the reply has {type(value).__name__}")
        return value

    def _of_last_item(self, glance: Glance) -> Any:
        if not glance.items:
            return None
        last = glance.items[-1]
        value = last.get(self.item) if is_mapping(last) else getattr(last, self.item, None)
        if value is None:
            glance.refuse(f"the last item has no {self.item!r}, which the declaration names as the cursor")
        return value


class _Addressed(Paging, frozen=True, kw_only=True):
    """Pages whose address the server gives; it is followed only to the call's own origin."""

    named: ClassVar[bool] = True

    def aimed(self, request: Request, place: Place) -> Request:
        """Return the request to the address of the place; raises PagingError for one of another origin."""
        if place.at is None:
            return request
        target = str(place.at)
        # The address is data from the server, and in a list of user content maybe of a stranger: followed elsewhere it
        # would take the token along.
        if origin(target) != origin(request.url) or "@" in urlsplit(target).netloc:
            scheme, host, port = origin(target)
            problem = (
                f"the next page is said to be at {scheme}://{host}:{port}: credentials go to the client's own origin"
            )
            raise PagingError(f"{request.context.label}: {problem} only", request=request)
        return replace(hiding(request, address_secrets(target, request.url)), url=target)

    def after(self, place: Place, glance: Glance) -> Place | None:
        """Return the address that the reply gives, made absolute."""
        reference: Any = self._reference(glance)
        if reference is None or reference in ("", b""):
            return None
        # Relative to the address that answered, which differs from the one asked for after a redirect (RFC 3986,
        # section 5.1.3).
        target = absolute(glance.response.url, reference) if isinstance(reference, str | bytes) else None
        if target is None:
            glance.refuse("what the reply gives as the next page is not an address")
        return Place(target, place.seen + len(glance.items))

    def kept(self, place: Place, request: Request) -> Place:
        """Return the place without the secret values of the call."""
        return place if place.at is None else replace(place, at=hide(str(place.at), request.context.secrets))

    def restored(self, place: Place, request: Request) -> Place:
        """Return the place with the secret values of the call."""
        place = super().restored(place, request)
        return place if place.at is None else replace(place, at=reveal(str(place.at), request.context.secrets))

    def _reference(self, glance: Glance) -> Any:
        raise NotImplementedError


class LinkHeader(_Addressed, frozen=True, kw_only=True):
    """Pages by the Link field of a reply (RFC 8288): `LinkHeader(limit=100, limit_param="per_page")`.

    Attributes:
        rel: The relation type of the link to the next page.
    """

    rel: str = "next"

    needed: ClassVar[tuple[str, ...]] = ("limit_param", "rel")

    def _reference(self, glance: Glance) -> Any:
        target = linked(glance.response.headers.get_list("link"), self.rel)
        # http.client and aiohttp decode header fields as Latin-1; the octets are needed to read UTF-8 in an address.
        return None if target is None else as_octets(target)


class NextAddress(_Addressed, frozen=True, kw_only=True):
    """Pages by an address in the reply: `NextAddress(field="next", total="count")`.

    Attributes:
        field: The key of a reply that holds the address of the next page, which may be relative.
    """

    field: str = "next"

    needed: ClassVar[tuple[str, ...]] = ("limit_param", "field")
    keyed: ClassVar[tuple[str, ...]] = ("total", "more", "field")

    def _reference(self, glance: Glance) -> Any:
        return None if glance.flag(self.more) is False else glance.beside.get(self.field)
