"""uplink on gemel: an Adapter that runs a Consumer on gemel's clients, and typed uplink annotations for stubs.

    github = GitHub(base_url="https://api.github.com/", client=Adapter(client))

    class Repos(Resource[M]):
        @headers({"Accept": "application/vnd.github+json"})
        @get("search/repositories")
        def search(self, text: Annotated[str, Query("q")]) -> SearchResult: ...

`Adapter` gives a Consumer a client's transport, retries, redirects, timeouts, TLS, credentials, observers and cache.
The annotations and decorators are uplink's own; since uplink has no type hints, this module declares them.
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
from gemel.kit.tracebacks import entry

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
        """A member of the body; a tuple of names is the path to a nested member."""

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
        """A value in the path."""

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
    """The server was not reached in time, and did not get the request."""


class ServerTimeout(APITimeoutError):
    """The reply, or a part of it, did not come in time; the server may have got the request."""


class SSLError(APIConnectionError):
    """The server's certificate is not trusted, or TLS failed in another way."""


class Exceptions(_Exceptions):
    """The errors of gemel under the names that uplink gives those of any client: `github.exceptions.ServerTimeout`."""

    BaseClientException: type[GemelError] = GemelError
    ConnectionError: type[APIConnectionError] = APIConnectionError
    ConnectionTimeout: type[ConnectionTimeout] = ConnectionTimeout
    InvalidURL: type[InvalidURL] = InvalidURL
    SSLError: type[SSLError] = SSLError
    ServerTimeout: type[ServerTimeout] = ServerTimeout


class Adapter(_HttpClientAdapter):
    """Runs an uplink Consumer on a client of gemel: `GitHub(base_url=..., client=Adapter(client))`.

    On a Client its calls block, on an AsyncClient they are awaited in the running event loop; no thread is started.
    A reply is returned whatever its status. The client's credentials and headers go to the client's own origin only.
    Several Consumers may share a client; whoever made it closes it.
    """

    exceptions: Exceptions = Exceptions()

    @entry
    def __init__(self, client: BaseClient[Any]) -> None:
        """Make an adapter.

        Args:
            client: The client that sends the requests, with its settings and those of `with_options`.

        Raises:
            TypeError: `client` is not a client of gemel.
        """
        if not isinstance(cast("object", client), BaseClient):
            raise TypeError(f"Adapter(): expected a client of gemel's, got {type(client).__name__}")
        self._caller = caller_of(client)
        # A session that was passed in has headers and cookies of its own, which requests and aiohttp add to any
        # request.
        self._goes_abroad: bool = client._goes_abroad  # pyright: ignore[reportPrivateUsage]

    def io(self) -> Any:
        """Return the execution strategy of uplink for the mode of the client."""
        return _io.AsyncioStrategy() if self._caller.is_async else _io.BlockingStrategy()

    @entry
    def send(self, request: tuple[str, str, Mapping[str, Any]]) -> Any:
        """Send a request.

        Args:
            request: The verb, the address, and the other values that uplink has collected.

        Returns:
            A Reply for a Client; for an AsyncClient an awaitable of an AsyncReply.

        Raises:
            GemelError: No reply came, or nothing was sent; `exceptions` has these errors under uplink's names.
        """
        method, address, extras = request
        made = consumer_request(self._caller, method, address, extras)
        if not self._goes_abroad and origin(made.url) != origin(self._caller.base):
            problem = "the client has a session of its own, whose headers and cookies would go to another origin"
            raise InvalidArgument(made.context.label, "", problem)
        return self._asent(made) if self._caller.is_async else self._sent(made)

    @entry
    def apply_callback(self, callback: Callable[[Any], Any], response: Any) -> Any:
        """Pass a reply to a handler or converter.

        It is called in this thread: the body has been read, so that nothing in it blocks.

        Args:
            callback: The function, or for an AsyncClient also a coroutine function.
            response: The reply, or what another callback has made of it.

        Returns:
            What the callback returns; for an AsyncClient an awaitable of it.
        """
        return self._awaited(callback, response) if self._caller.is_async else callback(response)

    def _sent(self, request: Request) -> Reply:
        started = self._caller.clock()
        try:
            response = self._caller.send(request)
        except APIConnectionError as error:
            raise _named(error) from None
        return self._reply(request, response, started)

    @entry
    async def _asent(self, request: Request) -> AsyncReply:
        started = self._caller.clock()
        try:
            response = await self._caller.asend(request)
        except APIConnectionError as error:
            raise _named(error) from None
        return self._reply(request, response, started).seen_as(AsyncReply)

    def _reply(self, request: Request, response: Response, started: float) -> Reply:
        return Reply(response, request, self._caller, self._caller.clock() - started)

    @entry
    async def _awaited(self, callback: Callable[[Any], Any], response: Any) -> Any:
        """Call a callback; a plain function is given a reply whose methods do not need to be awaited."""
        if inspect.iscoroutinefunction(inspect.unwrap(callback)):
            return await callback(response)
        if not isinstance(response, AsyncReply):
            return callback(response)
        settled = response.seen_as(Reply)
        outcome = callback(settled)
        return response if outcome is settled else outcome


def _named(error: APIConnectionError) -> APIConnectionError:
    """Return an error as the class that uplink's users know, chosen by its attributes and not by its text."""
    if isinstance(error, APITimeoutError):
        kind: type[APIConnectionError] = ServerTimeout if error.sent else ConnectionTimeout
    elif error.permanent:
        kind = SSLError
    else:
        return error
    # Without __init__, which would build the message once more; the attributes are taken over.
    made = kind.__new__(kind, *error.args)
    made.__dict__.update(error.__dict__)
    return made
