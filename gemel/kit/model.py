"""Model: a typed record and the marshmallow schema that follows from it."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, cast, get_args, get_origin

import msgspec
from msgspec import field
from typing_extensions import Self, dataclass_transform, get_type_hints

from gemel.kit.extras import (
    KEEPING,
    by_name,
    given_back,
    keep_extras,
    keeping,
    keeps_unknown,
    kept,
    none_for_absent,
    plain_of,
)
from gemel.kit.messages import MASK
from gemel.kit.types import ABSENT, OMIT, Secrecy, is_array, is_mapping

if TYPE_CHECKING:
    import marshmallow as ma

    class _Record:
        """What checkers see in the place of msgspec.Struct, whose own transform says "not frozen"."""

        __struct_fields__: ClassVar[tuple[str, ...]]
        __struct_encode_fields__: ClassVar[tuple[str, ...]]
else:
    _Record = msgspec.Struct

__all__ = [
    "Model",
    "ModelMeta",
    "camel_case",
    "field",
    "is_secret",
    "secret_fields",
    "secret_values",
    "texts_in",
    "wire_case",
]


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
        unknown: str | None = None,
        **options: Any,
    ) -> ModelMeta:
        """Make the record class; `case` is "snake" or "camel", `unknown` is "drop", "keep", or None: as inherited."""
        settings: dict[str, Any] = {"kw_only": True, "frozen": True, "rename": wire_case(case), **options}
        if unknown not in (None, "drop", "keep"):
            raise TypeError(f'{name}: unknown must be "drop" or "keep", got {unknown!r}')
        if unknown is not None:
            settings["forbid_unknown_fields"] = unknown == "keep"
        if unknown == "keep":
            settings["dict"] = True
            namespace = {**KEEPING, **namespace}
        absent = [field for field, default in namespace.items() if default is ABSENT]
        made = super().__new__(mcls, name, bases, {**namespace, **dict.fromkeys(absent, OMIT)}, **settings)
        for field_name in absent:
            setattr(made, field_name, none_for_absent(made, field_name))
        if keeps_unknown(made):
            keeping(made)
        if keeps_unknown(made) and "extras" in made.__struct_fields__:
            raise TypeError(f'{name}: the field "extras" hides .extras; name it otherwise: field(name="extras")')
        return made

    if not TYPE_CHECKING:

        @property
        def Schema(cls) -> type[ma.Schema]:
            from gemel.kit.schema import schema_of

            return schema_of(cls)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(_Record, metaclass=ModelMeta):
    """A typed, frozen record of a JSON object: `class Secret(Model, case="camel")`.

    Fields without a default are required in a reply; unknown fields of a reply are dropped. Values are checked when a
    reply is read, not when a record is made in code. `note: str | None = ABSENT` reads as None when a reply leaves the
    field out, and `to_dict` then leaves it out too.
    A field annotated `Annotated[T, SECRET]` is masked in the repr. `field(name=..., default=...)` gives a field a wire
    name of its own, `field(default_factory=...)` a default that is made anew.

    case: how field names become wire names, "snake" (as they are) or "camel".
    unknown: "drop" the fields of a reply that the model does not declare, or "keep" them in `.extras`.
    tag, tag_field: the value and the wire name of the field that tells the model apart from others in a union.
    """

    if TYPE_CHECKING:

        def __init_subclass__(
            cls,
            *,
            case: str = "snake",
            unknown: Literal["drop", "keep"] = "drop",
            tag: str | int | None = None,
            tag_field: str | None = None,
        ) -> None: ...

        class Schema(ma.Schema):
            """The marshmallow schema that follows from the fields: the contract of a valid reply; may be subclassed."""

    @property
    def extras(self) -> dict[str, Any]:
        """A copy of the fields of the reply that the model does not declare; empty without `unknown="keep"`."""
        return dict(kept(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the record of decoded JSON, by wire names, as a reply is read.

        Raises marshmallow.ValidationError with every fault by path.
        """
        from gemel.kit.schema import load

        return cast("Self", load(cls, data))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the record of a JSON text, as a reply is read.

        Raises ValueError for what is not JSON, and marshmallow.ValidationError as from_dict.
        """
        from gemel.kit.decode import from_json

        return cast("Self", from_json(cls, text))

    def to_dict(self, *, by_alias: bool = True) -> dict[str, Any]:
        """Return the record as JSON would hold it: wire names, text for times, decimals and bytes; extras given back.

        by_alias: False gives the fields their Python names.   What is OMIT is left out. Secret values are in it.
        """
        return cast("dict[str, Any]", plain_of(self) if by_alias else by_name(self))

    def to_json(self) -> str:
        """Return the record as a JSON text, as to_dict. Secret values are in it."""
        return msgspec.json.encode(given_back(self)).decode()

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed, by Python name; raises TypeError for one that there is not."""
        return cast("Self", keep_extras(msgspec.structs.replace(cast(Any, self), **changes), kept(self)))

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
        ] + ([("extras", repr(dict.fromkeys(extras, _Shown(MASK))))] if (extras := kept(self)) else [])


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
        yield from texts_in(kept(value))  # what a model does not declare may be secret
    elif is_mapping(value):
        yield from secret_values(list(value.values()))
    elif is_array(value):
        for inner in value:
            yield from secret_values(inner)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif is_mapping(value) or is_array(value):
        for inner in value.values() if is_mapping(value) else value:
            yield from texts_in(inner)


def is_secret(hint: Any) -> bool:
    """Whether a type hint carries the SECRET marker, itself or in a member of its union."""
    if isinstance(hint, Secrecy):
        return True
    return get_origin(hint) in (Annotated, Union, types.UnionType) and any(map(is_secret, get_args(hint)))
