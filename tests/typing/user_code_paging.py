# mypy: disable-error-code="empty-body"
"""User code with lists in pages: what the checkers must understand (R) and must reject (E)."""

from typing import Any

from typing_extensions import assert_type, reveal_type

from gemel import (
    Async,
    AsyncClient,
    BaseClient,
    Client,
    Cursor,
    Flow,
    LinkHeader,
    M,
    Model,
    Offset,
    Page,
    Resource,
    Sync,
    flow,
    get,
    post,
)


class Album(Model):
    """A record."""

    title: str


class Albums(Resource[M]):
    """A resource with lists."""

    @get("albums", unwrap="albums", paging=Offset(limit=100, total="totalCount"))
    def list(self, *, owner: str = "") -> Page[Album]:
        """List albums."""
        ...

    @post("search", unwrap="found", paging=Cursor(next="next"))
    def search(self, text: str) -> Page[dict[str, Any]]:
        """Search albums."""
        ...

    @get("names", paging=LinkHeader())
    def names(self) -> Page[str]:
        """List the names of albums."""
        ...

    @get("anything")
    def anything(self) -> Any:
        """Return what comes: it is not taken for a page."""
        ...

    @flow
    def count(self) -> Flow[int]:
        """Count albums."""
        found = yield from self.list.gathered(owner="me")
        assert_type(found[0], Album)
        return len(found)


class Shop(BaseClient[M]):
    """An SDK of a user's own."""

    albums: Albums[M]


class ShopClient(Shop[Sync], Client):
    """Blocking."""


class AsyncShopClient(Shop[Async], AsyncClient):
    """Async."""


def sync_user(client: ShopClient) -> None:
    """What a blocking client returns."""
    # R pyright: SyncPagedCall[(*, owner: str = ""), Album]
    # R mypy: SyncPagedCall[[*, owner: str =], Album]
    reveal_type(client.albums.list)
    reveal_type(client.albums.list())  # R: Pager[Album]
    reveal_type(client.albums.list.options(timeout=5)(owner="me").limit(10))  # R: Pager[Album]
    for album in client.albums.list():
        assert_type(album, Album)
    for page in client.albums.list().pages():
        assert_type(page, Page[Album])
        assert_type(page.items[0], Album)
        assert_type(page.total, int | None)
        if page.position is not None:
            reveal_type(client.albums.list().resume(page.position))  # R: Pager[Album]
    assert_type(client.albums.list().first(), Album | None)
    assert_type(client.albums.list().all()[0], Album)
    assert_type(list(client.albums.names()), list[str])
    assert_type(client.albums.search("x").all(), list[dict[str, Any]])
    assert_type(client.albums.list.raw().value, Page[Album])
    # R pyright: SyncCall[(), Any]
    # R mypy: SyncCall[[], Any]
    reveal_type(client.albums.anything)
    assert_type(client.albums.count(), int)


async def async_user(client: AsyncShopClient) -> None:
    """What an async client returns."""
    # R pyright: AsyncPagedCall[(*, owner: str = ""), Album]
    # R mypy: AsyncPagedCall[[*, owner: str =], Album]
    reveal_type(client.albums.list)
    reveal_type(client.albums.list())  # R: AsyncPager[Album]
    reveal_type(await client.albums.list())  # R: Page[Album]
    reveal_type(client.albums.list().ahead().limit(3))  # R: AsyncPager[Album]
    async for album in client.albums.list().ahead():
        assert_type(album, Album)
    async for page in client.albums.list().pages():
        assert_type(page, Page[Album])
    assert_type(await client.albums.list().first(), Album | None)
    assert_type(await client.albums.names().all(), list[str])
    assert_type((await client.albums.list.raw()).value, Page[Album])
    # R pyright: AsyncCall[(), Any]
    # R mypy: AsyncCall[[], Any]
    reveal_type(client.albums.anything)
    assert_type(await client.albums.count(), int)


def wrong_sync_user(client: ShopClient) -> None:
    """Each line is a mistake that a checker must catch."""
    client.albums.list(owner=1)  # E1 wrong type
    client.albums.list("me")  # E2 keyword-only, passed by position
    client.albums.search()  # E3 missing argument
    client.albums.list().title  # E4 a field of an item, of the pager
    client.albums.list().ahead()  # E5 looking ahead is for tasks
    client.albums.list().limit("3")  # E6 wrong type
    client.albums.list().resume(client.albums.list().page().position)  # E7 the position may be None
    names: list[int] = client.albums.names().all()  # E8 wrong type of the items
    client.albums.list()[0]  # E9 a pager has no index
    len(client.albums.list())  # E10 nor a length


async def wrong_async_user(client: AsyncShopClient) -> None:
    """The same, for tasks."""
    for album in client.albums.list():  # E11 a plain loop over an async pager
        pass
    client.albums.list().first().title  # E12 forgot to await
    page: Page[str] = await client.albums.list()  # E13 wrong type of the items


def wrong_declarations() -> None:
    """Mistakes in declaring."""
    Offset(limit="3")  # E14 wrong type
    Cursor("next")  # E15 by name only
    get("albums", paging=Offset)  # E16 the class in the place of a value
