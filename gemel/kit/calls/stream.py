"""Stream and AsyncStream: the typed events of an open reply; two short loops over one course."""

from __future__ import annotations

from typing import Generic, cast

from typing_extensions import Self, TypeVar

from gemel.kit.calls.event_reader import END, MORE, Course
from gemel.kit.http.messages import Headers
from gemel.kit.tracebacks import entry

__all__ = ["AsyncStream", "Stream"]

T_co = TypeVar("T_co", covariant=True)


class _Streaming(Generic[T_co]):
    """What both streams can do without reading."""

    def __init__(self, course: Course) -> None:
        self._course = course

    @property
    def status(self) -> int:
        """The status code of the reply."""
        return self._course.response.status

    @property
    def headers(self) -> Headers:
        """The headers of the reply; after a reconnection, of the last one."""
        return self._course.response.headers

    @property
    def last_event_id(self) -> str:
        """The last id that the stream has given, "" before the first."""
        return self._course.last_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}>"


class Stream(_Streaming[T_co]):
    """The events of an open reply, as they come: `with client.chat.stream(...) as events: for event in events: ...`

    In a stub, `-> Stream[T]` declares it: T is what the data of an event is decoded as, or ServerSentEvent for the
    whole of it. It ends by itself after the last event and at the first error; leave it early by its `with` block or by
    `close`. Errors are those of a call, and StreamFailedError for what the server tells inside the stream. Not for
    several threads at once.
    """

    def __iter__(self) -> Self:
        return self

    @entry
    def __next__(self) -> T_co:
        course = self._course
        while (value := course.take()) is MORE:
            course.caller.run(course.more())
        if value is END:
            raise StopIteration
        return cast("T_co", value)

    @entry
    def close(self) -> None:
        """Close the stream; iterating it gives nothing more. May be called again."""
        self._course.close()

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
        course = self._course
        while (value := course.take()) is MORE:
            await course.caller.arun(course.more())
        if value is END:
            raise StopAsyncIteration
        return cast("T_co", value)

    @entry
    async def close(self) -> None:
        """Close the stream; iterating it gives nothing more. May be called again."""
        self._course.close()

    async def __aenter__(self) -> Self:
        return self

    @entry
    async def __aexit__(self, *_: object) -> None:
        await self.close()
