"""Bodies other than JSON: forms and multipart with files reach the server as declared, the same on both transports."""

from __future__ import annotations

import io
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import Body, File, Form, Part, get, patch, post, put
from gemel.kit.errors import DeclarationError, InvalidArgument
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, JSONObject, M, Omit, Sync

from .shop import Mode
from .wire import Seen, Wire, reply


class Label(Model, case="camel"):
    made_by: str


class Uploads(Resource[M], case="camel"):
    """Uploads of a server."""

    @post("login")
    def login(
        self,
        *,
        user_name: Annotated[str, Form],
        password: Annotated[str, Form("pass"), SECRET],
        scopes: Annotated[Sequence[str] | None | Omit, Form] = OMIT,
        remember: Annotated[bool, Form] = True,
    ) -> None:
        """Log in by a form."""
        ...

    @post("uploads")
    def create(
        self,
        files: Annotated[File | bytes | Sequence[File], Part("file")],
        *,
        title: Annotated[str, Part] = "untitled",
        label: Annotated[Label | Omit, Part] = OMIT,
        note: Annotated[str | None, Part] = None,
    ) -> None:
        """Upload files."""
        ...


class Store(BaseClient[M]):
    uploads: Uploads[M]


class SyncStore(Store[Sync], Client):
    """Blocking."""


class AsyncStore(Store[Async], AsyncClient):
    """Awaited."""


def send(mode: Mode, step: Any) -> Seen:
    with Wire(reply(status=204)) as wire:
        mode.run(wire.url, step, client=AsyncStore if mode.is_async else SyncStore)
    return wire.last


def parts(seen: Seen) -> list[Message]:
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    payload = message_from_bytes(head + seen.body).get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def test_a_form_is_encoded(mode: Mode) -> None:
    seen = send(mode, lambda store: store.uploads.login(user_name="a&b=ü", password="p w+", scopes=["read", "write"]))
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(seen.body.decode(), strict_parsing=True) == [
        ("userName", "a&b=ü"), ("pass", "p w+"), ("scopes", "read"), ("scopes", "write"), ("remember", "true"),
    ]  # fmt: skip


def test_a_form_leaves_out_what_is_none(mode: Mode) -> None:
    seen = send(mode, lambda store: store.uploads.login(user_name="a", password="word", scopes=None))
    assert "scopes" not in seen.body.decode()


