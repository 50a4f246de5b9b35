"""CachingPolicy: serves cached replies, caches new ones, and invalidates what a write has changed."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gemel.kit.caching import rules
from gemel.kit.caching.entry import Entry
from gemel.kit.caching.flights import Flights, Outcome
from gemel.kit.caching.store import MemoryStore, Store
from gemel.kit.caching.value import Cache, StaleReply
from gemel.kit.caching.writes import Writes
from gemel.kit.errors import APIConnectionError, APIError, APIStatusError, APITimeoutError
from gemel.kit.flow.effects import Flow, Lock, Unlockable
from gemel.kit.fork import lock_made_anew
from gemel.kit.http.messages import Request, Response

__all__ = ["CachingPolicy", "Identity"]

# RFC 9110, section 9.2.1.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# A part of every key, so that entries of another layout in a shared store are never read.
_FORMAT = "1"
# Neither says whether the server has changed anything, nor that the resource is gone.
_UNSETTLED = frozenset({408, 429})

Sender = Callable[[Request], Flow[Response]]
Identity = Callable[[Request], bytes]
"""Returns a digest of the credential that a request goes with, b"" for none."""


class _Ask(Struct, frozen=True):
    """One GET: whose it is, its key, what is cached for it, and whether the server must be asked."""

    request: Request
    identity: bytes
    key: str
    held: Entry | None
    anew: bool


class CachingPolicy:
    """The caching policy of one client, and what it has cached.

    Args:
        settings: What is kept and for how long.
        identity: Returns a digest of the credential that a request goes with.
        base: The base URL of the client.
        apart: Whether the client also shows credentials that `identity` does not know, so that it shares with no
            other.
        clock: The client's monotonic time in seconds, for a cache in memory without a clock of its own.
        now: The time of day in seconds, for a cache with a store and without a clock of its own.
    """

    def __init__(
        self,
        settings: Cache,
        identity: Identity,
        *,
        base: str,
        apart: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._clock = settings.clock or (clock if settings.store is None else now)
        self._store: Store = _memory(settings, self._clock) if settings.store is None else settings.store
        self._identity = identity
        # A cookie or a header of the caller's own session may decide what the server shows, and nobody can digest it.
        self._salt = os.urandom(16) if apart else b""
        self._server = _digest(_FORMAT, base)
        self._prefixes: dict[str, str] = {}
        self._writes = Writes()
        self._flights = Flights()
        self._guard = lock_made_anew()
        self._closed = False

    def clear(self) -> None:
        """Drop everything cached of this client's server; in a shared store, for every client of that server."""
        self._forget("")

    def close(self) -> None:
        """Stop caching; the client's own memory is emptied, a store that was passed in is left as it is."""
        self._closed = True
        if self._settings.store is None:
            self.clear()

    def around(self, request: Request, send: Sender) -> Flow[Response]:
        """Serve a cached reply, or send and cache the reply; a write invalidates its resource."""
        said = request.context.safe
        if not (request.method in _SAFE if said is None else said):
            return (yield from self._write(request, send))
        reads = request.method == "GET" or request.method not in _SAFE
        if not reads or self._closed or rules.bypasses(request):
            return (yield from send(request))
        identity = self._identity(request)
        key = self._key(request, identity)
        ask = _Ask(request, identity, key, Entry.read(self._store.get(key)), rules.asks_anew(request))
        hit = self._hit(ask)
        if hit is not None:
            return hit
        outcome = yield from self._asked(ask, send) if ask.anew else self._together(ask, send)
        return self._settled(ask, outcome)

    def _hit(self, ask: _Ask) -> Response | None:
        held, now = ask.held, self._clock()
        if held is None or ask.anew or not held.is_fresh(now) or held.age(now) > rules.oldest_wanted(ask.request):
            return None
        return held.reply(now, "hit") if self._writes.precede(ask.request.context.resource, held.time) else None

    def _together(self, ask: _Ask, send: Sender) -> Flow[Outcome]:
        """Ask the server, or share the outcome of another call that is asking for the same."""
        request = ask.request
        # A call shares only with one of equal patience, and never with one that began before a write: that may still
        # return the state before it.
        place = ask.key, self._writes.mark(request.context.resource), request.context.timeout, request.context.retry
        flight = self._flights.joined(place)
        lock: Unlockable | None = yield Lock(request.context.deadline, flight.name)
        if lock is None:
            problem = f"{request.context.label}: no reply in time; another call was asking for the same"
            return APITimeoutError(problem, request=request, sent=False)
        try:
            outcome = flight.shared(request) or self._hit(self._renewed(ask))
            if outcome is not None:
                return outcome
            if not flight.apart:
                outcome = yield from self._asked(ask, send)
                flight.landed(request, outcome, apart=self._is_private(request, outcome))
                return outcome
        finally:
            self._flights.closed(place, flight)
            lock.release()
        return (yield from self._asked(ask, send))

    def _renewed(self, ask: _Ask) -> _Ask:
        """Read the store again: another call may have returned since."""
        return replace(ask, held=Entry.read(self._store.get(ask.key)))

    def _is_private(self, request: Request, outcome: Outcome) -> bool:
        if isinstance(outcome, APIError) or outcome.status != 200:
            return False
        return not rules.storable(request, outcome, self._settings.max_reply)

    def _asked(self, ask: _Ask, send: Sender) -> Flow[Outcome]:
        """Ask the server, on condition of a change where a reply is cached, and cache what comes back."""
        request, held = ask.request, ask.held
        # Taken before sending: the reply may be as old as the request (RFC 9111, section 4.2.3).
        mark, now = self._writes.mark(request.context.resource), self._clock()
        # Other verbs than GET and HEAD are refused under this condition with 412 (RFC 9110, section 13.1.2).
        condition = rules.validators(held.headers) if held is not None and request.method == "GET" else {}
        try:
            response: Response = yield from send(request.with_headers(condition) if condition else request)
        except (APIConnectionError, APIStatusError) as error:
            self._refused(ask.key, getattr(error, "status", 0))
            return error
        use = "miss"
        if held is not None and condition and response.status == 304:
            headers = rules.refreshed(held.headers, response.headers)
            # A 304 has no body; the caller asked without a condition, and gets the 200 that it confirms (RFC 9111,
            # section 4.3.4).
            response = replace(response, status=200, headers=headers, body=held.body, url=held.url)
            use = "revalidated"
        self._keep(ask, response, mark, now)
        return replace(response, cache=use)

    def _keep(self, ask: _Ask, response: Response, mark: object, now: float) -> None:
        """Cache a reply, unless it must not be, or a write or a change of credentials came in between."""
        request, headers, settings = ask.request, response.headers, self._settings
        if response.status != 200:
            self._refused(ask.key, response.status)
            return
        fresh, spare = rules.freshness(headers, settings.ttl), rules.spare_time(headers, settings.stale_if_error)
        useful = rules.useful_for(headers, fresh, spare)
        entry = Entry(response.url, headers.pairs(), response.body, now, fresh, spare)
        with self._guard:
            if not useful or self._closed or not rules.storable(request, response, settings.max_reply):
                self._store.delete(ask.key)
            elif self._writes.mark(request.context.resource) == mark and self._identity(request) == ask.identity:
                self._store.set(ask.key, entry.written(), useful)

    def _refused(self, key: str, status: int) -> None:
        """Drop what the server no longer serves: it must not come back when the server is down."""
        if 300 <= status < 500 and status not in _UNSETTLED:
            self._store.delete(key)

    def _settled(self, ask: _Ask, outcome: Outcome) -> Response:
        """Return the reply, or a stale one in place of a failure; raises the error when there is none."""
        named = isinstance(outcome, Response) and outcome.status in ask.request.context.statuses
        if not ask.anew and not named and _failed(outcome):
            now, held = self._clock(), self._renewed(ask).held
            if held is not None and held.is_spare(now):
                self._tell(ask.request, outcome, held.age(now))
                return held.reply(now, "stale")
        if isinstance(outcome, APIError):
            raise outcome
        return outcome

    def _tell(self, request: Request, outcome: Outcome, age: float) -> None:
        if self._settings.on_stale is None:
            return
        error = type(outcome).__name__ if isinstance(outcome, APIError) else str(outcome.status)
        _told(self._settings.on_stale, StaleReply(request.context.label, request.masked().url, age, error))

    def _write(self, request: Request, send: Sender) -> Flow[Response]:
        """Send a write; cached replies go when it succeeds, and are revalidated before use when that is unknown."""
        try:
            response = yield from send(request)
        # Also for a cancellation or a KeyboardInterrupt: the write may have arrived.
        except BaseException:
            self._doubt(request.context.resource)
            raise
        if response.status < 400:
            self._forget(request.context.resource)
        elif response.status >= 500 or response.status in _UNSETTLED:
            self._doubt(request.context.resource)
        return response

    def _doubt(self, resource: str) -> None:
        with self._guard:
            self._writes.noted(resource, self._clock())

    def _forget(self, resource: str) -> None:
        with self._guard:
            self._writes.noted(resource, self._clock())
            for prefix in (self._prefix(resource), self._prefix("")) if resource else (f"{self._server}/",):
                self._store.clear(prefix)

    def _key(self, request: Request, identity: bytes) -> str:
        """Return the key of a request: digests of server, resource, and of credential, address and headers."""
        named = [(name.lower(), value) for name, value in request.headers.pairs()]
        told = [pair for pair in named if pair[0] not in rules.UNKEYED]
        # Digests: a store may be a file or a server that others read, and addresses hold arguments.
        asked = () if request.method == "GET" else (request.method, request.body)
        return self._prefix(request.context.resource) + _digest(self._salt, identity, request.url, told, *asked)

    def _prefix(self, resource: str) -> str:
        prefix = self._prefixes.get(resource)
        if prefix is None:
            prefix = self._prefixes[resource] = f"{self._server}/{_digest(resource)}/"
        return prefix


def _memory(settings: Cache, clock: Callable[[], float]) -> MemoryStore:
    return MemoryStore(max_entries=settings.max_entries, max_bytes=settings.max_bytes, clock=clock)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()


def _told(tell: Callable[[StaleReply], object], reply: StaleReply) -> None:
    """Call an observer in a frame of its own: a log handler may show the variables beside its failure."""
    try:
        tell(reply)
    except Exception:
        logging.getLogger("gemel").exception("on_stale failed for %s", reply.label)


def _failed(outcome: Outcome) -> bool:
    """Say whether the server seems to be down: no reply, or a 5xx."""
    if isinstance(outcome, Response | APIStatusError):
        return outcome.status >= 500
    return isinstance(outcome, APIConnectionError)
