"""TypedDicts: each key of `**kwargs: Unpack[...]` is an argument, and a dict given for one is checked key by key."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any, Generic, TypedDict, TypeVar

import pytest
import typing_extensions as te
from typing_extensions import NotRequired, ReadOnly, Required, Unpack

from gemel.kit.bind.checks import checker, misfit
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Field, Form, Header, Query, get, patch, post, put
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.models.model import Model
from gemel.kit.models.typed_dicts import open_keys
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Mode
from .wire import Seen, Wire, reply

NOWHERE = "http://127.0.0.1:1"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Label(Model, case="camel"):
    made_by: str


class Login(TypedDict):
    user: str
    password: Annotated[str, SECRET]


class Doc(TypedDict, total=False):
    title: Required[str]
    content: str | list[str]
    made_at: ReadOnly[datetime]
    inner: Doc
    login: Login
    label: Label | dict[str, Any]


class Basics(TypedDict):
    name: str
    about: NotRequired[str | None]


class NewAgent(Basics, total=False):
    default_settings: dict[str, int]
    docs: list[Doc]
    dry_run: Annotated[bool, Query]
    trace: Annotated[str, Header("X-Trace")]
    own_name: Annotated[NotRequired[str], Field("its-name")]
    api_key: NotRequired[Annotated[str, SECRET]]


class Filter(TypedDict, total=False):
    limit: int
    metadata_filter: dict[str, Any]


class Where(TypedDict):
    agent_id: str
    doc_id: str
    title: NotRequired[str]


class Agents(Resource[M], case="camel"):
    """Agents of a server."""

    @post("agents/{kind}")
    def create(self, kind: str, *, version: int = 1, **agent: Unpack[NewAgent]) -> None:
        """Make an agent."""
        ...

    @patch("agents/{agent_id}/docs/{doc_id}")
    def update(self, **changes: Unpack[Where]) -> None:
        """Change a document."""
        ...

    @get("agents")
    def list(self, **filters: Unpack[Filter]) -> None:
        """List agents."""
        ...

    @put("docs")
    def put(self, doc: Annotated[Doc, Body]) -> None:
        """Put a document."""
        ...

    @post("docs")
    def add(self, *, doc: Doc | str, more: dict[str, Doc] | None | Omit = OMIT) -> None:
        """Add a document."""
        ...

    @post("labels")
    def label(self, label: Annotated[Label | dict[str, Any], Body]) -> None:
        """Add a label."""
        ...


class Service(BaseClient[M]):
    agents: Agents[M]


class ServiceClient(Service[Sync], Client):
    """Blocking."""


class AsyncServiceClient(Service[Async], AsyncClient):
    """Awaited."""


def client_of(mode: Mode) -> Any:
    return AsyncServiceClient if mode.is_async else ServiceClient


def sent(mode: Mode, step: Any) -> Seen:
    """The request that a call makes."""
    with Wire(reply(status=204)) as wire:
        mode.run(wire.url, step, client=client_of(mode))
    assert len(wire.seen) == 1
    return wire.last


def refused(mode: Mode, step: Any) -> InvalidArgument:
    """The error of a call that must not reach the server: nothing listens there."""
    error = mode.fails(NOWHERE, step, client=client_of(mode))
    assert type(error) is InvalidArgument
    return error


def test_each_key_is_an_argument_with_its_role(mode: Mode) -> None:
    seen = sent(
        mode,
        lambda client: client.agents.create(
            "bot", name="N", about=None, default_settings={"top_k": 3}, dry_run=True, trace="t-1", own_name="me"
        ),
    )
    assert seen.target == "/agents/bot?dryRun=true"
    assert seen.headers["x-trace"] == "t-1"
    assert seen.json == {"name": "N", "about": None, "version": 1, "defaultSettings": {"top_k": 3}, "its-name": "me"}


def test_what_is_not_given_is_not_sent(mode: Mode) -> None:
    assert sent(mode, lambda client: client.agents.create("bot", name="N")).json == {"version": 1, "name": "N"}
    seen = sent(mode, lambda client: client.agents.create("bot", name="N", about=OMIT, docs=OMIT))
    assert seen.json == {"version": 1, "name": "N"}


def test_a_key_may_be_in_the_path(mode: Mode) -> None:
    seen = sent(mode, lambda client: client.agents.update(agent_id="a/1", doc_id="d", title="T"))
    assert (seen.method, seen.target, seen.json) == ("PATCH", "/agents/a%2F1/docs/d", {"title": "T"})


def test_keys_of_a_get_are_its_query(mode: Mode) -> None:
    assert sent(mode, lambda client: client.agents.list(limit=5)).target == "/agents?limit=5"


def test_dicts_are_sent_as_they_are_and_records_in_them_by_their_wire_names(mode: Mode) -> None:
    inner = {"title": "in", "label": Label(made_by="me")}
    doc = {
        "title": "T",
        "content": ["a", "b"],
        "made_at": MOMENT,
        "inner": inner,
        "label": {"any": [Label(made_by="u")]},
    }
    wire = {
        "title": "T",
        "content": ["a", "b"],
        "made_at": "2026-01-02T03:04:05Z",
        "inner": {"title": "in", "label": {"madeBy": "me"}},
        "label": {"any": [{"madeBy": "u"}]},
    }
    assert sent(mode, lambda client: client.agents.put(doc)).json == wire
    assert sent(mode, lambda client: client.agents.create("bot", name="N", docs=[doc])).json["docs"] == [wire]
    assert sent(mode, lambda client: client.agents.add(doc=doc, more={"x": doc})).json == {
        "doc": wire,
        "more": {"x": wire},
    }
    assert sent(mode, lambda client: client.agents.add(doc="text")).json == {"doc": "text"}


def test_a_dict_may_stand_for_a_record_where_the_author_says_so(mode: Mode) -> None:
    assert sent(mode, lambda client: client.agents.label(Label(made_by="me"))).json == {"madeBy": "me"}
    assert sent(mode, lambda client: client.agents.label({"madeBy": "me", "new": 1})).json == {"madeBy": "me", "new": 1}


LOGIN = {"user": "u", "password": "hunter2"}
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a missing key": ({}, "name", "missing argument"),
    "an unknown key": ({"name": "N", "abuot": "x"}, "abuot", "unknown argument; it takes about, api_key"),
    "a wrong type": ({"name": 5}, "name", "expected str, got int 5"),
    "a wrong value in a dict": (
        {"name": "N", "default_settings": {"a": "1"}},
        "default_settings",
        "expected dict[str, int], got dict; at a: expected int, got str",
    ),
    "a key that is no text": (
        {"name": "N", "default_settings": {1: 1}},
        "default_settings",
        "expected dict[str, int], got dict; a key: expected str, got int",
    ),
    "a missing key inside": (
        {"name": "N", "docs": [{"title": "a"}, {}]},
        "docs",
        "got list; at [1]: 'title' is missing",
    ),
    "an unknown key inside": (
        {"name": "N", "docs": [{"title": "a", "titel": "b"}]},
        "docs",
        "got list; at [0]: there is no 'titel'; it takes content, inner, label, login, made_at, title",
    ),
    "a wrong type deep inside": (
        {"name": "N", "docs": [{"title": "a", "inner": {"title": "b", "inner": {"title": None}}}]},
        "docs",
        "got list; at [0].inner.inner.title: expected str, got NoneType",
    ),
    "a text for a dict": (
        {"name": "N", "docs": [{"title": "a", "inner": "b"}]},
        "docs",
        "at [0].inner: expected Doc, got str",
    ),
    "a naive time inside": (
        {"name": "N", "docs": [{"title": "a", "made_at": datetime(2026, 1, 1)}]},
        "docs",
        "needs a time zone",
    ),
    "a wrong record inside": (
        {"name": "N", "docs": [{"title": "a", "label": Label(made_by=5)}]},  # type: ignore[arg-type]
        "docs",
        "Expected `str`, got `int`",
    ),
    "OMIT inside": ({"name": "N", "docs": [{"title": "a", "label": {"x": OMIT}}]}, "docs", "leave the key out"),
    "a secret of a wrong type": (
        {"name": "N", "docs": [{"title": "a", "login": {"user": "u", "password": 1234567}}]},
        "docs",
        "at [0].login.password: expected str, got int",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "parameter", "says"), WRONG.values(), ids=WRONG)
def test_wrong_shapes_are_refused_before_sending(mode: Mode, given: dict[str, Any], parameter: str, says: str) -> None:
    error = refused(mode, lambda client: client.agents.create("bot", **given))
    assert (error.method, error.parameter) == ("Agents.create", parameter)
    assert says in str(error)
    assert "1234567" not in str(error)


def test_keys_cannot_be_given_by_position(mode: Mode) -> None:
    assert "only 1 taken (kind)" in str(refused(mode, lambda client: client.agents.create("bot", "N")))


def test_secrets_in_dicts_are_masked(mode: Mode) -> None:
    doc = {"title": "T", "login": LOGIN}
    with ServiceClient(NOWHERE) as client:
        assert "key-1234" not in client.agents.create.curl("bot", name="N", api_key="key-1234")
        for command in (client.agents.put.curl(doc), client.agents.add.curl(doc={"title": "x", "inner": doc})):  # type: ignore[arg-type]
            assert '"user":"u"' in command and "hunter2" not in command
        many = client.agents.add.request(doc="text", more={"x": doc})  # type: ignore[dict-item]
        assert "hunter2" in many.context.secrets and "u" not in many.context.secrets
    with Wire(reply({"message": "no hunter2 here"}, 400)) as wire:
        error = mode.fails(wire.url, lambda client: client.agents.put(doc), client=client_of(mode))
    assert "hunter2" not in str(error) and "***" in str(error)


def test_what_cannot_be_declared() -> None:
    with pytest.raises(DeclarationError, match=r"Loose.create\(\): args: write each argument out, or .*Unpack"):

        class Loose(Resource[M]):
            @post("x")
            def create(self, *args: str) -> None: ...

    with pytest.raises(DeclarationError, match=r"Looser.create\(\): more: write each argument out, or .*Unpack"):

        class Looser(Resource[M]):
            @post("x")
            def create(self, **more: str) -> None: ...

    with pytest.raises(DeclarationError, match=r"NoDict.create\(\): more: Unpack takes a TypedDict, got .*Label"):

        class NoDict(Resource[M]):
            @post("x")
            def create(self, **more: Unpack[Label]) -> None: ...  # type: ignore[misc]

    with pytest.raises(DeclarationError, match=r"Twice.create\(\): name: it is a key of \*\*more too"):

        class Twice(Resource[M]):
            @post("x")
            def create(self, name: str, **more: Unpack[Basics]) -> None: ...  # type: ignore[misc]

    with pytest.raises(DeclarationError, match=r"Kinds.create\(\): .* one is a Form and about is a Field"):

        class Kinds(Resource[M]):
            @post("x")
            def create(self, one: Annotated[str, Form], **more: Unpack[Basics]) -> None: ...

    with pytest.raises(DeclarationError, match=r"Optional.update\(\): title: a path value cannot have a default"):

        class Optional(Resource[M]):
            @patch("docs/{agent_id}/{doc_id}/{title}")
            def update(self, **where: Unpack[Where]) -> None: ...

    with pytest.raises(DeclarationError, match=r"Lost.update\(\): the path names \{other\}, but"):

        class Lost(Resource[M]):
            @patch("docs/{agent_id}/{other}")
            def update(self, **where: Unpack[Where]) -> None: ...


def test_a_typed_dict_may_come_after_its_resource() -> None:
    class Early(Resource[M]):
        @post("x/{id}")
        def create(self, **later: Unpack[Later]) -> None: ...

    class Later(TypedDict):
        id: str

    with ServiceClient(NOWHERE) as client, pytest.raises(DeclarationError, match=r"Early.create\(\): .*Later"):
        _ = Early[Sync](client).create


class Ahead(Resource[M]):
    """Its TypedDict is defined below."""

    @post("x/{id}")
    def create(self, **later: Unpack[Below]) -> None: ...

    @post("x/{nothing}")
    def wrong(self, **later: Unpack[Below]) -> None: ...


class Below(TypedDict):
    id: str
    name: NotRequired[Annotated[str, Query]]


def test_what_is_not_there_yet_is_looked_up_on_first_use() -> None:
    with ServiceClient(NOWHERE) as client:
        ahead = Ahead[Sync](client)
        assert ahead.create.request(id="a", name="n").url == f"{NOWHERE}/x/a?name=n"
        with pytest.raises(DeclarationError, match=r"Ahead.wrong\(\): the path names \{nothing\}, but"):
            _ = ahead.wrong


def test_a_role_inside_a_dict_is_a_mistake() -> None:
    class Inner(TypedDict):
        name: Annotated[str, Field("other")]

    class Roles(Resource[M]):
        @post("x")
        def create(self, inner: Inner) -> None: ...

    says = r"Roles.create\(\): inner: 'name' of Inner cannot have a role"
    with ServiceClient(NOWHERE) as client, pytest.raises(DeclarationError, match=says):
        _ = Roles[Sync](client).create


T = TypeVar("T")


class Other(te.TypedDict, total=False):
    """One of typing_extensions."""

    name: Required[str]
    size: int


class More(Other):
    shape: str


class Boxed(te.TypedDict, Generic[T]):
    inner: T


def test_those_of_typing_extensions_are_the_same() -> None:
    class Things(Resource[M]):
        @post("things")
        def create(self, **thing: Unpack[More]) -> None: ...

    with ServiceClient(NOWHERE) as client:
        create = Things[Sync](client).create
        assert create.request(name="a", shape="b").body == b'{"name":"a","shape":"b"}'
        with pytest.raises(InvalidArgument, match="shape: missing argument"):
            create.request(name="a")  # type: ignore[call-arg]


def test_one_with_type_arguments_is_refused() -> None:
    class Inside(Resource[M]):
        @post("x")
        def create(self, box: list[Boxed[int]]) -> None: ...

    with (
        ServiceClient(NOWHERE) as client,
        pytest.raises(DeclarationError, match=r"Inside.create\(\): box: .*arguments"),
    ):
        _ = Inside[Sync](client).create

    with pytest.raises(DeclarationError, match=r"Whole.create\(\): box: Unpack takes a TypedDict, got .*Boxed\[int\]"):

        class Whole(Resource[M]):
            @post("x")
            def create(self, **box: Unpack[Boxed[int]]) -> None: ...


@open_keys
class Settings(TypedDict, total=False):
    heat: int


class Oven(TypedDict):
    name: str
    settings: Settings


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"name": "o", "settings": {"heat": 1}}, True),
        ({"name": "o", "settings": {"heat": 1, "light": [1]}}, True),
        ({"name": "o", "settings": {"light": "on"}}, True),
        ({"name": "o", "settings": {"heat": "hot", "light": "on"}}, False),
        ({"name": "o", "settings": {}, "light": "on"}, False),
        ({"settings": {"light": "on"}}, False),
    ],
    ids=str,
)
def test_a_dict_with_open_keys_takes_others_and_no_dict_around_it_does(value: Any, fits: bool) -> None:
    assert checker(Oven)(value) is fits
    assert bool(misfit(Oven, value)) is not fits
