"""The clients: settings and their order, the environment, headers, timeouts, own sessions, and their life."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests

from gemel.julep import AsyncClient, Client, MissingSettingError
from gemel.kit.errors import APITimeoutError, ClientClosedError, CredentialsError, InvalidArgument
from gemel.kit.http.messages import Timeout
from gemel.sandbox import JulepSandbox
from gemel.testing import StubServer

from .modes import KEY, Mode

BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])
NOWHERE = "http://127.0.0.1:9/api"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(assert_all_called=False) as running:
        running.on("GET", "api/agents").reply_json({"items": []})
        yield running


def asked(stub: StubServer, name: str) -> str | None:
    """A header of the last request."""
    return stub.calls[-1].headers.get(name)


def test_the_arguments_have_the_order_of_the_published_client(mode: Mode, stub: StubServer) -> None:
    client = mode.closing(mode.client_class(KEY, stub.url + "/api", 20, {"X-Trace": "t"}, None, retries=0))
    assert mode.run(client.agents.list()) == []
    assert asked(stub, "Authorization") == f"Bearer {KEY}" and asked(stub, "X-Trace") == "t"


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_a_slash_at_the_end_of_the_address_makes_no_difference(mode: Mode, stub: StubServer, slashes: str) -> None:
    client = mode.client(stub.url + "/api" + slashes)
    mode.run(client.agents.list())
    assert stub.calls[-1].target.startswith("/api/agents?")


def test_key_and_address_come_from_the_environment(
    mode: Mode, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is when a client is made, not when the package is imported."""
    monkeypatch.setenv("JULEP_API_KEY", "key-one")
    monkeypatch.setenv("JULEP_API_URL", stub.url + "/api")
    one = mode.closing(mode.client_class(retries=0))
    monkeypatch.setenv("JULEP_API_KEY", "key-two")
    two = mode.closing(mode.client_class(retries=0))
    given = mode.closing(mode.client_class("key-three", retries=0))
    for client, key in ((one, "key-one"), (two, "key-two"), (given, "key-three")):
        mode.run(client.agents.list())
        assert asked(stub, "Authorization") == f"Bearer {key}"


MISSING: list[tuple[dict[str, str], str]] = [
    ({"JULEP_API_URL": NOWHERE}, "api_key must be provided, or set as the environment variable JULEP_API_KEY"),
    ({"JULEP_API_URL": NOWHERE, "JULEP_API_KEY": ""}, "JULEP_API_KEY"),
    ({"JULEP_API_KEY": "k"}, "base_url must be provided, or set as the environment variable JULEP_API_URL"),
    ({}, "JULEP_API_KEY"),
]


@BOTH
@pytest.mark.parametrize("environment, said", MISSING, ids=str)
def test_a_missing_setting_is_named(
    kind: Any, environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AssertionError, match=said) as caught:
        kind()
    assert isinstance(caught.value, MissingSettingError) and isinstance(caught.value, CredentialsError)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"api_key": 5}, InvalidArgument, "api_key: expected str or None, got int"),
    ({"api_key": b"k"}, InvalidArgument, "api_key"),
    ({"api_key": "two\nlines"}, CredentialsError, "cannot be sent"),
    ({"base_url": 5}, InvalidArgument, "base_url: expected str or None, got int"),
    ({"base_url": "host/api"}, ValueError, "base_url, or JULEP_API_URL: expected an address like https://host/api"),
    ({"base_url": "https://"}, ValueError, "address"),
    ({"timeout": "5"}, ValueError, "timeout"),
    ({"timeout": 0}, ValueError, "timeout"),
    ({"timeout": None}, ValueError, "timeout"),
    ({"additional_headers": 5}, InvalidArgument, "additional_headers: expected a mapping or None, got int"),
    ({"additional_headers": {"A b": "c"}}, ValueError, "headers"),
    ({"_httpx_client": object()}, InvalidArgument, "pass session=requests.Session()"),
    ({"retry": 3}, TypeError, "retry"),
]


@BOTH
@pytest.mark.parametrize("text", ["u:hunter2@h", "u:hun?ter2@h", "h?token=hunter2", "h#hunter2", "https://h?hunter2"])
def test_an_address_that_cannot_be_is_told_without_what_may_be_secret_in_it(kind: Any, text: str) -> None:
    with pytest.raises(ValueError, match="expected an address") as caught:
        kind(api_key="k", base_url=text)
    assert "ter2" not in str(caught.value)


