"""Whatever shows values shows no secret: repr, str, pprint and rich, of all that a program holds in its hands."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
import pprint
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct
from rich.pretty import pretty_repr

import gemel
from gemel.kit.bodies.parts import File
from gemel.kit.caching.entry import Entry as Kept
from gemel.kit.http.messages import Headers, Response
from gemel.kit.policies.credentials import Bearer
from gemel.kit.policies.tokens import Token

from ..shop import Mode
from ..wire import Wire, reply
from .vault import VAULT, Entry, echo, served

PLANT = "plant-anywhere-9"


def structs(of: type[Any] = Struct) -> Iterator[type[Any]]:
    """All Structs of the kit and of the SDKs."""
    for kind in of.__subclasses__():
        if kind.__module__.startswith("gemel."):
            yield kind
        yield from structs(kind)


def shown(value: Any) -> str:
    """What is shown of a value, in every way."""
    texts = [f"{value} {value!r}", pprint.pformat([value]), pretty_repr([value]), pretty_repr({"a": value})]
    if isinstance(getattr(value, "__dict__", None), dict):
        texts += [repr(vars(value)), pretty_repr(vars(value))]
    return "\n".join(texts)


def test_a_struct_that_leaves_something_out_of_its_repr_leaves_it_out_of_that_of_rich() -> None:
    for module in pkgutil.walk_packages(gemel.__path__, "gemel."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = list(structs())
    assert len(found) > 50
    own = [kind for kind in found if kind.__repr__ is not Struct.__repr__]
    assert {"Token", "Response", "File"} <= {kind.__name__ for kind in own}
    assert not [kind for kind in own if kind.__rich_repr__ is Struct.__rich_repr__]


VALUES = {
    "token": Token(PLANT),
    "static token": Bearer(PLANT),
    "provided token": Bearer(lambda: PLANT),
    "file": File(PLANT.encode(), name="n"),
    "reply": Response(200, Headers(), PLANT.encode(), "http://h"),
    "kept reply": Kept("http://h", (), PLANT.encode(), 0.0, 0.0, 0.0),
    "record": Entry(name="n", value=PLANT),
}


@pytest.mark.parametrize("name", VALUES)
def test_no_value_shows_what_it_holds(name: str) -> None:
    value = VALUES[name]
    assert PLANT not in shown(value)
    for again in (copy.copy(value), copy.deepcopy(value)):
        assert PLANT not in shown(again)
    if name != "provided token":
        assert PLANT not in shown(pickle.loads(pickle.dumps(value)))


def made(client: Any) -> dict[str, Any]:
    """What a program makes of a client."""
    changed = client.with_options(query={"api_key": PLANT}, headers={"X-Key": PLANT}, body={"password": PLANT})
    return {
        "client": client,
        "copy": changed,
        "resource": client.entries,
        "endpoint": client.entries.read,
        "options": changed.entries.read.options(query={"token": PLANT}),
        "request": changed.entries.make.request(PLANT, entry=Entry(name="n", value=PLANT), more={"a": PLANT}),
        "pager": changed.entries.list(key=PLANT),
    }


def test_nothing_that_is_made_of_a_client_shows_a_secret(mode: Mode) -> None:
    client = VAULT[mode.name].client("http://h", secret=PLANT, headers={"X-Key": PLANT})
    for name, value in made(client).items():
        assert PLANT not in shown(value), name


def test_an_error_shows_no_secret_in_a_copy_or_a_note(mode: Mode) -> None:
    def do(client: Any) -> Any:
        return client.entries.make(PLANT, entry=Entry(name="n", value=PLANT), more={"a": PLANT})

    with Wire(answer=served(lambda request: echo(request, 400))) as wire:
        error = VAULT[mode.name].fails(wire.url, do)
    with Wire(answer=served(lambda request: reply(f"<p>{PLANT}".encode()))) as wire:
        invalid = VAULT[mode.name].fails(wire.url, do)
    for one in (error, invalid):
        for again in (one, copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert PLANT not in shown(again) + shown(getattr(again, "__notes__", ()))
