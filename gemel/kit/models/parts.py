"""What a type hint is made of, down to the fields of the records in it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from gemel.kit.models.hints import is_alias, model_fields, model_of, opened, remembered, settled
from gemel.kit.models.pydantic_ import is_pydantic
from gemel.kit.models.records import is_record, record_fields

__all__ = ["holds_decimals", "parts"]


def parts(hint: Any, seen: set[Any] | None = None) -> Iterator[Any]:
    """Yield a hint, the marks and hints in it, and those of the fields of each record that is met, once."""
    yield from _parts(opened(hint), set() if seen is None else seen)


def _parts(hint: Any, seen: set[Any]) -> Iterator[Any]:
    yield hint
    if is_alias(hint) or (is_record(hint) and not is_pydantic(get_origin(hint) or hint)):
        if hint in seen:
            return
        seen.add(hint)
        for inner in (opened(hint),) if is_alias(hint) else _field_hints(hint):
            yield from _parts(inner, seen)
    for inner in () if get_origin(hint) is Literal else get_args(hint):
        yield from _parts(inner, seen)


def _field_hints(record: Any) -> Iterator[Any]:
    if model_of(record) is not None:
        yield from (settled(item.type) for item in model_fields(record))
    else:
        yield from (opened(item.hint) for item in record_fields(record))


@remembered
def holds_decimals(hint: Any) -> bool:
    """Say whether a value of this type may hold a Decimal: JSON numbers then keep every digit."""
    return any(part is Decimal for part in parts(hint))
