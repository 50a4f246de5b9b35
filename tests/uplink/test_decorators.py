"""uplink's decorators on stubs and on classes of gemel: what they send, and what cannot work is told at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import pytest
import uplink
from uplink.retry import when

from gemel.kit.calls.flows import flow, perform
from gemel.kit.client import BaseClient
from gemel.kit.declare import Field, Form, Header, Page, PageNumber, Query, get, post
from gemel.kit.errors import DeclarationError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Timeout
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, M, Omit

from ..kit.shop import SYNC, Mode
from ..kit.wire import Seen, Wire, reply


class Decorated(Resource[M]):
    """Endpoints with decorators of uplink's that work."""

    @uplink.headers({"X-Above": "1"})
    @uplink.params({"above": "a b"})
    @get("above")
    def above(self) -> None: ...

    @get("below")
    @uplink.headers({"X-Below": "1"})
    @uplink.params({"below": [1, 2]})
    def below(self) -> None: ...

    @uplink.headers({"X-Both": "above", "X-Above": "1"})
    @uplink.params(v="above")
    @get("both")
    @uplink.params(v="below", w="below")
    @uplink.headers({"x-both": "below"})
    def both(self) -> None: ...

    @uplink.headers("X-Text: t")
    @uplink.headers(["X-List: l", "X-More: m"])
    @uplink.params("a=1&b=2")
    @uplink.params(["c=3"])
    @get("forms")
    def forms(self) -> None: ...

    @uplink.headers({"X-Trace": "usual", "X-No": None})
    @uplink.params({"page": 1, "size": 10, "no": None})
    @get("said")
    def said(
        self,
        *,
        trace: Annotated[str | None | Omit, Header("x-trace")] = OMIT,
        page: int | None | Omit = OMIT,
        size: Annotated[int | Omit, uplink.Query("size")] = OMIT,
    ) -> None: ...

    @uplink.headers({"Content-Type": "application/vnd.api+json", "Accept": "text/plain"})
    @post("typed")
    def typed(self, name: str) -> None: ...

    @uplink.headers({"X-Form": "1"})
    @uplink.params({"q": "1"})
    @post("form")
    def form(self, name: Annotated[str, Form]) -> None: ...

    @uplink.timeout(7)
    @get("slow")
    def slow(self, timeout: Annotated[float | None, uplink.Timeout] = None) -> None: ...

    @get("slow")
    @uplink.timeout(8)
    def slow_below(self) -> None: ...

    @uplink.params({"kind": "k"})
    @get("pages", unwrap="items", paging=PageNumber(limit=1, total="total"))
    def pages(self) -> Page[int]: ...


def sent(mode: Mode, call: Callable[[Any], Any]) -> Seen:
    """The request of one call; no header of it is sent twice."""
    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, call)
    assert len(wire.seen) == 1 and len(wire.last.fields) == len(wire.last.headers)
    return wire.last


def own(request: Seen) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith("x-")}


SENT: list[tuple[str, dict[str, Any], str, dict[str, str]]] = [
    ("above", {}, "/above?above=a%20b", {"x-above": "1"}),
    ("below", {}, "/below?below=1&below=2", {"x-below": "1"}),
    ("both", {}, "/both?v=above&w=below", {"x-both": "above", "x-above": "1"}),
    ("forms", {}, "/forms?c=3&a=1&b=2", {"x-text": "t", "x-list": "l", "x-more": "m"}),
    ("said", {}, "/said?page=1&size=10", {"x-trace": "usual"}),
    ("said", {"page": None, "trace": None}, "/said?page=1&size=10", {"x-trace": "usual"}),
    ("said", {"page": 2, "size": 3, "trace": "mine"}, "/said?page=2&size=3", {"x-trace": "mine"}),
    ("form", {"name": "n m"}, "/form?q=1", {"x-form": "1"}),
]


