"""The pytest fixtures `infisical_sandbox` and `gemel_stub`; only using one imports the rest of gemel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gemel.sandbox import Sandbox
    from gemel.testing.stub import StubServer

__all__ = ["gemel_stub", "infisical_sandbox"]


@pytest.fixture
def infisical_sandbox() -> Iterator[Sandbox]:
    """Serve an Infisical sandbox for one test, empty at its start, with its `url`, `token`, `faults` and `requests`."""
    from gemel.sandbox import serve

    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def gemel_stub() -> Iterator[StubServer]:
    """Serve a StubServer for one test, which fails at its end for calls without a route and routes without a call."""
    from gemel.testing.stub import StubServer

    with StubServer() as stub:
        yield stub
