"""Walk: one way through the pages of a list, for both modes; it ends whatever the server does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import TypeVar

from gemel.kit.errors import InvalidArgument, PagingError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Request, Response
from gemel.kit.paging.base import Paging
from gemel.kit.paging.members import PageMembers
from gemel.kit.paging.page import Glance, Page
from gemel.kit.paging.position import Place, load, save, tie
from gemel.kit.policies.caller import Caller

__all__ = ["Listing", "Walk"]

T = TypeVar("T")


class Listing(Struct, Generic[T], frozen=True, eq=False):
    """One call of a paged endpoint, not sent yet.

    Attributes:
        caller: Sends the requests of the client.
        first: The request of its first page.
        paging: How the API gives its pages.
        decode: Returns the items of a reply.
        read: Returns what a reply has beside its items.
        place: Where the first page begins.
        limit: How many items to take, None for all.
    """

    caller: Caller
    first: Request
    paging: Paging
    decode: Callable[[Response, Request], list[T]]
    read: Callable[[Response], PageMembers]
    place: Place
    limit: int | None = None

    def limited(self, limit: int) -> Listing[T]:
        """Return the listing cut to `limit` items; raises InvalidArgument unless that is a whole number from 1."""
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"{self.first.context.label}.limit", "items", "expected a whole number from 1")
        return replace(self, limit=limit)

    def resumed(self, position: str) -> Listing[T]:
        """Return the listing from a saved position on; raises InvalidArgument for a position of another call."""
        try:
            place = self.paging.restored(load(position, self.tied), self.first)
        except ValueError as refusal:
            raise InvalidArgument(f"{self.first.context.label}.resume", "position", str(refusal)) from None
        return replace(self, place=place)

    @property
    def tied(self) -> str:
        """The digest that ties a position to this listing."""
        return tie(self.first, type(self.paging).__name__)

    def position(self, place: Place | None) -> str | None:
        """Return a place as text for `resume`, None for None."""
        return None if place is None else save(self.paging.kept(place, self.first), self.tied)


class Walk(Generic[T]):
    """One way through a listing: which page is next, and which came before."""

    def __init__(self, listing: Listing[T]) -> None:
        self._listing = listing
        self._place: Place | None = listing.place
        self._left: int | None = listing.limit
        self._pages = 0
        self._places: set[int | str | None] = set()
        # Hashes and not the pages themselves: a long list would otherwise stay in memory as a whole.
        self._contents: set[int] = set()

    @property
    def over(self) -> bool:
        """Whether the last page has come."""
        return self._place is None

    def step(self) -> Flow[Page[T]]:
        """Fetch the next page, with a timeout and retries of its own.

        Raises:
            PagingError: The page or its place came before, or it is one more than `max_pages`.
        """
        listing, place = self._listing, self._place
        assert place is not None
        self._enter(place)
        request = listing.caller.started(listing.paging.aimed(listing.first, place))
        response = yield from listing.caller.exchange(request)
        return self.taken(place, request, listing.caller.checked(response, request))

    def taken(self, place: Place, request: Request, response: Response) -> Page[T]:
        """Return the page in a reply, and go on to the next place."""
        listing = self._listing
        items, read = listing.decode(response, request), listing.read(response)
        glance = Glance(request, response, items, read.values)
        following = listing.paging.after(place, glance)
        self._remember(items, read, request, following)
        kept = items[place.skip :][: self._left]
        cut = place.skip + len(kept) < len(items)
        self._place = None if cut else self._counted(following, len(kept))
        position = listing.position(replace(place, skip=place.skip + len(kept)) if cut else following)
        return Page(kept, total=listing.paging.total_of(glance), position=position, response=response)

    def _counted(self, following: Place | None, taken: int) -> Place | None:
        """Return the next place, unless with `taken` items there are as many as wanted."""
        if self._left is None:
            return following
        self._left -= taken
        return following if self._left else None

    def _enter(self, place: Place) -> None:
        paging, first = self._listing.paging, self._listing.first
        if place.at in self._places:
            problem = "the server names a page as the next that came before: its list goes in a circle"
            raise PagingError(f"{first.context.label}: {problem}", request=first)
        if self._pages == paging.max_pages:
            problem = f"{first.context.label}: more than {paging.max_pages} pages; resume at .position to go on"
            raise PagingError(problem, request=first, position=self._listing.position(place))
        self._pages += 1
        self._places.add(place.at)

    def _remember(self, items: list[T], read: PageMembers, request: Request, following: Place | None) -> None:
        """Refuse a page that came before; empty pages may come again.

        Two pages may have equal items. Where the server names its pages, one came before only when the page that it
        names as the next did so too.
        """
        content = hash(read.listed)
        goes_on = self._listing.paging.named and (following is None or following.at not in self._places)
        if items and content in self._contents and not goes_on:
            problem = (
                f"page {self._pages} has the items of a page before it; the server does not know the parameters "
                "of the paging declaration, or its list goes in a circle"
            )
            raise PagingError(f"{request.context.label}: {problem}", request=request)
        self._contents.add(content)
