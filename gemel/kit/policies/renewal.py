"""The value of one credential in one client: fetched by one caller at a time, ahead of expiry, once more when refused.

A login that the server refuses is not tried again at once. Servers count failed logins and lock an identity after few
of them, for every replica that uses it, those with the right secret included; Infisical's default is three within 30 s
of each other, for 300 s. So the first pause is longer than such a counter lasts, and each following one doubles.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from copy import copy

from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.errors import APIStatusError, APITimeoutError, CredentialsError, GemelError
from gemel.kit.flow.effects import Flow, Lock, Unlockable
from gemel.kit.http.messages import Headers, Request
from gemel.kit.http.redaction import redact
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.places import BEARER, Place
from gemel.kit.policies.tokens import Credential, Fetch, Identified, Placed, Revocable, Revoke, Token
from gemel.kit.tracebacks import modules_of

__all__ = ["FIRST_PAUSE", "LONGEST_PAUSE", "REVOKING", "Holder"]

logger: logging.Logger = logging.getLogger("gemel")

REVOKING = 5.0
"""How long closing a client waits for its token to be revoked, in seconds, at most."""

FIRST_PAUSE = 40.0
"""How long a refused login is not tried again, in seconds; each further refusal doubles it."""

LONGEST_PAUSE = 300.0
"""How long it becomes at most, in seconds."""

# Renewed before the end: the request is on its way for a while, and the server's clock may differ from ours.
_EARLY = 0.8
# These say nothing about the credential: the server was slow (408), wary of replays (425) or busy (429).
_NOT_REFUSALS = frozenset({408, 425, 429})


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


class Holder:
    """Holds what one credential gives one client, and puts it into requests.

    A value is fetched when first needed and again after 80 % of its lifetime, by one caller while the others wait; how
    that ends counts for all of them, unless only that caller was stopped: then the next one fetches it. A login that
    was refused is not tried again before a pause that grows.

    Args:
        credential: Gives the values.
        name: Of the credential in its client, "" for the only one; those who fetch the same one wait for each other.
        clock: Returns monotonic seconds.

    Attributes:
        place: Where the value goes.
    """

    def __init__(self, credential: Credential, name: str, clock: Callable[[], float]) -> None:
        self.place: Place = credential.place if isinstance(credential, Placed) else BEARER
        self._token: Token | None = None
        self.credential = credential
        self._name = name
        self._clock = clock
        self._fetch: Fetch | None = None
        self._revoke: Revoke | None = None
        self._changed: Callable[[], bool] | None = None
        self._stale_at = self._over_at = 0.0
        self._common: tuple[Headers | None, Token | None, Headers] = (None, None, Headers())
        self._last = _Attempt()
        self._refusal: _Refusal | None = None
        self._fetching = False
        self._process = 0
        # Stands for a credential that has no identity of its own: no other client can have the same bytes.
        self._nameless: bytes = os.urandom(32)
        self._identified = credential if isinstance(credential, Identified) else None

    def connect(self, caller: Caller, *, revoking: bool) -> None:
        """Bind the credential to the endpoints of the client; with `revoking`, `close` revokes the token."""
        self._fetch = self.credential.bound(caller)
        self._changed = getattr(self._fetch, "changed", None)  # of what is read from a file
        if revoking and isinstance(self.credential, Revocable):
            self._revoke = self.credential.revoking(caller)

    def identity(self) -> bytes:
        """Return the digest of the credential; one that does not tell is known by this client and by its last token."""
        return self._named() or self._nameless

    def usable(self) -> Token | None:
        """Return the value in hand; None before the first, and when another one is due or there already."""
        if self._clock() >= self._stale_at or (self._changed is not None and self._changed()):
            return None
        return self._token

    def signed(self, request: Request, token: Token) -> Request:
        """Return the request with the value; the headers that almost all calls have are made once."""
        # Whatever is logged or raised below masks these values.
        context = replace(request.context, secrets=(*request.context.secrets, *token.secrets))
        if self.place.kind != "header":
            return replace(self.place.filled(request, token.value), context=context)
        common, held, headers = self._common
        if request.headers is not common or token is not held:
            headers = self.place.filled(request, token.value).headers
            self._common = request.headers, token, headers
        return replace(request, headers=headers, context=context)

    def renewed(self, request: Request, refused: Token | None) -> Flow[Token]:
        """Return a value other than the refused one: that of a call which was just fetching it, or of a new login."""
        assert self._fetch is not None
        before = self._last.number
        lock: Unlockable | None = yield Lock(request.context.deadline, self._name)
        if lock is None:
            problem = f"{request.context.label}: no token in time; another call is fetching it"
            raise APITimeoutError(problem, request=request, sent=False)
        try:
            # Compared by identity: a provider may give an equal token again, and that is still another answer.
            held = self.usable()
            if held is not None and held is not refused:
                return held
            if self._last.number > before and self._last.serves(request, refused):
                return _shared(self._last)
            self._refrain()
            return (yield from self._fetched(self._fetch, request.context.deadline))
        finally:
            lock.release()

    @property
    def revokes(self) -> bool:
        """Whether there may be a token to revoke; one that a parent process fetched is the parent's to revoke."""
        mine = self._fetching or (self._token is not None and self._process == os.getpid())
        return self._revoke is not None and mine

    def close(self, deadline: float) -> Flow[None]:
        """Revoke the last token unless it has expired; a failure is logged, never raised.

        Args:
            deadline: When it must be over, in monotonic seconds; waiting for a login that is under way included.
        """
        # Under the lock of logins, so that a token which is being fetched right now is revoked too.
        lock: Unlockable | None = yield Lock(deadline, self._name)
        token, self._token, self._stale_at = self._token, None, 0.0
        self._last, self._common = _Attempt(), (None, None, Headers())
        if lock is not None:
            lock.release()
        if token is not None and self._revoke is not None and self._clock() < self._over_at:
            try:
                yield from self._revoke(token, deadline)
            except Exception as error:
                _tell_failure(error, token)

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


def _is_of_login(error: Exception) -> bool:
    """Say whether an error is how a login ended, and not what has stopped the one call that was just logging in.

    The kit sends the requests of a login and raises errors of gemel alone. Whatever else comes through it was raised by
    a signal handler, which meets one thread, or by a hook of the caller's session. A credential's own code, which the
    policies call and the flow awaits, may raise anything.
    """
    return isinstance(error, GemelError) or not any(
        module.startswith("gemel.kit.") and not module.startswith(("gemel.kit.policies.", "gemel.kit.flow."))
        for module in modules_of(error)
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
    problem = redact(str(error), token.secrets) if isinstance(error, GemelError) else type(error).__name__
    logger.warning("the token was not revoked: %s", problem)
