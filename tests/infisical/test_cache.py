"""A client that keeps what the server gave: ETags of lists, writes, and a server that is lost."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.kit.caching import Cache
from gemel.kit.errors import APIConnectionError
from gemel.sandbox import Sandbox, serve

from .modes import Mode

Place = dict[str, str]


def test_a_list_is_confirmed_by_its_etag(mode: Mode, sandbox: Sandbox, client: Any, place: Place) -> None:
    mode.run(client.secrets.create("DB_URL", secret_value="hunter2", **place))
    keeping = mode.client(endpoint=sandbox.url, token=sandbox.token, cache=Cache(ttl=0))
    first = mode.run(keeping.secrets.list.raw(**place))
    again = mode.run(keeping.secrets.list.raw(**place))
    assert (first.cache, again.cache) == ("miss", "revalidated")
    assert sandbox.requests[-1].header("if-none-match") == first.headers["etag"]
    assert [secret.secret_value for secret in again.value] == ["hunter2"]
    mode.run(client.secrets.update("DB_URL", secret_value="hunter3", **place))
    changed = mode.run(keeping.secrets.list.raw(**place))
    assert changed.cache == "miss"
    assert [secret.secret_value for secret in changed.value] == ["hunter3"]


def test_a_write_is_seen_at_once(mode: Mode, sandbox: Sandbox, client: Any, place: Place) -> None:
    keeping = mode.client(endpoint=sandbox.url, token=sandbox.token, cache=Cache(ttl=60))
    mode.run(keeping.secrets.create("DB_URL", secret_value="hunter2", **place))
    uses = [mode.run(keeping.secrets.retrieve.raw("DB_URL", **place)).cache for _ in range(2)]
    assert uses == ["miss", "hit"]
    mode.run(keeping.secrets.update("DB_URL", secret_value="hunter3", **place))
    assert mode.run(keeping.secrets.retrieve("DB_URL", **place)).secret_value == "hunter3"


def test_a_secret_survives_the_server_for_a_bounded_time(mode: Mode) -> None:
    """The client has to log in again while the server is down: that does not stand in the way."""
    now = [0.0]
    with serve() as sandbox:
        login = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        cache = Cache(ttl=10, stale_if_error=300, clock=lambda: now[0])
        client = mode.client(endpoint=sandbox.url, cache=cache, **login)
        project = mode.run(client.projects.create("Demo"))
        place = {"project_id": project.id, "environment": "dev"}
        mode.run(client.secrets.create("DB_URL", secret_value="hunter2", **place))
        mode.run(client.secrets.retrieve("DB_URL", **place))
    now[0] = 309.9
    kept = mode.run(client.secrets.retrieve.raw("DB_URL", **place))
    assert kept.stale and kept.value.secret_value == "hunter2"
    now[0] = 310.0
    with pytest.raises(APIConnectionError):
        mode.run(client.secrets.retrieve("DB_URL", **place))
