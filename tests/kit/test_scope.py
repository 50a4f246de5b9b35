"""Arguments that take their value from what a client says once."""

from __future__ import annotations

from typing import Annotated, Any, Generic

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Header, Query, from_scope, get, post
from gemel.kit.errors import InvalidArgument
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Mode
from .wire import Wire, reply


class Boards(Resource[M], case="camel"):
    """Endpoints with arguments of every role that are said once."""

    @get("projects/{project_id}/boards")
    def list(self, *, project_id: str = from_scope("project_id"), limit: int | Omit = from_scope("limit")) -> Any:
        """List boards."""
        ...

    @post("boards")
    def create(
        self,
        name: str,
        *,
        project_id: str = from_scope("project_id"),
        user: Annotated[str, Header("X-User")] = from_scope("user"),
        key: Annotated[str, Query, SECRET] = from_scope("key"),
    ) -> Any:
        """Make a board."""
        ...

    @post("raw")
    def send(self, body: Annotated[dict[str, Any], Body] = from_scope("body")) -> Any:
        """Send a body."""
        ...


class Desk(BaseClient[M], Generic[M]):
    """The clients' resources."""

    boards: Boards[M]


class SyncDesk(Desk[Sync], Client):
    """The blocking client."""


class AsyncDesk(Desk[Async], AsyncClient):
    """The awaited client."""


def targets(mode: Mode, *steps: Any, **settings: Any) -> Wire:
    with Wire(reply({})) as wire:
        mode.run(wire.url, *steps, client=AsyncDesk if mode.is_async else SyncDesk, **settings)
    return wire


def test_the_call_goes_before_its_options_these_before_the_copy_that_before_the_client(mode: Mode) -> None:
    wire = targets(
        mode,
        lambda desk: desk.boards.list(),
        lambda desk: desk.with_options(scope={"project_id": "copy"}).boards.list(),
        lambda desk: desk.with_options(scope={"project_id": "copy"}).boards.list.options(
            scope={"project_id": "option"}
        )(),
        lambda desk: desk.with_options(scope={"project_id": "copy"}).boards.list(project_id="a/b", limit=3),
        lambda desk: desk.with_options(timeout=3).with_options(scope={"limit": 2}).boards.list(),
        lambda desk: desk.with_options(scope={"limit": OMIT}).boards.list(),
        scope={"project_id": "client", "limit": 1},
    )
    assert wire.targets == [
        "/projects/client/boards?limit=1",
        "/projects/copy/boards?limit=1",
        "/projects/option/boards?limit=1",
        "/projects/a%2Fb/boards?limit=3",
        "/projects/client/boards?limit=2",
        "/projects/client/boards",
    ]


def test_every_role_may_be_said_once(mode: Mode) -> None:
    scope = {"project_id": "p", "user": "ada", "key": "key-of-the-scope", "body": {"a": 1}}
    wire = targets(mode, lambda desk: desk.boards.create("b"), lambda desk: desk.boards.send(), scope=scope)
    created, sent = wire.seen
    assert created.query == "key=key-of-the-scope"
    assert created.headers["x-user"] == "ada"
    assert created.json == {"name": "b", "projectId": "p"}
    assert sent.json == {"a": 1}


def test_a_secret_of_the_scope_is_masked() -> None:
    with SyncDesk("http://127.0.0.1:9", scope={"project_id": "p", "user": "u", "key": "key-of-the-scope"}) as desk:
        assert desk.boards.create.url("b") == "http://127.0.0.1:9/boards?key=***"
        assert "key-of-the-scope" not in repr(desk.with_options(scope={"key": "key-of-the-scope"})._caller.options)


def test_what_nobody_gives_says_where_to_set_it() -> None:
    with SyncDesk("http://127.0.0.1:9") as desk, pytest.raises(InvalidArgument) as caught:
        desk.boards.list()
    assert str(caught.value) == (
        "Boards.list(): project_id: missing argument; give it to the call, "
        "or say scope={'project_id': ...} to with_options() or to the client"
    )


@pytest.mark.parametrize(("value", "problem"), [(1, "expected str, got int 1"), ("..", "it would address another")])
def test_a_value_of_the_scope_is_checked(value: Any, problem: str) -> None:
    scope = {"project_id": value, "limit": 1}
    with SyncDesk("http://127.0.0.1:9", scope=scope) as desk, pytest.raises(InvalidArgument, match=problem):
        desk.boards.list()


def test_a_scope_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="scope: expected a mapping of names to values, got list"):
        SyncDesk("http://127.0.0.1:9", scope=["p"])  # type: ignore[arg-type]  # pyright: ignore
    with SyncDesk("http://127.0.0.1:9") as desk, pytest.raises(InvalidArgument, match="scope: a name is text"):
        desk.with_options(scope={1: "p"})  # type: ignore[dict-item]  # pyright: ignore


def test_the_signature_shows_where_a_default_comes_from() -> None:
    with SyncDesk("http://127.0.0.1:9") as desk:
        assert "project_id: 'str' = from_scope('project_id')" in str(desk.boards.list.__signature__)
