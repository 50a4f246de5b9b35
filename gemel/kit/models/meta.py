"""The metaclass of records, and how their field names become wire names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gemel.kit.annotations import name_types_only
from gemel.kit.models.extras import KEEPING, keeping, keeps_unknown, none_for_absent
from gemel.kit.types import ABSENT, OMIT

__all__ = [
    "ModelMeta",
    "camel_case",
    "snake_case",
    "wire_case",
]


def snake_case(name: str) -> str:
    """Return a Python name as it is, but for the underscore that tells it from a keyword: "from_" is "from"."""
    return name[:-1] if name.endswith("_") and name.strip("_") else name


def camel_case(name: str) -> str:
    """Turn snake_case into camelCase: "secret_path" is "secretPath" on the wire, "_id" stays "_id"."""
    inner = name.lstrip("_")
    first, *rest = snake_case(inner).split("_")
    return name[: len(name) - len(inner)] + first + "".join(word.capitalize() for word in rest)


_CASES: dict[str, Callable[[str], str]] = {"snake": snake_case, "camel": camel_case}


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
        absent = {field: omitted for field, given in namespace.items() if (omitted := _omitted(given)) is not None}
        made = super().__new__(mcls, name, bases, {**namespace, **absent}, **settings)
        name_types_only(made)
        for field_name in absent:
            setattr(made, field_name, none_for_absent(made, field_name))
        if keeps_unknown(made):
            keeping(made)
        if keeps_unknown(made) and "extras" in made.__struct_fields__:
            raise TypeError(f'{name}: the field "extras" hides .extras; name it otherwise: field(name="extras")')
        return made


def _omitted(given: Any) -> Any:
    """Return what a field has as its default in the place of ABSENT, itself or in a `field()`; None for another."""
    if given is ABSENT:
        return OMIT
    if isinstance(given, _Field) and given.default is ABSENT:
        return msgspec.field(default=OMIT, name=given.name)
    return None


_Field: Any = msgspec.field().__class__
