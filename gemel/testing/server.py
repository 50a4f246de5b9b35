"""The server of one test, in a thread of its own, on which stub, recorder and replayer are built."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from gemel.sandbox.faults import Faults
from gemel.sandbox.messages import RecordedRequest, RequestLog, ServerReply
from gemel.sandbox.rate import RateLimit
from gemel.sandbox.thread import ServerThread
from gemel.sandbox.web import WebServer

__all__ = ["Account", "Answering", "LocalServer", "StubError", "refusal"]

Answering = Callable[[RecordedRequest], "ServerReply | Awaitable[ServerReply]"]
"""A function that returns the reply to a request; called in the thread of the server."""

HOST = "127.0.0.1"
MAX_BODY = 1 << 30
NO_ROUTE = 501


class StubError(AssertionError):
    """A test server was not called as the test says; the message lists what was asked and what is known."""


class LocalServer:
    """A local HTTP server that is opened and closed once.

    Args:
        answer: Returns the reply to a request.
        name: The name of the server in errors and of its thread.

    Attributes:
        faults: The faults that the next requests meet.
    """

    def __init__(self, answer: Answering, name: str) -> None:
        self.faults: Faults = Faults()
        self._name = name
        self._api = _Answers(answer)
        self._thread: ServerThread[str] | None = None
        self._web: WebServer | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address at which it listens, without a trailing slash; raises RuntimeError before it is opened."""
        if not self._url:
            raise RuntimeError(f"the {self._name} does not run yet: enter it with `with`")
        return self._url

    def open(self) -> None:
        """Listen on a free port."""
        if self._url:
            raise RuntimeError(f"this {self._name} has run already; make a new one")
        thread = ServerThread(self, f"gemel-{self._name}")
        thread.start()
        self._thread = thread

    def close(self) -> None:
        """Close the port and every connection."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    async def start(self) -> str:
        """Listen in the running event loop, and return the address."""
        self._web = WebServer(self._api, self.faults, RequestLog(1), RateLimit(), max_body=MAX_BODY)
        self._url = f"http://{HOST}:{await self._web.start(HOST, 0)}"
        return self._url

    async def stop(self) -> None:
        """Close the port and every connection, in the running event loop."""
        if self._web is not None:
            await self._web.stop()


class _Answers:
    """Wraps the function that answers as an API of the sandbox's web server."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer

    def answer(self, request: RecordedRequest) -> ServerReply | Awaitable[ServerReply]:
        return self._answer(request)

    def rate_limited(self, retry_after: int) -> ServerReply:
        return ServerReply.of({"message": f"too many requests; wait {retry_after} s"}, 429)

    def too_large(self) -> ServerReply:
        return ServerReply.of({"message": f"the body has more than {MAX_BODY} bytes"}, 413)


class Account:
    """Collects problems while a test runs and reports them at its end; any thread may add one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._problems: list[str] = []

    def add(self, problem: str) -> None:
        """Note a problem."""
        with self._guard:
            self._problems.append(problem)

    def settle(self, error: BaseException | None, *more: str) -> None:
        """Raise a StubError that lists all problems; if an error is being raised already, add them to it as a note."""
        with self._guard:
            noted = list(self._problems)
        if error is None:
            problems = noted + [problem for problem in more if problem]
            if problems:
                raise StubError("\n".join(problems))
        elif noted and (add_note := getattr(error, "add_note", None)):  # since Python 3.11
            add_note("\n".join(noted))


def refusal(message: str, **more: object) -> ServerReply:
    """Return the reply to a call that the test did not provide for; clients do not retry a 501."""
    return ServerReply.of({"message": message, **more}, NO_ROUTE)