@pytest.mark.parametrize(("name", "arguments", "target", "headers"), SENT)
def test_what_is_sent(mode: Mode, name: str, arguments: dict[str, Any], target: str, headers: dict[str, str]) -> None:
    request = sent(mode, lambda shop: getattr(Decorated(shop), name)(**arguments))
    assert (request.target, own(request)) == (target, headers)


def test_headers_that_the_client_or_the_body_has_too(mode: Mode) -> None:
    request = sent(mode, lambda shop: Decorated(shop).typed("n"))
    assert request.headers["content-type"] == "application/vnd.api+json"
    assert request.headers["accept"] == "text/plain"
    assert request.body == b'{"name":"n"}'


def test_options_of_a_call_overrule_them(mode: Mode) -> None:
    options: dict[str, Any] = {"headers": {"X-Above": "2"}, "query": {"above": "c"}}
    request = sent(mode, lambda shop: Decorated(shop).above.options(**options)())
    assert (request.target, own(request)) == ("/above?above=c", {"x-above": "2"})


def test_timeouts() -> None:
    def limits(shop: Any) -> list[Timeout]:
        calls = Decorated(shop)
        made = calls.slow.request(), calls.slow.request(3), calls.slow_below.request()
        return [request.context.timeout for request in made]

    assert SYNC.run("http://localhost:1", limits) == [Timeout(total=n, connect=n, read=n) for n in (7, 3, 8)]


def test_every_page_of_a_list_has_them(mode: Mode) -> None:
    with Wire(reply({"items": [1], "total": 2}), reply({"items": [2], "total": 2})) as wire:
        assert mode.run(wire.url, lambda shop: Decorated(shop).pages().all()) == [1, 2]
    assert all("kind=k" in target for target in wire.targets) and len(wire.seen) == 2


class Plain(Resource[M]):
    """A class that nothing decorates."""

    @get("plain")
    def plain(self) -> None: ...

    @uplink.headers({"X-Own": "method", "X-Class": "method"})
    @get("marked")
    def marked(self) -> None: ...

    @flow
    def twice(self) -> Flow[None]:
        yield from perform(self.plain)
        yield from perform(self.plain)


@uplink.timeout(9)
@uplink.params({"class": "outer", "outer": "1"})
@uplink.params({"class": "inner"})
@uplink.headers({"X-Class": "class"})
class Whole(Resource[M]):
    """A class whose every endpoint is decorated."""

    nested: Plain[M]

    @get("plain")
    def plain(self) -> None: ...

    @uplink.headers({"X-Class": "method"})
    @uplink.timeout(4)
    @get("marked")
    def marked(self) -> None: ...


@uplink.headers({"X-Class": "sub"})
class Sub(Plain[M]):
    """A class that inherits all of its endpoints."""


@uplink.headers({"X-Class": "sub", "X-Sub": "1"})
class SubOfWhole(Whole[M]):
    """A class that inherits decorated endpoints, and has one more."""

    @get("more")
    def more(self) -> None: ...


CLASSES: list[tuple[Any, str, str, dict[str, str]]] = [
    (Whole, "plain", "/plain?class=outer&outer=1", {"x-class": "class"}),
    (Whole, "marked", "/marked?class=outer&outer=1", {"x-class": "method"}),
    (Sub, "plain", "/plain", {"x-class": "sub"}),
    (Sub, "marked", "/marked", {"x-class": "method", "x-own": "method"}),
    (SubOfWhole, "plain", "/plain?class=outer&outer=1", {"x-class": "sub", "x-sub": "1"}),
    (SubOfWhole, "marked", "/marked?class=outer&outer=1", {"x-class": "method", "x-sub": "1"}),
    (SubOfWhole, "more", "/more", {"x-class": "sub", "x-sub": "1"}),
    (Plain, "plain", "/plain", {}),
    (Plain, "marked", "/marked", {"x-class": "method", "x-own": "method"}),
]


