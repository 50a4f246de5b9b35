"""Where a credential stands in a request: a header field, a query parameter or a cookie."""

from __future__ import annotations

from typing import Literal, TypeAlias
from urllib.parse import unquote_plus

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.http.encoding import percent_encoded
from gemel.kit.http.messages import Headers, Request

__all__ = ["BEARER", "Place", "PlaceKind", "without_parameter"]

PlaceKind: TypeAlias = Literal["header", "query", "cookie"]


class Place(Struct, frozen=True):
    """Where a value goes.

    Attributes:
        kind: "header", "query" or "cookie".
        name: Of the field, the parameter (not encoded) or the cookie.
        prefix: What stands before the value in a field, the space behind it included: "Bearer ".
    """

    kind: PlaceKind
    name: str
    prefix: str = ""

    def is_taken(self, request: Request) -> bool:
        """Whether the caller has said something else in this place, which goes before the credential."""
        if self.kind == "header":
            return self.name.lower() in request.headers
        if self.kind == "query":
            return any(_is_named(pair, self.name) for pair in _query(request.url).split("&"))
        return self.name in _cookies(request.headers.get("cookie", ""))

    def filled(self, request: Request, value: str) -> Request:
        """Return the request with a value in this place."""
        if self.kind == "header":
            return replace(request, headers=Headers((*request.headers.pairs(), (self.name, self.prefix + value))))
        if self.kind == "query":
            return replace(request, url=self.added_to(request.url, percent_encoded(value)))
        cookies = [*request.headers.get_list("cookie"), f"{self.name}={value}"]
        return request.with_headers({"Cookie": "; ".join(cookies)})

    def added_to(self, url: str, value: str) -> str:
        """Return an address with a value, encoded already, as the parameter of this name."""
        return f"{url}{'&' if '?' in url else '?'}{percent_encoded(self.name)}={value}"

    def cleared(self, headers: Headers) -> Headers:
        """Return header fields without what stands in this place."""
        if self.kind == "header":
            return _without(headers, self.name)
        if self.kind == "query" or "cookie" not in headers:
            return headers
        kept = [pair for pair in headers["cookie"].split(";") if pair.partition("=")[0].strip() != self.name]
        bare = _without(headers, "cookie")
        return bare.with_values({"Cookie": ";".join(kept).strip()}) if kept else bare


BEARER = Place("header", "Authorization", "Bearer ")
"""Where a token goes of which nothing else is said (RFC 6750, section 2.1)."""


def without_parameter(address: str, name: str) -> str:
    """Return an address without the query parameter of this name."""
    path, mark, rest = address.partition("?")
    query, hash_, fragment = rest.partition("#")
    kept = [pair for pair in query.split("&") if not _is_named(pair, name)]
    return f"{path}{mark if kept else ''}{'&'.join(kept)}{hash_}{fragment}"


def _without(headers: Headers, name: str) -> Headers:
    return Headers(tuple(pair for pair in headers.pairs() if pair[0].lower() != name.lower()))


def _is_named(pair: str, name: str) -> bool:
    # Names are compared decoded: the address may be the caller's or the server's, who encode as they like.
    return unquote_plus(pair.partition("=")[0]) == name


def _query(url: str) -> str:
    return url.partition("?")[2]


def _cookies(field: str) -> set[str]:
    return {pair.partition("=")[0].strip() for pair in field.split(";")}
