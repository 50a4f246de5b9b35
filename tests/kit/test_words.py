"""The words of a decorator and of a resource class: what an endpoint says of all its calls."""

from __future__ import annotations

from typing import Annotated, Any, Generic

import pytest

from gemel.kit.caching import Cache
from gemel.kit.calls.catalog import catalog
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Form, Header, Stream, Verb, get, post, put
from gemel.kit.errors import APITimeoutError, DeclarationError, InternalServerError
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import Mode
from .wire import Wire, reply, silence

QUICK = Retry(limit=1, base=0.001, cap=0.001)


class Rooms(
    Resource[M], prefix="_matrix/client/v3/", timeout=7, retries=QUICK, headers={"X-Kind": "class", "X-Class": "c"}
):
    """Endpoints of a class that says words."""

    @get("sync", timeout=Timeout(total=0.2), retries=0)
    def poll(self) -> Any:
        """Wait for news."""
        ...

    @post("search", safe=True)
    def search(self, *, term: str) -> Any:
        """Search by a body."""
        ...

    @post("search/{term}", idempotent=True)
    def index(self, term: str) -> Any:
        """Do what may be done twice."""
        ...

    @get("next", idempotent=False)
    def next(self) -> Any:
        """Take what is given once."""
        ...

    @get("touch", safe=False)
    def touch(self) -> Any:
        """Change something by a GET."""
        ...

    @get("rooms/{name}", headers={"x-kind": "endpoint"}, accept="text/csv")
    def table(self, name: str, *, kind: Annotated[str | None, Header("X-Kind")] = None) -> str:
        """Return a table."""
        ...

    @put("rooms", content_type="application/merge-patch+json")
    def merge(self, *, topic: str) -> None:
        """Merge."""
        ...

    @post("text", content_type="text/plain")
    def say(self, text: Annotated[str, Body]) -> None:
        """Send text."""
        ...

    @get("moved", follow_redirects=True)
    def moved(self) -> Any:
        """Follow."""
        ...

    @get("moved", follow_redirects=False)
    def stay(self) -> Any:
        """Do not follow."""
        ...

    @get("events", accept="application/x-ndjson", headers={"X-Api-Key": "key-of-the-rooms"})
    def events(self) -> Stream[Any]:
        """Stream."""
        ...

    @get("/health")
    def health(self) -> Any:
        """Ask the host."""
        ...


class OtherRooms(Rooms[M], prefix="/v9", timeout=9, headers={"X-Kind": "derived"}):
    """The same endpoints of another version."""


class Desk(BaseClient[M], Generic[M]):
    """The clients' resources."""

    rooms: Rooms[M]
    others: OtherRooms[M]


class SyncDesk(Desk[Sync], Client):
    """The blocking client."""


class AsyncDesk(Desk[Async], AsyncClient):
    """The awaited client."""


def run(mode: Mode, url: str, *steps: Any, **settings: Any) -> Any:
    return mode.run(url, *steps, client=AsyncDesk if mode.is_async else SyncDesk, **settings)


def failure(mode: Mode, url: str, *steps: Any, **settings: Any) -> Any:
    with pytest.raises(Exception) as caught:
        run(mode, url, *steps, **settings)
    return caught.value


@pytest.fixture
def offline() -> Any:
    with SyncDesk("http://127.0.0.1:9/base", timeout=50) as client:
        yield client


def test_a_timeout_ends_the_call_and_is_not_retried(mode: Mode) -> None:
    with Wire(silence) as wire:
        error = failure(mode, wire.url, lambda desk: desk.rooms.poll(), timeout=30.0, retries=3)
    assert isinstance(error, APITimeoutError)
    assert len(wire.seen) == 1


def test_the_call_goes_before_the_copy_that_before_the_endpoint_that_before_its_class(offline: Any) -> None:
    def limits(call: Any, *arguments: Any) -> float:
        total: float = call.request(*arguments).context.timeout.total
        return total

    copy = offline.with_options(timeout=3)
    assert limits(offline.rooms.poll) == 0.2
    assert limits(offline.rooms.touch) == 7
    assert limits(offline.others.touch) == 9
    assert limits(offline.others.poll) == 0.2
    assert limits(copy.rooms.poll) == 3
    assert limits(copy.rooms.poll.options(timeout=2)) == 2
    assert offline.rooms.poll.request().context.retry.limit == 0
    assert offline.rooms.touch.request().context.retry == QUICK
    assert copy.rooms.poll.options(retries=5).request().context.retry.limit == 5


REPEATED = [("search", True), ("index", True), ("touch", True), ("next", False)]


@pytest.mark.parametrize(("name", "repeated"), REPEATED)
def test_what_is_repeated(mode: Mode, name: str, repeated: bool) -> None:
    given: dict[str, Any] = {"search": {"term": "a"}, "index": {"term": "a"}}.get(name, {})
    with Wire(reply({}, 503), reply({"done": True})) as wire:
        call = lambda desk: getattr(desk.rooms, name)(**given)  # noqa: E731
        if repeated:
            assert run(mode, wire.url, call) == {"done": True}
        else:
            assert isinstance(failure(mode, wire.url, call), InternalServerError)
    assert len(wire.seen) == 1 + repeated


