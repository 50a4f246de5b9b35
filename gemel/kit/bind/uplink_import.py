"""Loads a package without the optional packages that it would load for features that are not used.

uplink imports aiohttp, marshmallow, pydantic and twisted wherever they are installed: some 200 ms of every start, and
none of it is needed to bind a call.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from typing import Any

__all__ = ["import_isolated"]

_guard = threading.RLock()


class _Hiding:
    """A finder that hides modules from the thread that made it, and from no other."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self._hidden = frozenset(hidden)
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Refuse the hidden modules; leave all others to the finders after this one."""
        if name in self._hidden and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)


def import_isolated(package: str, modules: Sequence[str], *, hidden: Sequence[str]) -> list[Any]:
    """Return modules of a package, loaded while `hidden` modules seem not to be installed.

    The copy is private: it is taken out of sys.modules again, so that another import of the package finds it whole.
    Where the package is loaded already, that one is used.
    """
    with _guard:
        if package in sys.modules:
            return [importlib.import_module(name) for name in modules]
        finder: Any = _Hiding(hidden)
        sys.meta_path.insert(0, finder)
        try:
            return [importlib.import_module(name) for name in modules]
        finally:
            sys.meta_path.remove(finder)
            for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
                del sys.modules[name]
