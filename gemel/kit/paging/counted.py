"""Counted pages, by offset or by number; an empty page is always the last."""

from __future__ import annotations

from typing import Any, ClassVar

from gemel.kit.http.messages import Request
from gemel.kit.paging.base import Paging, is_whole
from gemel.kit.paging.page import Glance
from gemel.kit.paging.position import Place

__all__ = ["Offset", "PageNumber"]


class Offset(Paging, frozen=True, kw_only=True):
    """Pages by offset: `@get("items", paging=Offset(limit=100, total="totalCount"))`.

    Attributes:
        param: The name of the parameter that carries the offset.
        start: The offset of the first item, 0 or more.
    """

    param: str = "offset"
    start: int = 0

    needed: ClassVar[tuple[str, ...]] = ("limit_param", "param")
    places: ClassVar[tuple[type, ...]] = (int,)

    def problem(self, method: str, unwrap: str | None) -> str:
        """Return what is wrong with the declaration, "" when nothing is."""
        return super().problem(method, unwrap) or _wrong_start(self.start)

    def begin(self, request: Request) -> Place:
        """Return the offset that the call gives, else that of the first item."""
        given = self.number(request, self.param)
        return Place(self.start if given is None else given)

    def aimed(self, request: Request, place: Place) -> Request:
        """Return the request with the offset of the place."""
        return self.with_values(request, {self.param: place.at})

    def after(self, place: Place, glance: Glance) -> Place | None:
        """Return the offset after the items received, counted since a server may give fewer than asked for."""
        count = len(glance.items)
        following = Place(_whole(place.at) + count, place.seen + count)
        over = not count or self.is_last(glance, _whole(following.at) - self.start)
        return None if over else following


class PageNumber(Paging, frozen=True, kw_only=True):
    """Pages by number: `@get("items", paging=PageNumber(limit=50, limit_param="per_page"))`.

    Attributes:
        param: The name of the parameter that carries the number.
        start: The number of the first page, 0 or more.
        pages: The key of a reply that says how many pages there are.
        pages_header: The header field of a reply that says how many pages there are.
    """

    param: str = "page"
    start: int = 1
    pages: str = ""
    pages_header: str = ""

    needed: ClassVar[tuple[str, ...]] = ("limit_param", "param")
    keyed: ClassVar[tuple[str, ...]] = ("total", "more", "pages")
    headers: ClassVar[tuple[str, ...]] = ("total_header", "pages_header")
    places: ClassVar[tuple[type, ...]] = (int,)

    def problem(self, method: str, unwrap: str | None) -> str:
        """Return what is wrong with the declaration, "" when nothing is."""
        return super().problem(method, unwrap) or _wrong_start(self.start)

    def begin(self, request: Request) -> Place:
        """Return the number that the call gives, else that of the first page."""
        given, limit = self.number(request, self.param), self.number(request, self.limit_param)
        number = self.start if given is None else given
        # A call may begin at a later page; for `total` the items before it count as seen.
        return Place(number, seen=max(0, number - self.start) * (limit or 0))

    def aimed(self, request: Request, place: Place) -> Request:
        """Return the request with the number of the place."""
        return self.with_values(request, {self.param: place.at})

    def after(self, place: Place, glance: Glance) -> Place | None:
        """Return the next page number, None after the last page."""
        following = Place(_whole(place.at) + 1, place.seen + len(glance.items))
        pages = glance.number(self.pages, self.pages_header)
        over = self.is_last(glance, following.seen) if pages is None else _whole(following.at) - self.start >= pages
        # Whatever the totals say: a server that counts items it does not show would otherwise be asked for ever.
        return None if over or not glance.items else following


def _wrong_start(start: Any) -> str:
    return "" if is_whole(start, least=0) else f"start must be a whole number from 0, got {start!r}"


def _whole(at: int | str | None) -> int:
    assert isinstance(at, int)
    return at
