"""RequestBuilder: a request that the arguments of a call fill one after the other."""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, cast
from urllib.parse import quote

from msgspec.structs import replace

from gemel.kit.bind.uplink_import import helpers, keys
from gemel.kit.bodies.multipart import Piece, multipart_body
from gemel.kit.bodies.parts import File, form_body, pieces
from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import DeclarationError
from gemel.kit.http.encoding import (
    Refused,
    encode_segment,
    header_field,
    percent_encoded,
    query_pairs,
    utf8_bytes,
    wire_text,
)
from gemel.kit.http.messages import Timeout
from gemel.kit.http.sensitive import is_sensitive_header, is_sensitive_parameter
from gemel.kit.models.encode import json_bytes
from gemel.kit.models.secrecy import named_secrets
from gemel.kit.types import OMIT, is_array, is_mapping, is_object

__all__ = ["RequestBuilder", "encoded_query", "file_pieces", "time_limits"]

_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_QUERY_CHARACTERS = "!$%&'()*+,/:;=?@[]~"


_NO_SCOPE: Mapping[str, Any] = {}


class RequestBuilder(helpers.RequestBuilder):
    """uplink's builder of a request, with gemel's encoding in place of converters.

    A definition sets `method`, `relative_url` and `return_type`, and lets each argument add its value.
    Annotations of uplink write to `info`, from where the values are moved to the same places at the end.
    """

    __slots__ = (
        "_info",
        "body",
        "fields",
        "form",
        "headers",
        "method",
        "parts",
        "query",
        "raw",
        "relative_url",
        "return_type",
        "scope",
        "secrets",
        "segments",
        "timeout",
    )

    def __init__(self) -> None:
        self.segments: dict[str, str] = {}
        self.query: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.fields: dict[str, Any] = {}
        self.form: list[str] = []
        self.parts: list[Piece] = []
        self.body: Any = OMIT
        self.raw: bytes | None = None
        self.secrets: list[str] = []
        self.timeout: Any = None
        self.scope: Mapping[str, Any] = _NO_SCOPE
        self._info: dict[str, Any] | None = None

    @property
    def info(self) -> dict[str, Any]:
        """The values that annotations and decorators of uplink have written, named like the arguments of requests."""
        if self._info is None:
            self._info = collections.defaultdict(dict)
        return self._info

    @property
    def has_info(self) -> bool:
        """Whether an annotation or decorator of uplink has written anything."""
        return self._info is not None

    @property
    def context(self) -> NoReturn:
        """The context that hooks of uplink would read.

        Raises:
            DeclarationError: Always, since no hook runs.
        """
        raise DeclarationError(
            "a hook's context is of no use here: hooks of uplink do not run, the client's policies do"
        )

    def set_url_variable(self, variables: dict[str, Any]) -> None:
        """Set values of the path.

        Args:
            variables: The values by the names that stand in braces in the template.

        Raises:
            Refused: A value is not a single path segment.
        """
        self.segments.update({name: encode_segment(value) for name, value in variables.items()})

    def get_converter(self, converter_key: Any, *_: Any) -> Callable[[Any], Any] | None:
        """Return the one text form of a value, whatever converter an annotation asks for.

        Args:
            converter_key: A key of `uplink.converters.keys`, which says what is converted to what.

        Returns:
            A function that converts a value, raising Refused for one without a text form; None leaves values alone.
        """
        if converter_key == keys.CONVERT_TO_STRING:
            return _text
        if isinstance(converter_key, keys.Sequence):
            return _texts
        if isinstance(converter_key, keys.Map):
            inner = self.get_converter(converter_key._converter_key)
            return _mapping if inner is None else _inside(inner)
        return None

    def add_transaction_hook(self, hook: Any) -> None:
        """Refuse a hook, since the client's policies take the place of uplink's.

        Args:
            hook: The hook.

        Raises:
            DeclarationError: Always.
        """
        raise DeclarationError(f"{type(hook).__name__}: hooks of uplink do not run here; the client's policies do")

    add_request_template = add_transaction_hook

    def address(self, literals: Iterable[str], variables: Iterable[str]) -> str:
        """Return the path with the query.

        Args:
            literals: The pieces of the template around its variables, one more than there are variables.
            variables: The names of the variables.

        Returns:
            The path, followed by `?` and the query if there is one, percent-encoded.
        """
        first, *rest = literals
        path = first
        for variable, literal in zip(variables, rest, strict=True):
            path += self.segments[variable] + literal
        return f"{path}?{'&'.join(self.query)}" if self.query else path

    def add_cookies(self, usual: str) -> None:
        """Put the cookies that a client sends with every call before those of this one.

        Args:
            usual: The value of its header.
        """
        if usual:
            self.headers = [(name, f"{usual}; {text}" if name == "Cookie" else text) for name, text in self.headers]

    def content(self, *, always_object: bool) -> bytes | Upload | None:
        """Return the body, and add its media type to the headers.

        Args:
            always_object: Whether an empty JSON object is sent when no field is given.

        Returns:
            The bytes, an Upload that is read while it is sent, or None for no body.

        Raises:
            Refused: JSON cannot hold a value.
        """
        if isinstance(self.body, Upload):
            self.headers.append(("Content-Type", self.body.content_type))
            return self.body
        if self.raw is not None:
            return self.raw
        if self.form or self.parts:
            body, kind = multipart_body(self.parts) if self.parts else form_body(self.form)
            self.headers.append(("Content-Type", kind))
            return body
        if self.body is not OMIT:
            return json_bytes(self.body)
        return json_bytes(self.fields) if self.fields or always_object else None

    def settle(self) -> None:
        """Move what an annotation of uplink has written to its place, over values already there.

        Raises:
            Refused: A value has no place in a request, or cannot be sent.
        """
        written, self._info = self._info, None
        for kind, found in (written or {}).items():
            if kind not in _PLACES:
                raise Refused(f"uplink's {kind!r} has no place in a request of a stub; set it at the client")
            _PLACES[kind](self, found)

    def complete(self) -> None:
        """Add what decorators of uplink have written, except where an argument of the call says otherwise.

        uplink lets decorators override arguments; here the caller has the last word, as with every setting.

        Raises:
            Refused: A value cannot be sent.
        """
        usual, self._info = self._info or {}, None
        said = {name.lower() for name, _ in self.headers}
        usual_headers = {name.lower(): (name, value) for name, value in usual.get("headers", {}).items()}
        _put_headers(self, dict(pair for name, pair in usual_headers.items() if name not in said))
        asked = {pair.partition("=")[0] for pair in self.query}
        usual_query = usual.get("params", {}).items()
        _put_params(self, {name: value for name, value in usual_query if percent_encoded(wire_text(name)) not in asked})
        if self.timeout is None:
            self.timeout = usual.get("timeout")


