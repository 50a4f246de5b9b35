"""Every form that a type can be written in is read as what it stands for, or refused: never as plain JSON, silently."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar

import marshmallow as ma
import pytest
import typing_extensions as te
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Cursor, EventStream, Page, Query, Stream, get, post
from gemel.kit.errors import DeclarationError, InvalidArgument, ResponseValidationError
from gemel.kit.models.decode import decoder, from_json
from gemel.kit.models.model import Model, field
from gemel.kit.models.schema import load
from gemel.kit.models.unions import Discriminator
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import ABSENT, SECRET, Async, M, Sync

from .shop import Mode
from .test_fields import agree, read
from .wire import Wire, reply

T = TypeVar("T")
U = TypeVar("U")
K = te.TypeVar("K", default="Item")
B = TypeVar("B", bound="Item")


class Item(Model, case="camel"):
    """An item."""

    item_id: int
    made_at: datetime | None = None


class Org(Model):
    """Something else, with nothing to tell it apart."""

    org: str = ""


class Box(Model, Generic[T]):
    """Anything, in a box."""

    content: T
    others: list[T] = field(default_factory=list)


class Pallet(Box[list[U]], Generic[U]):
    """Boxes of lists, the variable renamed."""

    label: U


class ItemBox(Box[Item]):
    """A box whose content is settled."""


class Spare(Model, Generic[K]):
    """A generic record whose parameter has a default."""

    content: K


class Bounded(Model, Generic[B]):
    """A generic record whose parameter has a bound."""

    content: B


ITEM = {"itemId": 1, "madeAt": "2024-02-29T13:30:15"}
READ = Item(item_id=1, made_at=datetime(2024, 2, 29, 13, 30, 15, tzinfo=timezone.utc))


# Generic records


GENERIC: list[tuple[Any, Any, Any]] = [
    (Box[Item], {"content": ITEM, "others": [ITEM]}, Box(content=READ, others=[READ])),
    (Box[list[Item]], {"content": [ITEM]}, Box(content=[READ])),
    (Box[Box[Item]], {"content": {"content": ITEM}}, Box(content=Box(content=READ))),
    (Box[Item | None], {"content": None}, Box(content=None)),
    (Pallet[Item], {"content": [ITEM], "label": ITEM}, Pallet(content=[READ], label=READ)),
    (Box[U][Item], {"content": ITEM}, Box(content=READ)),
    (Spare[Org], {"content": {"org": "a"}}, Spare(content=Org(org="a"))),
]


@pytest.mark.parametrize(("form", "document", "record"), GENERIC, ids=str)
def test_a_generic_record_knows_its_type_arguments(form: Any, document: Any, record: Any) -> None:
    assert form.from_dict(document) == form.from_json(json.dumps(document)) == form.Schema().load(document) == record
    assert read(form, json.dumps(document).encode()) == record
    assert type(form.from_dict(document)) is type(record)


SETTLED: list[tuple[Any, Any, Any]] = [
    (ItemBox, {"content": ITEM}, ItemBox(content=READ)),
    (Spare, {"content": ITEM}, Spare(content=READ)),
    (Bounded, {"content": ITEM}, Bounded(content=READ)),
]


@pytest.mark.parametrize(("form", "document", "record"), SETTLED, ids=str)
def test_a_default_or_a_bound_stands_for_what_nobody_says(form: Any, document: Any, record: Any) -> None:
    assert form.from_dict(document) == form.from_json(json.dumps(document)) == record
    for wrong in ({"content": 3}, {"content": {"itemId": "x"}}):
        with pytest.raises(ma.ValidationError):
            form.from_dict(wrong)
        with pytest.raises(ma.ValidationError):
            form.from_json(json.dumps(wrong))


class Shelf(Model):
    """A record whose field names a generic one without brackets."""

    box: Box  # type: ignore[type-arg]


UNKNOWN: list[tuple[Any, str]] = [
    (Box, "Box needs its type argument"),
    (list[Box], "Box needs its type argument"),
    (Shelf, "Shelf.box: Box needs its type argument"),
    (Box[T], "nothing says what T stands for"),
    (T, "nothing says what T stands for"),
    (dict[str, T], "nothing says what T stands for"),
    (NewType("Boxes", list[Box]), "Box needs its type argument"),  # type: ignore[valid-newtype]
]


@pytest.mark.parametrize(("form", "said"), UNKNOWN, ids=str)
def test_what_nothing_is_said_of_is_refused(form: Any, said: str) -> None:
    for attempt in (lambda: decoder(form), lambda: from_json(form, "{}"), lambda: load(form, {})):
        with pytest.raises(TypeError, match=said):
            attempt()


def test_a_record_of_a_default_is_sent_as_it_is(mode: Mode) -> None:
    """The class of a record does not say what its type arguments were."""
    with Wire(reply({})) as wire:
        for record in (Spare[Org](content=Org(org="a")), Box[int](content=1, others=[2])):
            mode.run(wire.url, lambda client, record=record: client.request("POST", "x", body=record))
            assert wire.last.json == record.to_dict()


def test_brackets_after_a_record_that_takes_none() -> None:
    with pytest.raises(TypeError, match="Item takes no type arguments"):
        Item[int]  # type: ignore[type-arg]


# Resources whose types a subclass fills in


class Crud(Resource[M], Generic[T, M], case="camel"):
    """The same endpoints for records of any type."""

    @get("things/{key}")
    def retrieve(self, key: str) -> T:
        """Read one."""
        ...

    @get("list")
    def several(self) -> list[T]:
        """Read several."""
        ...

    @get("box")
    def boxed(self) -> Box[T] | None:
        """Read one in a box."""
        ...

    @get("pages", unwrap="items", paging=Cursor(next="next"))
    def pages(self) -> Page[T]:
        """Read all of them."""
        ...

    @get("events", events=EventStream(done="[DONE]"))
    def events(self) -> Stream[T]:
        """Stream them."""
        ...

    @post("things")
    def create(self, thing: Annotated[T, Body]) -> T:
        """Make one."""
        ...

    @post("many")
    def create_all(self, things: list[T]) -> None:
        """Make several."""
        ...


class Items(Crud[Item, M]):
    """Filled in once."""


class Renamed(Crud[U, M], Generic[U, M]):
    """Not filled in yet, under another name."""


class Later(Renamed[Item, M]):
    """Filled in two levels below."""


class Turned(Crud[U, M], Generic[T, U, M]):
    """The parameter under the name of another one, and in another place."""


class TurnedItems(Turned[Org, Item, M]):
    """Filled in by that place."""


class Defaulted(Crud[K, M], Generic[M, K]):
    """A default in the place of a type argument."""


class Bound(Crud[B, M], Generic[B, M]):
    """A bound in the place of a type argument."""


class Store(BaseClient[M]):
    """Each way to say it."""

    plain: Items[M]
    later: Later[M]
    turned: TurnedItems[M]
    direct: Crud[Item, M]
    defaulted: Defaulted[M]
    bound: Bound[Any, M]
    orgs: Crud[Org, M]
    nothing: Crud[T, M]  # type: ignore[valid-type]


class StoreClient(Store[Sync], Client):
    """The blocking client."""


class AsyncStoreClient(Store[Async], AsyncClient):
    """The awaited client."""


WAYS = ["plain", "later", "turned", "direct", "defaulted"]


def run(mode: Mode, url: str, *steps: Callable[[Any], Any]) -> Any:
    return mode.run(url, *steps, client=AsyncStoreClient if mode.is_async else StoreClient)


@pytest.mark.parametrize("way", WAYS)
def test_a_resource_reads_the_types_that_its_class_fills_in(mode: Mode, way: str) -> None:
    ask: dict[str, tuple[Any, Any]] = {
        "retrieve": (ITEM, lambda client: getattr(client, way).retrieve("a")),
        "several": ([ITEM], lambda client: getattr(client, way).several()),
        "boxed": ({"content": ITEM}, lambda client: getattr(client, way).boxed()),
        "pages": ({"items": [ITEM]}, lambda client: getattr(client, way).pages().all()),
        "create": (ITEM, lambda client: getattr(client, way).create(Item(item_id=1))),
    }
    expected = {"retrieve": READ, "several": [READ], "boxed": Box(content=READ), "pages": [READ], "create": READ}
    for name, (body, call) in ask.items():
        with Wire(reply(body)) as wire:
            assert run(mode, wire.url, call) == expected[name]
    with Wire(reply({"itemId": "x"})) as wire, pytest.raises(ResponseValidationError, match="itemId"):
        run(mode, wire.url, lambda client: getattr(client, way).retrieve("a"))


def test_a_stream_of_what_a_class_fills_in() -> None:
    events = b'data: {"itemId": 1}\n\ndata: [DONE]\n\n'
    with Wire(reply(events, kind="text/event-stream")) as wire, StoreClient(wire.url) as client:
        with client.plain.events() as stream:
            assert list(stream) == [Item(item_id=1)]


@pytest.mark.parametrize("way", WAYS)
def test_arguments_are_what_a_class_fills_in(way: str) -> None:
    with StoreClient("http://127.0.0.1:9") as client:
        crud = getattr(client, way)
        assert json.loads(crud.create.request(Item(item_id=1)).body)["itemId"] == 1
        assert json.loads(crud.create_all.request(things=[Item(item_id=1)]).body)["things"][0]["itemId"] == 1
        for wrong in ({"itemId": 1}, Org(), 3):
            with pytest.raises(InvalidArgument, match="expected Item"):
                crud.create.request(wrong)


def test_one_class_serves_several_types() -> None:
    with Wire(reply(ITEM), reply({"org": "a"}), reply(ITEM)) as wire, StoreClient(wire.url) as client:
        assert client.direct.retrieve("a") == READ
        assert client.orgs.retrieve("a") == Org(org="a")
        assert Crud[Item, Sync](client).retrieve("a") == READ


def test_a_bound_is_read_where_a_class_fills_in_nothing() -> None:
    class Bare(Bound):  # type: ignore[type-arg]
        """No brackets at all."""

    with Wire(reply(ITEM)) as wire, Client(wire.url) as client:
        assert Bare(client).retrieve("a") == READ


class Bare(Crud):  # type: ignore[type-arg]
    """Nothing filled in."""


class Method(Resource[M]):
    """A type variable that no class has."""

    @get("x")
    def read(self, kind: Annotated[str, Query]) -> T:
        """Read what nothing says."""
        ...

    @post("x")
    def write(self, thing: T) -> None:
        """Write what nothing says."""
        ...


UNFILLED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda client: Bare(client).retrieve, r"Crud.retrieve\(\): .*what T stands for"),
    (lambda client: Bare(client).several, r"Crud.several\(\): .*what T stands for"),
    (lambda client: Bare(client).boxed, r"Crud.boxed\(\): .*what T stands for"),
    (lambda client: Bare(client).pages, r"Crud.pages\(\): .*what T stands for"),
    (lambda client: Bare(client).events, r"Crud.events\(\): .*what T stands for"),
    (lambda client: Bare(client).create, r"Crud.create\(\): thing: .*what T stands for"),
    (lambda client: client.nothing.retrieve, "what T stands for"),
    (lambda client: Renamed(client).retrieve, "what U stands for"),
    (lambda client: Method(client).read, r"Method.read\(\): .*what T stands for"),
    (lambda client: Method(client).write, r"Method.write\(\): thing: .*what T stands for"),
]


@pytest.mark.parametrize("at", range(len(UNFILLED)))
def test_what_no_class_fills_in_is_refused_at_the_first_use(at: int) -> None:
    use, said = UNFILLED[at]
    with StoreClient("http://127.0.0.1:9") as client, pytest.raises(DeclarationError, match=said):
        use(client)


def test_the_catalogue_of_a_client_has_generic_resources() -> None:
    with StoreClient("http://127.0.0.1:9") as client:
        assert {info.resource for info in client.endpoints()} == {*WAYS, "bound", "orgs", "nothing"}


# Aliases

MaybeItem = te.TypeAliasType("MaybeItem", Item | None)
Pair = te.TypeAliasType("Pair", tuple[T, T], type_params=(T,))
Deep = te.TypeAliasType("Deep", dict[str, MaybeItem])
Key = NewType("Key", int)
Keys = NewType("Keys", list[Key])
Secret = te.TypeAliasType("Secret", Annotated[str, SECRET])
Tree = te.TypeAliasType("Tree", "dict[str, Tree] | list[Tree] | int | str | None")
Nest = te.TypeAliasType("Nest", "Item | list[Nest]")


class Holder(Model):
    """A field of each alias."""

    one: MaybeItem = None
    many: list[MaybeItem] = field(default_factory=list)
    deep: Deep | None = None
    pair: Pair[MaybeItem] | None = None
    key: Key = Key(0)
    keys: Keys | None = None
    hidden: Secret = ""
    tree: Tree = None
    nest: Nest | None = None


ALIASED: list[tuple[Any, Any, Any]] = [
    (MaybeItem, None, None),
    (MaybeItem, ITEM, READ),
    (list[MaybeItem], [None, ITEM], [None, READ]),
    (Pair[Item], [ITEM, ITEM], (READ, READ)),
    (Pair[Pair[MaybeItem]], [[None, ITEM], [None, None]], ((None, READ), (None, None))),
    (Deep, {"a": None, "b": ITEM}, {"a": None, "b": READ}),
    (MaybeItem | int, 3, 3),
    (Box[MaybeItem], {"content": None}, Box(content=None)),
    (Keys, [1, 2], [1, 2]),
    (Annotated[MaybeItem, "note"], ITEM, READ),
    (Tree, {"a": [1, "x", None, {"b": []}]}, {"a": [1, "x", None, {"b": []}]}),
    (Nest, [[ITEM], ITEM, []], [[READ], READ, []]),
    (Holder, {"many": [None, ITEM], "pair": [None, ITEM]}, Holder(many=[None, READ], pair=(None, READ))),
    (Holder, {"nest": [ITEM], "tree": [1]}, Holder(nest=[READ], tree=[1])),
]


@pytest.mark.parametrize(("form", "document", "value"), ALIASED, ids=str)
def test_an_alias_is_what_it_stands_for_on_every_road(form: Any, document: Any, value: Any) -> None:
    body = json.dumps(document).encode()
    assert read(form, body) == from_json(form, body) == load(form, document) == value
    assert repr(read(form, body)) == repr(load(form, document)) == repr(value)
    agree(form, body)


MISFITS: list[tuple[Any, Any]] = [
    (MaybeItem, 3),
    (list[MaybeItem], [{"itemId": "x"}]),
    (Pair[Item], [ITEM]),
    (Keys, ["a"]),
    (Tree, {"a": [1.5]}),
    (Nest, [3]),
    (Holder, {"deep": {"a": 3}}),
]


@pytest.mark.parametrize(("form", "document"), MISFITS, ids=str)
def test_what_an_alias_does_not_stand_for_is_refused(form: Any, document: Any) -> None:
    with pytest.raises(ma.ValidationError):
        load(form, document)
    with pytest.raises(ma.ValidationError):
        from_json(form, json.dumps(document))


class Aliased(Resource[M], case="camel"):
    """Aliases of arguments and results."""

    @get("x", unwrap="item")
    def read(self, key: Key, word: te.TypeAliasType("Word", Annotated[str, Query("q")]) = "") -> MaybeItem:  # type: ignore[valid-type]
        """Read one."""
        ...

    @post("x")
    def write(self, item: MaybeItem, pair: Pair[int] = (0, 0)) -> Annotated[str, SECRET] | None:
        """Write one."""
        ...


def test_arguments_may_be_aliases(mode: Mode) -> None:
    resource = Aliased[Async] if mode.is_async else Aliased[Sync]
    with Wire(reply({"item": ITEM}), reply({"item": None}), reply("done"), reply(None)) as wire:
        assert mode.run(wire.url, lambda client: resource(client).read(Key(3), word="a b")) == READ
        assert wire.last.query == "key=3&q=a%20b"
        assert mode.run(wire.url, lambda client: resource(client).read(Key(3))) is None
        assert mode.run(wire.url, lambda client: resource(client).write(READ, pair=(1, 2))) == "done"
        assert wire.last.json["pair"] == [1, 2]
        assert mode.run(wire.url, lambda client: resource(client).write(None)) is None
        for wrong in (lambda client: resource(client).read(True), lambda client: resource(client).write(3)):
            assert isinstance(mode.fails(wire.url, wrong), InvalidArgument)
    assert len(wire.seen) == 4


STATEMENTS = """
from __future__ import annotations
from typing import Annotated
from gemel.kit.declare import Body, Page, Cursor, get, post
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, Async, Sync

