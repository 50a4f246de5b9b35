"""Encodes values as JSON bytes, checked before they are sent."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from gemel.kit.http.encoding import Refused, rfc3339, wire_text
from gemel.kit.models.coding import as_written
from gemel.kit.models.fast import converter
from gemel.kit.models.hints import loosest
from gemel.kit.models.plain import as_builtin, builtins_of
from gemel.kit.models.pydantic_ import dumped, is_pydantic
from gemel.kit.types import OMIT, SCALARS, is_array, is_mapping

__all__ = [
    "json_bytes",
    "plain_values",
]


def json_bytes(value: Any) -> bytes:
    """Encode a value as JSON; raises Refused for one that JSON cannot hold."""
    try:
        return _ENCODER.encode(_in_utc(builtins_of(_sendable(value), kept_types=(datetime,))))
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise Refused(f"it cannot be sent as JSON: {error}") from None


def plain_values(value: Any) -> Any:
    """Return a value as JSON would hold it, but points in time, days, decimals and UUIDs as they are; raises Refused.

    For a query or a form, which have a text form of their own for these.
    """
    try:
        return builtins_of(_sendable(value), kept_types=(datetime, date, Decimal, UUID))
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise Refused(f"it cannot be sent: {error}") from None


def _sendable(value: Any) -> Any:
    """Return a value as its codecs write it, checked, and without what msgspec does not know."""
    try:
        value = as_written(value)
    except ValueError as error:
        raise Refused(str(error)) from None
    _checked(value)
    return _without_dataclasses(value) if "pydantic.dataclasses" in sys.modules else value


_ENCODER = msgspec.json.Encoder()


def _check_fields(record: msgspec.Struct) -> None:
    """Refuse a record whose fields have other types than declared, since msgspec does not check when one is made."""
    try:
        converter(loosest(type(record)))(msgspec.to_builtins(record, enc_hook=as_builtin))
    except msgspec.ValidationError as error:
        raise Refused(str(error)) from None


def _checked(value: Any) -> None:
    """Refuse values that would be sent changed or wrong: NaN as null, a datetime without a zone, a wrong type."""
    if type(value) in SCALARS:
        return
    if value is OMIT:
        raise Refused("OMIT has no place inside a dict or list: leave the key out")
    if is_mapping(value):
        for item in value.values():
            _checked(item)
    elif is_array(value):
        for item in value:
            _checked(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if (inner := getattr(value, name)) is not OMIT:
                _checked(inner)
        _check_fields(value)
    elif isinstance(value, float | datetime | Decimal):
        wire_text(value)
    elif is_pydantic(type(value)):
        _checked(dumped(value))


def _without_dataclasses(value: Any) -> Any:
    """Return a value with pydantic's dataclasses as pydantic writes them; msgspec would, by the names of fields."""
    if is_mapping(value):
        return {name: _without_dataclasses(item) for name, item in value.items()}
    if is_array(value) and not hasattr(value, "_fields"):
        return [_without_dataclasses(item) for item in value]
    return dumped(value) if is_pydantic(type(value)) else value


def _in_utc(value: Any) -> Any:
    """Return plain values with every datetime as text in UTC; msgspec would keep its zone."""
    if type(value) in SCALARS:
        return value
    if is_mapping(value):
        return {name: _in_utc(item) for name, item in value.items()}
    if is_array(value):
        return [_in_utc(item) for item in value]
    return rfc3339(value) if isinstance(value, datetime) else value
