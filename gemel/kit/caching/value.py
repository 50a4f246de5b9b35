"""Cache: what a client keeps and for how long, as a value; Caching: what it has kept, for its user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from gemel.kit.caching.store import Store

__all__ = ["Cache", "Caching", "StaleReply"]


class StaleReply(Struct, frozen=True):
    """What `on_stale` is called with when a cached reply stands in for a server that is down.

    Attributes:
        label: The call ("Secrets.list").
        url: The address, secret values masked.
        age: The age of the reply, in seconds.
        error: The class name of the error, or the status of the server's reply.
    """

    label: str
    url: str
    age: float
    error: str


class Cache(Struct, frozen=True, eq=False):
    """What a client keeps: `Client(..., cache=Cache(ttl=60, stale_if_error=600))`. Without one it keeps nothing.

    Attributes:
        ttl: Seconds for which a reply is served again without asking; fewer where the server says so. With 0 the
            server is asked each time, and answers 304 where it has tagged its reply.
        stale_if_error: Seconds after that for which a reply stands in for a server that cannot be reached, does
            not answer in time or fails with a 5xx, once all repeats were made (RFC 5861, section 4).
        max_entries: The most replies that the client keeps in memory; the least recently used leave first.
        max_bytes: The most bytes that the client keeps in memory.
        max_reply: The most bytes that the body of a cached reply may have.
        store: Keeps the replies instead of the client's memory; it may be shared by clients and has bounds of its
            own.
        on_stale: Called with each reply that stands in; what it raises is logged and goes no further.
        clock: Returns seconds; by default the client's monotonic clock, and its time of day with a `store`, which may
            outlive the process.

    Raises:
        ValueError: A number is negative or infinite.
    """

    ttl: float = 60.0
    stale_if_error: float = 0.0
    max_entries: int = 1000
    max_bytes: int = 32 << 20
    max_reply: int = 8 << 20
    store: Store | None = None
    on_stale: Callable[[StaleReply], None] | None = None
    clock: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        for name in ("ttl", "stale_if_error", "max_entries", "max_bytes", "max_reply"):
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ValueError(f"cache: {name} must be a finite number, 0 or more, got {value!r}")


class Caching:
    """The cache of a client, `client.cache`; empty without the setting `cache`."""

    def __init__(self, clear: Callable[[], None] | None) -> None:
        self._clear = clear

    def clear(self) -> None:
        """Drop everything cached of this client's server; in a shared store, for every client of that server."""
        if self._clear is not None:
            self._clear()