class Item(Model):
    item_id: int

type MaybeItem = Item | None
type Listed[T] = list[T]
type Tree = Item | list[Tree]

class Box[T](Model):
    content: T

class Holder(Model):
    one: MaybeItem = None
    many: Listed[MaybeItem] = []
    tree: Tree | None = None
    box: Box[MaybeItem] | None = None

class Crud[T, M: (Sync, Async)](Resource[M]):
    @get("one")
    def one(self) -> T: ...
    @get("many")
    def many(self) -> Listed[T]: ...
    @post("x")
    def write(self, thing: Annotated[T, Body]) -> Box[T]: ...

class Items[M: (Sync, Async)](Crud[Item, M]): ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement came with Python 3.12")
@pytest.mark.parametrize("future", [True, False])
def test_the_type_statement(monkeypatch: pytest.MonkeyPatch, future: bool) -> None:
    module = types.ModuleType(f"statements_{future}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    source = STATEMENTS if future else STATEMENTS.replace("from __future__ import annotations", "")
    exec(compile(source, module.__name__, "exec", dont_inherit=True), vars(module))
    made: Any = module
    one = made.Item(item_id=1)
    document = {"one": None, "many": [None, {"item_id": 1}], "tree": [[{"item_id": 1}]], "box": {"content": None}}
    record = made.Holder(many=[None, one], tree=[[one]], box=made.Box(content=None))
    assert made.Holder.from_dict(document) == made.Holder.from_json(json.dumps(document)) == record
    assert made.Box[made.MaybeItem].from_dict({"content": {"item_id": 1}}) == made.Box(content=one)
    with Wire(reply({"item_id": 1}), reply([{"item_id": 1}]), reply({"content": {"item_id": 1}})) as wire:
        with Client(wire.url) as client:
            items = made.Items[Sync](client)
            assert (items.one(), items.many(), items.write(one)) == (one, [one], made.Box(content=one))
            with pytest.raises(InvalidArgument):
                items.write({"item_id": 1})


# Unions with Any


class Cat(Model, tag="cat", tag_field="kind"):
    """A tagged record."""

    lives: int = 9


class Dog(Model, tag="dog", tag_field="kind"):
    """Another one."""

    lives: int = 1


class Bird(Model):
    """One that a field tells apart."""

    kind: Literal["bird"] = "bird"
    price: float | None = None


class Fish(Model):
    """Another one."""

    kind: Literal["fish"] = "fish"


PETS = Annotated[Bird | Fish | Any, Discriminator("kind")]

OPEN: list[tuple[Any, Any, Any]] = [
    (Item | Any, ITEM, READ),
    (Item | Any, {"itemId": "x"}, {"itemId": "x"}),
    (Item | Any, {"org": 1}, {"org": 1}),
    (Item | Any, 3, 3),
    (Item | Any, None, None),
    (Item | Any, [ITEM], [ITEM]),
    (Item | Any | None, None, None),
    (list[Item] | Any, [ITEM], [READ]),
    (list[Item] | Any, [3], [3]),
    (datetime | Any, "2024-02-29T13:30:15", READ.made_at),
    (datetime | Any, "soon", "soon"),
    (Item | object, ITEM, READ),
    (Cat | Any, {"kind": "cat", "lives": 2}, Cat(lives=2)),
    (Cat | Any, {"kind": "cow", "lives": 2}, {"kind": "cow", "lives": 2}),
    (Cat | Any, {"lives": 2}, {"lives": 2}),
    (Cat | Dog | Any, {"kind": "dog"}, Dog()),
    (Cat | Dog | Any, {"kind": ["dog"]}, {"kind": ["dog"]}),
    (
        list[Cat | Dog | Any],
        [{"kind": "cat"}, {"kind": "cow", "milk": 1.5}, 3],
        [Cat(), {"kind": "cow", "milk": 1.5}, 3],
    ),
    (Cat | Dog | int | Any, 3, 3),
    (PETS, {"kind": "fish"}, Fish()),
    (PETS, {"kind": "cow"}, {"kind": "cow"}),
    (PETS, {"kind": "bird", "price": 1}, Bird(price=1.0)),
]


@pytest.mark.parametrize(("form", "document", "value"), OPEN, ids=str)
def test_beside_any_what_fits_is_typed(form: Any, document: Any, value: Any) -> None:
    body = json.dumps(document).encode()
    for given_back in (read(form, body), from_json(form, body), load(form, document)):
        assert given_back == value and type(given_back) is type(value)
    agree(form, body)


KNOWN_TAGS: list[tuple[Any, Any]] = [
    (Cat | Any, {"kind": "cat", "lives": "x"}),
    (list[Cat | Dog | Any], [{"kind": "dog", "lives": "x"}]),
    (PETS, {"kind": "bird", "price": []}),
]


@pytest.mark.parametrize(("form", "document"), KNOWN_TAGS, ids=str)
def test_what_a_tag_says_must_fit(form: Any, document: Any) -> None:
    with pytest.raises(ResponseValidationError):
        read(form, json.dumps(document).encode())
    with pytest.raises(ma.ValidationError):
        load(form, document)


UNTOLD: list[Any] = [
    Item | Org | Any,
    list[Item | Org | Any],
    Item | Cat | Any,
    list[int] | list[str] | Any,
    datetime | bytes | Any,
    Annotated[Cat | Item | Any, Discriminator("kind")],
]


@pytest.mark.parametrize("form", UNTOLD, ids=str)
def test_what_cannot_be_told_apart_beside_any_is_refused_when_declared(form: Any) -> None:
    class Wrong(Resource[M]):
        @get("x")
        def read(self) -> form: ...

    with Client("http://127.0.0.1:1") as client, pytest.raises(DeclarationError, match="cannot be decoded"):
        _ = Wrong(client).read


class Node(Model):
    """A record that nests itself, or anything."""

    inner: Node | Any = None
    kept: Kept | Any = None


class Kept(Model, unknown="keep"):
    """A record that keeps what it does not know."""

    number: int
    inner: Kept | Any = None


def test_a_record_may_nest_itself_beside_any() -> None:
    document = {"inner": {"inner": {"inner": 3, "kept": {"number": 1, "more": [1]}}}, "kept": {"more": 1}}
    for node in (Node.from_dict(document), Node.from_json(json.dumps(document))):
        deepest = node.inner.inner
        assert isinstance(deepest, Node) and deepest.inner == 3
        assert deepest.kept == Kept.from_dict({"number": 1, "more": [1]}) and deepest.kept.extras == {"more": [1]}
        assert node.kept == {"more": 1}
        assert node.to_dict()["inner"]["inner"]["kept"] == {"number": 1, "more": [1], "inner": None}


class Priced(Model):
    """A field of which no digit may be lost, in a union that a hook reads."""

    price: Decimal


DIGITS = "1.10000000000000000000000001"


@pytest.mark.parametrize(
    ("form", "body"),
    [(Priced | Any, "%s"), (list[Priced | Any], "[%s]"), (Box[Priced | Any], '{"content": %s}')],
    ids=["alone", "in a list", "in a box"],
)
def test_beside_any_a_decimal_keeps_its_digits(form: Any, body: str) -> None:
    assert f"Priced(price=Decimal('{DIGITS}'))" in repr(read(form, (body % f'{{"price": {DIGITS}}}').encode()))


def test_an_unknown_tag_is_told_with_its_path() -> None:
    with pytest.raises(ResponseValidationError) as caught:
        read(dict[str, list[Cat | Dog]], b'{"pets": [{"kind": "cat"}, {"kind": "cow"}]}')
    assert "pets.value.1.kind: Must be one of: cat, dog; got 'cow'." in str(caught.value)
    with pytest.raises(ResponseValidationError, match="got list"):
        read(Cat | Dog, b'{"kind": ["cow"]}')


def test_unchecked_replies_keep_what_any_stands_for(mode: Mode) -> None:
    class Free(Resource[M]):
        @get("x")
        def read(self) -> list[Cat | Dog | Any]: ...

        @get("x")
        def items(self) -> list[Item | Any]: ...

    free = Free[Async] if mode.is_async else Free[Sync]
    with Wire(reply([{"kind": "cat", "lives": "x"}, {"kind": "cow"}, 3]), reply([ITEM, {"itemId": "x"}])) as wire:
        first = mode.run(wire.url, lambda client: free(client).read(), validate="off")
        assert first == [Cat(lives="x"), {"kind": "cow"}, 3]  # type: ignore[arg-type]
        assert mode.run(wire.url, lambda client: free(client).items(), validate="off") == [READ, {"itemId": "x"}]


# Every road, whatever the form

FORMS: list[Any] = [
    Box[Item],
    Box[MaybeItem],
    Pallet[Item],
    Spare,
    Bounded,
    Holder,
    MaybeItem,
    Pair[MaybeItem],
    Tree,
    Nest,
    Item | Any,
    list[Item | Any],
    Cat | Any,
    list[Cat | Dog | Any],
    PETS,
    datetime | Any,
    list[Item] | int | Any,
    Node,
    Kept | Any,
    dict[str, Kept | Any],
]
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.sampled_from(["", "cat", "1", "true"])
scalars |= st.sampled_from(["2024-02-29T13:30:15", "2024-02-29T13:30:15Z"])
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["itemId", "madeAt", "content", "others", "label", "lives", "price", "inner", "number"]),
            inner,
            max_size=3,
        )
        | st.fixed_dictionaries(
            {"kind": st.sampled_from(["cat", "dog", "bird", "fish", "cow", 1]) | inner},
            optional={"lives": inner, "price": inner},
        )
        | st.fixed_dictionaries({"itemId": st.integers(0, 3) | inner}, optional={"madeAt": inner, "new": inner})
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("one", "many", "deep", "pair", "tree", "nest", "kept", "number"), inner)
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(document=documents)
@example(document={"content": {"itemId": 1}, "others": []})
@example(document=[{"kind": "cat"}, {"kind": "cow"}, {"itemId": 1}])
def test_the_fast_roads_and_the_schema_agree_on_every_form(form: Any, document: Any) -> None:
    agree(form, json.dumps(document).encode())


# A field that has a wire name, and may be absent


class Odd(Model, case="camel"):
    """A field whose name no Python name can be."""

    at: str | None = field(name="@b", default=ABSENT)
    usual: int | None = ABSENT


class OddChild(Odd):
    """A record with one more."""

    dollar: str | None = field(name="$c", default=ABSENT)


@pytest.mark.parametrize("document", [{}, {"@b": "x"}, {"@b": None, "usual": 1}, {"@b": "x", "$c": "y"}], ids=str)
@pytest.mark.parametrize("model", [Odd, OddChild])
def test_absent_works_in_a_field_with_a_name(model: type[Odd], document: dict[str, Any]) -> None:
    wire_names = {"@b": "at", "$c": "dollar", "usual": "usual"}
    known = {name: value for name, value in document.items() if name != "$c" or model is OddChild}
    for record in (model.from_dict(document), model.from_json(json.dumps(document))):
        assert record.to_dict() == known == json.loads(record.to_json())
        for name in ("@b", "usual"):
            assert getattr(record, wire_names[name]) == document.get(name)
    assert model().to_dict() == {} and model().at is None
    assert model(at="x").to_dict() == {"@b": "x"}
