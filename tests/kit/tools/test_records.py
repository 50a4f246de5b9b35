"""Records of other libraries where gemel's models may stand: read from replies, and sent in bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple

import attrs
import msgspec
import pytest
from typing_extensions import TypedDict

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, get, put
from gemel.kit.errors import ResponseValidationError
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import M

from ..shop import Mode
from ..wire import Wire, reply


@dataclass
class Plain:
    number: int
    day: date


@attrs.define
class Attrs:
    number: int
    day: date


class Typed(TypedDict):
    number: int
    day: date


class Struct(msgspec.Struct):
    number: int
    day: date


class Named(NamedTuple):
    number: int
    day: date


class Records(Resource[M]):
    @get("record")
    def plain(self) -> Plain: ...
    @get("record")
    def attrs(self) -> Attrs: ...
    @get("record")
    def typed(self) -> Typed: ...
    @get("record")
    def struct(self) -> Struct: ...
    @get("record")
    def named(self) -> Named: ...
    @get("record")
    def each(self) -> list[Plain | None]: ...
    @put("record")
    def put_plain(self, record: Annotated[Plain, Body]) -> None: ...
    @put("record")
    def put_attrs(self, record: Annotated[Attrs, Body]) -> None: ...
    @put("record")
    def put_typed(self, record: Annotated[Typed, Body]) -> None: ...
    @put("record")
    def put_struct(self, record: Annotated[Struct, Body]) -> None: ...


OBJECT = {"number": 1, "day": "2020-01-02"}
KINDS: dict[str, Any] = {"plain": Plain, "attrs": Attrs, "typed": Typed, "struct": Struct}


def run(mode: Mode, url: str, step: Any) -> Any:
    return mode.run(url, lambda client: step(Records(client)), client=AsyncClient if mode.is_async else Client)


@pytest.mark.parametrize("name", KINDS)
def test_records_are_read_and_sent(mode: Mode, name: str) -> None:
    with Wire(reply(OBJECT), reply({})) as wire:
        found = run(mode, wire.url, lambda records: getattr(records, name)())
        assert found == KINDS[name](number=1, day=date(2020, 1, 2))
        run(mode, wire.url, lambda records: getattr(records, f"put_{name}")(found))
    assert wire.seen[1].json == OBJECT


def test_a_named_tuple_is_an_array(mode: Mode) -> None:
    with Wire(reply(list(OBJECT.values()))) as wire:
        assert run(mode, wire.url, lambda records: records.named()) == Named(1, date(2020, 1, 2))


@pytest.mark.parametrize("name", KINDS)
def test_what_does_not_fit_is_refused(mode: Mode, name: str) -> None:
    with Wire(reply({**OBJECT, "number": "x"})) as wire, pytest.raises(ResponseValidationError, match="number"):
        run(mode, wire.url, lambda records: getattr(records, name)())
