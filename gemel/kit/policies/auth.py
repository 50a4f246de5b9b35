"""Credentials as objects: a token is fetched by one caller at a time, ahead of its expiry, and again once refused.

A login that the server refuses is not tried again at once. Servers count failed logins and lock an identity after few
of them, for every replica that uses it, those with the right secret included; Infisical's default is three within 30 s
of each other, for 300 s. So the first pause is longer than such a counter lasts, and each following one doubles.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from copy import copy
from inspect import iscoroutinefunction
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.errors import APIStatusError, APITimeoutError, CredentialsError, GemelError
from gemel.kit.flow.effects import Flow, Lock, Opened, Unlockable, discard
from gemel.kit.http.messages import Headers, Request, Response, origin
from gemel.kit.http.redaction import MASK, Redactor, redact
from gemel.kit.policies.caller import Caller
from gemel.kit.tracebacks import entry, modules_of
from gemel.kit.types import Discreet

__all__ = [
    "Authorizing",
    "Credential",
    "Fetch",
    "Identified",
    "IsRefusal",
    "ProvidedToken",
    "Revocable",
    "Revoke",
    "Sender",
    "StaticToken",
    "Token",
    "digest",
]

logger: logging.Logger = logging.getLogger("gemel")

REVOKING = 5.0
"""The most seconds that closing a client waits for its token to be revoked."""

FIRST_PAUSE = 40.0
"""Seconds for which a refused login is not tried again; each further refusal doubles them."""

LONGEST_PAUSE = 300.0
"""The most seconds to which that pause grows."""

# Renewed before the end: the request is on its way for a while, and the server's clock may differ from ours.
_EARLY = 0.8
_VISIBLE = re.compile(r"[!-~]+")
# These say nothing about the credential: the server was slow (408), wary of replays (425) or busy (429).
_NOT_REFUSALS = frozenset({408, 425, 429})

Sender: TypeAlias = Callable[[Request], Flow[Response]]
"""Sends a request through the policies that come after this one."""

IsRefusal: TypeAlias = Callable[[Response], bool]
"""Says whether a reply means that the token is no longer accepted."""


class Token(Discreet, frozen=True):
    """A bearer token; its repr masks it.

    Attributes:
        value: Visible ASCII without spaces (RFC 6750, section 2.1).
        lifetime: Seconds until it expires, counted from when it is made; None when unknown.

    Raises:
        CredentialsError: The value cannot be sent in a header.
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
"""Fetches a token before a deadline, in monotonic seconds."""


@runtime_checkable
class Credential(Protocol):
    """What a client gets its bearer tokens from; implement it for another kind of login."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can give another token; when False a refusal is final."""
        ...

    def bound(self, caller: Caller) -> Fetch:
        """Return the function that fetches tokens for one client.

        Args:
            caller: Sends requests; it may call endpoints that need no credentials.
        """
        ...


Revoke: TypeAlias = Callable[[Token, float], Flow[object]]
"""Revokes a token before a deadline, in monotonic seconds."""


@runtime_checkable
class Revocable(Protocol):
    """A credential whose tokens can be revoked when the client that fetched them is closed."""

    def revoking(self, caller: Caller) -> Revoke:
        """Return the function that revokes tokens of one client.

        Args:
            caller: Sends requests; it may call endpoints that need no credentials.
        """
        ...


@runtime_checkable
class Identified(Protocol):
    """A credential that says whose it is, so that a cache keeps the replies of different identities apart."""

    def identity(self) -> bytes:
        """Return a digest that is the same for the same credential only, and from which no secret can be derived."""
        ...


def digest(*parts: str) -> bytes:
    """Return the SHA-256 of these texts, for `Identified.identity`."""
    made = hashlib.sha256()
    for part in parts:
        # Each part has its length before it: without that ("ab", "c") and ("a", "bc") would have the same digest.
        encoded = part.encode()
        made.update(len(encoded).to_bytes(8, "big") + encoded)
    return made.digest()


class StaticToken:
    """A fixed bearer token, which cannot be renewed.

    Args:
        value: The token: visible ASCII without spaces.

    Raises:
        CredentialsError: The value cannot be sent in a header.
    """

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
        """Return a function that gives the token, without a request."""
        return self._fetch

    def _fetch(self, deadline: float) -> Flow[Token]:
        yield from ()
        return self._token


