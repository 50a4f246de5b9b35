"""What both SDKs can do beside their declared calls: options, requests that nothing declares, settings of a client."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import aiohttp
import requests

from gemel import Cache

from .cases import Arguments, Case, Step, call, case
from .recorder import reply
from .values import ANYTHING, HOSTILE, MOMENT, Colour, uuid_of

METHODS = ("GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH")
QUERY: dict[str, Any] = {
    "plain": "text",
    "text & name": HOSTILE,
    "numbers": [0, -1, 2**53 + 1, 0.5, 1e-7, 1e22],
    "flags": (True, False),
    "moment": MOMENT,
    "day": MOMENT.date(),
    "id": uuid_of("query"),
    "enums": [Colour.RED, Colour.LEVEL],
    "nothing": None,
    "holes": [None, "", None],
    "empty": [],
    "": "nameless",
}
HEADERS = {"X-One": "1", "accept": "text/plain; q=0.5, */*", "x-tab": "a\tb", "User-Agent": "mine/1 (\"quoted\", 'it')"}
BODIES: tuple[Any, ...] = (*ANYTHING, {}, [], list(HOSTILE), "text", 0, True, "")
PATHS = (
    "plain",
    "/leading/slash/",
    "a b/ü/😀",
    "percent/%2F/%zz/100%",
    "with?query=1&other=a b",
    "with?",
    "reserved/!$&'()*+,;=:@/~",
    "quote\"/'/`/<>/^|\\",
    "a//b",
    "...",
)
OPTIONS: dict[str, Arguments] = {
    "headers": {"headers": HEADERS},
    "query": {"query": QUERY},
    "idempotency_key": {"idempotency_key": 'key-1 "2"/+='},
    "timeout, retries, cache": {"timeout": 7.5, "retries": 1, "cache": False},
    "body": {"body": ANYTHING[1]},
    "body of all types": {"body": ANYTHING[2]},
    "all": {"headers": {"X-Two": "2"}, "query": {"page": [1, 2]}, "idempotency_key": "k", "timeout": 9},
}


def optional(path: str, **kwargs: Any) -> Iterator[Case]:
    """The cases of options: of one call, of a copy of the client, and of both with some of the same names."""
    for title, options in OPTIONS.items():
        yield case(f"{path}, options: {title}", _with_options(path, options, kwargs))
    inner = {"headers": {"X-one": "2"}, "query": {"plain": "again"}, "idempotency_key": "2"}
    outer = {"headers": HEADERS, "query": QUERY, "idempotency_key": "1", "body": {"extra": 1}}
    yield case(f"{path}, client options", _of_copy(path, outer, {}, kwargs))
    yield case(f"{path}, options on client options", _of_copy(path, outer, inner, kwargs))


def _with_options(path: str, options: Arguments, kwargs: Arguments) -> Step:
    return lambda client: attrgetter(path)(client).options(**options)(**kwargs)


def _of_copy(path: str, outer: Arguments, inner: Arguments, kwargs: Arguments) -> Step:
    return lambda client: attrgetter(path)(client.with_options(**outer)).options(**inner)(**kwargs)


def undeclared() -> Iterator[Case]:
    """The cases of `client.request`."""
    for method in METHODS:
        yield case(f"request {method}", call("request", method, "some/path"))
        everything = {"params": QUERY, "body": ANYTHING[0], "headers": HEADERS}
        yield case(f"request {method}, all", call("request", method.lower(), "some/path?first=1", **everything))
    options = {"headers": HEADERS, "query": QUERY, "idempotency_key": "k", "body": {"more": None}}
    yield case(
        "request, client options", lambda client: client.with_options(**options).request("PUT", "p", body={"a": 1})
    )


def undeclared_forms() -> Iterator[Case]:
    """The cases of what `client.request` is told: bodies of all kinds, and addresses."""
    for number, body in enumerate(BODIES, 1):
        yield case(f"request, body {number}", call("request", "POST", "some/path", body=body))
    for number, path in enumerate(PATHS, 1):
        yield case(f"request, path {number}", call("request", "GET", path))
        yield case(f"request, path {number}, params", call("request", "DELETE", path, params={"a": HOSTILE[0]}))
    yield case("request, whole address", lambda client: client.request("GET", f"{client.endpoint}/a/b?c=d"))


def configured(client: Any, mode: str, *, address: str, url: str, reading: Step, writing: Step) -> Iterator[Case]:
    """The cases of a client's settings, each with a call that reads and a call that writes.

    address: the setting that holds the server's address, `url`.
    """
    both = reading, writing, call("request", "GET", "/p")
    addresses: dict[str, Arguments] = {
        "with a slash": {address: f"{url}/"},
        "with a path": {address: f"{url}/base/v1"},
        "with a path and a slash": {address: f"{url}/base/v1/"},
        "behind a proxy": {address: "http://api.invalid/base", "proxy": url},
    }
    for title, settings in addresses.items():
        yield case(f"address {title}", *both, **settings)
    yield case("no environment", *both, trust_env=False)
    yield case("headers", *both, headers=HEADERS)
    session: Any = requests.Session() if mode == "sync" else aiohttp.ClientSession()
    session.headers.update({"X-Session": "1", "Accept": "text/plain"})
    yield case("own session", *both, lambda client: session.close(), session=session)
    yield from _redirected(url, reading, writing)
    for name, value in {"etag": '"v 1"', "last_modified": "Thu, 29 Feb 2024 18:00:15 GMT"}.items():
        kept = reply({"kept": True}, 200, **{name: value})
        twice = call("request", "GET", "kept", params={"a": [1, 2]})
        yield case(f"kept with {name}", twice, twice, reading, cache=Cache(ttl=0), replies=(kept, reply(b"", 304)))


def repeated(reading: Step, writing: Step) -> Iterator[Case]:
    """The cases of requests that are sent again: a call that reads, and one that writes with an idempotency key."""
    at_once = reply({"message": "later"}, 503, retry_after="0")
    yield case("repeated read", reading, replies=(at_once, at_once), retries=2)
    yield case("repeated write", writing, replies=(at_once,), retries=2)


def _redirected(url: str, reading: Step, writing: Step) -> Iterator[Case]:
    there = {"": "/moved/%C3%BC?x=a b&y=%2f", " to another origin": f"{url.replace('127.0.0.1', 'localhost')}/moved"}
    for status in (301, 302, 303, 307, 308):
        for title, location in there.items():
            moved = reply(b"", status, location=location)
            yield case(f"read redirected by {status}{title}", reading, replies=(moved,), follow_redirects=True)
        moved = reply(b"", status, location="/moved")
        yield case(f"write redirected by {status}", writing, replies=(moved,), follow_redirects=True)
