"""Credentials of every kind: the exact bytes that are sent, whose word counts, and where nothing is sent."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Header, Query, Stream, get, post
from gemel.kit.errors import AuthenticationError, CredentialsError, DeclarationError
from gemel.kit.policies.credentials import ApiKey, Basic, Bearer
from gemel.kit.policies.signed import Signed
from gemel.kit.policies.tokens import Token
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, Async, M, Omit, Sync
from gemel.testing import Recorder

from .shop import Mode
from .wire import Seen, Wire, reply

KEY = "key-of-mine-1"


class Things(Resource[M]):
    """Endpoints that say which credentials they take."""

    @get("usual")
    def usual(self, *, a: int | Omit = OMIT) -> None:
        """The client's usual credential."""
        ...

    @get("app", auth="app")
    def app(self) -> None:
        """One by its name."""
        ...

    @get("both", auth=("user", "app"))
    def both(self) -> None:
        """Two of them."""
        ...

    @get("free", auth=None)
    def free(self, *, own: Annotated[str | Omit, Header("X-Key")] = OMIT) -> None:
        """None."""
        ...

    @get("fixed", auth=None, headers={"X-Key": "public"})
    def fixed(self) -> None:
        """None, and what the endpoint says itself in the place of one."""
        ...


class Open(Resource[M], auth=None):
    """Endpoints without credentials, but for one."""

    @post("in")
    def enter(self, *, key: Annotated[str | Omit, Query("key")] = OMIT) -> None:
        """None, as the class says."""
        ...

    @get("app", auth="app")
    def app(self) -> None:
        """One, as the endpoint says."""
        ...


class Narrow(Open[M]):
    """Takes over what its base says."""

    @get("more")
    def more(self) -> None:
        """None, as the base says."""
        ...


class Closed(Open[M], auth="app"):
    """Says otherwise than its base."""


class Plain(Resource[M]):
    """Endpoints of a client with one credential."""

    @get("x")
    def usual(self, *, a: int | Omit = OMIT) -> None:
        """The usual credential."""
        ...

    @get("free", auth=None)
    def free(
        self, *, own: Annotated[str | Omit, Header("X-Key")] = OMIT, key: Annotated[str | Omit, Query("key")] = OMIT
    ) -> None:
        """None."""
        ...


class Api(BaseClient[M]):
    """Several credentials."""

    things: Things[M]
    open: Open[M]
    narrow: Narrow[M]
    closed: Closed[M]


class ApiClient(Api[Sync], Client):
    """Blocking."""


class AsyncApiClient(Api[Async], AsyncClient):
    """Awaited."""


class One(BaseClient[M]):
    """One credential."""

    plain: Plain[M]


class OneClient(One[Sync], Client):
    """Blocking."""


class AsyncOneClient(One[Async], AsyncClient):
    """Awaited."""


class Talk(Resource[M]):
    """A stream."""

    @get("events")
    def events(self) -> Stream[dict[str, Any]]:
        """Events."""
        ...


class Talking(BaseClient[M]):
    """One stream."""

    talk: Talk[M]


class TalkingClient(Talking[Sync], Client):
    """Blocking."""


class AsyncTalkingClient(Talking[Async], AsyncClient):
    """Awaited."""


OK = reply(b"", 204)
NAMED = {"user": Bearer("user-token"), "app": Basic("app", "app-secret")}


def run(mode: Mode, url: str, *steps: Any, several: bool = False, **settings: Any) -> Any:
    pair = (ApiClient, AsyncApiClient) if several else (OneClient, AsyncOneClient)
    return mode.run(url, *steps, client=pair[mode.is_async], **settings)


def usual(client: Any) -> Any:
    return client.plain.usual()


def free(client: Any) -> Any:
    return client.plain.free()


def auth_line(seen: Seen) -> list[str]:
    """The credentials among the fields of a request, as they came."""
    return [f"{name}: {value}" for name, value in seen.fields if name.lower() in ("authorization", "cookie", "x-key")]


