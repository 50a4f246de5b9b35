"""What is known of the published SDK's managers: signatures, and the requests captured from them, as recorded."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED: dict[str, Any] = json.loads(
    Path(__file__).with_name("data").joinpath("managers.json").read_text(encoding="utf-8")
)
API_PATH = "/api"

Parameter = tuple[str, str, Any]
"""A parameter: its name, how it is given, and its default, `...` where there is none."""


@dataclass(frozen=True)
class Sent:
    """One request: verb, path, query by name, the decoded body."""

    method: str
    path: str
    query: dict[str, Any]
    body: Any


@dataclass(frozen=True)
class Case:
    """One captured call of a manager: what it was given, and the request it sent or the error it raised."""

    method: str
    name: str
    kwargs: dict[str, Any]
    sends: tuple[Sent, ...]
    raises: str


def decoded(query: dict[str, Any]) -> dict[str, Any]:
    """A query whose filter is compared as the JSON that it is."""
    return {name: json.loads(value) if name == "metadata_filter" else value for name, value in query.items()}


def methods() -> dict[str, dict[str, Any]]:
    """What is recorded of every method, by `manager.method`."""
    return {
        f"{manager}.{name}": recorded
        for manager, known in RECORDED["managers"].items()
        for name, recorded in known.items()
        if not name.startswith("_")
    }


def typed_dicts() -> dict[str, list[str]]:
    """The keys of every TypedDict that a method's **kwargs are described by."""
    return {
        name: keys
        for known in RECORDED["managers"].values()
        for name, keys in known.get("__kwargs_typed_dicts__", {}).items()
    }


def cases() -> list[Case]:
    """Every captured call."""
    return [_case(method, captured) for method, recorded in methods().items() for captured in recorded["captured"]]


def _case(method: str, captured: dict[str, Any]) -> Case:
    sent = captured.get("sends")
    sends = () if sent is None else (Sent(sent["verb"], sent["path"], decoded(sent["query"]), sent["body"]),)
    return Case(method, captured["case"], captured["kwargs"], sends, captured.get("raises", "").partition(":")[0])


def parameters(signature: str) -> list[Parameter]:
    """The parameters that a signature, written as text, names after `self`."""
    definition: Any = ast.parse(f"def method{signature.removeprefix('async ')}: ...").body[0]
    taken = definition.args
    missing = [...] * (len(taken.args) - len(taken.defaults))
    defaults = [*missing, *map(ast.literal_eval, taken.defaults)]
    found = [(each.arg, "POSITIONAL_OR_KEYWORD", default) for each, default in zip(taken.args, defaults, strict=True)][
        1:
    ]
    for each, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        found.append((each.arg, "KEYWORD_ONLY", ... if default is None else ast.literal_eval(default)))
    if taken.vararg is not None:
        found.append((taken.vararg.arg, "VAR_POSITIONAL", ...))
    return found


def unpacked(signature: str) -> str:
    """The name of the TypedDict that describes a signature's **kwargs, "" without one."""
    definition: Any = ast.parse(f"def method{signature.removeprefix('async ')}: ...").body[0]
    keywords = definition.args.kwarg
    return "" if keywords is None else str(ast.unparse(keywords.annotation).rpartition(".")[2])
