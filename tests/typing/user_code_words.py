# mypy: disable-error-code="empty-body"
"""User code with the words of a decorator: what the checkers must understand (R) and must reject (E)."""

from __future__ import annotations

from typing_extensions import reveal_type

from gemel import Async, M, Model, Resource, Retry, Sync, Timeout, get, post


class Item(Model):
    """A thing."""

    id: str


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


class Wrong(Resource[M], headers=["X-A"]):  # E3 headers are a mapping
    """Wrong words."""


class Misspelt(Resource[M], prefx="v1/"):  # E4 a misspelt word of a class
    """A misspelt word."""


def blocking(items: Items[Sync]) -> None:
    """Call as declared."""
    reveal_type(items.search(term="a"))  # R: Item


async def awaited(items: Items[Async]) -> None:
    """Call as declared."""
    reveal_type(await items.search(term="a"))  # R: Item