ROWS: dict[str, tuple[Any, str, list[str]]] = {
    "text": ("a-token", "/x", ["Authorization: Bearer a-token"]),
    "pair": (("me", "pass word"), "/x", [f"Authorization: Basic {b64encode(b'me:pass word').decode()}"]),
    "bearer": (Bearer("a-token"), "/x", ["Authorization: Bearer a-token"]),
    "bearer function": (Bearer(lambda: "a-token"), "/x", ["Authorization: Bearer a-token"]),
    "bearer token": (Bearer(lambda: Token("a-token", 60)), "/x", ["Authorization: Bearer a-token"]),
    "basic": (Basic("me", "é:x"), "/x", [f"Authorization: Basic {b64encode('me:é:x'.encode()).decode()}"]),
    "basic key": (Basic("sk_live_1"), "/x", [f"Authorization: Basic {b64encode(b'sk_live_1:').decode()}"]),
    "basic function": (Basic("me", lambda: "p-w-d"), "/x", [f"Authorization: Basic {b64encode(b'me:p-w-d').decode()}"]),
    "header": (ApiKey(KEY, header="X-Key"), "/x", [f"X-Key: {KEY}"]),
    "prefix": (ApiKey(KEY, header="Authorization", prefix="Bot"), "/x", [f"Authorization: Bot {KEY}"]),
    "header function": (ApiKey(lambda: KEY, header="X-Key", prefix="SSWS"), "/x", [f"X-Key: SSWS {KEY}"]),
    "query": (ApiKey(KEY, query="key"), f"/x?key={KEY}", []),
    "query encoded": (ApiKey("a+b/c=&d", query="the key[]"), "/x?the%20key%5B%5D=a%2Bb%2Fc%3D%26d", []),
    "cookie": (ApiKey(KEY, cookie="sid"), "/x", [f"Cookie: sid={KEY}"]),
    "named": ({"one": ApiKey(KEY, cookie="sid"), "two": Bearer("other")}, "/x", [f"Cookie: sid={KEY}"]),
    "named text": ({"one": "a-token"}, "/x", ["Authorization: Bearer a-token"]),
    "named nothing": ({"one": None, "two": Bearer("other")}, "/x", []),
    "nothing": (None, "/x", []),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_kind_is_sent_in_its_place(mode: Mode, row: str) -> None:
    credential, target, fields = ROWS[row]
    with Wire(OK) as wire:
        run(mode, wire.url, usual, usual, free, credential=credential)
    assert [seen.target for seen in wire.seen] == [target, target, "/free"]
    assert [auth_line(seen) for seen in wire.seen] == [fields, fields, []]


def test_a_query_and_a_cookie_of_the_call_stay(mode: Mode) -> None:
    step = lambda client: client.plain.usual.options(headers={"Cookie": "lang=en"})(a=1)  # noqa: E731
    with Wire(OK) as wire:
        run(mode, wire.url, step, credential=ApiKey(KEY, cookie="sid"))
        run(mode, wire.url, step, credential=ApiKey(KEY, query="key"))
    assert auth_line(wire.seen[0]) == [f"Cookie: lang=en; sid={KEY}"]
    assert [seen.target for seen in wire.seen] == ["/x?a=1", f"/x?a=1&key={KEY}"]


WHOSE: dict[str, tuple[Any, dict[str, Any], Callable[[Any], Any], str, list[str]]] = {
    "header of the client": (ApiKey(KEY, header="X-Key"), {"headers": {"x-key": "mine"}}, usual, "/x", ["x-key: mine"]),
    "option": (
        ApiKey(KEY, header="X-Key"),
        {},
        lambda client: client.plain.usual.options(headers={"X-KEY": "mine"})(),
        "/x",
        ["X-KEY: mine"],
    ),
    "query of a copy": (
        ApiKey(KEY, query="key"),
        {},
        lambda client: client.with_options(query={"key": "mine"}).plain.usual(),
        "/x?key=mine",
        [],
    ),
    "cookie": (
        ApiKey(KEY, cookie="sid"),
        {},
        lambda client: client.plain.usual.options(headers={"Cookie": "a=1; sid=mine"})(),
        "/x",
        ["Cookie: a=1; sid=mine"],
    ),
    "path": (ApiKey(KEY, query="key"), {}, lambda client: client.request("GET", "x?key=mine"), "/x?key=mine", []),
}


@pytest.mark.parametrize("row", WHOSE)
def test_the_callers_own_word_goes_before_the_credential(mode: Mode, row: str) -> None:
    credential, settings, step, target, fields = WHOSE[row]
    with Wire(OK) as wire:
        run(mode, wire.url, step, credential=credential, **settings)
    assert (wire.last.target, auth_line(wire.last)) == (target, fields)


def test_an_endpoint_that_takes_none_gets_none_whatever_way_it_came(mode: Mode) -> None:
    """What a client says for all its calls is no word for an endpoint that takes no credentials."""
    rows: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
        (ApiKey(KEY, header="X-Key"), {"headers": {"x-key": "mine-all"}}, {}),
        (ApiKey(KEY, header="X-Key"), {}, {"headers": {"X-KEY": "mine-all"}}),
        (ApiKey(KEY, query="key"), {}, {"query": {"key": "mine-all"}}),
        (ApiKey(KEY, cookie="sid"), {"headers": {"Cookie": "sid=mine-all; lang=en"}}, {}),
        (Basic("u", "p"), {"headers": {"Authorization": "Basic mine-all"}}, {}),
    ]
    with Wire(OK) as wire:
        for credential, settings, options in rows:
            run(
                mode,
                wire.url,
                lambda client, o=options: free(client.with_options(**o)),
                credential=credential,
                **settings,
            )
    assert not [seen for seen in wire.seen if b"mine-all" in seen.raw or KEY.encode() in seen.raw]
    assert [seen.headers.get("cookie") for seen in wire.seen] == [None, None, None, "lang=en", None]


