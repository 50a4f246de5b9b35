"""Fields that a reply may leave out: they read as None, and to_dict gives back exactly what came."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import marshmallow as ma
import pytest

from gemel.kit.models.model import Model
from gemel.kit.types import ABSENT, OMIT

from .shop import Mode
from .wire import Wire, reply


class Plain(Model, case="camel"):
    """A record that drops what it does not know."""

    id: str
    shown_name: str | None = ABSENT
    count: int | None = ABSENT


class Keeping(Model, unknown="keep"):
    """A record that keeps what it does not know."""

    id: str
    note: str | None = ABSENT
    inner: Plain | None = ABSENT


class More(Keeping):
    """A record with more of them."""

    size: float | None = ABSENT


REPLIES: list[tuple[type[Model], dict[str, Any]]] = [
    (Plain, {"id": "a"}),
    (Plain, {"id": "a", "shownName": None}),
    (Plain, {"id": "a", "shownName": "x", "count": 0}),
    (Keeping, {"id": "a", "note": None, "inner": {"id": "b", "count": None}}),
    (Keeping, {"id": "a", "other": [1]}),
    (More, {"id": "a", "size": 1.5, "inner": {"id": "b"}, "other": None}),
]


@pytest.mark.parametrize("model, document", REPLIES, ids=str)
def test_what_came_is_given_back(model: type[Model], document: dict[str, Any]) -> None:
    read = model.from_json(json.dumps(document))
    assert read.to_dict() == document == json.loads(read.to_json())
    assert model.from_dict(document) == read
    for same in (copy.copy(read), pickle.loads(pickle.dumps(read)), read.replace(id="a")):
        assert same == read and same.to_dict() == document


def test_absent_reads_as_none_by_every_name() -> None:
    read = Plain.from_dict({"id": "a"})
    assert read.shown_name is None and read.count is None
    assert read.to_dict(by_alias=False) == {"id": "a"}
    assert repr(read) == "Plain(id='a', shown_name=None, count=None)"


def test_a_field_is_null_when_it_is_made_so() -> None:
    assert Plain(id="a").to_dict() == {"id": "a"}
    assert Plain(id="a", count=None).to_dict() == {"id": "a", "count": None}
    assert Plain(id="a").replace(count=None).to_dict() == {"id": "a", "count": None}
    assert Plain.from_dict({"id": "a", "count": 2}).replace(count=OMIT).to_dict() == {"id": "a"}


def test_what_does_not_fit_is_refused_as_ever() -> None:
    with pytest.raises(ma.ValidationError, match="shownName"):
        Plain.from_json('{"id": "a", "shownName": 3}')
    with pytest.raises(AttributeError):
        Plain(id="a").count = 3  # type: ignore[misc]


def test_a_record_that_is_read_is_sent_as_it_came(mode: Mode) -> None:
    with Wire(reply({"id": "a"})) as wire:
        mode.run(wire.url, lambda client: client.request("POST", "x", body=Keeping.from_dict({"id": "a", "k": 1})))
        assert wire.last.json == {"id": "a", "k": 1}
