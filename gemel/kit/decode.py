"""Bytes to typed values, fast; never accepts what the marshmallow schema rejects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast, get_args, get_origin

import msgspec

from gemel.kit.errors import AlternativeReplyError, ResponseValidationError
from gemel.kit.messages import Request, Response
from gemel.kit.types import is_array, is_mapping, is_object

__all__ = ["Decode", "Otherwise", "decoder", "json_decoder", "keyed_decoder"]

Decode = Callable[[Response, Request], Any]
"""Turns a successful reply into the declared value; raises ResponseValidationError."""

Otherwise = Mapping[str, type[AlternativeReplyError]]
"""Keys of a reply that mean another outcome, and the error that stands for each."""

_FAST_PATH_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decoder(hint: Any, *, unwrap: str | None = None, otherwise: Otherwise | None = None) -> Decode:
    """Return the decoder of a declared return type.

    hint: the type; None ignores the body, bytes and str give it as it is, Any gives plain JSON.
    unwrap: the key of the envelope that holds the value.
    otherwise: keys that may stand in its place.
    """
    if hint is None or hint is type(None):
        return lambda response, request: None
    if hint is bytes:
        return lambda response, request: response.body
    if hint is str and unwrap is None:
        return _text
    return _typed(hint, unwrap, otherwise or {})


def json_decoder(response: Response, request: Request) -> Any:
    """Return the reply as plain JSON."""
    return _loads(response, request)


def keyed_decoder(expected: Mapping[str, Any]) -> Decode:
    """Return a decoder that takes the first expected key the reply has; the empty key means the whole reply."""

    hints = {key: Annotated[Any, hint] if _is_schema(hint) else hint for key, hint in expected.items()}

    def decode(response: Response, request: Request) -> Any:
        document = _loads(response, request)
        for key, hint in hints.items():
            if not key:
                return _load(hint, document, response, request)
            if is_object(document) and key in document:
                return _load(hint, document[key], response, request, key)
        raise _invalid(f"none of the keys {sorted(expected)} is in the reply", response, request)

    return decode


def _typed(hint: Any, unwrap: str | None, otherwise: Otherwise) -> Decode:
    fast = None if _has_own_schema(hint) else _fast(hint, unwrap)

    def decode(response: Response, request: Request) -> Any:
        if fast is not None:
            try:
                return fast(response.body)
            except _FAST_PATH_ERRORS:
                pass
        return _slow(hint, unwrap, otherwise, response, request)

    return decode


def _fast(hint: Any, unwrap: str | None) -> Callable[[bytes], Any]:
    if unwrap is None:
        return msgspec.json.Decoder(hint).decode
    envelope = msgspec.defstruct("Envelope", [("value", hint)], rename={"value": unwrap}, gc=False)
    opened = msgspec.json.Decoder(envelope).decode
    return lambda body: cast(Any, opened(body)).value


def _has_own_schema(hint: Any) -> bool:
    if get_origin(hint) is not Annotated:
        return False
    return any(_is_schema(mark) for mark in get_args(hint)[1:])


def _is_schema(value: Any) -> bool:
    """Whether it is a marshmallow schema, told without importing marshmallow."""
    return hasattr(value, "_declared_fields")


def _slow(hint: Any, unwrap: str | None, otherwise: Otherwise, response: Response, request: Request) -> Any:
    document = _loads(response, request)
    if unwrap is None:
        return _load(hint, document, response, request)
    members = document if is_object(document) else {}
    if unwrap in members:
        return _load(hint, members[unwrap], response, request, unwrap)
    for key, error in otherwise.items():
        if key in members:
            raise error(_load(error.model, members[key], response, request, key), request=request)
    raise _invalid(f"the reply lacks {unwrap!r}", response, request, {unwrap: ["Missing data for required field."]})


def _load(hint: Any, value: Any, response: Response, request: Request, key: str = "") -> Any:
    """Let marshmallow decide; imported only here, when the fast path did not accept."""
    from gemel.kit.schema import ValidationError, load

    try:
        return load(hint, value)
    except RecursionError:
        raise _invalid("the reply is nested too deeply", response, request) from None
    except ValidationError as error:
        messages: Any = cast("Any", error).messages
        faults = {key: messages} if key else messages
        raise _invalid(f"the reply is not valid: {_listed(faults)}", response, request, faults) from None


def _loads(response: Response, request: Request) -> Any:
    if not response.body:
        raise _invalid(f"the reply has no body (status {response.status})", response, request)
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", type(error).__name__)
    kind = response.headers.get("content-type", "no content type").partition(";")[0]
    advice = "a proxy or another service may have answered: check the endpoint" if "json" not in kind else "retry"
    raise _invalid(f"the reply is not JSON ({kind}, {len(response.body)} bytes: {reason}); {advice}", response, request)


def _text(response: Response, request: Request) -> str:
    try:
        return response.body.decode()
    except UnicodeDecodeError:
        raise _invalid("the reply is not UTF-8 text", response, request) from None


def _invalid(problem: str, response: Response, request: Request, faults: Any = None) -> ResponseValidationError:
    message = f"{request.label or 'request'}: {problem} ({request.method} {request.url})"
    return ResponseValidationError(message, request=request, body=response.body, errors=faults)


def _listed(faults: Any, path: str = "") -> str:
    """Return faults as "secret.version: Not a valid integer.", at most five of them."""
    return "; ".join(_flat(faults, path)[:5])


def _flat(faults: Any, path: str) -> list[str]:
    if is_mapping(faults):
        return [line for key, inner in faults.items() for line in _flat(inner, f"{path}.{key}" if path else str(key))]
    texts = faults if is_array(faults) else [faults]
    return [f"{path}: {' '.join(str(text) for text in texts)}" if path else " ".join(map(str, texts))]
