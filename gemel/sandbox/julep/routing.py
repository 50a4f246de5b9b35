"""Operations of the Julep sandbox and the router that finds one as the server's web framework does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..messages import RecordedRequest, ServerReply
from .errors import Refusal, detail
from .records import Records
from .validation import Field, Schema, uuid_text

__all__ = ["Call", "Handler", "Operation", "Router", "Routes"]


@dataclass(frozen=True)
class Call:
    """What a handler gets: the records, who calls, and the checked parts of the request.

    Attributes:
        records: The records of this server.
        developer: The id of the developer who calls.
        ids: The ids in the path.
        query: The checked query.
        body: The checked body.
    """

    records: Records
    developer: str
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


Handler = Callable[[Call], Any]  # answers a call with the JSON document of the reply


@dataclass(frozen=True)
class Operation:
    """One endpoint: where it lives, what it accepts, and who answers.

    Attributes:
        method: The verb.
        path: The path, with `{name}` for an id.
        handler: Answers a call with the JSON document of the reply.
        status: The status of the reply.
        query: The schema of the query, when the operation reads one.
        body: The schema of the JSON body, when the operation reads one.
        public: Whether it answers without an API key.
    """

    method: str
    path: str
    handler: Handler
    status: int = 200
    query: Schema | None = None
    body: Schema | None = None
    public: bool = False
    ids: Schema = field(init=False)
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        names = re.findall(r"{(\w+)}", self.path)
        object.__setattr__(self, "ids", Schema({name: uuid_text(4) for name in names}))
        object.__setattr__(self, "pattern", re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)))


class Routes:
    """Collects the operations of one noun."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        handler: Handler,
        status: int = 200,
        *,
        query: Mapping[str, Field] | None = None,
        body: Mapping[str, Field] | None = None,
        public: bool = False,
    ) -> None:
        """Declare an operation."""
        in_query, in_body = (None if fields is None else Schema(fields) for fields in (query, body))
        self.operations.append(Operation(method, path, handler, status, in_query, in_body, public))


class Router:
    """Finds an operation on the decoded path.

    Arguments:
        operations: What there is to find.
        root: What stands before the paths on the wire, for redirects.
    """

    def __init__(self, operations: Iterable[Operation], root: str) -> None:
        self._operations = tuple(operations)
        self._root = root

    def find(self, request: RecordedRequest, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation and its path values.

        Raises:
            Refusal: 404 for an unknown path, 405 for a known one with another verb, 307 for one
                that is known but for its trailing slash.
        """
        path = unquote(path)
        found = self._matching(path)
        for operation, values in found:
            if operation.method == request.method:
                return operation, values
        if found:
            raise detail(405, "Method Not Allowed", (("Allow", ", ".join(one.method for one, _ in found)),))
        other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        raise self._redirect(request, other) if self._matching(other) else detail(404, "Not Found")

    def _matching(self, path: str) -> list[tuple[Operation, dict[str, str]]]:
        matches = ((operation, operation.pattern.fullmatch(path)) for operation in self._operations)
        return [(operation, match.groupdict()) for operation, match in matches if match]

    def _redirect(self, request: RecordedRequest, path: str) -> Refusal:
        query = request.target.partition("?")[2]
        location = f"http://{request.header('host') or ''}{self._root}{path}{'?' if query else ''}{query}"
        return Refusal(ServerReply(307, headers=(("Location", location),)))
