"""What an SDK author writes with: the verbs, the roles of arguments, Resource.

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

from typing_extensions import ParamSpec, TypeVar

from gemel.kit.endpoint import Endpoint, Spec
from gemel.kit.errors import AlternativeReplyError
from gemel.kit.plan import Body, Field, Header, Query

__all__ = ["Body", "Field", "Header", "Query", "Verb", "delete", "get", "head", "patch", "post", "put"]

P = ParamSpec("P")
R = TypeVar("R")


class Verb:
    """A decorator for one HTTP verb: `@get("api/albums/{album_id}")`."""

    def __init__(self, method: str) -> None:
        self.method = method

    def __call__(
        self,
        path: str,
        *,
        unwrap: str | None = None,
        otherwise: Mapping[str, type[AlternativeReplyError]] | None = None,
        authenticated: bool = True,
        deprecated: bool = False,
    ) -> Declaration:
        """Return the decorator of a stub.

        path: relative to the client's endpoint; `{name}` is the path argument of that name.
        unwrap: the key of the reply's envelope that holds the result.
        otherwise: keys that may stand in its place, and the errors they mean.
        authenticated: whether credentials are sent.   deprecated: whether the API has replaced it.
        """
        return Declaration(Spec(self.method, path, unwrap, dict(otherwise or {}), authenticated, deprecated))


class Declaration:
    """Turns a stub into an Endpoint."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def __call__(self, stub: Callable[Concatenate[Any, P], R], /) -> Endpoint[P, R]:
        """Return the endpoint of this stub."""
        return Endpoint(self._spec, stub)


get: Verb = Verb("GET")
head: Verb = Verb("HEAD")
post: Verb = Verb("POST")
put: Verb = Verb("PUT")
patch: Verb = Verb("PATCH")
delete: Verb = Verb("DELETE")
