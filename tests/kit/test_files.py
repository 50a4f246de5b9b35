"""Files up and down over real sockets, in both modes: never whole in memory, and whole on disk or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import socket
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    InvalidArgument,
    NotFoundError,
    ResponseValidationError,
    UploadError,
)
from gemel.kit.http.messages import Retry, Timeout
from gemel.kit.policies.credentials import Bearer

from .chat import AsyncTalkClient, TalkClient, TalkMode
from .shop import Mode
from .wire import Wire, cut, flood, reply, stall

KIND = "application/octet-stream"
DATA = os.urandom(300_000)
QUICK = Retry(limit=2, base=0.001, cap=0.001)


@pytest.fixture
def talk(mode: Mode) -> TalkMode:
    return TalkMode(mode)


def content(client: Any) -> Any:
    return client.files.content("a.bin")


def saving(talk: TalkMode, target: Any, **options: Any) -> Any:
    return talk.using(content, lambda download: download.save(target, **options))


def whole(data: bytes = DATA, **headers: str) -> bytes:
    return reply(data, headers=headers, kind=KIND)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def same(data: bytes, expected: bytes = DATA) -> bool:
    """Whether they are equal; an assertion that compares them would print both."""
    return data == expected


# Downloads


def test_a_download_is_saved_under_its_name_when_it_is_whole(talk: TalkMode, tmp_path: Path) -> None:
    target, told = tmp_path / "a.bin", list[tuple[int, int | None]]()
    target.write_bytes(b"old")

    def progress(done: int, size: int | None) -> None:
        assert target.read_bytes() == b"old"
        told.append((done, size))

    with Wire(whole()) as wire:
        assert talk.run(wire.url, saving(talk, target, on_progress=progress)) == len(DATA)
        assert wire.last.headers["accept-encoding"] == "identity"
    assert same(target.read_bytes())
    assert left(tmp_path) == ["a.bin"]
    assert told[-1] == (len(DATA), len(DATA)) and [done for done, _ in told] == sorted({done for done, _ in told})
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_download_goes_to_a_file_object(talk: TalkMode) -> None:
    target = io.BytesIO(b"head ")
    target.seek(5)
    with Wire(whole()) as wire:
        talk.run(wire.url, saving(talk, target))
    assert same(target.getvalue(), b"head " + DATA)


def test_a_download_is_read_in_pieces(talk: TalkMode) -> None:
    seen: list[bytes] = []
    with Wire(whole()) as wire:
        talk.run(wire.url, talk.reading(content, seen), talk.reading(content, []))
        assert wire.connections == 1
    assert same(b"".join(seen))


def test_what_a_download_tells(talk: TalkMode) -> None:
    def look(download: Any) -> Any:
        return download.status, download.size, download.headers["x-a"], repr(download)

    with Wire(whole(b"12345", **{"X-A": "b"})) as wire:
        told = talk.run(wire.url, talk.using(content, look))
    assert told[:3] == (200, 5, "b") and told[3].endswith("Download 200, 5 bytes>")


def test_a_download_of_unknown_size(talk: TalkMode, tmp_path: Path) -> None:
    told = list[tuple[int, int | None]]()
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with Wire(chunked) as wire:
        talk.run(wire.url, saving(talk, tmp_path / "a", on_progress=lambda done, size: told.append((done, size))))
    assert (tmp_path / "a").read_bytes() == b"abc" and told == [(3, None)]


def test_an_empty_download(talk: TalkMode, tmp_path: Path) -> None:
    with Wire(whole(b"")) as wire:
        assert talk.run(wire.url, saving(talk, tmp_path / "a")) == 0
    assert (tmp_path / "a").read_bytes() == b""


def test_a_large_download_is_never_whole_in_memory(talk: TalkMode, tmp_path: Path) -> None:
    size = 30_000_000

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            connection.sendall(b"x" * 100_000)

    with Wire(step) as wire:
        tracemalloc.start()
        try:
            talk.run(wire.url, saving(talk, tmp_path / "a"), timeout=60)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size == size
    assert peak < 8_000_000


@pytest.mark.parametrize("at", [0, 30, 60, 100, 1000, 299_999])
def test_every_cut_leaves_nothing(talk: TalkMode, tmp_path: Path, at: int) -> None:
    with Wire(cut(whole()[:at]), whole()) as wire:
        error = talk.fails(wire.url, saving(talk, tmp_path / "a"))
        assert type(error) is APIConnectionError, error
        assert left(tmp_path) == []
        talk.run(wire.url, saving(talk, tmp_path / "a"))
    assert left(tmp_path) == ["a"]


def test_silence_in_a_download(talk: TalkMode, tmp_path: Path) -> None:
    start = time.monotonic()
    with Wire(stall(whole()[:1000])) as wire:
        error = talk.fails(wire.url, saving(talk, tmp_path / "a"), timeout=Timeout(read=0.3))
    assert type(error) is APITimeoutError and time.monotonic() - start < 1.5
    assert left(tmp_path) == []


def test_a_download_lives_longer_than_a_call(talk: TalkMode, tmp_path: Path) -> None:
    def step(connection: socket.socket, stopped: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for _ in range(5):
            stopped.wait(0.1)
            connection.sendall(b"x")

    with Wire(step) as wire:
        talk.run(wire.url, saving(talk, tmp_path / "a"), timeout=Timeout(total=0.3, read=2))
    assert (tmp_path / "a").read_bytes() == b"xxxxx"


@pytest.mark.parametrize(
    "head", [b"Content-Length: 300000\r\n\r\n", b"Connection: close\r\n\r\n"], ids=["told", "not told"]
)
def test_a_download_has_a_limit(talk: TalkMode, tmp_path: Path, head: bytes) -> None:
    with Wire(flood(b"HTTP/1.1 200 OK\r\n" + head, b"x" * 1000), whole(b"abc")) as wire:
        error = talk.fails(wire.url, saving(talk, tmp_path / "a", limit=10_000))
        assert type(error) is ResponseValidationError and "limit of 10000 bytes" in str(error)
        assert left(tmp_path) == []
        talk.run(wire.url, saving(talk, tmp_path / "a", limit=3))
    assert left(tmp_path) == ["a"]


def test_a_callback_that_fails_ends_the_download(talk: TalkMode, tmp_path: Path) -> None:
    def progress(done: int, size: int | None) -> None:
        raise KeyError("mine")

    with Wire(whole()) as wire, pytest.raises(KeyError, match="mine"):
        talk.run(wire.url, saving(talk, tmp_path / "a", on_progress=progress))
    assert left(tmp_path) == []


def test_a_folder_is_no_target(talk: TalkMode, tmp_path: Path) -> None:
    with Wire(whole()) as wire:
        with pytest.raises(IsADirectoryError, match="name a file"):
            talk.run(wire.url, saving(talk, tmp_path))
        with pytest.raises(FileNotFoundError):
            talk.run(wire.url, saving(talk, tmp_path / "none" / "a"))
    assert left(tmp_path) == []


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o755, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode(talk: TalkMode, tmp_path: Path, bits: int) -> None:
    target, modes = tmp_path / "a", set[int]()
    target.write_bytes(b"old")
    target.chmod(bits)

    def progress(done: int, size: int | None) -> None:
        modes.update(mode_of(path) for path in tmp_path.iterdir() if path != target)

    with Wire(whole()) as wire:
        talk.run(wire.url, saving(talk, target, on_progress=progress))
    assert same(target.read_bytes()) and left(tmp_path) == ["a"]
    assert mode_of(target) == bits
    assert modes == {0o600}, "what replaces a private file is private while it is written"


def test_a_link_is_followed(talk: TalkMode, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    (there / "a").write_bytes(b"old")
    (there / "a").chmod(0o600)
    (here / "link").symlink_to("../there/a")
    (here / "links").symlink_to("link")
    (here / "dangling").symlink_to("../there/b")
    with Wire(whole()) as wire:
        for name in ("link", "links", "dangling"):
            talk.run(wire.url, saving(talk, here / name))
    assert same((there / "a").read_bytes()) and same((there / "b").read_bytes())
    assert mode_of(there / "a") == 0o600
    assert left(there) == ["a", "b"] and left(here) == ["dangling", "link", "links"]
    assert all((here / name).is_symlink() for name in left(here))


def test_a_link_to_itself_is_no_target(talk: TalkMode, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    with Wire(whole()) as wire, pytest.raises(OSError, match="a"):
        talk.run(wire.url, saving(talk, tmp_path / "a"))
    assert left(tmp_path) == ["a"] and (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("length", [200, 250, 255])
def test_a_name_may_be_as_long_as_the_disk_takes_it(talk: TalkMode, tmp_path: Path, length: int) -> None:
    with Wire(whole()) as wire:
        talk.run(wire.url, saving(talk, tmp_path / ("n" * length)))
        with pytest.raises(OSError, match="nnn"):
            talk.run(wire.url, saving(talk, tmp_path / ("n" * 256)))
    assert left(tmp_path) == ["n" * length]


def test_a_pipe_is_written_to(talk: TalkMode, tmp_path: Path) -> None:
    pipe, came = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: came.append(pipe.read_bytes()))
    with Wire(whole()) as wire:
        reader.start()
        assert talk.run(wire.url, saving(talk, pipe)) == len(DATA)
        reader.join(5)
    assert same(b"".join(came)) and left(tmp_path) == ["pipe"] and pipe.is_fifo()


def test_a_pipe_that_nobody_reads(talk: TalkMode, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with Wire(whole()) as wire, pytest.raises(TimeoutError, match="nobody reads this pipe"):
        talk.run(wire.url, saving(talk, tmp_path / "pipe"), timeout=Timeout(total=0.3))
    assert left(tmp_path) == ["pipe"]


def test_a_device_is_written_to(talk: TalkMode) -> None:
    with Wire(whole()) as wire:
        assert talk.run(wire.url, saving(talk, "/dev/null")) == len(DATA)
    assert Path("/dev/null").is_char_device()


def test_a_cut_download_leaves_the_file_that_was_there(talk: TalkMode, tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    (tmp_path / "link").symlink_to("a")
    with Wire(cut(whole()[:1000])) as wire:
        for path in (target, tmp_path / "link"):
            assert type(talk.fails(wire.url, saving(talk, path))) is APIConnectionError
    assert target.read_bytes() == b"old" and left(tmp_path) == ["a", "link"]


class Unprivileged:
    """Nobody's rights inside a block: the superuser may write into any folder."""

    def __enter__(self) -> None:
        if os.geteuid() == 0:
            os.seteuid(65534)
            self._was_root = True
        else:
            self._was_root = False

    def __exit__(self, *_: object) -> None:
        if self._was_root:
            os.seteuid(0)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that takes no new file, with one in it that may be written."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    (folder / "a").write_bytes(b"old")
    (folder / "a").chmod(0o666)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_takes_no_new_file(talk: TalkMode, closed: Path) -> None:
    """A file that may be written is written over once all has come; a new one cannot be made."""
    with Wire(whole()) as wire:
        talk.run(wire.url, talk.reading(content, []))  # what is imported on the way is
        with Unprivileged():
            talk.run(wire.url, saving(talk, closed / "a"))
            with pytest.raises(PermissionError) as caught:
                talk.run(wire.url, saving(talk, closed / "b"))
    assert caught.value.filename == str(closed / "b")
    assert same((closed / "a").read_bytes()) and left(closed) == ["a"]
    assert mode_of(closed / "a") == 0o666


