"""The catalogue of a client: every endpoint that it declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast, get_origin

from msgspec import Struct

from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.stubs.resource import Mount, Mounting, path_on

__all__ = ["EndpointInfo", "catalog", "declarations"]

_ADDRESS = re.compile(r"https?://[^\s<>]+")


class EndpointInfo(Struct, frozen=True):
    """One declared endpoint.

    Attributes:
        resource: The way to its resource from the client, such as "secrets.v3".
        name: The name of the method.
        method: The HTTP verb.
        path: The template of the path.
        deprecated: Whether the API has replaced it.
        documentation: The address in the docstring of the method, else of its class or a base; "" when there is
            none.
    """

    resource: str
    name: str
    method: str
    path: str
    deprecated: bool
    documentation: str


def catalog(owner: type[Mounting], prefix: str = "") -> Iterator[EndpointInfo]:
    """Yield every endpoint of a client or resource class and of its resources, in the order they are declared."""
    for name, value in _members(owner).items():
        if isinstance(value, Endpoint):
            yield _info(cast("Endpoint[..., Any]", value), owner, prefix)
        elif isinstance(value, Mount) and (resource := value.resource_class()) is not None:
            yield from catalog(resource, f"{prefix}.{name}" if prefix else name)


def declarations(owner: Any) -> Iterator[Endpoint[..., Any]]:
    """Yield every Endpoint of a class and of its resources, type variables filled in as the class does."""
    for value in _members(get_origin(owner) or owner).values():
        if isinstance(value, Endpoint):
            yield cast("Endpoint[..., Any]", value).of(owner)
        elif isinstance(value, Mount) and (resource := value.resource_in(owner)) is not None:
            yield from declarations(resource)


def _members(owner: type) -> dict[str, Any]:
    return {name: value for base in reversed(owner.__mro__) for name, value in vars(base).items()}


def _info(endpoint: Endpoint[..., Any], owner: type, resource: str) -> EndpointInfo:
    spec = endpoint.spec
    path = path_on(owner, spec.path)
    texts = [endpoint.__doc__, *(base.__doc__ for base in owner.__mro__)]
    found = _ADDRESS.search("\n".join(text or "" for text in texts))
    return EndpointInfo(
        resource, endpoint.name, spec.method, path, spec.deprecated, found[0] if found is not None else ""
    )
