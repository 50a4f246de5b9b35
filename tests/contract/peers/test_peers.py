"""The published SDKs do their work on the sandbox and get what gemel gets: it behaves as what they were made for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gemel.infisical import ImportSource, InfisicalClient
from gemel.sandbox import Sandbox

pytestmark = pytest.mark.skipif(find_spec("infisical_sdk") is None, reason="the peers are installed by tox -e peers")
PEER = Path(__file__).with_name("peer.py")
PEERS = [("gemel", "async"), ("httpx", "sync"), ("httpx", "async"), ("official", "sync")]


def results(sandbox: Sandbox, name: str, mode: str) -> dict[str, Any]:
    """What one SDK told of its work in a project of its own."""
    identity = sandbox.add_identity(f"{name}-{mode}", role="admin")
    given = {"url": sandbox.url, "client_id": identity.client_id, "client_secret": identity.client_secret}
    given["project"] = project(sandbox)
    run = subprocess.run(
        [sys.executable, str(PEER), name, mode],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        env={key: value for key, value in os.environ.items() if not key.startswith("INFISICAL_")},
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def project(sandbox: Sandbox) -> str:
    """A new project, where dev imports a secret from prod."""
    with InfisicalClient(endpoint=sandbox.url, token=sandbox.token) as client:
        made = client.projects.create("Peers").id
        client.secrets.create("IMPORTED", secret_value="from prod", project_id=made, environment="prod")
        client.secret_imports.create(ImportSource(environment="prod", path="/"), project_id=made, environment="dev")
    return made


class Plain:
    """Makes results of different projects comparable: ids become numbers in order, times become "now"."""

    UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.of(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner) for inner in value]
        if isinstance(value, str) and self.UUID.fullmatch(value):
            return self._ids.setdefault(value, f"id {len(self._ids) + 1}")
        if isinstance(value, float) and abs(value - time.time()) < 120:
            return "now"
        return value


@pytest.fixture(scope="module")
def expected() -> Iterator[dict[str, Any]]:
    """What gemel tells, blocking."""
    from gemel.sandbox import serve

    with serve() as sandbox:
        yield Plain().of(results(sandbox, "gemel", "sync"))


def test_gemel_tells_what_was_done(expected: dict[str, Any]) -> None:
    """The yardstick itself is right."""
    assert expected["retrieved"]["value"] == "multi\nline $not {} ä€𝄞\n"
    assert (expected["created"]["key"], expected["created"]["created"]) == ("ONE", "now")
    assert [each["key"] for each in expected["listed"]] == ["TWO"]
    assert [(each["key"], each["path"]) for each in expected["listed below"]] == [
        ("TWO", "/outer"),
        ("ONE", "/outer/inner"),
    ]
    assert {each["value"] for each in expected["listed below"]} == {"<hidden-by-infisical>"}
    assert (expected["updated"]["key"], expected["updated"]["version"]) == ("THREE", 2)
    assert expected["imported"]["value"] == "from prod"
    assert (expected["folder"]["path"], expected["folder"]["slug"]) == ("/outer/inner", "dev")
    assert [each["name"] for each in expected["all folders"]] == ["outer", "inner"]
    assert [each["status"] for each in expected["refused"]] == [404, 400, 422]


@pytest.mark.parametrize(("name", "mode"), PEERS)
def test_a_peer_gets_what_gemel_gets(name: str, mode: str, expected: dict[str, Any], sandbox: Sandbox) -> None:
    told = Plain().of(results(sandbox, name, mode))
    assert told.keys() == expected.keys()
    for step, result in told.items():
        assert result == expected[step], step
