"""Resource: a class of endpoints of one noun; nested resources are annotations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeGuard, TypeVar, get_origin, runtime_checkable

from typing_extensions import dataclass_transform, get_type_hints

from gemel.kit.annotations import annotations_of, name_types_only, names_of_types
from gemel.kit.errors import DeclarationError
from gemel.kit.models.hints import filled, type_arguments
from gemel.kit.models.meta import snake_case, wire_case
from gemel.kit.policies.caller import Caller
from gemel.kit.types import M

__all__ = [
    "Declared",
    "Mount",
    "Mounting",
    "Resource",
    "caller_of",
    "class_checks",
    "extensible",
    "local_names",
    "wire_name_of",
]

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def extensible(cls: type[T]) -> type[T]:
    """Let a subclass narrow the type of a resource, `secrets: MySecrets[Sync]`; the class needs an own `__init__`.

    Checkers then treat the annotated resources as read-only, which makes the narrower type sound.
    """
    return cls


def local_names(qualname: str) -> dict[str, Any]:
    """Return the names of the function in which this class or stub is being made, so that annotations may use them."""
    outer, found, _ = qualname.rpartition(".<locals>.")
    frame = sys._getframe(1) if found else None  # pyright: ignore[reportPrivateUsage]
    while frame is not None and frame.f_code.co_name != outer.rpartition(".")[2]:
        frame = frame.f_back
    return dict(frame.f_locals) if frame is not None else {}


@runtime_checkable
class Declared(Protocol):
    """A class attribute that is checked when its Resource class is made."""

    def declared(self, owner: type[Resource[Any]], name: str) -> None:
        """Check the declaration; raises DeclarationError."""
        ...


class Mounting:
    """A class whose annotations `name: SomeResource[M]` become resources, made on first use."""

    _caller: Caller

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for check in class_checks:
            check(cls)
        scope = local_names(cls.__qualname__)
        name_types_only(cls)
        for name, annotation in annotations_of(cls).items():
            if not name.startswith("_") and name not in cls.__dict__:
                setattr(cls, name, Mount(cls, name, annotation, scope))


class_checks: list[Callable[[type[Mounting]], None]] = []
"""What each class of resources is shown to when it is made: a room above this one puts there what it looks for."""


def caller_of(owner: Any) -> Caller:
    """Return the way to the server of a client, a resource or a call; a Caller is returned as it is."""
    found: Caller = owner if isinstance(owner, Caller) else owner._caller
    return found


def wire_name_of(owner: type[Resource[Any]]) -> Callable[[str], str]:
    """Return how a resource class maps the names of arguments to the wire."""
    return owner._wire_name  # pyright: ignore[reportPrivateUsage]


class Resource(Mounting, Generic[M]):
    """Endpoints of one noun, declared once for both modes: `class Secrets(Resource[M], case="camel")`.

    Attributes:
        case: How argument names become wire names, "snake" (as they are) or "camel".
    """

    _wire_name: Callable[[str], str] = staticmethod(snake_case)

    def __init__(self, client: Mounting | Caller) -> None:
        self._caller = caller_of(client)

    def __init_subclass__(cls, *, case: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if case is not None:
            cls._wire_name = staticmethod(_wire_case(cls, case))
        for name, value in list(vars(cls).items()):
            if isinstance(value, Declared):
                value.declared(cls, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._caller.base}>"


class Mount:
    """The place of a nested resource; makes it on first use and steps aside."""

    def __init__(self, owner: type, name: str, annotation: Any, scope: dict[str, Any]) -> None:
        self._owner = owner
        self._name = name
        self._annotation = annotation
        self._scope = scope

    def __get__(self, instance: Mounting | None, owner: type) -> Any:
        if instance is None:
            return self
        hint = self.resource_in(getattr(instance, "__orig_class__", owner))
        if hint is None:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self._name!r}")
        made = instance.__dict__[self._name] = (get_origin(hint) or hint)(instance)
        made.__orig_class__ = hint  # as typing has it for `Albums[Sync](client)`
        return made

    def resource_in(self, owner: Any) -> Any:
        """Return the Resource class that the annotation names, with its type arguments; None for something else.

        Args:
            owner: The class that has it, or one with type arguments; what it fills in is filled in here too.
        """
        hint = filled(self._resolved(), type_arguments(owner, self._owner))
        return hint if _is_resource(get_origin(hint) or hint) else None

    def resource_class(self) -> type[Resource[Any]] | None:
        """Return the Resource class that the annotation names, None when it names something else."""
        hint = self.resource_in(self._owner)
        return None if hint is None else get_origin(hint) or hint

    def _resolved(self) -> Any:
        def holder() -> None: ...

        holder.__annotations__ = {self._name: self._annotation}
        names = vars(sys.modules[self._owner.__module__])
        try:
            return get_type_hints(holder, names, {**names_of_types(self._owner), **self._scope})[self._name]
        except NameError as error:
            raise DeclarationError(f"{self._owner.__name__}.{self._name}: {error}; import it at run time") from None


def _is_resource(value: Any) -> TypeGuard[type[Resource[Any]]]:
    return isinstance(value, type) and issubclass(value, Resource)


def _wire_case(cls: type, case: str) -> Callable[[str], str]:
    try:
        return wire_case(case)
    except KeyError:
        raise DeclarationError(f'{cls.__name__}: case must be "snake" or "camel", got {case!r}') from None
