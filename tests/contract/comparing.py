"""Where a result differs from the JSON that it was read from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gemel.kit.models.model import Model


def differences(value: Any, document: Any, at: str = "") -> list[str]:
    """Where a result differs from the JSON it was read from; what the JSON lacks is not compared."""
    if isinstance(value, Model):
        pairs = [(one, document[name], name) for name, one in _fields(value) if name in document]
        return [line for one, other, name in pairs for line in differences(one, other, f"{at}.{name}")]
    if isinstance(value, list):
        lengths = [] if len(value) == len(document) else [f"{at}: {len(value)} items, not {len(document)}"]
        return lengths + [
            line for one, other in zip(value, document, strict=False) for line in differences(one, other, at)
        ]
    if isinstance(value, datetime):
        document = datetime.fromisoformat(document.replace("Z", "+00:00"))
    return [] if value == document else [f"{at}: {value!r} is not {document!r}"]


def _fields(record: Model) -> list[tuple[str, Any]]:
    """The fields of a record by their wire names."""
    names = zip(record.__struct_fields__, record.__struct_encode_fields__, strict=True)
    return [(wire, getattr(record, name)) for name, wire in names]
