"""What is a credential by its name, or because client, call or declaration say so, is masked wherever it appears."""

from __future__ import annotations

import logging
import pickle
from typing import Annotated, Any

import aiohttp
import pytest
import requests
from rich.pretty import pretty_repr

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Header, get
from gemel.kit.errors import APIStatusError
from gemel.kit.http.messages import CallContext, Headers, Request
from gemel.kit.http.sensitive import is_sensitive, is_sensitive_header, is_sensitive_parameter, without_password
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from ..shop import Mode
from ..wire import Wire, reply
from .vault import echo

KEY = "k3y-/of+the=user"

CREDENTIALS = [
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "X-API-Key",
    "x_api_key",
    "apiKey",
    "api-key",
    "X-Auth-Token",
    "X-Secret",
    "Ocp-Apim-Subscription-Key",
    "X-Auth-Key",
    "X-Functions-Key",
    "DD-APPLICATION-KEY",
    "DD-API-KEY",
    "Private-Key",
    "PRIVATE_KEY",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Goog-Signature",
    "X-Vault-Token",
    "X-CSRF-Token",
    "X-Acme-Key",
    "x-acme-key",
    "X_ACME_KEY",
    "X-Auth",
    "X-Password",
    "X-Passphrase",
    "X-JWT-Assertion",
    "AWSAccessKeyId",
    "X-Hub-Signature-256",
    "X-Pass",
    "SMTP_PASS",
    "X-Bearer",
    "Database-Connection-String",
    "code_verifier",
]
HARMLESS = [
    "Idempotency-Key",
    "idempotency_key",
    "X-Request-Id",
    "Content-Type",
    "Keep-Alive",
    "Sec-WebSocket-Key",
    "X-Cache-Key",
    "Surrogate-Key",
    "Accept",
    "User-Agent",
    "Content-Length",
    "ETag",
    "Retry-After",
    "X-Correlation-Id",
    "X-RateLimit-Remaining",
    "Link",
    "Location",
    "Date",
    "Key",
    "X-Partition-Key",
    "Author",
    "X-Author",
    "Authority",
    "Monkey-Business",
    "X-Passport",
    "Pass-Count",
    "X-Forbearer",
]


@pytest.mark.parametrize("name", CREDENTIALS)
def test_headers_of_credentials_are_masked(name: str) -> None:
    assert is_sensitive_header(name)
    headers = Headers([(name, KEY)])
    assert KEY not in repr(headers) and headers.masked()[name] == "***"


@pytest.mark.parametrize("name", HARMLESS)
def test_other_headers_are_shown(name: str) -> None:
    assert not is_sensitive_header(name)
    assert KEY in repr(Headers([(name, KEY)]))


def test_names_of_members_and_parameters() -> None:
    assert all(map(is_sensitive, ["api_key", "clientSecret", "access_token", "private_key", "sig", "sessionKey"]))
    assert not any(map(is_sensitive, ["key", "sort_key", "issueKey", "primary_key", "monkey", "author", "design"]))
    assert is_sensitive_parameter("key") and is_sensitive_parameter("api_key") and not is_sensitive_parameter("keys")


class Things(Resource[M]):
    """An API whose keys go in headers."""

    @get("things")
    def list(self, *, key: Annotated[str, Header("X-Acme-Key")] = "k-default") -> dict[str, Any]:
        """List them."""
        ...


class Api(Client):
    """The blocking client."""

    things: Things[Any]


class AsyncApi(AsyncClient):
    """The awaited client."""

    things: Things[Any]


