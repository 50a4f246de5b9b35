"""Makes calls visible: one log line each, and observers of requests, replies and retries.

The logger is "gemel"; `GEMEL_LOG=info` or `GEMEL_LOG=debug` shows it on standard error. Nothing confidential is in a
line or an event: addresses are masked, headers of credentials too, bodies are left out.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping

from msgspec import Struct

from gemel.kit.errors import APIError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.problem import FaultReader
from gemel.kit.http.redaction import redact

__all__ = ["Attempts", "Calls", "Event", "Observer", "Observers", "configure_logging", "debugging"]

logger: logging.Logger = logging.getLogger("gemel")

_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}


class Event(Struct, frozen=True):
    """What an observer is told.

    Attributes:
        label: The call ("Secrets.retrieve").
        method: The verb of the request.
        url: Its address, secret values masked.
        attempt: Counts from 1.
        status: The status of the reply, None when none came.
        seconds: How long the attempt took, in seconds.
        wait: Seconds until the next attempt, in an event for `on_retry`.
        error: The class name of the error when no reply came, else "".
    """

    label: str
    method: str
    url: str
    attempt: int
    status: int | None = None
    seconds: float = 0.0
    wait: float = 0.0
    error: str = ""


Observer = Callable[[Event], None]
"""A function that is called with each event; what it returns is ignored, what it raises is only logged."""


class Observers(Struct, frozen=True, eq=False):
    """The observers of one client.

    Attributes:
        on_request: Called before each attempt.
        on_response: Called when an attempt has ended, with a reply or an error.
        on_retry: Called before the wait for another attempt.
    """

    on_request: Observer | None = None
    on_response: Observer | None = None
    on_retry: Observer | None = None

    @classmethod
    def of(
        cls, on_request: Observer | None, on_response: Observer | None, on_retry: Observer | None
    ) -> Observers | None:
        """Return the observers, None when there are none."""
        given = (on_request, on_response, on_retry)
        return cls(*given) if any(observer is not None for observer in given) else None

    def asked(self, request: Request) -> None:
        """Tell that a request is about to be sent."""
        if self.on_request is not None:
            _tell(self.on_request, _event(request))

    def answered(self, request: Request, outcome: Response | APIError, seconds: float) -> None:
        """Tell how an attempt ended."""
        if self.on_response is not None:
            _tell(self.on_response, _event(request, outcome, seconds))

    def repeating(self, request: Request, outcome: Response | APIError, wait: float) -> None:
        """Tell that an attempt is followed by another one after `wait` seconds."""
        if self.on_retry is not None:
            _tell(self.on_retry, _event(request, outcome, wait=wait))


def _tell(observer: Observer, event: Event) -> None:
    try:
        observer(event)
    except Exception:
        logger.exception("an observer of %s failed", event.label)


def _event(
    request: Request, outcome: Response | APIError | None = None, seconds: float = 0.0, wait: float = 0.0
) -> Event:
    return Event(
        label=request.context.label,
        method=request.method,
        url=request.masked().url,
        attempt=request.context.attempt,
        status=outcome.status if isinstance(outcome, Response) else None,
        seconds=seconds,
        wait=wait,
        error=type(outcome).__name__ if isinstance(outcome, APIError) else "",
    )


class Attempts:
    """The innermost policy: tells observers of every attempt."""

    def __init__(self, observers: Observers | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._observers = observers or Observers()
        self._clock = clock

    def around(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send, and tell before and after."""
        started = self._clock()
        self._observers.asked(request)
        _log_attempt(request)
        try:
            response = yield from send(request)
        except APIError as error:
            self._observers.answered(request, error, self._clock() - started)
            raise
        self._observers.answered(request, response, self._clock() - started)
        return response


def _log_attempt(request: Request) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        shown = request.masked()
        logger.debug("attempt %d: %s %s %s", request.context.attempt, shown.method, shown.url, shown.headers)


class Calls:
    """The outermost policy: one log line a call, with verb, address, status, duration, attempts and request id."""

    def __init__(self, read: FaultReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock

    def around(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        """Send, and log what came of it when anybody listens."""
        return self._logged(request, send) if logger.isEnabledFor(logging.INFO) else send(request)

    def _logged(self, request: Request, send: Callable[[Request], Flow[Response]]) -> Flow[Response]:
        started = self._clock()
        try:
            response = yield from send(request)
        except APIError as error:
            self._log(request, type(error).__name__, getattr(error, "attempts", 1), "", started)
            raise
        self._log(request, str(response.status), response.attempts, self._request_id(response), started)
        return response

    def _log(self, request: Request, ending: str, attempts: int, request_id: str, started: float) -> None:
        logger.info(
            "%s %s -> %s in %.0f ms, %d attempt%s%s (%s)",
            request.method,
            request.masked().url,
            ending,
            (self._clock() - started) * 1000,
            attempts,
            "" if attempts == 1 else "s",
            f", request id {redact(request_id, request.context.secrets)}" if request_id else "",
            request.context.label,
        )

    def _request_id(self, response: Response) -> str:
        named = response.headers.get("x-request-id", "")
        return named or ("" if response.ok else self._read(response).request_id)


def debugging() -> bool:
    """Say whether the logger is enabled for DEBUG; asked when a client is made."""
    return logger.isEnabledFor(logging.DEBUG)


def configure_logging(environ: Mapping[str, str] = os.environ) -> None:
    """Show the "gemel" logger on standard error when GEMEL_LOG asks for it; a handler that is there already stays."""
    wanted = environ.get("GEMEL_LOG", "").strip().lower()
    if not wanted:
        return
    if wanted not in _LEVELS:
        # Only a part is quoted: what is pasted into a variable by mistake may be a secret.
        logger.warning("GEMEL_LOG: expected info or debug, got %r", wanted[:20])
        return
    logger.setLevel(_LEVELS[wanted])
    # A program that has set handlers up would otherwise see each line twice.
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
