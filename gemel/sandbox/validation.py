"""Schemas of queries and bodies: small tables of fields that collect every issue, in the words of each API."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["ABSENT", "REQUIRED", "BaseSchema", "Check", "Field", "Issues", "Location"]

Location = tuple[str | int, ...]  # where a value lies, from the outside in
Issues = list[dict[str, Any]]  # what is wrong, as a refusal lists it
Check = Callable[[Any, Location, Issues], Any]  # turns the value sent into the value used, or adds issues


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


REQUIRED: Final = _Mark("REQUIRED")  # a missing field is an issue
ABSENT: Final = _Mark("ABSENT")  # a missing field stays missing


@dataclass(frozen=True)
class Field:
    """One field of a query or body.

    Attributes:
        check: Turns the value sent into the value used, or adds issues.
        default: Used for a missing field; ABSENT leaves it out, REQUIRED makes that an issue.
        nullable: Whether null may be sent; it then stays None.
        to: The name that handlers see; the name on the wire when empty.
        expected: The type that the issue about a missing field names.
    """

    check: Check
    default: Any = REQUIRED
    nullable: bool = False
    to: str = ""
    expected: str = "string"

    def accept(self, value: Any, at: Location, issues: Issues) -> Any:
        """The value used for one that was sent; issues are appended."""
        return None if value is None and self.nullable else self.check(value, at, issues)


@dataclass(frozen=True)
class BaseSchema(ABC):
    """The fields of a query or body; unknown keys are dropped. An API adds its wording."""

    fields: Mapping[str, Field]

    @abstractmethod
    def no_object(self, value: Any, at: Location, issues: Issues) -> None:
        """Add the issue about a value that is no object."""

    @abstractmethod
    def missing(self, field: Field, whole: Mapping[str, Any], at: Location, issues: Issues) -> None:
        """Add the issue about a required field that `whole` lacks."""

    def check(self, value: Any, at: Location, issues: Issues) -> dict[str, Any]:
        """The checked fields under the names that handlers use; issues are appended."""
        if not isinstance(value, dict):
            self.no_object(value, at, issues)
            return {}
        given: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        result: dict[str, Any] = {}
        for name, field in self.fields.items():
            checked = self._checked(field, name, given, at, issues)
            if checked is not ABSENT:
                result[field.to or name] = checked
        return result

    def _checked(self, field: Field, name: str, given: Mapping[str, Any], at: Location, issues: Issues) -> Any:
        if name in given:
            return field.accept(given[name], (*at, name), issues)
        if field.default is REQUIRED:
            self.missing(field, given, (*at, name), issues)
            return ABSENT
        return field.default
