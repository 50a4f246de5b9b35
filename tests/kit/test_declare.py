"""Declarations: where each argument goes on the wire, and what cannot be declared."""

from __future__ import annotations

import inspect
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic
from uuid import UUID

import pytest

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, Field, Header, Query, delete, get, patch, post, put
from gemel.kit.errors import AlternativeReplyError, DeclarationError, GemelError
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import ASYNC, SYNC, Albums, AsyncShopClient, Color, Mode, NewAlbum, Shop, ShopClient
from .wire import Seen, Wire, reply

MOMENT = datetime(2024, 2, 29, 13, 30, 15, 250000, tzinfo=timezone(timedelta(hours=2)))
OWNER = UUID("12345678-1234-5678-1234-567812345678")
GOOD = reply({"album": {"id": "a"}, "reviews": []})


def sent(mode: Mode, call: Any, answer: bytes = GOOD, **settings: Any) -> Seen:
    """The request that a call makes."""
    with Wire(answer) as wire:
        mode.run(wire.url, call, **settings)
    assert len(wire.seen) == 1
    return wire.last


QUERIES = [
    ({}, ""),
    ({"color": None}, ""),
    ({"color": Color.RED}, "color=red"),
    ({"since": MOMENT}, "since=2024-02-29T11%3A30%3A15.250000Z"),
    ({"since": MOMENT.astimezone(timezone.utc).replace(microsecond=0)}, "since=2024-02-29T11%3A30%3A15Z"),
    ({"day": date(2024, 2, 29)}, "day=2024-02-29"),
    ({"owner_id": OWNER}, f"ownerId={OWNER}"),
    ({"price": Decimal("10.50")}, "price=10.50"),
    ({"price": 1.5}, "price=1.5"),
    ({"limit": 0}, "limit=0"),
    ({"limit": OMIT}, ""),
    ({"tags": ["a b", "c&d", ""]}, "tags=a%20b&tags=c%26d&tags="),
    ({"tags": []}, ""),
    ({"ids": [1, 2, 3]}, "ids=1,2,3"),
    ({"ids": []}, ""),
    ({"project": "p"}, "projectId=p&workspaceId=p"),
    ({"kind": "vinyl"}, "kind=vinyl"),
    ({"limit": 5, "color": Color.BLUE}, "color=blue&limit=5"),
]


@pytest.mark.parametrize(("arguments", "query"), QUERIES)
def test_query_parameters(mode: Mode, arguments: dict[str, Any], query: str) -> None:
    request = sent(mode, lambda shop: shop.albums.list(**arguments), reply([]))
    assert request.target == "/api/albums" + (f"?{query}" if query else "")
    assert request.body == b""
    assert "content-type" not in request.headers


@pytest.mark.parametrize(("value", "query"), [(True, "withTracks=true"), (False, "withTracks=false"), (OMIT, "")])
def test_booleans_of_a_query(mode: Mode, value: Any, query: str) -> None:
    assert sent(mode, lambda shop: shop.albums.retrieve("a", with_tracks=value)).query == query


FIELDS = [
    ({}, {}),
    ({"sub_title": None}, {"subTitle": None}),
    ({"sub_title": OMIT}, {}),
    ({"sub_title": ""}, {"subTitle": ""}),
    ({"color": Color.RED}, {"color": "red"}),
    ({"since": MOMENT}, {"since": "2024-02-29T11:30:15.250000Z"}),
    ({"owner_id": OWNER}, {"ownerId": str(OWNER)}),
    ({"price": Decimal("10.50")}, {"price": "10.50"}),
    ({"price": 1.5}, {"price": 1.5}),
    ({"tags": ["a", "\u00e9"]}, {"tags": ["a", "\u00e9"]}),
    ({"tags": []}, {"tags": []}),
]


@pytest.mark.parametrize(("arguments", "body"), FIELDS)
def test_fields_of_a_body(mode: Mode, arguments: dict[str, Any], body: dict[str, Any]) -> None:
    request = sent(mode, lambda shop: shop.albums.create("T", **arguments))
    assert request.json == {"title": "T", **body}
    assert request.headers["content-type"] == "application/json"
    assert request.target == "/api/albums"