@pytest.mark.parametrize(("owner", "name", "target", "headers"), CLASSES)
def test_a_decorated_class(mode: Mode, owner: Any, name: str, target: str, headers: dict[str, str]) -> None:
    request = sent(mode, lambda shop: getattr(owner(shop), name)())
    assert (request.target, own(request)) == (target, headers)


def test_timeouts_of_a_class() -> None:
    def limits(shop: Any) -> list[float]:
        made = Whole(shop).plain.request(), Whole(shop).marked.request(), SubOfWhole(shop).plain.request()
        return [request.context.timeout.total for request in made]

    assert SYNC.run("http://localhost:1", limits) == [9, 4, 9]


def test_a_flow_of_a_decorated_class_calls_its_endpoints(mode: Mode) -> None:
    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, lambda shop: Sub(shop).twice())
    assert [own(request) for request in wire.seen] == [{"x-class": "sub"}] * 2


def test_a_nested_resource_is_a_class_of_its_own(mode: Mode) -> None:
    assert own(sent(mode, lambda shop: Whole(shop).nested.plain())) == {}


def test_a_class_that_was_used_already_can_be_decorated(mode: Mode) -> None:
    class Late(Resource[M]):
        @get("late")
        def late(self) -> None: ...

    assert own(sent(mode, lambda shop: Late(shop).late())) == {}
    assert uplink.headers({"X-Late": "1"})(Late) is Late
    assert own(sent(mode, lambda shop: Late(shop).late())) == {"x-late": "1"}
    assert uplink.headers({"X-Later": "1"})(Late.late) is Late.late
    assert own(sent(mode, lambda shop: Late(shop).late())) == {"x-late": "1", "x-later": "1"}


def handle(response: Any) -> Any:
    return response


def fail(*_: Any) -> None: ...


class Mine(uplink.decorators.MethodAnnotation):  # type: ignore[misc]
    """A decorator of a user's own."""


CANNOT: dict[str, tuple[Any, str]] = {
    "json": (uplink.json, "plain arguments of POST, PUT and PATCH are members of a JSON body"),
    "json()": (uplink.json(), "plain arguments"),
    "form_url_encoded": (uplink.form_url_encoded, "Annotated[str, Form]"),
    "form_url_encoded()": (uplink.form_url_encoded(), "Annotated[str, Form]"),
    "multipart": (uplink.multipart, "Annotated[File, Part]"),
    "multipart()": (uplink.multipart(), "Annotated[File, Part]"),
    "args": (uplink.args(uplink.Query), "annotate the arguments themselves"),
    "args of none": (uplink.args, "annotate the arguments themselves"),
    "inject": (uplink.inject(), "headers=, credential="),
    "inject of none": (uplink.inject, "headers=, credential="),
    "response_handler": (uplink.response_handler(handle), "the return type says how a reply is read"),
    "response_handler of none": (uplink.response_handler, "the return type says"),
    "error_handler": (uplink.error_handler(fail), "catch the error that the call raises"),
    "error_handler of none": (uplink.error_handler, "catch the error"),
    "retry": (uplink.retry(when=when.status_5xx()), "retries=Retry(...)"),
    "retry of none": (uplink.retry, "retries=Retry(...)"),
    "ratelimit": (uplink.ratelimit(calls=1), "a client waits as a 429 tells it"),
    "ratelimit of none": (uplink.ratelimit, "a client waits"),
    "returns.json": (uplink.returns.json, 'unwrap="..."'),
    "returns.json()": (uplink.returns.json(key="a"), 'unwrap="..."'),
    "returns.from_json": (uplink.returns.from_json(type=int), 'unwrap="..."'),
    "returns.schema": (uplink.returns.schema(int), 'unwrap="..."'),
    "returns": (uplink.returns(int), 'unwrap="..."'),
    "Query": (uplink.Query("q"), "annotate the argument itself"),
    "Query of none": (uplink.Query, "annotate the argument itself"),
    "Path": (uplink.Path("q"), "annotate the argument itself"),
    "Timeout": (uplink.Timeout(), "annotate the argument itself"),
    "a user's own": (Mine(), "of its decorators headers, params and timeout do"),
    "headers of none": (uplink.headers, "called first: @uplink.headers(...)"),
    "params of none": (uplink.params, "called first: @uplink.params(...)"),
    "timeout of none": (uplink.timeout, "called first: @uplink.timeout(...)"),
    "a header that is none": (uplink.headers({"X Y": "1"}), "is not a header name"),
    "a header of two lines": (uplink.headers({"X-Y": "1\n2"}), "line breaks"),
    "a parameter without a wire form": (uplink.params({"a": object()}), "object has no text form"),
    "no timeout": (uplink.timeout(0), "must be a positive, finite number"),
}


