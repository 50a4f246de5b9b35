"""The official openai package on the same server, configured by `client.openai()`; both modes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from gemel.julep import AsyncClient, Client
from gemel.julep.errors import MissingExtraError
from gemel.kit.errors import GemelError
from gemel.sandbox import JulepSandbox

MODEL = "julep-ai/samantha-1-turbo"
HELLO: list[Any] = [{"role": "user", "content": "good day"}]


@pytest.fixture(autouse=True)
def other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account at OpenAI in the environment, of which the server must not hear."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")


def check_request(sandbox: JulepSandbox) -> None:
    """The request has the key and the headers of the client, and nothing of the environment."""
    request = sandbox.requests[-1]
    assert request.target == "/v1/chat/completions"
    assert request.header("authorization") == f"Bearer {sandbox.api_key}"
    assert request.header("x-trace") == "t"
    assert not [value for _, value in request.headers if "another" in value]


def test_the_blocking_client(sandbox: JulepSandbox) -> None:
    with Client(sandbox.api_key, sandbox.api_url, timeout=33, additional_headers={"X-Trace": "t"}) as client:
        with client.openai() as official:
            assert type(official).__module__.startswith("openai")
            assert official.timeout == 33
            answer = official.chat.completions.create(model=MODEL, messages=HELLO)
            assert answer.choices[0].message.content == "echo: good day"
            check_request(sandbox)
            with official.chat.completions.create(model=MODEL, messages=HELLO, stream=True) as chunks:
                texts = [chunk.choices[0].delta.content or "" for chunk in chunks]
            assert "".join(texts) == "echo: good day"


def test_the_async_client(sandbox: JulepSandbox) -> None:
    async def answered() -> Any:
        async with AsyncClient(sandbox.api_key, sandbox.api_url, additional_headers={"X-Trace": "t"}) as client:
            async with client.openai() as official:
                return await official.chat.completions.create(model=MODEL, messages=HELLO)

    assert asyncio.run(answered()).choices[0].message.content == "echo: good day"
    check_request(sandbox)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_without_the_package_the_extra_is_named(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[openai\]'") as caught:
        kind("key", "https://host.example/api").openai()
    assert isinstance(caught.value, GemelError) and isinstance(caught.value, ImportError)


def test_a_package_that_is_broken_is_not_called_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "openai.py").write_text("import what_it_needs_and_is_not_there\n")
    monkeypatch.delitem(sys.modules, "openai", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs") as caught:
        Client("key", "https://host.example/api").openai()
    assert not isinstance(caught.value, GemelError)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_key_is_in_no_repr(kind: Any) -> None:
    client = kind("key-of-mine", "https://host.example/api", additional_headers={"X-Api-Key": "other-key"})
    shown = [repr(client), repr(client.chat), repr(client.completions), repr(client.openai()), repr(vars(client))]
    assert not [text for text in shown if "key-of-mine" in text or "other-key" in text]
