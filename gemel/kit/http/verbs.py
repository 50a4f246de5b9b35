"""What each verb's request carries: parameters in the query, or a body (RFC 9110, section 9)."""

from __future__ import annotations

from typing import cast

from gemel.kit.http.encoding import Refused, header_name

__all__ = ["BODILESS", "SENDS_QUERY", "verb_of"]

SENDS_QUERY: frozenset[str] = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PURGE"})
"""The verbs whose plain arguments go into the query; those of any other are members of a JSON body."""

BODILESS: frozenset[str] = frozenset({"GET", "HEAD", "TRACE"})
"""The verbs whose requests have no body."""


def verb_of(text: str) -> str:
    """Return a verb in capitals, as all that are registered are written; any token is one.

    Raises:
        Refused: The text is no token (RFC 9110, section 9.1), or CONNECT, which asks a proxy for a tunnel.
    """
    if not isinstance(cast("object", text), str):
        raise Refused(f"a verb is text, got {type(text).__name__}")
    verb = header_name(text).upper()
    if verb == "CONNECT":
        raise Refused("CONNECT asks for a tunnel, and has no path")
    return verb
