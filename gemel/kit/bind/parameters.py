"""Parameter: how one argument of an endpoint is sent, an annotation of uplink; a class for each role."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

from gemel.kit.bind.checks import checker, exact_types, unfit
from gemel.kit.bind.request_builder import RequestBuilder
from gemel.kit.bind.uplink_import import arguments, exceptions
from gemel.kit.bodies.parts import pieces
from gemel.kit.bodies.upload import UNKNOWN_TYPE, Upload
from gemel.kit.errors import InvalidArgument
from gemel.kit.http.encoding import (
    Nesting,
    Refused,
    cookie_text,
    encode_path,
    encode_segment,
    encode_segment_list,
    header_list,
    header_text,
    percent_encoded,
    query_pairs,
    separator,
    utf8_bytes,
)
from gemel.kit.http.redaction import redact
from gemel.kit.http.sensitive import address_secrets, is_sensitive_header
from gemel.kit.models.coding import writer_of
from gemel.kit.models.encode import json_bytes, plain_values
from gemel.kit.models.hints import json_kind, taken_apart
from gemel.kit.models.secrecy import Finder, finder, is_secret
from gemel.kit.stubs.roles import Body, Cookie, Field, Form, Header, Part, Path, Query, Role, UplinkRole, Url
from gemel.kit.stubs.scope import Scoped
from gemel.kit.types import OMIT, is_array

__all__ = ["Parameter", "parameter_of"]

_ABSENT: Any = inspect.Parameter.empty


class Parameter(arguments.ArgumentAnnotation):
    """Checks the value of one argument, notes what is secret in it, and adds it to the request.

    Attributes:
        name: The name of the argument in Python.
        role: Where it goes, with its name on the wire.
        hint: Its annotation, resolved.
        default: The value that is sent when it is not given.
    """

    role: Any

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        self.name: str = declared.name
        self.hint: Any = declared.annotation
        self.default: Any = declared.default
        self.role = role
        self._label = label
        self._exact = exact_types(self.hint)
        self._fits = checker(self.hint)
        self._secrets: Finder | None = finder(self.hint, hidden=_is_credential(role))
        self._code: Callable[[Any], Any] | None = writer_of(self.hint)

    def modify_request(self, request_builder: RequestBuilder, value: Any) -> None:
        """Check a value and add it to the request.

        Args:
            request_builder: The request that the call fills.
            value: The argument of the call.

        Raises:
            InvalidArgument: The value does not fit the annotation, or cannot be sent.
        """
        if type(value) not in self._exact and not self._fits(value):
            raise unfit(self._label, self.name, self.hint, value)
        # Noted first, so that no error made from this request can show them.
        if self._secrets is not None:
            self._note(request_builder, value)
        if self._code is not None:
            value = self._coded(request_builder, value, self._code)
        try:
            self.put(request_builder, value)
        except Refused as refusal:
            problem = redact(str(refusal), request_builder.secrets)
            raise InvalidArgument(self._label, self.name, problem) from None

    def _coded(self, request_builder: RequestBuilder, value: Any, code: Callable[[Any], Any]) -> Any:
        """Return a value as its codec writes it, which is as secret as the value; raises InvalidArgument."""
        try:
            value = code(value)
        except ValueError as error:
            problem = redact(str(error), request_builder.secrets)
            raise InvalidArgument(self._label, self.name, problem) from None
        if self._secrets is not None:
            self._note(request_builder, value)
        return value

    def _note(self, request_builder: RequestBuilder, value: Any) -> None:
        assert self._secrets is not None
        try:
            self._secrets(value, request_builder.secrets)
        except RecursionError:
            raise InvalidArgument(self._label, self.name, "it is nested too deeply, or in itself") from None

    def absent(self, request_builder: RequestBuilder) -> None:
        """Add the default to the request.

        Args:
            request_builder: The request that the call fills.

        Raises:
            InvalidArgument: There is no default.
        """
        if self.default is _ABSENT:
            raise InvalidArgument(self._label, self.name, "missing argument")
        if self.default is not OMIT:
            self.modify_request(request_builder, self.default)

    def scoped(self, request_builder: RequestBuilder) -> None:
        """Put the value of the scope in its place, for a default that is from_scope().

        Args:
            request_builder: The request being built.

        Raises:
            InvalidArgument: The scope has no such value, or it does not fit.
        """
        name = self.default.name
        value = request_builder.scope.get(name, _ABSENT)
        if value is _ABSENT:
            said = f"scope={{{name!r}: ...}}"
            problem = f"missing argument; give it to the call, or say {said} to with_options() or to the client"
            raise InvalidArgument(self._label, self.name, problem)
        if value is not OMIT:
            self.modify_request(request_builder, value)

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add a checked value to the request; each role does it in its own way.

        Args:
            request_builder: The request that the call fills.
            value: A value of the annotated type.

        Raises:
            Refused: The value cannot be sent.
        """
        raise NotImplementedError


