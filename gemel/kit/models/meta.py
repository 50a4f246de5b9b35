"""The metaclass of records, and how names of fields become names on the wire."""

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
    """Return a Python name without the underscore that tells it from a keyword: "from_" becomes "from"."""
    return name[:-1] if name.endswith("_") and name.strip("_") else name


def camel_case(name: str) -> str:
    """Turn snake_case into camelCase: "secret_path" becomes "secretPath", "_id" stays "_id"."""
    inner = name.lstrip("_")
    first, *rest = snake_case(inner).split("_")
    return name[: len(name) - len(inner)] + first + "".join(word.capitalize() for word in rest)


_CASES: dict[str, Callable[[str], str]] = {"snake": snake_case, "camel": camel_case}


def wire_case(case: str) -> Callable[[str], str]:
    """Return the function that turns a Python name into one on the wire; raises KeyError for an unknown case."""
    return _CASES[case]


class ModelMeta(msgspec.StructMeta):
    """Makes records keyword-only and frozen, with names on the wire in the case of the class."""

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
        """Make the record class; `case` is "snake" or "camel", `unknown` is "drop", "keep" or None to inherit."""
        settings: dict[str, Any] = {"kw_only": True, "frozen": True, "rename": wire_case(case), **options}
        if unknown not in (None, "drop", "keep"):
            raise TypeError(f'{name}: unknown must be "drop" or "keep", got {unknown!r}')
        if unknown is not None:
            # msgspec then refuses a reply with unknown fields, which sends it on to the decoder that stores them.
            settings["forbid_unknown_fields"] = unknown == "keep"
        if unknown == "keep":
            # Structs have slots; the extras need a place in the record.
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
    """Return the default that replaces ABSENT, given plainly or in a `field()`; None for any other default."""
    if given is ABSENT:
        return OMIT
    if isinstance(given, _Field) and given.default is ABSENT:
        return msgspec.field(default=OMIT, name=given.name)
    return None


_Field: Any = msgspec.field().__class__
