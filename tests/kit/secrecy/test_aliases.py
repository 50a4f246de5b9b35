"""A secret that a `type` statement of Python 3.12 names is one wherever the alias stands (PEP 695)."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from gemel.kit.errors import BadRequestError
from gemel.kit.models.secrecy import finder

from ..shop import Mode
from ..wire import Wire
from .vault import echo

SOURCE = """
import dataclasses
from typing import Annotated, Any

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Header, Query, get, post
from gemel.kit.models.model import Model
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, M

type Sec = Annotated[str, SECRET]
type Pair[T] = tuple[T, T]
type Nested = dict[str, Nested] | list[Sec]
type Plain = dict[str, Plain] | list[Plain] | str | int | None


class Box[T](Model):
    value: T


@dataclasses.dataclass
class Data[T]:
    values: list[T]


class Env(Model):
    one: Sec
    many: list[Sec] = []
    pair: Pair[Sec] = ("hunter2-pair", "hunter2-pair")
    box: Box[Sec] | None = None
    data: Data[Sec] | None = None
    nested: Any = None


class Things(Resource[M]):
    @get("things/{name}")
    def read(self, name: Sec, *, key: Annotated[Sec, Query] = "hunter2-default") -> None:
        '''Read one.'''
        ...

    @post("things")
    def make(self, one: Sec, *, many: list[Sec], pair: Pair[Sec], data: Data[Sec], box: Box[Sec]) -> None:
        '''Make one.'''
        ...


class Api(Client):
    things: Things[Any]


class AsyncApi(AsyncClient):
    things: Things[Any]
"""
KEY = "hunter2-key"

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no type statement before Python 3.12")


@pytest.fixture(scope="module")
def named() -> Any:
    """What the source names."""
    module = types.ModuleType("aliases_of_the_tests")
    sys.modules[module.__name__] = module
    exec(compile(SOURCE, "aliases_of_the_tests", "exec"), vars(module))
    yield module
    del sys.modules[module.__name__]


def test_a_record_masks_it(named: Any) -> None:
    env = named.Env(one=KEY, many=[KEY], pair=(KEY, KEY), box=named.Box(value=KEY), data=named.Data([KEY]))
    assert "hunter2" not in repr(env) and "hunter2" not in repr(env.__rich_repr__())
    assert repr(env).startswith("Env(one=***, many=[***], pair=(***, ***), box=Box(value=***), data=Data(values=[***])")


def test_an_alias_without_a_secret_costs_nothing(named: Any) -> None:
    assert finder(named.Plain) is None and finder(named.Pair[int]) is None
    find, found = finder(named.Nested), list[str]()
    assert find is not None
    find({"a": {"b": [KEY]}}, found)
    assert found == [KEY]


def test_no_address_and_no_error_shows_it(named: Any, mode: Mode) -> None:
    api = {"sync": named.Api, "async": named.AsyncApi}[mode.name]
    with named.Api("http://h") as client:
        assert client.things.read.url(KEY, key=KEY) == "http://h/things/***?key=***"
        assert KEY not in client.things.read.curl(KEY)
    with Wire(answer=echo) as wire:
        given = {"many": [KEY], "pair": (KEY, KEY), "data": named.Data([KEY]), "box": named.Box(value=KEY)}
        steps = [lambda c: c.things.read(KEY, key=KEY), lambda c: c.things.make(KEY, **given)]
        errors = [mode.fails(wire.url, step, client=api) for step in steps]
    for error in errors:
        assert isinstance(error, BadRequestError)
        assert KEY not in f"{error} {error.url} {error.body} {error.details} {error.headers!r}"