def test_an_endpoint_gets_nothing_in_the_place_of_a_credential_that_it_does_not_take(mode: Mode) -> None:
    named = {"user": ApiKey("user-token", header="X-Key"), "app": Basic("app", "app-secret")}
    steps = [
        lambda client: client.things.usual(),
        lambda client: client.things.app(),
        lambda client: client.things.both(),
    ]
    with Wire(OK) as wire:
        headers = {"x-key": "mine-u", "Authorization": "Basic mine-a"}
        run(mode, wire.url, *steps, several=True, credential=named, headers=headers)
    user, app = "x-key: mine-u", "Authorization: Basic mine-a"
    assert [auth_line(seen) for seen in wire.seen] == [[user], [app], [user, app]]


def test_what_a_call_itself_says_is_sent_where_no_credential_is(mode: Mode) -> None:
    steps = [
        lambda client: client.plain.free(own="mine-1"),
        lambda client: client.plain.free.options(headers={"X-Key": "mine-2"})(),
    ]
    with Wire(OK) as wire:
        run(mode, wire.url, *steps, credential=ApiKey(KEY, header="X-Key"))
        run(mode, wire.url, lambda client: client.plain.free(key="mine-3"), credential=ApiKey(KEY, query="key"))
    assert [auth_line(seen) for seen in wire.seen] == [["X-Key: mine-1"], ["X-Key: mine-2"], []]
    assert wire.last.target == "/free?key=mine-3"


BASIC = f"Authorization: Basic {b64encode(b'app:app-secret').decode()}"


def test_an_endpoint_names_its_credentials(mode: Mode) -> None:
    named = {"user": ApiKey("user-token", header="X-Key"), "app": Basic("app", "app-secret"), "other": Bearer("other")}
    steps = [
        lambda client: client.things.usual(),
        lambda client: client.things.app(),
        lambda client: client.things.both(),
        lambda client: client.things.free(),
        lambda client: client.open.enter(),
        lambda client: client.open.app(),
        lambda client: client.narrow.more(),
        lambda client: client.narrow.app(),
        lambda client: client.closed.enter(),
        lambda client: client.request("GET", "x"),
    ]
    with Wire(OK) as wire:
        run(mode, wire.url, *steps, several=True, credential=named)
    user = "X-Key: user-token"
    assert [auth_line(seen) for seen in wire.seen] == [
        [user],
        [BASIC],
        [user, BASIC],
        [],
        [],
        [BASIC],
        [],
        [BASIC],
        [BASIC],
        [user],
    ]


