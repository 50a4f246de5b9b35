"""RequestBuilder: a request in the making, which the arguments of a call fill one after the other."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from gemel.kit.bind.uplink_import import helpers, keys
from gemel.kit.bodies.multipart import Piece, multipart_body
from gemel.kit.bodies.parts import form_body, pieces
from gemel.kit.bodies.upload import Upload
from gemel.kit.errors import DeclarationError
from gemel.kit.http.encoding import encode_segment, header_name, header_text, query_pairs, wire_text
from gemel.kit.http.messages import Timeout
from gemel.kit.models.encode import json_bytes
from gemel.kit.types import OMIT, is_array, is_mapping

__all__ = ["RequestBuilder"]


class RequestBuilder(helpers.RequestBuilder):  # type: ignore[misc]
    """A request of uplink's in the making, with gemel's wire forms in the place of converters.

    A definition sets `method`, `relative_url` and `return_type`, and lets each argument put its value in its place.
    What uplink's own annotations write goes to `info`, and from there in the same places when all are done.
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
        self.timeout: Timeout | None = None
        self._info: dict[str, Any] | None = None

    @property
    def info(self) -> dict[str, Any]:
        """What uplink's own annotations and decorators have written, by the names that requests has for it."""
        if self._info is None:
            self._info = collections.defaultdict(dict)
        return self._info

    @property
    def has_info(self) -> bool:
        """Whether an annotation or a decorator of uplink's own has been at work."""
        return self._info is not None

    def set_url_variable(self, variables: dict[str, Any]) -> None:
        """Put values in the path; raises Refused for one that is no single segment."""
        self.segments.update({name: encode_segment(value) for name, value in variables.items()})

    def get_converter(self, converter_key: Any, *_: Any) -> Callable[[Any], Any] | None:
        """Return the one text form of a value, whatever converter an annotation asks for."""
        if converter_key == keys.CONVERT_TO_STRING:
            return wire_text
        if isinstance(converter_key, keys.Sequence):
            return _texts
        if isinstance(converter_key, keys.Map):
            inner = self.get_converter(converter_key._converter_key)
            return (lambda value: {name: inner(item) for name, item in value.items()}) if inner else None
        return None

    def add_transaction_hook(self, hook: Any) -> None:
        """Refuse: the client's policies have the place of uplink's hooks. Raises DeclarationError."""
        raise DeclarationError(f"{type(hook).__name__}: hooks of uplink do not run here; the client's policies do")

    add_request_template = add_transaction_hook

    def address(self, literals: Iterable[str], variables: Iterable[str]) -> str:
        """Return the path and the query: the template's literals with the values between them."""
        first, *rest = literals
        path = first
        for variable, literal in zip(variables, rest, strict=True):
            path += self.segments[variable] + literal
        return f"{path}?{'&'.join(self.query)}" if self.query else path

    def content(self, *, always_object: bool) -> bytes | Upload | None:
        """Return the body, and add its media type to the headers; raises Refused for what JSON cannot hold.

        always_object: whether a body of fields is sent although it has none.
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
        """Put what uplink's own annotations have written in its place; raises Refused."""
        for kind, written in (self._info or {}).items():
            _PLACES[kind](self, written)


def _texts(value: Any) -> Any:
    return [wire_text(item) for item in value] if is_array(value) else wire_text(value)


def _put_params(builder: RequestBuilder, written: Any) -> None:
    """Add query parameters: a mapping, or text that is encoded already."""
    if isinstance(written, str):
        builder.query.append(written)
        return
    for name, value in written.items():
        builder.query.extend(query_pairs(quote(name, safe=""), value))


def _put_headers(builder: RequestBuilder, written: Any) -> None:
    builder.headers.extend(
        (header_name(name), header_text(value)) for name, value in written.items() if value is not None
    )


def _put_data(builder: RequestBuilder, written: Any) -> None:
    """Add members of the JSON body, or give it whole."""
    if is_mapping(written):
        builder.fields.update(written)
    elif isinstance(written, bytes):
        builder.raw = written
    else:
        builder.body = written


def _put_files(builder: RequestBuilder, written: Any) -> None:
    for name, value in written.items():
        builder.parts.extend(pieces(name, value))


def _put_timeout(builder: RequestBuilder, written: Any) -> None:
    builder.timeout = Timeout.of(written)


_PLACES: dict[str, Callable[[RequestBuilder, Any], None]] = {
    "params": _put_params,
    "headers": _put_headers,
    "data": _put_data,
    "json": _put_data,
    "files": _put_files,
    "timeout": _put_timeout,
}