def encoded_query(text: str) -> str:
    """Return a query that is encoded already, with anything encoded that would end the query or the request line.

    Args:
        text: The pairs of names and values, percent-encoded.

    Returns:
        The text, with characters that a query cannot hold (RFC 3986, section 3.4) percent-encoded.

    Raises:
        Refused: The text is not valid Unicode.
    """
    try:
        return quote(_STRAY_PERCENT.sub("%25", text), safe=_QUERY_CHARACTERS)
    except UnicodeEncodeError:
        raise Refused("the text is not valid Unicode (a lone surrogate)") from None


def file_pieces(name: str, value: Any) -> list[Piece]:
    """Return the parts of a multipart body for a file given in a form that requests takes.

    Args:
        name: The name of the part.
        value: A binary file object, or a tuple of file name, content and, optionally, media type. The content is bytes,
            text or a binary file object; without a file name (None) the part is a plain field.

    Raises:
        Refused: The value has another form, or the file cannot be read.
    """
    filename, content, kind = _file_form(name, value)
    if isinstance(content, str):
        content = utf8_bytes(content)
    if filename is None and not isinstance(content, bytes):
        content = _whole(content)
    if filename is None:
        return [Piece(name, content, content_type=kind)]
    if isinstance(content, bytes):
        return [Piece(name, content, filename=filename, content_type=kind)]
    return pieces(name, File(content, name=filename, content_type=kind))


