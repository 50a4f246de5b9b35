"""No secret value in any text: reprs, errors, tracebacks, pickles, whatever the server echoes."""

from __future__ import annotations

import html
import json
import pickle
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from msgspec.structs import replace

from gemel.kit import errors
from gemel.kit.errors import APIStatusError, GemelError, InvalidArgument, ResponseValidationError
from gemel.kit.http.messages import CallContext, Headers, Request, Response
from gemel.kit.http.problem import read_fault
from gemel.kit.http.redaction import redact
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Token

from .shop import Album, Mode, NewAlbum
from .wire import Wire, cut, reply

PLAIN = "hunter2-swordfish"
SECRETS = [PLAIN, 'pa"ss\\word/<&>', "pässwörd", "two  spaces\nand lines", "a+b c%20d", "x" * 400]
TOKEN = "tok-en-0123456789"


def leaks(error: BaseException, secret: str) -> list[str]:
    """The texts made from an error that show the secret, in whatever form."""
    texts = {
        "str": str(error),
        "repr": repr(error),
        "args": repr(error.args),
        "vars": repr(vars(error)),
        "request": repr(getattr(error, "request", "")) + repr(vars_of(getattr(error, "request", None))),
        "traceback": "".join(traceback.format_exception(error)),
    }
    address = secret.encode("utf-8", "replace")
    forms = {secret, repr(secret)[1:-1], quote(address, safe=""), quote_plus(address), html.escape(secret)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], " ".join(secret.split())}
    forms |= {secret[:60]}
    return [name for name, text in texts.items() if any(form in text for form in forms)]


def vars_of(request: Request | None) -> Any:
    if request is None:
        return None
    return {name: getattr(request, name) for name in request.__struct_fields__ if name != "headers"}


def by_query(secret: str) -> Any:
    return lambda shop: shop.albums.list(key=secret)


def by_path(secret: str) -> Any:
    return lambda shop: shop.albums.by_key(secret)


def by_field(secret: str) -> Any:
    return lambda shop: shop.albums.create("T", download_key=secret)


def by_model(secret: str) -> Any:
    return lambda shop: shop.albums.replace("a", NewAlbum(title="T", download_key=secret))


def by_models(secret: str) -> Any:
    return lambda shop: shop.albums.replace_all([NewAlbum(title="T", download_key=secret)])


def echoes(secret: str) -> dict[str, bytes]:
    """What a server may answer that holds the secret."""
    return {
        "message": reply({"message": f"bad value {secret}!", "code": secret}, 422),
        "details": reply({"message": "bad", "details": [{"received": secret, secret: 1}]}, 422),
        "body": reply({"odd": {"deep": [secret]}}, 400),
        "ASCII JSON": reply(json.dumps([f"x{secret}"]).encode(), 400),
        "JSON": reply(json.dumps([f"x{secret}"], ensure_ascii=False).encode(), 400),
        "HTML": reply(f"<p>{html.escape(secret)}</p>".encode(), 500, kind="text/html"),
        "text": reply(("y" * 280 + secret).encode(), 500, kind="text/plain"),
        "header": reply({}, 400, {"X-Echo": quote(secret, safe=""), "X-Request-Id": quote(secret, safe="")}),
        "redirect": reply({}, 302, {"Location": f"/a/{quote(secret, safe='')}/b"}),
        "no JSON": reply(b"<html>" + secret.encode()),
        "wrong reply": reply({"album": {"id": 5, "title": [secret], "kind": secret}}),
        "PHP": reply(json.dumps([f"x{secret}"]).replace("/", "\\/").encode(), 400),
        "lost": cut(),
    }


@pytest.mark.parametrize("send", [by_query, by_path, by_field, by_model, by_models])
@pytest.mark.parametrize("echo", echoes(PLAIN))
def test_no_error_shows_a_secret_argument(mode: Mode, send: Any, echo: str) -> None:
    for secret in SECRETS:
        with Wire(echoes(secret)[echo]) as wire:
            try:
                mode.run(wire.url, send(secret), follow_redirects=False)
            except GemelError as error:
                assert not leaks(error, secret), (secret, leaks(error, secret))
                assert not leaks(pickle.loads(pickle.dumps(error)), secret)


def test_a_refused_secret_is_not_shown(mode: Mode) -> None:
    for secret in (5_000_001, ["hunter2"], b"hunter2", "hunter2\ud800"):
        error = mode.fails("http://127.0.0.1:1", by_path(secret))  # type: ignore[arg-type]
        assert isinstance(error, InvalidArgument)
        assert not leaks(error, str(secret))
        assert "hunter2" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("status", [400, 401, 403, 500, 302])
