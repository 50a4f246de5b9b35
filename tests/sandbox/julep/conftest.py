"""What the tests of the Julep sandbox share: a running one and a plain HTTP client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemel.sandbox import JulepSandbox, serve

from .wire import Julep


@pytest.fixture
def sandbox() -> Iterator[JulepSandbox]:
    with serve("julep") as running:
        yield running


@pytest.fixture
def julep(sandbox: JulepSandbox) -> Iterator[Julep]:
    client = Julep(sandbox.url, sandbox.api_key)
    with client.session:
        yield client
