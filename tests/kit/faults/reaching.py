"""Rows: what may keep a request from being sent at all."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gemel.kit.http.messages import Timeout

from ..network import Names, dead
from ..shop import Do, Mode
from ..wire import Wire, cut, drip, reply, silence
from .leaks import nothing_left
from .rows import ONCE_MORE, Outcome, Play, Row, caught, named

SHORTLY: dict[str, Any] = {"timeout": Timeout(total=9.0, connect=0.1), "retries": ONCE_MORE}
TLS = ssl.create_default_context()


@contextlib.contextmanager
def nobody_knows() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        names = Names(patch)
        names.known["shop.test"] = []
        yield {"url": "http://shop.test"}


@contextlib.contextmanager
def resolver_waits() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        names = Names(patch)
        names.known["shop.test"] = ["127.0.0.1"]
        names.held.clear()
        try:
            yield {"url": "http://shop.test"}
        finally:
            names.held.set()


@contextlib.contextmanager
def addresses_wait() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch, dead(4) as found:
        Names(patch).known["shop.test"] = [host for host, _ in found]
        yield {"url": f"http://shop.test:{found[0][1]}"}


@contextlib.contextmanager
def tls_waits() -> Iterator[dict[str, Any]]:
    with Wire(mute=5.0) as wire:
        yield {"url": f"https://{wire.host}", "verify": TLS}


@contextlib.contextmanager
def proxy_waits() -> Iterator[dict[str, Any]]:
    with Wire(silence) as wire:
        yield {"url": "https://shop.test", "proxy": wire.url, "verify": TLS}


@contextlib.contextmanager
def proxy_drips() -> Iterator[dict[str, Any]]:
    with Wire(drip(b"HTTP/1.1 200 Connected\r\n\r\n", pause=0.05)) as wire:
        yield {"url": "https://shop.test", "proxy": wire.url, "verify": TLS}


@contextlib.contextmanager
def proxy_babbles() -> Iterator[dict[str, Any]]:
    with Wire(cut(b"SSH-2.0-OpenSSH_9.6\r\n")) as wire:
        yield {"url": "https://shop.test", "proxy": wire.url, "verify": TLS}


@contextlib.contextmanager
def proxy_is_away() -> Iterator[dict[str, Any]]:
    with Wire() as wire:
        proxy = wire.url
    yield {"url": "http://shop.test", "proxy": proxy}


@contextlib.contextmanager
def proxy_refuses() -> Iterator[dict[str, Any]]:
    with Wire(reply(b"", 403)) as wire:
        yield {"url": "https://shop.test", "proxy": wire.url, "verify": TLS}


def unreached(place: Callable[[], Any]) -> Play:
    """A GET and a POST that reach no server, each of which may be sent twice."""

    def play(mode: Mode) -> Outcome:
        told, tried = list[Any](), list[str]()
        calls: list[Do] = [lambda shop: shop.albums.anything("a"), lambda shop: shop.albums.archive("a")]
        with nothing_left(), place() as found:
            steps = [caught(mode, call, told) for call in calls]
            url = found.pop("url")
            mode.run(url, *steps, on_request=lambda event: tried.append(event.method), **SHORTLY, **found)
        assert not any(error.sent for error in told)
        assert {named(error) for error in told} == {named(told[0])}
        again = ", ".join(method for method in ("GET", "POST") if tried.count(method) > 1) or "no"
        return Outcome(named(told[0]), again, "none")

    return play


NO_WAY = Outcome("APIConnectionError", "GET, POST", "none")
NO_TIME = Outcome("APITimeoutError", "GET, POST", "none")

REACHING = [
    Row("nobody knows the name", unreached(nobody_knows), NO_WAY),
    Row("the resolver is silent", unreached(resolver_waits), NO_TIME),
    Row("none of four addresses answers", unreached(addresses_wait), NO_TIME),
    Row("the server says nothing to TLS", unreached(tls_waits), NO_TIME),
    Row("the proxy says nothing to CONNECT", unreached(proxy_waits), NO_TIME),
    Row("the proxy answers CONNECT byte by byte", unreached(proxy_drips), NO_TIME),
    Row("the proxy refuses CONNECT", unreached(proxy_refuses), NO_WAY),
    Row("the proxy answers CONNECT in another protocol (SSH)", unreached(proxy_babbles), NO_WAY),
    Row("nobody listens where the proxy should be", unreached(proxy_is_away), NO_WAY),
]
