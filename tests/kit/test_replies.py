"""Whatever comes back: one error of the tree, whose text says what to do next, or the value."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from gemel.kit.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    UnprocessableEntityError,
)

from .shop import Album, Mode
from .wire import Wire, cut, reply

HTML = b"<html><body>Sign in to continue</body></html>"
GZIP = {"Content-Encoding": "gzip"}
GOOD = {"album": {"id": "a", "title": "T", "tracks": [{"title": "t", "playSeconds": 3}]}}
DEEP = b'{"album":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
LOST = (APIConnectionError, "connection was lost")
MANY = b"".join(b"X-%d: a\r\n" % number for number in range(9999))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def retrieve(shop: Any) -> Any:
    return shop.albums.retrieve("a")


BROKEN = {
    "HTML with 200": (reply(HTML, kind="text/html"), ResponseValidationError, "not JSON (text/html"),
    "HTML says where to look": (reply(HTML, kind="text/html"), ResponseValidationError, "check the endpoint"),
    "truncated JSON": (reply(b'{"album": {"id": "a"'), ResponseValidationError, "not JSON"),
    "text for JSON": (reply(b"OK", kind="text/plain"), ResponseValidationError, "not JSON (text/plain"),
    "no content type": (HEAD[:17] + b"Content-Length: 2\r\n\r\nOK", ResponseValidationError, "no content type"),
    "an empty body": (reply(b""), ResponseValidationError, "no body (status 200)"),
    "204 for a value": (b"HTTP/1.1 204 None\r\n\r\n", ResponseValidationError, "no body (status 204)"),
    "not UTF-8": (reply(b'{"album": {"id": "\xff\xfe"}}'), ResponseValidationError, "not JSON"),
    "another envelope": (reply({"albums": []}), ResponseValidationError, "lacks 'album'"),
    "a list for an envelope": (reply([1]), ResponseValidationError, "lacks 'album'"),
    "null for a record": (reply({"album": None}), ResponseValidationError, "album"),
    "a missing field": (reply({"album": {}}), ResponseValidationError, "album.id: Missing data"),
    "a wrong type": (reply({"album": {"id": 5}}), ResponseValidationError, "album.id: Not a valid string"),
    "deep nesting": (reply(DEEP), ResponseValidationError, "not JSON"),
    "a huge number": (reply(b'{"album": {"id": ' + b"9" * 9999 + b"}}"), ResponseValidationError, "not JSON"),
    "not what gzip makes": (reply(b"plain", headers=GZIP), APIConnectionError, "Content-Encoding says"),
    "half of a body": (cut(HEAD + b'Content-Length: 999\r\n\r\n{"album"'), *LOST),
    "half of the chunks": (cut(HEAD + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"album"\r\n'), *LOST),
    "a wrong chunk": (cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), APIConnectionError, "the reply "),
    "half of the headers": (cut(HEAD + b"X-A"), *LOST),
    "no reply": (cut(), *LOST),
    "another protocol": (cut(b"SSH-2.0-OpenSSH_9.6\r\n"), APIConnectionError, "does not begin with a status line"),
    "a status that is no number": (cut(b"HTTP/1.1 abc OK\r\n\r\n"), APIConnectionError, "is not readable"),
    "a length that is no number": (cut(HEAD + b"Content-Length: x\r\n\r\n{}"), APIError, ""),
    "too many headers": (cut(HEAD + MANY + b"\r\n"), APIConnectionError, "more than 99 header fields"),
    "an endless header": (cut(HEAD + b"X-A: " + b"a" * 300_000 + b"\r\n\r\n"), APIConnectionError, "is too long"),
}  # fmt: skip


@pytest.mark.parametrize(("step", "kind", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_reply_is_one_error_that_says_what_to_do(mode: Mode, step: Any, kind: type, says: str) -> None:
    with Wire(step) as wire:
        error = mode.fails(wire.url, retrieve)
    assert isinstance(error, kind), error
    assert says in str(error)
    assert "Albums.retrieve" in str(error)
    assert "/api/albums/a" in str(error)
    assert error.__context__ is None or error.__suppress_context__


STATUSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    418: APIStatusError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    500: InternalServerError,
    502: InternalServerError,
    599: InternalServerError,
    302: APIStatusError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_each_status_has_its_class(mode: Mode, status: int, kind: type) -> None:
    body = {"message": "No such thing", "code": "gone", "details": [{"at": "x"}]}
    with Wire(reply(body, status, {"X-Request-Id": "req-7"})) as wire:
        error = mode.fails(wire.url, retrieve)
    assert type(error) is kind
    assert (error.status, error.message, error.code, error.details) == (status, "No such thing", "gone", [{"at": "x"}])
    assert error.request_id == "req-7"
    assert error.body == body
    assert (error.method, error.url) == ("GET", f"{wire.url}/api/albums/a")
    for word in ("Albums.retrieve", str(status), "gone", "No such thing", "req-7"):
        assert word in str(error)


ADVICE = {
    401: "check that the credentials belong to this server",
    403: "ask for a role that allows it",
    404: "check the names and ids",
    407: "a proxy asks for credentials",
    429: "wait, or send fewer requests",
    500: "try again later",
}


@pytest.mark.parametrize(("status", "says"), ADVICE.items())
def test_a_status_error_says_what_to_do_next(mode: Mode, status: int, says: str) -> None:
    with Wire(reply({}, status)) as wire:
        assert says in str(mode.fails(wire.url, retrieve))


ODD_ERRORS = {
    "HTML": (reply(HTML, 502, kind="text/html"), "an HTML page instead of JSON: <html>"),
    "empty": (reply(b"", 502), "no further word"),
    "not UTF-8": (reply(b"\xff\xfe broken", 502), "broken"),
    "truncated": (reply(b'{"message": "half', 502), '{"message": "half'),
    "a list": (reply(["no"], 502), '["no"]'),
    "null": (reply(None, 502), "null"),
    "a number": (reply(5, 502), "5"),
    "an inner error": (reply({"error": {"message": "inner", "code": 7}}, 502), "7 inner"),
    "an error text": (reply({"error": "text"}, 502), "text"),
    "a detail": (reply({"detail": [{"loc": ["a"]}]}, 502), '[{"loc": ["a"]}]'),
    "numbers for texts": (reply({"message": 5, "code": 7}, 502), "7 5"),
    "deep": (reply(b"[" * 100_000, 502), "[[["),
    "large": (reply(b"x" * 3_000_000, 502), "xxx"),
}


@pytest.mark.parametrize(("step", "says"), ODD_ERRORS.values(), ids=ODD_ERRORS)
def test_any_error_body_is_told_and_kept_short(mode: Mode, step: Any, says: str) -> None:
    with Wire(step) as wire:
        error = mode.fails(wire.url, retrieve)
    assert type(error) is InternalServerError
    assert says in str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize("header", ["3", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_rate_limit_says_how_long_to_wait(mode: Mode, header: str) -> None:
    with Wire(reply({"message": "slow down"}, 429, {"Retry-After": header})) as wire:
        error = mode.fails(wire.url, retrieve)
    assert error.retry_after == (3.0 if header == "3" else 0.0)


GOOD_REPLIES = {
    "plain": reply(GOOD),
    "as text/plain": reply(GOOD, kind="text/plain"),
    "with a byte order mark": reply(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()),
    "gzip": reply(gzip.compress(json.dumps(GOOD).encode()), headers=GZIP),
    "deflate": reply(zlib.compress(json.dumps(GOOD).encode()), headers={"Content-Encoding": "deflate"}),
    "201": reply(GOOD, 201),
    "unknown fields": reply({"album": {**GOOD["album"], "new": {"x": 1}}, "meta": 1}),
    "until the end": cut(HEAD + b"\r\n" + json.dumps(GOOD).encode()),
    "after interim replies": b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + reply(GOOD),
    "chunked": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(json.dumps(GOOD)), json.dumps(GOOD).encode()),
}


@pytest.mark.parametrize("step", GOOD_REPLIES.values(), ids=GOOD_REPLIES)
def test_a_good_reply_in_any_dress_is_the_value(mode: Mode, step: Any) -> None:
    with Wire(step) as wire:
        album = mode.run(wire.url, retrieve)
    assert isinstance(album, Album)
    assert (album.id, album.title, album.tracks[0].play_seconds) == ("a", "T", 3)


@pytest.mark.parametrize(
    "step", [b"HTTP/1.1 204 None\r\n\r\n", reply(b""), reply(HTML, kind="text/html"), reply({"a": 1})]
)
def test_none_ignores_the_body(mode: Mode, step: Any) -> None:
    with Wire(step) as wire:
        assert mode.run(wire.url, lambda shop: shop.albums.delete("a")) is None


def test_bytes_and_text_come_as_they_are(mode: Mode) -> None:
    with Wire(reply("é\x00".encode(), kind="application/octet-stream")) as wire:
        assert mode.run(wire.url, lambda shop: shop.albums.raw()) == b"\xc3\xa9\x00"
        assert mode.run(wire.url, lambda shop: shop.albums.text()) == "é\x00"


def test_text_that_is_not_utf_8_is_a_validation_error(mode: Mode) -> None:
    with Wire(reply(b"\xff")) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.text())
    assert type(error) is ResponseValidationError
    assert "not UTF-8" in str(error)


def test_head_has_no_body(mode: Mode) -> None:
    with Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n") as wire:
        mode.run(wire.url, lambda shop: shop.albums.exists("a"), lambda shop: shop.albums.exists("b"))
    assert [request.method for request in wire.seen] == ["HEAD", "HEAD"]
    assert wire.connections == 1


def test_faults_of_a_reply_come_all_at_once_by_path(mode: Mode) -> None:
    album = {"title": 1, "tracks": [{"title": "t"}, {"playSeconds": "x"}], "releasedAt": "then", "kind": "tape"}
    with Wire(reply({"album": album})) as wire:
        error = mode.fails(wire.url, retrieve)
    faults = error.errors["album"]
    assert set(faults) == {"id", "title", "tracks", "releasedAt", "kind"}
    assert set(faults["tracks"][1]) == {"title", "playSeconds"}
    assert "album.tracks.1.title: Missing data" in str(error)
    assert json.loads(error.body) == {"album": album}


@pytest.mark.parametrize("depth", [50, 150, 300, 600, 900, 5000])
def test_a_record_nested_in_itself_is_read_or_refused(mode: Mode, depth: int) -> None:
    for leaf in (b'{"leaf": 1}', b'{"leaf": "no"}'):
        with Wire(reply(b'{"inner":' * depth + leaf + b"}" * depth)) as wire:
            try:
                mode.run(wire.url, lambda shop: shop.albums.tree())
            except ResponseValidationError as error:
                assert len(str(error)) < 5000


def test_connections_are_used_again_whatever_the_reply_was(mode: Mode) -> None:
    with Wire(reply({}, 404), reply(HTML, kind="text/html"), reply(GOOD)) as wire:
        for kind in (NotFoundError, ResponseValidationError):
            assert issubclass(kind, Exception)

        def failing(shop: Any) -> Any:
            return _awaited_failure(shop) if mode.is_async else _failure(shop)

        mode.run(wire.url, failing, failing, retrieve)
    assert wire.connections == 1


def _failure(shop: Any) -> Any:
    with pytest.raises((NotFoundError, ResponseValidationError)):
        shop.albums.retrieve("a")


async def _awaited_failure(shop: Any) -> Any:
    with pytest.raises((NotFoundError, ResponseValidationError)):
        await shop.albums.retrieve("a")
