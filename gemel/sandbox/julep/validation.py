"""The kinds of fields in queries and bodies of Julep, with their issues worded as pydantic words them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..validation import ABSENT, REQUIRED, BaseSchema, Field, Issues, Location

__all__ = [
    "ABSENT",
    "Field",
    "Issues",
    "Location",
    "Schema",
    "anything",
    "boolean",
    "choice",
    "decimal",
    "either",
    "integer",
    "invalid_json",
    "listing",
    "literal",
    "mapping",
    "optional",
    "record",
    "several",
    "text",
    "uuid_text",
]


def _issue(kind: str, at: Location, message: str, value: Any, **context: Any) -> dict[str, Any]:
    issue = {"type": kind, "loc": at, "msg": message, "input": value}
    return issue | {"ctx": context} if context else issue


def invalid_json(position: int, error: str) -> dict[str, Any]:
    """The issue about a body that is no JSON document."""
    return _issue("json_invalid", ("body", position), "JSON decode error", {}, error=error)


class Schema(BaseSchema):
    """The fields of a query or body, with the issues of the server's pydantic models."""

    def no_object(self, value: Any, at: Location, issues: Issues) -> None:
        """Add the issue about a value that is no object; a body that was not sent is ABSENT."""
        if value is ABSENT:
            return issues.append(_issue("missing", at, "Field required", None))
        message = "Input should be a valid dictionary or object to extract fields from"
        return issues.append(_issue("model_attributes_type", at, message, value))

    def missing(self, field: Field, whole: Mapping[str, Any], at: Location, issues: Issues) -> None:
        """Add the issue about a required field that was not sent."""
        issues.append(_issue("missing", at, "Field required", whole))


def optional(field: Field, default: Any = None) -> Field:
    """The field, which may be missing or null."""
    return replace(field, default=default, nullable=True)


def text() -> Field:
    """A string."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, str):
            return issues.append(_issue("string_type", at, "Input should be a valid string", value))
        return value.encode(errors="replace").decode()  # half a surrogate pair fits in no database

    return Field(check)


def anything() -> Field:
    """Any JSON value."""
    return Field(lambda value, at, issues: value)


def mapping() -> Field:
    """An object whose keys are the caller's own."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, dict):
            return issues.append(_issue("dict_type", at, "Input should be a valid dictionary", value))
        return value  # pyright: ignore[reportUnknownVariableType]

    return Field(check)


_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


def boolean() -> Field:
    """A boolean, or a number or word that stands for one."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        word = str(value).lower()
        if isinstance(value, (bool, int, float, str)) and word in _TRUE | _FALSE:
            return word in _TRUE
        if isinstance(value, (int, float, str)):
            message = "Input should be a valid boolean, unable to interpret input"
            return issues.append(_issue("bool_parsing", at, message, value))
        return issues.append(_issue("bool_type", at, "Input should be a valid boolean", value))

    return Field(check)


def integer(*, default: Any = REQUIRED, least: int | None = None, most: int | None = None) -> Field:
    """A whole number between `least` and `most`, or text that spells one."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+(\.0*)?\s*", value, re.ASCII):
            number: Any = int(float(value)) if "." in value else int(value)
        elif isinstance(value, str):
            message = "Input should be a valid integer, unable to parse string as an integer"
            return issues.append(_issue("int_parsing", at, message, value))
        elif isinstance(value, float) and not value.is_integer():
            message = "Input should be a valid integer, got a number with a fractional part"
            return issues.append(_issue("int_from_float", at, message, value))
        elif isinstance(value, (int, float)):
            number = int(value)
        else:
            return issues.append(_issue("int_type", at, "Input should be a valid integer", value))
        return _ranged(number, value, least, most, at, issues)

    return Field(check, default)


