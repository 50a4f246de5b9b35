"""What the tests of the Julep SDK share: one sandbox, and in each test a developer of its own with a client."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.sandbox import JulepSandbox, serve

from .modes import MODES, Mode

# Settings of the machine that clients read: keys, addresses, proxies, bundles of certificates.
MACHINE = re.compile(r"JULEP_.*|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE|NETRC", re.IGNORECASE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a test."""
    for name in filter(MACHINE.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[JulepSandbox]:
    with serve("julep") as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: JulepSandbox) -> Iterator[JulepSandbox]:
    """The one sandbox of all tests, as new: no fault waits, jobs succeed at once, the log is empty."""
    running_sandbox.requests.clear()
    yield running_sandbox
    running_sandbox.faults.clear()
    running_sandbox.set_jobs()
    running_sandbox.set_pace(0)


@pytest.fixture(params=MODES, ids=lambda mode: mode.name)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def client(mode: Mode, sandbox: JulepSandbox) -> Any:
    """A client of the mode, of a developer who has no records yet."""
    return mode.client(sandbox.api_url, sandbox.add_developer())
