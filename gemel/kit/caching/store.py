"""Stores of cached replies: the Store protocol, and a bounded store in memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from gemel.kit.fork import lock_made_anew

__all__ = ["MemoryStore", "Store"]


class Store(Protocol):
    """Keeps bytes under text keys; implement it to share a cache between clients or processes.

    Its methods are plain functions that several threads call, and the event loop too: they must be quick and must not
    raise. Keys consist of letters, digits, "-" and "/", and reveal neither addresses nor credentials. Values are opaque
    but not encrypted: they hold whole replies. A store may lose anything at any time.
    """

    def get(self, key: str) -> bytes | None:
        """Return the value of this key, None when there is none."""
        ...

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value, which may be dropped after so many seconds."""
        ...

    def delete(self, key: str) -> None:
        """Drop this key, if it is there."""
        ...

    def clear(self, prefix: str = "") -> None:
        """Drop every key that starts so."""
        ...


class MemoryStore:
    """A store in memory; the least recently used values leave first.

    Args:
        max_entries: The most values that are kept.
        max_bytes: The most bytes that are kept, keys and values together.
        clock: Returns seconds, by which values expire.
    """

    def __init__(
        self, *, max_entries: int = 1000, max_bytes: int = 32 << 20, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._clock = clock
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0
        self._guard = lock_made_anew()

    def get(self, key: str) -> bytes | None:
        """Return the value of this key, None when there is none."""
        with self._guard:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds; one larger than the whole store is not kept."""
        with self._guard:
            self._drop(key)
            now = self._clock()
            if len(key) + len(value) <= self._max_bytes:
                self._kept[key] = value, now + seconds
                self._bytes += len(key) + len(value)
            self._make_room(now)

    def delete(self, key: str) -> None:
        """Drop this key, if it is there."""
        with self._guard:
            self._drop(key)

    def clear(self, prefix: str = "") -> None:
        """Drop every key that starts so."""
        with self._guard:
            for key in [key for key in self._kept if key.startswith(prefix)]:
                self._drop(key)

    def _make_room(self, now: float) -> None:
        """Drop from the least recently used on: what has expired, and while there is too much."""
        while self._kept:
            key, (_, end) = next(iter(self._kept.items()))
            if end > now and len(self._kept) <= self._max_entries and self._bytes <= self._max_bytes:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= len(key) + len(found[0])

    @property
    def size(self) -> int:
        """The bytes that are kept, keys included."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<MemoryStore: {len(self._kept)} entries, {self._bytes} bytes>"
