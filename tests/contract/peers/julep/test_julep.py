"""The published SDK, julep 0.3.9, does all it can on the sandbox, and gemel does the same and gets the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemel.sandbox import JulepSandbox, serve

from .comparing import differences
from .mends import ASYNC_MENDS, ERRORS, MENDS

HERE = Path(__file__).parent
RECORDED = HERE.parents[2] / "julep" / "data" / "managers.json"
MODES = ("sync", "async")
# With the proxies and certificates of the machine, which no test but an installation may see.
AS_STARTED = dict(os.environ)
Told = dict[str, Any]
Runs = dict[tuple[str, str], Told]

# What raises, and with which status; None where nothing is sent.
RAISES = {
    "memories.list": 404,  # the server has no memories
    "sessions.get after deleting": 404,
    "agents.get after deleting": 404,
    "chat in no session": 404,
    "the tool of no agent": 404,
    "an unknown model": 404,
    "a wrong id": None,
    "docs of nobody": None,
}


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of an environment made for the published SDK."""
    making = [sys.executable, str(HERE / "environment.py"), str(tmp_path_factory.mktemp("published"))]
    run = subprocess.run(making, capture_output=True, text=True, timeout=110, env=AS_STARTED)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[JulepSandbox]:
    with serve("julep") as running:
        yield running


@pytest.fixture(scope="module")
def runs(sandbox: JulepSandbox, interpreter: str) -> Runs:
    """What each SDK told in each mode."""
    pythons = {"published": interpreter, "gemel": sys.executable}
    return {(sdk, mode): told(sandbox, python, sdk, mode) for sdk, python in pythons.items() for mode in MODES}


def told(sandbox: JulepSandbox, python: str, sdk: str, mode: str) -> Told:
    """What one SDK told of its work as a developer of its own."""
    key = sandbox.add_developer()
    before = len(sandbox.requests)
    run = subprocess.run(
        [python, str(HERE / "peer.py"), sdk, mode],
        input=json.dumps({"api_key": key, "base_url": sandbox.api_url}),
        capture_output=True,
        text=True,
        timeout=90,
        env={name: value for name, value in os.environ.items() if not name.startswith("JULEP_")},
    )
    assert run.returncode == 0, run.stderr
    assert {request.header("authorization") for request in sandbox.requests[before:]} == {f"Bearer {key}"}
    results: Told = json.loads(run.stdout)
    return results


def recorded() -> set[str]:
    """Every manager method that is recorded of the published SDK."""
    managers = json.loads(RECORDED.read_text(encoding="utf-8"))["managers"]
    return {f"{noun}.{name}" for noun, known in managers.items() for name in known if not name.startswith("_")}


@pytest.mark.parametrize("mode", MODES)
def test_every_manager_method_is_called(mode: str, runs: Runs) -> None:
    published, gemel = runs["published", mode], runs["gemel", mode]
    assert set(published["methods"]) == recorded()
    assert recorded() <= set(gemel["methods"])
    assert recorded() <= published["steps"].keys()
    assert published["steps"].keys() == gemel["steps"].keys()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sdk", ["published", "gemel"])
def test_an_sdk_does_its_work(sdk: str, mode: str, runs: Runs) -> None:
    steps = runs[sdk, mode]["steps"]
    failed = {step: result for step, result in steps.items() if isinstance(result, dict) and "error" in result}
    if (sdk, mode) == ("published", "async"):
        assert failed.pop("tools.delete")["error"] == "BeartypeCallHintReturnViolation"
    assert {step: error.get("status") for step, error in failed.items()} == RAISES
    assert [step for step, error in failed.items() if error["assertion"]] == ["a wrong id", "docs of nobody"]
    check_records(steps)
    check_chat(steps)
    check_completions(steps)


def check_records(steps: Told) -> None:
    assert (steps["agents.get"]["name"], steps["agents.get"]["about"]) == ("A", "a")
    assert [agent["id"] for agent in steps["agents.list"]] == [steps["agents.create"]["id"]]
    assert steps["agents.get after updating"]["about"] == "c"
    assert (steps["users.get"]["name"], steps["users.get after updating"]["name"]) == ("U", "V")
    assert [tool["function"]["name"] for tool in steps["tools.get"]] == ["f", "f"]
    assert [len(steps[f"tools.get after {doing}"]) for doing in ("updating", "deleting")] == [2, 1]
    assert [doc["title"] for doc in steps["docs.list"]] == ["Trains", "Trains"]
    assert len(steps["docs.list after deleting"]) == 1
    assert steps["sessions.get"]["situation"] == "s"


def check_chat(steps: Told) -> None:
    said = steps["sessions.chat"]
    assert said["response"][0][0]["content"] == "echo: hello train"
    assert [len(said["doc_ids"][f"{owner}_doc_ids"]) for owner in ("agent", "user")] == [1, 1]
    assert steps["sessions.chat tool"]["response"][0][0]["role"] == "function_call"
    roles = [message["role"] for message in steps["sessions.history"]]
    assert roles == ["user", "assistant", "user", "function_call"]
    assert steps["sessions.history after deleting"] == steps["sessions.suggestions"] == []


def check_completions(steps: Told) -> None:
    assert steps["chat.completions.create"]["choices"][0]["message"]["content"] == "echo: hello train"
    assert steps["completions.create"]["choices"][0]["text"] == "echo: one two"
    chunks = [chunk["choices"][0] for chunk in steps["chat.completions.create stream"]]
    assert "".join(chunk["delta"].get("content") or "" for chunk in chunks) == "echo: hello train"
    assert chunks[-1]["finish_reason"] == "stop"
    texts = [chunk["choices"][0]["text"] for chunk in steps["completions.create stream"]]
    assert texts == ["echo: ", "one ", "two"]


@pytest.mark.parametrize("mode", MODES)
def test_gemel_gets_what_the_published_sdk_gets_or_a_mend_explains_it(mode: str, runs: Runs) -> None:
    found = differences(runs["published", mode]["steps"], runs["gemel", mode]["steps"])
    mends = MENDS + (ASYNC_MENDS if mode == "async" else ())
    unexplained = {
        place: pair for place, pair in found.items() if not any(mend.explains(place, pair) for mend in mends)
    }
    assert unexplained == {}
    unused = [mend for mend in mends if not any(mend.explains(place, pair) for place, pair in found.items())]
    assert unused == []
    assert {pair for place, pair in found.items() if place.endswith(".error") and "absent" not in pair} == ERRORS


def test_gemel_gets_the_same_in_both_modes(runs: Runs) -> None:
    assert differences(runs["gemel", "sync"]["steps"], runs["gemel", "async"]["steps"]) == {}


def test_a_difference_is_seen() -> None:
    """The comparison itself: values, ids that are mixed up, times long ago, and what is missing or more."""
    identifier, other = "f1793157-576c-4604-8092-24bcccb1b3a6", "913c2198-0096-47b7-8f5f-2d4d5c9d4bfa"
    long_ago, later = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"
    one = {"make": {"id": identifier, "n": 1, "none": None}, "get": {"of": f"its {identifier}", "made_at": long_ago}}
    assert differences(one, json.loads(json.dumps(one).replace(identifier, other))) == {}
    changed = {"make": {"id": identifier, "n": 2, "more": []}, "get": {"of": f"its {other}", "made_at": later}}
    assert differences(one, changed).keys() == {"make.n", "make.more", "get.of", "get.made_at"}
    assert differences(one, {"make": one["make"]}).keys() == {"get.of", "get.made_at"}
