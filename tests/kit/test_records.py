"""Records: to JSON and back, changed copies, and what a model keeps of a reply beside its fields."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any

import marshmallow as ma
import pytest

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import Body, get, put
from gemel.kit.errors import APIStatusError
from gemel.kit.models.model import Model, field
from gemel.kit.models.secrecy import secret_values
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, SECRET, Async, M, Omit, Sync

from .shop import Album, Mode, Track
from .wire import Wire, reply


class Part(Model, case="camel", unknown="keep"):
    """A part that keeps what it does not know."""

    part_no: int
    made_at: datetime | None = None


class Doc(Model, case="camel", unknown="keep"):
    """A document that keeps what it does not know."""

    doc_id: str
    parts: list[Part] = field(default_factory=list)
    by_name: dict[str, Part] = field(default_factory=dict)
    note: Annotated[str, SECRET] | Omit = OMIT
    price: Decimal | None = None


class SmallDoc(Doc, case="camel"):
    """A model of a model that keeps."""

    late: int = 0


class Shelf(Model):
    """A model that drops, with some that keep in it."""

    docs: list[Doc]
    any: Any = None


REPLY: dict[str, Any] = {
    "docId": "d",
    "parts": [{"partNo": 1, "color": "red"}, {"partNo": 2}],
    "byName": {"a": {"partNo": 3, "deep": {"x": [1.5, None]}}},
    "note": "hunter2",
    "doc_id": "not the field of this Python name",
    "apiKey": "key-of-the-server",
}


@pytest.fixture(params=["fast", "schema"])
def doc(request: Any) -> Doc:
    """The document, read by each road."""
    return Doc.from_json(json.dumps(REPLY)) if request.param == "fast" else Doc.from_dict(REPLY)


def test_a_record_that_keeps_gives_back_what_it_did_not_know(doc: Doc) -> None:
    assert doc.doc_id == "d"
    assert doc.extras == {"doc_id": "not the field of this Python name", "apiKey": "key-of-the-server"}
    assert [part.extras for part in doc.parts] == [{"color": "red"}, {}]
    assert doc.by_name["a"].extras == {"deep": {"x": [1.5, None]}}
    given = doc.to_dict()
    assert given.pop("price") is None
    assert [given["parts"][0].pop("madeAt"), given["parts"][1].pop("madeAt"), given["byName"]["a"].pop("madeAt")]
    assert given == REPLY
    assert json.loads(doc.to_json()) == doc.to_dict()
    assert Doc.from_dict(doc.to_dict()) == Doc.from_json(doc.to_json()) == doc
    assert Shelf(docs=[doc], any=[doc]).to_dict() == {"docs": [doc.to_dict()], "any": [doc.to_dict()]}


@pytest.mark.parametrize("again", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy])
def test_extras_are_copied_and_pickled(doc: Doc, again: Any) -> None:
    copied = again(doc)
    assert copied == doc and copied.extras == doc.extras and copied.parts[0].extras == doc.parts[0].extras
    assert copied.to_dict() == doc.to_dict()


def test_extras_count_in_comparisons(doc: Doc) -> None:
    plain = Doc.from_dict({**doc.to_dict(), "apiKey": "another"})
    assert plain != doc and doc != "d"
    assert Part(part_no=1) == Part(part_no=1) != Part.from_dict({"partNo": 1, "x": 1})
    assert hash(Part(part_no=1)) == hash(Part.from_dict({"partNo": 1, "x": 1}))


def test_extras_are_not_shown(doc: Doc) -> None:
    for text in (repr(doc), str([doc]), repr(doc.__rich_repr__()), repr(Shelf(docs=[doc]))):
        assert "key-of-the-server" not in text and "hunter2" not in text and "'red'" not in text
        assert "'apiKey': ***" in text
    assert {"hunter2", "key-of-the-server", "red"} <= set(secret_values(doc))


def test_the_extras_of_a_record_are_a_copy(doc: Doc) -> None:
    doc.extras.clear()
    assert doc.extras
    assert Track(title="t").extras == {} == Album.from_dict({"id": "a", "new": 1}).extras


def test_a_subclass_keeps_too() -> None:
    assert SmallDoc.from_dict({"docId": "d", "late": 1, "x": 2}).to_dict()["x"] == 2
    with pytest.raises(TypeError, match=r"unknown must be .* got 'hold'"):
        type("Odd", (Model,), {}, unknown="hold")
    with pytest.raises(TypeError, match=r"hides \.extras"):
        type("Odd", (Model,), {"__annotations__": {"extras": "int"}}, unknown="keep")


def test_replace_changes_a_copy(doc: Doc) -> None:
    changed = doc.replace(doc_id="e", price=Decimal("1.10"))
    assert (changed.doc_id, changed.price, changed.extras) == ("e", Decimal("1.10"), doc.extras)
    assert doc.doc_id == "d" and isinstance(changed, Doc)
    assert Track(title="t").replace(play_seconds=3) == Track(title="t", play_seconds=3)
    with pytest.raises(TypeError, match="no field 'docId'"):
        doc.replace(docId="e")


def test_copy_replace_is_the_same(doc: Doc) -> None:
    """What copy.replace calls since Python 3.13."""
    assert doc.__replace__(doc_id="e") == doc.replace(doc_id="e")  # type: ignore[attr-defined]


def test_to_dict_by_python_names(doc: Doc) -> None:
    named = doc.to_dict(by_alias=False)
    assert named["parts"][0] == {"part_no": 1, "made_at": None, "color": "red"}
    assert named["by_name"]["a"]["part_no"] == 3
    album = Album(id="a", tracks=[Track(title="t")], released_at=datetime(2024, 1, 1, tzinfo=timezone.utc))
    assert album.to_dict()["releasedAt"] == album.to_dict(by_alias=False)["released_at"] == "2024-01-01T00:00:00Z"
    assert album.to_dict(by_alias=False)["tracks"] == [{"title": "t", "play_seconds": 0}]


def test_what_cannot_be_read_says_why() -> None:
    with pytest.raises(ma.ValidationError) as caught:
        Doc.from_json('{"parts": [{"partNo": "1"}]}')
    assert caught.value.messages == {
        "docId": ["Missing data for required field."],
        "parts": {0: {"partNo": ["Not a valid integer."]}},
    }
    for text in ("", "{", "\x00"):
        with pytest.raises(ValueError):
            Doc.from_json(text)


class StrictDoc(Doc.Schema):
    """A user's schema of a model that keeps."""

    @ma.validates("doc_id")
    def check_id(self, value: str, **_: Any) -> None:
        if value != "d":
            raise ma.ValidationError("Not ours.")


