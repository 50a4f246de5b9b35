"""Reply: a result with the status and headers it came with; a subclass names the header fields that it types."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, ClassVar, Generic, TypeGuard, Union, cast, get_args, get_origin

from msgspec.structs import replace
from typing_extensions import TypeVar, get_type_hints

from gemel.kit.annotations import annotations_of, names_of_types
from gemel.kit.errors import DeclarationError
from gemel.kit.http.messages import Headers, Response
from gemel.kit.models.hints import type_arguments
from gemel.kit.stubs.resource import local_names
from gemel.kit.stubs.roles import Header, as_role

__all__ = ["Reply", "header_hints", "is_reply", "result_type", "value_type"]

R_co = TypeVar("R_co", covariant=True)


class Reply(Generic[R_co]):
    """A result with the reply that it was read from: what `.raw()` gives, and what a stub with `-> Reply[T]` returns.

    A subclass has header fields as attributes:

        class Created(Reply[Item]):
            location: Annotated[str, Header("Location")]
            total: Annotated[int | None, Header("X-Total")]

    Attributes:
        status: The status code.
        headers: The header fields, as they came.
        body: The bytes, content coding removed.
        url: The address that answered.
        attempts: How often the request was sent.
        cache: What part the cache had in it, as `Response.cache` says.
    """

    _scope: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._scope = local_names(cls.__qualname__)

    def __init__(self, response: Response, value: R_co) -> None:
        self.status: int = response.status
        self.headers: Headers = response.headers
        self.body: bytes = response.body
        self.url: str = response.url
        self.attempts: int = response.attempts
        self.cache: str = response.cache
        self._value = value

    @property
    def value(self) -> R_co:
        """The decoded result."""
        return self._value

    @property
    def stale(self) -> bool:
        """Whether this is an older reply from the cache, in place of one from a server that is down."""
        return self.cache == "stale"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}, {len(self.body)} bytes>"


def is_reply(hint: Any) -> TypeGuard[type[Reply[Any]]]:
    """Say whether a hint is Reply, a class derived from it, or one of them with its type arguments."""
    found: Any = get_origin(hint) or hint
    return isinstance(found, type) and issubclass(cast("type[Any]", found), Reply)


def value_type(hint: Any, label: str) -> Any:
    """Return the type of the result in a Reply[T] or a subclass; raises DeclarationError where none is named."""
    arguments = list(type_arguments(hint, Reply).values())
    if not arguments:
        raise DeclarationError(f"{label}(): write Reply[T], the type of the result in brackets")
    return arguments[0]


def result_type(hint: Any, label: str) -> Any:
    """Return a return type with the result in the place of each Reply; raises DeclarationError."""
    if is_reply(hint):
        return value_type(hint, label)
    if get_origin(hint) in (Union, UnionType) and any(map(is_reply, get_args(hint))):
        return Union[tuple(result_type(member, label) for member in get_args(hint))]  # noqa: UP007
    return hint


def header_hints(kind: type[Reply[Any]], label: str) -> dict[str, tuple[Header, Any]]:
    """Return the header fields that a subclass of Reply types, with the type of each, by attribute.

    Args:
        kind: The class.
        label: The name of the endpoint for messages.

    Raises:
        DeclarationError: An annotation is no header field, or names what is not there.
    """
    found: dict[str, tuple[Header, Any]] = {}
    bases: list[type[Any]] = [base for base in kind.__mro__ if is_reply(base) and base is not Reply]
    for base in reversed(bases):
        try:
            hints = get_type_hints(base, localns={**names_of_types(base), **base._scope}, include_extras=True)  # pyright: ignore[reportPrivateUsage]
        except NameError as error:
            raise DeclarationError(f"{label}(): {base.__name__}: {error}; import it at run time") from None
        for name in annotations_of(base):
            roles = [role for mark in get_args(hints[name])[1:] if (role := as_role(mark)) is not None]
            if len(roles) != 1 or not isinstance(roles[0], Header):
                problem = 'say its header field: Annotated[str, Header("Location")]'
                raise DeclarationError(f"{label}(): {base.__name__}.{name}: {problem}")
            found[name] = replace(roles[0], name=roles[0].name or name.replace("_", "-")), hints[name]
    return found
