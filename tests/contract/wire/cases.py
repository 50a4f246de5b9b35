"""Cases: what is done with a client; among them those that are made from what the client declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec

from .values import Parameter, parameters

Step = Callable[[Any], Any]  # of a client; it returns what a call gives back
Arguments = dict[str, Any]
Settle = Callable[[str, Arguments, int], Arguments]

MOST_CALLS = 4


@dataclass(frozen=True)
class Case:
    """Steps that are taken one after the other.

    settings: when there are any, the client is one of the case's own.   replies: to the first requests.
    """

    name: str
    steps: tuple[Step, ...]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    replies: tuple[bytes, ...] = ()


def case(name: str, *steps: Step, replies: tuple[bytes, ...] = (), **settings: Any) -> Case:
    return Case(name, steps, settings, replies)


def declared(client: Any, settle: Settle = lambda path, kwargs, number: kwargs) -> Iterator[Case]:
    """The cases of every endpoint and flow of a client.

    settle: makes the generated arguments of a numbered call of a path agree with each other.
    """
    templates = endpoints(client)
    for path in [*templates, *flows(client, templates)]:
        owner = attrgetter(path.rpartition(".")[0])(client)
        taken = parameters(attrgetter(path)(client), owner, templates.get(path, ""))
        for number, (title, args, kwargs) in enumerate(calls(taken)):
            yield case(f"{path}: {title}", call(path, *args, **settle(path, kwargs, number)))


def call(path: str, *args: Any, **kwargs: Any) -> Step:
    """The step that calls what a client has at a path."""
    return lambda client: attrgetter(path)(client)(*args, **kwargs)


def endpoints(client: Any) -> dict[str, str]:
    """The path template of every endpoint of a client, by where the endpoint is on it."""
    return {f"{each.resource}.{each.name}": each.path for each in client.endpoints()}


def flows(client: Any, templates: Mapping[str, str]) -> list[str]:
    """The flows beside the endpoints: calls, too, that can be part of a flow."""
    resources = dict.fromkeys(path.rpartition(".")[0] for path in templates)
    found = [f"{path}.{name}" for path in resources for name in dir(attrgetter(path)(client)) if name[0] != "_"]
    return [path for path in found if path not in templates and hasattr(attrgetter(path)(client), "flow")]


def calls(taken: list[Parameter]) -> Iterator[tuple[str, list[Any], Arguments]]:
    """Calls with all arguments, by name; with the least, by position; and with every other optional one."""
    times = min(MOST_CALLS, max((len(each.values) for each in taken), default=1))
    for number in range(times):
        given = {each.name: each.value(number, times) for each in taken}
        yield f"all {number + 1}", [], dict(reversed(given.items())) if number % 2 else given
    least = [each for each in taken if each.required]
    optional = [each for each in taken if not each.required]
    if optional:
        args = [each.value(0, times) for each in least if each.positional]
        yield "least", args, {each.name: each.value(0, times) for each in least if not each.positional}
    for start, title in enumerate(("even", "odd") if len(optional) > 1 else ()):
        left = {each.name: each.default for each in optional[start::2]}
        omitted = {name: value for name, value in left.items() if isinstance(value, msgspec.UnsetType)}
        yield title, [], {**{each.name: each.value(1, times) for each in taken if each.name not in left}, **omitted}
