"""Consumers on the Adapter: what uplink's own tests and examples ask of them, over real sockets and in both modes.

Which of uplink's tests is which here, and which of them do not apply, says theirs.tsv. There is no `annotations` future
in this file: uplink does not read annotations that are texts.
"""

import asyncio
import collections
import io
import json
import re
import time
from typing import Any

import marshmallow
import pytest
import requests
import uplink
from uplink import auth, retry
from uplink.clients import io as uplink_io
from uplink.clients import register
from uplink.ratelimit import RateLimitExceeded

from gemel.kit.client import AsyncClient, Client
from gemel.kit.errors import APIConnectionError
from gemel.uplink import Adapter, AsyncReply, InvalidURL, Reply

from ..kit.shop import ASYNC, SYNC, Mode
from ..kit.wire import Wire, cut, reply
from .consuming import caught, consume, settled

User = collections.namedtuple("User", "id name")
Repo = collections.namedtuple("Repo", "owner name")
PRKUMAR = {"id": 123, "name": "prkumar"}
UPLINK = {"owner": "prkumar", "name": "uplink"}
PROTOBUF = {"owner": "prkumar", "name": "uplink-protobuf"}


class Failed(Exception):
    """What handlers raise."""


@uplink.response_handler
def refuse_errors(response):
    if "errors" in response.json():
        raise Failed(response.json()["errors"])
    return response


@uplink.timeout(10)
@uplink.headers({"Accept": "application/vnd.github.v3.full+json"})
class GitHub(uplink.Consumer):
    """A service with the ways that uplink has to declare a call."""

    @uplink.timeout(15)
    @uplink.get("/users/{user}/repos")
    def list_repos(self, user):
        """List all public repositories of a user."""

    @uplink.returns.json
    @uplink.get("/users/{user}/repos/{repo}", args={"token": uplink.Header("Authorization")})
    def get_repo(self, user, repo, token): ...

    @uplink.get(args={"url": uplink.Url})
    def forward(self, url): ...

    @refuse_errors
    @uplink.json
    @uplink.post("graphql", args=(uplink.Body,))
    def graphql(self, **body): ...

    @uplink.returns.json(key=("data", "repository"))
    @uplink.args(body=uplink.Body)
    @graphql
    def get_repository(self, **body): ...

    @uplink.returns.json(key=("data", "repository"))
    @graphql.extend("graphql2", args=(uplink.Body,))
    def get_repository2(self, **body): ...


def test_a_method_looks_like_its_function(mode: Mode) -> None:
    with Wire(reply()) as wire:
        named = consume(mode, wire.url, GitHub, lambda api: (api.list_repos(1), api.list_repos)[0]), GitHub.list_repos
    assert named[1].__doc__ == "List all public repositories of a user." and named[1].__name__ == "list_repos"
    with Client("http://localhost:1") as client:
        bound = GitHub(base_url="http://localhost:1/", client=Adapter(client)).list_repos
    assert bound.__doc__ == named[1].__doc__ and bound.__name__ == "list_repos"


def test_a_get(mode: Mode) -> None:
    with Wire(reply([])) as wire:
        got = consume(mode, wire.url, GitHub, lambda api: api.list_repos("prkumar"))
    assert (wire.last.method, wire.last.target, wire.last.body) == ("GET", "/users/prkumar/repos", b"")
    assert wire.last.headers["accept"] == "application/vnd.github.v3.full+json"
    assert isinstance(got, AsyncReply if mode.is_async else Reply)
    assert got.status_code == got.status == 200 and settled(got.json()) == []


def test_a_reply_becomes_json(mode: Mode) -> None:
    with Wire(reply({"key": "value"})) as wire:
        got = consume(mode, wire.url, GitHub, lambda api: api.get_repo("prkumar", "uplink", "Bearer token"))
    assert got == {"key": "value"}
    assert wire.last.headers["authorization"] == "Bearer token"


def test_an_address_that_is_an_argument(mode: Mode) -> None:
    with Wire(reply()) as wire:
        steps = [
            lambda api, url=url: api.forward(url) for url in ("/users/prkumar/repos", f"{wire.url}/x?a=1", "below")
        ]
        consume(mode, wire.url, GitHub, *steps)
    assert wire.targets == ["/users/prkumar/repos", "/x?a=1", "/below"]


