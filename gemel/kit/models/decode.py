"""Decodes bytes to typed values, fast, and never accepts what the marshmallow schema rejects."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import msgspec
from msgspec import Struct

from gemel.kit.errors import AlternativeReplyError, ResponseValidationError
from gemel.kit.http.charset import Unreadable, is_empty, is_json, json_of, media_type, obstacle, text_of
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.http.redaction import Redactor
from gemel.kit.models.codec import Codec
from gemel.kit.models.decimals import Numeral, read_json
from gemel.kit.models.drift import LENIENT, Drift, Found, Reading, drift_of, drift_of_faults, faults_of
from gemel.kit.models.fast import fast_decoder
from gemel.kit.models.hints import is_schema, taken_apart
from gemel.kit.models.keep_unknown import keeper
from gemel.kit.models.members import NOWHERE, paths_of, raw_members, value_at
from gemel.kit.models.parts import holds_decimals
from gemel.kit.models.secrecy import finder
from gemel.kit.models.unions import Discriminator
from gemel.kit.types import is_array, is_mapping

__all__ = ["Alternatives", "Decode", "decoder", "from_json", "json_decoder", "keyed_decoder", "reads_json"]

Decode = Callable[[Response, Request], Any]
"""Turns a successful reply into the declared value; raises ResponseValidationError."""

Alternatives = Mapping[str, type[AlternativeReplyError]]
"""The keys of a reply that mean another outcome, each with the error that is raised for it."""

# Besides its own errors msgspec raises RecursionError, for a document that is nested too deeply.
_FAST_PATH_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Wanted(Struct, frozen=True):
    """What a reply is read as: a type, in an envelope or not, or one of several alternatives to it."""

    hint: Any
    unwrap: str | None
    alternatives: Alternatives


def decoder(
    hint: Any, *, unwrap: str | None = None, alternatives: Alternatives | None = None, reading: Reading = LENIENT
) -> Decode:
    """Return the decoder of a declared return type.

    Args:
        hint: The type. None ignores the body, bytes and str return it as it is, Any returns plain JSON.
        unwrap: The key that holds the value, with dots to go into objects; None when the value is the whole body.
        alternatives: Keys that may stand in its place, each with the error to raise.
        reading: How strictly replies are checked, and who is told of drift.

    Raises:
        TypeError: JSON cannot be read as the type.
    """
    wanted = _Wanted(hint, unwrap, alternatives or {})
    if hint is None or hint is type(None):
        decode: Decode = lambda response, request: None  # noqa: E731
    elif unwrap is None and (whole := _whole_body(hint)) is not None:
        decode = whole
    else:
        decode = _read(wanted, reading)
    return _or_another(wanted, decode) if alternatives else decode


def reads_json(hint: Any, unwrap: str | None) -> bool:
    """Say whether a declared return type is read as JSON: it is not None and, without an envelope, not bytes or str."""
    return not (hint is None or hint is type(None) or (unwrap is None and _whole_body(hint) is not None))


def _whole_body(hint: Any) -> Decode | None:
    """Return the decoder of a type that is the body as it is; None for a type that is read from JSON."""
    plain, marks, allow_none = taken_apart(hint)
    if plain not in (bytes, str) or any(is_schema(mark) or isinstance(mark, _READING) for mark in marks):
        return None
    read: Decode = _text if plain is str else lambda response, request: response.body
    if not allow_none:
        return read
    return lambda response, request: None if _says_nothing(response, plain) else read(response, request)


def _says_nothing(response: Response, plain: Any) -> bool:
    """Say whether a body that may be missing is: it is empty, or JSON's null in the place of a text."""
    body = response.body
    if not body or plain is not str:
        return not body
    is_null = is_json(response.headers) and body.strip() == b"null"
    return is_null or (is_empty(body) and not body.isspace())


_READING = (msgspec.Meta, Discriminator, Codec)


def _read(wanted: _Wanted, reading: Reading) -> Decode:
    if reading.validate == "strict" or reading.on_drift is not None:
        return _watched(wanted, reading)
    return (_unchecked if reading.validate == "off" else _typed)(wanted)


def from_json(hint: Any, text: str | bytes) -> Any:
    """Decode a JSON text to a type.

    Raises:
        ValueError: The text is not JSON, or does not fit the type (then a marshmallow.ValidationError).
        TypeError: JSON cannot be read as the type.
    """
    body = text.encode() if isinstance(text, str) else text
    return _by_roads(hint, None, lambda response, _: _loaded(hint, text))(Response(200, Headers(), body, ""), _NO_ONE)


