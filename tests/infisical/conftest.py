"""What the tests of the Infisical SDK share: a sandbox, both clients, and a project with secrets in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.sandbox import Sandbox, serve

from .modes import MODES, Mode

Place = dict[str, str]

# Settings of the machine that clients read: credentials, addresses, proxies, bundles of certificates.
MACHINE = re.compile(r"INFISICAL_.*|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE|NETRC", re.IGNORECASE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a test."""
    for name in filter(MACHINE.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


@pytest.fixture(params=MODES, ids=lambda mode: mode.name)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def client(mode: Mode, sandbox: Sandbox) -> Any:
    """A client of the mode, with an admin's token."""
    return mode.client(endpoint=sandbox.url, token=sandbox.token)


@pytest.fixture
def place(mode: Mode, client: Any) -> Place:
    """The environment dev of a new project, as the arguments that every call takes."""
    project = mode.run(client.projects.create("Demo"))
    return {"project_id": project.id, "environment": "dev"}
