"""The two clients are one surface: every name and every signature of one is on the other."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.kit.calls.call import AsyncCall, Call, SyncCall
from gemel.kit.stubs.resource import Resource

# What is named after the mode itself: entering and leaving, and the second name of closing.
OF_THE_MODE = {"__enter__", "__exit__", "__aenter__", "__aexit__", "aclose"}
MINE = ("create_request", "handle_request", "close", "__init__")


@pytest.fixture
def blocking() -> Iterator[InfisicalClient]:
    with InfisicalClient(endpoint="http://127.0.0.1:9", token="t") as client:
        yield client


@pytest.fixture
def awaiting() -> InfisicalAsyncClient:
    """It opens nothing before its first call, so there is nothing to close."""
    return InfisicalAsyncClient(endpoint="http://127.0.0.1:9", token="t")


def surface(kind: type) -> set[str]:
    names = {name for name in dir(kind) if not name.startswith("_")}
    return (names | {name for name in OF_THE_MODE if hasattr(kind, name)}) - OF_THE_MODE


def resources(owner: Any, path: str = "") -> Iterator[tuple[str, Resource[Any]]]:
    """Every resource of a client by its path, nested ones too."""
    for name in sorted(dir(owner)):
        value = None if name.startswith("_") else getattr(owner, name)
        if isinstance(value, Resource):
            yield path + name, value
            yield from resources(value, f"{path}{name}.")


def calls(client: Any) -> dict[str, Call[Any, Any]]:
    """Every endpoint of a client by its path."""
    found: dict[str, Call[Any, Any]] = {}
    for path, resource in resources(client):
        for name in dir(resource):
            value = None if name.startswith("_") else getattr(resource, name)
            if isinstance(value, Call):
                found[f"{path}.{name}"] = value
    return found


def test_both_clients_have_the_same_names() -> None:
    assert surface(InfisicalClient) == surface(InfisicalAsyncClient)
    assert surface(InfisicalClient) >= {"secrets", "folders", "projects", "environments", "create_request", "endpoint"}


@pytest.mark.parametrize("name", MINE)
def test_both_clients_take_the_same_arguments(name: str) -> None:
    ones, others = (
        inspect.signature(getattr(kind, name)).parameters for kind in (InfisicalClient, InfisicalAsyncClient)
    )
    assert [(each.name, each.kind, each.default) for each in ones.values()] == [
        (each.name, each.kind, each.default) for each in others.values()
    ]


def test_both_clients_have_the_same_resources(blocking: InfisicalClient, awaiting: InfisicalAsyncClient) -> None:
    ones = [(path, type(resource)) for path, resource in resources(blocking)]
    assert ones == [(path, type(resource)) for path, resource in resources(awaiting)]
    assert [path for path, _ in ones] == [
        "access_tokens",
        "environments",
        "folders",
        "folders.v1",
        "projects",
        "secret_imports",
        "secrets",
        "secrets.v3",
        "universal_auth",
    ]


def test_both_clients_have_the_same_endpoints(blocking: InfisicalClient, awaiting: InfisicalAsyncClient) -> None:
    ones, others = calls(blocking), calls(awaiting)
    assert ones.keys() == others.keys() and len(ones) == 43
    for path, call in ones.items():
        other = others[path]
        assert type(call) is SyncCall and type(other) is AsyncCall
        assert inspect.signature(call) == inspect.signature(other), path
        assert call.__doc__ and call.__doc__ == other.__doc__, path
        assert call.__name__ == other.__name__ == path.rpartition(".")[2]


def test_the_address_is_named_alike_everywhere(blocking: InfisicalClient) -> None:
    """Whatever the wire calls them, users always write project_id, environment and secret_path."""
    foreign = {"workspace_id", "workspace_slug", "project_slug", "path", "workspace"}
    for path, call in calls(blocking).items():
        assert not foreign & inspect.signature(call).parameters.keys(), path


def test_after_the_first_argument_all_are_named(blocking: InfisicalClient) -> None:
    for path, call in calls(blocking).items():
        kinds = [parameter.kind for parameter in inspect.signature(call).parameters.values()]
        by_position = [kind for kind in kinds if kind is not inspect.Parameter.KEYWORD_ONLY]
        assert len(by_position) <= 1, path
