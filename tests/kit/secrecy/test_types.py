"""Whatever type a secret has, and whatever holds it, no text shows it: a matrix of shapes and places."""

from __future__ import annotations

import json
import logging
import pickle
import types
from typing import Annotated, Any

import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from gemel.kit.client import AsyncClient, Client
from gemel.kit.declare import post
from gemel.kit.errors import BadRequestError, InvalidArgument, ResponseValidationError
from gemel.kit.models.model import Model
from gemel.kit.models.secrecy import finder, holds_secrets, is_secret, secret_values
from gemel.kit.stubs.resource import Resource
from gemel.kit.types import SECRET, M
from gemel.testing import Recorder

from ..shop import Mode
from ..wire import Wire, reply
from .reporter import shows
from .shapes import SHAPES, VALUES, Box, Data, Named, Plain, Shape, Tree
from .vault import echo

SECRET_TEXT = 'pä"ss\\wörd/<&> +%41'


def record(hint: Any) -> Any:
    """A record class with a field of the type."""
    made = types.new_class("Env", (Model,), exec_body=lambda names: names.update(__annotations__={"v": hint}))
    made.__module__ = __name__
    return made


def sdk(hint: Any, returns: Any = None) -> dict[str, Any]:
    """A client of each mode with an endpoint that takes the type."""

    def make(self: Any, data: Any) -> Any:
        """Make something."""

    make.__annotations__ = {"data": hint, "return": returns}
    things = types.new_class("Things", (Resource[M],), exec_body=lambda names: names.update(make=post("things")(make)))  # type: ignore[type-var,misc]
    return {mode: types.new_class("Api", (base,), exec_body=_with(things)) for mode, base in _CLIENTS.items()}


_CLIENTS = {"sync": Client, "async": AsyncClient}


def _with(things: Any) -> Any:
    return lambda names: names.update(__annotations__={"things": things})


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.field])
def test_no_repr_of_a_record_shows_a_secret(name: str) -> None:
    shape = SHAPES[name]
    env = record(shape.hint)(v=shape.make(SECRET_TEXT))
    console = Console(width=200, record=True)
    with console.capture() as captured:
        console.print(env, [env])
    for text in (repr(env), f"{env}", repr([env]), repr({"a": env}), pretty_repr(env), captured.get()):
        assert not shows(text, SECRET_TEXT), text
        assert "***" in text


@pytest.mark.parametrize("name", SHAPES)
def test_a_secret_is_found_in_every_shape(name: str) -> None:
    shape, found = SHAPES[name], list[str]()
    find = finder(shape.hint)
    assert find is not None
    find(shape.make(SECRET_TEXT), found)
    assert SECRET_TEXT in found


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.argument])
def test_no_text_shows_a_secret_argument(mode: Mode, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shape, seen = SHAPES[name], list[Any]()
    observers = {"on_request": seen.append, "on_response": seen.append, "on_retry": seen.append}
    value = shape.make(SECRET_TEXT)
    with Wire(answer=echo) as wire:
        error = mode.fails(wire.url, lambda api: api.things.make(value), client=sdk(shape.hint)[mode.name], **observers)
    assert isinstance(error, BadRequestError)
    texts = [repr(seen), caplog.text]
    for one in (error, pickle.loads(pickle.dumps(error))):
        texts += [str(one), repr(one), one.message, repr(one.body), repr(one.details), repr(one.headers)]
        texts += [one.url, repr(one.request), pretty_repr(one.request), pretty_repr(one.request.context)]
    assert not [(shows(text, SECRET_TEXT), text) for text in texts if shows(text, SECRET_TEXT)]


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.argument])
def test_no_curl_command_shows_a_secret_argument(name: str) -> None:
    shape = SHAPES[name]
    with sdk(shape.hint)["sync"]("http://h") as api:
        shown = api.things.make.curl(shape.make(SECRET_TEXT))
        request = api.things.make.request(shape.make(SECRET_TEXT))
    for text in (shown, repr(request), repr(request.context), pretty_repr(request), pretty_repr(request.context)):
        assert not shows(text, SECRET_TEXT), text
    assert "***" in shown


