"""StubServer: a real HTTP server that answers from a table of routes, written in terms of declarations.

with StubServer() as stub:
    stub.on(Secrets.retrieve).reply(secret)
    with InfisicalClient(endpoint=stub.url, token="t") as client:
        client.secrets.retrieve("DB", project_id="p", environment="dev")
    assert stub.calls[0].path_values == {"name": "DB"}
"""

from __future__ import annotations

import threading
from typing import Any, cast, final, overload

from typing_extensions import Self, TypeVar

from gemel.kit.calls.download import Download
from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.stream import Stream
from gemel.kit.paging import Page
from gemel.kit.stubs.reply import Reply
from gemel.sandbox.faults import Faults
from gemel.sandbox.messages import RecordedRequest, ServerReply
from gemel.testing.calls import ReceivedCall, asked
from gemel.testing.route import Route
from gemel.testing.server import Account, LocalServer, StubError, refusal

__all__ = ["StubServer"]

R = TypeVar("R")
T = TypeVar("T")


@final
class _OnlyAny:
    """A type that only Any matches: without it checkers take an endpoint of Any for a paged one."""


class StubServer:
    """A server on a free local port for one test, blocking or async; it runs in a thread of its own.

    A call without a route is answered with 501 and fails the test: leaving the block raises StubError. So does a
    function of `answer` that raises and, by default, a route that was not called or has answers left.

    Args:
        assert_all_called: Whether leaving the block fails for routes that were not called as their scripts say.
    """

    def __init__(self, *, assert_all_called: bool = True) -> None:
        self._asserting = assert_all_called
        self._guard = threading.Lock()
        self._routes: list[Route[Any]] = []
        self._calls: list[ReceivedCall] = []
        self._account = Account()
        self._server = LocalServer(self._answer, "stub server")

    @property
    def url(self) -> str:
        """The address at which it listens, without a trailing slash: the endpoint of a client."""
        return self._server.url

    @property
    def faults(self) -> Faults:
        """The faults that the next requests meet, as in the sandbox: `stub.faults.cut()`."""
        return self._server.faults

    @property
    def calls(self) -> list[ReceivedCall]:
        """All calls received so far, oldest first, including those without a route."""
        with self._guard:
            return list(self._calls)

    @property
    def routes(self) -> list[Route[Any]]:
        """The routes, in the order they were made."""
        with self._guard:
            return list(self._routes)

    @overload
    def on(self, endpoint: Endpoint[..., _OnlyAny], /) -> Route[Any]: ...
    @overload
    def on(self, endpoint: Endpoint[..., Page[T]], /) -> Route[list[T]]: ...
    @overload
    def on(self, endpoint: Endpoint[..., Stream[T]], /) -> Route[list[T]]: ...
    @overload
    def on(self, endpoint: Endpoint[..., Download], /) -> Route[bytes]: ...
    @overload
    def on(self, endpoint: Endpoint[..., Reply[T]], /) -> Route[T]: ...
    @overload
    def on(self, endpoint: Endpoint[..., R], /) -> Route[R]: ...
    @overload
    def on(self, method: str, path: str, /) -> Route[Any]: ...
    def on(self, endpoint: Any, path: str | None = None, /) -> Route[Any]:
        """Make the route of a declared endpoint, `Secrets.retrieve`, or of a verb and a path template.

        A route for the same verb and template replaces the one before. If several fit a request, the one with the
        fewest variables in its template is used.

        Raises:
            TypeError: The arguments are neither.
        """
        route = _route(endpoint, path)
        with self._guard:
            self._routes = [known for known in self._routes if _key(known) != _key(route)] + [route]
        return route

    def assert_all_called(self) -> None:
        """Raise StubError unless every route was called, and gave every answer of its script at least once."""
        missed = self._missed()
        if missed:
            raise StubError(missed)

    def __enter__(self) -> Self:
        self._server.open()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._server.close()
        self._account.settle(error, self._missed() if self._asserting else "")

    def __repr__(self) -> str:
        return f"<StubServer, {len(self.routes)} routes, {len(self.calls)} calls>"

    async def _answer(self, request: RecordedRequest) -> ServerReply:
        fitting = [route for route in self.routes if route.matches(request)]
        route = min(fitting, key=lambda route: route.template.variables, default=None)
        call = ReceivedCall.of(request, "", "", {}) if route is None else route.received(request)
        with self._guard:
            self._calls.append(call)
        if route is None:
            return self._unknown(request)
        return await self._from(route, call)

    async def _from(self, route: Route[Any], call: ReceivedCall) -> ServerReply:
        try:
            return await route.answered(call)
        except Exception as error:
            problem = f"the route {route} cannot answer: {type(error).__name__}: {error}"
            self._account.add(problem)
            return refusal(problem)

    def _unknown(self, request: RecordedRequest) -> ServerReply:
        routes = [str(route) for route in self.routes]
        self._account.add(_listed(f"the stub has no route for {asked(request)}; its routes are", routes))
        message = f"the stub of this test has no route for {asked(request)}; it has {', '.join(routes) or 'none'}"
        return refusal(message, asked=asked(request), routes=routes)

    def _missed(self) -> str:
        missed = [problem for route in self.routes if (problem := route.missed())]
        return _listed("the stub was not called as the test says", missed) if missed else ""


def _route(endpoint: Any, path: str | None) -> Route[Any]:
    if isinstance(endpoint, Endpoint):
        declared = cast("Endpoint[..., Any]", endpoint)
        return Route(declared.spec.method, declared.path, declared)
    if isinstance(endpoint, str) and path is not None:
        return Route(endpoint, path)
    raise TypeError(
        f'on: expected an endpoint of a resource class, like Secrets.retrieve, or "GET", "a/path", got {endpoint!r}'
    )


def _key(route: Route[Any]) -> tuple[str, str]:
    return route.method, route.template.text


def _listed(heading: str, lines: list[str]) -> str:
    return "\n".join([f"{heading}:", *(f"  {line}" for line in lines or ["none"])])
