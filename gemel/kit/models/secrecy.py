"""Which fields and values are secret: what SECRET marks, and what a record keeps undeclared."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Union, cast, get_args, get_origin

from typing_extensions import get_type_hints

from gemel.kit.models.extras import kept
from gemel.kit.models.meta import ModelMeta
from gemel.kit.types import Secrecy, is_array, is_mapping

__all__ = [
    "is_secret",
    "secret_fields",
    "secret_values",
    "texts_in",
]


@cache
def secret_fields(model: Any) -> frozenset[str]:
    """Return the names of the fields marked SECRET."""
    hints = get_type_hints(model, include_extras=True)
    return frozenset(name for name in model.__struct_fields__ if is_secret(hints[name]))


def secret_values(value: Any) -> Iterator[str]:
    """Yield every text in SECRET fields of a Model, or of the Models in a list, tuple or dict."""
    if isinstance(type(value), ModelMeta):
        masked = secret_fields(cast(Any, type(value)))
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
