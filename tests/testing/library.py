"""A small SDK for the tests of the testing kit, and both ways to call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypedDict

from typing_extensions import NotRequired, Unpack

from gemel import (
    OMIT,
    SECRET,
    Async,
    AsyncClient,
    BaseClient,
    Body,
    Client,
    Download,
    EventStream,
    Field,
    Flow,
    Header,
    M,
    Model,
    Offset,
    Omit,
    Page,
    Query,
    Resource,
    Stream,
    Sync,
    delete,
    field,
    flow,
    get,
    perform,
    post,
)


class Author(Model, case="camel"):
    full_name: str
    pen_password: Annotated[str, SECRET] = ""


class Book(Model, case="camel"):
    id: str
    page_count: int = 0
    secret_title: str = ""
    authors: list[Author] = field(default_factory=list)
    reading_keys: Annotated[list[str], SECRET] = field(default_factory=list)


class Lock(Model, case="camel"):
    pin: Annotated[int, SECRET]
    hint: str = ""


class Shelfmark(TypedDict, total=False):
    floor: int
    door_pin: Annotated[str, SECRET]


class Move(TypedDict):
    marks: NotRequired[list[Shelfmark]]
    master_key: Annotated[str, SECRET]


class Books(Resource[M], case="camel"):
    """Books of the library."""

    @get("api/books/{book_id}", unwrap="book")
    def retrieve(self, book_id: str, *, with_notes: bool | Omit = OMIT) -> Book:
        """Retrieve one book."""
        ...

    @get("api/books/latest", unwrap="book")
    def latest(self) -> Book:
        """Retrieve the latest book."""
        ...

    @flow
    def newest(self) -> Flow[Book]:
        """Retrieve the latest book, in a flow."""
        return (yield from perform(self.latest))

    @get("api/books", unwrap="books", paging=Offset(limit=2, total="total"))
    def list(self) -> Page[Book]:
        """List books."""
        ...

    @post("api/books", unwrap="book")
    def create(
        self,
        title: str,
        *,
        reading_key: Annotated[str | Omit, Field, SECRET] = OMIT,
        tags: Sequence[str] | Omit = OMIT,
        shelf: Annotated[str | Omit, Query] = OMIT,
        card: Annotated[str | Omit, Header("X-Library-Card"), SECRET] = OMIT,
    ) -> Book:
        """Make a book."""
        ...

    @post("api/books/{book_id}/lock")
    def lock(self, book_id: str, lock: Annotated[Lock, Body]) -> Lock:
        """Lock a book."""
        ...

    @post("api/books/{book_id}/move")
    def move(self, book_id: str, **move: Unpack[Move]) -> None:
        """Put a book elsewhere."""
        ...

    @delete("api/books/{book_id}")
    def delete(self, book_id: str) -> None:
        """Remove a book."""
        ...

    @get("api/books/{book_id}/text")
    def text(self, book_id: str) -> str:
        """Return the text."""
        ...

    @get("api/books/{book_id}/cover.png")
    def cover(self, book_id: str) -> bytes:
        """Return the cover."""
        ...

    @get("api/books/{book_id}/pages", events=EventStream(done="[END]"))
    def pages(self, book_id: str) -> Stream[Book]:
        """Stream the pages as they are written."""
        ...

    @get("api/books/{book_id}/scan")
    def scan(self, book_id: str) -> Download:
        """Download the scan."""
        ...

    @get("api/keys/{reading_key}")
    def by_key(self, reading_key: Annotated[str, SECRET]) -> Book:
        """Retrieve the book of a key."""
        ...


class BaseLibrary(BaseClient[M], Generic[M]):
    """The library in either mode."""

    books: Books[M]


class Library(BaseLibrary[Sync], Client):
    """The blocking library."""


class AsyncLibrary(BaseLibrary[Async], AsyncClient):
    """The awaited library."""


Visit = Callable[[str, Callable[[Any], Any]], Any]
"""Makes a client for an address, does a step with it, closes it, and returns what the step gave."""


def visit(url: str, step: Callable[[Any], Any], **settings: Any) -> Any:
    """Do a step with the blocking client."""
    with Library(url, **settings) as library:
        return step(library)


def avisit(url: str, step: Callable[[Any], Any], **settings: Any) -> Any:
    """Do a step with the async client, and await what it gives."""

    async def main() -> Any:
        async with AsyncLibrary(url, **settings) as library:
            return await step(library)

    return asyncio.run(main())


def streamed(library: Any) -> Any:
    """Collect a stream, in the mode of the client."""
    if isinstance(library, Library):
        with library.books.pages("b") as events:
            return list(events)

    async def collect() -> list[Book]:
        async with library.books.pages("b") as events:
            return [event async for event in events]

    return collect()
