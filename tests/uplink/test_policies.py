"""A Consumer under the policies of its client: retries, redirects, credentials, TLS, timeouts, cache and observers."""

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
import uplink

from gemel.kit.caching import Cache
from gemel.kit.client import AsyncClient, Client
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    CredentialsError,
    GemelError,
    InvalidArgument,
    ResponseTooLargeError,
)
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.events import Event
from gemel.uplink import Adapter, ConnectionTimeout, InvalidURL, ServerTimeout, SSLError

from ..kit.authority import Authority
from ..kit.shop import ASYNC, Mode
from ..kit.wire import Wire, cut, drip, reply, silence, stall
from .consuming import caught, consume, settled

OWN = {"credential": Bearer("tok-12345"), "headers": {"X-Api-Key": "key-12345"}}
QUICK = Retry(limit=2, base=0.001, cap=0.001)


class Service(uplink.Consumer):
    @uplink.get("x")
    def x(self): ...

    @uplink.post("x")
    def post(self, body: uplink.Body): ...

    @uplink.get
    def at(self, url: uplink.Url): ...

    @uplink.get("x")
    def asked(self, api_key: uplink.Query, q: uplink.Query): ...

    @uplink.form_url_encoded
    @uplink.post("login")
    def log_in(self, user: uplink.Field, password: uplink.Field): ...

    @uplink.get("x")
    def named(self, auth: uplink.Header("Authorization")): ...

    @uplink.get("x")
    def waiting(self, seconds: uplink.Timeout): ...


def x(api: Any) -> Any:
    return api.x()


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_safe_requests_are_repeated(mode: Mode) -> None:
    with Wire(reply({}, 503), cut(), reply({"a": 1})) as wire:
        assert settled(consume(mode, wire.url, Service, x, retries=QUICK).json()) == {"a": 1}
    assert len(wire.seen) == 3


def test_others_are_repeated_only_when_that_is_safe(mode: Mode) -> None:
    with Wire(reply({}, 503), reply({"a": 1})) as wire:
        assert consume(mode, wire.url, Service, lambda api: api.post("b"), retries=QUICK).status_code == 503
    assert len(wire.seen) == 1


def test_redirects_are_replies_or_followed(mode: Mode) -> None:
    with Wire(answer=lambda seen: reply({"a": 1}) if seen.target == "/there" else to("/there")) as wire:
        first = consume(mode, wire.url, Service, x)
        followed = consume(mode, wire.url, Service, x, follow_redirects=True)
    assert (first.status_code, first.headers["Location"]) == (302, "/there")
    assert settled(followed.json()) == {"a": 1}


def to(location: str, status: int = 302) -> bytes:
    return reply(b"", status, {"Location": location})


def own_fields(seen: Any) -> set[str]:
    return {name for name in ("authorization", "x-api-key", "x-opt") if name in seen.headers}


def test_credentials_stay_at_home(mode: Mode) -> None:
    """The client's token, headers and options go to its own origin only, by whatever way an address comes."""
    with Wire(reply({})) as abroad, Wire(reply({}), to(f"{abroad.url}/redirected")) as home:
        consume(mode, home.url, Service, x, lambda api: api.at(f"{abroad.url}/url"), **OWN)
        consume(mode, home.url, Service, x, base_url=f"{abroad.url}/base/", **OWN)
        consume(mode, home.url, Service, x, follow_redirects=True, **OWN)
    assert [own_fields(seen) for seen in home.seen] == [{"authorization", "x-api-key"}] * 2
    assert [(seen.target, own_fields(seen)) for seen in abroad.seen] == [
        ("/url", set()),
        ("/base/x", set()),
        ("/redirected", set()),
    ]
    assert {seen.headers["accept"] for seen in abroad.seen} == {"application/json"}


def test_options_of_the_client_stay_at_home() -> None:
    with Wire(reply({})) as abroad, Wire(reply({})) as home, Client(home.url, retries=0) as client:
        options: dict[str, Any] = {"headers": {"X-Opt": "o"}, "query": {"q": "1"}, "timeout": 3}
        optioned = Service(base_url=f"{home.url}/", client=Adapter(client.with_options(**options)))
        optioned.x()
        optioned.at(f"{abroad.url}/url")
    assert (home.last.target, own_fields(home.last)) == ("/x?q=1", {"x-opt"})
    assert (abroad.last.target, own_fields(abroad.last)) == ("/url", set())


