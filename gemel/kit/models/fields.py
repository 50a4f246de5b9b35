"""The marshmallow fields that models need besides marshmallow's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

import marshmallow as ma
import msgspec

from gemel.kit.models.codec import Codec
from gemel.kit.models.decimals import Numeral, plain_numbers
from gemel.kit.models.fast import converter, read_moment
from gemel.kit.models.hints import Tag, taken_apart
from gemel.kit.models.pydantic_ import faults_in, read_by_pydantic
from gemel.kit.types import is_array, is_mapping, is_object

__all__ = [
    "Again",
    "Array",
    "Choice",
    "Coded",
    "Converted",
    "DecimalNumber",
    "ForeignRecord",
    "Key",
    "Member",
    "Moment",
    "Plain",
    "Scalars",
    "TagField",
    "UnionField",
    "Validated",
]

_MISSING = "Missing data for required field."

if TYPE_CHECKING:
    _Field: TypeAlias = ma.fields.Field[Any]
else:
    # Before marshmallow 4 a field takes no type argument at run time.
    _Field = ma.fields.Field


class Converted(_Field):
    """A value that msgspec converts: dates, UUIDs, bytes, records that are not models."""

    def __init__(self, hint: Any, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._convert = converter(hint)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return self._convert(plain_numbers(value))
        except msgspec.ValidationError as error:
            raise ma.ValidationError(self._said(error)) from None

    def _said(self, error: msgspec.ValidationError) -> str:
        text = str(error)
        return "Not one of the known values." if text.startswith(("Invalid enum", "Invalid value")) else text


class ForeignRecord(Converted):
    """A record that is no Model: what is in it is msgspec's to read, but for fields that hold Models.

    Args:
        hint: The record's class.
        fields: Gives those fields, by name in JSON or by position; asked on first use, since a record may nest itself.
    """

    def __init__(self, hint: Any, fields: Callable[[], Mapping[Any, Any]], **options: Any) -> None:
        super().__init__(hint, **options)
        self._fields = fields

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if not (is_object(value) or is_array(value)):
            return super()._deserialize(value, attr, data)
        made: Any = {**value} if is_object(value) else [*value]
        faults: dict[Any, Any] = {}
        for place, field in self._fields().items():
            if place in value if is_object(value) else place in range(len(value)):
                try:
                    made[place] = field.deserialize(value[place])
                except ma.ValidationError as error:
                    faults[place] = cast("Any", error).messages
        if faults:
            raise ma.ValidationError(faults)
        return super()._deserialize(made, attr, data)


class Validated(_Field):
    """A value that pydantic reads."""

    def __init__(self, hint: Any, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._hint = hint

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return read_by_pydantic(self._hint, plain_numbers(value))
        except ValueError as error:
            raise ma.ValidationError(faults_in(error)) from None


class Coded(_Field):
    """A value that a codec reads."""

    def __init__(self, codec: Codec, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._codec = codec

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return self._codec.read(plain_numbers(value))
        except ValueError:
            raise ma.ValidationError(self._codec.problem) from None


class Member(Converted):
    """A value of a Literal or an enum."""

    def __init__(self, hint: Any, choices: list[Any], **options: Any) -> None:
        super().__init__(hint, **options)
        self._choices = choices

    def _said(self, error: msgspec.ValidationError) -> str:
        return f"Must be one of: {', '.join(map(str, self._choices))}."


class Moment(_Field):
    """A point in time (RFC 3339), in UTC when it names no zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> datetime:
        try:
            return read_moment(value)
        except msgspec.ValidationError as error:
            raise ma.ValidationError(str(error)) from None


class DecimalNumber(Converted):
    """A decimal number, as text or as a JSON number with all its digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Decimal, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        return Decimal(value.text) if isinstance(value, Numeral) else super()._deserialize(value, attr, data)


class Plain(ma.fields.Raw):
    """Any JSON value."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        return plain_numbers(value)


class Key(_Field):
    """A key of a JSON object, converted from text to its type."""

    def __init__(self, hint: Any) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._convert = converter(dict[hint, None], str_keys=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return next(iter(self._convert({value: None})))
        except msgspec.ValidationError:
            raise ma.ValidationError("Not a valid key.") from None


class Array(_Field):
    """A JSON array, as a list, tuple, set or frozenset."""

    def __init__(self, make: Callable[[Any], Any], inner: ma.fields.Field[Any], **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._list: Any = ma.fields.List(inner)
        self._make = make

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        try:
            return self._make(self._list.deserialize(value))
        except TypeError:
            raise ma.ValidationError("Not a valid set.") from None


class TagField(_Field):
    """The tag that tells a model apart in a union; where the model stands alone, it may be missing."""

    def __init__(self, tag: Tag, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._tag = tag

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if type(value) is not type(self._tag) or value != self._tag:
            raise ma.ValidationError(f"Must be {self._tag}.")
        return value


class Choice(_Field):
    """One of several models, told apart by a field; a `rest` reads an object that is none of them."""

    def __init__(self, by_tag: Mapping[Tag, Any], field: str, rest: Any = None, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._field = field
        self._fields = by_tag
        self._rest = rest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if not is_object(value):
            raise ma.ValidationError("Not a valid object.")
        tag: Any = value.get(self._field)
        # Other JSON values may be unhashable, and True would be found as 1.
        if type(tag) in (str, int) and tag in self._fields:
            return self._fields[tag].deserialize(value)
        if self._rest is not None:
            return self._rest.deserialize(value)
        if self._field not in value:
            raise ma.ValidationError({self._field: [_MISSING]})
        got = f"{tag!r:.60}" if type(tag) in (str, int) else type(tag).__name__
        raise ma.ValidationError({self._field: [f"Must be one of: {', '.join(map(str, self._fields))}; got {got}."]})


class UnionField(_Field):
    """One of several types, told apart by the kind of the JSON value.

    A `rest` reads values of any other kind, and those that do not fit, unless a tag says what they are.
    """

    def __init__(self, by_kind: Mapping[str, Any], rest: Any = None, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._fields = by_kind
        self._rest = rest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        kind = "object" if is_mapping(value) else "array" if is_array(value) else "scalar"
        field: Any = self._fields.get("any") or self._fields.get(kind) or self._rest
        if field is None:
            raise ma.ValidationError("Not a valid value.")
        is_sure = isinstance(cast("object", field), Choice)
        try:
            return field.deserialize(value)
        except ma.ValidationError:
            if self._rest is None or is_sure:
                raise
            return self._rest.deserialize(value)


class Again(_Field):
    """A type that contains itself by way of an alias; its field is made on first use."""

    def __init__(self, make: Callable[[], Any], **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._made = make

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        return self._made().deserialize(value)


class Scalars(Converted):
    """One of several types that are not containers."""

    def __init__(self, members: list[Any]) -> None:
        super().__init__(Union[tuple(members)])  # noqa: UP007
        plain = {taken_apart(member).plain for member in members}
        self._exact_decimals = Decimal in plain and float not in plain
        self._moment: Any = Moment() if datetime in plain else None

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:
        if self._exact_decimals and isinstance(value, Numeral):
            return Decimal(value.text)
        try:
            return super()._deserialize(value, attr, data)
        except ma.ValidationError:
            if self._moment is None:
                raise
            return self._moment.deserialize(value)
