"""Renews in a forked process the locks that nobody will release there, and the sockets that are not its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

__all__ = ["Inherited", "lock_made_anew", "renewed_after_fork"]


class Inherited(Protocol):
    """An object that a forked process must not use as it was in the parent."""

    def forked(self) -> None:
        """Become usable in the new process, which has one thread, without waiting and without touching the parent."""
        ...


_inherited: WeakSet[Inherited] = WeakSet()
_locks: WeakSet[threading.Lock] = WeakSet()


def renewed_after_fork(owner: Inherited) -> None:
    """Call `owner.forked()` in every process that is forked from now on."""
    _inherited.add(owner)


def lock_made_anew() -> threading.Lock:
    """Return a lock that is free in a forked process, even if a thread of the parent held it."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def _renew() -> None:
    """Renew everything, even if one of them fails; the first failure is raised at the end.

    Python prints what a fork hook raises and goes on, since nobody can catch it. If it were raised at once, those
    who come later would go on with what is the parent's, and take the replies to its requests.
    """
    failures = list[Exception]()
    # Locks first, since `forked` may take them.
    for lock in list(_locks):
        # As CPython does it for the locks of its own threading and logging: no thread is left to release them.
        _tried(lock._at_fork_reinit, failures)  # type: ignore[attr-defined]
    for owner in list(_inherited):
        _tried(owner.forked, failures)
    if failures:
        raise failures[0]


def _tried(renew: Callable[[], object], failures: list[Exception]) -> None:
    try:
        renew()
    except Exception as failure:
        failures.append(failure)


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
