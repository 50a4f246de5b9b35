"""Frozen values that cross every seam: Headers, Timeout, Request and Response."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr, replace
from typing_extensions import Self

from gemel.kit.http.redaction import MASK, Redactor, redact
from gemel.kit.http.sensitive import is_sensitive_header, without_password, without_sensitive_parameters
from gemel.kit.types import Discreet

__all__ = [
    "BodyReader",
    "CallContext",
    "HeaderSource",
    "Headers",
    "OwnErrors",
    "Request",
    "Response",
    "Retry",
    "Streamed",
    "Timeout",
    "hiding",
    "origin",
    "root_of",
]


HeaderSource: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
"""The values that Headers can be made from."""


class Headers(Mapping[str, str]):
    """HTTP header fields: names compare without case, order and repetition are kept (RFC 9110, section 5).

    Looking up a name joins repeated fields with ", ", and so does comparing. The repr masks credentials.
    """

    __slots__ = ("_index", "_items")

    def __init__(self, source: HeaderSource = ()) -> None:
        self._items: tuple[tuple[str, str], ...] = _pairs(source)
        self._index: dict[str, str] | None = None

    def _by_name(self) -> dict[str, str]:
        if self._index is None:
            index: dict[str, str] = {}
            for name, value in self._items:
                key = name.lower()
                index[key] = f"{index[key]}, {value}" if key in index else value
            self._index = index
        return self._index

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._by_name() == Headers(cast("Mapping[str, str]", other))._by_name()

    def __hash__(self) -> int:
        return hash(frozenset(self._by_name().items()))

    def get_list(self, name: str) -> list[str]:
        """Return every value of one field, in the order received."""
        wanted = name.lower()
        return [value for key, value in self._items if key.lower() == wanted]

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return all fields as they are sent: names as written, repetitions kept."""
        return self._items

    def with_values(self, source: HeaderSource) -> Headers:
        """Return a copy in which these fields replace those of the same name."""
        added = _pairs(source)
        names = {name.lower() for name, _ in added}
        if names.isdisjoint(self._by_name()):
            return Headers(self._items + added)
        return Headers((*(item for item in self._items if item[0].lower() not in names), *added))

    def masked(self, secrets: Iterable[str] = ()) -> Headers:
        """Return a copy in which every credential is masked.

        Args:
            secrets: Further values to mask, wherever they occur.
        """
        redacted = Redactor(secrets)
        return Headers((name, _masked_field(name, value, redacted)) for name, value in self._items)

    def __repr__(self) -> str:
        return f"Headers({list(self.masked().pairs())!r})"


def _masked_field(name: str, value: str, redacted: Redactor) -> str:
    if is_sensitive_header(name):
        return MASK
    return redacted(without_password(without_sensitive_parameters(value)))


def _pairs(source: HeaderSource) -> tuple[tuple[str, str], ...]:
    if isinstance(source, tuple):
        return source
    if isinstance(source, Headers):
        return source.pairs()
    return tuple(cast("Mapping[str, str]", source).items() if isinstance(source, Mapping) else source)


_LARGEST = sys.float_info.max


class Timeout(Struct, frozen=True):
    """How long a call may take, in seconds; no limit can be infinite.

    Attributes:
        total: The whole call, with its attempts, the waits between them and a login.
        connect: Making one connection: resolving, all addresses, the tunnel of a proxy, TLS.
        read: The silence between two pieces of a reply, or of a large body being sent.
        stream: The whole life of a stream or download once it is open; None for as long as pieces keep coming.
    """

    total: float = 60.0
    connect: float = 10.0
    read: float = 30.0
    stream: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if name == "stream" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LARGEST:
                raise ValueError(f"timeout: {name} must be a positive, finite number of seconds, got {value!r}")

    @classmethod
    def of(cls, value: Timeout | float) -> Timeout:
        """Return a Timeout, made from a total in seconds if needed; raises ValueError unless positive and finite."""
        return value if isinstance(value, Timeout) else cls(total=value)


