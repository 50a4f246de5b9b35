"""The Infisical half of the sandbox: it checks what a real server checks."""

from __future__ import annotations

from .backend import Backend, Identity
from .server import Infisical

__all__ = ["Backend", "Identity", "Infisical"]
