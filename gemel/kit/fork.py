"""What a forked process makes anew: it inherits locks that nobody will release, and sockets that are not its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

__all__ = ["Inherited", "lock_made_anew", "renewed_after_fork"]


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


def _renew() -> None:
    """Renew everything, whatever goes wrong with one of them; the first failure is told at the end.

    What is told here is printed and does not stop the child: there is nobody to catch it. Were it told at once, those
    who come later would go on with what is the parent's, and take the replies to its requests.
    """
    failures = list[Exception]()
    for lock in list(_locks):
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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