def test_no_error_shows_the_token_that_the_server_echoes(mode: Mode, status: int) -> None:
    body = {"message": f"the token {TOKEN} is wrong", "details": {"authorization": f"Bearer {TOKEN}"}}
    with Wire(reply(body, status, {"Authorization": f"Bearer {TOKEN}", "Set-Cookie": f"t={TOKEN}"})) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.tree(), credential=Bearer(TOKEN))
    assert wire.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert type(error).__mro__[1] is APIStatusError or type(error) is APIStatusError
    assert not leaks(error, TOKEN)


def test_a_lost_connection_shows_no_token(mode: Mode) -> None:
    with Wire(cut()) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.tree(), credential=Bearer(TOKEN))
    assert not leaks(error, TOKEN)


def test_the_password_of_a_proxy_is_not_shown(mode: Mode) -> None:
    for proxy in ("http://user:hunter2@127.0.0.1:1", "http://user:hunter2@nowhere.invalid:1"):
        error = mode.fails("http://127.0.0.1:1", lambda shop: shop.albums.tree(), proxy=proxy, timeout=3)
        assert not leaks(error, "hunter2")


def test_clients_and_credentials_show_no_secret(mode: Mode) -> None:
    credential = Bearer(TOKEN)
    client = mode.client("http://h", credential=credential, headers={"X-Api-Key": TOKEN})
    shown = [client, client.albums, client.albums.tree, client._caller, client._caller.headers, credential]
    shown += [Token(TOKEN), Bearer(lambda: TOKEN), vars(client), vars(credential)]
    for value in shown:
        assert TOKEN not in repr(value)
        assert TOKEN not in str(value)


@pytest.mark.parametrize(
    "name", ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-API-Key", "X-Auth-Token", "X-Secret"]
)
def test_headers_and_requests_mask_credentials(name: str) -> None:
    headers = Headers([(name, PLAIN), ("Accept", "text/plain")])
    request = Request("GET", f"http://h/{PLAIN}", headers, body=PLAIN.encode(), context=CallContext(secrets=(PLAIN,)))
    for value in (headers, request, request.masked(), Response(200, headers, PLAIN.encode(), "http://h/")):
        assert PLAIN not in repr(value)
        assert PLAIN not in str(value)
    assert "text/plain" in repr(headers)
    assert request.masked().body is None


def test_a_model_masks_its_secret_fields() -> None:
    album = Album(id="a", download_key=PLAIN)
    for value in (album, [album], {"x": album}, NewAlbum(title="T", download_key=PLAIN)):
        assert PLAIN not in repr(value)
        assert PLAIN not in f"{value}"
    assert "download_key=***" in repr(album)
    assert album.download_key == PLAIN


def test_a_reply_that_is_not_valid_shows_no_secret_field(mode: Mode) -> None:
    with Wire(reply({"album": {"id": 5, "downloadKey": PLAIN}})) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.retrieve("a"))
    assert type(error) is ResponseValidationError
    assert not leaks(error, PLAIN)
    assert PLAIN.encode() in error.body


def test_short_values_are_left_alone_and_longer_ones_go_first() -> None:
    assert redact("abc abcd abcdef", ["abc", "abcd", "abcdef"]) == "abc *** ***"


REQUEST = Request(
    "GET", "http://h/a", Headers({"Authorization": "x"}), context=CallContext(secrets=("hunter2",), label="Albums.list")
)
RESPONSE = Response(429, Headers({"Set-Cookie": "hunter2"}), b'{"message": "no hunter2"}', "http://h/a")
STATUSES = {
    errors.BadRequestError: 400,
    errors.AuthenticationError: 401,
    errors.PermissionDeniedError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.UnprocessableEntityError: 422,
    errors.RateLimitError: 429,
    errors.InternalServerError: 500,
}


def made(kind: type) -> GemelError:
    """An error of this class, as the kit makes it."""
    if kind is InvalidArgument:
        return InvalidArgument("Albums.list", "limit", "expected int")
    if issubclass(kind, APIStatusError):
        status = STATUSES.get(kind, 418)
        error = errors.status_error(replace(RESPONSE, status=status), REQUEST, read_fault)
    elif kind is ResponseValidationError:
        error = kind("hunter2", request=REQUEST, body=b"hunter2", errors={"a": ["b"]})
    elif kind is errors.AlternativeReplyError:
        error = kind({"slug": "x"}, request=REQUEST)
    elif kind is errors.StreamFailedError:
        error = errors.stream_error("error", RESPONSE, REQUEST, read_fault)
    elif kind is errors.ResponseTooLargeError:
        error = kind("larger than hunter2", request=REQUEST, limit=1, status=200)
    elif issubclass(kind, errors.APIError):
        error = kind("lost hunter2", request=REQUEST)
    else:
        error = kind("wrong")
    return error


KINDS = [kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, GemelError)])
def test_every_error_survives_pickling(kind: type) -> None:
    error = made(kind)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (str(back), back.args) == (str(error), error.args)
    assert vars(back) == vars(error)
    assert not leaks(back, "hunter2")
    assert isinstance(error, GemelError)
