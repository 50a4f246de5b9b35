"""Credentials as objects: tokens fetched by one caller at a time, ahead of expiry, once more when refused."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from copy import copy
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.errors import APIStatusError, APITimeoutError, CredentialsError, GemelError
from gemel.kit.flow.effects import Flow, Lock, Opened, Unlockable, discard
from gemel.kit.http.messages import Headers, Request, Response, origin
from gemel.kit.http.redaction import MASK, Redactor, redact
from gemel.kit.policies.caller import Caller
from gemel.kit.tracebacks import entry

__all__ = [
    "Authorizing",
    "Credential",
    "Fetch",
    "Identified",
    "ProvidedToken",
    "Refused",
    "Revocable",
    "Revoke",
    "Sender",
    "StaticToken",
    "Token",
    "digest",
]

logger: logging.Logger = logging.getLogger("gemel")

REVOKING = 5.0
"""How long closing a client waits for its token to be revoked, in seconds, at most."""

_EARLY = 0.8
_VISIBLE = re.compile(r"[!-~]+")

Sender: TypeAlias = Callable[[Request], Flow[Response]]
"""Sends a request through the policies below."""

Refused: TypeAlias = Callable[[Response], bool]
"""Whether a reply means that the token is no longer accepted."""


class Token(Struct, frozen=True):
    """A bearer token; its repr masks it.

    value: visible ASCII without spaces (RFC 6750, section 2.1).
    lifetime: seconds from now until it expires, None when unknown.
    Raises CredentialsError for what cannot be sent in a header.
    """

    value: str
    lifetime: float | None = None

    @entry
    def __post_init__(self) -> None:
        value: Any = self.value
        if not isinstance(value, str):
            raise CredentialsError(f"the token cannot be sent: it is {type(value).__name__}, not str")
        if not _VISIBLE.fullmatch(value):
            fault = "it holds a space, a line break or a letter beyond ASCII" if value else "it is empty"
            raise CredentialsError(f"the token cannot be sent: {fault}")

    def __repr__(self) -> str:
        return f"Token({MASK}, lifetime={self.lifetime!r})"


Fetch: TypeAlias = Callable[[float], Flow[Token]]
"""Gets a token before a deadline (monotonic seconds)."""


@runtime_checkable
class Credential(Protocol):
    """Something that yields bearer tokens."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can give another token; when False a refusal is final."""
        ...

    def bound(self, caller: Caller) -> Fetch:
        """Return the way to get tokens for one client; it may call endpoints that need no credentials."""
        ...


Revoke: TypeAlias = Callable[[Token, float], Flow[object]]
"""Gives a token back before a deadline (monotonic seconds)."""


@runtime_checkable
class Revocable(Protocol):
    """A credential whose tokens can be given back when the client that fetched them is closed."""

    def revoking(self, caller: Caller) -> Revoke:
        """Return the way to give tokens back, for one client; it may call endpoints that need no credentials."""
        ...


@runtime_checkable
class Identified(Protocol):
    """A credential that tells in whose name it speaks, so that a cache may keep what it was given apart."""

    def identity(self) -> bytes:
        """Return the same digest for the same credential, and for no other; nothing confidential follows from it."""
        ...


def digest(*parts: str) -> bytes:
    """Return the SHA-256 of these texts, for `Identified.identity`."""
    made = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        made.update(len(encoded).to_bytes(8, "big") + encoded)
    return made.digest()


class StaticToken:
    """A token that is given and cannot be renewed."""

    renewable: bool = False

    @entry
    def __init__(self, value: str) -> None:
        self._token = Token(value)

    def __repr__(self) -> str:
        return f"StaticToken({MASK})"

    def identity(self) -> bytes:
        """Return the digest of the token."""
        return digest("token", self._token.value)

    def bound(self, caller: Caller) -> Fetch:
        """Return what gives the token."""
        return self._fetch

    def _fetch(self, deadline: float) -> Flow[Token]:
        yield from ()
        return self._token


class ProvidedToken:
    """A token that a function gives; asked again when the server refuses the last one."""

    renewable: bool = True

    def __init__(self, provide: Callable[[], str]) -> None:
        self._provide = provide

    def __repr__(self) -> str:
        return f"ProvidedToken({MASK})"

    def bound(self, caller: Caller) -> Fetch:
        """Return what asks the function."""
        return self._fetch

    def _fetch(self, deadline: float) -> Flow[Token]:
        yield from ()
        return Token(self._provide())


