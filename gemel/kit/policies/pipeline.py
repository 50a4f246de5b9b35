"""The order of the policies, in one readable line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from gemel.kit.flow.effects import Flow, Open, Send
from gemel.kit.http.messages import Request, Response

__all__ = ["Pipeline", "Policy", "pipeline"]

Pipeline = Callable[[Request], Flow[Response]]


class Policy(Protocol):
    """One decision around the sending of a request."""

    def around(self, request: Request, send: Pipeline) -> Flow[Response]:
        """Send the request with `send`, as often and in whatever form the policy decides."""
        ...


def pipeline(
    *,
    calls: Policy,
    cache: Policy | None = None,
    redirects: Policy | None = None,
    auth: Policy,
    retry: Policy,
    signing: Policy | None = None,
    attempts: Policy | None = None,
) -> Pipeline:
    """Return the policies chained around sending; the one furthest left acts first."""
    # Redirects stand outside auth, so that each hop is judged by its own origin before a token is added; retry stands
    # inside, so that a repeat does not log in again; the cache stands outside both, so that a hit needs no token.
    return _chain(calls, cache, redirects, auth, retry, signing, attempts)


def _chain(*policies: Policy | None) -> Pipeline:
    send: Pipeline = _once
    for policy in reversed(policies):
        send = send if policy is None else partial(policy.around, send=send)
    return send


def _once(request: Request) -> Flow[Response]:
    response: Response = yield Open(request) if request.context.streamed else Send(request)
    return response