def test_what_an_endpoint_says_goes_where_a_credential_would(mode: Mode) -> None:
    named = {"user": ApiKey(KEY, header="X-Key"), "app": Basic("app", "app-secret")}
    settings: dict[str, Any] = {"credential": named, "headers": {"X-Key": "mine"}}
    with Wire(OK) as wire:
        run(mode, wire.url, lambda client: client.things.fixed(), several=True, **settings)
        run(mode, wire.url, lambda client: client.things.usual(), several=True, **settings)
    assert [auth_line(seen) for seen in wire.seen] == [["X-Key: public"], ["X-Key: mine"]]


def test_without_credentials_a_name_asks_for_nothing(mode: Mode) -> None:
    with Wire(OK) as wire:
        run(mode, wire.url, lambda client: client.things.both(), several=True)
        run(mode, wire.url, lambda client: client.things.both(), several=True, credential={"user": None, "app": None})
    assert [auth_line(seen) for seen in wire.seen] == [[], []]


def test_only_what_can_be_renewed_is_renewed(mode: Mode) -> None:
    keys = iter(["old", "new"])
    named = {"user": ApiKey(lambda: next(keys), header="X-Key"), "app": Basic("app", "app-secret")}
    with Wire(answer=lambda seen: OK if seen.headers["x-key"] == "new" else reply({}, 401)) as wire:
        run(mode, wire.url, lambda client: client.things.both(), several=True, credential=named)
    assert [auth_line(seen) for seen in wire.seen] == [["X-Key: old", BASIC], ["X-Key: new", BASIC]]


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        ({"user": "a-token"}, r"(app|both)\(\): auth='app' names no credential of the client; it has 'user'"),
        ("a-token", r"\(\): auth='(app|user)' names no credential .*without a name; name it with credential="),
    ],
)
def test_a_name_that_the_client_does_not_have_is_told_when_it_is_made(mode: Mode, credential: Any, said: str) -> None:
    client = AsyncApiClient if mode.is_async else ApiClient
    with pytest.raises(DeclarationError, match=said) as raised:
        client("http://127.0.0.1:1", credential=credential)
    assert "a-token" not in str(raised.value)


@pytest.mark.parametrize("auth", ["", 5, True, (), ("a", ""), ("a", "a"), ["a"], {"a": 1}, ("a", None)])
def test_an_auth_that_means_nothing_is_refused_when_the_class_is_made(auth: Any) -> None:
    with pytest.raises(DeclarationError, match="auth"):

        class Wrong(Resource[M]):
            @get("x", auth=auth)
            def one(self) -> None: ...

    with pytest.raises(DeclarationError, match="Wronger: auth"):

        class Wronger(Resource[M], auth=auth):
            @get("x")
            def one(self) -> None: ...


NO_KEYS: list[tuple[dict[str, Any], str]] = [
    ({}, "it needs one place, header=, query= or cookie=, got none"),
    ({"header": "X-Key", "query": "key"}, "it needs one place, .*got header= and query="),
    ({"query": "key", "cookie": "key"}, "got query= and cookie="),
    ({"header": ""}, "is not a header name"),
    ({"header": "X Key"}, "is not a header name"),
    ({"header": "Host"}, "cannot be set"),
    ({"header": "Content-Length"}, "cannot be set"),
    ({"header": "Cookie"}, "a cookie is named with cookie="),
    ({"header": "Connection"}, "Connection"),
    ({"header": 5}, "the name of a header is text, got int"),
    ({"query": ""}, "is not the name of a query parameter"),
    ({"query": "a\nb"}, "is not the name of a query parameter"),
    ({"cookie": ""}, "is not the name of a cookie"),
    ({"cookie": "a=b"}, "is not the name of a cookie"),
    ({"query": "key", "prefix": "Bot"}, "a prefix stands in a header, not in a query"),
    ({"cookie": "key", "prefix": "Bot"}, "a prefix stands in a header, not in a cookie"),
    ({"header": "X-Key", "prefix": ""}, "the prefix is empty"),
    ({"header": "X-Key", "prefix": "Bot "}, "white space"),
    ({"header": "X-Key", "prefix": "B\r\nX: 1"}, "control characters"),
]


@pytest.mark.parametrize(("given", "said"), NO_KEYS)
def test_a_key_needs_one_place_with_a_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=f"ApiKey: .*{said}") as raised:
        ApiKey(KEY, **given)
    assert KEY not in str(raised.value)