def test_a_cut_download_into_a_folder_that_takes_no_new_file(talk: TalkMode, closed: Path) -> None:
    with Wire(whole(), cut(whole()[:1000])) as wire:
        talk.run(wire.url, talk.reading(content, []))
        with Unprivileged():
            assert type(talk.fails(wire.url, saving(talk, closed / "a"))) is APIConnectionError
    assert (closed / "a").read_bytes() == b"old" and left(closed) == ["a"]


def test_a_text_file_is_no_target(talk: TalkMode, tmp_path: Path) -> None:
    with open(tmp_path / "a", "w") as file, Wire(whole()) as wire, pytest.raises(TypeError):
        talk.run(wire.url, saving(talk, file))


def test_a_download_that_is_not_there(talk: TalkMode) -> None:
    with Wire(reply({"message": "none"}, 404)) as wire:
        error = talk.fails(wire.url, talk.reading(content, []))
    assert type(error) is NotFoundError and error.message == "none"


def test_opening_a_download_is_repeated(talk: TalkMode, tmp_path: Path) -> None:
    with Wire(reply({}, 503), cut(b""), whole()) as wire:
        talk.run(wire.url, saving(talk, tmp_path / "a"), retries=QUICK)
        assert len(wire.seen) == 3
    assert same((tmp_path / "a").read_bytes())