def test_errors_of_the_client_are_caught_by_uplinks_names(mode: Mode) -> None:
    def outcome(base_url: str, kind: str) -> Exception:
        def step(api):
            kinds.append(getattr(api.exceptions, kind))
            return api.list_repos("prkumar")

        kinds: list[Any] = []
        error = caught(lambda: consume(mode, wire.url, GitHub, step, base_url=base_url))
        assert isinstance(error, kinds[0])
        return error

    with Wire(cut()) as wire:
        assert isinstance(outcome(f"{wire.url}/", "BaseClientException"), APIConnectionError)
        assert isinstance(outcome("ftp://host/", "InvalidURL"), InvalidURL)
        assert isinstance(outcome("ftp://host/", "BaseClientException"), InvalidURL)


QUERY = {"query": 'query {\n    repository(owner: "prkumar", name: "uplink") {\n        nameWithOwner\n    }\n}'}


def test_a_method_that_extends_another(mode: Mode) -> None:
    with Wire(reply({"data": {"repository": {"nameWithOwner": "prkumar/uplink"}}})) as wire:
        got = consume(mode, wire.url, GitHub, lambda api: api.get_repository(**QUERY))
    assert got == {"nameWithOwner": "prkumar/uplink"}
    assert (wire.last.method, wire.last.target, wire.last.json) == ("POST", "/graphql", QUERY)
    assert wire.last.headers["content-type"] == "application/json"


def test_a_handler_of_the_method_that_was_extended(mode: Mode) -> None:
    with Wire(reply({"data": {"repository": None}, "errors": [{"type": "NOT_FOUND"}]})) as wire:
        error = caught(lambda: consume(mode, wire.url, GitHub, lambda api: api.get_repository2(**QUERY)))
    assert isinstance(error, Failed) and error.args == ([{"type": "NOT_FOUND"}],)
    assert wire.targets == ["/graphql2"]


class Calendar(uplink.Consumer):
    """Forms and files."""

    @uplink.form_url_encoded
    @uplink.put("/user/repos", args={"event_data": uplink.FieldMap})
    def add_event(self, **event_data): ...

    @uplink.multipart
    @uplink.post("/attachments", args={"files": uplink.PartMap})
    def upload_attachments(self, **files): ...


def test_a_form(mode: Mode) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Calendar, lambda api: api.add_event(name="Weekly Stand-up", public=True))
    assert wire.last.body == b"name=Weekly%20Stand-up&public=True"
    assert wire.last.headers["content-type"] == "application/x-www-form-urlencoded"


def test_files(mode: Mode) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Calendar, lambda api: api.upload_attachments(file=io.BytesIO(b"content"), other=b"b"))
    boundary = wire.last.headers["content-type"].partition("boundary=")[2].encode()
    file, other = (part.partition(b"\r\n\r\n") for part in wire.last.body.split(b"--" + boundary)[1:3])
    assert b'name="file"; filename="file"' in file[0] and file[2] == b"content\r\n"
    assert b'name="other"; filename="other"' in other[0] and other[2] == b"b\r\n"


@uplink.response_handler(requires_consumer=True)
def flag_consumer(consumer, response):
    consumer.flagged = True
    return response


@uplink.response_handler
def flag_response(response):
    response.flagged = True
    return response


@uplink.error_handler(requires_consumer=True)
def flag_and_fail(consumer, exc_type, exc_value, exc_tb):
    consumer.flagged = True
    raise Failed(exc_value)


@uplink.error_handler
def fail(exc_type, exc_value, exc_tb):
    raise Failed(exc_value)


@uplink.response_handler
async def simple_async(response):
    return await response.text()


class Handled(uplink.Consumer):
    """Methods with handlers."""

    flagged = False

    @flag_consumer
    @uplink.get("todos/{todo_id}")
    def get_todo(self, todo_id): ...

    @flag_response
    @uplink.get("months/{name}/todos")
    def get_month(self, name): ...

    @flag_consumer
    @flag_response
    @uplink.get("months/{month}/days/{day}/todos")
    def get_day(self, month, day): ...

    @flag_and_fail
    @uplink.get("users/{user_id}")
    def get_user(self, user_id): ...

    @fail
    @uplink.get("events/{event_id}")
    def get_event(self, event_id): ...

    @simple_async
    @uplink.get("async")
    def get_async(self): ...


@flag_response
class WholeHandled(uplink.Consumer):
    """A handler for all methods."""

    @uplink.get("todos/{todo_id}")
    def get_todo(self, todo_id): ...


def test_a_response_handler_of_a_class(mode: Mode) -> None:
    with Wire(reply()) as wire:
        assert consume(mode, wire.url, WholeHandled, lambda api: api.get_todo(1)).flagged is True


