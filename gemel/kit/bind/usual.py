"""Usual: what all requests of one bound endpoint share, made once for all its calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from gemel.kit.http.messages import Headers, OwnErrors, Retry, Timeout
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.redirects import harmless
from gemel.kit.stubs.words import EndpointSettings
from gemel.kit.types import Discreet

__all__ = ["Usual", "usual_of"]

_JSON = "application/json"


class Usual(Discreet, frozen=True, eq=False):
    """What all requests of one bound endpoint share.

    Attributes:
        caller: The Caller of the client.
        base: The URL that the path is appended to.
        resource: The name of the resource class.
        headers: The header fields of a request without a body.
        body_headers: The header fields of one with a body.
        wanted: Header fields that this kind of call needs, unless an argument says otherwise.
        timeout: The limits of a call.
        retry: How it is retried, None for the client's own way.
        safe: Whether it changes nothing at the server, None when its verb says so.
        idempotent: Whether it may be sent twice, None when its verb says so.
        secrets: Values that are never shown.
        scope: What arguments with from_scope() take.
        auth: The names of the credentials: () for the client's usual one, None for none.
        errors: The errors of endpoint, class and client by status and code, the nearest first.
        away: The same for a request to another origin, where an argument is the address; None where none is.
    """

    caller: Caller
    base: str
    resource: str
    headers: Headers
    body_headers: Headers
    wanted: Mapping[str, str] | None
    timeout: Timeout
    retry: Retry | None
    safe: bool | None
    idempotent: bool | None
    secrets: tuple[str, ...]
    errors: tuple[OwnErrors, ...]
    scope: Mapping[str, Any]
    auth: tuple[str, ...] | None
    away: Usual | None = None

    def __repr__(self) -> str:
        return f"<Usual of {self.base}>"


def usual_of(
    caller: Caller,
    settings: EndpointSettings,
    *,
    own: EndpointSettings | None,
    base: str,
    resource: str,
    reads_json: bool,
    auth: tuple[str, ...] | None,
    wanted: Mapping[str, str] | None,
    scope: Mapping[str, Any],
) -> Usual:
    """Return what all requests of an endpoint share.

    Args:
        caller: The Caller of the client, whose own headers go before those of the endpoint.
        settings: The words of the endpoint and its class.
        own: Those of the endpoint alone, where an argument is the address; else None.
        base: The URL that the path is appended to.
        resource: The name of the resource class.
        reads_json: Whether the reply is read as JSON.
        auth: The names of the credentials.
        scope: What the options of the call say for arguments with from_scope().
        wanted: Header fields that this kind of call needs; those of the endpoint and the client go before them.
    """
    fixed = Headers((name, value) for name, value in settings.headers.pairs() if name.lower() not in caller.said)
    headers = (caller.headers if reads_json else caller.plain_headers).with_values(fixed)
    typed = {"Content-Type": settings.content_type or _JSON}
    said = caller.said.union(name.lower() for name, _ in fixed.pairs())
    usual = Usual(
        caller=caller,
        base=base,
        resource=resource,
        headers=headers,
        body_headers=headers if "content-type" in caller.said else headers.with_values(typed),
        wanted=None if wanted is None else {name: value for name, value in wanted.items() if name.lower() not in said},
        timeout=settings.timeout or caller.timeout,
        retry=settings.retry,
        safe=settings.safe,
        idempotent=True if settings.safe else settings.idempotent,
        secrets=(*settings.secrets, *caller.secrets),
        errors=settings.errors + caller.errors,
        scope={**caller.scope, **scope},
        auth=auth,
    )
    return usual if own is None else replace(usual, away=_away(usual, own.headers, typed, wanted or {}))


def _away(usual: Usual, own: Headers, typed: Mapping[str, str], wanted: Mapping[str, str]) -> Usual:
    """Return what requests to another origin share: what the endpoint says of itself, and nothing of the client's user.

    Args:
        usual: What requests to the client's origin share.
        own: The fixed header fields of the endpoint.
        typed: The media type of a body.
        wanted: Header fields that this kind of call needs.
    """
    kept = harmless(usual.headers)
    headers = kept.with_values([pair for pair in own.pairs() if pair[0] not in kept])
    needed = {name: value for name, value in wanted.items() if name in (usual.wanted or ()) or name not in headers}
    return replace(usual, headers=headers, body_headers=headers.with_values(typed), wanted=needed)