def test_a_download_left_early(talk: TalkMode) -> None:
    seen: list[bytes] = []
    with Wire(flood(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b"x" * 1000), whole(b"abc")) as wire:
        talk.run(wire.url, talk.reading(content, seen, 1), talk.reading(content, seen))
    assert seen[-1] == b"abc"


def test_a_download_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    async def run(url: str) -> None:
        async with AsyncTalkClient(url) as client:
            step = saving(TalkMode(ASYNC), tmp_path / "a")
            task = asyncio.create_task(step(client))
            await asyncio.sleep(0.3)
            assert len(left(tmp_path)) == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert left(tmp_path) == []

    from .shop import ASYNC

    with Wire(stall(whole()[:100_000])) as wire:
        asyncio.run(run(wire.url))


# Uploads


def replacing(upload: Any) -> Any:
    return lambda client: client.files.replace("a", upload)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(DATA)
    return path


def test_a_path_is_uploaded(talk: TalkMode, file: Path) -> None:
    told: list[tuple[int, int]] = []
    upload = Upload(file, on_progress=lambda done, size: told.append((done, size)))
    with Wire(reply(b"")) as wire:
        talk.run(wire.url, replacing(upload))
    assert same(wire.last.body)
    assert wire.last.headers["content-length"] == str(len(DATA))
    assert wire.last.headers["content-type"] == "image/png"
    assert "transfer-encoding" not in wire.last.headers
    assert told[-1] == (len(DATA), len(DATA)) and len(told) > 1