def decimal(
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Field:
    """A number between `least` and `most`, or between `above` and `below` without these, or text that spells one."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, (int, float, str)):
            return issues.append(_issue("float_type", at, "Input should be a valid number", value))
        try:
            number = float(value)
        except ValueError:
            message = "Input should be a valid number, unable to parse string as a number"
            return issues.append(_issue("float_parsing", at, message, value))
        if above is not None and not number > above:
            issues.append(_issue("greater_than", at, f"Input should be greater than {above:g}", value, gt=float(above)))
        if below is not None and not number < below:
            issues.append(_issue("less_than", at, f"Input should be less than {below:g}", value, lt=float(below)))
        return _ranged(number, value, least, most, at, issues)

    return Field(check)


def _ranged(number: Any, value: Any, least: float | None, most: float | None, at: Location, issues: Issues) -> Any:
    if least is not None and number < least:
        message = f"Input should be greater than or equal to {least:g}"
        issues.append(_issue("greater_than_equal", at, message, value, ge=type(number)(least)))
    if most is not None and number > most:
        message = f"Input should be less than or equal to {most:g}"
        issues.append(_issue("less_than_equal", at, message, value, le=type(number)(most)))
    return number


def _listed(options: tuple[str, ...]) -> str:
    quoted = [f"'{option}'" for option in options]
    return " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)


def choice(*options: str) -> Field:
    """One of some strings."""
    return _one_of("enum", options)


def literal(option: str) -> Field:
    """One string; it may be missing."""
    return replace(_one_of("literal_error", (option,)), default=option)


def _one_of(kind: str, options: tuple[str, ...]) -> Field:
    expected = _listed(options)

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if value not in options:
            issues.append(_issue(kind, at, f"Input should be {expected}", value, expected=expected))
        return value

    return Field(check)


def uuid_text(version: int | None = None) -> Field:
    """A UUID as text, of any version unless one is named; it is used in its canonical form."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, str):
            message = "UUID input should be a string, bytes or UUID object"
            return issues.append(_issue("uuid_type", at, message, value))
        try:
            parsed = uuid.UUID(value)
        except ValueError:
            error = _uuid_error(value)
            message = f"Input should be a valid UUID, {error}"
            return issues.append(_issue("uuid_parsing", at, message, value, error=error))
        if version is not None and parsed.version != version:
            message = f"UUID version {version} expected"
            issues.append(_issue("uuid_version", at, message, value, expected_version=version))
        return str(parsed)

    return Field(check)


def _uuid_error(value: str) -> str:
    wrong = re.search("[^0-9a-fA-F-]", value)
    if wrong:
        expected = "an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-]"
        return f"invalid character: expected {expected}, found `{wrong[0]}` at {wrong.start() + 1}"
    groups = value.count("-") + 1
    if groups not in (1, 5):
        return f"invalid group count: expected 5, found {groups}"
    return f"invalid length: expected length 32 for simple format, found {len(value)}"


def record(fields: Mapping[str, Field]) -> Field:
    """An object with fields of its own."""
    return Field(Schema(fields).check)


def listing(item: Field, *, least: int = 0, most: int | None = None) -> Field:
    """An array of `least` to `most` items."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, list):
            return issues.append(_issue("list_type", at, "Input should be a valid list", value))
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        _sized(items, least, most, at, issues)
        return [item.accept(each, (*at, position), issues) for position, each in enumerate(items)]

    return Field(check)


def several(item: Field) -> Field:
    """An array that may be missing or null, which both count as empty."""
    strict = listing(item).check
    return Field(lambda value, at, issues: [] if value is None else strict(value, at, issues), default=[])


def _sized(items: list[Any], least: int, most: int | None, at: Location, issues: Issues) -> None:
    if len(items) < least:
        issues.append(_size_issue("too_short", "at least", "min_length", least, items, at))
    if most is not None and len(items) > most:
        issues.append(_size_issue("too_long", "at most", "max_length", most, items, at))


def _size_issue(kind: str, words: str, name: str, bound: int, items: list[Any], at: Location) -> dict[str, Any]:
    message = f"List should have {words} {bound} item{'s' * (bound != 1)} after validation, not {len(items)}"
    context: dict[str, Any] = {"field_type": "List", name: bound, "actual_length": len(items)}
    return _issue(kind, at, message, items, **context)


def either(options: Mapping[str, Field]) -> Field:
    """A value that fits one of the fields; the issues about the others name each by its key."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        collected: Issues = []
        for tag, field in options.items():
            found: Issues = []
            checked = field.accept(value, (*at, tag), found)
            if not found:
                return checked
            collected += found
        return issues.extend(collected)

    return Field(check)
