"""Annotations that Python evaluates late (PEP 649): none before it is needed, none for good other than as written.

This module is without `from __future__ import annotations`: up to Python 3.13 its annotations are evaluated at once,
from 3.14 on when they are asked for.
"""

# ruff: noqa: F821, F841
# What the late ones name is made after them, or never.

import inspect
import pickle
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Annotated, Any, Generic, TypedDict

import pytest
from typing_extensions import Unpack

from gemel.kit.calls.flows import flow, perform
from gemel.kit.calls.stream import Stream
from gemel.kit.client import BaseClient, Client
from gemel.kit.declare import Field, Offset, Page, Query, get, post
from gemel.kit.errors import DeclarationError
from gemel.kit.flow.effects import Flow
from gemel.kit.models.model import Model, field
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, M, Sync

NOWHERE = "http://127.0.0.1:1"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

late = pytest.mark.skipif(sys.version_info < (3, 14), reason="this Python evaluates annotations at once")


class Track(Model, case="camel"):
    made_at: datetime
    token: Annotated[str, SECRET] = ""


class Live(Track):
    """Adds nothing."""


class Album(Track, case="camel"):
    tracks: list[Track] = field(default_factory=list)
    best: Live | None = None


TEXT = b'{"madeAt":"2026-01-02T03:04:05Z","token":"hunter22","tracks":[{"madeAt":"2026-01-02T03:04:05Z"}]}'


@pytest.fixture
def decoded() -> Album:
    return Album.from_json(TEXT)


@pytest.mark.parametrize("model", [Track, Live, Album])
def test_a_model_keeps_its_annotations(model: type[Model]) -> None:
    before = inspect.get_annotations(model)
    model.from_json(TEXT)
    model.from_dict({"madeAt": "2026-01-02T03:04:05Z"})
    assert inspect.get_annotations(model) == before


def test_what_needs_annotations_works_after_the_first_reply(decoded: Album) -> None:
    assert "hunter22" not in repr(decoded) and repr(decoded).startswith("Album(made_at=datetime")
    assert decoded.tracks == [Track(made_at=MOMENT)]
    assert Album.from_dict(decoded.to_dict()) == Album.from_json(decoded.to_json()) == decoded
    assert decoded.replace(token="x").token == "x"
    assert pickle.loads(pickle.dumps(decoded)) == decoded


def test_a_model_may_be_subclassed_after_the_first_reply(decoded: Album) -> None:
    class Single(Album, case="camel"):
        side: int = 1

    made = Single.from_json(TEXT)
    assert (made.side, made.made_at, made.tracks) == (1, decoded.made_at, decoded.tracks)
    assert list(inspect.get_annotations(Single)) == ["side"]
    assert "hunter22" not in repr(made)


def test_a_generic_model_keeps_its_annotations() -> None:
    class Box(Model, Generic[M]):
        item: Track
        items: list[Track]

    before = inspect.get_annotations(Box)
    Box.from_json(b'{"item":{"madeAt":"2026-01-02T03:04:05Z"},"items":[]}')
    assert inspect.get_annotations(Box) == before == {"item": Track, "items": list[Track]}


@late
def test_a_model_is_still_evaluated_late() -> None:
    evaluated = []

    def once(hint: Any) -> Any:
        evaluated.append(hint)
        return hint

    class Lazy(Model):
        at: once(datetime)  # type: ignore[valid-type]

    Lazy.from_json(b'{"at":"2026-01-02T03:04:05Z"}')
    evaluated.clear()
    assert inspect.get_annotations(Lazy) == {"at": datetime} and evaluated == [datetime]


