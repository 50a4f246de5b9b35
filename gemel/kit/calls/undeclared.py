"""Requests to addresses that are not declared, and the decoding of their replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import Refused, query_pairs
from gemel.kit.http.messages import CallContext, Request, Response, origin
from gemel.kit.http.sensitive import address_secrets, is_sensitive_parameter
from gemel.kit.http.verbs import verb_of
from gemel.kit.models.decode import json_decoder, keyed_decoder
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.secrecy import named_secrets
from gemel.kit.policies.caller import Caller
from gemel.kit.types import OMIT

__all__ = ["expected_decoder", "undeclared_request"]

_PATH_CHARACTERS = "!$%&'()*+,/:;=@-._~"


def undeclared_request(
    caller: Caller,
    method: str,
    url: str,
    params: Mapping[str, Any] | None,
    body: Any,
    label: str,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return a request for a path below the client's endpoint, or an address of the same origin.

    Raises InvalidArgument: what is no verb, another origin, a path with dot segments, a value without wire form.
    """
    try:
        verb = verb_of(method)
    except Refused:
        raise InvalidArgument(label, "method", f"expected a verb such as GET, got {method!r}") from None
    address = _address(caller, url, label)
    query = _query(params or {}, label)
    separator = "&" if "?" in address else "?"
    content = _content(body, label)
    common = caller.headers if content is None else caller.headers.with_values({"Content-Type": "application/json"})
    request = Request(
        method=verb,
        url=f"{address}{separator}{query}" if query else address,
        headers=common,
        body=content,
        context=CallContext(
            label=label,
            deadline=caller.deadline(),
            timeout=caller.timeout,
            secrets=(*_secrets(url, params, body), *caller.secrets),
        ),
    )
    options = caller.options.with_values({"headers": headers or {}}, label)
    return options.applied(request, caller.clock())


def expected_decoder(caller: Caller, expected: Mapping[str, Any] | None) -> Callable[[Response], Any]:
    """Return what decodes a reply by the first expected key it has, or as JSON; it raises the errors of its status.

    Raises InvalidArgument for a type that cannot be decoded.
    """
    try:
        decode = keyed_decoder(expected, caller.reading) if expected else json_decoder
    except TypeError as error:
        raise InvalidArgument("handle_request", "expected_responses", str(error)) from None

    def decoded(response: Response) -> Any:
        context = CallContext(label="handle_request", secrets=caller.secrets)
        request = Request(method="", url=response.url, headers=caller.headers, context=context)
        return decode(caller.checked(response, request), request)

    return decoded


def _address(caller: Caller, url: str, label: str) -> str:
    target = urljoin(caller.base, url) if "://" in url else caller.base + url.lstrip("/")
    if url.startswith("//") or origin(target) != origin(caller.base) or "@" in urlsplit(target).netloc:
        raise InvalidArgument(label, "url", "it must stay at the client's endpoint: credentials go nowhere else")
    path, mark, query = target.partition("?")
    if any(unquote(segment) in (".", "..") for segment in path.split("/")[3:]):
        raise InvalidArgument(label, "url", "the path must not hold . or .. segments")
    return quote(path, safe=_PATH_CHARACTERS) + mark + quote(query, safe=_PATH_CHARACTERS + "?")


def _query(params: Mapping[str, Any], label: str) -> str:
    pairs: list[str] = []
    for name, value in params.items():
        try:
            pairs += [] if value is OMIT else query_pairs(quote(name, safe=""), value)
        except Refused as refusal:
            raise InvalidArgument(label, f"params[{name!r}]", str(refusal)) from None
    return "&".join(pairs)


def _secrets(url: str, params: Mapping[str, Any] | None, body: Any) -> list[str]:
    """Return what of a request is secret by its names, since nothing declares it."""
    return [*address_secrets(url), *named_secrets(params, is_sensitive_parameter), *named_secrets(body)]


def _content(body: Any, label: str) -> bytes | None:
    try:
        return None if body is None else json_bytes(body)
    except Refused as refusal:
        raise InvalidArgument(label, "body", str(refusal)) from None