def _loaded(hint: Any, text: str | bytes) -> Any:
    from gemel.kit.models.schema import load

    return load(hint, read_json(text, exact=holds_decimals(hint)))


_NO_ONE = Request("", "", Headers())


def json_decoder(response: Response, request: Request) -> Any:
    """Return the body of a reply as plain JSON, None for an empty one."""
    return _opened(_Wanted(Any, None, {}), response, request)


def keyed_decoder(expected: Mapping[str, Any], reading: Reading = LENIENT) -> Decode:
    """Return a decoder that reads the first expected key that the reply has.

    Args:
        expected: The type of each key; the empty key means the whole reply.
        reading: How strictly replies are checked, and who is told of drift.

    Raises:
        TypeError: JSON cannot be read as one of the types.
    """
    # A schema instance is no type, so it goes into Annotated to stand where a type is read.
    hints = {key: Annotated[Any, hint] if is_schema(hint) else hint for key, hint in expected.items()}
    decoders = {key: _read(_Wanted(hint, key or None, {}), reading) for key, hint in hints.items()}

    def decode(response: Response, request: Request) -> Any:
        document = json_decoder(response, request)
        for key, read in decoders.items():
            if not key or value_at(document, key) is not NOWHERE:
                return read(response, request)
        raise _invalid(f"none of the keys {sorted(expected)} is in the reply", response, request)

    return decode


def _by_roads(hint: Any, unwrap: str | None, slow: Decode) -> Decode:
    """Return a decoder that tries msgspec, then the decoder of models that keep unknown fields, then the slow one.

    Raises:
        TypeError: JSON cannot be read as the type.
    """
    paths: list[tuple[str, ...]] = [()] if unwrap is None else paths_of(unwrap)
    fast, *others = [found for path in paths if (found := fast_decoder(hint, path)) is not None] or [_no_road]
    keep = keeper(hint)
    if keep is not None:
        others.append(lambda body: keep(_value_in(body, unwrap)))

    def decode(response: Response, request: Request) -> Any:
        try:
            # msgspec's errors are not shown: it stops at the first fault, while marshmallow reports all of them, with
            # paths.
            return fast(response.body)
        except _FAST_PATH_ERRORS:
            pass
        for other in others:
            try:
                return other(response.body)
            except _FAST_PATH_ERRORS:
                pass
        return slow(response, request)

    return decode


def _no_road(body: bytes) -> Any:
    raise msgspec.DecodeError("only a schema can say")


def _value_in(body: bytes, unwrap: str | None) -> Any:
    """Return the value in the envelope as plain JSON; raises msgspec.DecodeError when there is none."""
    document = msgspec.json.decode(body)
    value = document if unwrap is None else value_at(document, unwrap)
    if value is NOWHERE:
        raise msgspec.DecodeError("the envelope is not there")
    return value


def _typed(wanted: _Wanted) -> Decode:
    return _by_roads(wanted.hint, wanted.unwrap, functools.partial(_slow, wanted))


def _unchecked(wanted: _Wanted) -> Decode:
    """Decode without a schema; what does not fit stays as JSON has it."""
    return _by_roads(wanted.hint, wanted.unwrap, functools.partial(_constructed, wanted))


def _constructed(wanted: _Wanted, response: Response, request: Request) -> Any:
    from gemel.kit.models.construct import construct

    return construct(wanted.hint, _opened(wanted, response, request))


def _watched(wanted: _Wanted, reading: Reading) -> Decode:
    """Compare each reply with its type a second time: report drift, and refuse it where reading is strict."""
    checked = _typed(wanted)
    unchecked = _unchecked(wanted) if reading.validate == "off" else None

    def watched(response: Response, request: Request) -> Any:
        try:
            value = checked(response, request)
        except ResponseValidationError as error:
            _tell(drift_of_faults(error.errors), reading, request)
            if unchecked is None:
                raise
            return unchecked(response, request)
        document = _opened(wanted, response, request)
        found = drift_of(value, document, () if wanted.unwrap is None else tuple(wanted.unwrap.split(".")))
        _tell(found, reading, request)
        faults = _unnamed(wanted.hint, document, faults_of(found)) if reading.validate == "strict" else None
        if faults:
            raise _invalid(f"the reply is not as declared: {_listed(faults)}", response, request, faults)
        return value

    return watched


def _tell(found: Found, reading: Reading, request: Request) -> None:
    if reading.on_drift is not None:
        for path, kind in found:
            reading.on_drift(Drift(path, kind, request.context.label))


