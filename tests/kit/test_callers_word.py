"""What a declaration or a call says holds: what is accepted, what a body is, what curl shows, what cannot be said."""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, Download, Header, Stream, Upload, delete, get, head, post
from gemel.kit.errors import APIStatusError, DeclarationError, InvalidArgument
from gemel.kit.policies.credentials import Bearer
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, Async, M, Omit, Sync

from .shop import Mode
from .wire import Wire, reply


class Words(Resource[M]):
    """One endpoint for each kind of reply."""

    @delete("x")
    def nothing(self) -> None:
        """Nothing."""
        ...

    @head("x")
    def there(self) -> None:
        """Whether it is there."""
        ...

    @get("x")
    def text(self) -> str:
        """Text."""
        ...

    @get("x")
    def data(self) -> bytes:
        """Bytes."""
        ...

    @get("x", unwrap="a")
    def wrapped(self) -> str:
        """Text in an envelope."""
        ...

    @get("x")
    def json(self) -> dict[str, Any]:
        """JSON."""
        ...

    @get("x")
    def maybe(self) -> dict[str, Any] | None:
        """JSON or nothing."""
        ...

    @post("x")
    def sent(self, *, a: int) -> None:
        """Nothing, for a body."""
        ...

    @post("x")
    def bytes_sent(self, content: Annotated[bytes, Body]) -> None:
        """Nothing, for bytes."""
        ...

    @get("x")
    def file(self, *, accept: Annotated[str | Omit, Header("Accept")] = OMIT) -> Download:
        """A file."""
        ...

    @get("x")
    def events(self, *, accept: Annotated[str | Omit, Header("accept")] = OMIT) -> Stream[dict[str, Any]]:
        """Events."""
        ...

    @get("x", auth=None)
    def open(self) -> None:
        """Without a token."""
        ...


class Shop(BaseClient[M]):
    """The resource in either mode."""

    words: Words[M]


class ShopClient(Shop[Sync], Client):
    """The blocking client."""


class AsyncShopClient(Shop[Async], AsyncClient):
    """The awaited client."""


def run(mode: Mode, url: str, step: Any, **settings: Any) -> Any:
    return mode.run(url, step, client=AsyncShopClient if mode.is_async else ShopClient, **settings)


def of(wire: Wire, name: str) -> list[str]:
    """All values of one field of the last request."""
    return [value for key, value in wire.last.fields if key.lower() == name]


REPLY = reply({"a": "b"})
ACCEPTED = [
    ("nothing", "*/*"),
    ("there", "*/*"),
    ("text", "*/*"),
    ("data", "*/*"),
    ("wrapped", "application/json"),
    ("json", "application/json"),
    ("maybe", "application/json"),
]


@pytest.mark.parametrize(("name", "accepted"), ACCEPTED)
def test_what_is_accepted_follows_from_the_return_type(mode: Mode, name: str, accepted: str) -> None:
    step = reply(b"") if name == "there" else REPLY
    if name == "there":
        step = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with Wire(step) as wire:
        run(mode, wire.url, lambda shop: getattr(shop.words, name)())
    assert of(wire, "accept") == [accepted]


def test_a_body_does_not_change_what_is_accepted(mode: Mode) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.words.sent(a=1))
    assert (of(wire, "accept"), of(wire, "content-type")) == (["*/*"], ["application/json"])


@pytest.mark.parametrize("name", ["nothing", "json"])
def test_what_the_client_accepts_goes_before_the_return_type(mode: Mode, name: str) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: getattr(shop.words, name)(), headers={"ACCEPT": "application/json"})
    assert of(wire, "accept") == ["application/json"]


OPENED = {"file": REPLY, "events": reply(b"", kind="text/event-stream")}
ASKED = {"file": "*/*", "events": "text/event-stream"}


def opened(mode: Mode, call: Any) -> Any:
    """A step that opens what a call gives, and closes it."""

    def blocking(shop: Any) -> None:
        with call(shop):
            pass

    async def awaited(shop: Any) -> None:
        async with call(shop):
            pass

    return awaited if mode.is_async else blocking


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("value", ["application/pdf", "application/json"])
def test_what_an_argument_accepts_goes_before_the_kind_of_call(mode: Mode, name: str, value: str) -> None:
    with Wire(OPENED[name]) as wire:
        run(mode, wire.url, opened(mode, lambda shop: getattr(shop.words, name)(accept=value)))
        assert of(wire, "accept") == [value]
        run(mode, wire.url, opened(mode, lambda shop: getattr(shop.words, name).options(headers={"accept": value})()))
        assert of(wire, "accept") == [value]
        run(mode, wire.url, opened(mode, lambda shop: getattr(shop.words, name)()))
        assert of(wire, "accept") == [ASKED[name]]


