"""Starting and stopping: both ways of entering, failures in the caller, records that survive."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sqlite3
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import aiohttp
import pytest
import requests

from gemel.sandbox import Sandbox, SandboxDataError, serve

from .wire import Http, Vault, log_in


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.url.rpartition(":")[2])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def servers() -> set[threading.Thread]:
    """The threads of sandboxes; those of other tests may still be there."""
    return {thread for thread in threading.enumerate() if thread.name == "gemel-sandbox"}


def test_a_with_block_serves_from_a_thread_that_ends_with_it() -> None:
    before = set(threading.enumerate())
    with serve() as sandbox:
        assert requests.get(f"{sandbox.url}/api/status", timeout=5).json()["message"] == "Ok"
        started = set(threading.enumerate()) - before
        assert [(thread.name, thread.daemon) for thread in started] == [("gemel-sandbox", True)]
    assert set(threading.enumerate()) == before
    assert not is_open(port_of(sandbox))


def test_an_async_with_block_serves_from_the_running_loop() -> None:
    before = servers()

    async def main() -> Sandbox:
        async with serve() as sandbox, aiohttp.ClientSession() as session:
            assert servers() == before
            async with session.get(f"{sandbox.url}/api/status") as answer:
                assert (await answer.json())["message"] == "Ok"
            return sandbox

    assert not is_open(port_of(asyncio.run(main())))


def test_a_taken_port_fails_in_the_caller_and_leaves_nothing_behind() -> None:
    before = servers()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError), serve(port=port):
            pass

        async def main() -> None:
            async with serve(port=port):
                pass

        with pytest.raises(OSError):
            asyncio.run(main())
    assert servers() == before
    gc.collect()


def test_the_port_asked_for_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serve(port=port) as sandbox:
        assert port_of(sandbox) == port


def test_an_unknown_api_is_refused() -> None:
    with pytest.raises(ValueError, match="no sandbox for 'vault'"):
        serve("vault")


def test_entering_twice_is_refused_while_it_runs() -> None:
    serving = serve()
    with serving, pytest.raises(RuntimeError, match="already running"), serving:
        pass
    with serving as again:
        assert requests.get(f"{again.url}/api/status", timeout=5).ok


@pytest.mark.parametrize("kind", ["text", "other database", "directory"])
def test_a_data_file_of_something_else_is_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "data"
    if kind == "text":
        file.write_text("no database at all, and long enough to be looked at" * 40)
    elif kind == "directory":
        file.mkdir()
    else:
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE things (id)")
        other.close()
    with pytest.raises(SandboxDataError, match="data file"), serve(data=file):
        pass
    gc.collect()


def test_a_data_file_serves_one_sandbox_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve(data=file), pytest.raises(SandboxDataError, match="locked"), serve(data=file):
        pass


def test_a_data_file_keeps_credentials_tokens_and_secrets(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve(data=file) as first:
        http = Http(first.url, first.token)
        project = http.ok("POST", "/api/v1/projects", json={"projectName": "Kept"})["project"]["id"]
        Vault(http, project).put("KEY", "value")
        http.session.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    with serve(data=file) as second:
        assert (second.client_id, second.client_secret) == (first.client_id, first.client_secret)
        assert second.organization_id == first.organization_id
        old, new = Http(second.url, first.token), Http(second.url, log_in(second, second))
        assert Vault(old, project).get("KEY")["secretValue"] == "value"
        assert Vault(new, project).get("KEY")["version"] == 1
        old.session.close()
        new.session.close()


def test_memory_keeps_nothing() -> None:
    with serve() as first, serve() as second:
        assert first.client_id != second.client_id
        assert (
            requests.get(
                f"{second.url}/api/v1/projects", headers={"Authorization": f"Bearer {first.token}"}, timeout=5
            ).json()["error"]
            == "TokenError"
        )


def test_no_repr_shows_a_secret(sandbox: Sandbox, http: Http) -> None:
    identity = sandbox.add_identity("other")
    http("POST", "/api/v1/projects", json={"projectName": "hush"})
    shown = f"{sandbox!r} {identity!r} {sandbox.requests!r} {sandbox.requests[-1]!r}"
    for secret in (sandbox.client_secret, sandbox.token, identity.client_secret, "hush"):
        assert secret not in shown
    assert sandbox.client_id in shown


def test_requests_are_recorded_as_they_came(sandbox: Sandbox, http: Http) -> None:
    sandbox.requests.clear()
    http("POST", "/api/v4/secrets/a%2Fb?x=%20y", data=b"{}", headers={"X-Mark": "1"})
    (request,) = sandbox.requests
    assert (request.method, request.target) == ("POST", "/api/v4/secrets/a%2Fb?x=%20y")
    assert request.path == "/api/v4/secrets/a%2Fb"
    assert ("X-Mark", "1") in request.headers
    assert request.header("x-mark") == "1"
    assert request.header("absent") is None
    assert request.body == b"{}"
    with pytest.raises(AttributeError):
        request.method = "GET"  # type: ignore[misc]


def test_only_the_last_thousand_requests_are_kept(sandbox: Sandbox) -> None:
    # A thousand calls by requests would take four seconds.
    with closing(HTTPConnection(sandbox.url.removeprefix("http://"), timeout=5)) as connection:
        for number in range(1003):
            connection.request("GET", f"/api/status?{number}")
            connection.getresponse().read()
    assert len(sandbox.requests) == 1000
    assert sandbox.requests[0].target == "/api/status?3"
    assert [entry.target for entry in sandbox.requests[-2:]] == ["/api/status?1001", "/api/status?1002"]


def test_stopping_does_not_wait_for_idle_or_slow_requests() -> None:
    with ThreadPoolExecutor(1) as pool, requests.Session() as session:
        with serve() as sandbox:
            session.get(f"{sandbox.url}/api/status", timeout=5)
            sandbox.faults.delay(60)
            slow = pool.submit(requests.get, f"{sandbox.url}/api/status", timeout=30)
            deadline = time.monotonic() + 5
            while len(sandbox.requests) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(sandbox.requests) == 2
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 5
        with pytest.raises(requests.ConnectionError):
            slow.result()


def test_many_threads_use_the_server_and_the_sandbox_at_once(
    sandbox: Sandbox, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    def work(number: int) -> str:
        identity = sandbox.add_identity(f"worker {number}", role="member")
        http = Http(sandbox.url, log_in(sandbox, identity))
        with http.session:
            mine = Vault(http, vault.project)
            mine.put(f"KEY_{number}", str(number))
            return str(mine.get(f"KEY_{number}")["secretValue"])

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == [str(number) for number in range(40)]
    assert len(vault.list()["secrets"]) == 40
    assert not caplog.records
