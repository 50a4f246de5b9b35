"""The error tree, and the table from status codes to its classes.

GemelError
  DeclarationError            a wrong declaration: names class, method, parameter
  InvalidArgument             before sending: names method, parameter, expected, got
  CredentialsError            no usable credentials: lists what was looked for
  ClientClosedError           the client was closed before the call
  UploadError                 the file of an upload cannot be read, or is shorter than announced
  APIError                    .request .method .url  (masked)
    APIConnectionError        .sent
      APITimeoutError
    APIStatusError            .status .code .message .details .request_id .headers .body
      BadRequestError 400  AuthenticationError 401  PermissionDeniedError 403  NotFoundError 404
      ConflictError 409  UnprocessableEntityError 422  RateLimitError 429 (.retry_after)
      InternalServerError 5xx
    ResponseValidationError   .errors .body
    AlternativeReplyError     .reply: a success, but of another kind than asked for
    PagingError               .position: a list whose pages repeat, do not end, or go elsewhere
    StreamFailedError         .event .code .message .details .request_id .body: told inside a stream
    ResponseTooLargeError     .limit .status: a body larger than the client's max_response_bytes

Every error survives pickling and shows no secret value.
"""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import replace

from gemel.kit.http.charset import in_utf_8
from gemel.kit.http.messages import Headers, OwnErrors, Request, Response, hiding
from gemel.kit.http.problem import Fault, FaultReader, readable
from gemel.kit.http.redaction import MASK, Redactor, redact
from gemel.kit.http.sensitive import address_secrets
from gemel.kit.types import Discreet

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AlternativeReplyError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "CredentialsError",
    "DeclarationError",
    "GemelError",
    "InternalServerError",
    "InvalidArgument",
    "NotFoundError",
    "PagingError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseTooLargeError",
    "ResponseValidationError",
    "StreamFailedError",
    "UnprocessableEntityError",
    "UploadError",
    "status_error",
    "stream_error",
]


class GemelError(Exception):
    """The base of all errors that gemel raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross processes, in multiprocessing and task queues; BaseException's own __reduce__ breaks there.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[GemelError], args: tuple[Any, ...], state: dict[str, Any]) -> GemelError:
    # Without __init__, whose signature differs from class to class: pickle would call it with `args`, the message
    # alone.
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class DeclarationError(GemelError, TypeError):
    """A declaration cannot work; raised when its class is made or its endpoint is first used."""


class InvalidArgument(GemelError, TypeError, ValueError):
    """An argument was refused before anything was sent.

    Attributes:
        method: The name of what was called, such as "Albums.retrieve".
        parameter: The name of the parameter, "" when the problem lies in several.
    """

    def __init__(self, method: str, parameter: str, problem: str) -> None:
        self.method = method
        self.parameter = parameter
        super().__init__(f"{method}(): {parameter}: {problem}" if parameter else f"{method}(): {problem}")


class CredentialsError(GemelError):
    """No usable credentials were found; a login that the server refuses is an AuthenticationError."""


class ClientClosedError(GemelError, RuntimeError):
    """The client, or the session passed to it, was closed before the call or belongs to another event loop."""


class UploadError(GemelError):
    """The file of an upload cannot be read, or ended before the size that was announced."""


class APIError(GemelError):
    """The base of errors of a call that failed on its way or at the server.

    Attributes:
        request: The request, without its body, credentials and secret values masked.
    """

    def __init__(self, message: str, *, request: Request) -> None:
        self.request: Request = request.masked()
        super().__init__(redact(message, request.context.secrets))

    def add_hint(self, hint: str) -> None:
        """Append a likely reason or a next step to the message; an empty hint adds nothing."""
        if hint:
            self.args: tuple[Any, ...] = (f"{self}; {hint}",)

    @property
    def method(self) -> str:
        """The verb of the request."""
        return self.request.method

    @property
    def url(self) -> str:
        """The address of the request, secret values masked."""
        return self.request.url


class APIConnectionError(APIError):
    """No whole reply came: the server was unreachable, TLS failed, the connection was cut, or the reply was not HTTP.

    Attributes:
        sent: False when it is certain that the server did not get the request.
        attempts: How many attempts were made.
        permanent: True when another attempt would fail in the same way, as with a certificate that is not trusted.
    """

    attempts: int = 1

    def __init__(self, message: str, *, request: Request, sent: bool = True, permanent: bool = False) -> None:
        self.sent = sent
        self.permanent = permanent
        super().__init__(message, request=request)


class APITimeoutError(APIConnectionError):
    """The reply, or a part of it, did not come in time."""


class APIStatusError(APIError):
    """The base of errors for a reply whose status is not a success.

    Attributes:
        status: The status code.
        code: The error code in the body, "" when it has none.
        message: The message in the body, "" when it has none.
        details: Further details in the body, None when it has none.
        request_id: The server's id of the request, from the body or a header, "" when it has none.
        headers: The header fields of the reply, credentials masked.
        body: The decoded JSON of the body, or its text; secret values of the call masked.
    """

    def __init__(self, fault: Fault, *, response: Response, request: Request, hint: str = "") -> None:
        self.status: int = response.status
        self.code: str = fault.code
        self.message: str = fault.message
        self.details: Any = fault.details
        self.request_id: str = fault.request_id
        self.headers: Headers = response.headers
        self.body: Any = readable(response)
        super().__init__(_status_text(self, request, hint), request=request)


class BadRequestError(APIStatusError):
    """400: the server refused the request by a rule of its own."""


class AuthenticationError(APIStatusError):
    """401: the credentials are missing, wrong or no longer valid."""


class PermissionDeniedError(APIStatusError):
    """403: the credentials are known but not allowed to do this."""


class NotFoundError(APIStatusError):
    """404: the resource does not exist, or these credentials may not see it."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the present state."""


