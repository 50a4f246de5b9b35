"""The rate limits of an Infisical server, by request."""

from __future__ import annotations

import re

from gemel.kit.http.messages import Request

__all__ = ["limit_group"]

_NOUN = re.compile(r"/api/v[0-9]+/([^/?]*)")
_SECRETS = frozenset({"folders", "secret-imports", "secrets"})


def limit_group(request: Request) -> str:
    """Return the rate limit of a request: "secrets", which folders and imports share, "auth", "read" or "write"."""
    found = _NOUN.search(request.url)
    noun = "" if found is None else found[1]
    if noun in _SECRETS:
        return "secrets"
    if noun == "auth":
        return "auth"
    return "read" if request.method in ("GET", "HEAD") else "write"