def test_response_handlers(mode: Mode) -> None:
    apis: list[Any] = []

    def step(api):
        apis.append(api)
        return api.get_day("September", 2)

    with Wire(reply()) as wire:
        assert consume(mode, wire.url, Handled, lambda api: api.get_month("September")).flagged is True
        assert consume(mode, wire.url, Handled, step).flagged is True
    assert apis[0].flagged is True


def test_a_response_handler_that_asks_for_the_consumer(mode: Mode) -> None:
    apis: list[Any] = []

    def step(api):
        apis.append(api)
        return api.get_todo(1)

    with Wire(reply()) as wire:
        consume(mode, wire.url, Handled, step)
    assert apis[0].flagged is True


def test_error_handlers(mode: Mode) -> None:
    apis: list[Any] = []

    def step(api):
        apis.append(api)
        return api.get_user(1)

    with Wire(cut()) as wire:
        with_consumer = caught(lambda: consume(mode, wire.url, Handled, step))
        without = caught(lambda: consume(mode, wire.url, Handled, lambda api: api.get_event(1)))
    for error in (with_consumer, without):
        assert isinstance(error, Failed) and isinstance(error.args[0], APIConnectionError)
    assert apis[0].flagged is True


def test_a_handler_that_awaits() -> None:
    with Wire(reply(b"simple", kind="text/plain")) as wire:
        assert consume(ASYNC, wire.url, Handled, lambda api: api.get_async()) == "simple"


class Limited(uplink.Consumer):
    """Rate limits of uplink's."""


def limited(**options: Any) -> Any:
    """A Consumer class with a limit of its own: uplink keeps its count with the decorator."""

    class Service(Limited):
        @uplink.ratelimit(**options)
        @uplink.get("users/{user}")
        def get_user(self, user): ...

    return Service


def test_a_limit_that_raises(mode: Mode) -> None:
    service, custom = (
        limited(calls=1, period=10, raise_on_limit=True),
        limited(calls=1, period=10, raise_on_limit=Failed),
    )
    twice = [lambda api: api.get_user("a")] * 2
    with Wire(reply()) as wire:
        assert isinstance(caught(lambda: consume(mode, wire.url, service, *twice)), RateLimitExceeded)
        assert isinstance(caught(lambda: consume(mode, wire.url, custom, *twice)), Failed)
    assert len(wire.seen) == 2


def test_a_limit_that_waits(mode: Mode) -> None:
    service = limited(calls=1, period=0.2)
    with Wire(reply()) as wire:
        started = time.monotonic()
        consume(mode, wire.url, service, *[lambda api: api.get_user("a")] * 2)
        assert time.monotonic() - started >= 0.2
    assert len(wire.seen) == 2


def test_a_limit_is_counted_by_host_or_for_all(mode: Mode) -> None:
    by_host = limited(calls=1, period=10, raise_on_limit=True)
    for_all = limited(calls=1, period=10, raise_on_limit=True, group_by=None)
    step = lambda api: api.get_user("a")  # noqa: E731
    with Wire(reply()) as one, Wire(reply()) as two:
        for wire in (one, two):
            consume(mode, wire.url, by_host, step)
        consume(mode, one.url, for_all, step)
        assert isinstance(caught(lambda: consume(mode, two.url, for_all, step)), RateLimitExceeded)
    assert (len(one.seen), len(two.seen)) == (2, 1)


def once():
    yield 0.01


QUICK = retry.backoff.exponential(multiplier=0.01, minimum=0.01)


class Repeated(uplink.Consumer):
    """Retries of uplink's."""

    @uplink.retry(max_attempts=2, backoff=QUICK)
    @uplink.get("/users/{user}")
    def get_user(self, user): ...

    @uplink.retry(max_attempts=3, backoff=once)
    @uplink.get("repos/{user}/{repo}/issues/{issue}")
    def get_issue(self, user, repo, issue): ...

    @uplink.retry(stop=retry.stop.after_attempt(3), on_exception=retry.SERVER_TIMEOUT, backoff=QUICK)
    @uplink.get("repos/{user}/{repo}/project/{project}")
    def get_project(self, user, repo, project): ...

    @uplink.retry(when=retry.when.status_5xx(), backoff=QUICK)
    @uplink.get("repos/{user}/{repo}/issues")
    def get_issues(self, user, repo): ...

    @uplink.retry(when=retry.when.status(401) | retry.when.raises(retry.BASE_CLIENT_EXCEPTION), backoff=QUICK)
    @uplink.get("either")
    def either(self): ...


def test_a_retry(mode: Mode) -> None:
    with Wire(cut(), reply(PRKUMAR)) as wire:
        got = consume(mode, wire.url, Repeated, lambda api: api.get_user("prkumar"))
    assert settled(got.json()) == PRKUMAR and len(wire.seen) == 2


