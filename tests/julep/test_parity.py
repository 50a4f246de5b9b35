"""The two clients are one surface: every name and every signature of one is on the other."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.julep import AsyncClient, Client
from gemel.kit.calls.call import Call
from gemel.kit.calls.flows import FlowCall
from gemel.kit.stubs.resource import Resource

# What is named after the mode itself: entering and leaving, and the second name of closing.
OF_THE_MODE = {"__enter__", "__exit__", "__aenter__", "__aexit__", "aclose"}
MANAGERS = ["agents", "docs", "jobs", "memories", "sessions", "tools", "users"]


@pytest.fixture
def blocking() -> Iterator[Client]:
    with Client("k", "http://127.0.0.1:9/api") as client:
        yield client


@pytest.fixture
def awaiting() -> AsyncClient:
    """It opens nothing before its first call, so there is nothing to close."""
    return AsyncClient("k", "http://127.0.0.1:9/api")


def surface(kind: type) -> set[str]:
    names = {name for name in dir(kind) if not name.startswith("_")}
    return (names | {name for name in OF_THE_MODE if hasattr(kind, name)}) - OF_THE_MODE


def calls(client: Any) -> dict[str, Call[Any, Any] | FlowCall[Any, Any]]:
    """Every endpoint and every workflow of a client's managers by its path."""
    found: dict[str, Call[Any, Any] | FlowCall[Any, Any]] = {}
    for manager in MANAGERS:
        resource = getattr(client, manager)
        for name in dir(resource):
            value = None if name.startswith("_") else getattr(resource, name)
            if isinstance(value, Call | FlowCall):
                found[f"{manager}.{name}"] = value
    return found


def test_both_clients_have_the_same_names() -> None:
    assert surface(Client) == surface(AsyncClient)
    assert surface(Client) >= {*MANAGERS, "chat", "completions", "openai", "endpoint", "with_options", "request"}


@pytest.mark.parametrize("name", ["__init__", "request", "run", "close", "openai", "with_options"])
def test_both_clients_take_the_same_arguments(name: str) -> None:
    ones, others = (inspect.signature(getattr(kind, name)).parameters for kind in (Client, AsyncClient))
    assert [(each.name, each.kind, each.default) for each in ones.values()] == [
        (each.name, each.kind, each.default) for each in others.values()
    ]


def test_both_clients_have_the_same_managers(blocking: Client, awaiting: AsyncClient) -> None:
    for client in (blocking, awaiting):
        named = {name for name in dir(client) if not name.startswith("_")}
        assert {name for name in named if isinstance(getattr(client, name), Resource)} >= set(MANAGERS)
    for name in MANAGERS:
        one, other = type(getattr(blocking, name)), type(getattr(awaiting, name))
        assert other.__name__ == f"Async{one.__name__}" and one.__name__ == f"{name.capitalize()}Manager"
        assert one.__bases__[0].__name__ == other.__bases__[0].__name__


def test_both_clients_have_the_same_methods(blocking: Client, awaiting: AsyncClient) -> None:
    ones, others = calls(blocking), calls(awaiting)
    assert ones.keys() == others.keys() and len(ones) == 53
    for path, call in ones.items():
        other = others[path]
        assert type(call).__name__.replace("Sync", "Async") == type(other).__name__ != type(call).__name__
        assert inspect.signature(call) == inspect.signature(other), path
        assert call.__doc__ and call.__doc__ == other.__doc__, path
        assert call.__name__ == other.__name__ == path.rpartition(".")[2]