UNFIT: list[tuple[Any, str]] = [
    (lambda: Bearer(""), "it is empty"),
    (lambda: Bearer("a-secret\r\nX: 1"), "a line break"),
    (lambda: ApiKey("", header="X-Key"), "it is empty"),
    (lambda: ApiKey("a-secret\x00", query="key"), "cannot be sent"),
    (lambda: ApiKey("a-secret;b", cookie="sid"), "a cookie cannot hold"),
    (lambda: Basic("a-secret:b", "c"), "cannot hold a colon"),
    (lambda: Basic("", ""), "both empty"),
    (lambda: Basic("u", "a-secret\n"), "the password cannot hold control characters"),
    (lambda: Basic("a-secret\x00", "p"), "the user cannot hold control characters"),
    (lambda: Basic("u", "a-secret\ud800"), "not valid Unicode"),
]


@pytest.mark.parametrize(("make", "said"), UNFIT)
def test_a_value_that_cannot_be_sent_is_refused_when_it_is_given(make: Any, said: str) -> None:
    with pytest.raises(CredentialsError, match=said) as raised:
        make()
    assert "a-secret" not in str(raised.value)


@pytest.mark.parametrize("value", ["", "a-secret b", "a-secret\n", None, 5, b"a-secret"])
def test_what_a_function_gives_is_checked_too(mode: Mode, value: Any) -> None:
    with Wire(OK) as wire:
        for credential in (Bearer(lambda: value), ApiKey(lambda: value, query="key")):
            with pytest.raises(CredentialsError, match="the token cannot be sent") as raised:
                run(mode, wire.url, usual, credential=credential)
            assert "a-secret" not in str(raised.value)
    assert not wire.seen


def test_a_function_is_awaited_in_the_async_client() -> None:
    async def given() -> str:
        await asyncio.sleep(0)
        return KEY

    async def work(url: str) -> None:
        for credential in (Bearer(given), ApiKey(given, query="key"), Basic("u", given)):
            async with AsyncOneClient(url, credential=credential) as client:
                await asyncio.gather(*(client.plain.usual() for _ in range(3)))

    with Wire(OK) as wire:
        asyncio.run(work(wire.url))
    assert sum(seen.headers.get("authorization") == f"Bearer {KEY}" for seen in wire.seen) == 3
    assert sum(seen.target == f"/x?key={KEY}" for seen in wire.seen) == 3