def test_a_retry_that_stops(mode: Mode) -> None:
    with Wire(cut(), cut(), reply(PRKUMAR)) as wire:
        error = caught(lambda: consume(mode, wire.url, Repeated, lambda api: api.get_issue("p", "u", "#1")))
    assert isinstance(error, APIConnectionError) and len(wire.seen) == 2
    assert wire.targets == ["/repos/p/u/issues/%231"] * 2


def test_a_retry_of_one_kind_of_error(mode: Mode) -> None:
    """A timeout is repeated, a lost connection is not."""

    def wait(connection, stopped):
        stopped.wait(2)

    with Wire(wait, cut(), reply(PRKUMAR)) as wire:
        call = lambda api: api.get_project("p", "u", "1")  # noqa: E731
        error = caught(lambda: consume(mode, wire.url, Repeated, call, timeout=0.3))
    assert isinstance(error, APIConnectionError) and len(wire.seen) == 2


def test_a_retry_by_status(mode: Mode) -> None:
    with Wire(reply({}, 501), reply({}, 503), reply(PRKUMAR)) as wire:
        got = consume(mode, wire.url, Repeated, lambda api: api.get_issues("p", "u"))
    assert settled(got.json()) == PRKUMAR and len(wire.seen) == 3


def test_a_retry_by_either_of_two(mode: Mode) -> None:
    with Wire(reply({}, 401), cut(), reply({}, 405)) as wire:
        got = consume(mode, wire.url, Repeated, lambda api: api.either())
    assert got.status_code == 405 and len(wire.seen) == 3


@uplink.loads(User)
def read_user(cls, response):
    return cls(**response.json())


@uplink.loads.from_json(Repo)
def read_repo(cls, data):
    return cls(**data)


@uplink.dumps.to_json(Repo)
def write_repo(_, repo):
    return {"owner": repo.owner, "name": repo.name}


class Converted(uplink.Consumer):
    """Replies and bodies that converters of uplink's make."""

    @uplink.returns(User)
    @uplink.get("/users/{user}")
    def get_user(self, user): ...

    @uplink.returns.from_json(type=Repo)
    @uplink.get("/users/{user}/repos/{repo}")
    def get_repo(self, user, repo): ...

    @uplink.returns.from_json(key="data")
    @uplink.returns.schema(uplink.types.List[Repo])
    @uplink.get("/users/{user}/repos")
    def get_repos(self, user): ...

    @uplink.returns.from_json(key=("data", 0, "size"))
    @uplink.get("/users/{user}/repos")
    def get_first_repo_size(self, user): ...

    @uplink.returns.from_json(key=("data", 0, "stars"), type=int)
    @uplink.get("/users/{user}/repos")
    def get_first_repo_stars(self, user): ...

    @uplink.json
    @uplink.post("/users/{user}/repos", args={"repo": uplink.Body(Repo)})
    def create_repo(self, user, repo): ...

    @uplink.returns(object)
    @uplink.get("/users")
    def list_users(self): ...

    @uplink.returns.json(type=lambda _: "made")
    @uplink.get("/users")
    def made(self): ...

    @uplink.returns.json(type=1)
    @uplink.get("/users")
    def unmade(self): ...


@uplink.returns.json
class WholeConverted(uplink.Consumer):
    """JSON for all methods."""

    @uplink.get("/users/{user}/repos/{repo}")
    def get_repo(self, user, repo): ...


READ = {"converters": (read_user, read_repo, write_repo)}
FOUND = {"data": [{**UPLINK, "size": 300, "stars": "300"}, {**PROTOBUF, "size": 400, "stars": "400"}], "errors": []}
REPLIES: list[tuple[Any, Any, Any]] = [
    (lambda api: api.get_user("prkumar"), PRKUMAR, User(id=123, name="prkumar")),
    (lambda api: api.get_repo("prkumar", "uplink"), UPLINK, Repo(**UPLINK)),
    (lambda api: api.get_repos("prkumar"), {"data": [UPLINK, PROTOBUF]}, [Repo(**UPLINK), Repo(**PROTOBUF)]),
    (lambda api: api.get_first_repo_size("prkumar"), FOUND, 300),
    (lambda api: api.get_first_repo_stars("prkumar"), FOUND, 300),
    (lambda api: api.made(), {}, "made"),
    (lambda api: api.unmade(), {"a": 1}, {"a": 1}),
]


