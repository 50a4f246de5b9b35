"""uplink truly binds: it defines the request of every declared endpoint, out of one annotation an argument."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
import uplink

from gemel.infisical import InfisicalAsyncClient, InfisicalClient
from gemel.julep import AsyncClient, Client
from gemel.kit.types import OMIT

from ..contract.wire.cases import calls, endpoints
from ..contract.wire.julep import settle
from ..contract.wire.values import parameters

CLIENTS: dict[str, Any] = {
    "infisical": lambda: InfisicalClient(endpoint="http://localhost:1", token="t"),
    "infisical async": lambda: InfisicalAsyncClient(endpoint="http://localhost:1", token="t"),
    "julep": lambda: Client(api_key="k", base_url="http://localhost:1/api"),
    "julep async": lambda: AsyncClient(api_key="k", base_url="http://localhost:1/api"),
}


@pytest.fixture(params=CLIENTS)
def client(request: Any) -> Iterator[Any]:
    made = CLIENTS[request.param]()
    yield made
    closed = made.close()
    if closed is not None:
        asyncio.run(closed)


def bound_calls(client: Any) -> Iterator[tuple[str, Any, list[str], list[Any], dict[str, Any]]]:
    """Each declared endpoint of a client: where it is, its call, its arguments, and values for all of them."""
    for path, template in endpoints(client).items():
        bound, owner = attrgetter(path)(client), attrgetter(path.rpartition(".")[0])(client)
        taken = parameters(bound, owner, template)
        _, args, kwargs = next(iter(calls(taken)))
        yield path, bound, [each.name for each in taken], args, settle(path, kwargs, 0)


def test_uplink_defines_every_request(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called through: the request is what comes of its definition, and of nothing else."""
    seen: list[tuple[Any, Any]] = []
    define = uplink.commands.RequestDefinition.define_request

    def spy(definition: Any, builder: Any, args: Any, kwargs: Any) -> None:
        seen.append((definition, builder))
        define(definition, builder, args, kwargs)

    monkeypatch.setattr(uplink.commands.RequestDefinition, "define_request", spy)
    defined = 0
    for path, bound, names, args, kwargs in bound_calls(client):
        request = bound.request(*args, **kwargs)
        assert len(seen) == 1, path
        definition, builder = seen.pop()
        annotations = definition.argument_annotations
        assert isinstance(definition, uplink.commands.RequestDefinition), path
        assert isinstance(builder, uplink.helpers.RequestBuilder) and builder.method == request.method, path
        assert [annotation.name for annotation in annotations] == names, path
        assert len(set(map(id, annotations))) == len(names), path
        assert all(isinstance(each, uplink.arguments.ArgumentAnnotation) for each in annotations), path
        defined += 1
    assert defined == len(type(client).endpoints()) > 40


def test_nothing_goes_around_it(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Exception):
        """What stands in the place of every definition."""

    def refuse(*_: Any) -> None:
        raise Refused

    monkeypatch.setattr(uplink.commands.RequestDefinition, "define_request", refuse)
    for _, bound, _, args, kwargs in bound_calls(client):
        with pytest.raises(Refused):
            bound.request(*args, **kwargs)


def test_each_annotation_puts_its_own_argument(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The annotations of a definition get the values of the call, each its own."""
    given: list[tuple[str, Any]] = []
    kinds = {
        type(annotation)
        for _, bound, _, _, _ in bound_calls(client)
        for annotation in bound._declaration.definition.argument_annotations
    }
    for kind in kinds:
        put = kind.put

        def spy(self: Any, builder: Any, value: Any, put: Any = put) -> None:
            given.append((self.name, value))
            put(self, builder, value)

        monkeypatch.setattr(kind, "put", spy)
    for path, bound, names, args, kwargs in bound_calls(client):
        given.clear()
        bound.request(*args, **kwargs)
        put_names = [name for name, _ in given]
        assert set(put_names) <= set(names) and len(put_names) == len(set(put_names)), path
        said = {name: value for name, value in kwargs.items() if value is not OMIT}
        assert {name: value for name, value in given if name in kwargs} == said, path