class Retry(Struct, frozen=True):
    """How often and how patiently a failed request is sent again.

    Attributes:
        limit: The most retries after the first attempt; 0 turns retries off, and waiting for a rate limit too.
        base: The ceiling of the first wait, in seconds; each wait is drawn below its ceiling (full jitter).
        cap: The highest ceiling, in seconds; they double from `base` on.
        retry_after_cap: The longest Retry-After that is obeyed, in seconds; a longer one ends the attempts.
        budget: How many retries a client has in store: each takes one, each success gives a tenth back; None for any
            number. A retry after a 429 takes none. It is the client's; for a single call only None has an effect.
        statuses: Further statuses that are retried like 503, such as `{520, 522, 524, 529}`.

    Raises:
        ValueError: A number is out of range.
    """

    limit: int = 2
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 60.0
    budget: float | None = 20.0
    statuses: Collection[int] = frozenset()

    def __post_init__(self) -> None:
        limit = cast("object", self.limit)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"retries: the limit must be a whole number, 0 or more, got {limit!r}")
        if not (0 < self.base <= self.cap < float("inf") and 0 <= self.retry_after_cap < float("inf")):
            raise ValueError("retries: base must be positive and at most cap, and all of them finite, in seconds")
        if self.budget is not None and not 0 <= self.budget < float("inf"):
            raise ValueError(f"retries: the budget must be a number, 0 or more, or None for any, got {self.budget!r}")
        statuses = cast("object", self.statuses)
        if not isinstance(statuses, Collection) or not all(map(_is_failure, cast("Collection[object]", statuses))):
            raise ValueError(f"retries: statuses are whole numbers from 400 to 599, got {statuses!r}")
        force_setattr(self, "statuses", frozenset(self.statuses))

    @classmethod
    def of(cls, value: Retry | int) -> Retry:
        """Return a Retry, made from a number of retries if need be."""
        return value if isinstance(value, Retry) else cls(limit=value)

    def pause(self, repeats: int, random: float) -> float:
        """Return the seconds to wait after so many retries: full jitter below a ceiling that doubles."""
        return float(random * min(self.cap, self.base * 2 ** min(repeats, 64)))


def _is_failure(status: object) -> bool:
    return isinstance(status, int) and 400 <= status <= 599


class BodyReader(Protocol):
    """Reads the bytes of a body while it is sent."""

    def read(self, count: int) -> bytes:
        """Return at most so many of the next bytes, b"" at the end, and tell the progress."""
        ...

    def take(self, count: int) -> bytes:
        """Return at most so many of the next bytes, b"" at the end, without telling; may be called in a thread."""
        ...

    def progressed(self, count: int) -> None:
        """Tell the progress after a piece of so many bytes."""
        ...


class Streamed(Protocol):
    """A body that is read while it is sent; an `Upload` is one."""

    content_type: str

    def opened(self, deadline: float = ...) -> AbstractContextManager[BodyReader]:
        """Open the body at its start for one attempt; `deadline` is in monotonic seconds."""
        ...

    @property
    def replayable(self) -> bool:
        """Whether it can be sent (again)."""
        ...

    def __len__(self) -> int:
        """Return its size in bytes."""
        ...


OwnErrors: TypeAlias = "Mapping[int | str, Any]"
"""The classes of errors by status, or by the API's code."""