@pytest.mark.parametrize(("call", "body", "result"), REPLIES, ids=range(len(REPLIES)))
def test_a_converted_reply(mode: Mode, call: Any, body: Any, result: Any) -> None:
    with Wire(reply(body)) as wire:
        assert consume(mode, wire.url, Converted, call, consumer=READ) == result


def test_json_for_a_whole_class(mode: Mode) -> None:
    with Wire(reply(UPLINK)) as wire:
        got = consume(mode, wire.url, WholeConverted, lambda api: api.get_repo("prkumar", "uplink"), consumer=READ)
    assert got == UPLINK


def test_a_type_without_a_converter_gives_the_reply(mode: Mode) -> None:
    with Wire(reply(PRKUMAR)) as wire:
        got = consume(mode, wire.url, Converted, lambda api: api.list_users(), consumer=READ)
    assert settled(got.json()) == PRKUMAR


def test_a_converted_body(mode: Mode) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Converted, lambda api: api.create_repo("prkumar", Repo(**UPLINK)), consumer=READ)
    assert wire.last.json == UPLINK


class Arguments(uplink.Consumer):
    """An annotation of each kind; what is static stands above."""

    @uplink.get("path/{id}")
    def path(self, number: uplink.Path("id")): ...

    @uplink.get("query")
    def query(self, q: uplink.Query("name")): ...

    @uplink.get("query")
    def encoded(self, q: uplink.Query("name", encoded=True)): ...

    @uplink.get("query")
    def mixed(self, q: uplink.Query("name", encoded=True), r: uplink.Query("other")): ...

    @uplink.get("query")
    def encoded_none(self, q: uplink.Query("name", encode_none="null")): ...

    @uplink.get("query")
    def queries(self, **params: uplink.QueryMap): ...

    @uplink.get("query")
    def encoded_queries(self, params: uplink.QueryMap(encoded=True)): ...

    @uplink.get("header")
    def header(self, value: uplink.Header("X-Hello")): ...

    @uplink.get("header")
    def headers(self, values: uplink.arguments.HeaderMap): ...

    @uplink.form_url_encoded
    @uplink.post("form")
    def form(self, hello: uplink.Field, other: uplink.Field("O")): ...

    @uplink.json
    @uplink.post("json")
    def json_fields(self, hello: uplink.Field, inner: uplink.Field(("outer", "inner"))): ...

    @uplink.json
    @uplink.post("json")
    def conflict(self, key: uplink.Field("key"), inner: uplink.Field(("key", "inner"))): ...

    @uplink.json
    @uplink.post("json")
    def json_list(self, body: uplink.Body): ...

    @uplink.json
    @uplink.post("json")
    def json_nothing(self): ...

    @uplink.post("body")
    def body(self, body: uplink.Body): ...

    @uplink.multipart
    @uplink.post("files")
    def part(self, hello: uplink.Part): ...

    @uplink.get("slow")
    def slow(self, seconds: uplink.Timeout): ...

    @uplink.headers("key_1: value_1")
    @uplink.headers(["key_2: value_2", "key_3: value_3"])
    @uplink.params("param1=value1&param2=value2")
    @uplink.params(["param3=value3"])
    @uplink.get("static")
    def static(self): ...


SENT: list[tuple[Any, str, dict[str, str], bytes]] = [
    (lambda api: api.path("a b/c"), "/path/a%20b%2Fc", {}, b""),
    (lambda api: api.query("a b"), "/query?name=a%20b", {}, b""),
    (lambda api: api.query(["a", "b"]), "/query?name=a&name=b", {}, b""),
    (lambda api: api.query(None), "/query", {}, b""),
    (lambda api: api.query(True), "/query?name=True", {}, b""),
    (lambda api: api.encoded("a%20b"), "/query?name=a%20b", {}, b""),
    (lambda api: api.encoded("a b#c"), "/query?name=a%20b%23c", {}, b""),
    (lambda api: api.encoded_none(None), "/query?name=null", {}, b""),
    (lambda api: api.queries(hello="world", list=["a", 1]), "/query?hello=world&list=a&list=1", {}, b""),
    (lambda api: api.encoded_queries({"name": "a%20b", "n": 1}), "/query?name=a%20b&n=1", {}, b""),
    (lambda api: api.header("world"), "/header", {"x-hello": "world"}, b""),
    (lambda api: api.header(None), "/header", {}, b""),
    (lambda api: api.headers({"X-A": 1, "X-B": "b"}), "/header", {"x-a": "1", "x-b": "b"}, b""),
    (lambda api: api.form("a b&c", None), "/form", {}, b"hello=a%20b%26c"),
    (lambda api: api.form(["a", None, "b"], 1), "/form", {}, b"hello=a&hello=b&O=1"),
    (lambda api: api.json_fields("h", "i"), "/json", {}, b'{"hello": "h", "outer": {"inner": "i"}}'),
    (lambda api: api.json_list(["one", "two"]), "/json", {}, b'["one", "two"]'),
    (lambda api: api.json_nothing(), "/json", {}, b"{}"),
    (lambda api: api.body("text é"), "/body", {}, "text é".encode()),
    (lambda api: api.body(b"\x00raw"), "/body", {}, b"\x00raw"),
    (lambda api: api.body({"a": "1"}), "/body", {}, b"a=1"),
    (lambda api: api.body(io.BytesIO(b"file")), "/body", {}, b"file"),
    (
        lambda api: api.static(),
        "/static?param3=value3&param1=value1&param2=value2",
        {"key_1": "value_1", "key_2": "value_2", "key_3": "value_3"},
        b"",
    ),
]