def test_a_file_object_is_uploaded_from_where_it_stands(talk: TalkMode, file: Path) -> None:
    with file.open("rb") as opened, Wire(reply(b"")) as wire:
        opened.seek(100_000)
        talk.run(wire.url, replacing(Upload(opened, content_type="a/b")))
        assert not opened.closed
    assert same(wire.last.body, DATA[100_000:])
    assert wire.last.headers["content-type"] == "a/b"


@pytest.mark.parametrize("data", [b"", b"x"])
def test_small_files(talk: TalkMode, data: bytes) -> None:
    with Wire(reply(b"")) as wire:
        talk.run(wire.url, replacing(Upload(io.BytesIO(data))))
    assert wire.last.body == data
    assert wire.last.headers["content-length"] == str(len(data))
    assert wire.last.headers["content-type"] == KIND


def test_an_upload_is_repeated_from_its_start(talk: TalkMode, file: Path) -> None:
    told: list[int] = []
    with file.open("rb") as opened:
        opened.seek(10)
        for upload in (Upload(file), Upload(opened, on_progress=lambda done, size: told.append(done))):
            with Wire(reply({}, 503), cut(b""), reply(b"")) as wire:
                talk.run(wire.url, replacing(upload), retries=QUICK)
            bodies = {request.body for request in wire.seen}
            assert len(wire.seen) == 3 and len(bodies) == 1
    assert told.count(len(DATA) - 10) == 3


class Pipe(io.BytesIO):
    """A file that can be read once only."""

    def seekable(self) -> bool:
        return False


def test_what_can_be_read_once_is_sent_once(talk: TalkMode) -> None:
    upload = Upload(Pipe(DATA), size=len(DATA))
    with Wire(reply({"message": "busy"}, 503), reply(b"")) as wire:
        error = talk.fails(wire.url, replacing(upload), retries=QUICK)
        assert error.status == 503
    assert len(wire.seen) == 1 and same(wire.last.body)


