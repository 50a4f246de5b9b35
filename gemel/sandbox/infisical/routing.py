"""Operations of the Infisical sandbox and the router that finds one by method and raw path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from .errors import bad_request
from .validation import Field, Schema

if TYPE_CHECKING:
    from .backend import Backend, Caller

__all__ = ["CURRENT", "SERVICE", "USERS", "Call", "Handler", "Operation", "Router", "Routes"]


@dataclass(frozen=True)
class Call:
    """What a handler gets: the records, who calls, and the checked parts of the request.

    Attributes:
        backend: The records and rules of this server.
        caller: The identity that sent the token; for operations without auth it must not be used.
        params: Values of the path, decoded.
        data: The checked query or body, under the names of the schema.
        method: The verb of the operation.
        path: Its path, with `{name}` for what varies.
    """

    backend: Backend
    caller: Caller
    params: Mapping[str, Any]
    data: Mapping[str, Any]
    method: str = ""
    path: str = ""


Handler = Callable[[Call], Any]  # answers a call with the JSON document of the reply
CURRENT = frozenset({"jwt", "identityAccessToken"})  # what every operation accepts that needs credentials
USERS = frozenset({"jwt"})
SERVICE = frozenset({"serviceToken"})


@dataclass(frozen=True)
class Operation:
    """One endpoint: where it lives, what it accepts, and who answers.

    Attributes:
        method: The verb.
        path: The path, with `{name}` for a segment that varies.
        handler: Answers a call with the JSON document of the reply.
        query: The schema of the query, when the operation reads one.
        body: The schema of the JSON body, when the operation reads one.
        params: Checks of path values beyond being there.
        auth: Whether credentials are needed.
        etag: Whether the reply carries an ETag and a matching If-None-Match gets 304.
        modes: The kinds of credentials that it accepts, as the server calls them.
        built: Whether the sandbox can do it.
    """

    method: str
    path: str
    handler: Handler
    query: Schema | None = None
    body: Schema | None = None
    params: Schema | None = None
    auth: bool = True
    etag: bool = False
    modes: frozenset[str] = CURRENT
    built: bool = True
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.path.strip("/").split("/")))

    @property
    def pattern(self) -> tuple[str, ...]:
        """The segments, whatever those are called that vary."""
        return tuple("{}" if segment.startswith("{") else segment for segment in self.segments)

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path values when the decoded segments are this operation's, else None."""
        values: dict[str, str] = {}
        for expected, actual in zip(self.segments, segments, strict=True):
            if expected.startswith("{"):
                if not actual:
                    return None
                values[expected[1:-1]] = actual
            elif expected != actual:
                return None
        return values


class Routes:
    """Collects the operations of one noun."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        handler: Handler,
        *,
        query: Mapping[str, Field] | None = None,
        body: Mapping[str, Field] | None = None,
        params: Mapping[str, Field] | None = None,
        auth: bool = True,
        etag: bool = False,
        modes: frozenset[str] = CURRENT,
    ) -> None:
        """Declare an operation; those of older generations take API keys too."""
        schemas = (None if fields is None else Schema(fields) for fields in (query, body, params))
        in_query, in_body, in_path = schemas
        accepted = modes | {"apiKey"} if path.startswith(_WITH_API_KEYS) and modes >= CURRENT else modes
        self.operations.append(Operation(method, path, handler, in_query, in_body, in_path, auth, etag, accepted))


_WITH_API_KEYS = ("/api/v1/", "/api/v3/")


def _unbuilt(call: Call) -> Any:
    raise NotImplementedError


class Router:
    """Finds an operation as find-my-way does: on decoded segments, static ones before varying ones.

    Arguments:
        operations: What the sandbox can do.
        catalogue: The verb and path of everything that the API can do, with `{}` for what varies.
    """

    def __init__(self, operations: Iterable[Operation], catalogue: Iterable[tuple[str, str]] = ()) -> None:
        self._buckets: dict[tuple[str, int], list[Operation]] = {}
        known = {(operation.method, operation.pattern): operation for operation in operations}
        for verb, path in catalogue:
            unbuilt = Operation(verb, path, _unbuilt, built=False)
            known.setdefault((verb, unbuilt.pattern), unbuilt)
        self.operations: tuple[Operation, ...] = tuple(known.values())
        for operation in self.operations:
            self._buckets.setdefault((operation.method, len(operation.segments)), []).append(operation)
        for bucket in self._buckets.values():
            bucket.sort(key=lambda operation: [part.startswith("{") for part in operation.segments])

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its path values, or None. A trailing slash is ignored.

        Raises:
            ApiError: 400 when a percent escape of the path is broken.
        """
        if not path.startswith("/"):
            return None
        parts = path[1:].removesuffix("/").split("/")
        segments = tuple(_decoded(part, path) if "%" in part else part for part in parts)
        for operation in self._buckets.get((method, len(segments)), ()):
            values = operation.match(segments)
            if values is not None:
                return operation, values
        return None


_HEX = frozenset("0123456789abcdefABCDEF")


def _decoded(segment: str, path: str) -> str:
    escapes = segment.split("%")[1:]
    whole = all(len(escape) >= 2 and _HEX.issuperset(escape[:2]) for escape in escapes)
    try:
        if whole:
            return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        pass
    raise bad_request(f"'{path}' is not a valid url component", "Bad Request")