@pytest.mark.parametrize(("call", "target", "headers", "body"), SENT, ids=range(len(SENT)))
def test_where_arguments_go(mode: Mode, call: Any, target: str, headers: dict[str, str], body: bytes) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Arguments, call)
    assert (wire.last.target, wire.last.body) == (target, body)
    own = {name: value for name, value in wire.last.headers.items() if name.startswith(("x-", "key_"))}
    assert own == headers and len(wire.last.fields) == len(wire.last.headers)


def test_a_part(mode: Mode) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Arguments, lambda api: api.part("world"))
    assert re.search(rb'name="hello"; filename="hello"\r\n\r\nworld\r\n--', wire.last.body)


def test_a_timeout_that_is_an_argument(mode: Mode) -> None:
    def wait(connection, stopped):
        stopped.wait(2)

    with Wire(wait) as wire:
        error = caught(lambda: consume(mode, wire.url, Arguments, lambda api: api.slow(0.2)))
    assert isinstance(error, Adapter.exceptions.ServerTimeout)


def test_what_uplink_itself_refuses(mode: Mode) -> None:
    with Wire(reply()) as wire:
        mixed = caught(lambda: consume(mode, wire.url, Arguments, lambda api: api.mixed("a", "b")))
        conflict = caught(lambda: consume(mode, wire.url, Arguments, lambda api: api.conflict("a", "b")))
    assert isinstance(mixed, uplink.Query.QueryStringEncodingError)
    assert isinstance(conflict, ValueError)
    assert wire.seen == []


class Session(uplink.Consumer):
    """What is set once for all calls of an instance."""

    def __init__(self, language: uplink.Header("X-Language") = "en", **settings):
        super().__init__(**settings)
        self.session.headers["X-Session"] = "h"
        self.session.params["session"] = "p"
        self._inject(uplink.Query("api_key").with_value("k"))
        self.session.context["key"] = "c"

    @uplink.get("x")
    def x(self): ...


def test_what_a_session_keeps(mode: Mode) -> None:
    with Wire(reply()) as wire:
        base_urls = []

        def step(api):
            base_urls.append(api.session.base_url)
            return api.x()

        consume(mode, wire.url, Session, step, consumer={"language": "de"})
    assert wire.last.target == "/x?session=p&api_key=k"
    assert (wire.last.headers["x-session"], wire.last.headers["x-language"]) == ("h", "de")
    assert base_urls == [f"{wire.url}/"]


class Signed(uplink.Consumer):
    @uplink.get("x")
    def x(self): ...


class Token(auth.ApiTokenHeader):
    _header = "Token-Header"
    _prefix = "Prefix"

    def __init__(self, token):
        self._token = token


def sign(request_builder):
    request_builder.info["headers"]["X-Signed"] = request_builder.method


AUTH: list[tuple[Any, str, dict[str, str]]] = [
    (("user", "pass"), "/x", {"authorization": "Basic dXNlcjpwYXNz"}),
    (auth.BasicAuth("user", "pass"), "/x", {"authorization": "Basic dXNlcjpwYXNz"}),
    (auth.BearerToken("token"), "/x", {"authorization": "Bearer token"}),
    (auth.ApiTokenParam("key", "a b"), "/x?key=a%20b", {}),
    (auth.ApiTokenHeader("Token-Header", "t"), "/x", {"token-header": "t"}),
    (auth.ApiTokenHeader("Token-Header", "t", prefix="Prefix"), "/x", {"token-header": "Prefix t"}),
    (Token("t"), "/x", {"token-header": "Prefix t"}),
    (auth.ProxyAuth("user", "pass"), "/x", {"proxy-authorization": "Basic dXNlcjpwYXNz"}),
    (
        auth.MultiAuth(None, ("user", "pass"), auth.ApiTokenParam("key", "k"), sign),
        "/x?key=k",
        {"authorization": "Basic dXNlcjpwYXNz", "x-signed": "GET"},
    ),
    (sign, "/x", {"x-signed": "GET"}),
    (None, "/x", {}),
]


