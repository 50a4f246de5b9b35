"""Memories: in the published specification, and in this server only as a route that finds nothing."""

from __future__ import annotations

from typing import Any

from .errors import detail
from .routing import Call, Routes

__all__ = ["routes"]

routes: Routes = Routes()  # the operations of this noun


def delete(call: Call) -> Any:
    """DELETE a memory: there is none."""
    raise detail(404, "Not Found")


routes.add("DELETE", "/agents/{agent_id}/memories/{memory_id}", delete)
