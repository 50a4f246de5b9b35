"""The pytest fixtures `infisical_sandbox` and `gemel_stub`: pytest loads this module, a fixture the rest."""

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
    """Serve an Infisical sandbox for one test, empty at its start: its `url`, `token`, `faults` and `requests`."""
    from gemel.sandbox import serve

    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def gemel_stub() -> Iterator[StubServer]:
    """Serve a StubServer for one test; its end fails on calls without a route and on routes without a call."""
    from gemel.testing.stub import StubServer

    with StubServer() as stub:
        yield stub
