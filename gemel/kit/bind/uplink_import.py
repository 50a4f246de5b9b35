"""The modules of uplink, loaded whole and once: with the first binding, not with gemel.

uplink has no types: what is taken from it is Any, and stays in this package. Of the classes that others derive from,
checkers are told that they take and have anything, since a class that derives from Any has no known type itself.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

__all__ = ["arguments", "commands", "decorators", "exceptions", "helpers", "keys"]

_PAUSE = 0.001
"""Seconds to wait for another thread that is loading uplink before the next try."""


def _load() -> None:
    """Load uplink with the locks of all its modules held, so that no other thread can come in between.

    Whoever imports a submodule of a package takes its lock before that of the package, and a package whose `__init__`
    imports submodules, as uplink's does, takes them the other way round. Where two threads do both at once, CPython
    detects the deadlock and goes on with half a module, or an error, in one of them; uplink then stays crippled. Held
    from the beginning, the locks let the others wait. Where another thread has begun, it is left to finish.
    """
    manager: Any = getattr(getattr(importlib, "_bootstrap", None), "_ModuleLockManager", None)
    while manager is not None and "uplink" not in sys.modules:
        try:
            with ExitStack() as held:
                for name in _names():
                    held.enter_context(manager(name))
                importlib.import_module("uplink")
        except RuntimeError as error:
            if type(error).__name__ != "_DeadlockError":
                raise
            time.sleep(_PAUSE)
    importlib.import_module("uplink")  # waits for a thread that is at it


def _names() -> list[str]:
    """Return the names of uplink and of all its modules, found without loading any."""
    spec = importlib.util.find_spec("uplink")
    places = None if spec is None else spec.submodule_search_locations
    return ["uplink", *_inside("uplink", places or ())]


def _inside(package: str, places: Iterable[str]) -> Iterator[str]:
    for found in pkgutil.iter_modules(list(places)):
        name = f"{package}.{found.name}"
        yield name
        if found.ispkg:
            yield from _inside(name, [f"{place}/{found.name}" for place in places])


_load()

# Plain imports, so that whoever packs a program sees them.
import uplink.arguments  # type: ignore[import-untyped]  # noqa: E402
import uplink.commands  # type: ignore[import-untyped]  # noqa: E402
import uplink.converters.keys  # type: ignore[import-untyped]  # noqa: E402
import uplink.decorators  # type: ignore[import-untyped]  # noqa: E402
import uplink.exceptions  # type: ignore[import-untyped]  # noqa: E402
import uplink.helpers  # type: ignore[import-untyped]  # noqa: E402

decorators: Any = uplink.decorators
exceptions: Any = uplink.exceptions
keys: Any = uplink.converters.keys

if TYPE_CHECKING:

    class _Untyped:
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    class arguments:
        """`uplink.arguments`."""

        class ArgumentAnnotation(_Untyped): ...

        class ArgumentAnnotationHandler(_Untyped): ...

        class ArgumentAnnotationHandlerBuilder(_Untyped): ...

    class commands:
        """`uplink.commands`."""

        HttpMethod: Any

        class RequestDefinition(_Untyped): ...

        class RequestDefinitionBuilder(_Untyped): ...

    class helpers:
        """`uplink.helpers`."""

        class RequestBuilder(_Untyped): ...

else:
    arguments, commands, helpers = uplink.arguments, uplink.commands, uplink.helpers
