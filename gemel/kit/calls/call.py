"""A bound endpoint as an object: call it, get its raw reply, change its options, or build it without sending."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Generic, cast

from typing_extensions import ParamSpec, Self, TypeVar, Unpack

from gemel.kit.bind.declaration import Declaration
from gemel.kit.calls.curl import curl_command
from gemel.kit.errors import ResponseValidationError
from gemel.kit.flow.effects import Flow
from gemel.kit.http.messages import Request, Response
from gemel.kit.http.redaction import redact
from gemel.kit.models.decode import Decode
from gemel.kit.policies.caller import Caller
from gemel.kit.policies.options import CallOptions, Options
from gemel.kit.stubs.outline import call_signature
from gemel.kit.stubs.reply import Reply
from gemel.kit.stubs.resource import Resource, cannot_be_pickled
from gemel.kit.tracebacks import entry

__all__ = ["AsyncCall", "Call", "SyncCall"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Call(Generic[P, R_co]):
    """An endpoint bound to a resource of a client; the base of all kinds of calls."""

    _wanted_headers: Mapping[str, str] | None = None

    def __init__(self, declaration: Declaration, resource: Resource[Any], options: Options | None = None) -> None:
        self.__name__: str = declaration.name
        self.__qualname__: str = declaration.label
        self.__doc__ = declaration.stub.__doc__
        self._declaration = declaration
        self._resource = resource
        self._caller: Caller = declaration.caller(resource)
        self._options: Options = self._caller.options if options is None else options
        self._define: Callable[[tuple[Any, ...], dict[str, Any]], Request]
        self._define = declaration.requests(resource, self._options, self._wanted_headers)
        returns = self._read_type(declaration.definition.returns)
        self._decode: Decode = declaration.decoder(returns, self._caller.reading)

    @property
    def __signature__(self) -> inspect.Signature:
        return call_signature(self._declaration.stub)

    @entry
    def options(self, **options: Unpack[CallOptions]) -> Self:
        """Return the same call with other options.

        Args:
            **options: What this call does differently (see CallOptions).

        Raises:
            InvalidArgument: An option is unknown, or its value cannot be sent.
        """
        merged = self._options.with_values(options, f"{self._declaration.label}.options")
        return type(self)(self._declaration, self._resource, merged)

    @entry
    def request(self, *args: P.args, **kwargs: P.kwargs) -> Request:
        """Build the request without sending it; credentials are added only when a request is sent."""
        return self._request(args, kwargs)

    @entry
    def url(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the address that the call would be sent to, secret values masked."""
        request = self._request(args, kwargs)
        return redact(request.url, request.context.secrets)

    @entry
    def curl(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the call as a curl command for a POSIX shell, credentials and secret values masked."""
        request = self._request(args, kwargs)
        return curl_command(request, self._caller.signs(request))

    def flow(self, deadline: float, *args: P.args, **kwargs: P.kwargs) -> Flow[R_co]:
        """Return this call as a flow, to be part of another one.

        Args:
            deadline: When the call must be over at the latest, in monotonic seconds.
            *args: The arguments of the call.
            **kwargs: The arguments of the call.
        """
        request = self._request(args, kwargs)
        request = request.with_context(deadline=min(deadline, request.context.deadline))
        response = yield from self._caller.exchange(request)
        return self._finish(response, request)

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        """Return the request of a call; other kinds of calls override this."""
        return self._define(args, kwargs)

    def _read_type(self, returns: Any) -> Any:
        """Return the type that a reply is decoded as; other kinds of calls override this."""
        return returns

    def _finish(self, response: Response, request: Request) -> R_co:
        try:
            return cast("R_co", self._decode(self._caller.checked(response, request), request))
        except ResponseValidationError as error:
            error.add_hint(self._caller.explain(response))
            raise

    def _raw(self, response: Response, request: Request) -> Reply[R_co]:
        return Reply(response, self._finish(response, request))

    def __reduce__(self) -> Any:
        raise cannot_be_pickled(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._declaration.label}>"


class SyncCall(Call[P, R_co]):
    """An endpoint bound to a resource of a Client; calling it blocks."""

    @entry
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Send the request and return the decoded reply."""
        request = self._request(args, kwargs)
        return self._finish(self._caller.send(request), request)

    @entry
    def raw(self, *args: P.args, **kwargs: P.kwargs) -> Reply[R_co]:
        """Send the request and return status, headers and body beside the decoded reply."""
        request = self._request(args, kwargs)
        return self._raw(self._caller.send(request), request)


class AsyncCall(Call[P, R_co]):
    """An endpoint bound to a resource of an AsyncClient; calling it is awaited."""

    __defaults__ = None
    __kwdefaults__ = None

    @property
    def __code__(self) -> CodeType:
        """The code that runs: by it `inspect.iscoroutinefunction` tells that a call is awaited."""
        return cast("CodeType", cast("Any", type(self)).__call__.__code__)

    @entry
    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Send the request and return the decoded reply."""
        request = self._request(args, kwargs)
        return self._finish(await self._caller.asend(request), request)

    @entry
    async def raw(self, *args: P.args, **kwargs: P.kwargs) -> Reply[R_co]:
        """Send the request and return status, headers and body beside the decoded reply."""
        request = self._request(args, kwargs)
        return self._raw(await self._caller.asend(request), request)
