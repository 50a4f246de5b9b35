"""A request as a curl command, safe to paste into a ticket."""

from __future__ import annotations

import shlex

from gemel.kit.http.messages import Request
from gemel.kit.http.redaction import redact

__all__ = ["curl_command"]

_LEFT_OUT = frozenset({"accept-encoding", "user-agent", "content-length"})


def curl_command(request: Request, *, signed: bool) -> str:
    """Return the request as one shell command; credentials and secret values are masked.

    Args:
        request: What is to be sent, without a token.
        signed: Whether it is sent with one.
    """
    parts = ["curl", "-X", request.method, redact(request.url, request.context.secrets)]
    if signed:
        parts += ["-H", "Authorization: Bearer ***"]
    for name, value in request.headers.masked().pairs():
        if name.lower() not in _LEFT_OUT:
            parts += ["-H", redact(f"{name}: {value}", request.context.secrets)]
    if isinstance(request.body, bytes):
        parts += ["--data", redact(request.body.decode("utf-8", "replace"), request.context.secrets)]
    elif request.body is not None:
        parts += ["--data-binary", "@FILE"]
    return shlex.join(parts)
