"""What an endpoint says of all its calls beside path and arguments, and a resource class of all its endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, cast

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.errors import APIStatusError, DeclarationError
from gemel.kit.http.encoding import Refused, header_field, header_text, named_values
from gemel.kit.http.messages import Headers, OwnErrors, Retry, Timeout
from gemel.kit.http.sensitive import credentials_in, is_sensitive_header
from gemel.kit.types import OMIT, Auth, Omit, is_mapping

__all__ = ["NOTHING_SAID", "EndpointSettings", "Words", "checked_prefix", "named_auths", "settings_of"]


class Words(TypedDict, total=False):
    """The words that a decorator and a resource class share; the decorator's go before those of the class.

    Attributes:
        timeout: The limit of a whole call in seconds, or a Timeout.
        retries: The number of retries, or a Retry.
        safe: Whether the request changes nothing at the server: it is retried as a GET is, and a cache may keep its
            reply, by the body too.
        idempotent: Whether the request may be sent twice, as a PUT may; what is safe may.
        headers: Fixed header fields. An argument, the client's own `headers` and the options of a call go before them.
        accept: The media types that are asked for, where they do not follow from the return type.
        content_type: The media type of a body that is JSON, or of an argument that is the Body.
        follow_redirects: Whether redirects are followed, whatever the client does.
        errors: The SDK's own errors by status, or by the API's code in the body, which goes before: classes derived
            from APIStatusError.
        auth: The client's credentials that are sent: the name of one, a tuple of names for all of them, or None for
            none; else the client's usual one.
    """

    timeout: Timeout | float
    retries: Retry | int
    safe: bool
    idempotent: bool
    headers: Mapping[str, str]
    accept: str
    content_type: str
    follow_redirects: bool
    errors: Mapping[int | str, type[APIStatusError]]
    auth: Auth


class EndpointSettings(Struct, frozen=True):
    """The words of an endpoint, checked; what is not said is None or empty, for `auth` OMIT."""

    timeout: Timeout | None = None
    retry: Retry | None = None
    safe: bool | None = None
    idempotent: bool | None = None
    headers: Headers = Headers()
    content_type: str = ""
    follow_redirects: bool | None = None
    errors: tuple[OwnErrors, ...] = ()
    auth: tuple[str, ...] | None | Omit = OMIT

    def over(self, outer: EndpointSettings) -> EndpointSettings:
        """Return these settings with those of a class filled in where they say nothing."""
        said = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) != getattr(NOTHING_SAID, name)
        }
        added = {"headers": outer.headers.with_values(self.headers), "errors": self.errors + outer.errors}
        return replace(outer, **{**said, **added})

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials among the fixed headers."""
        pairs = self.headers.pairs()
        return tuple(text for name, value in pairs if is_sensitive_header(name) for text in credentials_in(value))


NOTHING_SAID: EndpointSettings = EndpointSettings()
"""The settings of an endpoint that says none of the words."""


def settings_of(words: Mapping[str, Any], place: str) -> EndpointSettings:
    """Return the words of a decorator or a class, checked.

    Args:
        words: The words by name, as they were written.
        place: The name of the endpoint or class for messages.

    Raises:
        DeclarationError: A word is unknown, or says what cannot be.
    """
    given: dict[str, Any] = {}
    for name, value in words.items():
        if name not in _READERS:
            raise DeclarationError(f"{place}: {name}: there is no such word; there are {', '.join(sorted(_READERS))}")
        key, read = _READERS[name]
        try:
            given[key] = read(value)
        except (Refused, ValueError, TypeError) as refusal:
            raise DeclarationError(f"{place}: {name}: {str(refusal).removeprefix(f'{name}: ')}") from None
    if given.get("safe") and given.get("idempotent") is False:
        raise DeclarationError(f"{place}: idempotent: what is safe may be sent twice")
    accept = given.pop("accept", "")
    if accept:
        given["headers"] = given.get("headers", Headers()).with_values({"Accept": accept})
    return EndpointSettings(**given)


def checked_prefix(prefix: Any, place: str) -> str:
    """Return the prefix of a class's paths, which ends with a slash; raises DeclarationError for what is none."""
    text: str = prefix if isinstance(prefix, str) else "?"
    made = text if text.endswith("/") else f"{text}/"
    segments = made.removeprefix("/").split("/")[:-1]
    if not _PREFIX.fullmatch(made) or not {"", ".", ".."}.isdisjoint(segments):
        raise DeclarationError(
            f"{place}: prefix: {prefix!r} must be a path below the endpoint, or below its host when it begins with /, "
            "without query and without values in braces"
        )
    return made


_PREFIX = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/%]+")


def _own_errors(value: Any) -> tuple[OwnErrors, ...]:
    """Return the errors by status and code as settings keep them; raises Refused for what are none."""
    if not is_mapping(value):
        raise Refused(f"expected a mapping of statuses and codes to errors, got {type(value).__name__}")
    for key, error in value.items():
        if isinstance(key, bool) or not isinstance(key, int | str) or not key:
            raise Refused(f"an error is named by a status or by the API's code, got {key!r}")
        if isinstance(key, int) and not 300 <= key <= 599:
            raise Refused(f"a status is a whole number from 300 to 599, got {key!r}")
        if not (isinstance(error, type) and issubclass(error, APIStatusError)):
            raise Refused(f"{key!r}: expected a class derived from APIStatusError, got {error!r}")
    return (dict(value),)


named_auths: set[str] = set()
"""The names of credentials that endpoints of the program ask for; while there are none, no client has to look."""


def _auth_names(value: Any) -> tuple[str, ...] | None:
    """Return the names of credentials, None for none; raises Refused for what cannot be one."""
    if value is None:
        return None
    names: Any = cast("Any", value) if isinstance(value, tuple) else (value,)
    if not names:
        raise Refused("() names no credential; None says that none is sent")
    if not all(isinstance(name, str) and name for name in names):
        raise Refused(f"expected a name, a tuple of names, or None for no credentials, got {value!r}")
    if len(set(names)) < len(names):
        raise Refused(f"{value!r} names a credential twice")
    named_auths.update(names)
    return tuple(names)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"expected True or False, got {value!r}")
    return value


def _media_type(value: Any) -> str:
    if not isinstance(value, str) or "/" not in value:
        raise Refused(f"expected a media type such as text/csv, got {value!r}")
    return header_text(value)


def _fixed_headers(value: Any) -> Headers:
    fields = [header_field(name, text) for name, text in named_values(value)]
    for name, _ in fields:
        if name.lower() in _SAID_OTHERWISE:
            raise Refused(f"{name} is said by {_SAID_OTHERWISE[name.lower()]}")
    return Headers(fields)


_SAID_OTHERWISE = {"accept": "accept=", "content-type": "content_type=", "connection": "the client's headers"}

_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "timeout": ("timeout", Timeout.of),
    "retries": ("retry", Retry.of),
    "safe": ("safe", _flag),
    "idempotent": ("idempotent", _flag),
    "headers": ("headers", _fixed_headers),
    "accept": ("accept", _media_type),
    "content_type": ("content_type", _media_type),
    "follow_redirects": ("follow_redirects", _flag),
    "errors": ("errors", _own_errors),
    "auth": ("auth", _auth_names),
}