def time_limits(given: Any, usual: Timeout) -> Timeout:
    """Return the timeout of a call from the forms that users of uplink write.

    Args:
        given: Seconds for connecting, for silence and for the whole call alike; a pair of seconds, for connecting and
            for silence, as in requests; a Timeout; or None for the client's own.
        usual: The timeout of the client.

    Raises:
        Refused: It is none of these, or not positive and finite.
    """
    if given is None or isinstance(given, Timeout):
        return given or usual
    try:
        if isinstance(given, tuple):
            connect, read = cast("tuple[Any, Any]", given)
            return replace(usual, connect=connect or usual.connect, read=read or usual.read)
        return replace(usual, total=given, connect=given, read=given)
    except (TypeError, ValueError) as error:
        raise Refused(str(error)) from None


def _text(value: Any) -> Any:
    """Return the text of a value, None for None, which is left out later."""
    return None if value is None else wire_text(value)


def _texts(value: Any) -> Any:
    return [_text(item) for item in value] if is_array(value) else _text(value)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not is_mapping(value):
        raise Refused(f"expected a mapping, got {type(value).__name__}")
    return value


def _inside(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {name: inner(item) for name, item in _mapping(value).items() if item is not None}


def _put_params(builder: RequestBuilder, written: Any) -> None:
    """Add query parameters: a mapping, or text that is encoded already."""
    if isinstance(written, str):
        builder.query += [encoded_query(written)] if written else []
        return
    builder.secrets += named_secrets(written, is_sensitive_parameter)
    given = {percent_encoded(wire_text(name)): value for name, value in written.items()}
    if given:
        builder.query = [pair for pair in builder.query if pair.partition("=")[0] not in given]
    for name, value in given.items():
        builder.query.extend(query_pairs(name, value))


def _put_headers(builder: RequestBuilder, written: Any) -> None:
    builder.secrets += named_secrets(written, is_sensitive_header)
    given = [header_field(wire_text(name), value) for name, value in written.items() if value is not None]
    names = {name.lower() for name, _ in given}
    builder.headers = [pair for pair in builder.headers if pair[0].lower() not in names] + given


def _put_data(builder: RequestBuilder, written: Any) -> None:
    """Add members to the JSON body; a tuple of names is the path to a nested member."""
    builder.secrets += named_secrets(written)
    for path, value in written.items():
        *outer, last = cast("Any", path if isinstance(path, tuple) else (path,))
        inside = builder.fields
        for name in outer:
            found: Any = inside.get(name, {})
            if not is_object(found):
                raise Refused(f"{name!r} of the body is no object")
            inside[name] = inside = dict(found)
        inside[last] = value


def _put_files(builder: RequestBuilder, written: Any) -> None:
    builder.parts = [part for part in builder.parts if part.name not in written]
    for name, value in written.items():
        made = file_pieces if isinstance(value, tuple) or hasattr(value, "read") else pieces
        builder.parts.extend(made(name, value))


def _put_timeout(builder: RequestBuilder, written: Any) -> None:
    time_limits(written, Timeout())  # refused here, while it is known which argument it is
    builder.timeout = written


_PLACES: dict[str, Callable[[RequestBuilder, Any], None]] = {
    "params": _put_params,
    "headers": _put_headers,
    "data": _put_data,
    "files": _put_files,
    "timeout": _put_timeout,
}


def _file_form(name: str, value: Any) -> tuple[str | None, Any, str]:
    """Return file name, content and media type of a file in one of requests' forms."""
    if not isinstance(value, tuple):
        own = getattr(value, "name", None)
        # The file of a descriptor is named by its number, a standard stream as "<stdin>".
        return (os.path.basename(own) if isinstance(own, str) and own[:1] != "<" else name), value, ""
    form: Any = cast("Any", value)
    if not 2 <= len(form) <= 3:
        raise Refused("expected a file's name, content and media type; a part has no other headers of its own")
    return form[0], form[1], (form[2] or "") if len(form) == 3 else ""


def _whole(source: Any) -> bytes:
    data: Any = source.read()
    return data.encode() if isinstance(data, str) else data