class UnprocessableEntityError(APIStatusError):
    """422: the server understood the request and found it invalid; `.details` or `.body` says where."""


class RateLimitError(APIStatusError):
    """429: too many requests.

    Attributes:
        retry_after: The seconds that the server asks to wait, None when it does not say.
    """

    retry_after: float | None = None


class InternalServerError(APIStatusError):
    """5xx: the server failed."""


class ResponseValidationError(APIError, ValueError):
    """The reply is a success but not what the declaration promises.

    Attributes:
        errors: The messages of marshmallow, nested as the reply is; empty when the body is not JSON at all.
        body: The bytes of the reply; never part of the message.
    """

    def __init__(self, message: str, *, request: Request, body: bytes, errors: Any = None) -> None:
        self.errors: Any = errors if errors is not None else {}
        self._body = _Unseen(body)
        super().__init__(message, request=request)

    @property
    def body(self) -> bytes:
        """The bytes of the reply, which may hold secret values."""
        return self._body.value


class ResponseTooLargeError(APIError):
    """The reply is larger than the client accepts; the rest was not read, and the connection was closed.

    Attributes:
        limit: The client's `max_response_bytes`.
        status: The status of the reply, which may be a failure too.
    """

    def __init__(self, message: str, *, request: Request, limit: int, status: int) -> None:
        self.limit: int = limit
        self.status: int = status
        super().__init__(message, request=request)


class AlternativeReplyError(APIError):
    """The server accepted the request but answered with something other than its result.

    Attributes:
        reply: The answer, decoded as the class's `model`.
    """

    model: Any = dict[str, Any]
    meaning = "the server answered with something else than the result"

    def __init__(self, reply: Any, *, request: Request) -> None:
        self.reply = reply
        super().__init__(f"{request.context.label}: {self.meaning}", request=request)


class PagingError(APIError):
    """The pages of a list cannot be followed: one came twice, they do not end, or the next is elsewhere.

    Attributes:
        position: Where to resume after the last page that came, None when resuming would not help.
    """

    def __init__(self, message: str, *, request: Request, position: str | None = None) -> None:
        self.position: str | None = position
        super().__init__(message, request=request)


