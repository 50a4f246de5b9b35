"""Pager and AsyncPager: the items of a list, page after page; two short loops over one Walk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import ParamSpec, Self, TypeVar

from gemel.kit.bind.declaration import Declaration
from gemel.kit.calls.call import Call
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Request, Response
from gemel.kit.paging import Page, Paging
from gemel.kit.paging.members import PageMembers, member_reader
from gemel.kit.paging.walk import Listing, Walk
from gemel.kit.policies.options import Options
from gemel.kit.stubs.checks import items_type
from gemel.kit.stubs.reply import Reply
from gemel.kit.stubs.resource import Resource
from gemel.kit.tracebacks import entry

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncPagedCall", "AsyncPager", "PagedCall", "Pager", "SyncPagedCall"]

P = ParamSpec("P")
T = TypeVar("T")


class _Listed(Generic[T]):
    """The base of both pagers: what they offer without sending."""

    def __init__(self, listing: Listing[T]) -> None:
        self._listing: Listing[T] = listing

    @entry
    def limit(self, items: int) -> Self:
        """Return a pager of at most `items` items; the last page may be cut, and its position says where.

        Raises:
            InvalidArgument: `items` is not a whole number from 1.
        """
        return self._changed(self._listing.limited(items))

    @entry
    def resume(self, position: str) -> Self:
        """Return a pager that continues at the `position` of a page; raises InvalidArgument for one of another call."""
        return self._changed(self._listing.resumed(position))

    def _changed(self, listing: Listing[T]) -> Self:
        return type(self)(listing)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._listing.first.context.label}>"


class Pager(_Listed[T]):
    """The items of a list, fetched page after page as they are asked for: `for album in client.albums.list(): ...`

    Nothing is sent before the first item is asked for, and each iteration starts over. Errors are those of a call, and
    PagingError for pages that repeat, contradict each other or do not end.
    """

    @entry
    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    @entry
    def pages(self) -> Generator[Page[T], None, None]:
        """Iterate the pages."""
        walk = Walk(self._listing)
        while not walk.over:
            yield self._listing.caller.run(walk.step())

    @entry
    def page(self) -> Page[T]:
        """Return the first page."""
        return next(self.pages())

    @entry
    def first(self) -> T | None:
        """Return the first item, None when there is none."""
        return next(iter(self), None)

    @entry
    def all(self) -> list[T]:
        """Return all items, as `list(pager)` does."""
        return [item for page in self.pages() for item in page.items]


class AsyncPager(_Listed[T]):
    """The items of a list, fetched page after page: `async for album in client.albums.list(): ...`

    Awaited, it gives the first page: `page = await client.albums.list()`. Otherwise as Pager. An iteration that is left
    early is closed by the event loop, as any asynchronous generator is; `contextlib.aclosing(pager.pages())` closes it
    at once.
    """

    def __init__(self, listing: Listing[T], *, ahead: bool = False) -> None:
        super().__init__(listing)
        self._is_ahead = ahead

    def __await__(self) -> Generator[Any, Any, Page[T]]:
        return self.page().__await__()

    @entry
    async def __aiter__(self) -> AsyncGenerator[T, None]:
        # `async for` does not close a generator that is left early; it would be closed whenever the loop finds it.
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    def ahead(self) -> Self:
        """Return a pager that fetches the next page while the items of one are processed; leaving early cancels it."""
        return type(self)(self._listing, ahead=True)

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate the pages."""
        return _one_ahead(self._listing) if self._is_ahead else _one_by_one(self._listing)

    @entry
    async def page(self) -> Page[T]:
        """Return the first page."""
        page: Page[T] = await self._listing.caller.arun(Walk(self._listing).step())
        return page

    @entry
    async def first(self) -> T | None:
        """Return the first item, None when there is none."""
        async with aclosing(_one_by_one(self._listing)) as pages:
            async for page in pages:
                if page.items:
                    return page.items[0]
        return None

    @entry
    async def all(self) -> list[T]:
        """Return all items."""
        return [item async for item in self]

    def _changed(self, listing: Listing[T]) -> Self:
        return type(self)(listing, ahead=self._is_ahead)


@entry
async def _one_by_one(listing: Listing[T]) -> AsyncGenerator[Page[T], None]:
    walk = Walk(listing)
    while not walk.over:
        yield await listing.caller.arun(walk.step())


@entry
async def _one_ahead(listing: Listing[T]) -> AsyncGenerator[Page[T], None]:
    """Fetch one page ahead; the fetching task ends before this generator does."""
    import asyncio  # a blocking program does not pay for it

    walk = Walk(listing)
    coming: asyncio.Task[Page[T]] | None = asyncio.create_task(listing.caller.arun(walk.step()))
    try:
        while coming is not None:
            page = await coming
            coming = None if walk.over else asyncio.create_task(listing.caller.arun(walk.step()))
            yield page
    finally:
        if coming is not None:
            coming.cancel()
            # Awaited after it is cancelled: asyncio complains of a task whose outcome nobody has seen.
            await asyncio.gather(coming, return_exceptions=True)


class PagedCall(Call[P, Page[T]], Generic[P, T]):
    """A paged endpoint bound to a resource of a client; `request` builds that of the first page."""

    def __init__(self, declaration: Declaration, resource: Resource[Any], options: Options | None = None) -> None:
        super().__init__(declaration, resource, options)
        paging = declaration.spec.paging
        assert paging is not None
        self._paging: Paging = paging
        self._read: Callable[[Response], PageMembers] = member_reader(declaration.spec.unwrap, paging.keys())

    def gathered(self, *args: P.args, **kwargs: P.kwargs) -> Flow[list[T]]:
        """Return a flow whose result is the list of all items: `albums = yield from self.list.gathered()`."""
        walk, items = Walk(self._listing(args, kwargs)), list[T]()
        while not walk.over:
            items += (yield from walk.step()).items
        return items

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        request = self._paging.limited(super()._request(args, kwargs))
        return self._paging.aimed(request, self._paging.begin(request))

    def _read_type(self, returns: Any) -> Any:
        return items_type(returns, self._declaration.label)

    def _listing(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Listing[T]:
        return self._listed(self._request(args, kwargs))

    def _listed(self, request: Request) -> Listing[T]:
        return Listing(self._caller, request, self._paging, self._decode, self._read, self._paging.begin(request))

    def _finish(self, response: Response, request: Request) -> Page[T]:
        listing = self._listed(request)
        return Walk(listing).taken(listing.place, request, self._caller.checked(response, request))


class SyncPagedCall(PagedCall[P, T]):
    """A paged endpoint bound to a resource of a Client."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Pager[T]:
        """Return the pager of the list; the arguments are checked, and nothing is sent yet."""
        return Pager(self._listing(args, kwargs))

    @entry
    def raw(self, *args: P.args, **kwargs: P.kwargs) -> Reply[Page[T]]:
        """Fetch the first page and return status, headers and body beside it."""
        request = self._request(args, kwargs)
        return self._raw(self._caller.send(request), request)


class AsyncPagedCall(PagedCall[P, T]):
    """A paged endpoint bound to a resource of an AsyncClient."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncPager[T]:
        """Return the pager of the list; the arguments are checked, and nothing is sent yet."""
        return AsyncPager(self._listing(args, kwargs))

    @entry
    async def raw(self, *args: P.args, **kwargs: P.kwargs) -> Reply[Page[T]]:
        """Fetch the first page and return status, headers and body beside it."""
        request = self._request(args, kwargs)
        return self._raw(await self._caller.asend(request), request)
