"""The replies of an endpoint by their status, and the check that its return type is their union."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from msgspec import Struct
from typing_extensions import TypeVar

from gemel.kit.errors import DeclarationError
from gemel.kit.models.hints import filled, is_alias, opened_aliases, type_arguments
from gemel.kit.paging import Page
from gemel.kit.stubs.reply import Reply, is_reply, value_type
from gemel.kit.types import is_mapping

__all__ = ["Answer", "answers_of", "check_alone", "check_answers"]


class Answer(Struct, frozen=True):
    """What a status of a reply means.

    Attributes:
        hint: The type that the body is decoded as; of a fixed result, its type.
        value: The result itself, in a tuple; empty where the body is decoded.
    """

    hint: Any
    value: tuple[Any, ...] = ()


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union; of another hint, the hint."""
    if get_origin(hint) in (Union, UnionType):
        return get_args(hint)
    return (type(None) if hint is None else hint,)


def answers_of(replies: Any, label: str, arguments: Mapping[Any, Any]) -> dict[int, Answer]:
    """Return what each status of `replies=` means.

    Args:
        replies: As the decorator has it.
        label: The name of the endpoint for messages.
        arguments: What type variables stand for.

    Raises:
        DeclarationError: It is not what statuses can be mapped to.
    """
    if not is_mapping(replies) or not replies:
        raise DeclarationError(
            f"{label}(): replies: expected a mapping of statuses to types or values, got {replies!r}"
        )
    found: dict[int, Answer] = {}
    for status, said in replies.items():
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise DeclarationError(f"{label}(): replies: a status is a whole number from 200 to 599, got {status!r}")
        if _is_hint(said):
            found[status] = Answer(filled(opened_aliases(type(None) if said is None else said), arguments))
        elif isinstance(said, bool | int | float | str | enum.Enum):
            found[status] = Answer(type(said), (said,))
        else:
            problem = "is neither a type nor a value that stays as it is: a bool, number, text or member of an enum"
            raise DeclarationError(f"{label}(): replies: {status}: {type(said).__name__} {problem}")
    return found


def _is_hint(said: Any) -> bool:
    return (
        said is None
        or said is Any
        or isinstance(said, type | UnionType | TypeVar)
        or get_origin(said) is not None
        or is_alias(said)
        or hasattr(said, "__supertype__")
    )


def check_answers(answers: Mapping[int, Answer], returned: Any, label: str) -> None:
    """Check that a return type, looked up, is the union of the replies by status; raises DeclarationError."""
    if not answers:
        return
    if is_reply(returned) and not any(is_reply(answer.hint) for answer in answers.values()):
        returned = value_type(returned, label)
    typed = [member for answer in answers.values() if not answer.value for member in _members(answer.hint)]
    fixed = [answer.value[0] for answer in answers.values() if answer.value]
    said = [member for member in _members(returned) if member in typed or get_origin(member) is not Literal]
    literal = [value for member in _members(returned) if member not in said for value in get_args(member)]
    wanted: list[Any] = [*typed, *(type(value) for value in fixed if not _among(value, literal))]
    missing = [_named(member) for member in wanted if member not in said]
    spare = [_named(member) for member in said if member not in wanted]
    spare += [repr(value) for value in literal if not _among(value, fixed)]
    if missing or spare:
        problem = f"no status gives {spare[0]}" if spare else f"it lacks {missing[0]}"
        raise DeclarationError(f"{label}(): the return type is not the union of replies=: {problem}")


def check_alone(replies: Any, returned: Any, label: str, alone: tuple[Any, ...] = (Page,)) -> None:
    """Check that what stands alone as a return type does, as far as that is known; raises DeclarationError.

    Args:
        replies: The argument of the decorator.
        returned: The return type, its head, or UNKNOWN.
        label: The name of the endpoint.
        alone: The types that stand alone, besides Reply, which stands around a union.
    """
    answered = [hint for hint in replies.values() if hint is not None] if is_mapping(replies) else []
    for member in (member for hint in (returned, *answered) for member in _members(hint)):
        is_whole = member is returned and not answered
        if is_reply(member) and not (is_whole or answered):
            problem = "a Reply stands around the union: Reply[A | B], unless replies= names it"
            raise DeclarationError(f"{label}(): the return type: {problem}")
        # Of a return type written as text only the head may be known, without its brackets.
        held = next(iter(type_arguments(member, Reply).values()), None) if is_reply(member) else member
        opens = [one.__name__ for one in map(_head, _members(held)) if one in alone]
        if opens and not (is_whole and held is member):
            problem = "cannot be one of several replies" if held is member else "has the status and headers itself"
            raise DeclarationError(f"{label}(): the return type: a {opens[0]} {problem}; write two stubs")


def _head(hint: Any) -> Any:
    return get_origin(hint) or hint


def _among(value: Any, others: list[Any]) -> bool:
    """Say whether a value is among others, where True is not 1."""
    return any(type(value) is type(other) and value == other for other in others)


def _named(hint: Any) -> str:
    return "None" if hint is type(None) else getattr(hint, "__qualname__", "") or repr(hint).replace("typing.", "")
