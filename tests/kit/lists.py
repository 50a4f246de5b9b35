"""A server that gives lists in pages of every kind, and the resource that reads them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Cursor, Form, LinkHeader, NextAddress, Offset, Page, PageNumber, Query, get, post
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Mode
from .wire import Seen, Wire, read_request, reply


class Item(Model, case="camel"):
    """An item of a list."""

    id: str


class Things(Resource[M], case="camel"):
    """The same list, paged in every way."""

    @get("offset", unwrap="items", paging=Offset(limit=3, total="totalCount"))
    def by_offset(self, *, limit: int | Omit = OMIT, offset: int | Omit = OMIT, owner: str | Omit = OMIT) -> Page[Item]:
        """Offset and limit, with a total."""
        ...

    @get("offset", unwrap="items", paging=Offset(limit=3))
    def by_size(self) -> Page[Item]:
        """Offset and limit: a short page is the last."""
        ...

    @get("offset", unwrap="items", paging=Offset(more="hasMore"))
    def by_more(self) -> Page[Item]:
        """Offset, and the server says whether there is more."""
        ...

    @get("scim", unwrap="items", paging=Offset(param="startIndex", start=1, limit_param="count", limit=3, total="n"))
    def by_index(self) -> Page[Item]:
        """An offset that counts from one (RFC 7644, section 3.4.2.4)."""
        ...

    @get("number", unwrap="items", paging=PageNumber(limit=3, limit_param="per_page", pages="meta.pages"))
    def by_number(self, *, page: int | Omit = OMIT) -> Page[Item]:
        """Page numbers, and how many there are."""
        ...

    @get("number", unwrap="items", paging=PageNumber(limit=3, limit_param="per_page", total="meta.total"))
    def by_count(self, *, page: int | Omit = OMIT) -> Page[Item]:
        """Page numbers, and how many items there are."""
        ...

    @get("cursor", unwrap="items", paging=Cursor(next="meta.next"))
    def by_cursor(self, *, cursor: str | Omit = OMIT) -> Page[Item]:
        """A cursor."""
        ...

    @get("headed", paging=Cursor(next_header="X-Next-Cursor", total_header="X-Total-Count"))
    def by_header(self, *, cursor: str | Omit = OMIT) -> Page[Item]:
        """A cursor and a total in header fields; the reply is the list."""
        ...

    @get("counted", paging=PageNumber(limit=3, limit_param="per_page", pages_header="X-WP-TotalPages"))
    def by_pages(self) -> Page[Item]:
        """Page numbers, and how many there are in a header field; the reply is the list."""
        ...

    @get("counted", paging=Offset(limit=3, limit_param="per_page", total_header="x-wp-total"))
    def by_total(self) -> Page[Item]:
        """Offset and limit, and a total in a header field; the reply is the list."""
        ...

    @get("after", unwrap="items", paging=Cursor(item="id", param="after", more="hasMore"))
    def by_item(self) -> Page[Item]:
        """The last item is the cursor."""
        ...

    @get("after", unwrap="items", paging=Cursor(item="id", param="after", more="hasMore"))
    def plain(self) -> Page[dict[str, Any]]:
        """The last item is the cursor, and items are plain JSON."""
        ...

    @get("link", paging=LinkHeader(limit=3))
    def by_link(self, *, key: Annotated[str | Omit, Query, SECRET] = OMIT) -> Page[Item]:
        """A Link field; the reply is the list."""
        ...

    @get("address", unwrap="items", paging=NextAddress(field="links.next", limit=3, total="totalCount"))
    def by_address(self, *, key: Annotated[str | Omit, Query, SECRET] = OMIT) -> Page[Item]:
        """The address of the next page."""
        ...

    @post("search", unwrap="items", paging=Offset(limit=3, total="totalCount"))
    def search(
        self, *, text: str, limit: int | Omit = OMIT, password: Annotated[str | Omit, SECRET] = OMIT
    ) -> Page[Item]:
        """A search by POST: the numbers go into the body."""
        ...

    @post("search", unwrap="items", paging=Offset(limit=3))
    def search_all(self, words: Annotated[list[str], Body]) -> Page[Item]:
        """A search whose body has no place for numbers."""
        ...

    @post("search", unwrap="items", paging=Offset(limit=3, within="query"))
    def search_form(self, text: Annotated[str, Form]) -> Page[Item]:
        """A search by a form, its numbers in the query."""
        ...

    @get("offset", unwrap="items", paging=Offset(limit=1, max_pages=4))
    def bounded(self) -> Page[Item]:
        """At most four pages."""
        ...


class Warehouse(BaseClient[M]):
    """The resource in either mode."""

    things: Things[M]


class WarehouseClient(Warehouse[Sync], Client):
    """The blocking client."""


class AsyncWarehouseClient(Warehouse[Async], AsyncClient):
    """The awaited client."""


SYNC = Mode("sync", WarehouseClient)
ASYNC = Mode("async", AsyncWarehouseClient)

Answer = Callable[[Seen], bytes]


class Lists(Wire):
    """A server that answers each request by a function of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(b"")
        self.answer = answer

    def _answer(self, connection: socket.socket) -> bool:
        request = read_request(connection)
        if request is None or not request.method:
            return False
        with self._guard:
            self.seen.append(request)
        connection.sendall(self.answer(request))
        return True

    def sent(self, name: str) -> list[str | None]:
        """What each request had in this query parameter."""
        return [parse_qs(urlsplit(target).query).get(name, [None])[0] for target in self.targets]


