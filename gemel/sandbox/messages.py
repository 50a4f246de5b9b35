"""What crosses between the web server and an API of the sandbox: a request as it came, and a reply."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, overload

__all__ = ["Api", "RecordedRequest", "RequestLog", "ServerReply", "SharedPort", "answered"]

JSON_TYPE = "application/json; charset=utf-8"
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it came over the wire.

    Headers and body may hold credentials, so neither is in the repr.

    Attributes:
        method: The verb.
        target: The request target exactly as on the request line, neither decoded nor normalised.
        headers: Name and value pairs in the order sent.
        body: The bytes of the body.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """The target up to the question mark, still undecoded."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True)
class ServerReply:
    """What is sent back.

    Attributes:
        status: The status code.
        body: The bytes of the body.
        headers: Name and value pairs; the framing of the body is added when the reply is written.
        pause: Seconds between the parts of a streamed body, which end at blank lines; None sends
            the body whole.
        hang_up: Whether the server closes the connection after the reply, without a word.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    pause: float | None = None
    hang_up: bool = False

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> ServerReply:
        """A reply with a JSON document as its body."""
        body = _ENCODER.encode(value).encode(errors="replace")
        return cls(status, body, (("Content-Type", JSON_TYPE), *headers))


class Api(Protocol):
    """An API that the web server can put on a socket."""

    def answer(self, request: RecordedRequest) -> ServerReply | Awaitable[ServerReply]:
        """The reply to one request, or what to await for it; called on the server's thread, never twice at once."""
        ...

    def rate_limited(self, retry_after: int) -> ServerReply:
        """The reply of this API to a caller who must wait that many seconds."""
        ...

    def too_large(self) -> ServerReply:
        """The reply of this API to a body that is over the limit."""
        ...


class SharedPort:
    """Several APIs on one port.

    Arguments:
        choose: The API that a path belongs to.
    """

    def __init__(self, choose: Callable[[str], Api]) -> None:
        self.choose = choose


async def answered(api: Api, request: RecordedRequest) -> ServerReply:
    """The reply of an API, awaited where it takes time."""
    reply = api.answer(request)
    return reply if isinstance(reply, ServerReply) else await reply


class RequestLog(Sequence[RecordedRequest]):
    """The last requests received, oldest first; safe to read while the server runs."""

    def __init__(self, limit: int = 1000) -> None:
        self._lock = threading.Lock()
        self._requests: deque[RecordedRequest] = deque(maxlen=limit)

    def add(self, request: RecordedRequest) -> None:
        """Keep a request, dropping the oldest when the log is full."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._requests.clear()

    def _snapshot(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self._snapshot())

    @overload
    def __getitem__(self, index: int) -> RecordedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedRequest]: ...
    def __getitem__(self, index: int | slice) -> RecordedRequest | list[RecordedRequest]:
        return self._snapshot()[index]

    def __repr__(self) -> str:
        return f"RequestLog({self._snapshot()!r})"
