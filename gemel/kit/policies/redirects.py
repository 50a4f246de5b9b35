"""Decides whether a redirect is followed and with what: nothing confidential crosses to another origin."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from gemel.kit.errors import APIConnectionError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.address import as_octets, referred_address
from gemel.kit.http.encoding import Refused
from gemel.kit.http.messages import Headers, Request, Response, origin
from gemel.kit.http.sensitive import address_secrets

__all__ = ["Redirects", "absolute", "harmless", "trusts_nobody"]

_KEEPS_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEPS_METHOD
# An allow list, as any header may carry a credential; requests and curl strip only Authorization and Cookie.
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})


def trusts_nobody(url: str) -> bool:
    """Say that no address of another origin may be given credentials."""
    return False


def harmless(headers: Headers) -> Headers:
    """Return those header fields that say nothing of a client's user, and may go to another origin."""
    return Headers((name, value) for name, value in headers.pairs() if name.lower() in _HARMLESS)


class Redirects:
    """The redirect policy of a client that follows redirects (RFC 9110, section 15.4).

    Args:
        limit: The most redirects that one call follows.
        abroad: Whether to follow a redirect to another origin; False for a session whose own headers would go along.
        trusts: Whether an address of another origin may be given the client's credentials.
    """

    def __init__(self, limit: int = 5, *, abroad: bool = True, trusts: Callable[[str], bool] = trusts_nobody) -> None:
        self.limit = limit
        self.abroad = abroad
        self.trusts = trusts

    def around(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send, and follow up to `limit` redirects.

        Raises:
            APIConnectionError: There are more redirects than `limit`.
        """
        response = yield from send(request)
        for _ in range(self.limit):
            following = self._next(request, response)
            if following is None:
                return response
            request = following
            response = yield from send(request)
        if self._next(request, response) is None:
            return response
        raise APIConnectionError(
            f"{request.context.label}: more than {self.limit} redirects; the server may send them in a circle",
            request=request,
        )

    def _next(self, request: Request, response: Response) -> Request | None:
        told = response.status in request.context.statuses
        following = None if told else next_request(request, response, self.trusts)
        if following is None or self.abroad or origin(following.url) == origin(request.url):
            return following
        return None


def next_request(request: Request, response: Response, trusts: Callable[[str], bool] = trusts_nobody) -> Request | None:
    """Return the request that a redirect asks for, None when it must not be followed.

    A body is sent again only by 307 and 308 to the same origin; a downgrade from https is never followed.
    """
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or not location:
        return None
    target = absolute(request.url, as_octets(location))
    if target is None or not _allowed(request.url, target):
        return None
    same = origin(target) == origin(request.url)
    keeps = response.status in _KEEPS_METHOD or request.method in ("GET", "HEAD")
    # 301 and 302 turn a POST into a GET as browsers do (RFC 9110, sections 15.4.2 and 15.4.3), which they may not do to
    # other verbs: a DELETE would become a GET that succeeds.
    if not keeps and response.status != 303 and request.method != "POST":
        return None
    if keeps and request.body is not None and not (same and request.replayable):
        return None
    # Who was once led elsewhere gets no credentials again, though led back: a stranger has chosen the address.
    auth = request.context.auth if same or trusts(target) else None
    return _aimed(request, target, auth, same=same, keeps=keeps)


def absolute(source: str, location: str | bytes) -> str | None:
    """Return the absolute address that a reply names, encoded and with its user; None when it is not an address.

    Args:
        source: The address that the reply came from, which a relative one is resolved against.
        location: The reference: text from a body, or the octets of a header field.
    """
    try:
        address = referred_address(source, location)
    except Refused:
        return None
    return address.with_user


def _allowed(source: str, target: str) -> bool:
    scheme, netloc = urlsplit(target)[:2]
    # A user in the address would become an Authorization header of the server's choice. From https to http everything
    # would go in plain text.
    return "@" not in netloc and (scheme == "https" or urlsplit(source).scheme == "http")


def _aimed(request: Request, target: str, auth: tuple[str, ...] | None, *, same: bool, keeps: bool) -> Request:
    headers = request.headers
    secrets = (*request.context.secrets, *address_secrets(target, request.url))
    context = replace(request.context, auth=auth, secrets=secrets)
    if not same:
        headers = harmless(headers)
    if keeps:
        return replace(request, url=target, headers=headers, context=context)
    # Without a body its description goes too (RFC 9110, section 15.4).
    headers = Headers((name, value) for name, value in headers.pairs() if name.lower() != "content-type")
    return replace(request, method="GET", url=target, headers=headers, body=None, context=context)
