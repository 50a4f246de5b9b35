"""The kinds of fields in queries and bodies of Infisical, with their issues worded as zod words them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..validation import ABSENT, REQUIRED, BaseSchema, Check, Field, Issues, Location

__all__ = [
    "ABSENT",
    "REQUIRED",
    "Field",
    "Issues",
    "Location",
    "Rule",
    "Schema",
    "choice",
    "coerced_number",
    "flag",
    "listing",
    "loose_flag",
    "number",
    "record",
    "switch",
    "text",
    "uuid_text",
]

Rule = tuple[Callable[[str], bool], str]  # what a string must fulfil, and the complaint about one that does not


class Schema(BaseSchema):
    """The fields of a query or body, with the issues of the server's zod objects."""

    def no_object(self, value: Any, at: Location, issues: Issues) -> None:
        """Add the issue about a value that is no object."""
        _wrong_type("object", value, at, issues)

    def missing(self, field: Field, whole: Mapping[str, Any], at: Location, issues: Issues) -> None:
        """Add the issue about a required field that was not sent."""
        _wrong_type(field.expected, ABSENT, at, issues)


def _wrong_type(expected: str, value: Any, at: Location, issues: Issues) -> None:
    received = _type_name(value)
    missing = received == "undefined"
    issue = {"code": "invalid_type", "expected": expected, "received": received, "path": list(at)}
    issues.append(issue | {"message": "Required" if missing else f"Expected {expected}, received {received}"})


def _type_name(value: Any) -> str:
    if value is ABSENT:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names[type(value)]


def _size(kind: str, size: int, least: int, most: int | None, at: Location, issues: Issues) -> None:
    noun = "String must contain {} {} character(s)" if kind == "string" else "Array must contain {} {} element(s)"
    shape = {"type": kind, "inclusive": True, "exact": False, "path": list(at)}
    if size < least:
        issues.append({"code": "too_small", "minimum": least, "message": noun.format("at least", least)} | shape)
    if most is not None and size > most:
        issues.append({"code": "too_big", "maximum": most, "message": noun.format("at most", most)} | shape)


def text(
    to: str = "",
    *,
    default: Any = REQUIRED,
    nullable: bool = False,
    trim: bool = True,
    least: int = 0,
    most: int | None = None,
    rule: Rule | None = None,
    then: Callable[[str], Any] | None = None,
) -> Field:
    """A string: trimmed, of a length between `least` and `most`, that passes `rule` and is changed by `then`."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, str):
            return _wrong_type("string", value, at, issues)
        value = value.encode(errors="replace").decode()  # half a surrogate pair fits in no database
        if trim:
            value = value.strip()
        _size("string", len(value), least, most, at, issues)
        if rule and not rule[0](value):
            issues.append({"code": "custom", "message": rule[1], "path": list(at)})
        return then(value) if then else value

    return Field(check, default, nullable, to)


def choice(to: str, options: tuple[str, ...], default: Any = REQUIRED) -> Field:
    """One of some strings."""
    wording = " | ".join(f"'{option}'" for option in options)

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, str):
            return _wrong_type(wording, value, at, issues)
        if value not in options:
            message = f"Invalid enum value. Expected {wording}, received '{value}'"
            issue = {"received": value, "code": "invalid_enum_value", "options": list(options), "path": list(at)}
            issues.append(issue | {"message": message})
        return value

    return Field(check, default, to=to, expected=wording)


def switch(to: str, default: bool) -> Field:
    """A boolean in a query: the string "true" or "false" and nothing else."""
    strict = choice(to, ("true", "false")).check

    def check(value: Any, at: Location, issues: Issues) -> bool:
        return bool(strict(value, at, issues) == "true")

    return Field(check, default, to=to)


def loose_flag(to: str, default: bool) -> Field:
    """A boolean in a query that is true unless empty, zero or "false", as the folder routes read it."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, str):
            return _wrong_type("string", value, at, issues)
        return value.strip().lower() not in ("", "0", "false")

    return Field(check, default, to=to)


def _typed(expected: str, accepts: Callable[[Any], bool]) -> Check:
    def check(value: Any, at: Location, issues: Issues) -> Any:
        return value if accepts(value) else _wrong_type(expected, value, at, issues)

    return check


def flag(to: str = "", *, default: Any = ABSENT, nullable: bool = False) -> Field:
    """A JSON boolean."""
    check = _typed("boolean", lambda value: isinstance(value, bool))
    return Field(check, default, nullable, to, "boolean")


def number(
    to: str = "", *, default: Any = ABSENT, nullable: bool = False, least: int | None = None, most: int | None = None
) -> Field:
    """A JSON number between `least` and `most`."""
    is_number = _typed("number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))

    def check(value: Any, at: Location, issues: Issues) -> Any:
        checked = is_number(value, at, issues)
        if checked is not None:
            _range(checked, least, most, at, issues)
        return checked

    return Field(check, default, nullable, to, "number")


def coerced_number(to: str, default: Any = ABSENT, *, least: int | None = None, most: int | None = None) -> Field:
    """A number in a query, between `least` and `most`."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        try:
            coerced = float(value or 0)
        except (TypeError, ValueError):
            message = "Expected number, received nan"
            issue = {"code": "invalid_type", "expected": "number", "received": "nan", "path": list(at)}
            return issues.append(issue | {"message": message})
        _range(coerced, least, most, at, issues)
        return coerced

    return Field(check, default, to=to, expected="number")


def _range(value: float, least: int | None, most: int | None, at: Location, issues: Issues) -> None:
    shape = {"type": "number", "inclusive": True, "exact": False, "path": list(at)}
    if least is not None and value < least:
        message = f"Number must be greater than or equal to {least}"
        issues.append({"code": "too_small", "minimum": least, "message": message} | shape)
    if most is not None and value > most:
        message = f"Number must be less than or equal to {most}"
        issues.append({"code": "too_big", "maximum": most, "message": message} | shape)


def record(fields: Mapping[str, Field], to: str = "", *, default: Any = REQUIRED) -> Field:
    """An object with fields of its own."""
    return Field(Schema(fields).check, default, to=to, expected="object")


def uuid_text(to: str = "") -> Field:
    """A string that is a UUID."""
    as_text = text(trim=False).check

    def check(value: Any, at: Location, issues: Issues) -> Any:
        given = as_text(value, at, issues)
        if given is not None and not _UUID.match(given):
            issues.append({"validation": "uuid", "code": "invalid_string", "message": "Invalid uuid", "path": list(at)})
        return given

    return Field(check, to=to)


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def listing(item: Field, to: str = "", *, default: Any = REQUIRED, least: int = 0, most: int | None = None) -> Field:
    """An array of `least` to `most` items."""

    def check(value: Any, at: Location, issues: Issues) -> Any:
        if not isinstance(value, list):
            return _wrong_type("array", value, at, issues)
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        _size("array", len(items), least, most, at, issues)
        return [item.accept(each, (*at, position), issues) for position, each in enumerate(items)]

    return Field(check, default, to=to, expected="array")