@pytest.mark.parametrize(("given", "target", "headers"), AUTH, ids=range(len(AUTH)))
def test_who_calls(mode: Mode, given: Any, target: str, headers: dict[str, str]) -> None:
    with Wire(reply()) as wire:
        consume(mode, wire.url, Signed, lambda api: api.x(), consumer={"auth": given})
    common = {"host", "accept", "accept-encoding", "user-agent"}
    assert wire.last.target == target
    assert {name: value for name, value in wire.last.headers.items() if name not in common} == headers


def test_who_calls_may_be_set_later(mode: Mode) -> None:
    def step(api):
        api.session.auth = ("user", "pass")
        assert isinstance(api.session.auth, auth.BasicAuth)
        return api.x()

    with Wire(reply()) as wire:
        consume(mode, wire.url, Signed, step)
    assert wire.last.headers["authorization"] == "Basic dXNlcjpwYXNz"


def test_hooks_that_are_injected(mode: Mode) -> None:
    class Injected(uplink.Consumer):
        @uplink.inject(uplink.Query("q").with_value("v"), uplink.hooks.ResponseHandler(lambda reply: reply.status_code))
        @uplink.get("x")
        def x(self): ...

    seen: list[int] = []
    hook = uplink.hooks.ResponseHandler(lambda response: seen.append(response.status) or response)
    with Wire(reply({}, 202)) as wire:
        assert consume(mode, wire.url, Injected, lambda api: api.x(), consumer={"hooks": hook}) == 202
    assert wire.last.target == "/x?q=v" and seen == [202]


def test_uplink_takes_the_adapter_for_a_client() -> None:
    with Client("http://localhost:1") as client:
        adapter = Adapter(client)
        assert register.get_client(adapter) is adapter
        assert isinstance(adapter, uplink.clients.interfaces.HttpClientAdapter)
        assert isinstance(adapter.io(), uplink_io.BlockingStrategy)
        assert Signed(client=adapter).exceptions is adapter.exceptions
    assert isinstance(Adapter(AsyncClient("http://localhost:1")).io(), uplink_io.AsyncioStrategy)


