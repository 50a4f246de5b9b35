"""Builds requests that no endpoint declares, and decodes their replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote

from gemel.kit.bodies.upload import UNKNOWN_TYPE, Upload
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.address import encoded, referred_address
from gemel.kit.http.encoding import Refused, named_values, percent_encoded, query_pairs
from gemel.kit.http.messages import CallContext, Request, Response, origin
from gemel.kit.http.sensitive import address_secrets, is_sensitive_parameter
from gemel.kit.http.verbs import verb_of
from gemel.kit.models.decode import json_decoder, keyed_decoder
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.secrecy import named_secrets
from gemel.kit.policies.caller import Caller
from gemel.kit.types import OMIT

__all__ = ["expected_decoder", "undeclared_request"]

_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


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

    Args:
        caller: The Caller of the client.
        method: The HTTP verb.
        url: The path, or the absolute address.
        params: Query parameters; OMIT and None leave one out.
        body: The body: bytes and an Upload are sent as they are, anything else as JSON; None sends no body.
        label: The name of the call in errors.
        headers: Header fields to add; each replaces one of the same name.

    Raises:
        InvalidArgument: The method is not a verb, the address has another origin or dot segments, or a value cannot be
            sent.
    """
    try:
        verb = verb_of(method)
    except Refused:
        raise InvalidArgument(label, "method", f"expected a verb such as GET, got {method!r}") from None
    address = _address(caller, url, label)
    query = _query({} if params is None else params, label)
    separator = "&" if "?" in address else "?"
    content, kind = _content(body, label)
    typed = isinstance(content, Upload) or "content-type" not in caller.said
    request = Request(
        method=verb,
        url=f"{address}{separator}{query}" if query else address,
        headers=caller.headers.with_values({"Content-Type": kind}) if kind and typed else caller.headers,
        body=content,
        context=CallContext(
            label=label,
            deadline=caller.deadline(),
            timeout=caller.timeout,
            secrets=(*_secrets(url, params, body), *caller.secrets),
            errors=caller.errors,
        ),
    )
    options = caller.options.with_values({"headers": {} if headers is None else headers}, label)
    return options.applied(request, caller.clock())


def expected_decoder(caller: Caller, expected: Mapping[str, Any] | None) -> Callable[[Response], Any]:
    """Return a function that decodes a reply by the first expected key it has, or as plain JSON.

    Args:
        caller: The Caller of the client.
        expected: The type of each key, "" for the whole reply; None or empty decodes plain JSON.

    Returns:
        The function; it raises the error of a status that is not a success.

    Raises:
        InvalidArgument: A type cannot be decoded.
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
    if not isinstance(cast("object", url), str):
        raise InvalidArgument(label, "url", f"expected a path or an address as text, got {type(url).__name__}")
    try:
        target = _whole(url) if _WHOLE.match(url.strip()) else _below(caller.base, url)
    except Refused as refusal:
        raise InvalidArgument(label, "url", str(refusal)) from None
    # "//host/path" is a reference to another host (RFC 3986, section 4.2).
    if url.startswith("//") or origin(target) != origin(caller.base):
        raise InvalidArgument(label, "url", "it must stay at the client's endpoint: credentials go nowhere else")
    # As the caller wrote it: in the address made of it, such segments are gone already.
    if any(unquote(segment) in (".", "..") for segment in re.split(r"[/\\]", re.split(r"[?#]", url.strip())[0])):
        raise InvalidArgument(label, "url", "the path must not hold . or .. segments")
    return target


def _whole(url: str) -> str:
    address = referred_address("", url)
    if address.user:
        raise Refused("it must not hold a user name or password")
    return address.root + address.target


def _below(base: str, path: str) -> str:
    path, mark, query = path.lstrip("/").partition("?")
    return base + encoded(path) + mark + encoded(query, kept="?")


def _query(params: Mapping[str, Any], label: str) -> str:
    pairs: list[str] = []
    try:
        given = named_values(params)
    except Refused as refusal:
        raise InvalidArgument(label, "params", str(refusal)) from None
    for name, value in given:
        try:
            pairs += [] if value is OMIT else query_pairs(percent_encoded(name), value)
        except (Refused, TypeError) as refusal:
            raise InvalidArgument(label, f"params[{name!r}]", str(refusal)) from None
    return "&".join(pairs)


def _secrets(url: str, params: Mapping[str, Any] | None, body: Any) -> list[str]:
    """Return the values of a request that are secret by their names, since nothing declares them."""
    return [*address_secrets(url), *named_secrets(params, is_sensitive_parameter), *named_secrets(body)]


def _content(body: Any, label: str) -> tuple[bytes | Upload | None, str]:
    """Return the body as it is sent, and its media type, "" for no body."""
    if body is None:
        return None, ""
    if isinstance(body, Upload):
        return body, body.content_type
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(cast("bytes", body)), UNKNOWN_TYPE
    try:
        return json_bytes(body), "application/json"
    except Refused as refusal:
        raise InvalidArgument(label, "body", str(refusal)) from None
