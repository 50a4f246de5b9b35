"""Writes a request as a curl command that is safe to paste into a ticket."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from gemel.kit.http.messages import Request
from gemel.kit.http.redaction import MASK, redact
from gemel.kit.policies.places import Place

__all__ = ["curl_command"]

_LEFT_OUT = re.compile(
    r"content-length: .*|accept-encoding: (gzip, deflate|identity)|user-agent: gemel/.*", re.IGNORECASE
)
"""What curl says itself, and what gemel says where the caller has not said it."""


def curl_command(request: Request, places: Iterable[Place]) -> str:
    """Return the request as one shell command, credentials and secret values masked.

    Args:
        request: The request, without credentials.
        places: Where the client would put its credentials.
    """
    secrets = request.context.secrets
    verb = ["--head"] if request.method == "HEAD" else ["-X", request.method]  # with -X, curl waits for a body
    parts = ["curl", *verb, *_signed(request, places)]
    for name, value in request.headers.masked().pairs():
        if not _LEFT_OUT.fullmatch(f"{name}: {value}"):
            # With a colon and nothing behind it, curl leaves the header out.
            parts += ["-H", redact(f"{name}: {value}", secrets) if value else f"{name};"]
    return shlex.join([*parts, *_body(request)])


def _signed(request: Request, places: Iterable[Place]) -> list[str]:
    """Return the address, and the fields of credentials, masks in the place of their values."""
    address, fields, cookies = redact(request.url, request.context.secrets), list[str](), list[str]()
    for place in places:
        if place.kind == "query":
            address = place.added_to(address, MASK)
        elif place.kind == "header":
            fields += ["-H", f"{place.name}: {place.prefix}{MASK}"]
        else:
            cookies.append(f"{place.name}={MASK}")
    if cookies and "cookie" not in request.headers:  # the caller's own Cookie is masked as a whole
        fields += ["-H", f"Cookie: {'; '.join(cookies)}"]
    return [address, *fields]


def _body(request: Request) -> list[str]:
    if request.body is None:
        return []
    try:
        text = request.body.decode() if isinstance(request.body, bytes) else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        return ["--data-binary", "@FILE"]
    # What begins with @ is the name of a file to curl, unless it is told otherwise.
    return ["--data-raw" if text.startswith("@") else "--data", redact(text, request.context.secrets)]