class StreamFailedError(APIError):
    """The server reported a failure inside a stream that had begun well.

    Attributes:
        event: The name of the event that reported it.
        code: The error code in the event's data, "" when it has none.
        message: The message in the data, "" when it has none.
        details: Further details in the data, None when it has none.
        request_id: The server's id of the request, "" when the data has none.
        body: The decoded data, or its text; secret values of the call masked.
    """

    def __init__(self, fault: Fault, *, event: str, response: Response, request: Request) -> None:
        self.event: str = event
        self.code: str = fault.code
        self.message: str = fault.message
        self.details: Any = fault.details
        self.request_id: str = fault.request_id
        self.body: Any = readable(response)
        said = " ".join(part for part in (fault.code, fault.message) if part) or "no further word"
        super().__init__(f"{request.context.label or 'stream'}: the stream failed: {said}", request=request)


class _Unseen(Discreet, frozen=True):
    """Holds bytes that no repr may show."""

    value: bytes

    def __repr__(self) -> str:
        return MASK


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HINTS: dict[int, str] = {
    304: "it has not changed since the ETag or the time that the request names: use what you have",
    401: "check that the credentials belong to this server and are not revoked",
    403: "ask for a role that allows it, or use other credentials",
    404: "check the names and ids; what these credentials may not see is reported the same way",
    407: "a proxy asks for credentials",
    429: "wait, or send fewer requests",
}


def status_error(response: Response, request: Request, read: FaultReader) -> APIStatusError:
    """Return the error for a reply that is not a success, its class chosen by status."""
    if response.url != request.url:  # where a redirect has led may be signed
        request = hiding(request, address_secrets(response.url, request.url))
    told = _redacted(in_utf_8(response), request)
    error = _of_status(told, request, read(told))
    # The text was turned into UTF-8, and its Content-Type with it; the error shows the header that came.
    error.headers = _redacted(replace(response, body=b""), request).headers
    return error


def _of_status(response: Response, request: Request, fault: Fault) -> APIStatusError:
    status = response.status
    usual = InternalServerError if status >= 500 else _BY_STATUS.get(status, APIStatusError)
    hint = "try again later" if status >= 500 else fault.hint
    hint = hint or (_redirect_hint(response) if status in _REDIRECTS else _HINTS.get(status, ""))
    chosen = _own_error(request.context.errors, fault.code, status) or usual
    return chosen(fault, response=response, request=request, hint=hint)


def _own_error(tables: tuple[OwnErrors, ...], code: str, status: int) -> type[APIStatusError] | None:
    """Return the class that the nearest table names: by the API's code, else by the status."""
    for table in tables:
        if found := table.get(code) or table.get(status):
            return cast("type[APIStatusError]", found)
    return None


def stream_error(event: str, response: Response, request: Request, read: FaultReader) -> StreamFailedError:
    """Return the error for an event that reports a failure; `response` has the event's data as its body."""
    response = _redacted(response, request)
    return StreamFailedError(read(response), event=event, response=response, request=request)


def _status_text(error: APIStatusError, request: Request, hint: str) -> str:
    said = " ".join(part for part in (error.code, error.message) if part) or "no further word"
    trace = f", request id {error.request_id}" if error.request_id else ""
    advice = f"; {hint}" if hint else ""
    return (
        f"{request.context.label or 'request'}: {error.status} {said} ({request.method} {request.url}{trace}){advice}"
    )


def _redirect_hint(response: Response) -> str:
    target = response.headers.get("location", "").partition("?")[0]
    if not target:
        return "the server redirects, and does not say where"
    return (
        f"the server redirects to {target}: correct the endpoint; follow_redirects=True follows, "
        "but sends no body to another origin and does not leave https"
    )


def _redacted(response: Response, request: Request) -> Response:
    """Mask the secret values of the call in a reply, since servers often echo what they refuse."""
    secrets = request.context.secrets
    return replace(response, body=Redactor(secrets).body(response.body), headers=response.headers.masked(secrets))
