"""An API that streams, for the tests: events in every declared form, files up and down, and both clients of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic

from gemel.kit.calls.flows import flow
from gemel.kit.client import AsyncClient, BaseClient, Client
from gemel.kit.declare import (
    Body,
    Download,
    EventStream,
    Header,
    ServerSentEvent,
    Stream,
    Upload,
    get,
    post,
    put,
)
from gemel.kit.flow.effects import Flow
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Mode


class Word(Model, case="camel"):
    """One piece of an answer."""

    text: str
    token_count: int = 0


class Chat(Resource[M], case="camel"):
    """Answers, word by word."""

    @post("chat", events=EventStream(done="[DONE]"))
    def ask(self, question: str, *, key: Annotated[str | Omit, SECRET] = OMIT) -> Stream[Word]:
        """Ask, and stream the answer."""
        ...

    @get("events")
    def events(self) -> Stream[ServerSentEvent]:
        """Stream whole events."""
        ...

    @get("words", unwrap="word")
    def words(self) -> Stream[Word]:
        """Stream words in envelopes."""
        ...

    @get("text", events=EventStream(error="", ignored=("ping",), largest=100))
    def texts(self) -> Stream[str]:
        """Stream texts."""
        ...

    @get("feed", events=EventStream(reconnect=2))
    def feed(self) -> Stream[Word]:
        """Stream words, and go on after a lost connection."""
        ...

    @get("failing", events=EventStream(error=lambda event: '"error"' in event.data))
    def failing(self) -> Stream[Word]:
        """Stream words; a failure is told in the data."""
        ...

    @flow
    def answer(self, question: str) -> Flow[str]:
        """Ask, and return the answer as a whole."""
        words = yield from self.ask.gathered(question)
        return " ".join(word.text for word in words)


class Files(Resource[M]):
    """Files."""

    @get("files/{name}")
    def content(self, name: str) -> Download:
        """Download a file."""
        ...

    @put("files/{name}")
    def replace(
        self, name: str, content: Annotated[Upload, Body], *, trace: Annotated[str | Omit, Header("X-Trace")] = OMIT
    ) -> None:
        """Upload a file."""
        ...

    @post("files")
    def create(self, content: Annotated[Upload, Body]) -> None:
        """Upload a new file."""
        ...


class Talk(BaseClient[M], Generic[M]):
    """The API in either mode."""

    chat: Chat[M]
    files: Files[M]


class TalkClient(Talk[Sync], Client):
    """The blocking client."""


class AsyncTalkClient(Talk[Async], AsyncClient):
    """The awaited client."""


async def _done(result: Any) -> Any:
    return result


class TalkMode:
    """What a test does with an open reply, in one of the two modes."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._client = AsyncTalkClient if mode.is_async else TalkClient

    @property
    def is_async(self) -> bool:
        return self._mode.is_async

    def run(self, url: str, *steps: Callable[[Any], Any], **settings: Any) -> Any:
        """Do the steps with one client; return what the last one gives."""
        return self._mode.run(url, *steps, client=self._client, **settings)

    def fails(self, url: str, *steps: Callable[[Any], Any], **settings: Any) -> Any:
        """Do the steps, the last of which must fail; return its error."""
        return self._mode.fails(url, *steps, client=self._client, **settings)

    def using(self, call: Callable[[Any], Any], use: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A step that opens, uses what is open (blocking, or awaiting what comes), and closes it."""

        def blocking(client: Any) -> Any:
            with call(client) as opened:
                return use(opened)

        async def awaiting(client: Any) -> Any:
            async with call(client) as opened:
                result = use(opened)
                return await result if hasattr(result, "__await__") else result

        return awaiting if self.is_async else blocking

    def each(self, opened: Any, seen: list[Any], most: int | None = None) -> Any:
        """Append what an open reply gives to a list, at most so many."""
        return self._aeach(opened, seen, most) if self.is_async else self._each(opened, seen, most)

    def _each(self, opened: Any, seen: list[Any], most: int | None) -> None:
        for value in opened:
            seen.append(value)
            if len(seen) == most:
                return

    async def _aeach(self, opened: Any, seen: list[Any], most: int | None) -> None:
        async for value in opened:
            seen.append(value)
            if len(seen) == most:
                return

    def reading(self, call: Callable[[Any], Any], seen: list[Any], most: int | None = None) -> Callable[[Any], Any]:
        """A step that opens, and reads into a list until the end, or at most so many."""
        return self.using(call, lambda opened: self.each(opened, seen, most))
