"""uplink's modules, loaded whole and once for everybody: with the first binding, not with gemel.

They have no types: what is taken from them is Any, and stays in this room.
"""

from __future__ import annotations

from typing import Any

# A plain import, so that whoever packs a program sees it, and the import system's own locks hold: a thread that imports
# uplink meanwhile waits, and gets the same modules.
import uplink.arguments  # type: ignore[import-untyped]
import uplink.commands  # type: ignore[import-untyped]
import uplink.converters.keys  # type: ignore[import-untyped]
import uplink.decorators  # type: ignore[import-untyped]
import uplink.exceptions  # type: ignore[import-untyped]
import uplink.helpers  # type: ignore[import-untyped]

__all__ = ["arguments", "commands", "decorators", "exceptions", "helpers", "keys"]

arguments: Any = uplink.arguments
commands: Any = uplink.commands
decorators: Any = uplink.decorators
exceptions: Any = uplink.exceptions
helpers: Any = uplink.helpers
keys: Any = uplink.converters.keys