def test_files_text_and_records_are_parts(mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "räume.txt"
    path.write_bytes(b"from a path\r\n--x")
    given = [
        File(path),
        File(io.BytesIO(b"from an object"), name="object.csv"),
        File(b"from bytes", name='b"1".bin', content_type="image/x-own"),
    ]
    seen = send(mode, lambda store: store.uploads.create(given, title="Tür", label=Label(made_by="me")))
    assert seen.headers["content-length"] == str(len(seen.body))
    first, second, third, title, label = parts(seen)
    assert [part.get_payload(decode=True) for part in (first, second, third)] == [
        b"from a path\r\n--x", b"from an object", b"from bytes",
    ]  # fmt: skip
    assert [part.get_content_type() for part in (first, second, third)] == ["text/plain", "text/csv", "image/x-own"]
    assert 'filename="räume.txt"'.encode() in seen.body and b'filename="b%221%22.bin"' in seen.body
    assert (
        title.get_payload(decode=True) == "Tür".encode()
        and title.get_param("name", header="content-disposition") == "title"
    )
    assert label.get_payload(decode=True) == b'{"madeBy":"me"}' and label.get_content_type() == "application/json"


def test_bytes_are_a_part_with_the_name_of_the_argument(mode: Mode) -> None:
    part, title = parts(send(mode, lambda store: store.uploads.create(b"\x00\xff")))
    assert part.get_payload(decode=True) == b"\x00\xff" and part.get_filename() == "file"
    assert title.get_payload(decode=True) == b"untitled"


@pytest.mark.parametrize("wrong", [File("/no/such/file"), File(io.StringIO("text")), "a path", 5])  # type: ignore[arg-type]
def test_what_is_no_file_is_refused_before_sending(mode: Mode, wrong: Any) -> None:
    with Wire() as wire, pytest.raises(InvalidArgument) as caught:
        mode.run(wire.url, lambda store: store.uploads.create(wrong), client=AsyncStore if mode.is_async else SyncStore)
    assert (caught.value.method, caught.value.parameter) == ("Uploads.create", "files")
    assert wire.connections == 0


def test_a_file_shows_no_content() -> None:
    assert repr(File(b"very-secret", name="a.txt")) == "File(***, name='a.txt')"


def test_a_secret_of_a_form_is_masked() -> None:
    with SyncStore("http://127.0.0.1:9") as store:
        assert "very-secret" not in store.uploads.login.curl(user_name="a", password="very-secret")


def test_a_body_is_of_one_kind() -> None:
    with pytest.raises(DeclarationError, match=r"Mixed.both\(\): .* one is a Form and two is a Part"):

        class Mixed(Resource[M]):
            @post("x")
            def both(self, *, one: Annotated[str, Form], two: Annotated[str, Part]) -> None: ...

    with pytest.raises(DeclarationError, match=r"Plain.mixed\(\): .* one is a Form and two is a Field"):

        class Plain(Resource[M]):
            @post("x")
            def mixed(self, *, one: Annotated[str, Form], two: str) -> None: ...

    with pytest.raises(DeclarationError, match=r"Read.all\(\): one: a GET request has no body"):

        class Read(Resource[M]):
            @get("x")
            def all(self, *, one: Annotated[str, Form]) -> None: ...


MERGE = "application/merge-patch+json"


class Blobs(Resource[M]):
    """Bodies as they are."""

    @put("pictures/{name}")
    def picture(self, name: str, content: Annotated[bytes | bytearray, Body(content_type="image/png")]) -> None:
        """Put a picture."""
        ...

    @put("tables/{name}")
    def table(self, name: str, rows: Annotated[str, Body(content_type="text/csv; charset=utf-8")]) -> None:
        """Put a table."""
        ...

    @patch("records/{name}")
    def change(self, name: str, changes: Annotated[JSONObject, Body(content_type=MERGE)]) -> None:
        """Change a record."""
        ...

    @put("text/{name}")
    def text(self, name: str, value: Annotated[str, Body]) -> None:
        """Put a JSON text."""
        ...

    @put("blobs/{name}")
    def put(self, name: str, content: Annotated[bytes, Body]) -> None:
        """Put bytes."""
        ...


class BlobService(BaseClient[M]):
    blobs: Blobs[M]


class SyncBlobs(BlobService[Sync], Client):
    """Blocking."""


class AsyncBlobs(BlobService[Async], AsyncClient):
    """Awaited."""


RAW = {
    "bytes": (lambda blobs: blobs.put("a", b"\x00\xff"), b"\x00\xff", "application/octet-stream"),
    "no bytes": (lambda blobs: blobs.put("a", b""), b"", "application/octet-stream"),
    "a picture": (lambda blobs: blobs.picture("a", bytearray(b"\x89PNG")), b"\x89PNG", "image/png"),
    "a text": (lambda blobs: blobs.table("a", "ä,b\n"), "ä,b\n".encode(), "text/csv; charset=utf-8"),
    "JSON of another type": (lambda blobs: blobs.change("a", {"x": None}), b'{"x":null}', MERGE),
    "a JSON text": (lambda blobs: blobs.text("a", "b"), b'"b"', "application/json"),
}  # fmt: skip


@pytest.mark.parametrize(("step", "body", "kind"), RAW.values(), ids=RAW)
def test_a_body_is_sent_as_it_is(mode: Mode, step: Any, body: bytes, kind: str) -> None:
    with Wire(reply(status=204)) as wire:
        mode.run(wire.url, lambda client: step(client.blobs), client=AsyncBlobs if mode.is_async else SyncBlobs)
    assert (wire.last.body, wire.last.headers["content-type"]) == (body, kind)
    assert wire.last.headers["content-length"] == str(len(body))


def test_a_text_that_is_no_unicode_is_refused(mode: Mode) -> None:
    client = AsyncBlobs if mode.is_async else SyncBlobs
    error = mode.fails("http://127.0.0.1:1", lambda client: client.blobs.table("a", "\ud800"), client=client)
    assert (type(error), error.parameter) == (InvalidArgument, "rows")


def test_a_media_type_that_is_no_header_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Broken.put\(\): content: .* line breaks"):

        class Broken(Resource[M]):
            @put("x")
            def put(self, content: Annotated[bytes, Body(content_type="a\nb")]) -> None: ...


FORMLIKE = {
    "a form": lambda client: client.uploads.login.options(body={"a": 1})(user_name="1", password="2"),
    "parts": lambda client: client.uploads.create.options(body={"a": 1})(b"x"),
}
AS_IT_IS = {
    "bytes": lambda client: client.blobs.put.options(body={"a": 1})("a", b'{"b": 2}'),
    "no bytes": lambda client: client.blobs.put.options(body={"a": 1})("a", b""),
    "a text": lambda client: client.blobs.table.options(body={"a": 1})("a", '{"b": 2}'),
}


@pytest.mark.parametrize("step", FORMLIKE.values(), ids=FORMLIKE)
def test_members_cannot_be_added_to_a_form(mode: Mode, step: Any) -> None:
    error = mode.fails("http://127.0.0.1:1", step, client=AsyncStore if mode.is_async else SyncStore)
    assert (type(error), error.parameter) == (InvalidArgument, "body") and "JSON object" in str(error)


@pytest.mark.parametrize("step", AS_IT_IS.values(), ids=AS_IT_IS)
def test_members_cannot_be_added_to_what_is_sent_as_it_is(mode: Mode, step: Any) -> None:
    error = mode.fails("http://127.0.0.1:1", step, client=AsyncBlobs if mode.is_async else SyncBlobs)
    assert (type(error), error.parameter) == (InvalidArgument, "body") and "JSON object" in str(error)


def test_members_are_added_to_json_of_another_type(mode: Mode) -> None:
    with Wire(reply(status=204)) as wire:
        step = lambda client: client.blobs.change.options(body={"y": 1})("a", {"x": 0})  # noqa: E731
        mode.run(wire.url, step, client=AsyncBlobs if mode.is_async else SyncBlobs)
    assert (wire.last.json, wire.last.headers["content-type"]) == ({"x": 0, "y": 1}, MERGE)