@pytest.fixture(params=CANNOT)
def cannot(request: Any) -> tuple[Any, str]:
    """A decorator that cannot work, and what is told of it."""
    return CANNOT[request.param]


def test_above_a_verb(cannot: tuple[Any, str]) -> None:
    decorate, advice = cannot
    with pytest.raises(DeclarationError) as caught:

        class Wrong(Resource[M]):
            @decorate
            @post("x")
            def f(self) -> None: ...

    assert str(caught.value).startswith("Wrong.f(): uplink's ") and advice in str(caught.value)


def test_below_a_verb(cannot: tuple[Any, str]) -> None:
    decorate, advice = cannot
    with pytest.raises(DeclarationError) as caught:

        class Wrong(Resource[M]):
            @post("x")
            @decorate
            def f(self, name: str) -> None: ...

    assert advice in str(caught.value) and "uplink's " in str(caught.value)
    assert "Wrong.f(): " in str(caught.value)


def test_on_a_class(cannot: tuple[Any, str]) -> None:
    decorate, advice = cannot
    with pytest.raises(DeclarationError) as caught:

        @decorate
        class Wrong(Resource[M]):
            @post("x")
            def f(self) -> None: ...

    assert str(caught.value).startswith("Wrong: uplink's ") and advice in str(caught.value)


def test_on_an_endpoint_of_a_class_that_is_made(cannot: tuple[Any, str]) -> None:
    decorate, advice = cannot

    class Late(Resource[M]):
        @post("x")
        def f(self) -> None: ...

    with pytest.raises(DeclarationError) as caught:
        decorate(Late.f)
    assert advice in str(caught.value) and "Late.f()" in str(caught.value)


WORKING = {"headers": uplink.headers({"X": "1"}), "params": uplink.params({"x": 1}), "timeout": uplink.timeout(3)}


@pytest.mark.parametrize("decorate", WORKING.values(), ids=WORKING)
def test_a_client_class_has_no_endpoints(decorate: Any) -> None:
    with pytest.raises(DeclarationError, match=r"^Shop: uplink's \w+ finds no endpoints here; give the client"):

        @decorate
        class Shop(BaseClient[M]):
            plain: Plain[M]


@pytest.mark.parametrize("decorate", WORKING.values(), ids=WORKING)
def test_a_flow_sends_nothing_itself(decorate: Any) -> None:
    with pytest.raises(DeclarationError, match=r"f>: uplink's \w+ works at the endpoints that it calls"):

        class Above(Resource[M]):
            @decorate
            @flow
            def f(self) -> Flow[None]:
                yield from ()

    with pytest.raises(DeclarationError, match=r"f>: uplink's \w+ works at the endpoints that it calls"):

        class Below(Resource[M]):
            @flow
            @decorate
            def f(self) -> Flow[None]:
                yield from ()


