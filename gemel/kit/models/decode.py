"""Bytes to typed values, fast; never accepts what the marshmallow schema rejects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import msgspec

from gemel.kit.errors import AlternativeReplyError, ResponseValidationError
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.redaction import Redactor
from gemel.kit.models.decimals import read_json
from gemel.kit.models.drift import LENIENT, Drift, Found, Reading, drift_of, drift_of_faults, faults_of
from gemel.kit.models.fast import fast_decoder
from gemel.kit.models.hints import holds_decimals, is_schema
from gemel.kit.models.keep_unknown import keeper
from gemel.kit.models.secrecy import finder
from gemel.kit.types import is_array, is_mapping, is_object

__all__ = ["Alternatives", "Decode", "decoder", "from_json", "json_decoder", "keyed_decoder"]

Decode = Callable[[Response, Request], Any]
"""Turns a successful reply into the declared value; raises ResponseValidationError."""

Alternatives = Mapping[str, type[AlternativeReplyError]]
"""Keys of a reply that mean another outcome, and the error that stands for each."""

_FAST_PATH_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decoder(
    hint: Any, *, unwrap: str | None = None, alternatives: Alternatives | None = None, reading: Reading = LENIENT
) -> Decode:
    """Return the decoder of a declared return type.

    hint: the type; None ignores the body, bytes and str give it as it is, Any gives plain JSON.
    unwrap: the key of the envelope that holds the value.
    alternatives: keys that may stand in its place.
    reading: how strictly, and who is told of drift.
    """
    if hint is None or hint is type(None):
        return lambda response, request: None
    if hint is bytes:
        return lambda response, request: response.body
    if hint is str and unwrap is None:
        return _text
    return _read(hint, unwrap, alternatives or {}, reading)


def _read(hint: Any, unwrap: str | None, alternatives: Alternatives, reading: Reading) -> Decode:
    if reading.validate == "strict" or reading.on_drift is not None:
        return _watched(hint, unwrap, alternatives, reading)
    return (_unchecked if reading.validate == "off" else _typed)(hint, unwrap, alternatives)


def from_json(hint: Any, text: str | bytes) -> Any:
    """Return a JSON text as a type; raises ValueError: for what is not JSON, and marshmallow.ValidationError."""
    fast, keep = fast_decoder(hint), keeper(hint)
    if fast is not None:
        try:
            return fast(text.encode() if isinstance(text, str) else text)
        except _FAST_PATH_ERRORS:
            pass
    if keep is not None:
        try:
            return keep(msgspec.json.decode(text))
        except _FAST_PATH_ERRORS:
            pass
    from gemel.kit.models.schema import load

    return load(hint, read_json(text, exact=holds_decimals(hint)))


def json_decoder(response: Response, request: Request) -> Any:
    """Return the reply as plain JSON."""
    return _loads(response, request)


def keyed_decoder(expected: Mapping[str, Any], reading: Reading = LENIENT) -> Decode:
    """Return a decoder that takes the first expected key the reply has; the empty key means the whole reply.

    Raises TypeError for a type that cannot be decoded.
    """
    hints = {key: Annotated[Any, hint] if is_schema(hint) else hint for key, hint in expected.items()}
    decoders = {key: _read(hint, key or None, {}, reading) for key, hint in hints.items()}

    def decode(response: Response, request: Request) -> Any:
        document = _loads(response, request)
        for key, read in decoders.items():
            if not key or (is_object(document) and key in document):
                return read(response, request)
        raise _invalid(f"none of the keys {sorted(expected)} is in the reply", response, request)

    return decode


def _typed(hint: Any, unwrap: str | None, alternatives: Alternatives) -> Decode:
    fast, keep = fast_decoder(hint, unwrap), keeper(hint)

    def decode(response: Response, request: Request) -> Any:
        if fast is not None:
            try:
                return fast(response.body)
            except _FAST_PATH_ERRORS:
                pass
        if keep is not None:
            try:
                return keep(_value_in(response, unwrap))
            except _FAST_PATH_ERRORS:
                pass
        return _slow(hint, unwrap, alternatives, response, request)

    return decode


def _value_in(response: Response, unwrap: str | None) -> Any:
    """Return what a decoder is to read, as plain JSON; raises msgspec.DecodeError when there is none."""
    document = msgspec.json.decode(response.body)
    if unwrap is None:
        return document
    if not is_object(document) or unwrap not in document:
        raise msgspec.DecodeError("the envelope is not there")
    return document[unwrap]


def _unchecked(hint: Any, unwrap: str | None, alternatives: Alternatives) -> Decode:
    """Decode without a schema: what does not fit is taken as it came."""
    fast = fast_decoder(hint, unwrap)

    def decode(response: Response, request: Request) -> Any:
        if fast is not None:
            try:
                return fast(response.body)
            except _FAST_PATH_ERRORS:
                pass
        from gemel.kit.models.construct import construct

        return construct(hint, _opened(unwrap, alternatives, response, request))

    return decode


def _watched(hint: Any, unwrap: str | None, alternatives: Alternatives, reading: Reading) -> Decode:
    """Look at each reply a second time: tell of drift, and refuse it where reading is strict."""
    checked = _typed(hint, unwrap, alternatives)
    unchecked = _unchecked(hint, unwrap, alternatives) if reading.validate == "off" else None

    def watched(response: Response, request: Request) -> Any:
        try:
            value = checked(response, request)
        except ResponseValidationError as error:
            _tell(drift_of_faults(error.errors), reading, request)
            if unchecked is None:
                raise
            return unchecked(response, request)
        document = _opened(unwrap, alternatives, response, request)
        found = drift_of(value, document, () if unwrap is None else (unwrap,))
        _tell(found, reading, request)
        faults = _unnamed(hint, document, faults_of(found)) if reading.validate == "strict" else None
        if faults:
            raise _invalid(f"the reply is not as declared: {_listed(faults)}", response, request, faults)
        return value

    return watched


def _tell(found: Found, reading: Reading, request: Request) -> None:
    if reading.on_drift is not None:
        for path, kind in found:
            reading.on_drift(Drift(path, kind, request.context.label))


def _slow(hint: Any, unwrap: str | None, alternatives: Alternatives, response: Response, request: Request) -> Any:
    value = _opened(unwrap, alternatives, response, request, exact=holds_decimals(hint))
    return _load(hint, value, response, request, unwrap or "")


def _opened(
    unwrap: str | None, alternatives: Alternatives, response: Response, request: Request, *, exact: bool = False
) -> Any:
    """Return the JSON value in the envelope; raises the error of another outcome, or that there is none."""
    document = _loads(response, request, exact=exact)
    if unwrap is None:
        return document
    members = document if is_object(document) else {}
    if unwrap in members:
        return members[unwrap]
    for key, error in alternatives.items():
        if key in members:
            raise error(_load(error.model, members[key], response, request, key), request=request)
    raise _invalid(f"the reply lacks {unwrap!r}", response, request, {unwrap: ["Missing data for required field."]})


def _load(hint: Any, value: Any, response: Response, request: Request, key: str = "") -> Any:
    """Let marshmallow decide; imported only here, when the fast path did not accept."""
    from gemel.kit.models.schema import ValidationError, load

    try:
        return load(hint, value)
    except RecursionError:
        raise _invalid("the reply is nested too deeply", response, request) from None
    except ValidationError as error:
        messages: Any = _unnamed(hint, value, cast("Any", error).messages)
        faults = {key: messages} if key else messages
        raise _invalid(f"the reply is not valid: {_listed(faults)}", response, request, faults) from None


def _unnamed(hint: Any, document: Any, faults: Any) -> Any:
    """Return faults without what the type marks secret in the reply: a fault names the key of a dict that it is in."""
    find, secrets = finder(hint), list[str]()
    if find is not None:
        find(document, secrets)
    return Redactor(secrets).json(faults) if secrets else faults


def _loads(response: Response, request: Request, *, exact: bool = False) -> Any:
    if not response.body:
        raise _invalid(f"the reply has no body (status {response.status})", response, request)
    try:
        return read_json(response.body, exact=exact)
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
    message = f"{request.context.label or 'request'}: {problem} ({request.method} {request.url})"
    return ResponseValidationError(message, request=request, body=response.body, errors=faults)


def _listed(faults: Any, path: str = "") -> str:
    """Return faults as "secret.version: Not a valid integer.", at most five of them."""
    return "; ".join(_flat(faults, path)[:5])


def _flat(faults: Any, path: str) -> list[str]:
    if is_mapping(faults):
        return [line for key, inner in faults.items() for line in _flat(inner, f"{path}.{key}" if path else str(key))]
    texts = faults if is_array(faults) else [faults]
    return [f"{path}: {' '.join(str(text) for text in texts)}" if path else " ".join(map(str, texts))]
