# mypy: disable-error-code="empty-body"
"""Enums of whole numbers that stay open: read, sent, compared, copied, and told of as drift."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Annotated, Any

import marshmallow as ma
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, Query, get, post
from gemel.kit.models.fast import fast_decoder
from gemel.kit.models.model import Model, field
from gemel.kit.models.schema import load
from gemel.kit.models.unions import OpenIntEnum
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import Async, M, Sync

from .shop import Mode
from .wire import Wire, reply


class Kind(OpenIntEnum):
    TEXT = 0
    VOICE = 2


class Channel(Model):
    kind: Kind
    others: dict[str, Kind | None] = field(default_factory=dict)


class Channels(Resource[M]):
    @get("channels/{kind}")
    def list(self, kind: Kind, *, other: Annotated[Kind, Query] = Kind.VOICE) -> list[Channel]: ...
    @post("channels")
    def create(self, channel: Annotated[Channel, Body]) -> Channel: ...


class ChannelClient(Client):
    channels: Channels[Sync]


class AsyncChannelClient(AsyncClient):
    channels: Channels[Async]


def client_of(mode: Mode) -> Any:
    return AsyncChannelClient if mode.is_async else ChannelClient


def test_a_number_that_no_member_has_is_read_and_sent_back(mode: Mode) -> None:
    channel = Channel(kind=Kind(99), others={"a": Kind.VOICE, "b": Kind(-1), "c": None})
    written = {"kind": 99, "others": {"a": 2, "b": -1, "c": None}}
    with Wire(reply(written)) as wire:
        made = mode.run(wire.url, lambda client: client.channels.create(channel), client=client_of(mode))
    assert wire.last.json == written and made == channel
    assert made.kind == 99 and not made.kind.known and made.others["a"] is Kind.VOICE


def test_a_path_and_a_query(mode: Mode) -> None:
    with Wire(reply([{"kind": 2}])) as wire:
        found = mode.run(wire.url, lambda client: client.channels.list(Kind(7)), client=client_of(mode))
    assert wire.last.target == "/channels/7?other=2" and found[0].kind.known


def test_drift_tells_of_it(mode: Mode) -> None:
    told: list[Any] = []
    with Wire(reply([{"kind": 2}, {"kind": 9}])) as wire:
        mode.run(wire.url, lambda client: client.channels.list(Kind.TEXT), client=client_of(mode), on_drift=told.append)
    assert ("[].kind", "unknown") in [(drift.path, drift.kind) for drift in told]


def test_it_is_the_number_that_it_is() -> None:
    odd = Kind(99)
    assert (odd, str(odd), f"{odd:03}", repr(odd), hash(odd)) == (99, "99", "099", "Kind(99)", hash(99))
    assert repr(Kind.VOICE) == "Kind.VOICE" and list(Kind) == [Kind.TEXT, Kind.VOICE]
    assert pickle.loads(pickle.dumps(odd)) == copy.deepcopy(odd) == Kind(99) and isinstance(copy.copy(odd), Kind)
    for wrong in ("2", 2.5, None):
        with pytest.raises(ValueError, match="is not a valid Kind"):
            Kind(wrong)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()))
def test_the_fast_road_and_the_schema_are_one(value: Any) -> None:
    body = json.dumps({"kind": value}).encode()
    decode = fast_decoder(Channel)
    assert decode is not None
    try:
        expected = load(Channel, json.loads(body))
    except ma.ValidationError:
        with pytest.raises(msgspec.DecodeError):
            decode(body)
        return
    try:
        found = decode(body)
    except msgspec.DecodeError:
        return  # the schema's to read
    assert found == expected and type(found.kind) is type(expected.kind) is Kind
