"""The vocabulary of an SDK author: the verbs, the roles of arguments, Resource.

    class Albums(Resource[M], case="camel"):
        @get("api/albums/{album_id}", unwrap="album")
        def retrieve(self, album_id: str, *, with_tracks: bool = False) -> Album:
            "Retrieve one album."
            ...

A name in the template is a path value. Otherwise arguments of GET, HEAD and DELETE are query parameters, arguments of
POST, PUT and PATCH are JSON fields; `Annotated[T, Query("x")]`, `Field`, `Header` and `Body` say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Concatenate

from typing_extensions import ParamSpec, TypeVar, Unpack

from gemel.kit.bind.decorated import attend_decorators
from gemel.kit.bodies.parts import File
from gemel.kit.bodies.upload import Upload
from gemel.kit.calls.download import Download
from gemel.kit.calls.endpoint import Endpoint, endpoint_of
from gemel.kit.calls.stream import Stream
from gemel.kit.errors import AlternativeReplyError, DeclarationError
from gemel.kit.http.encoding import Refused
from gemel.kit.http.sse import EventStream, ServerSentEvent
from gemel.kit.http.verbs import verb_of
from gemel.kit.paging import Cursor, LinkHeader, NextAddress, Offset, Page, PageNumber, Paging
from gemel.kit.stubs.roles import Body, Cookie, Field, Form, Header, Part, Query, Spec, Url
from gemel.kit.stubs.scope import from_scope
from gemel.kit.stubs.words import Words

__all__ = [
    "Body",
    "Cookie",
    "Cursor",
    "Download",
    "EventStream",
    "Field",
    "File",
    "Form",
    "Header",
    "LinkHeader",
    "NextAddress",
    "Offset",
    "Page",
    "PageNumber",
    "Part",
    "Query",
    "ServerSentEvent",
    "Stream",
    "Upload",
    "Url",
    "Verb",
    "delete",
    "from_scope",
    "get",
    "head",
    "patch",
    "post",
    "put",
]

P = ParamSpec("P")
R = TypeVar("R")


class Verb:
    """Declares endpoints of one HTTP verb: `@get("api/albums/{album_id}")`; `Verb("PURGE")` makes another verb.

    Plain arguments of GET, HEAD, DELETE, OPTIONS, TRACE and PURGE go into the query, those of any other verb into a
    JSON body.

    Args:
        method: The verb, in capital letters.
        body: Whether a GET or HEAD may have a body, of arguments that say so: `Verb("GET", body=True)`.

    Raises:
        DeclarationError: The text is not an HTTP verb, or one that never has a body.
    """

    def __init__(self, method: str, *, body: bool = False) -> None:
        self._has_body = body
        try:
            self.method: str = verb_of(method)
        except Refused as refusal:
            raise DeclarationError(f"Verb({method!r}): {refusal}") from None
        if body and self.method == "TRACE":
            raise DeclarationError(f"Verb({method!r}): a TRACE request must not have a body (RFC 9110, section 9.3.8)")

    def __call__(
        self,
        path: str,
        *,
        unwrap: str | None = None,
        alternatives: Mapping[str, type[AlternativeReplyError]] | None = None,
        deprecated: bool = False,
        cacheable: bool = True,
        paging: Paging | None = None,
        events: EventStream | None = None,
        replies: Mapping[int, Any] | None = None,
        **words: Unpack[Words],
    ) -> Declaring:
        """Return a decorator that turns a stub into an endpoint.

        Args:
            path: The path below the client's endpoint; `{name}` stands for the argument of that name, as one segment,
                `{+name}` for one that may have slashes. A query in it, "items?kind=book", is sent with every call.
            unwrap: The key of the reply that holds the result, with dots to go into objects:
                "data.items".
            alternatives: Keys that may stand in its place, or without `unwrap` in the reply's object, each with the
                error that is raised for it; null counts as absent.
            deprecated: Whether the API has replaced the endpoint.
            cacheable: Whether a client with a cache may keep the reply.
            paging: How the API pages the list, for a stub that returns `Page[T]`.
            events: How the API streams events, for a stub that returns `Stream[T]`, unless as EventStream() says.
            replies: What each status means, `{200: Item, 202: Job, 304: None}`: a type is decoded, a value such as True
                is the result itself. The return type is their union. A named status is no error and is not retried.
            **words: What is said of every call: `timeout`, `retries`, `safe`, `idempotent`, `headers`, `accept`,
                `content_type`, `follow_redirects`, `errors`, `auth`; see Words. Checked when the class is made.
        """
        place, _, query = path.partition("?")
        spec = Spec(
            self.method,
            place if query else path,
            unwrap,
            dict(alternatives or {}),
            deprecated,
            paging=paging,
            cacheable=cacheable,
            events=events,
            query=query,
            has_body=self._has_body,
            replies=replies,
            words=words,
        )
        attend_decorators()
        return Declaring(spec)


class Declaring:
    """The decorator that a Verb returns; it turns a stub into an Endpoint."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def __call__(self, stub: Callable[Concatenate[Any, P], R], /) -> Endpoint[P, R]:
        """Return the endpoint of this stub."""
        return endpoint_of(self._spec, stub)


get: Verb = Verb("GET")
"""Declare an endpoint that is called with GET."""

head: Verb = Verb("HEAD")
"""Declare an endpoint that is called with HEAD."""

post: Verb = Verb("POST")
"""Declare an endpoint that is called with POST."""

put: Verb = Verb("PUT")
"""Declare an endpoint that is called with PUT."""

patch: Verb = Verb("PATCH")
"""Declare an endpoint that is called with PATCH."""

delete: Verb = Verb("DELETE")
"""Declare an endpoint that is called with DELETE."""