def test_a_query_parameter_of_a_post(mode: Mode) -> None:
    request = sent(mode, lambda shop: shop.albums.create("T", dry_run=True))
    assert (request.query, request.json) == ("dryRun=true", {"title": "T"})


@pytest.mark.parametrize(("value", "name"), [("t-1", "t-1"), ("", ""), (None, None), (OMIT, None)])
def test_a_header(mode: Mode, value: Any, name: str | None) -> None:
    assert sent(mode, lambda shop: shop.albums.list(trace=value), reply([])).headers.get("x-trace") == name


def test_a_whole_body(mode: Mode) -> None:
    album = NewAlbum(title="T", download_key="k")
    request = sent(mode, lambda shop: shop.albums.replace("a", album), reply({"id": "a"}))
    assert request.json == {"title": "T", "downloadKey": "k"}
    request = sent(mode, lambda shop: shop.albums.replace_all([album, album]), reply({}))
    assert request.json == [{"title": "T", "downloadKey": "k"}] * 2
    assert sent(mode, lambda shop: shop.albums.replace_all([]), reply({})).body == b"[]"


def test_an_object_without_members_is_sent_where_all_fields_are_left_out(mode: Mode) -> None:
    request = sent(mode, lambda shop: shop.albums.update("a"))
    assert (request.body, request.headers["content-type"]) == (b"{}", "application/json")


def test_where_no_field_is_declared_there_is_no_body(mode: Mode) -> None:
    request = sent(mode, lambda shop: shop.albums.archive("a"))
    assert request.body == b""
    assert "content-type" not in request.headers
    assert request.headers.get("content-length", "0") == "0"
    assert "transfer-encoding" not in request.headers


def test_a_delete_may_have_fields(mode: Mode) -> None:
    request = sent(mode, lambda shop: shop.albums.delete("a", reason="old"))
    assert (request.method, request.json) == ("DELETE", {"reason": "old"})
    assert request.headers["content-type"] == "application/json"
    request = sent(mode, lambda shop: shop.albums.delete("a"))
    assert (request.body, "content-type" in request.headers) == (b"", False)


def test_both_transports_send_the_same_request() -> None:
    def call(shop: Any) -> Any:
        return shop.albums.create("T", dry_run=True, tags=["x"], idempotency_key="k")

    with Wire(GOOD) as wire:
        for mode in (SYNC, ASYNC):
            mode.run(wire.url, call, headers={"X-One": "1"})
    one, two = wire.seen
    assert (one.method, one.target, one.body) == (two.method, two.target, two.body)
    assert one.headers == two.headers


def test_a_nested_resource(mode: Mode) -> None:
    assert sent(mode, lambda shop: shop.albums.reviews.list("a")).target == "/api/albums/a/reviews"


class Pending(Model):
    slug: str


class PendingError(AlternativeReplyError):
    """The change waits."""

    model = Pending
    meaning = "the change waits for an approval"


class MyAlbums(Albums[M]):
    """One endpoint more, one overridden."""

    @post("api/albums/{album_id}/play", unwrap="plays", alternatives={"pending": PendingError})
    def play(self, album_id: str, *, play_speed: float = 1.0) -> int:
        """Play an album."""
        ...

    @get("api/v2/tree")
    def tree(self) -> Any:
        """Return a newer tree."""
        ...


class Labels(Resource[M], case="snake"):
    """A resource of another case."""

    @get("labels")
    def find(self, *, label_name: str, owner_id: Annotated[str, Query("ownerID")]) -> list[str]:
        """Find labels."""
        ...


class MyShop(ShopClient):
    """A blocking client with more."""

    albums: MyAlbums[Sync]
    labels: Labels[Sync]


class MyAsyncShop(AsyncShopClient):
    """An awaited client with more."""

    albums: MyAlbums[Async]
    labels: Labels[Async]


