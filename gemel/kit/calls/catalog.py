"""The catalogue of a client: every endpoint it declares, found without calling any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast, get_origin

from msgspec import Struct

from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.stubs.resource import Mount, Mounting

__all__ = ["EndpointInfo", "catalog", "declarations"]

_ADDRESS = re.compile(r"https?://[^\s<>]+")


class EndpointInfo(Struct, frozen=True):
    """One declared endpoint.

    Attributes:
        resource: Where it is on the client ("secrets.v3").
        name: Of the method.
        method: The verb.
        path: The template.
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
    """Yield every endpoint of a client's or resource's class and of the resources in it, in the order declared."""
    for name, value in _members(owner).items():
        if isinstance(value, Endpoint):
            yield _info(cast("Endpoint[..., Any]", value), owner, prefix)
        elif isinstance(value, Mount) and (resource := value.resource_class()) is not None:
            yield from catalog(resource, f"{prefix}.{name}" if prefix else name)


def declarations(owner: Any) -> Iterator[Endpoint[..., Any]]:
    """Yield the same endpoints themselves, with the types that the client or resource fills in."""
    for value in _members(get_origin(owner) or owner).values():
        if isinstance(value, Endpoint):
            yield cast("Endpoint[..., Any]", value).of(owner)
        elif isinstance(value, Mount) and (resource := value.resource_in(owner)) is not None:
            yield from declarations(resource)


def _members(owner: type) -> dict[str, Any]:
    return {name: value for base in reversed(owner.__mro__) for name, value in vars(base).items()}


def _info(endpoint: Endpoint[..., Any], owner: type, resource: str) -> EndpointInfo:
    spec = endpoint.spec
    texts = [endpoint.__doc__, *(base.__doc__ for base in owner.__mro__)]
    found = _ADDRESS.search("\n".join(text or "" for text in texts))
    return EndpointInfo(
        resource, endpoint.name, spec.method, spec.path, spec.deprecated, found[0] if found is not None else ""
    )