def items(first: int, end: int) -> list[dict[str, str]]:
    """Items by their numbers."""
    return [{"id": str(number)} for number in range(first, end)]


def shelf(count: int) -> Answer:
    """Return what answers for a list of so many items, in the way of the path."""

    def answer(request: Seen) -> bytes:
        path = urlsplit(request.target).path.lstrip("/")
        asked = dict(parse_qsl(request.query)) or (request.json if request.body else {})
        return _WAYS[path](count, asked)

    return answer


def _offset(count: int, asked: dict[str, Any]) -> bytes:
    start, size = int(asked.get("offset", 0)), int(asked.get("limit", 2))
    end = min(count, start + size)
    return reply({"totalCount": count, "hasMore": end < count, "items": items(start, end)})


def _scim(count: int, asked: dict[str, Any]) -> bytes:
    start = int(asked["startIndex"]) - 1
    return reply({"n": count, "items": items(start, min(count, start + int(asked["count"])))})


def _number(count: int, asked: dict[str, Any]) -> bytes:
    page, size = int(asked["page"]), int(asked["per_page"])
    found = items((page - 1) * size, min(count, page * size))
    return reply({"items": found, "meta": {"pages": -(-count // size), "total": count}})


def _cursor(count: int, asked: dict[str, Any]) -> bytes:
    start = int(asked.get("cursor", "c0")[1:])
    end = min(count, start + 3)
    return reply({"meta": {"next": f"c{end}" if end < count else None}, "items": items(start, end)})


def _headed(count: int, asked: dict[str, Any]) -> bytes:
    start = int(asked.get("cursor", "c0")[1:])
    end = min(count, start + 3)
    following = {"x-next-cursor": f"c{end}"} if end < count else {}
    return reply(items(start, end), headers={"x-total-count": str(count), **following})


def _counted(count: int, asked: dict[str, Any]) -> bytes:
    size = int(asked["per_page"])
    start = int(asked["offset"]) if "offset" in asked else (int(asked["page"]) - 1) * size
    found = items(start, min(count, start + size))
    return reply(found, headers={"X-WP-Total": str(count), "X-WP-TotalPages": str(-(-count // size))})


def _after(count: int, asked: dict[str, Any]) -> bytes:
    start = int(asked["after"]) + 1 if "after" in asked else 0
    end = min(count, start + 3)
    return reply({"items": items(start, end), "hasMore": end < count})


def _link(count: int, asked: dict[str, Any]) -> bytes:
    start, size = int(asked.get("from", 0)), int(asked["limit"])
    end = min(count, start + size)
    following = f'<link?{urlencode(asked | {"from": end})}>; rel="next"; title="1, 2", ' if end < count else ""
    return reply(items(start, end), headers={"Link": f'{following}</link>; rel="first"'})


def _address(count: int, asked: dict[str, Any]) -> bytes:
    start, size = int(asked.get("from", 0)), int(asked["limit"])
    end = min(count, start + size)
    following = f"/address?{urlencode(asked | {'from': end})}" if end < count else ""
    return reply({"totalCount": count, "items": items(start, end), "links": {"next": following}})


_WAYS: dict[str, Callable[[int, dict[str, Any]], bytes]] = {
    "offset": _offset,
    "search": _offset,
    "scim": _scim,
    "number": _number,
    "cursor": _cursor,
    "headed": _headed,
    "counted": _counted,
    "after": _after,
    "link": _link,
    "address": _address,
}
