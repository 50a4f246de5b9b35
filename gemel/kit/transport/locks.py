"""The named locks of a blocking client, which no signal handler can leave locked.

A handler may raise between any two steps of Python: when threading.Lock.acquire() has returned and nothing has noted it
yet, no `finally` releases that lock, and every later call waits for it until its deadline. So a lock is only held while
there is an object that holds it. That object has no `__del__`, since what a handler raises in there is lost.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from weakref import WeakValueDictionary, ref

from gemel.kit.flow.clock import monotonic
from gemel.kit.fork import lock_made_anew

__all__ = ["Held", "Locks"]

_LOOK = 0.2
"""Seconds after which those who wait look whether whoever holds the lock is still there."""


class _Lock:
    """A lock: who holds it, and who waits for it, each behind a gate of its own."""

    def __init__(self) -> None:
        self.guard: threading.Lock = lock_made_anew()
        self.holder: ref[Held] | None = None
        self.waiting: deque[threading.Lock] = deque()

    def call(self) -> None:
        """Let the first of those who wait look."""
        with contextlib.suppress(IndexError):
            self.waiting.popleft().release()


class Held:
    """One who holds a lock, or waits for it."""

    def __init__(self, lock: _Lock) -> None:
        self._lock: _Lock = lock

    def taken(self, deadline: float) -> bool:
        """Take the lock, waiting until `deadline` (monotonic seconds); False when that passes first."""
        while not self._is_mine():
            left = deadline - monotonic()
            if left <= 0:
                return False
            gate = threading.Lock()
            gate.acquire()
            self._lock.waiting.append(gate)
            if not self._is_mine():  # else it was given back before the gate was there to be opened
                gate.acquire(timeout=min(left, _LOOK))
            with contextlib.suppress(ValueError):  # it was opened
                self._lock.waiting.remove(gate)
        return True

    def _is_mine(self) -> bool:
        # A `with` of a C lock is safe: between the lock and its block, the interpreter does not look for signals.
        with self._lock.guard:
            holder = self._lock.holder
            if holder is None or holder() is None:
                self._lock.holder = holder = ref[Held](self)
            return holder() is self

    def release(self) -> None:
        """Give the lock back; it may be called again."""
        with self._lock.guard:
            holder = self._lock.holder
            if holder is None or holder() is not self:
                return
            self._lock.holder = None
        self._lock.call()


class Locks:
    """The locks of one client by their names; one that nobody holds or waits for is forgotten."""

    def __init__(self) -> None:
        self._unnamed: _Lock = _Lock()
        self._named: WeakValueDictionary[str, _Lock] = WeakValueDictionary()
        self._guard = lock_made_anew()

    def acquired(self, name: str, deadline: float) -> Held | None:
        """Return the lock of that name, taken; None when the deadline passes first.

        Args:
            name: Of the lock.
            deadline: In monotonic seconds.
        """
        held = Held(self._lock(name) if name else self._unnamed)
        return held if held.taken(deadline) else None

    def _lock(self, name: str) -> _Lock:
        with self._guard:
            lock = self._named.get(name)
            if lock is None:
                lock = self._named[name] = _Lock()
            return lock