@pytest.mark.parametrize("name", OPENED)
def test_what_the_client_accepts_goes_before_the_kind_of_call(mode: Mode, name: str) -> None:
    with Wire(OPENED[name]) as wire:
        step = opened(mode, lambda shop: getattr(shop.words, name)())
        run(mode, wire.url, step, headers={"ACCEPT": "text/csv", "cache-control": "max-age=1"})
    assert of(wire, "accept") == ["text/csv"] and of(wire, "cache-control") == ["max-age=1"]


VENDOR = "application/vnd.api+json"
WITH_BODY = {
    "declared": lambda shop: shop.words.sent(a=1),
    "undeclared": lambda shop: shop.request("POST", "/x", body={"a": 1}),
    "undeclared bytes": lambda shop: shop.request("POST", "/x", body=b"{}"),
    "member": lambda shop: shop.words.nothing.options(body={"a": 1})(),
}


@pytest.mark.parametrize("call", WITH_BODY.values(), ids=WITH_BODY)
def test_what_the_client_sends_is_of_the_type_that_it_says(mode: Mode, call: Any) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, call, headers={"CONTENT-TYPE": VENDOR})
        assert of(wire, "content-type") == [VENDOR]
        run(mode, wire.url, call)
        assert of(wire, "content-type") in (["application/json"], ["application/octet-stream"])


def test_a_body_whose_type_is_declared_is_of_that_type(mode: Mode) -> None:
    with Wire(REPLY) as wire:
        upload = Upload(io.BytesIO(b"a,b"), content_type="text/csv")
        run(mode, wire.url, lambda shop: shop.request("PUT", "/x", body=upload), headers={"Content-Type": VENDOR})
    assert of(wire, "content-type") == ["text/csv"]


OWN = ["authorization", "ACCEPT", "User-agent", "accept-encoding", "Cookie", "idempotency-key", "Content-TYPE"]
LAYERS = {
    "client": lambda shop, headers: shop.words.sent,
    "options": lambda shop, headers: shop.with_options(headers=headers).words.sent,
    "call": lambda shop, headers: shop.words.sent.options(headers=headers),
}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("layer", LAYERS)
def test_the_callers_header_is_sent_once_and_as_it_is(mode: Mode, layer: str, name: str) -> None:
    settings: dict[str, Any] = {"headers": {name: "mine/1"}} if layer == "client" else {}
    with Wire(REPLY) as wire:
        step = lambda shop: LAYERS[layer](shop, {name: "mine/1"})(a=1)  # noqa: E731
        run(mode, wire.url, step, credential=Bearer("token-of-mine"), **settings)
    assert of(wire, name.lower()) == ["mine/1"]