def test_a_safe_post_is_cached_by_its_body(mode: Mode) -> None:
    with Wire(answer=lambda seen: reply({"of": seen.json["term"]}, headers={"ETag": '"1"'})) as wire:
        found = run(
            mode,
            wire.url,
            lambda desk: desk.rooms.search(term="a"),
            lambda desk: desk.rooms.search(term="b"),
            lambda desk: desk.rooms.search(term="a"),
            cache=Cache(ttl=60),
        )
    assert found == {"of": "a"}
    assert [seen.json["term"] for seen in wire.seen] == ["a", "b"]


def test_an_expired_reply_of_a_safe_post_is_asked_for_without_a_condition(mode: Mode) -> None:
    with Wire(reply({}, headers={"ETag": '"1"', "Cache-Control": "no-cache"})) as wire:
        run(mode, wire.url, *[lambda desk: desk.rooms.search(term="a")] * 2, cache=Cache(ttl=60))
    assert len(wire.seen) == 2
    assert "if-none-match" not in wire.last.headers


def test_a_get_that_changes_something_makes_the_cache_forget(mode: Mode) -> None:
    def asked(*names: str) -> list[str]:
        with Wire(reply({})) as wire:
            steps = [lambda desk, name=name: getattr(desk.rooms, name)() for name in names]
            run(mode, wire.url, *steps, cache=Cache(ttl=60))
        return [target.rpartition("/")[2] for target in wire.targets]

    assert asked("next", "next", "health") == ["next", "health"]
    assert asked("next", "touch", "next", "touch") == ["next", "touch", "next", "touch"]


def test_fixed_headers_of_the_endpoint_its_class_and_the_caller(mode: Mode) -> None:
    with Wire(reply(b"a,b", kind="text/csv")) as wire:
        steps: list[Any] = [
            lambda desk: desk.rooms.table("r"),
            lambda desk: desk.others.table("r"),
            lambda desk: desk.rooms.table("r", kind="argument"),
            lambda desk: desk.rooms.table.options(headers={"X-Kind": "option", "Accept": "*/*"})("r"),
        ]
        run(mode, wire.url, *steps)
        run(mode, wire.url, steps[0], headers={"X-KIND": "client", "Accept": "text/plain"})
    kinds = [(seen.headers["x-kind"], seen.headers["x-class"], seen.headers["accept"]) for seen in wire.seen]
    assert kinds == [
        ("endpoint", "c", "text/csv"),
        ("endpoint", "c", "text/csv"),
        ("argument", "c", "text/csv"),
        ("option", "c", "*/*"),
        ("client", "c", "text/plain"),
    ]
    assert wire.last.headers.keys() >= {"host", "user-agent"}


def test_the_headers_of_a_derived_class_replace_those_of_its_base(offline: Any) -> None:
    headers = offline.others.touch.request().headers
    assert (headers["x-kind"], headers["x-class"]) == ("derived", "c")


def test_the_media_type_of_a_body(mode: Mode) -> None:
    with Wire(reply(status=204)) as wire:
        run(
            mode,
            wire.url,
            lambda desk: desk.rooms.merge(topic="t"),
            lambda desk: desk.rooms.say("h\u00e9"),
        )
        run(mode, wire.url, lambda desk: desk.rooms.merge(topic="t"), headers={"Content-Type": "application/json"})
    types = [(seen.headers["content-type"], seen.body) for seen in wire.seen]
    assert types == [
        ("application/merge-patch+json", b'{"topic":"t"}'),
        ("text/plain", "h\u00e9".encode()),
        ("application/json", b'{"topic":"t"}'),
    ]


@pytest.mark.parametrize("follows", [True, False])
def test_an_endpoint_says_whether_redirects_are_followed(mode: Mode, follows: bool) -> None:
    with Wire(answer=lambda seen: reply({}, *_location(seen))) as wire:
        assert run(mode, wire.url, lambda desk: desk.rooms.moved(), follow_redirects=follows) == {}
        error = failure(mode, wire.url, lambda desk: desk.rooms.stay(), follow_redirects=follows)
    assert error.status == 302
    assert [target.rpartition("/")[2] for target in wire.targets] == ["moved", "new", "moved"]


def _location(seen: Any) -> tuple[int, dict[str, str]]:
    return (302, {"Location": "/new"}) if seen.target.endswith("moved") else (200, {})


def test_calls_that_follow_redirects_share_the_budget_of_retries(mode: Mode) -> None:
    with Wire(reply({}, 503)) as wire:
        retries = Retry(limit=1, base=0.001, cap=0.001, budget=1)
        for_all = {"client": AsyncDesk if mode.is_async else SyncDesk, "retries": retries}
        steps: list[Any] = [lambda desk: _caught(desk.rooms.moved), lambda desk: _caught(desk.rooms.touch)]
        mode.run(wire.url, *([_awaited(step) for step in steps] if mode.is_async else steps), **for_all)
    assert len(wire.seen) == 3


