"""What the tests of uplink share with those of the kit: both modes, and a clean environment."""

from __future__ import annotations

from ..kit.conftest import authority, mode, plain_environment

__all__ = ["authority", "mode", "plain_environment"]
