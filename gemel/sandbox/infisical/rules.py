"""What a role allows: rules with conditions on where a secret lies, evaluated as the server's CASL does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

__all__ = ["READ", "ROLES", "Ability", "Rule", "glob_matches", "parsed", "service_token_rules"]

READ = {"secrets": ("describeSecret", "readValue")} | dict.fromkeys(
    ("secret-folders", "secret-imports", "environments", "tags", "workspace"), ("read",)
)
_WRITE = ("create", "edit", "delete")
_MEMBER = {subject: (*actions, *_WRITE) for subject, actions in READ.items()} | {"workspace": ("read",)}
_ADMIN = _MEMBER | {
    "workspace": ("read", *_WRITE),
    "secret-approval": ("read", *_WRITE),
    "service-tokens": ("read", *_WRITE),
}
# `read` on secrets is the older name for describing them and reading their values.
_ACTIONS = {subject: {"read", *actions} for subject, actions in _ADMIN.items()}
_FIELDS = frozenset({"environment", "secretPath", "secretName", "secretTags"})
_OPERATORS = frozenset({"$eq", "$ne", "$neq", "$in", "$glob"})


@dataclass(frozen=True)
class Rule:
    """One rule of a role.

    Attributes:
        actions: What it is about.
        subject: What is acted on.
        conditions: What the fields of the subject must be, by name; empty for any.
        inverted: Whether it forbids.
    """

    actions: tuple[str, ...]
    subject: str
    conditions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inverted: bool = False

    def is_about(self, action: str, subject: str) -> bool:
        """Tell whether the rule speaks of an action on a subject."""
        legacy = subject == "secrets" and action in ("describeSecret", "readValue") and "read" in self.actions
        return self.subject == subject and (action in self.actions or legacy)


class Ability:
    """What somebody may do in a project; of the rules that fit, the last one decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    def can(self, action: str, subject: str, fields: Mapping[str, Any] | None = None) -> bool:
        """Tell whether an action is allowed.

        Args:
            fields: What is acted on; without them the answer is whether it is allowed on anything at all.
        """
        for rule in reversed(self._rules):
            if not rule.is_about(action, subject):
                continue
            if fields is None and rule.inverted and rule.conditions:
                continue
            if fields is None or _fits(rule.conditions, fields):
                return not rule.inverted
        return False

    def details(self, subject: str) -> list[dict[str, Any]]:
        """Return the rules about a subject, as a refusal shows them."""
        return [
            {"action": action, "inverted": rule.inverted, "subject": subject, "conditions": dict(rule.conditions)}
            for rule in self._rules
            if rule.subject == subject
            for action in rule.actions
        ]


def _fits(conditions: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(_meets(fields.get(name), wanted) for name, wanted in conditions.items())


def _meets(value: Any, wanted: Any) -> bool:
    if isinstance(value, (list, tuple)):  # the tags of a secret: one of them must
        return any(_meets(each, wanted) for each in value)  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    operators: Mapping[str, Any] = wanted  # pyright: ignore[reportUnknownVariableType]
    return all(_compared(operator, value, operand) for operator, operand in operators.items())


def _compared(operator: str, value: Any, operand: Any) -> bool:
    if operator == "$glob":
        return isinstance(value, str) and glob_matches(operand, value)
    if operator == "$in":
        return value in operand
    return bool((value == operand) == (operator == "$eq"))


def glob_matches(pattern: str, path: str) -> bool:
    """Tell whether a path fits a pattern: `*` within a segment, `**` over any, `?`, `[...]` and `{a,b}`."""
    return _compiled(pattern).fullmatch(path) is not None


_GLOB = re.compile(r"/\*\*|\*\*|\*|\?|\[[^\]]+\]|\{[^{}]*\}|.", re.DOTALL)
_MEANING = {"/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(token) for token in _GLOB.findall(pattern)), re.DOTALL)


def _translated(token: str) -> str:
    if token in _MEANING:
        return _MEANING[token]
    if token.startswith("["):
        return "[" + re.escape(token[1:-1]).replace(r"\-", "-") + "]"
    if token.startswith("{"):
        return "(?:" + "|".join(re.escape(option) for option in token[1:-1].split(",")) + ")"
    return re.escape(token)


def _rules(actions: Mapping[str, tuple[str, ...]]) -> tuple[Rule, ...]:
    return tuple(Rule(names, subject) for subject, names in actions.items())


# The rules of the roles that every project has.
ROLES: dict[str, tuple[Rule, ...]] = {
    "no-access": (),
    "viewer": _rules(READ),
    "member": _rules(_MEMBER),
    "admin": _rules(_ADMIN),
}


def service_token_rules(scopes: Iterable[Mapping[str, str]], permissions: Iterable[str]) -> list[Rule]:
    """Return what a service token may do: read or write secrets, folders and imports within its scopes."""
    kinds = set(permissions)
    rules: list[Rule] = []
    for scope in scopes:
        where = {"environment": scope["environment"], "secretPath": {"$glob": scope["secretPath"]}}
        for subject in ("secrets", "secret-folders", "secret-imports"):
            actions = (*(_WRITE if "write" in kinds else ()), *(READ[subject] if "read" in kinds else ()))
            rules.append(Rule(actions, subject, where))
    return rules


def parsed(permissions: Any) -> list[Rule]:
    """Read the permissions of a role as the API writes them.

    Args:
        permissions: Objects of `subject`, `action` (one or a list), and perhaps `conditions` and `inverted`.

    Raises:
        ValueError: One is not understood.
    """
    if not isinstance(permissions, Sequence) or isinstance(permissions, str):
        raise ValueError("permissions must be a list of objects with a subject and an action")
    items: Sequence[Any] = permissions  # pyright: ignore[reportUnknownVariableType]
    return [_rule(item) for item in items]


def _rule(item: Any) -> Rule:
    known = {"subject", "action", "conditions", "inverted"}
    if not isinstance(item, Mapping) or not {"subject", "action"} <= set(item) <= known:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"a permission has a subject and an action, perhaps conditions and inverted: {item!r}")
    given: Mapping[str, Any] = item  # pyright: ignore[reportUnknownVariableType]
    subject, actions = given["subject"], given["action"]
    names = (actions,) if isinstance(actions, str) else tuple(actions)
    if subject not in _ACTIONS or not names or not _ACTIONS[subject].issuperset(names):
        subjects = "; ".join(f"{one}: {', '.join(sorted(known))}" for one, known in _ACTIONS.items())
        raise ValueError(f"no such permission: {item!r}. What there is: {subjects}")
    return Rule(names, subject, _conditions(given.get("conditions") or None), bool(given.get("inverted", False)))


def _conditions(given: Any) -> Mapping[str, Any]:
    conditions: Mapping[str, Any] = {} if given is None else given
    if not isinstance(conditions, Mapping) or not _FIELDS.issuperset(conditions):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"conditions are on {', '.join(sorted(_FIELDS))}, not {given!r}")
    for operand in conditions.values():
        if not isinstance(operand, str) and not (isinstance(operand, Mapping) and _OPERATORS.issuperset(operand)):  # pyright: ignore[reportUnknownArgumentType]
            raise ValueError(f"a condition is text or an object of {', '.join(sorted(_OPERATORS))}, not {operand!r}")
    return conditions
