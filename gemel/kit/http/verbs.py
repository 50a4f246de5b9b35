"""Says what the request of each verb carries: query parameters or a body (RFC 9110, section 9)."""

from __future__ import annotations

from typing import cast

from gemel.kit.http.encoding import Refused, header_name

__all__ = ["BODILESS", "SENDS_QUERY", "verb_of"]

SENDS_QUERY: frozenset[str] = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PURGE"})
"""The verbs whose plain arguments go into the query; those of other verbs go into a JSON body."""

BODILESS: frozenset[str] = frozenset({"GET", "HEAD", "TRACE"})
"""The verbs whose requests have no body."""


def verb_of(text: str) -> str:
    """Return a verb in capitals, as all registered ones are; any token is a verb.

    Raises:
        Refused: The text is not a token (RFC 9110, section 9.1), or is CONNECT, which asks a proxy for a tunnel.
    """
    if not isinstance(cast("object", text), str):
        raise Refused(f"a verb is text, got {type(text).__name__}")
    verb = header_name(text).upper()
    if verb == "CONNECT":
        raise Refused("CONNECT asks for a tunnel, and has no path")
    return verb