@pytest.mark.parametrize("name", VALUES)
def test_no_text_shows_a_secret_of_another_type(mode: Mode, name: str) -> None:
    kind, value, texts = VALUES[name]
    hint = dict[str, Annotated[kind, SECRET]]
    assert all(text not in repr(record(hint)(v={"a": value})) for text in texts)
    with Wire(answer=echo) as wire:
        error = mode.fails(wire.url, lambda api: api.things.make({"a": value}), client=sdk(hint)[mode.name])
        sent = wire.last.body.decode()
    assert any(text in sent for text in texts)
    shown = "".join([str(error), repr(error.body), error.message, repr(error.details), repr(error.headers)])
    assert not [text for text in texts if text in shown]


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.argument])
def test_no_refusal_shows_a_secret_argument(mode: Mode, name: str) -> None:
    hint = SHAPES[name].hint
    if hint in (Any, str | list[Annotated[str, SECRET]]):
        pytest.skip("it takes everything")
    wrong: Any = {SECRET_TEXT} if holds_secrets(hint) else object()
    error = mode.fails("http://127.0.0.1:1", lambda api: api.things.make(wrong), client=sdk(hint)[mode.name])
    assert isinstance(error, InvalidArgument)
    assert not shows(f"{error!r} {error}", SECRET_TEXT)


def test_the_keys_of_a_refused_dict_are_not_shown() -> None:
    hint = dict[Annotated[str, SECRET], int]
    with sdk(hint)["sync"]("http://h") as api:
        with pytest.raises(InvalidArgument) as caught:
            api.things.make({SECRET_TEXT: "x"})
    assert not shows(str(caught.value), SECRET_TEXT)
    assert "at ***: expected int, got str" in str(caught.value)


@pytest.mark.parametrize("validate", ["lenient", "strict"])
def test_an_invalid_reply_names_no_secret_key(mode: Mode, validate: str) -> None:
    hint = record(dict[Annotated[str, SECRET], int])
    with Wire(reply({"v": {"hunter2-key": "no number"}, "x": 1})) as wire:
        api = sdk(str, hint)[mode.name]
        error = mode.fails(wire.url, lambda api: api.things.make("a"), client=api, validate=validate)
    assert isinstance(error, ResponseValidationError)
    assert "hunter2-key" not in f"{error} {error.errors}"
    assert "v.***" in str(error)


def test_what_holds_itself_is_refused(mode: Mode) -> None:
    knot: list[Any] = []
    knot.append(knot)
    error = mode.fails("http://127.0.0.1:1", lambda api: api.things.make(knot), client=sdk(Any)[mode.name])
    assert isinstance(error, InvalidArgument)


PLAIN = [str, int, list[str], dict[str, int], tuple[int, ...], list[dict[str, list[float]]] | None, set[bytes]]


@pytest.mark.parametrize("hint", PLAIN)
def test_a_type_without_secrets_costs_nothing(hint: Any) -> None:
    assert finder(hint) is None
    assert not is_secret(hint) and not holds_secrets(hint)


def test_a_repr_without_secrets_is_as_it_was() -> None:
    class Held(Model):
        a: Any = None
        b: dict[str, Any] | None = None
        c: tuple[int, ...] = ()

    value = {"x": [1, (2,), {3}, frozenset({4})], "y": {"z": None}}
    assert repr(Held(a=value, b=value, c=(1,))) == f"Held(a={value!r}, b={value!r}, c=(1,))"


def test_what_is_not_of_its_type_is_hidden_too() -> None:
    made = record(list[Annotated[str, SECRET]])(v=SECRET_TEXT)
    assert repr(made) == "Env(v=***)"
    assert secret_values([made]) == [SECRET_TEXT]
    assert secret_values({"a": Data(SECRET_TEXT), "b": Named(SECRET_TEXT)}) == [SECRET_TEXT, SECRET_TEXT]


def test_short_secrets_are_hidden_in_reprs() -> None:
    shown = repr([record(list[Annotated[int, SECRET]])(v=[1, 22]), Box(value=Plain(value="")), Tree(value="x")])
    assert shown == "[Env(v=[***, ***]), Box(value=Plain(value=***, name='n')), Tree(value=***, inner=[])]"


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.argument and shape.hint is not Any])
def test_a_recording_holds_no_secret(name: str, tmp_path: Any) -> None:
    shape: Shape = SHAPES[name]
    api, path = sdk(shape.hint)["sync"], tmp_path / "exchanges.jsonl"
    with Wire(answer=lambda request: reply(json.loads(request.body or b"{}"))) as wire:
        with Recorder(wire.url, path, sdk=api) as recorder, api(recorder.url) as client:
            client.things.make(shape.make(SECRET_TEXT))
    recorded = path.read_text(encoding="utf-8")
    if "open" not in name and "anything" not in name:
        assert not shows(recorded, SECRET_TEXT), recorded