class Authorizing:
    """The authorization policy of one client: `Authorization: Bearer` (RFC 6750) to its own origin only.

    A token is fetched when first needed and again after 80 % of its lifetime, by one caller while the others wait;
    a refused token is replaced, and the request repeated, once.
    """

    def __init__(
        self,
        credential: Credential | None,
        base: str,
        *,
        refused: Refused,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credential = credential
        self._fetch: Fetch | None = None
        self._revoke: Revoke | None = None
        self._base = base
        self._refused = refused
        self._clock = clock
        self._token: Token | None = None
        self._stale_at = self._over_at = 0.0
        self._failure: APIStatusError | None = None
        self._failures = 0
        self._fetching = False
        self._process = 0
        self._nameless: bytes = os.urandom(32)
        self._last: tuple[Headers | None, Token | None, Headers] = (None, None, Headers())
        self._identified = credential if isinstance(credential, Identified) else None

    def identity(self, request: Request) -> bytes:
        """Return a digest of the credential that goes with a request, empty when none does.

        A credential that does not tell (see Identified) is known by this client alone, and by the token it has given.
        """
        if self._fetch is None or not request.context.authenticated or not self._at_home(request.url):
            return b""
        return self._nameless if self._identified is None else self._identified.identity()

    def connect(self, caller: Caller, *, revoking: bool = False) -> None:
        """Let the credential call endpoints of this client; `revoking` lets `close` give the token back."""
        if self._credential is not None:
            self._fetch = self._credential.bound(caller)
        if revoking and isinstance(self._credential, Revocable):
            self._revoke = self._credential.revoking(caller)

    @property
    def revokes(self) -> bool:
        """Whether there may be a token to give back; that of a parent process is the parent's."""
        mine = self._fetching or (self._token is not None and self._process == os.getpid())
        return self._revoke is not None and mine

    def close(self, timeout: float) -> Flow[None]:
        """Give the token back that was fetched last and is not over; what goes wrong is logged, and never raised.

        timeout: seconds, of which at most REVOKING are taken, a token that is just being fetched included.
        """
        deadline = self._clock() + min(timeout, REVOKING)
        lock: Unlockable | None = yield Lock(deadline)
        token, self._token, self._stale_at = self._token, None, 0.0
        if lock is not None:
            lock.release()
        if token is not None and self._revoke is not None and self._clock() < self._over_at:
            try:
                yield from self._revoke(token, deadline)
            except Exception as error:
                _tell_failure(error, token)

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Send with a token; when it is refused, with a new one."""
        if self._fetch is None or not request.context.authenticated or not self._at_home(request.url):
            return (yield from send(request))
        token = self._fresh() or (yield from self._renewed(request, self._fetch, None))
        response = yield from send(self._signed(request, token))
        if self._renewable(request) and self._refused(response):
            discard(response)
            token = yield from self._renewed(request, self._fetch, token)
            response = yield from send(self._signed(request, token))
        return _without(response, token)

    def _signed(self, request: Request, token: Token) -> Request:
        """Return the request with the token; the headers that almost all calls have are made once."""
        common, held, headers = self._last
        if request.headers is not common or token is not held:
            headers = request.headers.with_values((("Authorization", f"Bearer {token.value}"),))
            self._last = request.headers, token, headers
        context = replace(request.context, secrets=(*request.context.secrets, token.value))
        return replace(request, headers=headers, context=context)

    def _renewable(self, request: Request) -> bool:
        return self._credential is not None and self._credential.renewable and request.replayable

    def _at_home(self, url: str) -> bool:
        return url.startswith(self._base) or origin(url) == origin(self._base)

    def _fresh(self) -> Token | None:
        return self._token if self._clock() < self._stale_at else None

    def _renewed(self, request: Request, fetch: Fetch, refused: Token | None) -> Flow[Token]:
        failures = self._failures
        lock: Unlockable | None = yield Lock(request.context.deadline)
        if lock is None:
            problem = f"{request.context.label}: no token in time; another call is fetching it"
            raise APITimeoutError(problem, request=request, sent=False)
        try:
            held = self._fresh()
            if held is None or held is refused:
                if self._failure is not None and self._failures > failures:
                    raise copy(self._failure)
                held = yield from self._fetched(fetch, request.context.deadline)
            return held
        finally:
            lock.release()

    def _fetched(self, fetch: Fetch, deadline: float) -> Flow[Token]:
        """Fetch; a refusal is kept for those who wait meanwhile, since repeated failed logins lock an identity."""
        self._fetching = True
        try:
            token = yield from fetch(deadline)
        except APIStatusError as error:
            self._failure = copy(error)
            self._failures += 1
            raise
        finally:
            self._fetching = False
        lifetime = float("inf") if token.lifetime is None else token.lifetime
        if self._token is not None and self._token.value != token.value:
            self._nameless = os.urandom(32)
        self._token, self._process = token, os.getpid()
        self._stale_at, self._over_at = self._clock() + lifetime * _EARLY, self._clock() + lifetime
        return token


def _tell_failure(error: Exception, token: Token) -> None:
    """Log why a token was not revoked; of an error that is not gemel's own nobody knows what it says."""
    problem = redact(str(error), [token.value]) if isinstance(error, GemelError) else type(error).__name__
    logger.warning("the token was not revoked: %s", problem)


def _without(response: Response, token: Token) -> Response:
    """Return a failed reply without the token, should the server echo it; a stream learns what it must not show."""
    if isinstance(response, Opened):
        return replace(response, secrets=(token.value,))
    if response.ok:
        return response
    redactor = Redactor((token.value,))
    fields = Headers((name, redactor(value)) for name, value in response.headers.pairs())
    return replace(response, body=redactor.body(response.body), headers=fields)
