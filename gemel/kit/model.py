"""Model: a typed record and the marshmallow schema that follows from it."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args, get_origin

import msgspec
from msgspec import field
from typing_extensions import dataclass_transform, get_type_hints

from gemel.kit.messages import MASK
from gemel.kit.types import OMIT, Secrecy, is_array, is_mapping

if TYPE_CHECKING:
    from marshmallow import Schema

    class _Record:
        """What checkers see in the place of msgspec.Struct, whose own transform says "not frozen"."""

        __struct_fields__: ClassVar[tuple[str, ...]]
        __struct_encode_fields__: ClassVar[tuple[str, ...]]
else:
    _Record = msgspec.Struct

__all__ = ["Model", "ModelMeta", "camel_case", "field", "is_secret", "secret_fields", "secret_values", "wire_case"]


def camel_case(name: str) -> str:
    """Turn snake_case into camelCase: "secret_path" is "secretPath" on the wire."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_CASES: dict[str, Callable[[str], str]] = {"snake": str, "camel": camel_case}


def wire_case(case: str) -> Callable[[str], str]:
    """Return the function that maps a Python name to the wire; raises KeyError for an unknown case."""
    return _CASES[case]


class ModelMeta(msgspec.StructMeta):
    """Makes records keyword-only and frozen, with wire names in the class's case."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        case: str = "snake",
        **options: Any,
    ) -> ModelMeta:
        """Make the record class; `case` is "snake" or "camel"."""
        settings: dict[str, Any] = {"kw_only": True, "frozen": True, "rename": wire_case(case), **options}
        return super().__new__(mcls, name, bases, namespace, **settings)

    @property
    def Schema(cls) -> type[Schema]:
        """The marshmallow schema that follows from the fields: the contract of a valid reply; may be subclassed."""
        from gemel.kit.schema import schema_of

        return schema_of(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(_Record, metaclass=ModelMeta):
    """A typed, frozen record of a JSON object: `class Secret(Model, case="camel")`.

    Fields without a default are required in a reply; unknown fields of a reply are dropped. Values are checked when a
    reply is read, not when a record is made in code.
    A field annotated `Annotated[T, SECRET]` is masked in the repr. `field(name=..., default=...)` gives a field a wire
    name of its own, `field(default_factory=...)` a default that is made anew.
    """

    if TYPE_CHECKING:

        def __init_subclass__(cls, *, case: str = "snake") -> None: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={text}' for name, text in self._shown())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, _Shown(text)) for name, text in self._shown()]

    def _shown(self) -> list[tuple[str, str]]:
        masked = secret_fields(type(self))
        return [
            (name, MASK if name in masked else repr(value))
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not OMIT
        ]


class _Shown(str):
    """Text that stands for itself in a rich repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@cache
def secret_fields(model: type[Model]) -> frozenset[str]:
    """Return the names of the fields marked SECRET."""
    hints = get_type_hints(model, include_extras=True)
    return frozenset(name for name in model.__struct_fields__ if is_secret(hints[name]))


def secret_values(value: Any) -> Iterator[str]:
    """Yield every text in SECRET fields of a Model, or of the Models in a list, tuple or dict."""
    if isinstance(value, Model):
        masked = secret_fields(type(value))
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name in masked and isinstance(inner, str):
                yield inner
            else:
                yield from secret_values(inner)
    elif is_mapping(value):
        yield from secret_values(list(value.values()))
    elif is_array(value):
        for inner in value:
            yield from secret_values(inner)


def is_secret(hint: Any) -> bool:
    """Whether a type hint carries the SECRET marker, itself or in a member of its union."""
    if isinstance(hint, Secrecy):
        return True
    return get_origin(hint) in (Annotated, Union, types.UnionType) and any(map(is_secret, get_args(hint)))