def test_what_was_not_read_yet_is_repeated(talk: TalkMode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    error = talk.fails(url, replacing(Upload(Pipe(DATA), size=len(DATA))), retries=QUICK)
    assert type(error) is APIConnectionError and not error.sent
    assert error.attempts == 3


def test_a_refused_token_is_renewed_only_for_what_can_be_sent_again(talk: TalkMode, file: Path) -> None:
    for upload, sent in ((Upload(file), 2), (Upload(Pipe(DATA), size=len(DATA)), 1)):
        with Wire(reply({}, 401), reply({}, 401)) as wire:
            error = talk.fails(wire.url, replacing(upload), credential=Bearer(lambda: "t"))
            assert error.status == 401
            assert len(wire.seen) == sent


@pytest.mark.parametrize(("once", "targets"), [(False, 2), (True, 1)])
def test_a_redirect_takes_along_what_can_be_sent_again(talk: TalkMode, file: Path, once: bool, targets: int) -> None:
    upload = Upload(Pipe(DATA), size=len(DATA)) if once else Upload(file)
    with Wire(reply(b"", 307, {"Location": "/b"}), reply(b"")) as wire:
        step = replacing(upload)
        if once:
            assert talk.fails(wire.url, step, follow_redirects=True).status == 307
        else:
            talk.run(wire.url, step, follow_redirects=True)
        assert len(wire.seen) == targets
        assert all(same(request.body) for request in wire.seen)


def test_a_file_that_shrinks(talk: TalkMode, file: Path) -> None:
    upload = Upload(file)
    file.write_bytes(DATA[:1000])
    with Wire(reply(b""), reply(b"")) as wire:
        error = talk.fails(wire.url, replacing(upload), retries=QUICK)
        assert type(error) is UploadError and "299000 bytes before" in str(error)


def test_a_file_that_grows_is_sent_as_announced(talk: TalkMode, file: Path) -> None:
    upload = Upload(file)
    file.write_bytes(DATA + b"more")
    with Wire(reply(b"")) as wire:
        talk.run(wire.url, replacing(upload))
    assert same(wire.last.body)


def test_a_file_that_vanishes(talk: TalkMode, file: Path) -> None:
    upload = Upload(file)
    file.unlink()
    with Wire(reply(b"")) as wire:
        error = talk.fails(wire.url, replacing(upload))
        assert type(error) is UploadError and "No such file" in str(error)


def test_an_upload_that_nobody_reads_ends_in_time(talk: TalkMode, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    start = time.monotonic()
    with Wire(mute=1.2) as wire:
        step = _lingering(large) if talk.is_async else replacing(Upload(large))
        error = talk.fails(wire.url, step, timeout=Timeout(total=0.5, read=0.3))
    assert type(error) is APITimeoutError
    assert time.monotonic() - start < 3


def _lingering(large: Path) -> Any:
    async def step(client: Any) -> Any:
        """Stay in the loop until the server resets: asyncio keeps a connection open while it has bytes to send."""
        try:
            return await client.files.replace("a", Upload(large))
        finally:
            await asyncio.sleep(1.3)

    return step


def test_a_large_upload_is_never_whole_in_memory(talk: TalkMode, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(30_000_000)
    received: list[int] = []

    def step(connection: socket.socket, stopped: threading.Event) -> None:
        count = 0
        while count < 30_000_000 and (piece := connection.recv(1 << 16)):
            count += len(piece)
        received.append(count)
        connection.sendall(reply(b""))

    with Raw(step) as server:
        tracemalloc.start()
        try:
            talk.run(server.url, replacing(Upload(large)), timeout=60)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert received[0] >= 30_000_000
    assert peak < 8_000_000


class Raw(Wire):
    """A server whose step reads the request itself."""

    def _answer(self, connection: socket.socket) -> bool:
        self.script[0](connection, self._stopped)
        return False


def test_what_cannot_be_uploaded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Upload(tmp_path / "none")
    with pytest.raises(ValueError, match="size is not known"):
        Upload(Pipe(DATA))
    with pytest.raises(TypeError, match="binary file object"):
        Upload(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="binary file object"):
        Upload(b"bytes")  # type: ignore[arg-type]
    assert repr(Upload(io.BytesIO(b"abc"))) == "<Upload, 3 bytes>"


def test_an_upload_in_a_call_object(file: Path) -> None:
    with TalkClient("http://127.0.0.1:9") as client:
        assert "--data-binary @FILE" in client.files.replace.curl("a", Upload(file))
        with pytest.raises(InvalidArgument, match="JSON object"):
            client.files.replace.options(body={"a": 1}).request("a", Upload(file))
        with pytest.raises(InvalidArgument, match="expected Upload"):
            client.files.replace("a", b"bytes")  # type: ignore[arg-type]


def test_a_closed_client_downloads_nothing(talk: TalkMode) -> None:
    def blocking(client: Any) -> None:
        client.close()
        client.files.content("a")

    async def awaiting(client: Any) -> None:
        await client.close()
        await client.files.content("a")

    assert isinstance(talk.fails("http://127.0.0.1:9", awaiting if talk.is_async else blocking), ClientClosedError)
