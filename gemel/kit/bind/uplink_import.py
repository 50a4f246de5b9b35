"""uplink's modules, loaded whole and once for everybody: with the first binding, not with gemel.

They have no types: what is taken from them is Any, and stays in this room. Of the classes that others derive from,
checkers are told that they take and have anything: what names a class that derives from Any has no known type itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# A plain import, so that whoever packs a program sees it, and the import system's own locks hold: a thread that imports
# uplink meanwhile waits, and gets the same modules.
import uplink.arguments  # type: ignore[import-untyped]
import uplink.commands  # type: ignore[import-untyped]
import uplink.converters.keys  # type: ignore[import-untyped]
import uplink.decorators  # type: ignore[import-untyped]
import uplink.exceptions  # type: ignore[import-untyped]
import uplink.helpers  # type: ignore[import-untyped]

__all__ = ["arguments", "commands", "decorators", "exceptions", "helpers", "keys"]

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