def _or_another(wanted: _Wanted, decode: Decode) -> Decode:
    """Return a decoder that also looks for alternative keys, where the result itself does not rule them out.

    Without an envelope that is before the reply is read, for a type whose fields are all optional fits anything. In an
    envelope it is after, and only where that holds nothing.
    """
    heads = {path.partition(".")[0] for path in wanted.alternatives} | set(wanted.alternatives)
    beside = raw_members(sorted(heads))

    def look(response: Response, request: Request) -> None:
        found = beside(response)
        if found:
            _raise_another(wanted, {name: _plain(raw) for name, raw in found.items()}, response, request)

    def before(response: Response, request: Request) -> Any:
        look(response, request)
        return decode(response, request)

    def after(response: Response, request: Request) -> Any:
        value = decode(response, request)
        if value is None:
            look(response, request)
        return value

    return before if wanted.unwrap is None else after


def _plain(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None  # what cannot be read is told when the reply itself is read


def _raise_another(wanted: _Wanted, document: Any, response: Response, request: Request) -> None:
    """Raise the error of the first alternative key that the reply has with a value other than null."""
    for key, error in wanted.alternatives.items():
        value = value_at(document, key)
        if value is not NOWHERE and value is not None:
            raise error(_load(error.model, value, response, request, key), request=request)


def _slow(wanted: _Wanted, response: Response, request: Request) -> Any:
    value = _opened(wanted, response, request, exact=holds_decimals(wanted.hint))
    return _load(wanted.hint, value, response, request, wanted.unwrap or "")


def _opened(wanted: _Wanted, response: Response, request: Request, *, exact: bool = False) -> Any:
    """Return the JSON value in the envelope, None for an empty body where the type allows None.

    Raises:
        ResponseValidationError: There is no such value.
        AlternativeReplyError: An alternative key stands in its place.
    """
    if is_empty(response.body):
        if taken_apart(wanted.hint).allow_none:
            return None
        problem = f"the server accepted the request, but its reply has no body (status {response.status})"
        raise _invalid(problem, response, request)
    document = _loads(response, request, exact=exact)
    if wanted.unwrap is None:
        return document
    value = value_at(document, wanted.unwrap)
    if value is not NOWHERE:
        return value
    _raise_another(wanted, document, response, request)
    faults = _nested(wanted.unwrap, ["Missing data for required field."])
    raise _invalid(f"the reply lacks {wanted.unwrap!r}", response, request, faults)


def _load(hint: Any, value: Any, response: Response, request: Request, key: str = "") -> Any:
    """Load a value with marshmallow, which is imported only when the fast path did not accept."""
    from gemel.kit.models.schema import ValidationError, load

    try:
        return load(hint, value)
    except RecursionError:
        raise _invalid("the reply is nested too deeply", response, request) from None
    except ValidationError as error:
        messages: Any = _unnamed(hint, value, cast("Any", error).messages)
        faults = _nested(key, messages) if key else messages
        raise _invalid(f"the reply is not valid: {_listed(faults)}", response, request, faults) from None


def _unnamed(hint: Any, document: Any, faults: Any) -> Any:
    """Mask in faults what the type marks secret, since a fault names the dict keys on its path."""
    find, secrets = finder(hint), list[str]()
    try:
        if find is not None:
            find(document, secrets)
        return Redactor(secrets).json(faults) if secrets else faults
    except RecursionError:
        return ["It is nested too deeply."]


def _nested(path: str, faults: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        faults = {key: faults}
    return cast("dict[str, Any]", faults)


def _loads(response: Response, request: Request, *, exact: bool) -> Any:
    try:
        return json_of(response, parse_float=Numeral if exact else None)
    except (ValueError, RecursionError) as error:
        # Only `msg` of JSONDecodeError: its `doc` is the whole body, and str(error) of others may quote it.
        reason = getattr(error, "msg", "" if isinstance(error, Unreadable) else type(error).__name__)
    kind = media_type(response.headers) or "no content type"
    advice = "a proxy or another service may have answered: check the endpoint" if "json" not in kind else "retry"
    told = f"{kind}, {len(response.body)} bytes{f': {reason}' if reason else ''}"
    raise _invalid(f"the reply is not JSON ({told}); {obstacle(response) or advice}", response, request)


def _text(response: Response, request: Request) -> str:
    """Return the body as text; a JSON string is decoded, any other JSON is returned as it is written."""
    try:
        text = text_of(response)
    except Unreadable as refusal:
        told = obstacle(response)
        raise _invalid(f"the reply is {refusal}{f'; {told}' if told else ''}", response, request) from None
    if is_json(response.headers):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value if isinstance(value, str) else text
    return text


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
