"""What the tests of the testing kit share: both modes, and a clean environment."""

from __future__ import annotations

from typing import Any

import pytest

from .library import avisit, visit


@pytest.fixture(params=[visit, avisit], ids=["sync", "async"])
def call(request: Any) -> Any:
    """Each test that asks for it runs blocking and awaited."""
    return request.param


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine stands between a client and its stub."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
