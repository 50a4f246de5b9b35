"""The Infisical half of the sandbox: it checks what a real server checks."""

from __future__ import annotations

from .backend import Backend, Identity, User
from .schema import SCHEMA
from .server import Infisical, rate_groups

__all__ = ["SCHEMA", "Backend", "Identity", "Infisical", "User", "rate_groups"]
