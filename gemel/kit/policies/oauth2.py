"""OAuth 2.0 without a browser: access tokens for a client itself, or for a refresh token (RFC 6749)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any, Literal, NoReturn, TypeAlias, cast
from urllib.parse import quote_plus, unquote_plus

from msgspec.structs import replace

from gemel.kit.errors import CredentialsError, DeclarationError, ResponseValidationError
from gemel.kit.flow.effects import Await, Flow
from gemel.kit.http.address import referred_address
from gemel.kit.http.charset import json_of
from gemel.kit.http.encoding import Refused
from gemel.kit.http.messages import CallContext, Headers, Request, Response
from gemel.kit.http.problem import Fault, read_fault
from gemel.kit.http.redaction import MASK, redact
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.credentials import Valued, ValueSource
from gemel.kit.policies.tokens import Fetch, Token, digest
from gemel.kit.tracebacks import entry
from gemel.kit.types import is_object

__all__ = ["ClientAuthentication", "OAuth2ClientCredentials", "OAuth2RefreshToken"]

ClientAuthentication: TypeAlias = Literal["basic", "body"]
"""How a client shows a token endpoint its id and secret (RFC 6749, section 2.3.1): by HTTP Basic, or in the body."""

# Of the client's own headers: any other may hold a credential, and the token endpoint may be a stranger.
_HARMLESS = ("user-agent", "accept-encoding")
_FORM = "application/x-www-form-urlencoded"

Texts: TypeAlias = "str | Iterable[str]"


class _Opaque(Valued):
    """A secret of any characters; its value is encoded as a form has it."""

    def __init__(self, source: ValueSource, what: str, owner: str) -> None:
        self._what, self._owner = what, owner
        super().__init__(source, what)

    def _token(self, value: Any, lifetime: float | None = None) -> Token:
        if not isinstance(value, str) or not value:
            fault = "empty" if isinstance(value, str) else f"{type(value).__name__}, not str"
            raise CredentialsError(f"{self._owner}: {self._what} is {fault}")
        try:
            return Token(quote_plus(value), lifetime, (value,))
        except UnicodeEncodeError:
            raise CredentialsError(f"{self._owner}: {self._what} is not valid Unicode (a lone surrogate)") from None


class _Grant:
    """What both kinds of grants share: the request for a token, and what its reply means."""

    renewable: bool = True

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: ValueSource | None,
        authentication: ClientAuthentication,
        fields: dict[str, Texts | None],
    ) -> None:
        self._name = type(self).__name__
        for name, text in (("token_url", token_url), ("client_id", client_id)):
            if not isinstance(cast("object", text), str) or not text:
                raise DeclarationError(f"{self._name}: {name} must be text and not empty")
        if authentication not in ("basic", "body"):
            raise DeclarationError(f'{self._name}: authentication must be "basic" or "body", got {authentication!r}')
        self.token_url = token_url
        self.client_id = client_id
        self._authentication = authentication
        self._secret = None if client_secret is None else _Opaque(client_secret, "the client secret", self._name)
        self._fields = [pair for name, given in fields.items() for pair in self._pairs(name, given)]

    def __repr__(self) -> str:
        return f"{self._name}({self.token_url!r}, client_id={self.client_id!r}, {MASK})"

    def _pairs(self, name: str, given: Any) -> list[tuple[str, str]]:
        """Return the fields of a setting: the scopes in one, any other repeated (RFC 8707, section 2)."""
        if given is None:
            return []
        texts: list[Any] = [given] if isinstance(given, str) else list(given)
        if not texts or not all(isinstance(text, str) and text.isprintable() and text.strip() for text in texts):
            raise DeclarationError(f"{self._name}: {name} must be text, or several texts, and not empty, got {given!r}")
        return [(name, " ".join(texts))] if name == "scope" else [(name, text) for text in texts]

    def _address(self, caller: Caller) -> str:
        """Return the address of the token endpoint; raises ValueError for one that cannot be asked."""
        try:
            address = referred_address(caller.base, self.token_url)
        except Refused as refusal:
            raise ValueError(f"{self._name}: token_url: {refusal}") from None
        if address.user:
            raise ValueError(f"{self._name}: token_url: it must not hold a user name or password")
        if address.scheme == "http" and caller.base.startswith("https:"):
            raise ValueError(f"{self._name}: token_url: it is not encrypted, and the client's endpoint is")
        return address.root + address.target

    def _asked(
        self, caller: Caller, url: str, deadline: float, fields: list[tuple[str, str]], secrets: tuple[str, ...]
    ) -> Flow[dict[str, Any]]:
        """Ask for a token, and return the reply to a success; raises the error of any other."""
        pairs = [*fields, *self._fields]
        headers = {name: caller.headers[name] for name in _HARMLESS if name in caller.headers}
        headers |= {"Accept": "application/json", "Content-Type": _FORM}
        if self._secret is None:
            pairs.append(("client_id", self.client_id))
        else:
            secret = yield from self._secret.bound(caller)(deadline)
            secrets += secret.secrets
            if self._authentication == "body":
                pairs += [("client_id", self.client_id), ("client_secret", unquote_plus(secret.value))]
            else:
                shown = b64encode(f"{quote_plus(self.client_id)}:{secret.value}".encode()).decode()
                headers["Authorization"], secrets = f"Basic {shown}", (*secrets, shown)
        request = Request(
            "POST",
            url,
            Headers(headers),
            "&".join(f"{name}={quote_plus(value)}" for name, value in pairs).encode(),
            CallContext(
                label=self._name,
                deadline=deadline,
                timeout=caller.timeout,
                secrets=(*secrets, *caller.secrets),
                auth=None,
                cacheable=False,
            ),
        )
        response = yield from caller.exchange(request)
        return self._read(replace(caller, read_fault=_read_refusal), request, response)

    def _read(self, caller: Caller, request: Request, response: Response) -> dict[str, Any]:
        caller.checked(response, request)
        try:
            body = json_of(response)
        except (ValueError, RecursionError):
            self._unfit("is not JSON", request, response)
        if not is_object(body):
            self._unfit("is not a JSON object", request, response)
        if isinstance(body.get("error"), str):  # some servers refuse with 200
            caller.checked(replace(response, status=400), request)
        if not isinstance(body.get("access_token"), str) or not body["access_token"]:
            self._unfit("has no access_token", request, response)
        kind = body.get("token_type", "bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            self._unfit(f"has the token_type {redact(repr(kind)[:40], request.context.secrets)}", request, response)
        return body

    def _unfit(self, problem: str, request: Request, response: Response) -> NoReturn:
        message = f"{self._name}: the reply of the token endpoint {problem}"
        raise ResponseValidationError(message, request=request, body=response.body)

    def _identity(self, *more: str) -> bytes:
        """Return the digest of the grant; b"" when its secret is not given as text."""
        secret = b"" if self._secret is None else self._secret.identity()
        if self._secret is not None and not secret:
            return b""
        fields = [text for pair in self._fields for text in pair]
        return digest(self._name, self.token_url, self.client_id, secret.hex(), *fields, *more)


class OAuth2ClientCredentials(_Grant):
    """Access tokens for the client itself (RFC 6749, section 4.4), fetched when needed and ahead of their expiry.

    Args:
        token_url: The address of the token endpoint, absolute or relative to the client's endpoint.
        client_id: The client's id.
        client_secret: Its secret: text, a Path, or a function that returns it.
        scope: What the token is for, one text or several.
        audience: For whom it is, where a server asks for that.
        resource: The addresses it is for (RFC 8707).
        authentication: How id and secret are sent: "basic" or "body".

    Raises:
        DeclarationError: A setting cannot be what it says.
        CredentialsError: The secret is empty.
        TypeError: The secret is none of these.
    """

    @entry
    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: ValueSource,
        *,
        scope: Texts | None = None,
        audience: Texts | None = None,
        resource: Texts | None = None,
        authentication: ClientAuthentication = "basic",
    ) -> None:
        if client_secret is None:
            raise TypeError("OAuth2ClientCredentials: a client without a secret cannot ask for a token of its own")
        fields = {"scope": scope, "audience": audience, "resource": resource}
        super().__init__(token_url, client_id, client_secret, authentication, fields)

    def identity(self) -> bytes:
        """Return the digest of the grant; b"" when its secret is not given as text."""
        return self._identity()

    @entry
    def bound(self, caller: Caller) -> Fetch:
        """Return what asks for a token; raises ValueError for an address that cannot be asked."""
        url = self._address(caller)
        if self._secret is not None:
            self._secret.bound(caller)  # what cannot work is told when the client is made

        def fetch(deadline: float) -> Flow[Token]:
            fields = [("grant_type", "client_credentials")]
            body = yield from self._asked(caller, url, deadline, fields, ())
            return Token(body["access_token"], _lifetime(body))

        return fetch


class OAuth2RefreshToken(_Grant):
    """Access tokens for a refresh token (RFC 6749, section 6); a new refresh token replaces the old one, and is told.

    One object keeps the refresh token for one client: two clients that refresh with the same one may end each other's.

    Args:
        token_url: The address of the token endpoint, absolute or relative to the client's endpoint.
        refresh_token: The refresh token: text, a Path, or a function that returns it.
        client_id: The client's id.
        client_secret: Its secret; None for a client that has none.
        scope: What the access token is for, one text or several; else what the refresh token is for.
        resource: The addresses it is for (RFC 8707).
        authentication: How id and secret are sent: "basic" or "body".
        on_rotation: Called with each new refresh token, before the access token is used; what it raises ends the call.
            An async client awaits it where it has to be.

    Raises:
        DeclarationError: A setting cannot be what it says.
        CredentialsError: The refresh token or the secret is empty.
        TypeError: One of them is none of these.
    """

    @entry
    def __init__(
        self,
        token_url: str,
        refresh_token: ValueSource,
        *,
        client_id: str,
        client_secret: ValueSource | None = None,
        scope: Texts | None = None,
        resource: Texts | None = None,
        authentication: ClientAuthentication = "basic",
        on_rotation: Callable[[str], object] | Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(token_url, client_id, client_secret, authentication, {"scope": scope, "resource": resource})
        if on_rotation is not None and not callable(cast("object", on_rotation)):
            raise TypeError(f"{self._name}: on_rotation is a function, got {type(on_rotation).__name__}")
        self._refresh = self._first = _Opaque(refresh_token, "the refresh token", self._name)
        self._on_rotation: Callable[[str], Any] | None = on_rotation
        self._tells_awaited = iscoroutinefunction(on_rotation)

    def identity(self) -> bytes:
        """Return the digest of the grant, the same after a rotation; b"" when its secrets are not given as text."""
        first = self._first.identity()
        return self._identity(first.hex()) if first else b""

    @entry
    def bound(self, caller: Caller) -> Fetch:
        """Return what asks for a token; raises ValueError for an address that cannot be asked."""
        url = self._address(caller)
        for source in (self._secret, self._refresh):
            if source is not None:
                source.bound(caller)
        if self._tells_awaited and not caller.is_async:
            raise TypeError(f"{self._name}: on_rotation has to be awaited, and this client blocks")

        def fetch(deadline: float) -> Flow[Token]:
            refresh = yield from self._refresh.bound(caller)(deadline)
            fields = [("grant_type", "refresh_token"), ("refresh_token", unquote_plus(refresh.value))]
            body = yield from self._asked(caller, url, deadline, fields, refresh.secrets)
            token = Token(body["access_token"], _lifetime(body))
            rotated = body.get("refresh_token")
            if isinstance(rotated, str) and rotated and rotated not in refresh.hides:
                yield from self._rotated(rotated)
            return token

        return fetch

    def _rotated(self, value: str) -> Flow[None]:
        self._refresh = _Opaque(value, "the refresh token", self._name)
        tell = self._on_rotation
        if tell is None:
            return
        if self._tells_awaited:
            yield Await(lambda: tell(value))
        else:
            tell(value)


def _lifetime(body: dict[str, Any]) -> float | None:
    """Return the seconds that a token lives, which some servers say as text; None when they do not say."""
    said = body.get("expires_in")
    try:
        seconds = float(said) if isinstance(said, int | float | str) and not isinstance(said, bool) else 0.0
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _read_refusal(response: Response) -> Fault:
    """Read the error of a token endpoint, whose "error" is its code, however it is written (RFC 6749, section 5.2)."""
    usual = read_fault(response)
    try:
        body: Any = json_of(response)
    except (ValueError, RecursionError):
        return usual
    return replace(usual, code=body["error"]) if is_object(body) and isinstance(body.get("error"), str) else usual