class Docs(Resource[M], case="camel"):
    """Documents."""

    @get("docs/{doc_id}", unwrap="doc")
    def retrieve(self, doc_id: str) -> Doc:
        """Read one."""
        ...

    @get("docs", unwrap="docs")
    def all(self) -> list[Doc]:
        """Read all."""
        ...

    @get("checked", unwrap="doc")
    def checked(self) -> Annotated[Doc, StrictDoc]:
        """Read one by a schema of one's own."""
        ...

    @put("docs/{doc_id}", unwrap="doc")
    def replace(self, doc_id: str, doc: Annotated[Doc, Body]) -> Doc:
        """Write one."""
        ...


class DocClient(Client):
    docs: Docs[Sync]


class AsyncDocClient(AsyncClient):
    docs: Docs[Async]


def run(mode: Mode, url: str, call: Any) -> Any:
    return mode.run(url, call, client=AsyncDocClient if mode.is_async else DocClient)


def test_what_was_not_known_is_sent_back(mode: Mode) -> None:
    with Wire(reply({"doc": REPLY})) as wire:
        doc = run(mode, wire.url, lambda client: client.docs.retrieve("d"))
        assert run(mode, wire.url, lambda client: client.docs.replace("d", doc.replace(price=Decimal("1.10")))) == doc
        assert json.loads(wire.last.body) == {**doc.to_dict(), "price": "1.10"}


def test_extras_are_masked_in_errors(mode: Mode) -> None:
    doc = Doc.from_dict(REPLY)
    with Wire(reply({"message": "no key-of-the-server here"}, 400)) as wire, pytest.raises(APIStatusError) as caught:
        run(mode, wire.url, lambda client: client.docs.replace("d", doc))
    assert "key-of-the-server" not in str(caught.value)


def test_a_subclassed_schema_keeps_and_decides(mode: Mode) -> None:
    with Wire(reply({"doc": REPLY}), reply({"doc": {**REPLY, "docId": "e"}})) as wire:
        assert run(mode, wire.url, lambda client: client.docs.checked()) == Doc.from_dict(REPLY)
        with pytest.raises(ValueError, match=r"doc\.docId: Not ours"):
            run(mode, wire.url, lambda client: client.docs.checked())


ROADS = """\
import json, sys
from gemel.kit.models.decode import decoder
from gemel.kit.http.messages import Headers, Request, Response
from gemel.kit.models.model import Model
class Doc(Model, unknown="keep"):
    id: int
def read(body):
    response = Response(200, Headers(), json.dumps(body).encode(), "http://h/")
    return decoder(list[Doc])(response, Request("GET", "http://h/", Headers()))
print(read([{"id": 1, "new": 2}])[0].extras, read([{"id": 1}])[0].extras, "marshmallow" in sys.modules)
print(Doc.Schema.__name__, "marshmallow" in sys.modules)
"""


def test_marshmallow_is_imported_only_when_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", ROADS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{'new':", "2}", "{}", "False", "DocSchema", "True"]
