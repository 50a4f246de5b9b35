"""A small SDK for the tests: declared once, with a client of each mode."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal
from uuid import UUID

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Field, Header, Query, delete, get, head, patch, post, put
from gemel.kit.errors import GemelError
from gemel.kit.models.model import Model, field
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Track(Model, case="camel"):
    title: str
    play_seconds: int = 0


class Album(Model, case="camel"):
    """An album of the shop."""

    id: str
    title: str = ""
    tracks: list[Track] = field(default_factory=list)
    released_at: datetime | None = None
    rating: float | None = None
    kind: Literal["vinyl", "digital"] = "digital"
    tags: dict[str, str] = field(default_factory=dict)
    download_key: Annotated[str, SECRET] = ""
    extra: Any = None


class NewAlbum(Model, case="camel"):
    """An album to be made."""

    title: str
    download_key: Annotated[str, SECRET]
    play_count: int | Omit = OMIT


class Tree(Model):
    """A record that nests itself."""

    leaf: int = 0
    inner: Tree | None = None


class Reviews(Resource[M], case="camel"):
    """Reviews of an album."""

    @get("api/albums/{album_id}/reviews", unwrap="reviews")
    def list(self, album_id: str) -> list[str]:
        """List the reviews of one album."""
        ...


class Albums(Resource[M], case="camel"):
    """Albums of the shop."""

    reviews: Reviews[M]

    @get("api/albums/{album_id}", unwrap="album")
    def retrieve(self, album_id: str, *, with_tracks: bool | Omit = OMIT) -> Album:
        """Retrieve one album."""
        ...

    @get("api/albums")
    def list(
        self,
        *,
        color: Color | None = None,
        since: datetime | Omit = OMIT,
        day: date | Omit = OMIT,
        owner_id: UUID | Omit = OMIT,
        price: Decimal | float | Omit = OMIT,
        limit: int | Omit = OMIT,
        tags: list[str] | Omit = OMIT,
        ids: Annotated[list[int] | Omit, Query("ids", join=",")] = OMIT,
        project: Annotated[str | Omit, Query("projectId", also="workspaceId")] = OMIT,
        trace: Annotated[str | None | Omit, Header("X-Trace")] = OMIT,
        kind: Literal["vinyl", "digital"] | Omit = OMIT,
        key: Annotated[str | Omit, Query, SECRET] = OMIT,
    ) -> list[Album]:
        """List albums."""
        ...

    @post("api/albums", unwrap="album")
    def create(
        self,
        title: str,
        *,
        sub_title: str | None | Omit = OMIT,
        color: Color | Omit = OMIT,
        since: datetime | Omit = OMIT,
        owner_id: UUID | Omit = OMIT,
        price: Decimal | float | Omit = OMIT,
        tags: list[str] | Omit = OMIT,
        dry_run: Annotated[bool | Omit, Query] = OMIT,
        download_key: Annotated[str | Omit, SECRET] = OMIT,
        idempotency_key: Annotated[str | Omit, Header("Idempotency-Key")] = OMIT,
    ) -> Album:
        """Make an album."""
        ...

    @put("api/albums/{album_id}")
    def replace(self, album_id: str, album: Annotated[NewAlbum, Body]) -> Album:
        """Replace an album."""
        ...

    @put("api/albums")
    def replace_all(self, albums: Annotated[list[NewAlbum], Body]) -> None:
        """Replace all albums."""
        ...

    @patch("api/albums/{album_id}")
    def update(self, album_id: str, *, title: str | None | Omit = OMIT) -> None:
        """Change an album."""
        ...

    @head("api/albums/{album_id}")
    def exists(self, album_id: str) -> None:
        """Ask for an album."""
        ...

    @post("api/albums/{album_id}/archive")
    def archive(self, album_id: str) -> None:
        """Archive an album."""
        ...

    @get("api/keys/{key}")
    def by_key(self, key: Annotated[str, SECRET]) -> Album:
        """Retrieve the album of a key."""
        ...

    @get("api/any/{value}", auth=None)
    def anything(self, value: Any) -> Any:
        """Return what comes."""
        ...

    @get("api/tree")
    def tree(self) -> Tree:
        """Return a tree."""
        ...

    @get("api/bytes")
    def raw(self) -> bytes:
        """Return the bytes of the body."""
        ...

    @get("api/text")
    def text(self) -> str:
        """Return the text of the body."""
        ...

    @delete("api/albums/{album_id}")
    def delete(self, album_id: str, *, reason: Annotated[str | Omit, Field] = OMIT) -> None:
        """Delete an album."""
        ...


class Shop(BaseClient[M], Generic[M]):
    """The shop in either mode."""

    albums: Albums[M]


class ShopClient(Shop[Sync], Client):
    """The blocking shop."""


class AsyncShopClient(Shop[Async], AsyncClient):
    """The awaited shop."""


Do = Callable[[Any], Any]
"""What a test does with a client; in the async mode its result is awaited."""


class Mode:
    """One of the two ways to call: the tests are the same for both."""

    def __init__(self, name: str, client: Any) -> None:
        self.name = name
        self.client = client

    @property
    def is_async(self) -> bool:
        return self.name == "async"

    def run(self, url: str, *steps: Do, client: Any = None, **settings: Any) -> Any:
        """Do the steps one after the other with one client; return what the last one gives."""
        make = client or self.client
        settings = {"retries": 0, "timeout": 5.0, **settings}
        return asyncio.run(_awaited(make, url, steps, settings)) if self.is_async else _done(make, url, steps, settings)

    def fails(self, url: str, *steps: Do, **settings: Any) -> Any:
        """Do the steps, the last of which must fail; return its error."""
        try:
            outcome = self.run(url, *steps, **settings)
        except GemelError as error:
            return error
        raise AssertionError(f"no error, but {outcome!r}")


def _done(make: Any, url: str, steps: tuple[Do, ...], settings: dict[str, Any]) -> Any:
    with make(url, **settings) as client:
        return [step(client) for step in steps][-1]


async def _awaited(make: Any, url: str, steps: tuple[Do, ...], settings: dict[str, Any]) -> Any:
    async with make(url, **settings) as client:
        return [await step(client) for step in steps][-1]


SYNC = Mode("sync", ShopClient)
ASYNC = Mode("async", AsyncShopClient)