class BothShop(Shop[M], Generic[M]):
    """More, declared once for both modes."""

    labels: Labels[M]


class BothClient(BothShop[Sync], Client): ...


class BothAsyncClient(BothShop[Async], AsyncClient): ...


def mine(mode: Mode) -> Any:
    return MyAsyncShop if mode.is_async else MyShop


def test_a_subclass_adds_an_endpoint_and_a_resource(mode: Mode) -> None:
    with Wire(reply({"plays": 3}), reply([]), reply(GOOD[-40:]), GOOD) as wire:
        client = mine(mode)
        assert mode.run(wire.url, lambda shop: shop.albums.play("a", play_speed=2), client=client) == 3
        mode.run(wire.url, lambda shop: shop.labels.find(label_name="x", owner_id="o"), client=client)
        wire.script = [reply({"new": 1})]
        assert mode.run(wire.url, lambda shop: shop.albums.tree(), client=client) == {"new": 1}
        wire.script = [GOOD]
        assert mode.run(wire.url, lambda shop: shop.albums.retrieve("a"), client=client).id == "a"
    assert wire.seen[0].json == {"playSpeed": 2}
    assert wire.targets[1:3] == ["/labels?label_name=x&ownerID=o", "/api/v2/tree"]


def test_a_subclass_for_both_modes_keeps_what_it_has(mode: Mode) -> None:
    client = BothAsyncClient if mode.is_async else BothClient
    with Wire(reply([]), GOOD) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.labels.find(label_name="x", owner_id="o"),
            lambda shop: shop.albums.retrieve("a"),
            client=client,
        )
    assert len(wire.seen) == 2


def test_another_outcome_is_an_error_of_its_own(mode: Mode) -> None:
    with Wire(reply({"pending": {"slug": "s-1"}})) as wire:
        with pytest.raises(PendingError, match="the change waits for an approval") as caught:
            mode.run(wire.url, lambda shop: shop.albums.play("a"), client=mine(mode))
    assert caught.value.reply == Pending(slug="s-1")
    assert isinstance(caught.value, GemelError)


def test_a_bound_call_looks_like_its_stub(mode: Mode) -> None:
    call = mode.client("http://h").albums.retrieve
    assert str(inspect.signature(call)) == "(album_id: 'str', *, with_tracks: 'bool | Omit' = UNSET) -> 'Album'"
    assert (call.__name__, call.__qualname__, call.__doc__) == ("retrieve", "Albums.retrieve", "Retrieve one album.")
    assert "Albums.retrieve" in repr(call)
    assert repr(Albums.retrieve) == "<Endpoint Albums.retrieve: GET api/albums/{album_id}>"


def test_what_is_declared_in_a_function_may_use_its_names(mode: Mode) -> None:
    class Local(Model):
        size: int

    class Locals(Resource[M]):
        @get("local")
        def read(self) -> Local: ...

    class LocalClient(Client):
        things: Locals[Sync]

    class LocalAsyncClient(AsyncClient):
        things: Locals[Async]

    client = LocalAsyncClient if mode.is_async else LocalClient
    with Wire(reply({"size": 3})) as wire:
        assert mode.run(wire.url, lambda client: client.things.read(), client=client) == Local(size=3)


def test_an_annotation_that_is_no_resource_is_no_attribute() -> None:
    class Plain(ShopClient):
        note: str

    with pytest.raises(AttributeError, match="no attribute 'note'"):
        _ = Plain("http://h").note


def declared(path: str = "x", verb: Any = get) -> Any:
    """A decorator that makes a resource of a stub and uses its endpoint once."""

    def make(stub: Any) -> None:
        made = type("Wrong", (Resource,), {stub.__name__: verb(path)(stub)})
        with Client("http://h") as client:
            getattr(made(client), stub.__name__)

    make.path = path  # type: ignore[attr-defined]
    return make


