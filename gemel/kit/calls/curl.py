"""Writes a request as a curl command that is safe to paste into a ticket."""

from __future__ import annotations

import re
import shlex

from gemel.kit.http.messages import Request
from gemel.kit.http.redaction import redact

__all__ = ["curl_command"]

_LEFT_OUT = re.compile(
    r"content-length: .*|accept-encoding: (gzip, deflate|identity)|user-agent: gemel/.*", re.IGNORECASE
)
"""What curl says itself, and what gemel says where the caller has not said it."""


def curl_command(request: Request, *, signed: bool) -> str:
    """Return the request as one shell command, credentials and secret values masked.

    Args:
        request: The request, without a token.
        signed: Whether it would be sent with one.
    """
    secrets = request.context.secrets
    verb = ["--head"] if request.method == "HEAD" else ["-X", request.method]  # with -X, curl waits for a body
    parts = ["curl", *verb, redact(request.url, secrets)]
    if signed:
        parts += ["-H", "Authorization: Bearer ***"]
    for name, value in request.headers.masked().pairs():
        if not _LEFT_OUT.fullmatch(f"{name}: {value}"):
            # With a colon and nothing behind it, curl leaves the header out.
            parts += ["-H", redact(f"{name}: {value}", secrets) if value else f"{name};"]
    return shlex.join([*parts, *_body(request)])


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
