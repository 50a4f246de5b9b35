"""Where a request goes whose address is an argument."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote

from gemel.kit.http.address import referred_address
from gemel.kit.http.encoding import Refused
from gemel.kit.http.messages import origin

__all__ = ["destination"]


def destination(base: str, reference: str, origins: Collection[str]) -> str:
    """Return the whole address that an argument names.

    Args:
        base: The client's endpoint, by which a relative one goes.
        reference: The argument.
        origins: Those besides the client's own that it may be at.

    Raises:
        Refused: It is no address, has a user or dot segments, or is elsewhere.
    """
    if not reference.strip():
        raise Refused("the address is empty")
    address = referred_address(base, reference)
    if address.user:
        raise Refused("the address must not hold a user name or password")
    whole = address.root + address.target
    written = re.split(r"[?#]", reference, maxsplit=1)[0]
    if any(unquote(segment) in (".", "..") for segment in re.split(r"[/\\]", unquote(written))):
        raise Refused("the address must not hold . or .. segments")
    if origin(whole) != origin(base) and not any(_covers(allowed, whole) for allowed in origins):
        raise Refused("the address must stay at the client's origin, or at one that origins= names")
    return whole


def _covers(allowed: str, address: str) -> bool:
    """Say whether an address is at an origin as a role names it; the star alone stands for any port too."""
    scheme, host, port = origin(address)
    written, _, place = allowed.partition("://")
    if place == "*":
        return written == scheme
    name, _, number = place.removeprefix("*").partition(":")
    if not place.startswith("*"):
        return origin(allowed) == (scheme, host, port)
    usual = {"http": 80, "https": 443}[written]
    return (written, int(number or usual)) == (scheme, port) and host.endswith(name)