@BOTH
@pytest.mark.parametrize("given, error, said", WRONG, ids=[said for _, _, said in WRONG])
def test_settings_that_cannot_work_are_refused(
    kind: Any, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        kind(**{"api_key": "hidden-key", "base_url": NOWHERE, **given})
    assert said in str(caught.value) and "hidden-key" not in str(caught.value)


@BOTH
def test_the_key_is_in_no_repr(kind: Any) -> None:
    client = kind("hidden-key", NOWHERE)
    assert "hidden-key" not in f"{client!r} {client.agents!r} {vars(client)!r}"


def test_importing_reads_no_environment_and_sends_nothing() -> None:
    code = "import gemel.julep, sys; print(sorted({'aiohttp', 'httpx', 'openai', 'beartype'} & sys.modules.keys()))"
    environment = {**os.environ, "JULEP_API_URL": "nonsense", "JULEP_API_KEY": "two words"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize("timeout", [0.2, Timeout(total=0.2)], ids=["seconds", "Timeout"])
def test_the_timeout_takes_effect(mode: Mode, stub: StubServer, timeout: Any) -> None:
    """The published client has one that does not."""
    stub.on("GET", "api/users").reply_json({"items": []}, delay=2)
    client = mode.client(stub.url + "/api", timeout=timeout)
    with pytest.raises(APITimeoutError, match="in time"):
        mode.run(client.users.list())


@BOTH
def test_the_timeout_is_that_of_the_published_client(kind: Any) -> None:
    assert inspect.signature(kind.__init__).parameters["timeout"].default == 300
    assert kind(KEY, NOWHERE)._caller.timeout.total == 300


def test_one_call_may_have_another_timeout(mode: Mode, stub: StubServer) -> None:
    stub.on("GET", "api/users").reply_json({"items": []}, delay=2)
    client = mode.client(stub.url + "/api", timeout=60)
    with pytest.raises(APITimeoutError):
        mode.run(client.users.list.options(timeout=0.2)())
    with pytest.raises(APITimeoutError):
        mode.run(client.with_options(timeout=0.2).users.list())


def test_additional_headers_go_with_every_request(mode: Mode, sandbox: JulepSandbox) -> None:
    headers = {"X-Trace": "t", "X-Team": "blue"}
    client = mode.client(
        sandbox.api_url, sandbox.add_developer(), additional_headers=headers, headers={"X-Team": "red"}
    )
    made = mode.run(client.agents.create(name="A"))
    mode.run(client.agents.update(agent_id=made.id, about="b"))
    mode.run(client.chat.completions.create(messages=[{"role": "user", "content": "hi"}]))
    assert len(sandbox.requests) == 5
    assert {(each.header("x-trace"), each.header("x-team")) for each in sandbox.requests} == {("t", "red")}


def test_an_own_session_is_used_and_left_open(sandbox: JulepSandbox) -> None:
    with requests.Session() as session:
        session.headers["X-Mine"] = "yes"
        with Client(sandbox.add_developer(), sandbox.api_url, session=session) as client:
            client.agents.create(name="A")
        assert sandbox.requests[-1].header("x-mine") == "yes"
        assert session.get(f"{sandbox.url}/api/agents", timeout=5).status_code == 403


def test_an_own_async_session_is_used_and_left_open(sandbox: JulepSandbox) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession(headers={"X-Mine": "yes"}) as session:
            async with AsyncClient(sandbox.add_developer(), sandbox.api_url, session=session) as client:
                await client.agents.create(name="A")
            assert sandbox.requests[-1].header("x-mine") == "yes"
            async with session.get(f"{sandbox.url}/api/agents") as answer:
                assert answer.status == 403

    asyncio.run(main())


def test_a_block_closes_the_client(sandbox: JulepSandbox) -> None:
    with Client(sandbox.add_developer(), sandbox.api_url) as client:
        assert client.agents.list() == []
    client.close()
    with pytest.raises(ClientClosedError):
        client.agents.list()


def test_a_block_closes_the_async_client(sandbox: JulepSandbox) -> None:
    async def main() -> None:
        async with AsyncClient(sandbox.add_developer(), sandbox.api_url) as client:
            assert await client.agents.list() == []
        await client.close()
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await client.agents.list()

    asyncio.run(main())


def test_a_wrong_key_is_told_with_what_to_look_at(mode: Mode, sandbox: JulepSandbox) -> None:
    client = mode.client(sandbox.api_url, "wrong-key")
    with pytest.raises(Exception, match="Could not validate API KEY") as caught:
        mode.run(client.agents.list())
    assert "JULEP_API_KEY" in str(caught.value) and "wrong-key" not in str(caught.value)
