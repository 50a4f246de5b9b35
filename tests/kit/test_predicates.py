"""What an argument must be beyond its type, paths below the host, queries of JSON, and what explains a wrong reply."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import unquote

import pytest
from typing_extensions import TypedDict, Unpack

from gemel.kit.calls.flows import flow, perform
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Query, get, post
from gemel.kit.errors import DeclarationError, InvalidArgument, ResponseValidationError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Response
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, Async, M, Omit, Predicate, Sync

from .shop import Mode
from .wire import Wire, reply


class NotAUuid(InvalidArgument, AssertionError):
    """An id that is no UUID."""


def is_uuid(value: str) -> bool:
    try:
        return str(uuid.UUID(value)) == value
    except ValueError:
        return False


Id = Annotated[str, Predicate("a UUID", is_uuid, NotAUuid)]
Count = Annotated[int, Predicate("0 or more", lambda value: value >= 0)]


class ThingArgs(TypedDict, total=False):
    size: Count
    label: str | None


class Thing(Model):
    id: str


class Things(Resource[M]):
    """Things of a server."""

    @get("things/{id}")
    def retrieve(self, id: Id) -> Thing:
        """Return one."""
        ...

    @get("things")
    def list(
        self, *, limit: Count | None = None, filter: Annotated[dict[str, Any] | None, Query(json=True)] = None
    ) -> list[Thing]:
        """Return some."""
        ...

    @post("/v1/things")
    def create(self, *, names: Annotated[list[str], Predicate("at least one", bool)]) -> Thing:
        """Make one, at an address of its own below the host."""
        ...

    @flow
    def made(
        self, name: str, *, id: Id | None = None, count: Count | Omit = OMIT, **more: Unpack[ThingArgs]
    ) -> Flow[Thing]:
        """Make one in a flow."""
        return (yield from perform(self.create, names=[name, *(f"{key}={value}" for key, value in more.items())]))

    @flow
    def loose(self, *names: Any, **more: Any) -> Flow[Thing]:
        """Take anything."""
        return (yield from perform(self.create, names=[*names, *more]))


class Store(BaseClient[M]):
    things: Things[M]

    def _explain(self, response: Response) -> str:
        return "it looks like an answer of version 2" if b"version2" in response.body else ""


class SyncStore(Store[Sync], Client): ...


class AsyncStore(Store[Async], AsyncClient): ...


THING = reply({"id": "1"})
KEY = "0b900453-e702-4705-9f86-a18a7d44289d"


def run(mode: Mode, wire: Wire, step: Callable[[Any], Any], path: str = "") -> Any:
    return mode.run(wire.url + path, step, client=AsyncStore if mode.name == "async" else SyncStore)


REFUSED: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda store: store.things.retrieve("x"), NotAUuid, "Things.retrieve(): id: expected str (a UUID), got str 'x'"),
    (lambda store: store.things.retrieve(3), NotAUuid, "got int 3"),
    (lambda store: store.things.list(limit=-1), InvalidArgument, "limit: expected int (0 or more) or None, got int -1"),
    (lambda store: store.things.list(filter=[1]), InvalidArgument, "filter: expected dict[str, "),
    (lambda store: store.things.create(names=[]), InvalidArgument, "expected list[str] (at least one), got list"),
    (lambda store: store.things.create(names=["a", 2]), InvalidArgument, "at [1]: expected str, got int"),
    (lambda store: store.things.made(3), InvalidArgument, "Things.made(): name: expected str, got int 3"),
    (lambda store: store.things.made("a", id="x"), NotAUuid, "Things.made(): id:"),
    (lambda store: store.things.made("a", size=-1), InvalidArgument, "Things.made(): size: expected int (0 or more)"),
    (lambda store: store.things.made("a", label=1), InvalidArgument, "Things.made(): label: expected str or None"),
    (lambda store: store.things.made("a", other=1), InvalidArgument, "other: unknown argument; it takes count, id, "),
    (lambda store: store.things.made("a", "b"), InvalidArgument, "2 positional arguments given, only 1 taken (name)"),
    (lambda store: store.things.made("a", name="b"), InvalidArgument, "name: given twice"),
    (lambda store: store.things.made(), InvalidArgument, "name: missing argument"),
]


@pytest.mark.parametrize(("call", "error", "says"), REFUSED)
def test_what_is_not_as_annotated_is_refused_before_sending(
    mode: Mode, call: Callable[[Any], Any], error: type[Exception], says: str
) -> None:
    with Wire(THING) as wire:
        with pytest.raises(error) as caught:
            run(mode, wire, call)
        assert says in str(caught.value)
        assert not wire.seen


def test_what_is_as_annotated_is_sent(mode: Mode) -> None:
    with Wire(THING, THING, THING, THING) as wire:
        assert run(mode, wire, lambda store: store.things.retrieve(KEY)).id == "1"
        assert run(mode, wire, lambda store: store.things.made("a", id=None, count=OMIT, size=2, label=OMIT)).id == "1"
        assert wire.last.json == {"names": ["a", "size=2"]}
        assert run(mode, wire, lambda store: store.things.loose("a", 4 * "b", c=1)).id == "1"
        assert wire.last.json == {"names": ["a", "bbbb", "c"]}


def test_a_query_may_be_json(mode: Mode) -> None:
    with Wire(reply([]), reply([])) as wire:
        run(mode, wire, lambda store: store.things.list(filter={"k": "ä&=", "n": [1, None]}))
        name, _, text = wire.last.query.partition("=")
        assert (name, json.loads(unquote(text))) == ("filter", {"k": "ä&=", "n": [1, None]})
        run(mode, wire, lambda store: store.things.list())
        assert wire.last.query == ""


@pytest.mark.parametrize("base", ["", "/api", "/api/deep/"])
def test_a_path_that_begins_with_a_slash_is_below_the_host(mode: Mode, base: str) -> None:
    with Wire(THING) as wire:
        run(mode, wire, lambda store: store.things.create(names=["a"]), base)
        assert wire.last.target == "/v1/things"


def test_an_explanation_joins_the_error_of_a_wrong_reply(mode: Mode) -> None:
    with Wire(reply({"version2": True}), reply({"version3": True})) as wire:
        with pytest.raises(ResponseValidationError, match=r"looks like an answer of version 2$"):
            run(mode, wire, lambda store: store.things.retrieve(KEY))
        with pytest.raises(ResponseValidationError, match=r"\)$"):
            run(mode, wire, lambda store: store.things.retrieve(KEY))


def test_a_flow_whose_annotations_are_not_there_says_so() -> None:
    class Lost(Resource[M]):
        @flow
        def lost(self, thing: Nowhere) -> Flow[None]:  # type: ignore[name-defined]  # noqa: F821
            yield from ()

    class LostStore(BaseClient[M]):
        lost: Lost[M]

    class SyncLost(LostStore[Sync], Client): ...

    with SyncLost("http://127.0.0.1:1") as store, pytest.raises(DeclarationError, match="Nowhere"):
        store.lost.lost(1)
