"""What a client declares: its endpoints, its flows, and the fields of the records that its replies become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

import msgspec

from gemel.kit.calls.endpoint import Endpoint
from gemel.kit.calls.flows import Flowing
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Mount, Resource

from .description import Description, Schema, key

T = TypeVar("T")
Names = dict[type[Model], set[str]]


def endpoints(owner: Any) -> dict[str, Endpoint[Any, Any]]:
    """Every endpoint of a client or a class of resources by its path, nested ones too: "secrets.v3.list"."""
    return dict(_declared(owner, Endpoint))


def flows(owner: Any) -> dict[str, Flowing[..., Any]]:
    """Every flow, likewise."""
    return dict(_declared(owner, Flowing))


def _declared(owner: Any, kind: type[T], path: str = "") -> Iterator[tuple[str, T]]:
    for name in sorted(dir(owner)):
        value = getattr(owner, name, None)
        if isinstance(value, kind):
            yield path + name, value
        elif isinstance(value, Mount):
            inner: type[Resource[Any]] | None = value.resource_class()
            if inner is not None:
                yield from _declared(inner, kind, f"{path}{name}.")


def described_names(description: Description, found: Mapping[str, Endpoint[Any, Any]]) -> Names:
    """For every model the wire names that the description gives it, in all the replies where it stands."""
    names: Names = {}
    for endpoint in found.values():
        for schema in description.replies(key(endpoint)).values():
            for shape in map(description.resolved, schema.get("oneOf", [schema])):
                inner = shape["properties"].get(endpoint.spec.unwrap, {}) if endpoint.spec.unwrap else shape
                collect(description, endpoint.returns, inner, names)
    return names


def collect(description: Description, hint: Any, schema: Schema, names: Names) -> None:
    """Add what the schema names of the models in a type."""
    schema = description.resolved(schema)
    for one in schema.get("oneOf", ()):
        collect(description, hint, one, names)
    if isinstance(hint, type) and issubclass(hint, Model):
        known = schema.get("properties", {})
        names.setdefault(hint, set()).update(known)
        for each in msgspec.structs.fields(hint):
            collect(description, each.type, known.get(each.encode_name, {}), names)
    for argument in get_args(hint):
        collect(description, argument, schema.get("items", schema), names)


def undescribed_names(names: Names) -> dict[str, set[str]]:
    """By model, the wire names that the description does not know."""
    found: dict[str, set[str]] = {}
    for model, known in names.items():
        inherited = set[str]().union(*(names.get(base, set()) for base in model.__mro__[1:]))
        found[model.__name__] = set(model.__struct_encode_fields__) - known - inherited
    return {model: unknown for model, unknown in found.items() if unknown}