class ProvidedToken:
    """A token that a function gives; asked again when the server refuses the last one.

    Raises:
        TypeError: It is no function, or one that would have to be awaited.
    """

    renewable: bool = True

    def __init__(self, provide: Callable[[], str]) -> None:
        given: Any = provide
        if not callable(given):
            raise TypeError(f"ProvidedToken takes a function that returns a token, got {type(given).__name__}")
        if iscoroutinefunction(given) or iscoroutinefunction(getattr(given, "__call__", None)):  # noqa: B004
            raise TypeError("ProvidedToken takes a function that returns a token; this one has to be awaited")
        self._provide = provide

    def __repr__(self) -> str:
        return f"ProvidedToken({MASK})"

    def bound(self, caller: Caller) -> Fetch:
        """Return a function that gets the token from `provide`."""
        return self._fetch

    def _fetch(self, deadline: float) -> Flow[Token]:
        yield from ()
        return Token(self._provide())


class _Refusal(Struct, frozen=True):
    """A login that the server has refused.

    Attributes:
        error: The error of the reply that refused it.
        identity: The digest of the credential, empty for one that is not Identified.
        since: When, in monotonic seconds.
        count: How often in a row.
    """

    error: APIStatusError
    identity: bytes
    since: float
    count: int

    @property
    def until(self) -> float:
        """When the login may be tried again, in monotonic seconds."""
        return self.since + min(FIRST_PAUSE * 2.0 ** min(self.count - 1, 32), LONGEST_PAUSE)

    def again(self, now: float) -> APIStatusError:
        """Return a copy of the error that says when the login was refused and when it is tried next."""
        error = copy(self.error)
        past, left = now - self.since, self.until - now
        error.add_hint(f"the login was refused {past:.0f} s ago; next try in {max(left, 1):.0f} s")
        return error


class _Attempt(Struct, frozen=True):
    """How a login ended that others may have waited for.

    Attributes:
        number: Counts the logins of the client.
        token: The token that it gave, None when it failed.
        error: The error that it failed with, None when it gave a token.
        deadline: When it had to be over, in monotonic seconds.
    """

    number: int = 0
    token: Token | None = None
    error: Exception | None = None
    deadline: float = 0.0

    def serves(self, request: Request, refused: Token | None) -> bool:
        """Say whether a call that has waited takes this outcome: not a timeout, when the call has much longer to go."""
        if self.token is not None:
            return self.token is not refused
        longer = request.context.deadline - self.deadline > request.context.timeout.total / 2
        return not (isinstance(self.error, APITimeoutError) and longer)


