"""What reads the reply of an endpoint: by its status, into a Reply, with the header fields that this types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, get_args, get_origin

import msgspec

from gemel.kit.errors import ResponseValidationError
from gemel.kit.http.messages import Request, Response
from gemel.kit.models.codec import Codec, codec_in, refuse_other_type
from gemel.kit.models.decode import Decode, decoder, reads_json
from gemel.kit.models.drift import Reading
from gemel.kit.models.hints import taken_apart
from gemel.kit.stubs.answers import Answer
from gemel.kit.stubs.reply import Reply, header_hints, is_reply, value_type
from gemel.kit.stubs.roles import Spec

__all__ = ["expects_json", "reader"]


def expects_json(spec: Spec, answers: Mapping[int, Answer], returns: Any, label: str) -> bool:
    """Say whether any reply of an endpoint is read as JSON.

    Args:
        spec: The arguments of the decorator.
        answers: What each status means, empty where the status means nothing.
        returns: The return type, resolved.
        label: The name of the endpoint for messages.
    """
    hints = [answer.hint for answer in answers.values() if not answer.value] if answers else [returns]
    return any(reads_json(value_type(hint, label) if is_reply(hint) else hint, spec.unwrap) for hint in hints)


def reader(spec: Spec, answers: Mapping[int, Answer], hint: Any, reading: Reading, label: str) -> Decode:
    """Return what reads a reply.

    Args:
        spec: The arguments of the decorator.
        answers: What each status means, empty where the status means nothing.
        hint: The type to decode it as.
        reading: How it is checked, and who is told of drift.
        label: The name of the endpoint for messages.

    Raises:
        TypeError: JSON cannot be read as the type, or a header field.
    """

    def plain(wanted: Any) -> Decode:
        return decoder(wanted, unwrap=spec.unwrap, alternatives=spec.alternatives, reading=reading)

    def whole(wanted: Any) -> Decode:
        return _made(wanted, plain(value_type(wanted, label)), label) if is_reply(wanted) else plain(wanted)

    if not answers:
        return whole(hint)
    by_status = {
        status: _fixed(answer.value[0]) if answer.value else whole(answer.hint) for status, answer in answers.items()
    }
    chosen = _by_status(by_status)
    inside = is_reply(hint) and not any(is_reply(answer.hint) for answer in answers.values())
    return _made(hint, chosen, label) if inside else chosen


def _fixed(value: Any) -> Decode:
    return lambda response, request: value


def _by_status(by_status: Mapping[int, Decode]) -> Decode:
    def read(response: Response, request: Request) -> Any:
        decode = by_status.get(response.status)
        if decode is None:
            named = ", ".join(map(str, sorted(by_status)))
            _refuse(f"the status {response.status} is not declared; replies= names {named}", response, request, {})
        return decode(response, request)

    return read


def _made(hint: Any, decode: Decode, label: str) -> Decode:
    """Return what makes a Reply of the class that the hint names."""
    kind: type[Reply[Any]] = get_origin(hint) or hint
    readers = {
        name: (role.name, _header_reader(wanted, role.join), _missing(kind, name, wanted))
        for name, (role, wanted) in header_hints(kind, label).items()
    }

    def read(response: Response, request: Request) -> Any:
        made = kind(response, decode(response, request))
        for name, (field, convert, missing) in readers.items():
            setattr(made, name, _field(field, convert, missing, response, request))
        return made

    return read


_REQUIRED: Any = object()


def _missing(kind: type[Any], name: str, hint: Any) -> Any:
    return getattr(kind, name, None if taken_apart(hint).allow_none else _REQUIRED)


def _field(name: str, convert: Callable[[str], Any], missing: Any, response: Response, request: Request) -> Any:
    text = response.headers.get(name)
    if text is None:
        if missing is _REQUIRED:
            _refuse(f"the reply lacks the header {name}", response, request, {name: ["Missing header field."]})
        return missing
    try:
        return convert(text)
    except (ValueError, TypeError) as error:
        # The value itself may be a credential.
        problem = str(error) if isinstance(error, msgspec.ValidationError) else "it cannot be read"
        _refuse(f"the header {name} is not as declared", response, request, {name: [problem]})


def _header_reader(hint: Any, join: str) -> Callable[[str], Any]:
    """Return what turns the text of a header field into its type; raises TypeError for a type that no text gives.

    Args:
        hint: The type, with a codec where the text is not in the usual form.
        join: What stands between the items of a list.
    """
    plain, marks, _ = taken_apart(hint)
    codec = codec_in(marks)
    if codec is not None:
        refuse_other_type(codec, plain)
        return _coded(codec)
    if plain is str:
        return str
    if plain is datetime:
        return _moment
    if (get_origin(plain) or plain) in (list, tuple):
        one, kind = _header_reader((get_args(plain) or (str,))[0], join), get_origin(plain) or plain
        return lambda text: kind(one(item.strip()) for item in text.split(join.strip() or None) if item.strip())
    msgspec.json.Decoder(plain)  # raises TypeError for what it does not know
    return lambda text: msgspec.convert(text.strip(), plain, strict=False)


def _coded(codec: Codec) -> Callable[[str], Any]:
    if codec.wire is str:
        return codec.read
    return lambda text: codec.read(msgspec.convert(text.strip(), codec.wire, strict=False))


def _moment(text: str) -> datetime:
    """Read a date as HTTP writes it (RFC 9110, section 5.6.7), or as RFC 3339 does."""
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return msgspec.convert(text, datetime)


def _refuse(problem: str, response: Response, request: Request, faults: Mapping[str, Any]) -> NoReturn:
    message = f"{request.context.label}: {problem} ({request.method} {request.url})"
    raise ResponseValidationError(message, request=request, body=response.body, errors=dict(faults))
