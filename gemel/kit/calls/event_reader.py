"""EventReader: reads one event stream, for both modes: which events have come, and when to read or connect again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from msgspec.structs import replace

from gemel.kit.errors import APIConnectionError, ResponseValidationError, stream_error
from gemel.kit.flow.effects import AsyncReader, Flow, Opened, Read, Reader, Sleep, discard
from gemel.kit.http.encoding import Refused, header_text
from gemel.kit.http.json_stream import StreamDecoder, format_of, stream_decoder
from gemel.kit.http.messages import Headers, Request, Response, hiding
from gemel.kit.http.sse import EventDecoder, EventStream, EventTooLarge, ServerSentEvent
from gemel.kit.models.decode import Decode
from gemel.kit.policies.caller import Caller
from gemel.kit.transport.failures import fell_silent

__all__ = ["END", "MORE", "EventReader", "Wanted", "event_text", "open_event_reader", "parsed_by"]

_DATA = Headers({"Content-Type": "application/json"})

MORE: Any = object()
"""Returned by `take` when no further value has come yet."""

END: Any = object()
"""Returned by `take` when the stream is over."""

Wanted: TypeAlias = "Decode | None"
"""The decoder of an event's data; None where the whole event is wanted."""


class EventReader:
    """Reads one stream of server-sent events and connects again where the declaration says so.

    It closes itself at the end of the stream, at the first error, and when reading is cancelled.

    Args:
        caller: Performs the flows of the client.
        request: The request that opened the stream.
        response: The reply, opened or whole.
        events: How the API streams events.
        decode: Decodes the data of an event; None to return whole events.
        random: Returns random numbers in [0, 1); None for those of the client.
    """

    def __init__(
        self,
        caller: Caller,
        request: Request,
        response: Response,
        events: EventStream,
        decode: Wanted,
        random: Callable[[], float] | None = None,
    ) -> None:
        self.caller: Caller = caller
        self.response: Response = response
        self._request = request
        self._events = events
        self._decode = decode
        self._random = random or caller.random
        life = request.context.timeout.stream
        self._until = float("inf") if life is None else caller.clock() + life
        self._over = False
        self._losses = 0
        self._decoder: StreamDecoder = EventDecoder(events.largest)
        self._connect(response)

    def _connect(self, response: Response) -> None:
        """Continue with a reply; one that came whole, without a reader, is read from its body."""
        self.response = response
        found = format_of(_kind_of(response), self._events.formats)
        self._decoder = stream_decoder(found, self._events.largest, self._decoder.last_id, self._decoder.retry)
        self._ready: Iterator[ServerSentEvent] = self._decoder.feed(response.body)
        self._reader: Reader | AsyncReader | None = response.reader if isinstance(response, Opened) else None
        # 204 tells a client to stop connecting (HTML Living Standard, section 9.2, "Server-sent events").
        if response.status == 204:
            self.close()

    @property
    def last_id(self) -> str:
        """The last event id of the stream, "" before the first."""
        return self._decoder.last_id

    def take(self) -> Any:
        """Return the next value that has come, `MORE` when there is none yet, `END` when there will be none."""
        try:
            for event in self._ready:
                self._losses = 0
                # The counter of losses starts over with each event: it bounds attempts in a row, not those of a long
                # life.
                if self._events.done and event.data == self._events.done:
                    self.close()
                    break
                if event.event not in self._events.ignored and not self._is_heartbeat(event):
                    return self._value(event)
            return END if self._over else MORE
        except EventTooLarge as large:
            self.close()
            raise self._invalid(str(large)) from None
        except BaseException:
            self.close()
            raise

    def _is_heartbeat(self, event: ServerSentEvent) -> bool:
        """Say whether an event only keeps the connection alive: a typed one has data, unless it tells a failure."""
        if self._decode is None or self._events.tells_failure(event):
            return False
        return not (event.data if self._decode is event_text else event.data.strip())

    def _value(self, event: ServerSentEvent) -> Any:
        if self._events.tells_failure(event):
            masking = hiding(self._request, getattr(self.response, "secrets", ()))
            raise stream_error(event.event, self._reply(event), masking, self.caller.read_fault)
        return event if self._decode is None else self._decode(self._reply(event), self._request)

    def _reply(self, event: ServerSentEvent) -> Response:
        """Return the data of an event as a reply of its own, for functions that read replies."""
        return Response(self.response.status, _DATA, event.data.encode(), self.response.url)

    def more(self) -> Flow[None]:
        """Read the next piece, or connect again where the declaration allows it; raises the errors of a call."""
        try:
            try:
                piece: bytes = b"" if self._reader is None else (yield Read(self._reader))
            except APIConnectionError as loss:
                if self._has_ended():
                    self.close()
                else:
                    yield from self._reconnected(loss)
                return
            if piece:
                self._ready = self._decoder.feed(piece)
            else:
                yield from self._ended()
        except BaseException:
            self.close()
            raise

    def rest(self) -> Flow[list[Any]]:
        """Return all further values."""
        values = list[Any]()
        while (value := self.take()) is not END:
            if value is MORE:
                yield from self.more()
            else:
                values.append(value)
        return values

    def _ended(self) -> Flow[None]:
        """Handle the end of the body: connect again, or accept it unless a final event is declared."""
        last = self._decoder.rest()
        if last:
            self._release()
            self._ready = iter(last)
            return
        if not self._has_ended() and self._losses < self._events.reconnect:
            yield from self._reconnected(None)
            return
        self.close()
        if self._events.done and self._events.must_end and not self._has_ended():
            problem = f"the stream ended before {self._events.done!r}; the answer is not whole"
            raise APIConnectionError(f"{self._request.context.label}: {problem}", request=self._request)

    def _has_ended(self) -> bool:
        """Say whether the declared final event has come, though without the blank line that some servers leave out."""
        return bool(self._events.done) and self._decoder.unfinished == self._events.done

    def _reconnected(self, loss: APIConnectionError | None) -> Flow[None]:
        """Open the stream again where it stopped; raises the loss after too many failures in a row."""
        self._release()
        while self._losses < self._events.reconnect:
            yield Sleep(self._pause())
            self._losses += 1
            request = self._resuming()
            try:
                response = yield from self.caller.exchange(request)
            except APIConnectionError as again:
                loss = again
                continue
            self._connect(_accepted(self.caller.checked(response, request), request, self._events))
            return
        if loss is not None:
            raise loss

    def _pause(self) -> float:
        retry = self._request.context.retry or self.caller.retry
        asked = self._decoder.retry
        # The server sets the time by a `retry:` line; it is capped, since it could otherwise park a client for ever.
        pause = retry.pause(self._losses, self._random()) if asked is None else min(asked, retry.retry_after_cap)
        if self.caller.clock() + pause >= self._until:
            raise fell_silent(self._request)
        return pause

    def _resuming(self) -> Request:
        """Return the request that continues after the last id, with a new deadline and what is left of the life."""
        request = self.caller.started(self._request)
        if request.context.timeout.stream is not None:
            request = request.with_context(
                timeout=replace(request.context.timeout, stream=self._until - self.caller.clock())
            )
        if not self.last_id:
            return request
        try:
            return request.with_headers({"Last-Event-ID": header_text(self.last_id)})
        except Refused as refusal:
            raise self._invalid(f"the stream cannot go on after its last id: {refusal}") from None

    def _invalid(self, problem: str) -> ResponseValidationError:
        return ResponseValidationError(f"{self._request.context.label}: {problem}", request=self._request, body=b"")

    def _release(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def close(self) -> None:
        """Give the connection back, or close it when the reply was not read to its end; may be called again."""
        self._over = True
        self._ready = iter(())
        self._release()


def event_text(response: Response, request: Request) -> str:
    """Return the data of an event as text."""
    return response.body.decode()


def open_event_reader(caller: Caller, request: Request, events: EventStream, decode: Wanted) -> Flow[EventReader]:
    """Send the request and return the reader of its stream; raises the errors of a call."""
    response = caller.checked((yield from caller.exchange(request)), request)
    return EventReader(caller, request, _accepted(response, request, events), events, decode)


def parsed_by(parse: Callable[[str], Any]) -> Decode:
    """Return what reads the data of an event by a function of the declaration."""

    def read(response: Response, request: Request) -> Any:
        try:
            return parse(response.body.decode())
        except (ValueError, TypeError, LookupError) as error:
            problem = f"the data of an event cannot be parsed ({type(error).__name__})"
            raise ResponseValidationError(
                f"{request.context.label}: {problem}", request=request, body=response.body
            ) from None

    return read


def _kind_of(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _accepted(response: Response, request: Request, events: EventStream) -> Response:
    """Return the reply if it is a stream or a 204; raises ResponseValidationError for any other."""
    kind = _kind_of(response)
    if response.status == 204 or format_of(kind, events.formats):
        return response
    discard(response)
    raise ResponseValidationError(
        f"{request.context.label}: the reply is {json.dumps(kind)}, not an event stream; "
        "a proxy or another service may have answered: check the endpoint",
        request=request,
        body=response.body,
    )
