"""Stream and AsyncStream: the typed events of an open reply; two short loops over one EventReader."""

from __future__ import annotations

from typing import Generic, cast

from typing_extensions import Self, TypeVar

from gemel.kit.calls.event_reader import END, MORE, EventReader
from gemel.kit.http.messages import Headers
from gemel.kit.tracebacks import entry

__all__ = ["AsyncStream", "Stream"]

T_co = TypeVar("T_co", covariant=True)


class _Streaming(Generic[T_co]):
    """The base of both streams: what they offer without reading."""

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader

    @property
    def status(self) -> int:
        """The status code of the reply."""
        return self._reader.response.status

    @property
    def headers(self) -> Headers:
        """The header fields of the reply; after a reconnection, of the last one."""
        return self._reader.response.headers

    @property
    def last_event_id(self) -> str:
        """The last event id of the stream, "" before the first."""
        return self._reader.last_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}>"


class Stream(_Streaming[T_co]):
    """The events of an open reply, as they come: `with client.chat.stream(...) as events: for event in events: ...`

    In a stub, `-> Stream[T]` declares it: the data of each event is decoded as T, or T is ServerSentEvent for whole
    events. It closes itself after the last event and at the first error; leave it early by its `with` block or by
    `close`. Errors are those of a call, and StreamFailedError for a failure that the server reports inside the stream.
    Threads must not share it.
    """

    def __iter__(self) -> Self:
        return self

    @entry
    def __next__(self) -> T_co:
        reader = self._reader
        while (value := reader.take()) is MORE:
            reader.caller.run(reader.more())
        if value is END:
            raise StopIteration
        return cast("T_co", value)

    @entry
    def close(self) -> None:
        """Close the stream; iterating over it then ends. May be called again."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    @entry
    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncStream(_Streaming[T_co]):
    """The events of an open reply, as they come: `async with client.chat.stream(...) as events: async for event in ...`

    Otherwise as Stream; a task that is cancelled while it waits for an event closes it.
    """

    def __aiter__(self) -> Self:
        return self

    @entry
    async def __anext__(self) -> T_co:
        reader = self._reader
        while (value := reader.take()) is MORE:
            await reader.caller.arun(reader.more())
        if value is END:
            raise StopAsyncIteration
        return cast("T_co", value)

    @entry
    async def close(self) -> None:
        """Close the stream; iterating over it then ends. May be called again."""
        self._reader.close()

    async def __aenter__(self) -> Self:
        return self

    @entry
    async def __aexit__(self, *_: object) -> None:
        await self.close()