class PathParameter(Parameter):
    """Adds an argument to the path."""

    role: Path

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        super().__init__(label, declared, role)
        self._encoded: Callable[[Any], str] = encode_segment
        if self.role.slashes:
            self._encoded = encode_path
        elif bool in self._exact or _takes_lists(self.hint):
            self._encoded = partial(encode_segment_list, join=self.role.join)

    def modify_request_definition(self, request_definition_builder: Any) -> None:
        """Tell uplink which variable of the template this is."""
        request_definition_builder.uri.add_variable(self.role.name)

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Encode the value as one segment, or as several where the template says so."""
        request_builder.segments[self.role.name] = self._encoded(value)


class QueryParameter(Parameter):
    """Adds an argument to the query; its default is encoded once."""

    role: Query

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        super().__init__(label, declared, role)
        self._names: list[str] = [percent_encoded(each) for each in (self.role.name, self.role.also) if each]
        self._prefix: str = "" if self.role.json or self.role.also else f"{self._names[0]}="
        self._nesting: Nesting | None = _nesting(self.role)
        self._encoded_default: tuple[str, ...] | None = None
        if self.default is not _ABSENT and not isinstance(self.default, Scoped) and not is_secret(self.hint):
            builder = RequestBuilder()
            super().absent(builder)
            self._encoded_default = None if builder.secrets else tuple(builder.query)

    def absent(self, request_builder: RequestBuilder) -> None:
        """Add the default's pairs."""
        if self._encoded_default is None:
            super().absent(request_builder)
        else:
            request_builder.query += self._encoded_default

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the value's pairs."""
        role, prefix = self.role, self._prefix
        if prefix:  # one pair, of the kinds that almost all queries are made of
            if type(value) is str:
                request_builder.query.append(prefix + percent_encoded(value))
                return
            if type(value) is bool:
                request_builder.query.append(f"{prefix}true" if value else f"{prefix}false")
                return
            if type(value) is int:
                request_builder.query.append(f"{prefix}{value}")
                return
        if role.json and value is not None:
            value = json_bytes(value).decode()
        for name in self._names:
            request_builder.query += _pairs(name, value, self._nesting)


class HeaderParameter(Parameter):
    """Adds an argument to the header fields; None is not sent, nor is an empty list."""

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        super().__init__(label, declared, role)
        self._lists: bool = _takes_lists(self.hint)
        self._text: Callable[[Any], str] = header_text
        if self._lists:
            self._text = partial(header_list, join=self.role.join)

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the header."""
        if value is not None and not (self._lists and is_array(value) and not value):
            request_builder.headers.append((self.role.name, self._text(value)))


class CookieParameter(Parameter):
    """Adds an argument to the cookies, all of which are one header (RFC 6265, section 5.4); None is not sent."""

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the cookie."""
        if value is None:
            return
        pair, headers = f"{self.role.name}={cookie_text(value)}", request_builder.headers
        before = [text for name, text in headers if name == "Cookie"]
        headers[:] = [field for field in headers if field[0] != "Cookie"]
        headers.append(("Cookie", "; ".join([*before, pair])))


class FieldParameter(Parameter):
    """Adds an argument to the JSON body."""

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the member."""
        request_builder.fields[self.role.name] = value


class BodyParameter(Parameter):
    """Sends an argument as the whole body."""

    role: Body

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Set bytes and text as the body, and leave anything else to be sent as JSON."""
        _put_body(request_builder, value, self.role.content_type)


