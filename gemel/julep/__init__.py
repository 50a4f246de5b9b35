"""The Julep SDK, 0.x: agents, users, sessions, docs, tools, blocking and async, from one set of declarations."""

from __future__ import annotations

from gemel.julep.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