@pytest.mark.parametrize("given", [None, "http://localhost", requests.Session, object(), Client])
def test_an_adapter_is_of_a_client_of_gemels(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^Adapter\(\): expected a client of gemel's, got "):
        Adapter(given)


class Answer:
    """What a handler may make of a reply."""

    def __init__(self, text):
        self._text = text

    def text(self):
        return f"answer: {self._text}"


def test_callbacks_are_called_with_what_came(mode: Mode) -> None:
    """Sync callbacks get a reply that needs no awaiting, whatever they are given after that is handed on as it is."""

    class Chained(uplink.Consumer):
        @uplink.response_handler(lambda text: text.upper())
        @uplink.response_handler(lambda response: response.text())
        @uplink.get("x")
        def x(self): ...

    with Wire(reply(b"text", kind="text/plain")) as wire:
        assert consume(mode, wire.url, Chained, lambda api: api.x()) == "TEXT"
        hook = uplink.hooks.ResponseHandler(lambda response: Answer(response.text))
        assert consume(mode, wire.url, Chained, lambda api: api.x(), consumer={"hooks": (hook,)}) == "ANSWER: TEXT"


class ContributorSchema(marshmallow.Schema):
    class Meta:
        unknown = marshmallow.EXCLUDE

    login = marshmallow.fields.Str(attribute="username")
    contributions = marshmallow.fields.Int()

    @marshmallow.post_load
    def made(self, data, **_):
        return (data["username"], data["contributions"])


class Marshmallowed(uplink.Consumer):
    """uplink's example with schemas."""

    @uplink.get("/repos/{owner}/{repo}/contributors")
    def get_contributors(self, owner, repo) -> ContributorSchema(many=True):
        """List contributors of a repository."""

    @uplink.json
    @uplink.post("/contributors")
    def add(self, contributor: uplink.Body(ContributorSchema)): ...

    @uplink.returns.json(ContributorSchema, key="found")
    @uplink.get("/found")
    def found(self): ...


def test_the_example_with_marshmallow(mode: Mode) -> None:
    contributor = {"login": "prkumar", "contributions": "3", "more": 1}
    with Wire(reply([contributor]), reply({"found": contributor}), reply()) as wire:
        got = consume(mode, wire.url, Marshmallowed, lambda api: api.get_contributors("prkumar", "uplink"))
        assert got == [("prkumar", 3)]
        assert consume(mode, wire.url, Marshmallowed, lambda api: api.found()) == ("prkumar", 3)
        consume(mode, wire.url, Marshmallowed, lambda api: api.add({"username": "a", "contributions": 1}))
    assert wire.last.json == {"login": "a", "contributions": 1}


def test_the_example_that_gathers() -> None:
    """A list by the blocking client, then each of its members at once by the awaited one."""

    class Service(uplink.Consumer):
        @uplink.get("/repositories")
        def get_repos(self): ...

        @uplink.get("/repos/{owner}/{repo}/contributors")
        def get_contributors(self, owner, repo): ...

    def answer(seen):
        names = [f"prkumar/{number}" for number in range(10)]
        return reply([{"full_name": name} for name in names] if seen.target == "/repositories" else seen.target)

    async def contributors(api, full_name):
        response = await api.get_contributors(*full_name.split("/"))
        return await response.json()

    async def gather(api):
        return await asyncio.gather(*(contributors(api, repo["full_name"]) for repo in repos))

    with Wire(answer=answer) as wire:
        repos = consume(SYNC, wire.url, Service, lambda api: api.get_repos()).json()
        got = consume(ASYNC, wire.url, Service, gather)
    assert got == [f"/repos/prkumar/{number}/contributors" for number in range(10)]


class Search(uplink.Consumer):
    """uplink's example of a search: a query in the template, with spaces, beside arguments with defaults."""

    @uplink.get("/search/repositories?q={keyword} in:name,description,readme")
    def repos_for_keyword(self, keyword, client_id: uplink.Query = "id", client_secret: uplink.Query = "s"): ...


def test_the_example_that_searches(mode: Mode) -> None:
    with Wire(reply({"items": [{"full_name": "a/b"}]})) as wire:
        got = consume(mode, wire.url, Search, lambda api: api.repos_for_keyword("natural language"))
    assert [item["full_name"] for item in settled(got.json())["items"]] == ["a/b"]
    target = "/search/repositories?q=natural%20language%20in:name,description,readme&client_id=id&client_secret=s"
    assert wire.last.target == target


def test_the_example_with_handlers(mode: Mode, capsys: pytest.CaptureFixture[str]) -> None:
    """A handler that looks at the status, and one of errors that raises nothing: the error goes on."""

    class Google(uplink.Consumer):
        @uplink.response_handler(lambda response: print(f"status: {response.status_code}") or response)  # noqa: T201
        @uplink.get("/")
        def homepage(self): ...

        @uplink.error_handler(lambda kind, error, trace: print(f"error: {kind.__name__}"))  # noqa: T201
        @uplink.get("/bad_page.html")
        def bad_page(self): ...

    with Wire(reply(b"<html>", kind="text/html")) as wire:
        assert consume(mode, wire.url, Google, lambda api: api.homepage()).status_code == 200
        bad = caught(lambda: consume(mode, wire.url, Google, lambda api: api.bad_page(), base_url="ftp://host/"))
    assert capsys.readouterr().out == "status: 200\nerror: InvalidURL\n"
    assert isinstance(bad, InvalidURL)


def test_a_service_that_nothing_is_said_of(mode: Mode) -> None:
    """Without a base_url a Consumer speaks to the client's endpoint."""
    with Wire(reply()) as wire:

        def step(api):
            return type(api)(client=api._Consumer__client).x()

        consume(mode, f"{wire.url}/api/v1", Signed, step)
    assert wire.targets == ["/api/v1/x"]


def test_json_that_only_gemel_can_write(mode: Mode) -> None:
    import datetime as clock
    import uuid

    body = {"at": clock.datetime(2024, 2, 29, tzinfo=clock.timezone.utc), "id": uuid.UUID(int=1)}
    with Wire(reply()) as wire:
        consume(mode, wire.url, Arguments, lambda api: api.json_list(body))
        error = caught(lambda: consume(mode, wire.url, Arguments, lambda api: api.json_list({"a": object()})))
        nan = caught(lambda: consume(mode, wire.url, Arguments, lambda api: api.json_list({"a": float("nan")})))
    assert json.loads(wire.last.body) == {"at": "2024-02-29T00:00:00Z", "id": str(uuid.UUID(int=1))}
    assert isinstance(error, TypeError) and isinstance(nan, ValueError)
