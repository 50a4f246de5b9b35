"""Page: one page of a list, and Glance: what a paging reads of a reply to find the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, NoReturn

from msgspec import Struct
from typing_extensions import TypeVar

from gemel.kit.errors import PagingError
from gemel.kit.http.messages import Headers, Request, Response

__all__ = ["Glance", "Page"]

T = TypeVar("T")

# Python refuses to convert texts of more than 4300 digits, and below that takes quadratic time; 18 digits fit into 64
# bits.
_LONGEST_NUMBER = 18


class Page(Generic[T]):
    """One page of a list; a stub annotated `-> Page[Album]` returns a pager of albums.

    Attributes:
        items: The items of the page, decoded.
        total: How many items the whole list has, None when the API does not say.
        position: Where the next page begins, for `resume`; None on the last page. The text may be stored: it
            holds no credential and no secret argument, and only the same call to the same server takes it.
        status: The status code of the reply.
        headers: The header fields of the reply.
        body: The body of the reply as bytes, content coding removed.
        url: The address that answered.
    """

    def __init__(self, items: list[T], *, total: int | None, position: str | None, response: Response) -> None:
        self.items: list[T] = items
        self.total: int | None = total
        self.position: str | None = position
        self.status: int = response.status
        self.headers: Headers = response.headers
        self.body: bytes = response.body
        self.url: str = response.url

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items of this page alone."""
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        total = "" if self.total is None else f" of {self.total}"
        return f"<Page, {len(self.items)} items{total}{', the last' if self.position is None else ''}>"


class Glance(Struct, frozen=True):
    """What a paging reads of one reply.

    Attributes:
        request: The request of the page.
        response: The reply.
        items: Its items, decoded.
        beside: The values beside the items, by path.
    """

    request: Request
    response: Response
    items: Sequence[Any]
    beside: Mapping[str, Any]

    def number(self, path: str, header: str = "") -> int | None:
        """Return the whole number at a path, else that in a header field, else None."""
        value = self.beside.get(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        text = self.header(header)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None

    def header(self, name: str) -> str:
        """Return the value of a header field, "" where the reply has none."""
        return self.response.headers.get(name, "").strip() if name else ""

    def flag(self, path: str) -> bool | None:
        """Return the value at a path if it is true or false, else None."""
        value = self.beside.get(path)
        return value if isinstance(value, bool) else None

    def refuse(self, problem: str) -> NoReturn:
        """Raise a PagingError that names the call."""
        raise PagingError(f"{self.request.context.label}: {problem}", request=self.request)
