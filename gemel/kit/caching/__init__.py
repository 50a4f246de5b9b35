"""Keeping replies, when asked to: `Client(..., cache=Cache(ttl=60, stale_if_error=600))`.

A private client cache (RFC 9111): GET replies with status 200, kept by address, headers and credential.
"""

from __future__ import annotations

from gemel.kit.caching.policy import CachingPolicy, Identity
from gemel.kit.caching.store import MemoryStore, Store
from gemel.kit.caching.value import Cache, Caching, StaleReply

__all__ = ["Cache", "Caching", "CachingPolicy", "Identity", "MemoryStore", "StaleReply", "Store"]
