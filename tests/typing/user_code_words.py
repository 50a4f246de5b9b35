# mypy: disable-error-code="empty-body"
"""User code with the words of a decorator: what the checkers must understand (R) and must reject (E)."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import reveal_type

from gemel import Async, Header, M, Model, Reply, Resource, Retry, Sync, Timeout, delete, from_scope, get, post
from gemel.testing import StubServer


class Item(Model):
    """A thing."""

    id: str


class Job(Model):
    """Work to come."""

    job: int


class Created(Reply[Item]):
    """A thing that was made."""

    location: Annotated[str, Header("Location")]
    left: Annotated[int | None, Header("X-Left")]


class Items(Resource[M], prefix="v1/", timeout=Timeout(total=5), retries=Retry(limit=1), headers={"X-A": "1"}):
    """Endpoints with words."""

    @post("search", safe=True, timeout=2.5, accept="application/json", content_type="application/x+json")
    def search(self, *, term: str) -> Item:
        """Search."""
        ...

    @get("late", timeout="5")  # E1 seconds are a number
    def late(self) -> Item:
        """Be late."""
        ...

    @get("twice", idempotnt=False)  # E2 a misspelt word
    def twice(self) -> Item:
        """Be sent twice."""
        ...

    @get("items/{name}", replies={200: Item, 202: Job, 304: None})
    def retrieve(self, name: str) -> Item | Job | None:
        """Return the thing, or the job that makes it."""
        ...

    @delete("items/{name}", replies={204: True, 404: False})
    def delete(self, name: str) -> bool:
        """Say whether there was one."""
        ...

    @post("items")
    def create(self) -> Created:
        """Make a thing."""
        ...

    @post("jobs")
    def work(self) -> Reply[Job]:
        """Make work."""
        ...


class Wrong(Resource[M], headers=["X-A"]):  # E3 headers are a mapping
    """Wrong words."""


class Boards(Resource[M]):
    """Endpoints with an argument that is said once."""

    @get("projects/{project_id}/boards")
    def list(self, *, project_id: str = from_scope("project_id")) -> Item:
        """List the boards."""
        ...


class NoError(Resource[M], errors={404: ValueError}):  # E4 no error of a status
    """Wrong errors."""


class Misspelt(Resource[M], prefx="v1/"):  # E5 a misspelt word of a class
    """A misspelt word."""


def blocking(items: Items[Sync]) -> None:
    """Call as declared."""
    reveal_type(items.search(term="a"))  # R: Item
    reveal_type(items.retrieve("a"))  # R: Item | Job | None
    reveal_type(items.delete("a"))  # R: bool
    reveal_type(items.create())  # R: Created
    reveal_type(items.create().location)  # R: str
    reveal_type(items.create().value)  # R: Item
    reveal_type(items.work().value.job)  # R: int
    reveal_type(items.search.raw(term="a"))  # R: Reply[Item]
    number: int = items.create().location  # E6 the header is a text
    items.create().locatoin  # E7 a misspelt header
    item: Item = items.retrieve("a")  # E8 it may be a job, or nothing


def stubbed(stub: StubServer) -> None:
    """Answer as declared."""
    reveal_type(stub.on(Items.create))  # R: Route[Item]
    reveal_type(stub.on(Items.retrieve))  # R: Route[Item | Job | None]


def scoped(boards: Boards[Sync]) -> None:
    """Say an argument once."""
    reveal_type(boards.list())  # R: Item
    reveal_type(boards.list.options(scope={"project_id": "p"})(project_id="q"))  # R: Item
    boards.list(project_id=1)  # E9 an id is a text
    boards.list.options(scope="p")  # E10 a scope is a mapping


async def awaited(items: Items[Async]) -> None:
    """Call as declared."""
    reveal_type(await items.search(term="a"))  # R: Item
    reveal_type(await items.retrieve("a"))  # R: Item | Job | None
    reveal_type((await items.create()).left)  # R: int | None