def test_wrong_declarations_name_class_method_and_parameter() -> None:
    def bad_path(self: Any) -> None: ...
    def missing(self: Any) -> None: ...
    def default(self: Any, name: str = "") -> None: ...
    def role(self: Any, name: Annotated[str, Query]) -> None: ...
    def two_roles(self: Any, a: Annotated[str, Query, Header]) -> None: ...
    def bodies(self: Any, a: Annotated[str, Body], b: Annotated[str, Body]) -> None: ...
    def mixed(self: Any, a: Annotated[str, Body], b: str) -> None: ...
    def field(self: Any, a: Annotated[str, Field]) -> None: ...
    def twice(self: Any, a: Annotated[str, Query("x")], b: Annotated[str, Query("x")]) -> None: ...
    def header_twice(self: Any, a: Annotated[str, Header("X-A")], b: Annotated[str, Header("x-a")]) -> None: ...
    def bad_header(self: Any, a: Annotated[str, Header("X A")]) -> None: ...
    def star(self: Any, *names: str) -> None: ...
    def stars(self: Any, **names: str) -> None: ...
    def no_return(self: Any, a: str): ...  # type: ignore[no-untyped-def]
    def unknown(self: Any, a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
    def undecodable(self: Any) -> dict[str, int] | dict[int, str]: ...
    def buried(self: Any, a: Annotated[str, Query("x")] | None = None) -> None: ...

    wrong: list[tuple[Any, Any, str]] = [
        *[(bad_path, declared(path), "path") for path in ("//", "http://h/x", "x?", "x#a", "{", "{}", "{a", "x y")],
        *[(bad_path, declared(path), "path") for path in ("{+a}", "{?a}", "{a:3}", "../x", "a/./b", "a/../b", "//h/x")],
        (missing, declared("x/{name}"), "{name}"),
        (default, declared("x/{name}"), "name"),
        (role, declared("x/{name}"), "name"),
        (two_roles, declared(), "a: it cannot be Query and Header at once"),
        (bodies, declared(verb=post), "a and b"),
        (mixed, declared(verb=put), "b"),
        (field, declared(), "a: a GET request has no body"),
        (twice, declared(), "b: a is sent as 'x' already"),
        (header_twice, declared(), "b: a is sent as"),
        (bad_header, declared(), "a: 'X A' is not a header name"),
        (star, declared(), "names"),
        (stars, declared(), "names"),
        (no_return, declared(), "return type"),
        (unknown, declared(), "Nowhere"),
        (undecodable, declared(), "return type"),
        (buried, declared(), "a"),
    ]
    for stub, decorate, says in wrong:
        text = refusal(stub, decorate)
        assert f"Wrong.{stub.__name__}()" in text, text
        assert says in text, text


def refusal(stub: Any, decorate: Any) -> str:
    try:
        decorate(stub)
    except DeclarationError as error:
        return str(error)
    raise AssertionError(f"{stub.__name__}{inspect.signature(stub)} was accepted: {vars(decorate)}")


def test_an_unknown_case_names_the_class() -> None:
    with pytest.raises(DeclarationError, match='Kebab: case must be "snake" or "camel"'):
        type("Kebab", (Resource,), {}, case="kebab")


def test_a_method_that_hides_its_verb_is_told() -> None:
    with pytest.raises(DeclarationError, match="'delete' hides the verb"):

        class Hiding(Resource[M]):
            @delete("x")
            def delete(self) -> None: ...

            @delete("y")  # type: ignore[operator]
            def other(self) -> None: ...


def test_a_secret_in_a_union_is_a_secret(mode: Mode) -> None:
    class Keys(Resource[M]):
        @patch("keys")
        def change(self, *, key: Annotated[str, SECRET] | Omit | None = None) -> None: ...

    class KeyClient(Client):
        keys: Keys[Sync]

    class KeyAsyncClient(AsyncClient):
        keys: Keys[Async]

    client = KeyAsyncClient if mode.is_async else KeyClient
    with Wire(reply({"message": "bad hunter2"}, 400)) as wire:
        with pytest.raises(GemelError, match=r"bad \*\*\*"):
            mode.run(wire.url, lambda client: client.keys.change(key="hunter2"), client=client)
    assert wire.last.json == {"key": "hunter2"}
