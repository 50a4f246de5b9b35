"""Drift is told and not in the way; strict replies are as declared; unchecked ones are taken as they come."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Annotated, Any, Literal, TypeVar

import pytest

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import get
from gemel.kit.errors import APIStatusError, ResponseValidationError
from gemel.kit.models.drift import Drift, Reading
from gemel.kit.models.model import Model, field
from gemel.kit.models.unions import Discriminator, OpenEnum
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import OMIT, Async, M, Sync

from .everything import Cat, Circle, Dog, Square
from .shop import Mode
from .wire import Wire, reply

T = TypeVar("T")


class Color(OpenEnum):
    RED = "red"


class Tag(Model, case="camel"):
    slug: str
    color: Color = Color.RED


class Secret(Model, case="camel"):
    id: str
    version: int = 1
    ratio: float = 1.0
    is_hidden: bool = False
    tags: list[Tag] = field(default_factory=list)
    by_name: dict[str, Tag] = field(default_factory=dict)
    created_at: datetime | None = None
    pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None
    shape: Circle | Square | None = None


class Kept(Secret, case="camel", unknown="keep"):
    """The same, keeping."""


class Secrets(Resource[M], case="camel"):
    """Secrets."""

    @get("secrets", unwrap="secrets")
    def list(self) -> list[Secret]:
        """List them."""
        ...

    @get("secret")
    def one(self) -> Secret:
        """Read one."""
        ...

    @get("kept", unwrap="secret")
    def kept(self) -> Kept:
        """Read one that keeps."""
        ...

    @get("text")
    def text(self) -> str:
        """Read text."""
        ...


class SecretClient(Client):
    secrets: Secrets[Sync]


class AsyncSecretClient(AsyncClient):
    secrets: Secrets[Async]


WHOLE: dict[str, Any] = {
    "id": "a",
    "version": 1,
    "ratio": 1,
    "isHidden": False,
    "tags": [{"slug": "s", "color": "red"}],
    "byName": {"x": {"slug": "s", "color": "red"}},
    "createdAt": "2025-01-01T00:00:00Z",
    "pet": {"kind": "dog", "lives": 2},
    "shape": {"shape": "square", "side": 1},
}


def ask(mode: Mode, body: Any, call: Any, **settings: Any) -> Any:
    """Call once, against a server that answers with this body."""
    client = AsyncSecretClient if mode.is_async else SecretClient
    with Wire(reply(body)) as wire:
        return mode.run(wire.url, call, client=client, **settings)


def one(client: Any) -> Any:
    return client.secrets.one()


DRIFTS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"new": 1}, [("new", "unknown")]),
    (
        {"tags": [{"slug": "s"}, {"slug": "s", "color": "red", "x": 1}]},
        [("tags[].color", "missing"), ("tags[].x", "unknown")],
    ),
    ({"tags": [{"slug": "s", "color": "mauve"}]}, [("tags[].color", "unknown")]),
    ({"byName": {"k": {"slug": "s", "color": "red", "x": 1}}}, [("byName.*.x", "unknown")]),
    ({"isHidden": "true"}, [("isHidden", "invalid")]),
    ({"ratio": "1.5"}, [("ratio", "invalid")]),
    ({"createdAt": "2025-01-01T00:00:00"}, [("createdAt", "invalid")]),
    ({"createdAt": None, "pet": None}, []),
    ({"pet": {"kind": "dog", "lives": 1, "x": 1}}, [("pet.x", "unknown")]),
    ({"shape": {"shape": "square", "side": 1, "x": 1}}, [("shape.x", "unknown")]),
]


@pytest.mark.parametrize(("change", "expected"), DRIFTS, ids=str)
def test_drift_is_told(mode: Mode, change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    seen: list[Drift] = []
    value = ask(mode, {**WHOLE, **change}, one, on_drift=seen.append)
    assert sorted((drift.path, drift.kind) for drift in seen) == expected
    assert {drift.endpoint for drift in seen} <= {"Secrets.one"}
    assert value == ask(mode, {**WHOLE, **change}, one)


@pytest.mark.parametrize(("change", "expected"), DRIFTS, ids=str)
def test_strict_refuses_all_drift_but_what_is_missing(mode: Mode, change: Any, expected: Any) -> None:
    refused = [path for path, kind in expected if kind != "missing"]
    if not refused:
        assert ask(mode, {**WHOLE, **change}, one, validate="strict") == ask(mode, {**WHOLE, **change}, one)
        return
    with pytest.raises(ResponseValidationError, match="not as declared") as caught:
        ask(mode, {**WHOLE, **change}, one, validate="strict")
    assert list(caught.value.errors) == [refused[0].split("[")[0].split(".")[0]]


def test_drift_is_told_once_a_path_and_from_the_top_of_the_reply(mode: Mode) -> None:
    seen: list[Drift] = []
    body = {"secrets": [{"id": "a", "x": 1}, {"id": "b", "x": 2}], "total": 2}
    ask(mode, body, lambda client: client.secrets.list(), on_drift=seen.append)
    assert Drift("secrets[].x", "unknown", "Secrets.list") in seen
    assert len(seen) == len(set(seen)) == 9
    assert "total" not in {drift.path for drift in seen}


def test_strict_says_where(mode: Mode) -> None:
    body = {"secrets": [{"id": "a"}, {"id": "b", "x": "hunter2", "isHidden": "no"}]}
    with pytest.raises(ResponseValidationError) as caught:
        ask(mode, body, lambda client: client.secrets.list(), validate="strict")
    faults = caught.value.errors["secrets"][1]
    assert faults == {"x": ["Unknown field or value."], "isHidden": ["Not of the declared type."]}
    assert "hunter2" not in str(caught.value)


def test_a_model_that_keeps_drifts_too(mode: Mode) -> None:
    seen: list[Drift] = []
    body = {"secret": {**WHOLE, "x": 1}}
    assert ask(mode, body, lambda client: client.secrets.kept(), on_drift=seen.append).extras == {"x": 1}
    assert seen == [Drift("secret.x", "unknown", "Secrets.kept")]
    with pytest.raises(ResponseValidationError):
        ask(mode, body, lambda client: client.secrets.kept(), validate="strict")


def test_a_refused_reply_is_drift_as_well(mode: Mode) -> None:
    seen: list[Drift] = []
    body = {**WHOLE, "version": "x", "tags": [{"slug": "s"}, {}]}
    with pytest.raises(ResponseValidationError):
        ask(mode, body, one, on_drift=seen.append)
    assert sorted((drift.path, drift.kind) for drift in seen) == [("tags[].slug", "missing"), ("version", "invalid")]


def test_other_errors_are_not_drift(mode: Mode) -> None:
    seen: list[Drift] = []
    client = AsyncSecretClient if mode.is_async else SecretClient
    with Wire(reply({"message": "no"}, 400)) as wire, pytest.raises(APIStatusError):
        mode.run(wire.url, one, client=client, on_drift=seen.append)
    assert ask(mode, "t", lambda client: client.secrets.text(), on_drift=seen.append, validate="strict") == "t"
    assert seen == []


def test_what_an_observer_raises_reaches_the_caller(mode: Mode) -> None:
    def refuse(drift: Drift) -> None:
        raise LookupError(drift.path)

    with pytest.raises(LookupError, match="new"):
        ask(mode, {**WHOLE, "new": 1}, one, on_drift=refuse)


UNFIT: dict[str, Any] = {
    "version": "x",
    "tags": [{"color": "mauve"}, "t"],
    "createdAt": "2025-01-01T00:00:00",
    "pet": {"kind": "cow"},
    "shape": {"shape": "square", "side": "wide"},
    "byName": {"a": {"slug": 1}},
}


def test_off_takes_what_comes(mode: Mode) -> None:
    secret = ask(mode, UNFIT, one, validate="off")
    assert isinstance(secret, Secret)
    assert (secret.id, secret.version, secret.ratio) == (OMIT, "x", 1.0)
    assert secret.tags == [Tag(slug=OMIT, color=Color("mauve")), "t"]  # type: ignore[arg-type,comparison-overlap]
    assert secret.created_at == datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert secret.pet == {"kind": "cow"}
    assert secret.shape == Square(side="wide")  # type: ignore[arg-type]
    assert secret.by_name == {"a": Tag(slug=1)}  # type: ignore[arg-type]
    assert "id=" not in repr(secret)
    assert secret.to_dict()["version"] == "x"


@pytest.mark.parametrize("body", [[1], None, "x", 3])
def test_off_takes_even_what_is_no_record(mode: Mode, body: Any) -> None:
    assert ask(mode, body, one, validate="off") == body


def test_off_takes_what_fits_as_lenient_does(mode: Mode) -> None:
    assert ask(mode, WHOLE, one, validate="off") == ask(mode, WHOLE, one)
    body = {"secret": {**WHOLE, "id": 1, "x": 1}}
    assert ask(mode, body, lambda client: client.secrets.kept(), validate="off").extras == {"x": 1}


def test_off_still_needs_json_and_the_envelope(mode: Mode) -> None:
    with pytest.raises(ResponseValidationError, match="not JSON"):
        ask(mode, b"<html>", one, validate="off")
    with pytest.raises(ResponseValidationError, match="lacks 'secrets'"):
        ask(mode, {"items": []}, lambda client: client.secrets.list(), validate="off")


def test_off_tells_of_drift_and_does_not_refuse(mode: Mode) -> None:
    seen: list[Drift] = []
    assert ask(mode, {**WHOLE, "version": "x"}, one, validate="off", on_drift=seen.append).version == "x"
    assert seen == [Drift("version", "invalid", "Secrets.one")]


def test_an_unknown_way_to_check_is_refused() -> None:
    with pytest.raises(ValueError, match="validate: expected"):
        SecretClient("http://h", validate="loose")  # type: ignore[arg-type]
    assert Reading() == Reading("lenient", None)


def test_a_copy_of_a_client_reads_alike() -> None:
    seen: list[Drift] = []
    with Wire(reply({**WHOLE, "new": 1})) as wire, SecretClient(wire.url, on_drift=seen.append) as client:
        client.with_options(timeout=5).secrets.one.options(timeout=3)()
    assert seen == [Drift("new", "unknown", "Secrets.one")]


def test_models_are_met_by_many_threads_at_once() -> None:
    models: list[Any] = []
    for number in range(20):
        fields = {"kind": Literal["cat"], "at": datetime, "next": Tag}
        models.append(type(f"Late{number}", (Model,), {"__annotations__": dict(fields)}))
    start, results = threading.Barrier(4), list[Any]()

    def read() -> None:
        start.wait()
        for model in models:
            record = model.from_json('{"kind": "cat", "at": "2025-01-01T00:00:00", "next": {"slug": "s"}}')
            results.append(record.at.tzinfo is timezone.utc and record.next == Tag(slug="s"))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80
