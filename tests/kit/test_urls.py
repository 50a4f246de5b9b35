# mypy: disable-error-code="empty-body"
"""An argument that is the address: at the client's own origin, or where the declaration says, but no secrets."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import requests

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, Header, Query, get, put
from gemel.kit.errors import APIStatusError, DeclarationError, InvalidArgument
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import Resource
from gemel.kit.stubs.roles import Url
from gemel.kit.types import OMIT, Async, M, Omit, Sync

from .shop import Mode
from .wire import Seen, Wire, reply


class Links(Resource[M]):
    """Addresses that replies gave."""

    @get("")
    def follow(self, link: Annotated[str, Url], *, page: Annotated[int | Omit, Query] = OMIT) -> Any: ...
    @put("")
    def upload(
        self,
        link: Annotated[str, Url(origins=("http://*", "https://files.example"))],
        content: Annotated[bytes, Body],
        *,
        trace: Annotated[str | None, Header("X-Trace")] = None,
    ) -> None: ...


class Versioned(Links[M], prefix="v9", timeout=7, headers={"X-Class": "c"}):
    """The same below a prefix."""

    @get("")
    def fetch(self, link: Annotated[str, Url(origins=("http://*",))]) -> Any: ...
    @put("", headers={"X-Kind": "stub", "User-Agent": "stub"}, content_type="application/merge-patch+json")
    def patch(self, link: Annotated[str, Url(origins=("http://*",))], *, name: str) -> None: ...


class LinksClient(Client):
    links: Links[Sync]
    versioned: Versioned[Sync]


class AsyncLinksClient(AsyncClient):
    links: Links[Async]
    versioned: Versioned[Async]


def client_of(mode: Mode) -> Any:
    return AsyncLinksClient if mode.is_async else LinksClient


def sent(mode: Mode, call: Any, path: str = "", **settings: Any) -> Seen:
    with Wire(reply({})) as wire:
        mode.run(wire.url + path, lambda made: call(made, wire.url), client=client_of(mode), **settings)
    return wire.last


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("x/y", "/v1/x/y"),
        ("/x?a=b c", "/x?a=b%20c"),
        ("?page=2", "/v1/?page=2"),
        ("{url}/z%2Fy?s=%2B#f", "/z%2Fy?s=%2B"),
        (" {url} ", "/"),
    ],
)
def test_a_link_to_the_own_origin(mode: Mode, link: str, target: str) -> None:
    def call(client: Any, url: str) -> Any:
        return client.links.follow(link.replace("{url}", url))

    seen = sent(mode, call, "/v1", credential=Bearer("good"), headers={"X-Own": "1"})
    assert (seen.target, seen.headers["authorization"], seen.headers["x-own"]) == (target, "Bearer good", "1")


def test_a_query_is_added_to_that_of_a_link(mode: Mode) -> None:
    assert sent(mode, lambda client, url: client.links.follow("/a", page=2)).target == "/a?page=2"
    assert sent(mode, lambda client, url: client.links.follow("/a?b=1", page=2)).target == "/a?b=1&page=2"


@pytest.mark.parametrize(
    "link",
    [
        *("", " ", "http://other.example/x", "//other.example/x", "https://{host}/x", "http://u:p@{host}/x"),
        *("ftp://{host}/", "../x", "a/../../x", "%2e%2e/x", "a%2f..%2fx", "a\\..\\x", "http://{host}/a/../x", "a\nb"),
    ],
)
def test_a_link_that_leads_elsewhere_or_nowhere_is_not_sent(mode: Mode, link: str) -> None:
    with Wire(reply({})) as wire:
        where = link.replace("{host}", wire.host)
        error = mode.fails(wire.url + "/v1", lambda made: made.links.follow(where), client=client_of(mode))
    assert isinstance(error, InvalidArgument) and error.parameter == "link" and not wire.seen
    assert "u:p" not in str(error)


def test_nothing_secret_goes_to_another_origin(mode: Mode) -> None:
    settings: dict[str, Any] = {"credential": Bearer("good"), "headers": {"X-Api-Key": "k", "Cookie": "s=1"}}
    with Wire(reply({})) as other, Wire(reply({})) as home:

        def call(made: Any) -> Any:
            upload = made.links.upload.options(headers={"X-Other-Key": "k2"}, query={"own": "1"})
            return upload(f"{other.url}/put?sig=abc", b"data", trace="t")

        mode.run(home.url, call, client=client_of(mode), **settings)
    seen = other.last
    assert (seen.target, seen.body, seen.headers["x-trace"]) == ("/put?sig=abc", b"data", "t")
    assert seen.headers["content-type"] == "application/octet-stream"
    assert not {"authorization", "x-api-key", "cookie", "x-other-key"} & set(seen.headers)
    assert not home.seen


def test_what_an_endpoint_says_goes_to_another_origin_but_not_what_its_class_says(mode: Mode) -> None:
    settings: dict[str, Any] = {"headers": {"X-Own": "1", "X-Kind": "client", "User-Agent": "mine"}}
    with Wire(reply({})) as other, Wire(reply({})) as home:
        for url in (other.url, home.url):
            mode.run(
                home.url,
                lambda made, url=url: made.versioned.patch(f"{url}/a", name="n"),
                client=client_of(mode),
                **settings,
            )
    away, near = other.last, home.last
    assert near.headers.items() >= {"x-own": "1", "x-kind": "client", "x-class": "c", "user-agent": "mine"}.items()
    assert away.headers.items() >= {"x-kind": "stub", "user-agent": "mine"}.items()
    assert not {"x-own", "x-class"} & set(away.headers)
    assert away.headers["content-type"] == near.headers["content-type"] == "application/merge-patch+json"


def test_a_link_goes_by_the_endpoint_of_the_client_whatever_the_prefix_is(mode: Mode) -> None:
    def call(client: Any, url: str) -> Any:
        return client.versioned.follow("x?a=1", page=2)

    assert sent(mode, call, "/v1").target == "/v1/x?a=1&page=2"


def test_another_origin_is_given_credentials_where_the_client_names_it(mode: Mode) -> None:
    settings: dict[str, Any] = {"credential": Bearer("good"), "headers": {"X-Api-Key": "k"}}
    with Wire(reply({})) as other, Wire(reply({})) as home:
        for origins in ([other.url], []):
            mode.run(
                home.url,
                lambda made: made.links.upload(f"{other.url}/put", b"data"),
                client=client_of(mode),
                origins=origins,
                **settings,
            )
    assert [seen.headers.get("authorization") for seen in other.seen] == ["Bearer good", None]
    assert all("x-api-key" not in seen.headers for seen in other.seen)


def test_a_stranger_who_leads_home_gets_no_credentials_for_it(mode: Mode) -> None:
    with Wire(reply({})) as home:
        with Wire(reply({}, 302, {"Location": f"{home.url}/x"})) as other:
            mode.run(
                home.url,
                lambda made: made.versioned.fetch(f"{other.url}/get"),
                client=client_of(mode),
                credential=Bearer("good"),
                follow_redirects=True,
            )
    assert [seen.target for seen in home.seen] == ["/x"]
    assert [seen.headers.get("authorization") for seen in (*other.seen, *home.seen)] == [None, None]


def test_the_signature_of_a_link_is_secret(mode: Mode) -> None:
    with Wire(reply({"message": "bad hunter2"}, 400)) as wire:
        error = mode.fails(
            wire.url, lambda made: made.links.follow(f"{wire.url}/a?signature=hunter2"), client=client_of(mode)
        )
    assert isinstance(error, APIStatusError) and "hunter2" not in str(error) + repr(error.request)


def test_an_own_session_does_not_go_elsewhere() -> None:
    with Wire(reply({})) as wire, requests.Session() as session:
        session.headers["X-Key"] = "k"
        with LinksClient("http://h.example", session=session) as client:
            with pytest.raises(InvalidArgument, match="the headers of your own session"):
                client.links.upload(wire.url, b"")
    assert not wire.seen


@pytest.mark.parametrize(
    ("origins", "link", "goes"),
    [
        (("https://a.example",), "https://a.example/x", True),
        (("https://a.example",), "https://a.example:443/x", True),
        (("https://a.example",), "http://a.example/x", False),
        (("https://a.example",), "https://a.example:8443/x", False),
        (("https://a.example",), "https://b.a.example/x", False),
        (("https://a.example",), "https://a.example.evil/x", False),
        (("https://*.a.example",), "https://b.a.example/x", True),
        (("https://*.a.example",), "https://c.b.a.example/x", True),
        (("https://*.a.example",), "https://a.example/x", False),
        (("https://*.a.example",), "https://evila.example/x", False),
        (("https://*.a.example:8443",), "https://b.a.example:8443/x", True),
        (("https://*",), "https://any.example/x", True),
        (("https://*",), "http://any.example/x", False),
        (("https://*",), "https://any.example:444/x", True),
    ],
)
def test_where_a_link_may_lead(origins: tuple[str, ...], link: str, goes: bool) -> None:
    def stub(self: Any, link: str) -> None: ...

    stub.__annotations__["link"] = Annotated[str, Url(origins=origins)]
    made = type("Made", (Resource,), {"stub": get("")(stub)})
    with Client("http://h.example") as client:
        call = made(client).stub  # type: ignore[attr-defined]
        if goes:
            assert call.request(link).context.auth is None
        else:
            with pytest.raises(InvalidArgument, match="origins="):
                call.request(link)


@pytest.mark.parametrize(
    ("path", "hints", "says"),
    [
        ("x", {"a": Annotated[str, Url]}, "a: it is the address"),
        ("", {"a": Annotated[str, Url], "b": Annotated[str, Url]}, "a and b: only one argument can be the address"),
        ("", {"a": Annotated[str, Url(origins=("files.example",))]}, "a: origins= names each as"),
        ("", {"a": Annotated[str, Url(origins=("https://a.example/x",))]}, "a: origins= names each as"),
        ("", {"a": Annotated[str, Url(origins=("https://a*.example",))]}, "a: origins= names each as"),
    ],
)
def test_a_wrong_address_is_told_when_the_class_is_made(path: str, hints: dict[str, Any], says: str) -> None:
    def stub(self: Any, a: str, b: int = 0) -> None: ...

    stub.__annotations__.update(hints)
    with pytest.raises(DeclarationError) as caught:
        type("Wrong", (Resource,), {"stub": get(path)(stub)})
    assert str(caught.value).startswith("Wrong.stub(): ") and says in str(caught.value)
