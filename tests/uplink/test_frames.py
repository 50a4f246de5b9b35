"""An error of a Consumer: no frame of gemel or of the libraries that it sends with holds a secret."""

import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
import uplink

from gemel.kit.errors import (
    APIConnectionError,
    APIStatusError,
    InvalidArgument,
    ResponseTooLargeError,
)
from gemel.kit.policies.credentials import Bearer
from gemel.uplink import ConnectionTimeout, InvalidURL, ServerTimeout

from ..kit.secrecy.reporter import chain_of, texts_of
from ..kit.shop import Mode
from ..kit.wire import Wire, cut, reply, silence
from .consuming import caught, consume

TOKEN, KEY, PASSWORD, SENT, FETCHED = PLANTS = "tok-51234", "key-61234", "pass-71234", "sent-81234", "fetched-91234"
OWN = {"credential": Bearer(TOKEN), "headers": {"X-Api-Key": KEY}}
INSIDE = {"gemel", "requests", "urllib3", "aiohttp", "yarl", "msgspec"}


class Service(uplink.Consumer):
    @uplink.form_url_encoded
    @uplink.post("login")
    def log_in(self, password: uplink.Field, api_key: uplink.Query, trace: uplink.Header("X-Trace") = "t"): ...

    @uplink.get
    def at(self, url: uplink.Url): ...


@uplink.response_handler
def refusing(response: Any) -> Any:
    response.raise_for_status()
    return response


class Checked(Service):
    @refusing
    @uplink.form_url_encoded
    @uplink.post("login")
    def log_in(self, password: uplink.Field, api_key: uplink.Query): ...


def log_in(api: Any) -> Any:
    return api.log_in(password=PASSWORD, api_key=SENT)


def echo(seen: Any) -> Any:
    return reply({"message": f"{FETCHED} {TOKEN} {PASSWORD} {SENT}"}, 400)


def frames_inside(error: BaseException) -> Iterator[FrameType]:
    """The frames of gemel and of the libraries below it, of an error and of all that is chained to it."""
    for one in chain_of(error):
        step = one.__traceback__
        while step is not None:
            if str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0] in INSIDE:
                yield step.tb_frame
            step = step.tb_next


def held_by(error: BaseException) -> list[str]:
    """Where in those frames a planted value can be read."""
    return [
        f"{frame.f_code.co_qualname if hasattr(frame.f_code, 'co_qualname') else frame.f_code.co_name}{where}"
        for frame in frames_inside(error)
        for name, value in frame.f_locals.items()
        for where, text in texts_of(value, f": {name}", 12, set())
        if any(plant in text for plant in PLANTS)
    ]


CASES: dict[str, tuple[Any, Callable[[Any], Any], type[Exception], dict[str, Any]]] = {
    "lost": (lambda seen: cut(), log_in, APIConnectionError, {}),
    "silent": (lambda seen: silence, log_in, ServerTimeout, {"timeout": 0.4}),
    "too large": (lambda seen: reply({"a": FETCHED * 50}), log_in, ResponseTooLargeError, {"max_response_bytes": 64}),
    "no address": (echo, lambda api: api.at(f"ftp://u:{PASSWORD}@h/?api_key={SENT}"), InvalidURL, {}),
    "unsendable": (
        echo,
        lambda api: api.log_in(password=PASSWORD, api_key=SENT, trace=f"{SENT}\n"),
        InvalidArgument,
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_no_frame_holds_a_secret(mode: Mode, name: str) -> None:
    answer, step, kind, settings = CASES[name]
    with Wire(answer=answer) as wire:
        error = caught(lambda: consume(mode, wire.url, Service, step, **OWN, **settings))
    assert isinstance(error, kind), repr(error)
    assert not held_by(error)


def test_no_frame_of_a_connection_that_is_not_made_holds_a_secret(mode: Mode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    error = caught(lambda: consume(mode, url, Service, log_in, **OWN))
    assert isinstance(error, APIConnectionError) and not isinstance(error, ConnectionTimeout)
    assert not held_by(error)


def test_no_frame_of_a_handler_that_refuses_a_reply_holds_a_secret(mode: Mode) -> None:
    with Wire(answer=echo) as wire:
        error = caught(lambda: consume(mode, wire.url, Checked, log_in, **OWN))
    assert isinstance(error, APIStatusError)
    assert not held_by(error)


READING = {"refused": lambda reply: reply.raise_for_status(), "not JSON": lambda reply: reply.json()}


@pytest.mark.parametrize("name", READING)
def test_no_frame_of_a_reply_that_cannot_be_used_holds_a_secret(mode: Mode, name: str) -> None:
    read = READING[name]

    async def awaited(coming: Any) -> Any:
        made = read(await coming)
        return await made if hasattr(made, "__await__") else made

    def step(api: Any) -> Any:
        return awaited(log_in(api)) if mode.is_async else read(log_in(api))

    with Wire(answer=lambda seen: reply(f"<{FETCHED}>".encode(), 400)) as wire:
        error = caught(lambda: consume(mode, wire.url, Service, step, **OWN))
    assert isinstance(error, APIStatusError | ValueError), repr(error)
    assert not held_by(error)


def test_the_whole_traceback_is_kept_on_request(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMEL_TRACEBACK", "full")
    with Wire(answer=lambda seen: cut()) as wire:
        error = caught(lambda: consume(mode, wire.url, Service, log_in, **OWN))
    assert held_by(error)
