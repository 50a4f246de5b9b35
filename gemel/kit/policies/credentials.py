"""Bearer, Basic and ApiKey: credentials whose value is given, asked of a function, or read from a file."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, TypeAlias, cast

from gemel.kit.errors import CredentialsError, DeclarationError
from gemel.kit.flow.effects import Await, Flow, Offload
from gemel.kit.http.encoding import Refused, cookie_name, cookie_text, header_name, header_text
from gemel.kit.http.redaction import MASK
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.places import BEARER, Place
from gemel.kit.policies.tokens import Fetch, Token, digest
from gemel.kit.tracebacks import entry

__all__ = ["ApiKey", "Basic", "Bearer", "ValueSource", "Valued", "refuse_controls"]

ValueSource: TypeAlias = "str | Path | Callable[[], str | Token] | Callable[[], Awaitable[str | Token]]"
"""A value; a file that holds it; or a function that returns it, which an async client awaits where it has to be."""


class Valued:
    """A credential with one value, which is made fit for its place."""

    place: Place = BEARER

    def __init__(self, source: ValueSource, what: str) -> None:
        given: Any = source
        if not isinstance(given, str | Path) and (not callable(given) or isinstance(given, type)):
            kind = f"class {given.__name__}" if isinstance(given, type) else type(given).__name__
            raise TypeError(f"{type(self).__name__}: {what} is text, a Path, or a function that returns it, got {kind}")
        # What is given as text is kept in a Token alone, which shows itself to nobody.
        self._source: Any = None if isinstance(given, str) else given
        self._awaited = iscoroutinefunction(given) or iscoroutinefunction(getattr(given, "__call__", None))  # noqa: B004
        self._fixed: Token | None = self._token(given) if isinstance(given, str) else None
        self.renewable: bool = self._fixed is None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MASK})"

    def identity(self) -> bytes:
        """Return the digest of the value and of its place; b"" when the value is not given as text."""
        if self._fixed is None:
            return b""
        # A credential that is sent as a bearer token is known by the token alone, whatever gives it.
        named = () if self.place == BEARER else (self.place.kind, self.place.name, self.place.prefix)
        return digest("token", *named, self._fixed.value)

    @entry
    def bound(self, caller: Caller) -> Fetch:
        """Return what gives the value; raises TypeError when a blocking client would have to await it."""
        if self._awaited and not caller.is_async:
            raise TypeError(
                f"{type(self).__name__}: its function has to be awaited, and this client blocks; "
                "give it one that does not, or take the async client"
            )
        if self._fixed is not None:
            return self._fetch_fixed
        return _FileFetch(self._source, self._token) if isinstance(self._source, Path) else self._fetch_asked

    def _fetch_fixed(self, deadline: float) -> Flow[Token]:
        yield from ()
        assert self._fixed is not None
        return self._fixed

    def _fetch_asked(self, deadline: float) -> Flow[Token]:
        given = (yield Await(self._source)) if self._awaited else self._source()
        if isinstance(given, Token):
            return self._token(given.value, given.lifetime)
        return self._token(given)

    def _token(self, value: Any, lifetime: float | None = None) -> Token:
        """Return the value as it is sent; raises CredentialsError when it cannot be."""
        return Token(value, lifetime)


class Bearer(Valued):
    """A bearer token: `Authorization: Bearer ...` (RFC 6750, section 2.1).

    A function is asked, and a file read, when the token is first needed, again when the server refuses it, and a file
    whenever it has changed too.

    Args:
        token: The token; a Path to a file that holds it; or a function that returns it, or a Token with its lifetime.

    Raises:
        CredentialsError: The token cannot be sent.
        TypeError: It is none of these.
    """

    @entry
    def __init__(self, token: ValueSource) -> None:
        super().__init__(token, "the token")


class Basic(Valued):
    """A user and a password: `Authorization: Basic ...`, in UTF-8 (RFC 7617).

    Args:
        user: The name; without a colon, which would end it.
        password: The password, which may be empty; a Path; or a function, as for Bearer.

    Raises:
        CredentialsError: One of them cannot be sent.
        TypeError: One of them is something else.
    """

    place: Place = Place("header", "Authorization", "Basic ")

    @entry
    def __init__(self, user: str, password: ValueSource = "") -> None:
        if not isinstance(cast("object", user), str):
            raise TypeError(f"Basic: the user is text, got {type(user).__name__}")
        if ":" in user:
            raise CredentialsError("Basic: the user cannot hold a colon, which would end it (RFC 7617, section 2)")
        self._user = user
        refuse_controls(user, "user", "Basic")
        super().__init__(password, "the password")
        if self._fixed is not None and not user and not password:
            raise CredentialsError("Basic: user and password are both empty")

    def _token(self, value: Any, lifetime: float | None = None) -> Token:
        if not isinstance(value, str):
            raise CredentialsError(f"Basic: the password is {type(value).__name__}, not str")
        refuse_controls(value, "password", "Basic")
        try:
            pair = f"{self._user}:{value}".encode()
        except UnicodeEncodeError:
            raise CredentialsError("Basic: the text is not valid Unicode (a lone surrogate)") from None
        return Token(b64encode(pair).decode(), lifetime, (value,) if value else ())


def refuse_controls(text: str, what: str, scheme: str) -> None:
    """Raise CredentialsError for a user or a password with control characters (RFC 7617, section 2).

    Args:
        text: The user or the password.
        what: Which of them.
        scheme: The scheme that sends it.
    """
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in text):
        raise CredentialsError(f"{scheme}: the {what} cannot hold control characters or line breaks")


class ApiKey(Valued):
    """A key in a header, a query parameter or a cookie.

    Args:
        value: The key; a Path to a file that holds it; or a function that returns it.
        header: The name of the field, such as "X-API-Key".
        query: The name of the parameter.
        cookie: The name of the cookie.
        prefix: What stands before the key in its header, without the space between them: "Bot", "Token", "SSWS".

    Raises:
        DeclarationError: There is no place for it, or more than one; a name that cannot be sent; a prefix outside a
            header.
        CredentialsError: The key cannot be sent.
        TypeError: The key is none of these.
    """

    @entry
    def __init__(
        self,
        value: ValueSource,
        *,
        header: str | None = None,
        query: str | None = None,
        cookie: str | None = None,
        prefix: str | None = None,
    ) -> None:
        self.place: Place = _place_of(header, query, cookie, prefix)
        super().__init__(value, "the key")

    def __repr__(self) -> str:
        prefix = f", prefix={self.place.prefix.rstrip()!r}" if self.place.prefix else ""
        return f"ApiKey({MASK}, {self.place.kind}={self.place.name!r}{prefix})"

    def _token(self, value: Any, lifetime: float | None = None) -> Token:
        token = Token(value, lifetime)
        if self.place.kind == "cookie":
            try:
                cookie_text(value)
            except Refused as refusal:
                raise CredentialsError(f"ApiKey: {refusal}") from None
        return token


def _place_of(header: str | None, query: str | None, cookie: str | None, prefix: str | None) -> Place:
    """Return the one place that is named; raises DeclarationError for none, several, and bad names."""
    named: Any = {"header": header, "query": query, "cookie": cookie}
    places = [(kind, name) for kind, name in named.items() if name is not None]
    if len(places) != 1:
        found = " and ".join(f"{kind}=" for kind, _ in places) or "none"
        raise DeclarationError(f"ApiKey: it needs one place, header=, query= or cookie=, got {found}")
    ((kind, name),) = places
    if prefix is not None and kind != "header":
        raise DeclarationError(f"ApiKey: a prefix stands in a header, not in a {kind}")
    try:
        _check_name(kind, name)
        before = "" if prefix is None else header_text(prefix)
    except Refused as refusal:
        raise DeclarationError(f"ApiKey: {refusal}") from None
    if prefix == "":
        raise DeclarationError("ApiKey: the prefix is empty; leave it out")
    return Place(kind, name, f"{before} " if before else "")


def _check_name(kind: str, name: Any) -> None:
    if not isinstance(name, str):
        raise Refused(f"the name of a {kind} is text, got {type(name).__name__}")
    if kind == "query":
        if not name or not name.isprintable():
            raise Refused(f"{name!r} is not the name of a query parameter")
        return
    if kind == "header":
        header_name(name)
        if name.lower() in _NOT_FOR_KEYS:
            raise Refused(_NOT_FOR_KEYS[name.lower()])
    else:
        cookie_name(name)


_NOT_FOR_KEYS = {
    "cookie": "a cookie is named with cookie=, not with header=",
    "connection": "Connection speaks of the connection and cannot hold a key",
}


class _FileFetch:
    """Reads the value of a file for one client, and knows which state of the file that client has in hand."""

    def __init__(self, path: Path, token: Callable[[str], Token]) -> None:
        self._path = path
        self._token = token
        self._stamp: tuple[int, ...] = ()

    def __call__(self, deadline: float) -> Flow[Token]:
        path = self._path
        self._stamp = _stamp(path)  # before it is read: a change in between is seen by the next call
        text = yield Offload(lambda: _text_of(path))
        return self._token(text.strip())

    def changed(self) -> bool:
        """Say whether the file is no longer what was read."""
        return _stamp(self._path) != self._stamp


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does; () when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise CredentialsError(f"the credential's file {str(path)!r} cannot be read: {problem}") from None
