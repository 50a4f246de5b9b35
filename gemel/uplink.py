"""uplink on gemel: an Adapter that runs a Consumer on gemel's clients, and uplink's annotations, typed, for stubs.

    github = GitHub(base_url="https://api.github.com/", client=Adapter(client))

    class Repos(Resource[M]):
        @headers({"Accept": "application/vnd.github+json"})
        @get("search/repositories")
        def search(self, text: Annotated[str, Query("q")]) -> SearchResult: ...

`Adapter` gives a Consumer a client's transport, retries, redirects, timeouts, TLS, credentials, observers and cache.
The annotations and decorators are uplink's own; uplink has no types, so this module says them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gemel.kit.bind.consumer_reply import AsyncReply, Reply
from gemel.kit.bind.consumer_request import InvalidURL, consumer_request
from gemel.kit.bind.decorated import attend_decorators
from gemel.kit.client import BaseClient
from gemel.kit.errors import APIConnectionError, APITimeoutError, GemelError, InvalidArgument
from gemel.kit.http.messages import Request, Response, origin
from gemel.kit.stubs.resource import caller_of

__all__ = [
    "Adapter",
    "AsyncReply",
    "Body",
    "ConnectionTimeout",
    "Exceptions",
    "Field",
    "FieldMap",
    "Header",
    "HeaderMap",
    "InvalidURL",
    "Part",
    "PartMap",
    "Path",
    "Query",
    "QueryMap",
    "Reply",
    "SSLError",
    "ServerTimeout",
    "Timeout",
    "headers",
    "params",
    "timeout",
]

D = TypeVar("D")

if TYPE_CHECKING:
    _io: Any

    class _Exceptions: ...

    class _HttpClientAdapter: ...

    class Body:
        """The whole body."""

        def __init__(self) -> None: ...

    class Field:
        """A member of the body; a tuple of names is the way to a member of a member."""

        def __init__(self, name: str | tuple[str, ...] | None = None) -> None: ...

    class FieldMap:
        """Members of the body, in a mapping."""

        def __init__(self) -> None: ...

    class Header:
        """A request header."""

        def __init__(self, name: str | None = None) -> None: ...

    class HeaderMap:
        """Request headers, in a mapping."""

        def __init__(self) -> None: ...

    class Part:
        """A part of a multipart body."""

        def __init__(self, name: str | None = None) -> None: ...

    class PartMap:
        """Parts of a multipart body, in a mapping."""

        def __init__(self) -> None: ...

    class Path:
        """A value of the path."""

        def __init__(self, name: str | None = None) -> None: ...

    class Query:
        """A query parameter."""

        def __init__(
            self, name: str | None = None, encoded: bool = False, *, encode_none: str | None = None
        ) -> None: ...

    class QueryMap:
        """Query parameters, in a mapping."""

        def __init__(self, encoded: bool = False) -> None: ...

    class Timeout:
        """Seconds to wait for the server."""

    class headers:
        """Headers of every call of an endpoint, or of all endpoints of a Resource class."""

        def __init__(self, arg: Mapping[str, str] | list[str] | str | None = None, **kwargs: str) -> None: ...
        def __call__(self, decorated: D, /) -> D: ...

    class params:
        """Query parameters of every call of an endpoint, or of all endpoints of a Resource class."""

        def __init__(self, arg: Mapping[str, Any] | list[str] | str | None = None, **kwargs: Any) -> None: ...
        def __call__(self, decorated: D, /) -> D: ...

    class timeout:
        """Seconds to wait for the server, for every call of an endpoint, or of all endpoints of a Resource class."""

        def __init__(self, seconds: float) -> None: ...
        def __call__(self, decorated: D, /) -> D: ...

else:
    from uplink import (
        Body,
        Field,
        FieldMap,
        Header,
        Part,
        PartMap,
        Path,
        Query,
        QueryMap,
        Timeout,
        headers,
        params,
        timeout,
    )
    from uplink.arguments import HeaderMap
    from uplink.clients import io as _io
    from uplink.clients.exceptions import Exceptions as _Exceptions
    from uplink.clients.interfaces import HttpClientAdapter as _HttpClientAdapter

    attend_decorators()


class ConnectionTimeout(APITimeoutError):
    """The server was not reached in time, and has not got the request."""


class ServerTimeout(APITimeoutError):
    """The reply, or a part of it, did not come in time; the server may have got the request."""


class SSLError(APIConnectionError):
    """The server's certificate is not trusted, or TLS failed in another way."""