def test_with_a_session_of_its_own_a_client_stays_at_home() -> None:
    async def awaited() -> Exception:
        async with aiohttp.ClientSession(headers={"X-Api-Key": "k"}) as session:
            client = AsyncClient(home.url, session=session)
            service = Service(base_url=f"{home.url}/", client=Adapter(client))
            await service.x()
            with pytest.raises(InvalidArgument) as error:
                await service.at(f"{abroad.url}/url")
            await client.close()
            return error.value

    with Wire(reply({})) as abroad, Wire(reply({})) as home:
        with requests.Session() as session, Client(home.url, session=session) as client:
            session.headers["X-Api-Key"] = "k"
            service = Service(base_url=f"{home.url}/", client=Adapter(client))
            service.x()
            error = caught(lambda: service.at(f"{abroad.url}/url"))
        errors = [error, asyncio.run(awaited())]
    assert abroad.seen == [] and [own_fields(seen) for seen in home.seen] == [{"x-api-key"}] * 2
    assert all("a session of its own" in str(each) for each in errors)


def test_what_the_consumer_says_of_itself_is_not_replaced(mode: Mode) -> None:
    with Wire(reply({})) as wire:
        consume(mode, wire.url, Service, x, consumer={"auth": ("user", "pass")}, **OWN)
        consume(mode, wire.url, Service, lambda api: api.named("Token mine"), **OWN)
        consume(mode, wire.url, Service, x, **OWN)
    sent = [[value for name, value in seen.fields if name.lower() == "authorization"] for seen in wire.seen]
    assert sent == [["Basic dXNlcjpwYXNz"], ["Token mine"], ["Bearer tok-12345"]]


def test_a_token_is_renewed(mode: Mode) -> None:
    tokens = iter(["old", "new"])
    credential = Bearer(lambda: next(tokens))
    with Wire(reply({}, 401), reply({"a": 1})) as wire:
        assert settled(consume(mode, wire.url, Service, x, credential=credential).json()) == {"a": 1}
    assert [seen.headers["authorization"] for seen in wire.seen] == ["Bearer old", "Bearer new"]


def test_what_is_confidential_is_shown_nowhere(mode: Mode) -> None:
    """uplink has no mark for a secret, so it goes by names: those of credentials."""
    calls = [
        lambda api: api.asked("secret&key", "public"),
        lambda api: api.log_in("me", "hunter2-hidden"),
        lambda api: api.named("Bearer token-hidden"),
    ]
    secrets = ["secret&key", "secret%26key", "hunter2-hidden", "token-hidden", "tok-12345"]
    events: list[Event] = []
    with Wire(answer=lambda seen: reply({"message": seen.raw.decode()}, 400)) as wire:
        for call in calls:
            response = consume(mode, wire.url, Service, call, on_response=events.append, **OWN)
            error = caught(response.raise_for_status)
            shown = f"{error} {error!r} {error.request!r} {error.body} {response!r} {response.request!r} {events}"
            assert [secret for secret in secrets if secret in shown] == []
    assert "q=public" in events[0].url and len(wire.seen) == 3


@pytest.mark.parametrize(
    "kind", ["BaseClientException", "ConnectionError", "ConnectionTimeout", "InvalidURL", "SSLError", "ServerTimeout"]
)
def test_every_name_of_uplinks_is_a_class_of_gemels(kind: str) -> None:
    known = getattr(Adapter.exceptions, kind)
    assert issubclass(known, GemelError) and issubclass(known, Adapter.exceptions.BaseClientException)


FAILURES: dict[str, tuple[Any, type[Exception], set[str]]] = {
    "cut": (cut(), APIConnectionError, {"ConnectionError"}),
    "cut in the head": (cut(b"HTTP/1.1 200 OK\r\n"), APIConnectionError, {"ConnectionError"}),
    "cut in the body": (cut(reply(b"x" * 100)[:-50]), APIConnectionError, {"ConnectionError"}),
    "not HTTP": (cut(b"220 smtp ready\r\n"), APIConnectionError, {"ConnectionError"}),
    "silent": (silence, ServerTimeout, {"ConnectionError", "ServerTimeout"}),
    "silent in the body": (stall(reply(b"x" * 100)[:-50]), ServerTimeout, {"ConnectionError", "ServerTimeout"}),
    "too slow": (drip(reply(b"x" * 9999), first=10), ServerTimeout, {"ConnectionError", "ServerTimeout"}),
    "a circle": (to("/x"), APIConnectionError, {"ConnectionError"}),
}


