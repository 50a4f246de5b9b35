"""Caller: the object with which the resources of a client call their endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from random import random as system_random
from typing import Any

from msgspec.structs import replace

from gemel.kit.errors import RateLimitError, status_error
from gemel.kit.flow.clock import monotonic
from gemel.kit.flow.drive import AsyncPerformer, Performer, adrive, drive
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Headers, OwnErrors, Request, Response, Retry, Timeout
from gemel.kit.http.problem import FaultReader
from gemel.kit.models.drift import LENIENT, Reading
from gemel.kit.policies.options import NO_OPTIONS, Options
from gemel.kit.policies.pipeline import Pipeline
from gemel.kit.policies.places import Place
from gemel.kit.policies.redirects import trusts_nobody
from gemel.kit.policies.retry import asked_wait
from gemel.kit.types import Discreet

__all__ = ["Caller"]


def _unexplained(response: Response) -> str:
    return ""


def _unsigned(request: Request) -> tuple[Place, ...]:
    return ()


def _nothing_foreign(auth: tuple[str, ...] | None, label: str) -> tuple[Place, ...]:
    return ()


class Caller(Discreet, frozen=True, eq=False):
    """One client's way to the server.

    Attributes:
        base: The address that paths are appended to, ending in "/".
        headers: Sent with every request whose reply is read as JSON.
        plain_headers: The same for a reply that may be of any kind; they differ in what they accept.
        timeout: Of every call.
        said: The names, in lower case, of those headers that the client was made with: its word goes before what
            follows from the kind of a call or of its body.
        scope: What arguments with from_scope() take.
        errors: The errors of the client by status and code.
        exchanges: Returns the pipeline that follows redirects, or the one that does not.
        exchange: The pipeline.
        read_fault: Reads error bodies.
        explain: Says why a reply may not be as declared, "" when that is unknown.
        performer: The transport of a blocking client, None for an async one.
        async_performer: The transport of an async client, None for a blocking one.
        signs: Returns the places of a request that the client's credentials are put in.
        foreign: Returns the places of the credentials that an endpoint does not take; raises DeclarationError when the
            client has none of a name that it asks for.
        trusts: Says whether an address may be given the client's credentials.
        secrets: Values of the client that are never shown.
        options: The options of every call.
        goes_abroad: Whether a call may go to another origin; not with a session whose own headers would go along.
        retry: How a lost stream waits before it is opened again.
        reading: How replies are checked, and who is told of drift.
        clock: Returns monotonic seconds.
        now: Returns the time of day, in seconds since 1970.
        random: Returns random numbers in [0, 1).
    """

    base: str
    headers: Headers
    plain_headers: Headers
    timeout: Timeout
    exchange: Pipeline
    read_fault: FaultReader
    explain: Callable[[Response], str] = _unexplained
    performer: Performer | None = None
    async_performer: AsyncPerformer | None = None
    signs: Callable[[Request], tuple[Place, ...]] = _unsigned
    foreign: Callable[[tuple[str, ...] | None, str], tuple[Place, ...]] = _nothing_foreign
    trusts: Callable[[str], bool] = trusts_nobody
    options: Options = NO_OPTIONS
    retry: Retry = Retry()
    reading: Reading = LENIENT
    clock: Callable[[], float] = monotonic
    now: Callable[[], float] = time.time
    random: Callable[[], float] = system_random
    secrets: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()
    goes_abroad: bool = True
    exchanges: Callable[[bool], Pipeline] | None = None
    errors: tuple[OwnErrors, ...] = ()
    scope: Mapping[str, Any] = {}

    def declared(self, auth: tuple[str, ...] | None, label: str) -> Caller:
        """Return the caller of an endpoint with these credentials, without the values of those that it does not take.

        A client's headers, and the options of a copy of it, may hold what a credential would.

        Args:
            auth: The names of the credentials; None for none.
            label: The name of the endpoint.

        Raises:
            DeclarationError: The client has no credential of a name.
        """
        places = self.foreign(auth, label)
        if not places:
            return self
        headers, plain, options = self.headers, self.plain_headers, self.options
        for place in places:
            headers, plain = place.cleared(headers), place.cleared(plain)
            options = options.without(place)
        said = frozenset(name for name in self.said if name in headers)
        return replace(self, headers=headers, plain_headers=plain, options=options, said=said)

    @property
    def is_async(self) -> bool:
        """Whether calls are awaited."""
        return self.async_performer is not None

    def following(self, follow: bool) -> Caller:
        """Return the Caller that follows redirects, or the one that does not."""
        return replace(self, exchange=self.exchanges(follow)) if self.exchanges is not None else self

    def deadline(self) -> float:
        """Return when a call that starts now must be over, in monotonic seconds."""
        return self.clock() + self.timeout.total

    def started(self, request: Request) -> Request:
        """Return a request built earlier with a deadline counted from now."""
        return request.with_context(deadline=self.clock() + request.context.timeout.total)

    def run(self, flow: Flow[Any]) -> Any:
        """Run a flow, blocking."""
        assert self.performer is not None
        return drive(flow, self.performer)

    def arun(self, flow: Flow[Any]) -> Coroutine[Any, Any, Any]:
        """Run a flow, awaiting: nothing happens until the result is awaited."""
        assert self.async_performer is not None
        return adrive(flow, self.async_performer)

    def send(self, request: Request) -> Response:
        """Send a request through the policies, blocking, and return its reply, whatever its status."""
        assert self.performer is not None
        return drive(self.exchange(request), self.performer)

    def asend(self, request: Request) -> Coroutine[Any, Any, Response]:
        """Do the same when it is awaited."""
        assert self.async_performer is not None
        return adrive(self.exchange(request), self.async_performer)

    def checked(self, response: Response, request: Request) -> Response:
        """Return the reply if it is a success; otherwise raise the error of its status."""
        if not 200 <= response.status < 300 and response.status not in request.context.statuses:
            error = status_error(response, request, self.read_fault)
            if isinstance(error, RateLimitError):
                error.retry_after = asked_wait(response, self.now, self.read_fault)
            raise error
        return response

    def __repr__(self) -> str:
        return f"<Caller of {self.base}>"