def test_a_builtin_is_not_hidden_by_a_method_below() -> None:
    class Albums(Resource[M]):
        @get("names")
        def names(self) -> list[str]: ...

        @get("mixed")
        def mixed(self, *, ids: list[int], type: str) -> dict[str, list[int]]: ...

        @get("pages", paging=Offset(limit=10))
        def pages(self) -> Page[list[str]]: ...

        @get("events")
        def events(self) -> Stream[dict[str, str]]: ...

        @post("albums")
        def create(self, *, at: Annotated[list[str], Field("where")]) -> None: ...

        @flow
        def all(self, *, ids: list[int]) -> Flow[list[str]]:
            return (yield from perform(self.names))

        @get("list")
        def list(self) -> list[Album]: ...

        @get("dict")
        def dict(self) -> dict[str, Album]: ...

        @flow
        def str(self) -> Flow[str]:
            return (yield from perform(self.names))[0]

        @property
        def int(self) -> int:
            return 7

        @staticmethod
        def type() -> None: ...

    class Shop(BaseClient[M]):
        albums: Albums[M]

    class SyncShop(Shop[Sync], Client): ...

    assert Albums.names.returns == list[str]
    assert Albums.mixed.returns == dict[str, list[int]]
    assert Albums.pages.returns == Page[list[str]]
    assert Albums.events.returns == Stream[dict[str, str]]
    assert Albums.list.returns == list[Album]
    assert Albums.dict.returns == dict[str, Album]
    with SyncShop(NOWHERE) as shop:
        assert shop.albums.create.request(at=["a"]).body == b'{"where":["a"]}'
        assert shop.albums.mixed.url(ids=[1], type="x") == f"{NOWHERE}/mixed?ids=1&type=x"
        assert inspect.signature(shop.albums.all).parameters["ids"].annotation == list[int]
        assert shop.albums.int == 7
        with pytest.raises(TypeError, match="ids"):
            shop.albums.all(ids="1")


def test_a_builtin_is_not_hidden_by_a_method_of_a_model() -> None:
    class Shelf(Model):
        names: list[str]
        made: dict[str, int]

        def list(self) -> list[str]:
            return self.names

        @property
        def dict(self) -> dict[str, int]:
            return self.made

    shelf = Shelf.from_json(b'{"names":["a"],"made":{"b":1}}')
    assert (shelf.list(), shelf.dict) == (["a"], {"b": 1})
    assert Shelf.from_dict(shelf.to_dict()) == shelf
    assert inspect.get_annotations(Shelf) == {"names": list[str], "made": dict[str, int]}


class Inner(Resource[M]):
    @get("inner")
    def read(self) -> None: ...


def test_a_resource_is_not_hidden_by_the_endpoint_of_its_name() -> None:
    class Outer(Resource[M]):
        inner: Inner[M]
        quoted: "Inner[M]"

        @get("other")
        def Inner(self) -> None: ...

    class Shop(BaseClient[M]):
        outer: Outer[M]

    class SyncShop(Shop[Sync], Client): ...

    with SyncShop(NOWHERE) as shop:
        assert shop.outer.inner.read.url() == shop.outer.quoted.read.url() == f"{NOWHERE}/inner"


def test_annotations_that_were_changed_stay_changed() -> None:
    def changed(stub: Any) -> Any:
        stub.__annotations__["return"] = list[int]
        return stub

    def seen(stub: Any) -> Any:
        assert inspect.signature(stub)
        return stub

    class Albums(Resource[M]):
        @get("names")
        @changed
        def names(self, *, ids: list[str]) -> list[str]: ...

        @get("ids")
        @seen
        def ids(self, *, kind: str = "") -> list[str]: ...

        @flow
        @changed
        def all(self) -> Flow[list[str]]:
            return (yield from perform(self.names, ids=[]))

        def list(self) -> None: ...

    assert Albums.names.returns == list[int]
    assert Albums.ids.returns == list[str]
    assert inspect.signature(Albums.all.method).return_annotation == list[int]


def test_a_class_inside_the_class_may_be_named() -> None:
    class Albums(Resource[M]):
        class Kept(Model):
            names: list[str]

        Kind = list[int]

        @get("kept")
        def kept(self, *, kind: Kind) -> Kept: ...

    assert Albums.kept.returns is Albums.Kept
    assert inspect.signature(Albums.kept.stub).parameters["kind"].annotation == list[int]