def test_not_modified_is_told_as_what_it_is(mode: Mode) -> None:
    with Wire(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n") as wire:
        with pytest.raises(APIStatusError) as raised:
            run(mode, wire.url, lambda shop: shop.words.json.options(headers={"If-None-Match": "x"})())
    assert raised.value.status == 304
    assert "it has not changed" in str(raised.value) and "redirect" not in str(raised.value)


@pytest.mark.parametrize(("status", "redirects"), [(301, True), (302, True), (307, True), (300, False), (305, False)])
def test_a_redirect_without_a_location_leads_nowhere_by_name(mode: Mode, status: int, redirects: bool) -> None:
    with Wire(reply(b"", status)) as wire, pytest.raises(APIStatusError) as raised:
        run(mode, wire.url, lambda shop: shop.words.json())
    assert ("the server redirects, and does not say where" in str(raised.value)) is redirects
    assert "nowhere" not in str(raised.value)


SHOWN = [
    ({"credential": Bearer("token-of-mine")}, lambda shop: shop.words.json.curl(), ["Authorization: Bearer ***"]),
    ({}, lambda shop: shop.words.json.curl(), []),
    ({"credential": Bearer("token-of-mine")}, lambda shop: shop.words.open.curl(), []),
    (
        {"credential": Bearer("token-of-mine"), "headers": {"Authorization": "Basic mine"}},
        lambda shop: shop.words.json.curl(),
        ["Authorization: ***"],
    ),
    (
        {"credential": Bearer("token-of-mine")},
        lambda shop: shop.words.json.options(headers={"authorization": "Basic mine"}).curl(),
        ["authorization: ***"],
    ),
    ({"headers": {"Authorization": "Basic mine"}}, lambda shop: shop.words.open.curl(), ["Authorization: ***"]),
]


@pytest.mark.parametrize(("settings", "call", "shown"), SHOWN)
def test_curl_shows_the_authorization_that_is_sent_and_no_other(settings: Any, call: Any, shown: list[str]) -> None:
    with ShopClient("http://h", **settings) as shop:
        line = call(shop)
    assert [part for part in line.split("'") if part.lower().startswith("authorization")] == shown
    assert "mine" not in line


BODIES = [
    (b"abc", b"abc", "application/octet-stream"),
    (b"", b"", "application/octet-stream"),
    (bytearray(b"\x00\xff"), b"\x00\xff", "application/octet-stream"),
    (memoryview(b"\x00\xff"), b"\x00\xff", "application/octet-stream"),
    ("abc", b'"abc"', "application/json"),
    ({"a": 1}, b'{"a":1}', "application/json"),
]


@pytest.mark.parametrize(("body", "sent", "kind"), BODIES)
def test_the_body_of_a_path_that_nothing_declares(mode: Mode, body: Any, sent: bytes, kind: str) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.request("PUT", "x", body=body))
    assert (wire.last.body, of(wire, "content-type")) == (sent, [kind])
    assert of(wire, "content-length") == [str(len(sent))]


@pytest.mark.parametrize("setting", ["headers", "query", "body"])
@pytest.mark.parametrize("given", [[("a", "b")], "a=b", {1: "b"}, {b"a": "b"}, {None: "b"}, ("a", "b")], ids=repr)
def test_what_is_no_mapping_of_names_is_refused_in_words(mode: Mode, setting: str, given: Any) -> None:
    """Wherever it is said: for the client, for a copy of it, for one call, for an address that nothing declares."""
    said = "expected a mapping of names to values, got|a name is text, got"
    with pytest.raises(InvalidArgument, match=f"{setting}.*({said})"):
        run(mode, "http://127.0.0.1:9", lambda shop: shop.words.nothing.options(**{setting: given})())
    with pytest.raises(InvalidArgument, match=f"{setting}.*({said})"):
        run(mode, "http://127.0.0.1:9", lambda shop: shop.with_options(**{setting: given}).words.nothing())
    if setting == "headers":
        with pytest.raises(ValueError, match=f"headers: ({said})"):
            run(mode, "http://127.0.0.1:9", lambda shop: shop.words.nothing(), headers=given)
    if setting != "body":
        named = {"params" if setting == "query" else setting: given}
        with pytest.raises(InvalidArgument, match=f"{next(iter(named))}: ({said})"):
            run(mode, "http://127.0.0.1:9", lambda shop: shop.request("GET", "/x", **named))


@pytest.mark.parametrize("given", [None, 5, b"/x", b"GET"])
def test_an_address_and_a_verb_are_texts(mode: Mode, given: Any) -> None:
    with pytest.raises(InvalidArgument, match="url: expected a path or an address as text, got"):
        run(mode, "http://127.0.0.1:9", lambda shop: shop.request("GET", given))
    with pytest.raises(InvalidArgument, match="method: expected a verb such as GET, got"):
        run(mode, "http://127.0.0.1:9", lambda shop: shop.request(given, "/x"))


def test_bytes_may_be_named(mode: Mode) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.request("PUT", "x", body=b"a,b", headers={"Content-Type": "text/csv"}))
    assert (wire.last.body, of(wire, "content-type")) == (b"a,b", ["text/csv"])


def test_an_upload_is_sent_as_it_is_read(mode: Mode, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x" * 100_000)
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.request("PUT", "x", body=Upload(tmp_path / "a.png")))
    assert (wire.last.body, of(wire, "content-type")) == (b"x" * 100_000, ["image/png"])


# What would make two servers on the way see two messages

