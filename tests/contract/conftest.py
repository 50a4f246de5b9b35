"""What the contract tests share: a sandbox, and an environment without the machine's own settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from gemel.sandbox import Sandbox, serve

# Credentials, addresses, proxies and bundles of certificates: clients read them.
MACHINE = re.compile(r"INFISICAL_.*|JULEP_.*|.*_PROXY|SSL_CERT_.*|.*_CA_BUNDLE|NETRC", re.IGNORECASE)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """Nothing of the machine's own settings reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(MACHINE.fullmatch, list(os.environ)):
            patch.delenv(name)
        yield


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running
