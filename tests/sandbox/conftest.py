"""What the tests of the sandbox share: a running sandbox and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemel.sandbox import Sandbox, serve

from .wire import Http, Vault


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[Http]:
    client = Http(sandbox.url, sandbox.token)
    with client.session:
        yield client


@pytest.fixture
def project(http: Http) -> str:
    """The id of a project with the environments dev, staging and prod."""
    return str(http.ok("POST", "/api/v1/projects", json={"projectName": "Demo"})["project"]["id"])


@pytest.fixture
def vault(http: Http, project: str) -> Vault:
    return Vault(http, project)
