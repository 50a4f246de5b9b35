"""A requests.Session of the program: the environment and headers as requests reads them, and made-up replies."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from gemel.kit.errors import APIConnectionError, APITimeoutError, NotFoundError, ResponseTooLargeError
from gemel.kit.http.messages import Timeout

from .authority import Authority
from .chat import TalkClient
from .shop import ShopClient
from .wire import Wire, reply, silence

GOOD = reply({"leaf": 7})
BODY = b'{"leaf": 7}'


@contextmanager
def shop(url: str, session: requests.Session | None, **settings: Any) -> Iterator[ShopClient]:
    with ShopClient(url, session=session, retries=0, timeout=5.0, **settings) as client:
        yield client


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(GOOD) as proxy, requests.Session() as session:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with shop("http://shop.example.org", session) as client:
            assert client.albums.tree().leaf == 7
    assert proxy.targets == ["http://shop.example.org/api/tree"]


def test_no_proxy_and_a_session_without_trust_are_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Wire(GOOD) as wire, requests.Session() as session:
        with shop(wire.url, session) as client:
            with pytest.raises(APIConnectionError):
                client.albums.tree()
            session.trust_env = False
            assert client.albums.tree().leaf == 7
            session.trust_env = True
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            assert client.albums.tree().leaf == 7


def test_a_proxy_of_the_session_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with Wire(GOOD) as proxy, requests.Session() as session:
        session.proxies = {"http": proxy.url}
        with shop("http://shop.example.org", session) as client:
            assert client.albums.tree().leaf == 7


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authorities_of_the_environment_are_trusted(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, name: str
) -> None:
    with Wire(GOOD, tls=authority.serving()) as wire, requests.Session() as session:
        with shop(wire.url, session) as client:
            with pytest.raises(APIConnectionError):
                client.albums.tree()
            monkeypatch.setenv(name, authority.file)
            assert client.albums.tree().leaf == 7


def test_headers_of_the_session_are_merged_as_requests_does(monkeypatch: pytest.MonkeyPatch) -> None:
    headers: Any = {"X-Team": "shop", "X-None": None, "user-agent": None, "Accept": "text/plain"}
    with Wire(GOOD) as wire, requests.Session() as session:
        session.headers.update(headers)
        with shop(wire.url, session) as client:
            client.albums.tree()
    assert wire.last.headers["x-team"] == "shop"
    assert "x-none" not in wire.last.headers
    assert wire.last.headers["accept"] == "application/json"


def made(body: Any, status: int = 200, **headers: str) -> requests.Response:
    """A reply as tests write it: no urllib3 below it."""
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    if isinstance(body, bytes):
        response._content = body
    else:
        response.raw = body
    return response


def from_urllib3(body: bytes, **headers: str) -> requests.Response:
    response = made(urllib3.HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False), 200, **headers)
    return response


REPLIES: dict[str, Callable[[bytes], requests.Response]] = {
    "with its content": made,
    "with a file": lambda body: made(io.BytesIO(body)),
    "with urllib3's reply": from_urllib3,
}


class Adapter(BaseAdapter):
    """An adapter of a program."""

    def __init__(self, answer: Callable[[], requests.Response]) -> None:
        super().__init__()
        self._answer = answer

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return self._answer()

    def close(self) -> None: ...


@contextmanager
def answered(way: str, answer: Callable[[], requests.Response], patch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The session of a client whose requests are answered in one of the ways that programs have."""
    with requests.Session() as session:
        if way == "an adapter":
            session.mount("http://", Adapter(answer))
            yield session
        elif way == "a patched adapter":
            patch.setattr(HTTPAdapter, "send", lambda self, request, **options: answer())
            yield None
        else:
            patch.setattr(requests.Session, "send", lambda self, request, **options: answer())
            yield session if way == "a patched session, given" else None


WAYS = ["an adapter", "a patched adapter", "a patched session", "a patched session, given"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("body", REPLIES.values(), ids=REPLIES)
def test_replies_that_are_made_up(monkeypatch: pytest.MonkeyPatch, way: str, body: Any) -> None:
    with answered(way, lambda: body(BODY), monkeypatch) as session:
        with shop("http://shop.test", session) as client:
            assert client.albums.tree().leaf == 7
            assert client.albums.raw() == BODY
        with shop("http://shop.test", session, max_response_bytes=5) as client:
            with pytest.raises(ResponseTooLargeError):
                client.albums.raw()
        with TalkClient("http://shop.test", session=session, retries=0) as talk:
            with talk.files.content("a") as download:
                assert b"".join(download) == BODY


@pytest.mark.parametrize("way", WAYS)
def test_errors_without_a_body_that_are_made_up(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    with answered(way, lambda: made(None, 404, X_Request_Id="r-1"), monkeypatch) as session:
        with shop("http://shop.test", session) as client, pytest.raises(NotFoundError) as missing:
            client.albums.tree()
    assert missing.value.request_id == "r-1"


@pytest.mark.parametrize("way", WAYS)
def test_failures_that_are_made_up(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """What a program raises in the place of a reply says nothing of what was sent, unless its class does."""

    def fail(error: Exception) -> Callable[[], requests.Response]:
        def answer() -> requests.Response:
            raise error

        return answer

    with answered(way, fail(requests.ReadTimeout("late")), monkeypatch) as session:
        with shop("http://shop.test", session) as client, pytest.raises(APITimeoutError) as late:
            client.albums.create("T")
    assert late.value.sent


@pytest.mark.parametrize("body", REPLIES.values(), ids=REPLIES)
def test_a_coding_of_a_made_up_reply_is_removed_once(monkeypatch: pytest.MonkeyPatch, body: Any) -> None:
    with requests.Session() as session:
        session.mount("http://", Adapter(lambda: from_urllib3(gzip.compress(BODY), **{"Content-Encoding": "gzip"})))
        with shop("http://shop.test", session) as client:
            assert client.albums.raw() == BODY


def test_a_hook_that_has_read_the_reply_leaves_it_to_the_client() -> None:
    seen = list[Any]()
    with Wire(GOOD) as wire, requests.Session() as session:
        session.hooks["response"] = [lambda response, **_: seen.append(response.json())]
        with shop(wire.url, session) as client:
            assert client.albums.tree().leaf == 7
    assert seen == [{"leaf": 7}]


def test_timeouts_hold_over_a_session_that_was_passed_in() -> None:
    with Wire(silence) as wire, requests.Session() as session:
        with shop(wire.url, session) as client, pytest.raises(APITimeoutError) as late:
            client.albums.tree.options(timeout=Timeout(total=1e10, connect=1e10, read=0.2))()
    assert late.value.sent
