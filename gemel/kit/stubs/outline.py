"""What the class of a client shows of its resources: functions with the signatures that its clients have.

`unittest.mock.create_autospec(SomeClient)` and editors' consoles look at classes. A resource is there only when there
is a client, so its place on the class answers for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, Protocol, cast, get_origin, runtime_checkable

from gemel.kit.annotations import signature_of

__all__ = ["Outlined", "attribute_of", "call_signature", "names_of", "outline"]


@runtime_checkable
class Outlined(Protocol):
    """A class attribute that is a call on an instance."""

    def outlined(self, owner: Any, *, is_async: bool) -> Callable[..., Any]:
        """Return a function that has the signature of the call.

        Args:
            owner: The resource class, or one with type arguments.
            is_async: Whether its client is an async one.
        """
        ...


def outline(stub: Callable[..., Any], label: str, call: type[Any]) -> Callable[..., Any]:
    """Return a function that looks like a call: its signature, whether it is awaited, and what else a call has.

    Args:
        stub: What was declared.
        label: What errors call it.
        call: The class of the calls that are made of it.
    """

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        raise _not_bound(label)

    def blocking(*args: Any, **kwargs: Any) -> Any:
        raise _not_bound(label)

    made: Any = awaited if inspect.iscoroutinefunction(call.__call__) else blocking
    made.__name__, made.__qualname__, made.__doc__ = label.rpartition(".")[2], label, stub.__doc__
    made.__signature__ = call_signature(stub)
    for name in dir(call):
        if not name.startswith("_"):
            setattr(made, name, getattr(call, name))
    return cast("Callable[..., Any]", made)


def call_signature(stub: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a stub as a call has it, without `self`."""
    signature = signature_of(stub)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _not_bound(label: str) -> TypeError:
    return TypeError(f"{label} was called on a class: make a client, and call it there")


def names_of(resource: Any) -> Iterator[str]:
    """Return the names that a resource has, those of its class and of what it is derived from."""
    yield from dir(get_origin(resource) or resource)


def attribute_of(resource: Any, name: str, *, is_async: bool, place: object) -> Any:
    """Return what an attribute of a resource looks like; raises AttributeError where there is none.

    Args:
        resource: The class, or one with type arguments.
        name: Of the attribute.
        is_async: Whether its client is an async one.
        place: What stands for the resource itself.
    """
    found: Any = get_origin(resource) or resource
    value = inspect.getattr_static(found, name)
    if isinstance(value, Outlined):
        return value.outlined(resource, is_async=is_async)
    if inspect.isfunction(value):
        return MethodType(value, place)
    seen = getattr(value, "seen_from", None)
    return getattr(found, name) if seen is None else seen(resource)
