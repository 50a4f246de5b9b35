"""Files of a multipart body are read while they are sent, in both modes: exactly as declared, never whole in memory."""

from __future__ import annotations

import io
import os
import socket
import threading
import tracemalloc
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Annotated, Any

import pytest

from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import File, Part, post
from gemel.kit.errors import InternalServerError, InvalidArgument, UploadError
from gemel.kit.http.messages import Retry
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import Mode
from .wire import Wire, cut, reply

DATA = os.urandom(300_000)
QUICK = Retry(limit=2, base=0.001, cap=0.001)
KEY = {"idempotency_key": "k"}


class Uploads(Resource[M]):
    """Uploads of a server."""

    @post("uploads")
    def create(self, files: Annotated[Sequence[File], Part("file")], *, title: Annotated[str, Part] = "T") -> None:
        """Upload files."""
        ...


class Store(BaseClient[M]):
    uploads: Uploads[M]


class SyncStore(Store[Sync], Client):
    """Blocking."""


class AsyncStore(Store[Async], AsyncClient):
    """Awaited."""


class Once(io.BytesIO):
    """A file that can be read once, and does not tell its size."""

    def seekable(self) -> bool:
        return False


def send(mode: Mode, wire: Wire, *files: File, **options: Any) -> None:
    client = AsyncStore if mode.is_async else SyncStore
    mode.run(wire.url, lambda store: store.uploads.create.options(**options)(files), client=client)


def parts(head: str, body: bytes) -> list[Message]:
    payload = message_from_bytes(f"Content-Type: {head}\r\n\r\n".encode() + body).get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def contents(wire: Wire) -> list[Any]:
    seen = wire.last
    assert seen.headers["content-length"] == str(len(seen.body))
    return [part.get_payload(decode=True) for part in parts(seen.headers["content-type"], seen.body)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "data.bin"
    made.write_bytes(DATA)
    return made


def test_paths_objects_and_bytes_together(mode: Mode, path: Path) -> None:
    small = path.with_name("small.txt")
    small.write_text("small")
    empty = path.with_name("empty")
    empty.touch()
    opened = io.BytesIO(b"skipped" + DATA)
    opened.seek(7)
    with Wire(reply(status=204)) as wire:
        send(mode, wire, File(path), File(small), File(empty), File(opened, name="o"), File(DATA), File(Once(b"once")))
    assert contents(wire) == [DATA, b"small", b"", DATA, DATA, b"once", b"T"]
    first, second = parts(wire.last.headers["content-type"], wire.last.body)[:2]
    assert (first.get_filename(), first.get_content_type()) == ("data.bin", "application/octet-stream")
    assert (second.get_filename(), second.get_content_type()) == ("small.txt", "text/plain")


def test_a_large_file_is_never_whole_in_memory(mode: Mode, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(30_000_000)
    received: list[int] = []

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        count = 0
        while count < 30_000_000 and (piece := connection.recv(1 << 16)):
            count += len(piece)
        received.append(count)
        connection.sendall(reply(status=204))

    class Raw(Wire):
        def _answer(self, connection: socket.socket) -> bool:
            self.script[0](connection, self._stopped)
            return False

    with Raw(step) as server:
        tracemalloc.start()
        try:
            send(mode, server, File(large), timeout=60)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert received[0] >= 30_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("kind", ["path", "object"])
def test_it_is_sent_again_from_the_start(mode: Mode, path: Path, kind: str) -> None:
    with path.open("rb") as opened, Wire(reply({}, 503), cut(), reply(status=204)) as wire:
        send(mode, wire, File(path if kind == "path" else opened), retries=QUICK, **KEY)
        assert len(wire.seen) == 3
        assert contents(wire) == [DATA, b"T"]


def test_without_a_key_it_is_not_repeated(mode: Mode, path: Path) -> None:
    with Wire(reply({}, 500)) as wire, pytest.raises(InternalServerError):
        send(mode, wire, File(path), retries=QUICK)
    assert len(wire.seen) == 1


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(b"shorter")])
def test_a_file_that_changes_meanwhile(mode: Mode, path: Path, change: Any) -> None:
    def step(store: Any) -> Any:
        call = store.uploads.create.request([File(path)])
        change(path)
        return store.run(sending(store, call))

    with Wire(reply(status=204)) as wire, pytest.raises(UploadError):
        mode.run(wire.url, step, client=AsyncStore if mode.is_async else SyncStore)


def sending(store: Any, request: Any) -> Any:
    return (yield from store._caller.exchange(request))


def test_a_file_that_grows_is_sent_as_announced(mode: Mode, path: Path) -> None:
    def step(store: Any) -> Any:
        call = store.uploads.create.request([File(path)])
        path.write_bytes(DATA + b"more")
        return store.run(sending(store, call))

    with Wire(reply(status=204)) as wire:
        mode.run(wire.url, step, client=AsyncStore if mode.is_async else SyncStore)
        assert contents(wire) == [DATA, b"T"]


@pytest.mark.parametrize(
    "wrong", [File("/no/such/file"), File("/"), File(io.StringIO("text")), File(5)],  # type: ignore[arg-type]
)  # fmt: skip
def test_what_is_no_file_is_refused_before_sending(mode: Mode, wrong: File) -> None:
    step = lambda store: store.uploads.create([wrong])  # noqa: E731
    error = mode.fails("http://127.0.0.1:1", step, client=AsyncStore if mode.is_async else SyncStore)
    assert (type(error), error.parameter) == (InvalidArgument, "files")


def test_what_a_built_request_shows(path: Path) -> None:
    with SyncStore("http://127.0.0.1:1") as store:
        request = store.uploads.create.request([File(path)], title="T")
        assert request.body is not None and len(request.body) > len(DATA)
        assert "data-binary @FILE" in store.uploads.create.curl([File(path)])
        with pytest.raises(InvalidArgument, match="JSON object"):
            store.uploads.create.options(body={"a": 1}).request([File(path)])