class Exceptions(_Exceptions):
    """The errors of gemel by the names that uplink has for those of any client: `github.exceptions.ServerTimeout`."""

    BaseClientException: type[GemelError] = GemelError
    ConnectionError: type[APIConnectionError] = APIConnectionError
    ConnectionTimeout: type[ConnectionTimeout] = ConnectionTimeout
    InvalidURL: type[InvalidURL] = InvalidURL
    SSLError: type[SSLError] = SSLError
    ServerTimeout: type[ServerTimeout] = ServerTimeout


class Adapter(_HttpClientAdapter):
    """Runs a Consumer of uplink's on a client of gemel's: `GitHub(base_url=..., client=Adapter(client))`.

    On a Client its calls block, on an AsyncClient they are awaited, in whatever loop runs; no thread is started for
    them. Every status is a reply. The client's credentials and headers go to the client's own origin only. Closing the
    client is its owner's; several Consumers may share it.
    """

    exceptions: Exceptions = Exceptions()

    def __init__(self, client: BaseClient[Any]) -> None:
        """Make an adapter.

        Args:
            client: sends the requests, as its settings say, those of `with_options` included.

        Raises:
            TypeError: it is no client of gemel's.
        """
        if not isinstance(cast("object", client), BaseClient):
            raise TypeError(f"Adapter(): expected a client of gemel's, got {type(client).__name__}")
        self._caller = caller_of(client)
        self._goes_abroad: bool = client._goes_abroad  # pyright: ignore[reportPrivateUsage]

    def io(self) -> Any:
        """Return uplink's strategy of execution for the mode of the client."""
        return _io.AsyncioStrategy() if self._caller.is_async else _io.BlockingStrategy()

    def send(self, request: tuple[str, str, Mapping[str, Any]]) -> Any:
        """Send a request.

        Args:
            request: verb, address and what uplink has collected beside them.

        Returns:
            The Reply of a Client; what gives the AsyncReply of an AsyncClient when it is awaited.

        Raises:
            GemelError: no reply came, or nothing was sent; by uplink's names those of `exceptions`.
        """
        method, address, extras = request
        made = consumer_request(self._caller, method, address, extras)
        if not self._goes_abroad and origin(made.url) != origin(self._caller.base):
            problem = "the client has a session of its own, whose headers and cookies would go to another origin"
            raise InvalidArgument(made.context.label, "", problem)
        return self._asent(made) if self._caller.is_async else self._sent(made)

    def apply_callback(self, callback: Callable[[Any], Any], response: Any) -> Any:
        """Let a handler or a converter have a reply.

        It is called here: the body was read, so there is nothing that a thread would have to wait for.

        Args:
            callback: a function, or for an AsyncClient also a coroutine function.
            response: a reply, or what another callback has made of it.

        Returns:
            What the callback returns; of an AsyncClient what gives it when it is awaited.
        """
        return self._awaited(callback, response) if self._caller.is_async else callback(response)

    def _sent(self, request: Request) -> Reply:
        started = self._caller.clock()
        try:
            response = self._caller.send(request)
        except APIConnectionError as error:
            raise _named(error) from None
        return self._reply(request, response, started)

    async def _asent(self, request: Request) -> AsyncReply:
        started = self._caller.clock()
        try:
            response = await self._caller.asend(request)
        except APIConnectionError as error:
            raise _named(error) from None
        return self._reply(request, response, started).seen_as(AsyncReply)

    def _reply(self, request: Request, response: Response, started: float) -> Reply:
        return Reply(response, request, self._caller, self._caller.clock() - started)

    async def _awaited(self, callback: Callable[[Any], Any], response: Any) -> Any:
        """Call a callback; one that does not await is given a reply whose methods need no awaiting."""
        if inspect.iscoroutinefunction(inspect.unwrap(callback)):
            return await callback(response)
        if not isinstance(response, AsyncReply):
            return callback(response)
        settled = response.seen_as(Reply)
        outcome = callback(settled)
        return response if outcome is settled else outcome


def _named(error: APIConnectionError) -> APIConnectionError:
    """Return an error as the class that uplink's users know it by; told by what gemel knows of it, not by its text."""
    if isinstance(error, APITimeoutError):
        kind: type[APIConnectionError] = ServerTimeout if error.sent else ConnectionTimeout
    elif error.permanent:
        kind = SSLError
    else:
        return error
    made = kind.__new__(kind, *error.args)
    made.__dict__.update(error.__dict__)
    return made