class Authorizing:
    """The authorization policy of one client: `Authorization: Bearer` (RFC 6750) to its own origin only.

    A token is fetched when first needed and again after 80 % of its lifetime, by one caller while others wait; how that
    ends counts for all of them, unless only the caller was stopped: the next one then fetches it. A refused token is
    replaced, and the request repeated, once. A login that was refused is not tried again before a pause that grows. A
    request with an Authorization of its own is sent as it is.

    Args:
        credential: Where tokens come from; with None requests carry no token.
        base: The base URL of the client.
        refused: Says whether a reply means that the token is no longer accepted.
        clock: Returns monotonic seconds.

    Raises:
        TypeError: The credential is not a Credential.
    """

    def __init__(
        self,
        credential: Credential | None,
        base: str,
        *,
        refused: IsRefusal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _check_kind(credential)
        self._credential = credential
        self._fetch: Fetch | None = None
        self._revoke: Revoke | None = None
        self._base = base
        self._refused = refused
        self._clock = clock
        self._token: Token | None = None
        self._stale_at = self._over_at = 0.0
        self._common: tuple[Headers | None, Token | None, Headers] = (None, None, Headers())
        self._last = _Attempt()
        self._refusal: _Refusal | None = None
        self._fetching = False
        self._process = 0
        # Stands for a credential that has no identity of its own: no other client can have the same bytes.
        self._nameless: bytes = os.urandom(32)
        self._identified = credential if isinstance(credential, Identified) else None

    def signs(self, request: Request) -> bool:
        """Say whether a request gets a token: to the client's own origin, unless the caller has said otherwise."""
        if self._fetch is None or not request.context.authenticated:
            return False
        # Most calls send the one Headers object of the client; comparing identity saves looking for the field in it.
        if request.headers is not self._common[0] and "authorization" in request.headers:
            return False
        return request.url.startswith(self._base) or origin(request.url) == origin(self._base)

    def identity(self, request: Request) -> bytes:
        """Return a digest of the credential that goes with a request, empty when none does.

        A credential that does not tell (see Identified) is known by this client alone, and by the token it has given.
        """
        if not self.signs(request):
            return b""
        return self._nameless if self._identified is None else self._identified.identity()

    def connect(self, caller: Caller, *, revoking: bool = False) -> None:
        """Bind the credential to the endpoints of this client; with `revoking`, `close` revokes the token."""
        if self._credential is not None:
            self._fetch = self._credential.bound(caller)
        if revoking and isinstance(self._credential, Revocable):
            self._revoke = self._credential.revoking(caller)

    @property
    def revokes(self) -> bool:
        """Whether there may be a token to revoke; one that a parent process fetched is the parent's to revoke."""
        mine = self._fetching or (self._token is not None and self._process == os.getpid())
        return self._revoke is not None and mine

    def close(self, timeout: float) -> Flow[None]:
        """Revoke the last token unless it has expired; a failure is logged, never raised.

        Args:
            timeout: Seconds to wait, REVOKING at most; they include waiting for a login that is under way.
        """
        deadline = self._clock() + min(timeout, REVOKING)
        # Under the lock of logins, so that a token which is being fetched right now is revoked too.
        lock: Unlockable | None = yield Lock(deadline)
        token, self._token, self._stale_at = self._token, None, 0.0
        self._last, self._common = _Attempt(), (None, None, Headers())
        if lock is not None:
            lock.release()
        if token is not None and self._revoke is not None and self._clock() < self._over_at:
            try:
                yield from self._revoke(token, deadline)
            except Exception as error:
                _tell_failure(error, token)

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Send the request with a token, and once more with a new one when the token is refused."""
        fetch = self._fetch
        if fetch is None or not self.signs(request):
            return (yield from send(request))
        token = self._token
        if token is None or self._clock() >= self._stale_at:
            token = yield from self._renewed(request, fetch, None)
        response = yield from send(self._signed(request, token))
        # Once only: a server that refuses a fresh token refuses the identity, and each login may count towards a
        # lockout.
        if self._renewable(request) and self._refused(response):
            # An opened reply still holds its connection, which a login would otherwise have to wait for or go around.
            discard(response)
            token = yield from self._renewed(request, fetch, token)
            response = yield from send(self._signed(request, token))
        return _without(response, token)

    def _signed(self, request: Request, token: Token) -> Request:
        """Return the request with the token; the headers that almost all calls have are made once."""
        common, held, headers = self._common
        if request.headers is not common or token is not held:
            headers = Headers((*request.headers.pairs(), ("Authorization", f"Bearer {token.value}")))
            self._common = request.headers, token, headers
        # Whatever is logged or raised below masks these values.
        context = replace(request.context, secrets=(*request.context.secrets, token.value))
        return replace(request, headers=headers, context=context)

    def _renewable(self, request: Request) -> bool:
        return self._credential is not None and self._credential.renewable and request.replayable

    def _renewed(self, request: Request, fetch: Fetch, refused: Token | None) -> Flow[Token]:
        """Return a token other than the refused one: that of a call which was just fetching it, or of a new login."""
        before = self._last.number
        lock: Unlockable | None = yield Lock(request.context.deadline)
        if lock is None:
            problem = f"{request.context.label}: no token in time; another call is fetching it"
            raise APITimeoutError(problem, request=request, sent=False)
        try:
            # Compared by identity: a provider may give an equal token again, and that is still another answer.
            if self._token is not None and self._token is not refused and self._clock() < self._stale_at:
                return self._token
            if self._last.number > before and self._last.serves(request, refused):
                return _shared(self._last)
            self._refrain()
            return (yield from self._fetched(fetch, request.context.deadline))
        finally:
            lock.release()

    def _refrain(self) -> None:
        """Raise the error of the last login while its pause lasts."""
        refusal, now = self._refusal, self._clock()
        if refusal is not None and now < refusal.until and refusal.identity == self._named():
            raise refusal.again(now)

    def _fetched(self, fetch: Fetch, deadline: float) -> Flow[Token]:
        """Fetch a token and note the outcome for those who wait; a caller that is stopped leaves it to the next one."""
        self._fetching = True
        try:
            token = yield from fetch(deadline)
        except Exception as error:
            if _is_of_login(error):
                self._failed(error, deadline)
            raise
        finally:
            self._fetching = False
        lifetime = float("inf") if token.lifetime is None else token.lifetime
        if self._token is not None and self._token.value != token.value:
            # A new token may belong to somebody else, so what was cached for the old one must not be served for it.
            self._nameless = os.urandom(32)
        # The pid is noted since a fork copies the token, and both processes would revoke it when they end.
        self._token, self._process = token, os.getpid()
        self._stale_at, self._over_at = self._clock() + lifetime * _EARLY, self._clock() + lifetime
        self._refusal = None
        self._last = _Attempt(self._last.number + 1, token)
        return token

    def _failed(self, error: Exception, deadline: float) -> None:
        kept = _copied(error)
        self._last = _Attempt(self._last.number + 1, error=kept, deadline=deadline)
        if isinstance(kept, APIStatusError) and 400 <= kept.status < 500 and kept.status not in _NOT_REFUSALS:
            named, before = self._named(), self._refusal
            count = before.count + 1 if before is not None and before.identity == named else 1
            self._refusal = _Refusal(kept, named, self._clock(), count)

    def _named(self) -> bytes:
        """Return the digest of the credential, empty for one that is not Identified."""
        return b"" if self._identified is None else self._identified.identity()


def _check_kind(credential: Any) -> None:
    """Raise TypeError for what gives no tokens, without showing it."""
    if credential is None or (isinstance(credential, Credential) and not isinstance(credential, type)):
        return
    if isinstance(credential, str):
        advice = "write StaticToken(token) for a token"
    elif isinstance(credential, type):
        advice = f"give an instance, {credential.__name__}(...)"
    elif callable(credential):
        advice = "write ProvidedToken(function) for a function that returns a token"
    else:
        advice = "it takes StaticToken, ProvidedToken, or an object with `renewable` and `bound(caller)`"
    raise TypeError(f"credential: expected a Credential, got {type(credential).__name__}; {advice}")


def _is_of_login(error: Exception) -> bool:
    """Say whether an error is how a login ended, and not what has stopped the one call that was just logging in.

    The kit sends the requests of a login and raises errors of gemel alone. Whatever else comes through it was raised by
    a signal handler, which meets one thread, or by a hook of the caller's session. A credential's own code may raise
    anything.
    """
    return isinstance(error, GemelError) or not any(
        module.startswith("gemel.kit.") and module != __name__ for module in modules_of(error)
    )


def _shared(attempt: _Attempt) -> Token:
    """Return the token that another call's login gave; raises a copy of the error it failed with."""
    if attempt.token is None:
        raise _copied(attempt.error)
    return attempt.token


def _copied(error: Exception | None) -> Exception:
    """Return an error that can be raised again: a copy, since many may raise it and each adds to its traceback.

    Of an error that is not gemel's own nobody knows how it is made or what it holds, so that it is only named.
    """
    if isinstance(error, GemelError):
        return copy(error)
    return CredentialsError(f"another call has tried to get a token, and failed with {type(error).__name__}")


def _tell_failure(error: Exception, token: Token) -> None:
    """Log why a token was not revoked; of an error that is not gemel's own nobody knows what it says."""
    problem = redact(str(error), [token.value]) if isinstance(error, GemelError) else type(error).__name__
    logger.warning("the token was not revoked: %s", problem)


def _without(response: Response, token: Token) -> Response:
    """Mask the token in a failed reply, in case the server echoes it; a stream is told what to mask."""
    if isinstance(response, Opened):
        return replace(response, secrets=(token.value,))
    if response.ok:
        return response
    redactor = Redactor((token.value,))
    fields = Headers((name, redactor(value)) for name, value in response.headers.pairs())
    return replace(response, body=redactor.body(response.body), headers=fields)
