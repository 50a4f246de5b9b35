"""Model: a typed record and the marshmallow schema that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, cast

import msgspec
from msgspec import field
from typing_extensions import Self, TypeVar, dataclass_transform

from gemel.kit.models.extras import keep_extras, kept
from gemel.kit.models.hints import given_arguments
from gemel.kit.models.meta import ModelMeta
from gemel.kit.models.plain import as_builtin, by_name, given_back, plain_of
from gemel.kit.models.secrecy import holds_secrets, shown_fields
from gemel.kit.tracebacks import entry

if TYPE_CHECKING:
    import marshmallow as ma

    class _Record:
        """What type checkers see instead of msgspec.Struct, whose own dataclass_transform says "not frozen"."""

        __struct_fields__: ClassVar[tuple[str, ...]]
        __struct_encode_fields__: ClassVar[tuple[str, ...]]
else:
    _Record = msgspec.Struct


class _SchemaOfOwner:
    """A descriptor that makes the schema of a model on first use, so that marshmallow is imported only then."""

    def __get__(self, obj: object, owner: Any) -> Any:
        from gemel.kit.models.schema import schema_of

        return schema_of(owner)


__all__ = [
    "Model",
    "field",
]

_Alias: Any = cast(Any, Generic)[TypeVar("_T")].__class__


class _Filled(_Alias, _root=True):  # type: ignore[misc,call-arg]
    """A generic model with its type arguments, `Box[Item]`.

    An alias of typing passes `from_dict` on to the class, which then does not know the arguments.
    """

    def from_dict(self, data: Mapping[str, Any]) -> Any:
        from gemel.kit.models.schema import load

        return load(self, data)

    def from_json(self, text: str | bytes) -> Any:
        from gemel.kit.models.decode import from_json

        return from_json(self, text)

    @property
    def Schema(self) -> Any:
        from gemel.kit.models.schema import schema_of

        return schema_of(self)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(_Record, metaclass=ModelMeta):
    """A typed, frozen record of a JSON object: `class Secret(Model, case="camel")`.

    Fields without a default are required in a reply; unknown fields of a reply are dropped. Values are checked when a
    reply is read, not when a record is made in code. `note: str | None = ABSENT` reads as None when a reply leaves the
    field out, and `to_dict` then leaves it out too.
    A field annotated `Annotated[T, SECRET]` is masked in the repr. `field(name=..., default=...)` gives a field its own
    name on the wire, `field(default_factory=...)` a default that is made for each record.

    The class takes these arguments: `case`, "snake" for names on the wire as they are in Python or "camel"; `unknown`,
    "drop" for fields of a reply that the model does not declare or "keep" to hold them in `.extras`; `tag` and
    `tag_field`, the value and the name on the wire of the field that tells the model apart from others in a union.
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
            """The marshmallow schema derived from the fields, the contract of a valid reply; it may be subclassed."""

    else:
        Schema = _SchemaOfOwner()

        def __class_getitem__(cls, arguments: Any) -> Any:
            try:
                alias = super().__class_getitem__(arguments)
            except AttributeError:
                raise TypeError(f"{cls.__name__} takes no type arguments") from None
            return _Filled(cls, given_arguments(cls.__parameters__, alias.__args__))

    @property
    def extras(self) -> dict[str, Any]:
        """A copy of the reply's fields that the model does not declare; empty without `unknown="keep"`."""
        return dict(kept(self))

    @classmethod
    @entry
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a record from decoded JSON with names on the wire, checked as a reply is.

        Raises:
            marshmallow.ValidationError: The data does not fit; the error lists every fault by path.
        """
        from gemel.kit.models.schema import load

        return cast("Self", load(cls, data))

    @classmethod
    @entry
    def from_json(cls, text: str | bytes) -> Self:
        """Make a record from a JSON text, checked as a reply is.

        Raises:
            ValueError: The text is not JSON, or does not fit (then a marshmallow.ValidationError, as for from_dict).
        """
        from gemel.kit.models.decode import from_json

        return cast("Self", from_json(cls, text))

    def to_dict(self, *, by_alias: bool = True) -> dict[str, Any]:
        """Return the record as plain JSON: names on the wire, text for times, decimals and bytes, extras included.

        Fields that are OMIT are left out. Secret values are included.

        Args:
            by_alias: Whether fields have their names on the wire; False gives their names in Python.
        """
        return cast("dict[str, Any]", plain_of(self) if by_alias else by_name(self))

    def to_json(self) -> str:
        """Return the record as a JSON text; otherwise as to_dict. Secret values are included."""
        return msgspec.json.encode(given_back(self), enc_hook=as_builtin).decode()

    @entry
    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed, named as in Python; raises TypeError for an unknown one."""
        return cast("Self", keep_extras(msgspec.structs.replace(cast(Any, self), **changes), kept(self)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Say to pydantic how a record is read and written where it is a field of one of its models."""
        from gemel.kit.models.fast import described
        from gemel.kit.models.pydantic_ import core_schema_of
        from gemel.kit.models.schema import ValidationError, load

        return core_schema_of(
            source,
            read=lambda value: value if isinstance(value, cls) else load(source, value),
            write=plain_of,
            schema=lambda: described(source),
            hides=holds_secrets(source),
            refusal=lambda error: cast("Any", error).messages if isinstance(error, ValidationError) else None,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={text}' for name, text in shown_fields(self))})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, _Shown(text)) for name, text in shown_fields(self)]


class _Shown(str):
    """Text that rich shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