@late
def test_a_stub_may_name_what_is_made_later() -> None:
    class Albums(Resource[M]):
        inner: Inner[M]

        @get("albums/{album_id}")
        def one(self, album_id: str, *, kind: Annotated[Kind | None, Query("k")] = None) -> Found: ...

        @post("albums")
        def create(self, **album: Unpack[NewAlbum]) -> Found | None: ...

        @get("pages", paging=Offset(limit=10))
        def pages(self) -> Page[Found]: ...

        @get("events")
        def events(self) -> Stream[Found]: ...

        @flow
        def first(self, *, kind: Kind) -> Flow[Found]:
            return (yield from perform(self.one, "a"))

        class Own(Model):
            found: Found

        @get("own")
        def own(self) -> Own: ...

    class Inner(Resource[M]):
        @get("inner")
        def read(self) -> Found: ...

    class NewAlbum(TypedDict, total=False):
        kind: Annotated[Kind, Field("k")]

    class Shop(BaseClient[M]):
        albums: Albums[M]

    class SyncShop(Shop[Sync], Client): ...

    class Found(Model):
        ids: list[int]

    Kind = int
    assert Albums.one.returns is Found
    assert Albums.pages.returns == Page[Found]
    assert Albums.events.returns == Stream[Found]
    assert Albums.Own.from_json(b'{"found":{"ids":[1]}}').found == Found(ids=[1])
    with SyncShop(NOWHERE) as shop:
        assert shop.albums.create.request(kind=3).body == b'{"k":3}'
        assert shop.albums.inner.read.url() == f"{NOWHERE}/inner"
        assert inspect.signature(shop.albums.one).return_annotation is Found
        with pytest.raises(TypeError, match="kind"):
            shop.albums.first(kind="1")


def unpacking() -> type[Resource[Any]]:
    class Albums(Resource[M]):
        @post("albums")
        def create(self, **album: Unpack[Missing]) -> None: ...

    return Albums


def marking() -> type[Resource[Any]]:
    class Albums(Resource[M]):
        @post("albums")
        def create(self, *, kind: Annotated[Missing, Field("k")]) -> None: ...

    return Albums


def returning() -> type[Resource[Any]]:
    class Albums(Resource[M]):
        @post("albums")
        def create(self) -> list[Missing] | None: ...

    return Albums


def paging() -> type[Resource[Any]]:
    class Albums(Resource[M]):
        @get("albums", paging=Offset(limit=10))
        def create(self) -> Page[Missing]: ...

    return Albums


@late
@pytest.mark.parametrize("make", [unpacking, marking, returning, paging])
def test_a_name_that_never_comes_is_told_on_first_use(make: Callable[[], Any]) -> None:
    with pytest.raises(DeclarationError, match=r"^Albums.create\(\): name 'Missing' is not defined; import it"):
        _ = make().create.returns


@late
def test_a_mount_that_never_comes_is_told_on_first_use() -> None:
    class Shop(BaseClient[M]):
        albums: Missing[M]

    class SyncShop(Shop[Sync], Client): ...

    with (
        SyncShop(NOWHERE) as shop,
        pytest.raises(DeclarationError, match=r"^Shop.albums: name 'Missing' is not defined"),
    ):
        _ = shop.albums


@late
def test_a_mistake_is_found_when_the_class_is_made_for_all_that() -> None:
    with pytest.raises(DeclarationError, match=r"create\(\): kind: it is in the path and cannot be Field too"):

        class Albums(Resource[M]):
            @post("albums/{kind}")
            def create(self, kind: Annotated[str, Field]) -> Missing: ...

    with pytest.raises(DeclarationError, match="say how: @get"):

        class Lists(Resource[M]):
            @get("lists")
            def read(self) -> Page[Missing]: ...

    with pytest.raises(DeclarationError, match="write each argument out"):

        class Loose(Resource[M]):
            @get("loose")
            def read(self, **options: Missing) -> None: ...


@late
def test_what_a_name_means_is_settled_on_first_use() -> None:
    Kind: Any = int

    class Albums(Resource[M]):
        @get("albums")
        def read(self, *, kind: Kind) -> list[Kind]: ...

    Kind = str
    assert Albums.read.returns == list[str]


@late
def test_a_misspelt_setting_is_told_though_another_cannot_be_evaluated() -> None:
    class Shop(Client):
        def __init__(self, endpoint: str, *, album: Missing = None, **settings: Any) -> None:
            super().__init__(endpoint, **settings)

    with pytest.raises(TypeError, match="did you mean 'album'"):
        Shop(NOWHERE, albun=1)
