"""What a server says back of the credentials that it was sent, before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gemel.kit.flow.effects import Opened
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.http.redaction import Redactor
from gemel.kit.policies.places import Place, without_parameter

__all__ = ["without_parameters", "without_secrets"]


def without_secrets(response: Response, secrets: Iterable[str]) -> Response:
    """Return a reply without these values when it is a failure; a stream learns what it must not show."""
    if isinstance(response, Opened):
        return replace(response, secrets=(*response.secrets, *secrets))
    if response.ok:  # what the API answers is the caller's
        return response
    redactor = Redactor(tuple(secrets))
    fields = Headers((name, redactor(value)) for name, value in response.headers.pairs())
    return replace(response, body=redactor.body(response.body), headers=fields)


def without_parameters(response: Response, request: Request, places: Iterable[Place]) -> Response:
    """Return a reply whose addresses are without the parameters of credentials, that of a redirect included.

    Args:
        response: The reply.
        request: The request without credentials.
        places: The places that they were put in.
    """
    location, headers = response.headers.get("location"), response.headers
    if location is not None:
        for place in places:
            if place.kind == "query":
                location = without_parameter(location, place.name)
        headers = headers.with_values({"Location": location})
    return replace(response, url=request.url, headers=headers)
