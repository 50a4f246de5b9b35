"""Resource: a class of the endpoints of one noun; nested resources are annotations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeGuard, TypeVar, get_origin, runtime_checkable

from typing_extensions import Self, Unpack, dataclass_transform, get_type_hints

from gemel.kit.annotations import annotations_of, name_types_only, names_of_types
from gemel.kit.errors import DeclarationError
from gemel.kit.models.hints import filled, type_arguments
from gemel.kit.models.meta import snake_case, wire_case
from gemel.kit.policies.caller import Caller
from gemel.kit.stubs.outline import attribute_of, names_of
from gemel.kit.stubs.words import NOTHING_SAID, EndpointSettings, Words, checked_prefix, settings_of
from gemel.kit.types import Async, M

__all__ = [
    "Declared",
    "Mount",
    "Mounting",
    "Resource",
    "caller_of",
    "cannot_be_pickled",
    "class_checks",
    "extensible",
    "local_names",
    "path_on",
    "settings_on",
    "wire_name_of",
]

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def extensible(cls: type[T]) -> type[T]:
    """Let a subclass narrow the type of a resource, `secrets: MySecrets[Sync]`; the class needs its own `__init__`.

    Checkers then treat the annotated resources as read-only, which makes the narrower type sound.
    """
    return cls


def local_names(qualname: str) -> dict[str, Any]:
    """Return the local names of the function in which a class or stub is being made, for its annotations."""
    outer, found, _ = qualname.rpartition(".<locals>.")
    # typing.get_type_hints sees globals only, so a class made inside a function (in a test, mostly) needs that frame.
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

    def __copy__(self) -> Self:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __reduce__(self) -> Any:
        raise cannot_be_pickled(self)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for check in class_checks:
            check(cls)
        scope = local_names(cls.__qualname__)
        name_types_only(cls)
        for name, annotation in annotations_of(cls).items():
            if not name.startswith("_") and name not in cls.__dict__:
                setattr(cls, name, Mount(cls, name, annotation, scope))


def cannot_be_pickled(value: object) -> TypeError:
    """Return the error for a client, or what is part of one, that is to be pickled or copied with all it holds."""
    return TypeError(
        f"{type(value).__name__} cannot be pickled or deep-copied: a client holds open connections, locks and "
        "credentials; make one in each process from its settings, and share it by its threads and tasks"
    )


class_checks: list[Callable[[type[Mounting]], None]] = []
"""Functions that are called with each class of resources when it is made; rooms above this one add theirs."""


def caller_of(owner: Any) -> Caller:
    """Return the Caller of a client, a resource or a call; a Caller is returned as it is."""
    found: Caller = owner if isinstance(owner, Caller) else owner._caller
    return found


def wire_name_of(owner: type[Resource[Any]]) -> Callable[[str], str]:
    """Return the function by which a resource class turns names of arguments into those on the wire."""
    return owner._wire_name  # pyright: ignore[reportPrivateUsage]


def settings_on(owner: type[Resource[Any]]) -> EndpointSettings:
    """Return what a resource class says of all its endpoints."""
    return owner._settings  # pyright: ignore[reportPrivateUsage]


def path_on(owner: type[Resource[Any]], path: str) -> str:
    """Return the path of an endpoint with the prefix of a resource class; one that begins with `/` takes none."""
    return path if path.startswith("/") else owner._prefix + path  # pyright: ignore[reportPrivateUsage]


class Resource(Mounting, Generic[M]):
    """The endpoints of one noun, declared once for both modes: `class Secrets(Resource[M], case="camel")`.

    The class argument `case` says how names of arguments become names on the wire: "snake" leaves them as they are,
    "camel" turns `project_id` into "projectId". `prefix="api/v4/"` is what every path begins with. The other class
    arguments are Words, which count for every endpoint that does not say the same word itself. Derived classes inherit
    them, nested resources do not.

    Args:
        client: A client, or another resource, whose connections and credentials the calls use.
    """

    _wire_name: Callable[[str], str] = staticmethod(snake_case)
    _prefix: str = ""
    _settings: EndpointSettings = NOTHING_SAID

    def __init__(self, client: Mounting | Caller) -> None:
        self._caller = caller_of(client)

    def __init_subclass__(cls, *, case: str | None = None, prefix: str | None = None, **words: Unpack[Words]) -> None:
        said = {name: value for name, value in words.items() if name in Words.__annotations__}
        super().__init_subclass__(**{name: value for name, value in words.items() if name not in said})
        if case is not None:
            cls._wire_name = staticmethod(_wire_case(cls, case))
        if prefix is not None:
            cls._prefix = checked_prefix(prefix, cls.__name__)
        if said:
            cls._settings = settings_of(said, cls.__name__).over(cls._settings)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Declared):
                value.declared(cls, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._caller.base}>"


class Mount:
    """A descriptor that makes a nested resource on first use and stores it on the instance."""

    def __init__(self, owner: type, name: str, annotation: Any, scope: dict[str, Any]) -> None:
        self._owner = owner
        self._name = name
        self._annotation = annotation
        self._scope = scope

    def __get__(self, instance: Mounting | None, owner: type) -> Any:
        if instance is None:
            return self.seen_from(owner)
        hint = self.resource_in(getattr(instance, "__orig_class__", owner))
        if hint is None:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self._name!r}")
        # Without a __set__ the descriptor is a non-data one: the next access finds the instance's own attribute first.
        made = instance.__dict__[self._name] = (get_origin(hint) or hint)(instance)
        made.__orig_class__ = hint  # as typing has it for `Albums[Sync](client)`
        return made

    def resource_in(self, owner: Any) -> Any:
        """Return the Resource class that the annotation names, with its type arguments; None for something else.

        Args:
            owner: The class that has the annotation, or a generic alias of it, whose type arguments are filled in.
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

    def seen_from(self, owner: Any) -> Mount:
        """Return the place as a class shows it: with what the resource has there, where it is one."""
        return _Shown(self, owner)


class _Shown(Mount):
    """The place of a nested resource on a class, which answers for the resource."""

    def __init__(self, mount: Mount, owner: Any) -> None:
        self.__dict__.update(vars(mount))
        self._seen_from = owner

    def _resource(self) -> tuple[Any, bool]:
        """Return the resource class with its type arguments, None for something else, and whether it is awaited."""
        hint = self.resource_in(self._seen_from)
        return hint, hint is not None and type_arguments(hint, Resource).get(M) is Async

    def __dir__(self) -> list[str]:
        hint, _ = self._resource()
        return list(super().__dir__()) if hint is None else sorted(names_of(hint))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        hint, is_async = self._resource()
        if hint is None:
            raise AttributeError(f"{self._owner.__name__}.{self._name} has no {name!r}")
        return attribute_of(hint, name, is_async=is_async, place=self)


def _is_resource(value: Any) -> TypeGuard[type[Resource[Any]]]:
    return isinstance(value, type) and issubclass(value, Resource)


def _wire_case(cls: type, case: str) -> Callable[[str], str]:
    try:
        return wire_case(case)
    except KeyError:
        raise DeclarationError(f'{cls.__name__}: case must be "snake" or "camel", got {case!r}') from None