FRAMING = [
    ("Content-Length", "5", "Content-Length follows from the body and cannot be set"),
    ("content-length", "0", "follows from the body"),
    ("Transfer-Encoding", "chunked", "Transfer-Encoding follows from the body and cannot be set"),
    ("TRANSFER-ENCODING", "identity", "follows from the body"),
    ("Host", "other.example", "Host follows from the address and cannot be set"),
    ("Connection", "Content-Length", "Connection can be close or keep-alive"),
    ("connection", "close, Authorization", "Connection can be close or keep-alive"),
    ("Connection", "upgrade", "Connection can be close or keep-alive"),
    ("Expect", "100-continue", "Expect cannot be set"),
    ("expect", "100-Continue", "Expect cannot be set"),
]


@pytest.mark.parametrize(("name", "value", "said"), FRAMING)
def test_a_header_that_breaks_the_framing_is_refused(mode: Mode, name: str, value: str, said: str) -> None:
    client = AsyncShopClient if mode.is_async else ShopClient
    with pytest.raises(ValueError, match=f"headers: {said}|headers: .*{said}"):
        client("http://h", headers={name: value})
    with Wire(REPLY) as wire:
        for step in (
            lambda shop: shop.words.json.options(headers={name: value})(),
            lambda shop: shop.with_options(headers={name: value}).words.json(),
            lambda shop: shop.request("GET", "x", headers={name: value}),
        ):
            with pytest.raises(InvalidArgument, match=said):
                run(mode, wire.url, step)
    assert not wire.seen


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "HOST", "Connection", "expect"])
def test_a_declared_header_that_breaks_the_framing_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=r"Wrong.one\(\): a: "):

        class Wrong(Resource[M]):
            @get("x")
            def one(self, *, a: Annotated[str, Header(name)]) -> None: ...


@pytest.mark.parametrize("value", ["close", "keep-alive", "Close"])
def test_a_connection_may_be_said_to_end(mode: Mode, value: str) -> None:
    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.words.json(), headers={"Connection": value})
    assert of(wire, "connection") == [value]


def test_the_token_that_a_server_gave_is_not_asked_for_where_none_is_sent(mode: Mode) -> None:
    def never() -> str:
        raise AssertionError("asked")

    with Wire(REPLY) as wire:
        run(mode, wire.url, lambda shop: shop.words.open(), credential=Bearer(never))
    assert of(wire, "authorization") == []


COMMANDS = {
    "own agent": lambda shop: shop.words.json.options(headers={"User-Agent": "mine/1"}),
    "own coding": lambda shop: shop.words.json.options(headers={"accept-encoding": "br"}),
    "nothing in a header": lambda shop: shop.words.json.options(headers={"X-Empty": ""}),
    "marks of a shell": lambda shop: shop.words.json.options(headers={"X-Marks": 'it\'s "$HOME" `id`'}),
    "a query with braces": lambda shop: shop.words.json.options(query={"page[number]": "{1,2}"}),
    "no body": lambda shop: shop.words.nothing,
    "a member": lambda shop: shop.words.nothing.options(body={"a": "it's"}),
    "a head": lambda shop: shop.words.there,
    "bytes": lambda shop: partial(shop.words.bytes_sent, b"@no file"),
}


def shown_by(shop: Any, name: str) -> str:
    call = COMMANDS[name](shop)
    command: str = call.func.curl(*call.args) if isinstance(call, partial) else call.curl()
    return command


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("name", COMMANDS)
def test_what_curl_sends_is_what_the_client_sends(name: str) -> None:
    ignored = {"user-agent", "accept-encoding"}
    with Wire(REPLY) as wire, ShopClient(wire.url, retries=0) as shop:
        COMMANDS[name](shop)()
        command = shlex.split(shown_by(shop, name))
        subprocess.run([*command, "--silent", "--noproxy", "*"], check=True, capture_output=True, timeout=20)
        ours, curls = wire.seen
    if name.startswith("own"):
        ignored = {"accept-encoding"} if name == "own agent" else {"user-agent"}
    assert (ours.method, ours.target, ours.body) == (curls.method, curls.target, curls.body)
    sent = [{key.lower(): value for key, value in seen.fields if key.lower() not in ignored} for seen in (ours, curls)]
    for fields in sent:
        fields.pop("connection", None)
    assert sent[0] == sent[1]


def test_a_body_that_is_no_text_is_a_file_to_curl() -> None:
    with ShopClient("http://127.0.0.1:9") as shop:
        assert shop.words.bytes_sent.curl(b"\xff\x00").endswith("--data-binary @FILE")