@pytest.mark.parametrize("name", FAILURES)
def test_how_failures_are_known(mode: Mode, name: str) -> None:
    step, kind, names = FAILURES[name]
    with Wire(step) as wire:
        settings: dict[str, Any] = {"timeout": Timeout(total=0.5, read=0.4), "follow_redirects": "circle" in name}
        error = caught(lambda: consume(mode, wire.url, Service, x, **settings))
    assert type(error) is kind
    assert known_as(error) == names | {"BaseClientException"}


def known_as(error: Exception) -> set[str]:
    names = ("BaseClientException", "ConnectionError", "ConnectionTimeout", "InvalidURL", "SSLError", "ServerTimeout")
    return {name for name in names if isinstance(error, getattr(Adapter.exceptions, name))}


def test_a_server_that_is_not_there(mode: Mode) -> None:
    error = caught(lambda: consume(mode, f"http://127.0.0.1:{refused_port()}", Service, x))
    assert type(error) is APIConnectionError and error.sent is False
    assert known_as(error) == {"BaseClientException", "ConnectionError"}


@contextlib.contextmanager
def busy() -> Iterator[str]:
    """The address of a server that accepts no connection: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take what does not fit into the queue")
def test_a_server_that_is_not_reached_in_time(mode: Mode) -> None:
    with busy() as url:
        error = caught(lambda: consume(mode, url, Service, x, timeout=Timeout(total=5, connect=0.3)))
    assert type(error) is ConnectionTimeout and isinstance(error, APITimeoutError) and error.sent is False
    assert known_as(error) == {"BaseClientException", "ConnectionError", "ConnectionTimeout"}


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function _(SSLProtocol|Selector)Transport:pytest.PytestUnraisableExceptionWarning"
    if sys.version_info < (3, 11)
    else "error"
)
def test_a_server_that_is_not_trusted(mode: Mode, authority: Authority) -> None:
    with Wire(reply({"a": 1}), tls=authority.serving()) as wire:
        error = caught(lambda: consume(mode, wire.url, Service, x, retries=QUICK))
        assert settled(consume(mode, wire.url, Service, x, verify=authority.file).json()) == {"a": 1}
    assert type(error) is SSLError and "verify='ca.pem'" in str(error)
    assert known_as(error) == {"BaseClientException", "ConnectionError", "SSLError"}


ADDRESSES = [
    "ftp://host/",
    "http://host:99999/",
    "http://host:0/",
    "http://host:port/",
    "http://user:secret-pass@host/",
    "http://a b/",
    "mailto:me@host",
]
UNREAD = ["http://[::1/", "http://h\u00f6st\u2100/", "https:///path"]  # uplink trips over these itself


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_address(mode: Mode, address: str) -> None:
    with Wire(reply({})) as wire:
        error = caught(lambda: consume(mode, wire.url, Service, lambda api: api.at(address), **OWN))
    assert type(error) is InvalidURL and wire.seen == []
    assert known_as(error) == {"BaseClientException", "InvalidURL"}
    assert "secret-pass" not in str(error) and "nothing can be sent to" in str(error)


@pytest.mark.parametrize("address", [*ADDRESSES, *UNREAD])
def test_what_the_adapter_makes_of_no_address(address: str) -> None:
    with Client("http://localhost:1") as client:
        assert type(caught(lambda: Adapter(client).send(("GET", address, {})))) is InvalidURL


TARGETS = [
    ("/a b/\u00e9?q=1 2&r=\u00e9#there", "/a%20b/%C3%A9?q=1%202&r=%C3%A9"),
    ("/a%20b/%2F/100%/%zz", "/a%20b/%2F/100%25/%25zz"),
    ("/a/./b/../c", "/a/c"),
    ("?only=query", "/?only=query"),
    ("/'\"<>`{}|\\^/", "/'%22%3C%3E%60%7B%7D%7C%5C%5E/"),
]


@pytest.mark.parametrize(("address", "target"), TARGETS)
def test_addresses_are_encoded_once(mode: Mode, address: str, target: str) -> None:
    with Wire(reply({})) as wire:
        consume(mode, wire.url, Service, lambda api: api.at(address))
    assert wire.targets == [target]


def test_other_errors_of_gemels(mode: Mode) -> None:
    def fail() -> str:
        raise CredentialsError("there are none")

    with Wire(reply(b"x" * 100)) as wire:
        none = caught(lambda: consume(mode, wire.url, Service, x, credential=Bearer(fail)))
        large = caught(lambda: consume(mode, wire.url, Service, x, max_response_bytes=10))
    assert isinstance(none, CredentialsError) and isinstance(large, ResponseTooLargeError)
    assert known_as(none) == known_as(large) == {"BaseClientException"}


def test_errors_are_raised_where_the_call_is_awaited() -> None:
    async def main() -> None:
        async with AsyncClient("http://localhost:1") as client:
            call = Service(base_url="ftp://h/", client=Adapter(client)).x()
            with pytest.raises(InvalidURL):
                await call
        with pytest.raises(ClientClosedError):
            await Service(base_url="http://localhost:1/", client=Adapter(client)).x()

    asyncio.run(main())


def test_uplinks_timeouts(mode: Mode) -> None:
    """They bound each wait for the server and the whole call, over the limits of the client."""
    with Wire(silence) as wire:
        for given in (0.2, (5, 0.2), (None, 0.2), Timeout(read=0.2), aiohttp.ClientTimeout(total=0.2)):
            call = lambda api, given=given: api.waiting(given)  # noqa: E731
            assert type(caught(lambda call=call: consume(mode, wire.url, Service, call))) is ServerTimeout
    with Wire(reply({})) as wire:
        assert consume(mode, wire.url, Service, lambda api: api.waiting(None)).ok
        for wrong in (0, -1, "soon", (1, 2, 3), float("inf")):
            call = lambda api, wrong=wrong: api.waiting(wrong)  # noqa: E731
            assert isinstance(caught(lambda call=call: consume(mode, wire.url, Service, call)), InvalidArgument)


def test_a_longer_timeout_than_the_clients(mode: Mode) -> None:
    def late(connection: socket.socket, stopped: threading.Event) -> None:
        stopped.wait(0.6)
        connection.sendall(reply({}))

    with Wire(late) as wire:
        limits = Timeout(total=0.3, connect=0.3, read=0.3)
        assert consume(mode, wire.url, Service, lambda api: api.waiting(5), timeout=limits).ok
        assert type(caught(lambda: consume(mode, wire.url, Service, x, timeout=limits))) is ServerTimeout


def test_replies_are_kept(mode: Mode) -> None:
    with Wire(reply({"a": 1})) as wire:
        got = consume(mode, wire.url, Service, x, x, cache=Cache(ttl=60))
    assert settled(got.json()) == {"a": 1} and len(wire.seen) == 1


def test_observers_see_the_calls(mode: Mode) -> None:
    events: list[Event] = []
    observers: dict[str, Any] = dict.fromkeys(("on_request", "on_response", "on_retry"), events.append)
    with Wire(reply({}, 503), reply({})) as wire:
        consume(mode, wire.url, Service, x, retries=QUICK, **observers)
    assert [(event.label, event.status, event.attempt) for event in events] == [
        ("Consumer", None, 1),
        ("Consumer", 503, 1),
        ("Consumer", 503, 1),
        ("Consumer", None, 2),
        ("Consumer", 200, 2),
    ]


def test_clients_are_shared_and_closed_by_their_owner() -> None:
    with Wire(reply({})) as wire, Client(wire.url) as client:
        for _ in range(3):
            Service(base_url=f"{wire.url}/", client=Adapter(client)).x()
        assert wire.connections == 1 and client.request("GET", "still").ok
    assert isinstance(caught(Service(base_url="http://h/", client=Adapter(client)).x), ClientClosedError)


def test_one_consumer_in_several_loops() -> None:
    with Wire(reply({"a": 1})) as wire:
        service = Service(base_url=f"{wire.url}/", client=Adapter(AsyncClient(wire.url)))

        async def main() -> Any:
            return await (await service.x()).json()

        assert [asyncio.run(main()), asyncio.run(main())] == [{"a": 1}, {"a": 1}]


def test_many_calls_at_once() -> None:
    async def step(api: Any) -> list[int]:
        return [response.status for response in await asyncio.gather(*(api.x() for _ in range(20)))]

    with Wire(reply({})) as wire:
        assert consume(ASYNC, wire.url, Service, step) == [200] * 20
    assert len(wire.seen) == 20
