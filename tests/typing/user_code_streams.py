# mypy: disable-error-code="empty-body"
"""User code with streams and files: what the checkers must understand (R) and must reject (E)."""

import io
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import assert_type, reveal_type

from gemel import (
    Async,
    AsyncClient,
    BaseClient,
    Body,
    Client,
    Download,
    EventStream,
    Flow,
    M,
    Model,
    Resource,
    ServerSentEvent,
    Stream,
    Sync,
    Timeout,
    Upload,
    flow,
    get,
    post,
    put,
)


class Word(Model):
    """A record."""

    text: str


class Chat(Resource[M]):
    """A resource with streams."""

    @post("chat", events=EventStream(done="[DONE]", reconnect=2))
    def ask(self, question: str, *, lines: int = 1) -> Stream[Word]:
        """Ask, and stream the answer."""
        ...

    @get("log")
    def log(self) -> Stream[ServerSentEvent]:
        """Follow what happens."""
        ...

    @get("anything")
    def anything(self) -> Any:
        """Return what comes: it is not taken for a stream."""
        ...

    @flow
    def answer(self, question: str) -> Flow[str]:
        """Ask, and return the answer as a whole."""
        words = yield from self.ask.gathered(question)
        assert_type(words, list[Word])
        return words[0].text


class Files(Resource[M]):
    """A resource with files."""

    @get("files/{name}")
    def content(self, name: str) -> Download:
        """Download a file."""
        ...

    @put("files/{name}")
    def replace(self, name: str, content: Annotated[Upload, Body]) -> None:
        """Upload a file."""
        ...


class Talk(BaseClient[M]):
    """An SDK of a user's own."""

    chat: Chat[M]
    files: Files[M]


class TalkClient(Talk[Sync], Client):
    """Blocking."""


class AsyncTalkClient(Talk[Async], AsyncClient):
    """Async."""


def sync_user(client: TalkClient) -> None:
    """What a blocking client returns."""
    # R pyright: SyncStreamCall[(question: str, *, lines: int = 1), Word]
    # R mypy: SyncStreamCall[[question: str, *, lines: int =], Word]
    reveal_type(client.chat.ask)
    reveal_type(client.chat.ask("why?"))  # R: Stream[Word]
    with client.chat.ask("why?") as words:
        for word in words:
            assert_type(word, Word)
    assert_type(next(client.chat.log()), ServerSentEvent)
    reveal_type(client.chat.anything())  # R: Any
    reveal_type(client.chat.answer("why?"))  # R: str
    reveal_type(client.chat.ask.options(timeout=Timeout(stream=9.0))("why?"))  # R: Stream[Word]
    reveal_type(client.chat.ask.request("why?", lines=2))  # R: Request
    reveal_type(client.files.content("a"))  # R: Download
    reveal_type(client.files.content("a").save(Path("a"), limit=10))  # R: int
    with client.files.content("a") as download:
        pieces = list(download)
        assert_type(pieces, list[bytes])
        assert_type(download.size, int | None)
    client.files.replace("a", Upload("a.bin", on_progress=lambda done, size: print(done / size)))
    client.files.replace("a", Upload(io.BytesIO(b"")))


async def async_user(client: AsyncTalkClient) -> None:
    """What an async client returns."""
    # R pyright: AsyncStreamCall[(question: str, *, lines: int = 1), Word]
    # R mypy: AsyncStreamCall[[question: str, *, lines: int =], Word]
    reveal_type(client.chat.ask)
    reveal_type(client.chat.ask("why?"))  # R: Opening[AsyncStream[Word]]
    async with client.chat.ask("why?") as words:
        async for word in words:
            assert_type(word, Word)
    reveal_type(await client.chat.ask("why?"))  # R: AsyncStream[Word]
    reveal_type(await client.chat.answer("why?"))  # R: str
    reveal_type(await client.chat.anything())  # R: Any
    async with client.files.content("a") as download:
        reveal_type(download)  # R: AsyncDownload
        assert_type(await download.save("a", on_progress=lambda done, size: None), int)
        pieces = [piece async for piece in download]
        assert_type(pieces, list[bytes])
    await client.files.replace("a", Upload("a.bin"))


def sync_mistakes(client: TalkClient) -> None:
    """What the checkers must reject on a blocking client."""
    client.chat.ask(1)  # E1 wrong type of an argument
    client.chat.ask("why?", length=1)  # E2 unknown argument
    client.chat.ask("why?").text  # E3 a stream is no record
    numbers: list[int] = list(client.chat.ask("why?"))  # E4 wrong type of the events
    client.chat.ask.raw("why?")  # E5 there is no whole reply
    client.files.content("a").save(5)  # E6 no path
    client.files.content("a").save("a", on_progress=lambda done: None)  # E7 wrong callback
    client.files.replace("a", b"bytes")  # E8 no Upload
    Upload(b"bytes")  # E9 no path and no file
    EventStream(done=1)  # E10 wrong type of a setting
    get("x", events="[DONE]")  # E11 not an EventStream


async def async_mistakes(client: AsyncTalkClient) -> None:
    """What the checkers must reject on an async client."""
    for word in client.chat.ask("why?"):  # E12 not opened, and not blocking
        pass
    async for word in client.chat.ask("why?"):  # E13 not opened
        pass
    with client.chat.ask("why?"):  # E14 async with
        pass
    async with client.files.content("a") as download:
        written: int = download.save("a")  # E15 not awaited