@pytest.mark.parametrize("decorate", WORKING.values(), ids=WORKING)
def test_a_method_without_a_verb_is_no_endpoint(decorate: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Wrong.f\(\): decorators of uplink's stand here, but no verb"):

        class Wrong(Resource[M]):
            @decorate
            def f(self) -> None: ...


def test_a_verb_of_uplinks_is_no_verb_here() -> None:
    with pytest.raises(
        DeclarationError, match=r"^Wrong.f: uplink's \w+ does not work here; the verbs of a Resource are"
    ):

        class Wrong(Resource[M]):
            @uplink.get("x")
            def f(self): ...  # type: ignore[no-untyped-def]

    with pytest.raises(DeclarationError, match=r"Twice.f\(\): uplink's \w+ does not work here; the verbs of a "):

        class Twice(Resource[M]):
            @get("x")
            @uplink.get("x")
            def f(self): ...  # type: ignore[no-untyped-def]


def test_a_verb_decorates_a_function() -> None:
    with pytest.raises(DeclarationError, match=r"^GET x: a verb decorates a function, got staticmethod"):

        class Wrong(Resource[M]):
            @get("x")
            @staticmethod
            def f() -> None: ...


def test_what_is_not_gemels_is_decorated_as_before() -> None:
    def function() -> None: ...

    thing = object()
    headers = uplink.headers({"X": "1"})
    assert headers(function) is function and headers(thing) is thing and headers(int) is int
    with pytest.raises(TypeError):
        uplink.json(thing)
    assert isinstance(uplink.returns.json(int), uplink.returns.json)

    @uplink.headers({"X-Class": "1"})
    class Service(uplink.Consumer):  # type: ignore[misc]
        @uplink.json
        @uplink.args(uplink.Query)
        @uplink.post("x")
        def f(self, q): ...  # type: ignore[no-untyped-def]

    assert isinstance(Service.f, uplink.commands.RequestDefinitionBuilder)


ORDERS = {
    "uplink first": "import uplink\nfrom gemel.kit.declare import get",
    "gemel first": "from gemel.kit.declare import get\nimport uplink",
    "after a first class": "from gemel.kit.declare import get\n{base}\nimport uplink",
    "after a first call": "from gemel.kit.declare import get\n{base}\nBase(CLIENT).base.request()\nimport uplink",
    "gemel.uplink first": "import gemel.uplink\nimport uplink\nfrom gemel.kit.declare import get",
    "its decorators alone": "from gemel.kit.declare import get\nfrom gemel.uplink import headers\nimport uplink",
}
BASE = """
class Base(Resource[M]):
    @get("base")
    def base(self) -> None: ...
"""
USE = """
class Used(Resource[M]):
    @uplink.headers({"X-Above": "1"})
    @get("x")
    @uplink.params({"below": "1"})
    def f(self, q: Annotated[str, uplink.Query("q")]) -> None: ...

@uplink.headers({"X-Class": "1"})
class Sub(Base[M]):
    pass

request = Used(CLIENT).f.request("v")
assert request.url == "http://h/x?q=v&below=1", request.url
assert request.headers["x-above"] == "1"
assert Sub(CLIENT).base.request().headers["x-class"] == "1"
assert "x-class" not in Base(CLIENT).base.request().headers
"""
START = """
from typing import Annotated
from gemel.kit.client import Client
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M
CLIENT = Client("http://h")
"""


@pytest.mark.parametrize("order", ORDERS)
def test_uplink_may_be_imported_at_any_time(order: str) -> None:
    imports = ORDERS[order]
    code = START + imports.format(base=BASE) + ("" if "{base}" in imports else BASE) + USE
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_own_roles_stand_beside_them(mode: Mode) -> None:
    class Beside(Resource[M], case="camel"):
        @uplink.params({"static": "1"})
        @post("x")
        def f(self, one_two: str, *, q: Annotated[int, Query("Q")], f: Annotated[int, Field("F")]) -> None: ...

    request = sent(mode, lambda shop: Beside(shop).f("a", q=1, f=2))
    assert (request.target, request.json) == ("/x?Q=1&static=1", {"oneTwo": "a", "F": 2})
