"""The Infisical half of the sandbox: it checks what a real server checks."""

from __future__ import annotations

from .backend import Backend, Identity
from .schema import SCHEMA
from .server import Infisical

__all__ = ["SCHEMA", "Backend", "Identity", "Infisical"]
