"""Models: frozen, keyword-only, picklable records with a schema that is theirs."""

from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any

import marshmallow as ma
import msgspec
import pytest

from gemel.kit.models.meta import camel_case
from gemel.kit.models.model import Model, field
from gemel.kit.models.secrecy import declared_fields, is_secret, secret_values
from gemel.kit.types import OMIT, SECRET, Omit

from .shop import Album, NewAlbum, Track


class Child(Album, case="camel"):
    """A model of a model."""

    late_note: str = ""


def test_a_model_is_frozen_and_takes_keywords_only() -> None:
    album = Album(id="a", title="T")
    with pytest.raises(AttributeError):
        album.title = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Album("a")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Album()  # type: ignore[call-arg]


@pytest.mark.parametrize("again", [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy])
def test_a_model_survives_copies(again: Any) -> None:
    album = Album(id="a", tracks=[Track(title="t", play_seconds=3)], download_key="hunter2")
    assert again(album) == album
    assert again(album).download_key == "hunter2"


def test_a_model_masks_its_secrets() -> None:
    album = Album(id="a", download_key="hunter2", extra={"x": NewAlbum(title="T", download_key="other-secret")})
    for text in (repr(album), str(album), repr([album]), repr(album.__rich_repr__())):
        assert "hunter2" not in text
        assert "other-secret" not in text
    assert repr(Track(title="t")) == "Track(title='t', play_seconds=0)"
    assert "play_count" not in repr(NewAlbum(title="T", download_key="k"))


@pytest.mark.parametrize(
    ("name", "wire"), [("a", "a"), ("secret_path", "secretPath"), ("a_b_c", "aBC"), ("id_2", "id2"), ("url", "url")]
)
def test_camel_case(name: str, wire: str) -> None:
    assert camel_case(name) == wire


def test_the_schema_follows_from_the_fields() -> None:
    schema = Album.Schema()
    assert Album.Schema is Album.Schema
    assert schema.fields["released_at"].data_key == "releasedAt"
    assert schema.fields["id"].required
    assert not schema.fields["title"].required
    assert schema.load({"id": "a", "tracks": [{"title": "t"}], "unknown": 1}) == Album(
        id="a", tracks=[Track(title="t")]
    )
    with pytest.raises(ma.ValidationError):
        schema.load({"id": None})


def test_an_inherited_model_has_all_fields() -> None:
    child = Child.Schema().load({"id": "a", "lateNote": "n", "downloadKey": "hunter2"})
    assert child == Child(id="a", late_note="n", download_key="hunter2")
    assert {name for name, secret in declared_fields([Child]) if secret} == {"downloadKey"}
    assert "hunter2" not in repr(child)


def test_a_schema_may_be_subclassed() -> None:
    class Strict(Album.Schema):  # type: ignore[name-defined,misc]
        class Meta:
            unknown = ma.RAISE

    with pytest.raises(ma.ValidationError):
        Strict().load({"id": "a", "unknown": 1})
    assert Strict().load({"id": "a"}) == Album(id="a")


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(KeyError):
        type("Odd", (Model,), {}, case="kebab")


SECRETS = [
    (Annotated[str, SECRET], True),
    (Annotated[str | None, SECRET], True),
    (Annotated[str, SECRET] | None, True),
    (Annotated[str, "note"] | Omit, False),
    (str, False),
    (list[str], False),
]


@pytest.mark.parametrize(("hint", "secret"), SECRETS)
def test_what_is_a_secret(hint: Any, secret: bool) -> None:
    assert is_secret(hint) is secret


def test_secret_values_are_found_wherever_they_are() -> None:
    album = NewAlbum(title="T", download_key="one")
    nested = {"a": [album, (Album(id="x", download_key="two", extra=album),)], "b": "three"}
    assert list(secret_values(nested)) == ["one", "two", "one"]
    assert list(secret_values("three")) == []


def test_omit_is_not_sent_and_none_is() -> None:
    class Change(Model, case="camel"):
        some_name: str | None | Omit = OMIT
        other: int = field(name="oddName", default=1)

    assert msgspec.json.encode(Change()) == b'{"oddName":1}'
    assert msgspec.json.encode(Change(some_name=None)) == b'{"someName":null,"oddName":1}'
