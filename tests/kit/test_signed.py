"""Signatures over what is sent: the bytes they are made of, anew for each attempt, and shown nowhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest

from gemel.kit.errors import CredentialsError, DeclarationError
from gemel.kit.flow.effects import Flow, Sleep
from gemel.kit.http.messages import Request
from gemel.kit.policies.credentials import ApiKey, Bearer
from gemel.kit.policies.signed import Signature, SignatureSource, Signed

from .shop import AsyncShopClient, Mode, ShopClient
from .test_schemes import ApiClient, AsyncApiClient
from .wire import Seen, Wire, reply

KEY = b"hmac-key"


def digested(*parts: str | bytes) -> str:
    joined = b"\n".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return hmac.new(KEY, joined, hashlib.sha256).hexdigest()


def signature(request: Request) -> Mapping[str, str]:
    body = request.body if isinstance(request.body, bytes) else b""
    kind = request.headers.get("content-type", "")
    return {"X-Signature": digested(request.method, request.path, request.query, kind, body)}


def expected(seen: Seen) -> str:
    path, _, query = seen.target.partition("?")
    return digested(seen.method, path, query, seen.headers.get("content-type", ""), seen.body)


def flowing(request: Request) -> Flow[Mapping[str, str]]:
    yield Sleep(0.0)
    return signature(request)


async def awaited(request: Request) -> Mapping[str, str]:
    await asyncio.sleep(0)
    return signature(request)


STEPS = [
    lambda shop: shop.albums.list(),
    lambda shop: shop.albums.list(trace="a b"),
    lambda shop: shop.albums.create("Tïtle"),
    lambda shop: shop.request("GET", "x", params={"b": "2 3", "a": "é"}),
    lambda shop: shop.request("PUT", "x/é y", body=b"\x00\xff"),
]


def sources(mode: Mode) -> list[SignatureSource]:
    wrapped = lambda request: Signature(headers=signature(request))  # noqa: E731
    return [signature, flowing, wrapped, *([awaited] if mode.is_async else [])]


def test_what_is_sent_is_what_is_signed(mode: Mode) -> None:
    answer = lambda seen: reply({"album": {"id": "a"}} if seen.method == "POST" else [])  # noqa: E731
    for sign in sources(mode):
        with Wire(answer=answer) as wire:
            mode.run(wire.url, *STEPS, credential=Signed(sign, headers=["X-Signature"]))
        assert len(wire.seen) == len(STEPS)
        assert [seen.headers["x-signature"] for seen in wire.seen] == [expected(seen) for seen in wire.seen]


def test_a_signature_may_stand_in_the_query(mode: Mode) -> None:
    credential = Signed(
        lambda request: Signature(query={"sig": digested(request.path) + "+/="}), headers=(), query=["sig"]
    )
    with Wire(reply({"leaf": 1})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.tree(), credential=credential)
        raw = mode.run(wire.url, lambda shop: shop.albums.tree.raw(), credential=credential)
    assert wire.targets == [f"/api/tree?sig={digested('/api/tree')}%2B%2F%3D"] * 2
    assert raw.url == f"{wire.url}/api/tree"


def test_each_attempt_is_signed_anew(mode: Mode) -> None:
    numbers = iter(range(9))
    credential = Signed(lambda request: {"Authorization": f"HMAC nonce-{next(numbers)}"})
    with Wire(reply({}, 503), reply({}, 503), reply({"leaf": 1})) as wire:
        mode.run(wire.url, lambda shop: shop.albums.tree(), credential=credential, retries=2, random=lambda: 0.0)
    assert [seen.headers["authorization"] for seen in wire.seen] == [f"HMAC nonce-{number}" for number in range(3)]


def test_a_signature_stands_beside_another_credential_and_signs_it(mode: Mode) -> None:
    credential = {
        "user": Signed(lambda request: {"X-Signature": digested(request.headers["x-app"])}, headers=["X-Signature"]),
        "app": ApiKey("app-key", header="X-App"),
    }
    client = AsyncApiClient if mode.is_async else ApiClient
    steps = [
        lambda client: client.things.both(),
        lambda client: client.things.app(),
        lambda client: client.things.free(),
    ]
    with Wire(reply(b"", 204)) as wire:
        mode.run(wire.url, *steps, client=client, credential=credential)
    sent = [(seen.headers.get("x-app"), seen.headers.get("x-signature")) for seen in wire.seen]
    assert sent == [("app-key", digested("app-key")), ("app-key", None), (None, None)]


def test_two_credentials_in_one_place_mean_nothing(mode: Mode) -> None:
    client = AsyncApiClient if mode.is_async else ApiClient
    for other in (Bearer("app"), ApiKey("app", header="authorization")):
        with pytest.raises(DeclarationError, match=r"both\(\): auth=\('user', 'app'\) names two credentials that have"):
            client("http://h", credential={"user": Signed(signature), "app": other})


def test_what_the_caller_says_is_left_to_him(mode: Mode) -> None:
    def both(request: Request) -> dict[str, str]:
        asked.append(request.url)
        return {"X-Date": "signed", "X-Signature": digested(request.headers.get("x-date", ""))}

    asked = list[str]()
    credential = Signed(both, headers=["X-Date", "X-Signature"])
    one = lambda shop: shop.albums.tree.options(headers={"x-date": "mine"})()  # noqa: E731
    all_ = lambda shop: shop.albums.tree.options(headers={"x-date": "mine", "X-SIGNATURE": "my-own"})()  # noqa: E731
    with Wire(reply({"leaf": 1})) as wire:
        mode.run(wire.url, one, all_, credential=credential)
    sent = [(seen.headers["x-date"], seen.headers["x-signature"]) for seen in wire.seen]
    assert sent == [("mine", digested("mine")), ("mine", "my-own")]
    assert len(asked) == 1


def test_a_redirect_elsewhere_is_not_signed(mode: Mode) -> None:
    with Wire(reply({"leaf": 1})) as other, Wire(reply({}, 302, {"Location": f"{other.url}/x"})) as wire:
        mode.run(
            wire.url,
            lambda shop: shop.albums.tree(),
            follow_redirects=True,
            credential=Signed(signature, headers=["X-Signature"]),
        )
    assert "x-signature" in wire.last.headers and "x-signature" not in other.last.headers


WRONG: list[tuple[Any, str]] = [
    ({"X-Other": "a"}, "it sets 'x-other', which its headers= does not name"),
    (Signature(query={"sig": "a"}), "it sets 'sig', which its query= does not name"),
    ({"Authorization": "an-own\r\nX: 1"}, "control characters"),
    ({"Authorization": None}, "has no text form"),
    ({"Authorization": "é"}, "ASCII"),
    ("an-own", "expected a mapping"),
    (None, "expected a mapping"),
    ({5: "an-own"}, "a name is text"),
]


@pytest.mark.parametrize(("made", "said"), WRONG)
def test_a_signature_that_cannot_be_sent_is_told(mode: Mode, made: Any, said: str) -> None:
    with Wire(reply({})) as wire:
        error = mode.fails(wire.url, lambda shop: shop.albums.tree(), credential=Signed(lambda request: made))
    assert type(error) is CredentialsError and said in str(error) and "an-own" not in str(error)
    assert not wire.seen


UNFIT: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"sign": "text"}, TypeError, "takes a function of a request, got str"),
    ({"sign": dict}, TypeError, "takes a function of a request, got type"),
    ({"sign": signature, "headers": ()}, DeclarationError, "it sets nothing"),
    ({"sign": signature, "headers": "X-A"}, DeclarationError, "headers is a list of names"),
    ({"sign": signature, "headers": [5]}, DeclarationError, "headers is a list of names"),
    ({"sign": signature, "headers": ["X A"]}, DeclarationError, "is not a header name"),
    ({"sign": signature, "headers": ["Host"]}, DeclarationError, "cannot be set"),
    ({"sign": signature, "headers": ["X-A", "x-a"]}, DeclarationError, "names a place twice"),
    ({"sign": signature, "query": [""]}, DeclarationError, "the name of a parameter is empty"),
]


@pytest.mark.parametrize(("given", "kind", "said"), UNFIT)
def test_a_signature_that_cannot_work_is_refused_when_it_is_made(
    given: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=f"Signed.*{said}"):
        Signed(**given)


def test_a_function_that_has_to_be_awaited_is_for_the_async_client() -> None:
    with pytest.raises(TypeError, match="has to be awaited, and this client blocks"):
        ShopClient("http://h", credential=Signed(awaited))


def test_no_signature_is_shown(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    told, made = list[Any](), "an-odd-signature"
    credential = Signed(lambda request: Signature({"X-Odd": made}, {"odd": made}), headers=["X-Odd"], query=["odd"])
    with Wire(answer=lambda seen: reply(seen.raw, 400, {"X-Echo": made}, "text/plain")) as wire:
        error = mode.fails(
            wire.url,
            lambda shop: shop.albums.tree(),
            credential=credential,
            on_request=told.append,
            on_response=told.append,
        )
    assert wire.last.raw.count(made.encode()) == 2
    shown = [str(error), repr(vars(error)), str(error.headers), repr(error.body), error.url, caplog.text, repr(told)]
    assert not [text for text in [*shown, repr(credential), repr(Signature({"X-Odd": made}))] if made in text]


def test_curl_shows_the_places_of_a_signature(mode: Mode) -> None:
    credential = Signed(lambda request: {}, headers=["X-Date", "X-Signature"], query=["sig"])
    client = (AsyncShopClient if mode.is_async else ShopClient)("http://h", credential=credential)
    line = client.albums.tree.curl()
    assert "'http://h/api/tree?sig=***' -H 'X-Date: ***' -H 'X-Signature: ***'" in line
    if not mode.is_async:
        client.close()
