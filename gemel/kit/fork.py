"""What a forked process makes anew: it inherits locks that nobody will release, and sockets that are not its own."""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet

__all__ = ["Inherited", "free", "lock_made_anew", "renewed_after_fork"]


class Inherited(Protocol):
    """Something that a forked process may not use as it is."""

    def forked(self) -> None:
        """Become usable in the new process, which has one thread; without waiting, and without touching the parent."""
        ...


_inherited: WeakSet[Inherited] = WeakSet()
_locks: WeakSet[threading.Lock] = WeakSet()


def renewed_after_fork(owner: Inherited) -> None:
    """Have `owner.forked()` called in every process that is forked from now on."""
    _inherited.add(owner)


def lock_made_anew() -> threading.Lock:
    """Return a lock that is free in a forked process, whoever held it in the parent."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def free(lock: object) -> None:
    """Make a lock free whose holder is a thread of the parent; as the standard library does with its own."""
    lock._at_fork_reinit()  # type: ignore[attr-defined]


def _renew() -> None:
    for lock in list(_locks):
        free(lock)
    for owner in list(_inherited):
        owner.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
