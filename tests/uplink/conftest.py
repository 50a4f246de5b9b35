"""What the tests of uplink share: both modes, and a clean environment."""

from __future__ import annotations

from typing import Any

import pytest

from ..kit.authority import Authority
from ..kit.shop import ASYNC, SYNC, Mode


@pytest.fixture(params=[SYNC, ASYNC], ids=lambda mode: mode.name)
def mode(request: Any) -> Mode:
    """Each test that asks for it runs blocking and awaited."""
    chosen: Mode = request.param
    return chosen


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, netrc or authority of the machine reaches a test."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NETRC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))