class CallContext(Struct, frozen=True):
    """The context of a request, which is never sent: whose call it is, and how it is made.

    Attributes:
        label: The name of the call for messages, such as "Secrets.retrieve".
        deadline: When the whole call must be over, in monotonic seconds.
        timeout: The limits of the call.
        secrets: Values that must never be shown; they are masked in everything made from the request.
        auth: The names of the credentials that are added; () for the client's usual one, None for none.
        retry: How the request is retried, None for the client's own way.
        attempt: The number of the attempt, from 1.
        resource: The name of the resource class that declares the endpoint, "" when none does.
        cacheable: Whether a cache may keep the reply.
        streamed: Whether the body of a success is left to be read piece by piece.
        safe: Whether the request changes nothing at the server, None where its verb says so.
        idempotent: Whether it may be sent twice, None where its verb says so.
        statuses: The statuses that the endpoint names as answers: they are no failures.
        errors: The errors that endpoint, class and client raise of their own, the nearest first.
    """

    label: str = ""
    deadline: float = float("inf")
    timeout: Timeout = Timeout()
    secrets: tuple[str, ...] = ()
    auth: tuple[str, ...] | None = ()
    retry: Retry | None = None
    attempt: int = 1
    resource: str = ""
    cacheable: bool = True
    streamed: bool = False
    safe: bool | None = None
    idempotent: bool | None = None
    statuses: Collection[int] = ()
    errors: tuple[OwnErrors, ...] = ()

    def __repr__(self) -> str:
        return f"CallContext({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        given = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [(name, _MASKED if name == "secrets" and value else value) for name, value in given]


class _Masked:
    """Stands for a hidden value in a repr, and in that of rich."""

    def __repr__(self) -> str:
        return MASK


_MASKED = _Masked()


class Request(Struct, frozen=True):
    """One HTTP request, ready to send.

    Attributes:
        method: The verb.
        url: The absolute address, percent-encoded.
        headers: The header fields.
        body: The body as bytes, None for no body, or an Upload, which is read while it is sent.
        context: Its context, which is not sent.
    """

    method: str
    url: str
    headers: Headers
    body: bytes | Streamed | None = None
    context: CallContext = CallContext()

    @property
    def path(self) -> str:
        """The path, percent-encoded as it is sent; "/" when the address has none."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The query, percent-encoded as it is sent, without "?"."""
        return urlsplit(self.url).query

    def with_headers(self, source: HeaderSource) -> Self:
        """Return a copy with these header fields set."""
        return replace(self, headers=self.headers.with_values(source))

    def with_context(self, **changes: Any) -> Self:
        """Return a copy whose context has these values."""
        return replace(self, context=replace(self.context, **changes))

    @property
    def replayable(self) -> bool:
        """Whether it can be sent again; False with a file that can be read only once."""
        return getattr(self.body, "replayable", True)

    def masked(self) -> Request:
        """Return a copy that is safe to show and keep: without its body, credentials and secret values masked."""
        return Request(
            self.method,
            redact(self.url, self.context.secrets),
            self.headers.masked(self.context.secrets),
            None,
            replace(self.context, secrets=(), errors=()),
        )

    def __repr__(self) -> str:
        return f"<Request {self.method} {redact(self.url, self.context.secrets)}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = self.masked()
        body = None if self.body is None else _MASKED
        return [("method", shown.method), ("url", shown.url), ("headers", dict(shown.headers.pairs())), ("body", body)]


class Response(Discreet, frozen=True):
    """One HTTP reply, its body read to the end.

    Attributes:
        status: The status code.
        url: The address that answered.
        body: The body as bytes, content coding removed.
        attempts: How many attempts were made, 0 for a reply from the cache.
        cache: "" without a cache; "miss", "revalidated" (304) and "shared" (with another call) when the server was
            asked; "hit" for a cached reply, "stale" for an expired one in place of a server that is down.
    """

    status: int
    headers: Headers
    body: bytes
    url: str
    attempts: int = 1
    cache: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"


def hiding(request: Request, secrets: Iterable[str]) -> Request:
    """Return a copy of a request that masks these values too, in whatever is made from it."""
    return request.with_context(secrets=(*request.context.secrets, *secrets))


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address (RFC 6454), default ports filled in."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def root_of(url: str) -> str:
    """Return an address without path and query, to which a path that begins with "/" is appended."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