class FormParameter(Parameter):
    """Adds an argument to the fields of a form."""

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        super().__init__(label, declared, role)
        self._name: str = percent_encoded(self.role.name)
        self._nesting: Nesting | None = _nesting(self.role)

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the field."""
        request_builder.form += _pairs(self._name, value, self._nesting)


class PartParameter(Parameter):
    """Adds an argument to the parts of a multipart body."""

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Add the part, or one for each item of a list."""
        request_builder.parts += pieces(self.role.name, value)


class UrlParameter(Parameter):
    """Sends the request to an argument; the Definition knows the endpoint that it goes by."""

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Note the address, and what of its query is secret by its name, such as a signature."""
        request_builder.secrets += address_secrets(value)
        request_builder.segments[""] = value


class UplinkParameter(Parameter):
    """Lets an annotation of uplink add the argument to the request."""

    role: UplinkRole

    def __init__(self, label: str, declared: inspect.Parameter, role: Role) -> None:
        super().__init__(label, declared, role)
        # A copy, since uplink writes the argument's name into an annotation that has none, and one may serve several.
        self._annotation: Any = copy.copy(self.role.annotation)
        if getattr(self._annotation, "name", "") is None:
            self._annotation.name = self.role.name

    def modify_request_definition(self, request_definition_builder: Any) -> None:
        """Let the annotation change uplink's definition as it would there."""
        self._annotation.modify_request_definition(request_definition_builder)

    def put(self, request_builder: RequestBuilder, value: Any) -> None:
        """Let the annotation write the value, and move what it has written to its place in the request."""
        kind = self.role.kind
        if kind in (Field, Body) and not isinstance(value, bytes | bytearray | Upload):
            json_bytes(value)  # refused here, while it is known which argument it is
        try:
            self._annotation.modify_request(request_builder, value)
        except exceptions.Error as error:
            raise Refused(str(error)) from None
        if kind is Body:
            _put_body(request_builder, request_builder.info.pop("data", value), "")
        if request_builder.has_info:
            request_builder.settle()


def _put_body(request_builder: RequestBuilder, value: Any, kind: str) -> None:
    """Give a body of this media type: bytes, and text that is not JSON, as they are, anything else as JSON."""
    if isinstance(value, bytes | bytearray | memoryview):
        request_builder.raw, kind = bytes(cast("bytes", value)), kind or UNKNOWN_TYPE
    elif isinstance(value, str) and kind and "json" not in kind:
        request_builder.raw = utf8_bytes(value)
    else:
        request_builder.body = value
    if kind and not isinstance(value, Upload):
        request_builder.headers.append(("Content-Type", kind))


def _nesting(role: Query | Form) -> Nesting | None:
    """Return how a role names what is in a value, None where it says nothing of it."""
    if not role.style and not role.join and role.lists == "repeat":
        return None
    return Nesting(role.style, role.lists, separator(role.join))


def _pairs(name: str, value: Any, nesting: Nesting | None) -> list[str]:
    if nesting is None:
        return query_pairs(name, value)
    return nesting.pairs(name, plain_values(value) if nesting.style else value)


def _takes_lists(hint: Any) -> bool:
    """Say whether an annotation names a list, a tuple or the like."""
    plain = taken_apart(hint).plain
    members = get_args(plain) if get_origin(plain) in (Union, UnionType) else (plain,)
    return any(json_kind(member) == "array" for member in members)


_CLASSES: dict[type[Role], type[Parameter]] = {
    Path: PathParameter,
    Query: QueryParameter,
    Header: HeaderParameter,
    Cookie: CookieParameter,
    Field: FieldParameter,
    Body: BodyParameter,
    Form: FormParameter,
    Part: PartParameter,
    Url: UrlParameter,
    UplinkRole: UplinkParameter,
}


def parameter_of(label: str, declared: inspect.Parameter, role: Role) -> Parameter:
    """Return the Parameter of an argument, made for its role.

    Args:
        label: The name of the endpoint in errors.
        declared: The argument, its annotation resolved.
        role: Where the argument goes.
    """
    kind = next(kind for kind in type(role).__mro__ if kind in _CLASSES)
    return _CLASSES[kind](label, declared, role)


def _is_credential(role: Role) -> bool:
    """Say whether an argument is secret by the name of its header field, whatever its annotation says."""
    kind = role.kind if isinstance(role, UplinkRole) else type(role)
    return issubclass(kind, Cookie) or (issubclass(kind, Header) and is_sensitive_header(role.name))
