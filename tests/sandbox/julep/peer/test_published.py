"""The published SDK, julep 0.3.9, does all it can on the sandbox: blocking, async and streamed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gemel.sandbox import JulepSandbox

pytestmark = pytest.mark.skipif(find_spec("julep") is None, reason="peer/requirements.txt is not installed")
PROGRAM = Path(__file__).with_name("published.py")

# What raises, and why.
RAISES = {
    "memories.list": ("ApiError", 404),  # the server has no memories
    "agents.get after deleting": ("ApiError", 404),
    "an unknown model": ("NotFoundError", 404),
}
# The async SDK deletes the tool, then trips over the annotation of its own return value.
RAISES_ASYNC = {"tools.delete": ("BeartypeCallHintReturnViolation", None)}


def told(sandbox: JulepSandbox, mode: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, str(PROGRAM), mode],
        input=json.dumps({"api_key": sandbox.api_key, "api_url": sandbox.api_url}),
        capture_output=True,
        text=True,
        timeout=90,
        env={key: value for key, value in os.environ.items() if not key.startswith("JULEP_")},
    )
    assert run.returncode == 0, run.stderr
    results: dict[str, Any] = json.loads(run.stdout)
    return results


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_every_method_of_the_published_sdk_works_on_the_sandbox(sandbox: JulepSandbox, mode: str) -> None:
    results = told(sandbox, mode)
    methods = results.pop("methods")
    assert len(methods) == 27
    assert set(methods) <= results.keys()
    raised = {step: result for step, result in results.items() if isinstance(result, dict) and "error" in result}
    expected = RAISES | (RAISES_ASYNC if mode == "async" else {})
    assert {step: (error["error"], error["status"]) for step, error in raised.items()} == expected
    check_records(results)
    check_chat(results)
    check_completions(results)
    keys = {request.header("authorization") for request in sandbox.requests}
    assert keys == {f"Bearer {sandbox.api_key}"}


def check_records(results: dict[str, Any]) -> None:
    assert (results["agents.get"]["name"], results["agents.get"]["about"]) == ("A", "a")
    assert [agent["id"] for agent in results["agents.list"]] == [results["agents.create"]["id"]]
    assert results["users.get"]["name"] == "U"
    assert [tool["function"]["name"] for tool in results["tools.get"]] == ["f", "f"]
    assert len(results["tools.get after deleting"]) == 1
    assert [doc["title"] for doc in results["docs.list"]] == ["Trains", "Trains"]
    assert len(results["docs.list of a user"]) == 1
    assert results["sessions.get"]["situation"] == "s"


def check_chat(results: dict[str, Any]) -> None:
    said = results["sessions.chat"]
    assert said["response"][0][0]["content"] == "echo: hello train"
    assert len(said["doc_ids"]["agent_doc_ids"]) == 2
    assert len(said["doc_ids"]["user_doc_ids"]) == 1
    assert results["sessions.chat tool"]["response"][0][0]["role"] == "function_call"
    roles = [message["role"] for message in results["sessions.history"]]
    assert roles == ["user", "assistant", "user", "function_call"]
    assert results["sessions.history after deleting"] == results["sessions.suggestions"] == []


def check_completions(results: dict[str, Any]) -> None:
    assert results["chat.completions.create"]["choices"][0]["message"]["content"] == "echo: hello train"
    assert results["completions.create"]["choices"][0]["text"] == "echo: one two"
    chunks = [chunk["choices"][0] for chunk in results["chat.completions stream"]]
    assert "".join(chunk["delta"]["content"] or "" for chunk in chunks) == "echo: hello train"
    assert chunks[-1]["finish_reason"] == "stop"
    texts = [chunk["choices"][0]["text"] for chunk in results["completions stream"]]
    assert texts == ["echo: ", "one ", "two"]