def test_a_file_is_read_anew_when_it_has_changed(mode: Mode, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token\n")

    def changed(client: Any) -> Any:
        other = tmp_path / "other"
        other.write_text(" second-token \n")
        os.replace(other, file)
        return usual(client)

    with Wire(OK) as wire:
        run(mode, wire.url, usual, usual, changed, usual, credential=Bearer(file))
    assert [seen.headers["authorization"] for seen in wire.seen] == ["Bearer first-token"] * 2 + [
        "Bearer second-token"
    ] * 2


def test_each_client_reads_a_file_anew_though_they_share_the_credential(mode: Mode, tmp_path: Path) -> None:
    """What one client has read says nothing of what the other one has in hand."""
    file = tmp_path / "token"
    file.write_text("first-token")
    shared = Bearer(file)

    def written(text: str) -> None:
        (tmp_path / "other").write_text(text)
        os.replace(tmp_path / "other", file)

    def block(url: str) -> None:
        with OneClient(url, credential=shared) as one, OneClient(url, credential=shared) as other:
            usual(one), usual(other)
            written("second-token")
            usual(one), usual(other)

    async def awaited(url: str) -> None:
        async with AsyncOneClient(url, credential=shared) as one, AsyncOneClient(url, credential=shared) as other:
            await usual(one), await usual(other)
            written("second-token")
            await usual(one), await usual(other)

    with Wire(OK) as wire:
        asyncio.run(awaited(wire.url)) if mode.is_async else block(wire.url)
    sent = [seen.headers["authorization"] for seen in wire.seen]
    assert sent == ["Bearer first-token"] * 2 + ["Bearer second-token"] * 2


def test_a_file_is_read_anew_when_its_token_is_refused(mode: Mode, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token")

    def answer(seen: Seen) -> bytes:
        if seen.target.endswith("second-token"):
            return OK
        file.write_text("second-token")
        return reply({}, 401)

    with Wire(answer=answer) as wire:
        run(mode, wire.url, usual, credential=ApiKey(file, query="key"))
    assert [seen.target for seen in wire.seen] == ["/x?key=first-token", "/x?key=second-token"]


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_value_is_told(mode: Mode, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with Wire(OK) as wire, pytest.raises(CredentialsError, match=r"cannot be (read|sent)"):
        run(mode, wire.url, usual, credential=Bearer(file))
    assert not wire.seen


@pytest.mark.parametrize("listed", [False, True])
def test_a_redirect_takes_credentials_to_listed_origins_alone(mode: Mode, listed: bool) -> None:
    for credential in (
        ApiKey(KEY, query="key"),
        ApiKey(KEY, header="X-Key"),
        ApiKey(KEY, cookie="sid"),
        Basic("u", KEY),
    ):
        with (
            Wire(OK) as other,
            Wire(answer=lambda seen: reply(b"", 302, {"Location": f"{other.url}{seen.target}"})) as home,
        ):
            origins = [other.url] if listed else []
            run(mode, home.url, usual, follow_redirects=True, origins=origins, credential=credential)
        here, there = home.last, other.last
        credentials = {here.target.partition("?")[2], *auth_line(here)} - {""}
        assert credentials
        assert ({there.target.partition("?")[2], *auth_line(there)} - {""}) == (credentials if listed else set())


def test_who_was_led_away_gets_no_credentials_when_led_back(mode: Mode) -> None:
    with Wire(
        answer=lambda seen: OK if seen.target == "/back" else reply(b"", 302, {"Location": f"{other.url}/"})
    ) as home:
        with Wire(answer=lambda seen: reply(b"", 302, {"Location": f"{home.url}/back"})) as other:
            run(mode, home.url, usual, follow_redirects=True, credential=ApiKey(KEY, header="X-Key"))
    assert [auth_line(seen) for seen in home.seen] == [[f"X-Key: {KEY}"], []]


def test_a_redirect_at_home_asks_with_the_key_once(mode: Mode) -> None:
    answer = lambda seen: OK if seen.target.startswith("/y") else reply(b"", 302, {"Location": f"/y?a=1&key={KEY}"})  # noqa: E731
    with Wire(answer=answer) as wire:
        run(mode, wire.url, usual, follow_redirects=True, credential=ApiKey(KEY, query="key"))
    assert wire.targets == [f"/x?key={KEY}", f"/y?a=1&key={KEY}"]


@pytest.mark.parametrize(
    "origins",
    ["https://h", [5], ["h"], ["ftp://h"], ["https://h/path"], ["https://u:hunter2@h"], ["http://h"], 5, [""]],
)
def test_an_origin_is_a_scheme_and_a_host(mode: Mode, origins: Any) -> None:
    with pytest.raises(ValueError, match="origins: ") as raised:
        mode.client("https://h", origins=origins)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("credential", [{}, {"": "a-token"}, {5: "a-token"}])
def test_names_of_credentials_are_texts(mode: Mode, credential: Any) -> None:
    with pytest.raises(ValueError, match="credential: ") as raised:
        mode.client("http://h", credential=credential)
    assert "a-token" not in str(raised.value)


SHOWN = {
    "bearer": (Bearer(KEY), "curl -X GET http://h/x?a=1 -H 'Authorization: Bearer ***'"),
    "basic": (Basic("u", KEY), "curl -X GET http://h/x?a=1 -H 'Authorization: Basic ***'"),
    "prefix": (ApiKey(KEY, header="X-Key", prefix="Bot"), "curl -X GET http://h/x?a=1 -H 'X-Key: Bot ***'"),
    "query": (ApiKey(KEY, query="the key"), "curl -X GET 'http://h/x?a=1&the%20key=***'"),
    "cookie": (ApiKey(KEY, cookie="sid"), "curl -X GET http://h/x?a=1 -H 'Cookie: sid=***'"),
}


@pytest.mark.parametrize("row", SHOWN)
def test_curl_shows_the_mask_in_the_place_of_the_credential(mode: Mode, row: str) -> None:
    credential, line = SHOWN[row]
    client = (AsyncOneClient if mode.is_async else OneClient)("http://h", credential=credential)
    shown = client.plain.usual.curl(a=1)
    assert shown.replace("'http://h/x?a=1' ", "http://h/x?a=1 ").startswith(line)
    assert "***" not in client.plain.free.curl() and "key=" not in client.plain.usual.url(a=1)
    if not mode.is_async:
        client.close()


SECRET_HOLDERS = {
    "query": ApiKey(KEY, query="appid"),
    "header": ApiKey(KEY, header="X-Odd"),
    "cookie": ApiKey(KEY, cookie="odd"),
    "basic": Basic("u", KEY),
}


@pytest.mark.parametrize("row", SECRET_HOLDERS)
def test_what_a_credential_holds_is_shown_nowhere(mode: Mode, row: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    credential, told = SECRET_HOLDERS[row], list[Any]()
    settings = {"on_request": told.append, "on_response": told.append}

    def raw(client: Any) -> Any:
        return client.plain.usual.raw()

    with Wire(answer=lambda seen: reply(seen.raw, 400, {"X-Echo": seen.target}, "text/plain")) as wire:
        with pytest.raises(Exception) as raised:
            run(mode, wire.url, usual, credential=credential, **settings)
        wire.answer = lambda seen: reply(b"", 204)
        done = run(mode, wire.url, raw, credential=credential, **settings)
    error: Any = raised.value
    sent = b64encode(f"u:{KEY}".encode()).decode() if row == "basic" else KEY
    assert sent.encode() in wire.last.raw
    frames = [str(trace.frame.f_locals) for trace in raised.traceback if "gemel/kit" in str(trace.path)]
    shown = [*map(repr, told), str(error), repr(error), repr(vars(error)), str(error.headers), error.url, error.message]
    shown += [
        repr(error.body),
        repr(error.request),
        repr(credential),
        repr(vars(credential)),
        done.url,
        caplog.text,
        *frames,
    ]
    assert not [text for text in shown if KEY in text or sent in text]


def test_a_refused_key_is_an_authentication_error(mode: Mode) -> None:
    with Wire(reply({}, 401)) as wire, pytest.raises(AuthenticationError):
        run(mode, wire.url, usual, credential=ApiKey(KEY, query="key"))
    assert len(wire.seen) == 1


def test_a_recording_has_no_key_wherever_it_stood(mode: Mode, tmp_path: Path) -> None:
    file = tmp_path / "exchanges.jsonl"
    credentials = (
        ApiKey(KEY, query="api_key"),
        ApiKey(KEY, query="appid"),
        ApiKey(KEY, cookie="odd"),
        ApiKey(KEY, header="X-Odd"),
        Basic("u", KEY),
    )
    with Wire(answer=lambda seen: reply({"echo": seen.target, "basic": seen.headers.get("authorization")})) as wire:
        with Recorder(wire.url, file, mask={"appid", "X-Odd"}) as recorder:
            for credential in credentials:
                run(mode, recorder.url, lambda client: client.request("GET", "x"), credential=credential)
    assert len(wire.seen) == len(credentials)
    written = file.read_text()
    assert KEY not in written and b64encode(f"u:{KEY}".encode()).decode() not in written


def test_a_stream_is_opened_with_the_credential(mode: Mode) -> None:
    """What it says of the credential is masked like a reply."""

    def opened(client: Any) -> Any:
        async def awaited() -> list[Any]:
            async with client.talk.events() as events:
                return [event async for event in events]

        def blocking() -> list[Any]:
            with client.talk.events() as events:
                return list(events)

        return awaited() if mode.is_async else blocking()

    pair = (TalkingClient, AsyncTalkingClient)
    with Wire(reply(b'data: {"a": 1}\n\n', kind="text/event-stream")) as wire:
        for credential in (ApiKey(KEY, query="key"), Signed(lambda request: {"Authorization": KEY})):
            assert mode.run(wire.url, opened, client=pair[mode.is_async], credential=credential) == [{"a": 1}]
    assert [seen.target for seen in wire.seen] == [f"/events?key={KEY}", "/events"]
    assert wire.last.headers["authorization"] == KEY
