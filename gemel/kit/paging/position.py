"""Saves a place in a list as text that can be stored: tied to one call, and refused by every other."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Struct

from gemel.kit.http.messages import Request
from gemel.kit.http.redaction import Redactor, redact

__all__ = ["Place", "hide", "load", "reveal", "save", "tie"]

_VERSION = 1
# Braces are never in an encoded address (RFC 3986, appendix A), so a number in them cannot be part of one.
_HIDDEN = re.compile(r"\{(\d+)\}")
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Place(Struct, frozen=True):
    """Where a page of a list begins.

    Attributes:
        at: Its offset, page number, cursor or address; None is the first page as the call stands.
        seen: How many items come before it.
        skip: How many items of the page were taken already.
    """

    at: int | str | None = None
    seen: int = 0
    skip: int = 0


def tie(request: Request, kind: str) -> str:
    """Return a digest of verb, address, body and kind of paging, secrets masked, that ties a place to its call."""
    body = request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else ""
    parts = [kind, request.method, *(redact(text, request.context.secrets) for text in (request.url, body))]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def save(place: Place, tied: str) -> str:
    """Encode a place as text of letters, digits, "-" and "_"."""
    data = msgspec.json.encode((_VERSION, tied, place.at, place.seen, place.skip))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def load(text: str, tied: str) -> Place:
    """Decode a saved place; raises ValueError for other text, and for a place of another call."""
    try:
        # validate=True: without it b64decode drops foreign characters, and damaged text may read as another place.
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        saved = msgspec.json.decode(data, type=_Saved)
    except (ValueError, TypeError, msgspec.DecodeError):
        raise ValueError("it is not the position of a page, or was cut") from None
    if saved.version != _VERSION or saved.tied != tied:
        raise ValueError("it belongs to another call: resume with the endpoint, arguments and server it was saved from")
    return Place(saved.at, saved.seen, saved.skip)


class _Saved(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    tied: str
    at: int | str | None
    seen: _Count
    skip: _Count


def hide(address: str, secrets: tuple[str, ...]) -> str:
    """Return an encoded address with the number of each secret value in its place: "{0}", which no address holds."""
    return Redactor(secrets).numbered(address, lambda secret: f"{{{secrets.index(secret)}}}")


def reveal(address: str, secrets: tuple[str, ...]) -> str:
    """Return the hidden address with the secret values of the present call; raises ValueError when one is missing."""
    try:
        return _HIDDEN.sub(lambda found: quote(secrets[int(found[1])], safe=""), address)
    except IndexError:
        raise ValueError("it needs a secret argument that this call does not have") from None