API = {"sync": Api, "async": AsyncApi}
WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "header of the client": (lambda api: api.things.list(), {"headers": {"X-Functions-Key": KEY}}),
    "scheme of the client": (lambda api: api.things.list(), {"headers": {"X-Authorization": f"Token {KEY}"}}),
    "cookie of the client": (lambda api: api.things.list(), {"headers": {"Cookie": f"a=1; sid={KEY}"}}),
    "declared header": (lambda api: api.things.list(key=KEY), {}),
    "header of the call": (lambda api: api.things.list.options(headers={"Private-Key": KEY})(), {}),
    "query of the call": (lambda api: api.things.list.options(query={"api_key": KEY})(), {}),
    "query of the copy": (lambda api: api.with_options(query={"key": KEY}).things.list(), {}),
    "header of the copy": (lambda api: api.with_options(headers={"X-Vault-Token": KEY}).things.list(), {}),
    "body of the copy": (lambda api: api.with_options(body={"a": {"password": KEY}}).things.list(), {}),
    "undeclared parameter": (lambda api: api.request("GET", "things", params={"api_key": KEY}), {}),
    "undeclared address": (lambda api: api.request("GET", "things?access_token=k3y-%2Fof%2Bthe%3Duser"), {}),
    "undeclared header": (lambda api: api.request("GET", "things", headers={"X-Acme-Key": KEY}), {}),
    "undeclared body": (lambda api: api.request("POST", "things", body=[{"client_secret": KEY}]), {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_masked_wherever_it_appears(mode: Mode, way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    do, settings = WAYS[way]
    seen = list[Any]()
    observers = {"on_request": seen.append, "on_response": seen.append}
    with Wire(answer=echo) as wire:
        error = mode.fails(wire.url, do, client=API[mode.name], **settings, **observers)
    assert isinstance(error, APIStatusError)
    texts = {"log": caplog.text, "observers": repr(seen)}
    for name, one in {"error": error, "pickle": pickle.loads(pickle.dumps(error))}.items():
        texts |= {
            f"{name} {part}": str(getattr(one, part)) for part in ("url", "message", "body", "details", "headers")
        }
        texts |= {
            name: f"{one} {one!r}",
            f"{name} request": repr(one.request),
            f"{name} rich": pretty_repr(one.request),
        }
        texts |= {f"{name} fields": repr(one.request.headers.pairs())}
    forms = (KEY, "k3y-%2Fof%2Bthe%3Duser", "k3y-\\/of")
    assert not [(name, text) for name, text in texts.items() if any(form in text for form in forms)]


def test_a_key_is_masked_in_what_is_only_built() -> None:
    with Api("http://h", headers={"X-Functions-Key": KEY}) as api:
        call = api.things.list.options(query={"api_key": KEY}, headers={"X-Acme-Key": KEY, "X-Plain": f"<{KEY}>"})
        texts = [call.curl(), call.url(), repr(call.request()), pretty_repr(call.request()), repr(call._options)]
        texts += [repr(api._caller), repr(call.request().context), pretty_repr(call.request().context)]
    assert not [text for text in texts if KEY in text or "k3y-%2F" in text]


def test_the_headers_of_a_session_that_is_passed_in_are_masked(mode: Mode) -> None:
    def blocking(url: str, **settings: Any) -> Any:
        session = requests.Session()
        session.headers["X-Acme-Key"] = KEY
        return Api(url, session=session, **settings)

    def awaited(url: str, **settings: Any) -> Any:
        return AsyncApi(url, session=aiohttp.ClientSession(headers={"X-Acme-Key": KEY}), **settings)

    async def asked(api: Any) -> Any:
        try:
            return await api.things.list.options(headers={"X-Note": "n"})()
        finally:
            await api._transport._given.close()

    with Wire(answer=echo) as wire:
        do = asked if mode.is_async else (lambda api: api.things.list())
        error = mode.fails(wire.url, do, client=awaited if mode.is_async else blocking)
    assert wire.last.headers["x-acme-key"] in (KEY, "k-default")
    assert KEY not in f"{error} {error.body}"


@pytest.mark.parametrize("target", ["/b?X-Amz-Signature=hunter2-sig&a=plain", "/b?access_token=hunter2-sig"])
def test_what_a_redirect_signs_its_address_with_is_masked(mode: Mode, target: str) -> None:
    with Wire(reply({}, 302, {"Location": target}), reply({"message": f"no {target}"}, 404)) as wire:
        error = mode.fails(wire.url, lambda api: api.things.list(), client=API[mode.name], follow_redirects=True)
    assert wire.last.target == target
    assert "hunter2-sig" not in f"{error} {error.url} {error.body}"
    with Wire(reply({}, 302, {"Location": target})) as wire:
        error = mode.fails(wire.url, lambda api: api.things.list(), client=API[mode.name])
    assert "hunter2-sig" not in f"{error} {error.headers!r} {error.headers['location']}"


SIGNED = [
    "/b?sig=PLANT&a=1",
    "/b?a=1;token=PLANT",
    "/cb#access_token=PLANT&token_type=bearer",
    "/cb#/route?access_token=PLANT",
    "0; url=/b?token=PLANT",
    "/b?api%5Fkey=PLANT",
    "/login?next=%2Fb%3Ftoken%3DPLANT%26a%3D1",
    "/login?next=/b?token=PLANT",
    "http://user:PLANT@h/b",
    "//user:PLANT@h/b",
    "https://PLANT@h/b?a=1",
    '<http://u:PLANT@h/?a=1&token=PLANT>; rel="next", </c?sig=PLANT>; rel="prev"',
    "/b;jsessionid=PLANT",
]


@pytest.mark.parametrize("value", SIGNED)
def test_a_header_of_a_reply_shows_no_credential_of_an_address(mode: Mode, value: str) -> None:
    value = value.replace("PLANT", "hunter2")
    for name in ("Location", "Link", "Refresh", "Content-Location", "X-Original-URL", "X-Any"):
        masked = Headers([(name, value)]).masked()[name]
        assert "hunter2" not in masked and "***" in masked
    with Wire(reply({"message": "no"}, 302, {"Location": value})) as wire:
        error = mode.fails(wire.url, lambda api: api.things.list(), client=API[mode.name])
    assert "hunter2" not in f"{error} {error.headers!r} {error.headers.pairs()}"


@pytest.mark.parametrize(
    "value",
    [
        "/b?a=1&b=2#c",
        'W/"a=b"',
        "text/html; charset=utf-8",
        "mail a@b",
        "max-age=60, must-revalidate",
        "a=b=c",
        "?=&=",
        "%3D",
    ],
)
def test_a_header_of_a_reply_without_credentials_is_shown_as_it_came(value: str) -> None:
    assert Headers([("X-Any", value)]).masked()["x-any"] == value


def test_a_context_and_a_request_show_no_secret() -> None:
    context = CallContext(label="Things.list", secrets=(KEY,))
    request = Request("POST", f"http://h/{KEY}", Headers({"X-Plain": KEY}), KEY.encode(), context)
    for value in (context, request, request.masked(), [context], {"a": request}):
        assert KEY not in repr(value) and KEY not in pretty_repr(value)
    assert "secrets=***" in repr(context) and "label='Things.list'" in repr(context)
    assert "body=***" in pretty_repr(request)


def test_the_user_of_an_address_is_masked() -> None:
    assert without_password("no http://u:p@h:1/a, http://t@h") == "no http://***@h:1/a, http://***@h"
    assert without_password("mail a@b at http://h/@scope") == "mail a@b at http://h/@scope"
