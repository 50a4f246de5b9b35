"""Options: what one call, or one copy of a client, does differently from the client's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from urllib.parse import unquote_plus

import msgspec
from msgspec.structs import replace

from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import Refused, header_field, named_values, percent_encoded, query_pairs
from gemel.kit.http.messages import Headers, Request, Retry, Timeout, hiding
from gemel.kit.http.sensitive import credentials_in, is_sensitive_header, is_sensitive_parameter
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.secrecy import named_secrets
from gemel.kit.policies.places import Place
from gemel.kit.types import Discreet, is_object

__all__ = ["NO_OPTIONS", "CallOptions", "Options"]


class CallOptions(TypedDict, total=False):
    """The keyword arguments of `call.options(...)` and `client.with_options(...)`.

    Attributes:
        timeout: Seconds for the whole call, or a Timeout.
        retries: How many retries at most, or a Retry.
        headers: Header fields to add; each replaces one of the same name.
        query: Query parameters to add; each replaces those of the same name.
        body: Members to add to the JSON body; each replaces one of the same name.
        idempotency_key: Sent as Idempotency-Key, with which a failed POST or PATCH is safe to repeat.
        scope: Values by name for arguments with from_scope().
        cache: False bypasses the client's cache: nothing is read from it or kept in it.
    """

    timeout: Timeout | float
    retries: Retry | int
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    idempotency_key: str
    cache: bool
    scope: Mapping[str, Any]


class Options(Discreet, frozen=True):
    """The options of a call, checked."""

    timeout: Timeout | None = None
    retry: Retry | None = None
    headers: Headers = Headers()
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] = {}
    cache: bool = True
    secrets: tuple[str, ...] = ()
    scope: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        query, body = [name for name, _ in self.query], list(self.body)
        return f"<Options {self.headers.masked(self.secrets)!r}, parameters {query}, members {body}>"

    def with_values(self, given: Mapping[str, Any], label: str) -> Options:
        """Return these options with others on top; raises InvalidArgument for unknown names and unsendable values."""
        # A TypedDict exists for type checkers only; at run time any keyword gets here.
        unknown = given.keys() - CallOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(sorted(CallOptions.__annotations__))
            raise InvalidArgument(label, min(unknown), f"unknown option; there are {known}")
        options = self
        for name, value in given.items():
            try:
                options = _SETTERS[name](options, value)
            except (Refused, ValueError, TypeError, AttributeError) as refusal:
                raise InvalidArgument(label, name, str(refusal)) from None
        return options

    def without_content(self) -> Options:
        """Return these options without headers, query and members: how long and how often a call is tried."""
        return replace(self, headers=Headers(), query=(), body={})

    def without(self, place: Place) -> Options:
        """Return these options without what stands in a place of a credential."""
        if self is NO_OPTIONS:
            return self
        query = self.query
        if place.kind == "query":
            query = tuple(pair for pair in query if pair[0] != percent_encoded(place.name))
        return replace(self, headers=place.cleared(self.headers), query=query)

    def applied(self, request: Request, now: float) -> Request:
        """Return the request with these options applied; `now` is the monotonic time, in seconds."""
        if self == NO_OPTIONS:
            return request
        if self.timeout is not None:
            request = request.with_context(timeout=self.timeout, deadline=now + self.timeout.total)
        if self.retry is not None:
            request = request.with_context(retry=self.retry)
        if self.query:
            request = replace(request, url=_with_query(request.url, self.query))
        if self.body:
            request = _with_body(request, self.body)
        if not self.cache:
            request = request.with_context(cacheable=False)
        if self.secrets:
            request = hiding(request, self.secrets)
        return request.with_headers(self.headers) if self.headers else request


def _set_headers(options: Options, headers: Mapping[str, str]) -> Options:
    checked = [header_field(name, value) for name, value in named_values(headers)]
    secrets = [text for name, value in checked if is_sensitive_header(name) for text in credentials_in(value)]
    return replace(options, headers=options.headers.with_values(checked), secrets=(*options.secrets, *secrets))


def _set_query(options: Options, query: Mapping[str, Any]) -> Options:
    pairs = named_values(query)
    kept = tuple(pair for pair in options.query if pair[0] not in query)
    added = tuple((name, pair) for name, value in pairs for pair in query_pairs(percent_encoded(name), value))
    secrets = named_secrets(query, is_sensitive_parameter)
    return replace(options, query=kept + added, secrets=(*options.secrets, *secrets))


def _set_body(options: Options, body: Mapping[str, Any]) -> Options:
    json_bytes(dict(named_values(body)))
    return replace(options, body={**options.body, **body}, secrets=(*options.secrets, *named_secrets(body)))


def _set_timeout(options: Options, timeout: Timeout | float) -> Options:
    return replace(options, timeout=Timeout.of(timeout))


def _set_retries(options: Options, retries: Retry | int) -> Options:
    return replace(options, retry=Retry.of(retries))


def _set_cache(options: Options, cache: bool) -> Options:
    return replace(options, cache=cache)


def _set_scope(options: Options, scope: Mapping[str, Any]) -> Options:
    return replace(options, scope={**options.scope, **dict(named_values(scope))})


def _set_idempotency_key(options: Options, key: str) -> Options:
    return _set_headers(options, {"Idempotency-Key": key})


_SETTERS: dict[str, Any] = {
    "timeout": _set_timeout,
    "retries": _set_retries,
    "headers": _set_headers,
    "query": _set_query,
    "body": _set_body,
    "idempotency_key": _set_idempotency_key,
    "cache": _set_cache,
    "scope": _set_scope,
}


def _with_query(url: str, query: tuple[tuple[str, str], ...]) -> str:
    path, _, present = url.partition("?")
    replaced = {name for name, _ in query}
    # Names are compared decoded: the address may be the caller's or the server's, who encode as they like.
    kept = [pair for pair in present.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in replaced]
    return f"{path}?{'&'.join([*kept, *(pair for _, pair in query)])}"


def _with_body(request: Request, members: Mapping[str, Any]) -> Request:
    if request.body is None:
        typed = (
            request if "content-type" in request.headers else request.with_headers({"Content-Type": "application/json"})
        )
        return replace(typed, body=json_bytes(members))
    is_json = isinstance(request.body, bytes) and "json" in request.headers.get("content-type", "")
    present: Any = msgspec.json.decode(cast("bytes", request.body)) if is_json else None
    if not is_object(present):
        raise InvalidArgument(request.context.label, "body", "members can only be added to a JSON object")
    return replace(request, body=json_bytes({**present, **members}))


NO_OPTIONS: Options = Options()
"""Options that change nothing."""