def _caught(call: Any) -> Any:
    try:
        return call()
    except InternalServerError:
        return None


def _awaited(step: Any) -> Any:
    async def done(desk: Any) -> Any:
        try:
            return await step(desk)
        except InternalServerError:
            return None

    return done


def test_the_accept_of_a_stream_is_the_endpoints(offline: Any) -> None:
    request = offline.rooms.events.request()
    assert request.headers["accept"] == "application/x-ndjson"
    assert request.headers["cache-control"] == "no-store"


def test_a_fixed_header_that_is_a_credential_is_masked(offline: Any) -> None:
    call = offline.rooms.events
    assert call.request().headers["x-api-key"] == "key-of-the-rooms"
    assert "key-of-the-rooms" not in call.curl()
    assert "key-of-the-rooms" not in repr(call.request().headers)
    assert "key-of-the-rooms" in call.request().context.secrets


def test_a_prefix_stands_before_the_paths_of_a_class(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        steps = [lambda desk: desk.rooms.touch(), lambda desk: desk.others.touch(), lambda desk: desk.rooms.health()]
        run(mode, f"{wire.url}/base", *steps)
    assert wire.targets == ["/base/_matrix/client/v3/touch", "/v9/touch", "/health"]


def test_the_catalogue_names_whole_paths() -> None:
    paths = {(info.resource, info.name): info.path for info in catalog(SyncDesk)}
    assert paths["rooms", "table"] == "_matrix/client/v3/rooms/{name}"
    assert paths["others", "table"] == "/v9/rooms/{name}"
    assert paths["others", "health"] == "/health"
    assert Rooms.table.path == "_matrix/client/v3/rooms/{name}"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timeout": -1}, "timeout: total must be a positive, finite number of seconds, got -1"),
    ({"timeout": None}, "timeout: total must be a positive, finite number of seconds, got None"),
    ({"retries": "3"}, "retries: the limit must be a whole number, 0 or more, got '3'"),
    ({"safe": 1}, "safe: expected True or False, got 1"),
    ({"idempotent": None}, "idempotent: expected True or False, got None"),
    ({"safe": True, "idempotent": False}, "idempotent: what is safe may be sent twice"),
    ({"follow_redirects": "no"}, "follow_redirects: expected True or False, got 'no'"),
    ({"headers": ["X-A"]}, "headers: expected a mapping of names to values, got list"),
    ({"headers": {"X A": "1"}}, "headers: 'X A' is not a header name"),
    ({"headers": {"X-A": "a\nb"}}, "headers: a header value cannot hold control characters or line breaks"),
    ({"headers": {"Accept": "text/csv"}}, "headers: Accept is said by accept="),
    ({"headers": {"content-type": "a/b"}}, "headers: content-type is said by content_type="),
    ({"accept": "csv"}, "accept: expected a media type such as text/csv, got 'csv'"),
    ({"content_type": ""}, "content_type: expected a media type such as text/csv, got ''"),
    ({"timeuot": 1}, "timeuot: there is no such word; there are "),
]


@pytest.mark.parametrize(("words", "problem"), WRONG)
def test_wrong_words_name_class_and_endpoint(words: dict[str, Any], problem: str) -> None:
    with pytest.raises(DeclarationError) as caught:

        class Wrong(Resource[M]):
            @post("x", **words)
            def make(self, *, name: str) -> None: ...

    assert str(caught.value).startswith(f"Wrong.make(): {problem}")
    if "timeuot" in words:
        return
    with pytest.raises(DeclarationError) as caught:

        class WrongClass(Resource[M], **words):
            pass

    assert str(caught.value).startswith(f"WrongClass: {problem}")


@pytest.mark.parametrize("prefix", ["a?b", "a b", "../a/", "a//b", "{name}/", 1, "//host/"])
def test_a_wrong_prefix_names_the_class(prefix: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Wrong: prefix: .* must be a path below the endpoint"):

        class Wrong(Resource[M], prefix=prefix):
            pass


def test_a_media_type_without_a_body_to_say_it_of() -> None:
    with pytest.raises(DeclarationError, match=r"Wrong\.form\(\): content_type: .*, but name is a Form"):

        class Wrong(Resource[M]):
            @post("x", content_type="text/plain")
            def form(self, *, name: Annotated[str, Form]) -> None: ...

    with pytest.raises(DeclarationError, match=r"Bare\.get\(\): content_type: .*, but there is no body"):

        class Bare(Resource[M]):
            @Verb("PURGE")("x", content_type="text/plain")
            def get(self, *, name: str) -> None: ...


def test_an_unknown_argument_of_a_class_is_refused() -> None:
    with pytest.raises(TypeError):

        class Wrong(Resource[M], timeuot=3):  # type: ignore[call-arg]  # pyright: ignore
            pass
