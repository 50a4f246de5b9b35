"""Starting: the sandbox of Julep alone, both APIs on one port, and records that survive."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
import requests

from gemel.sandbox import BothSandbox, JulepSandbox, Sandbox, serve

from ..wire import Http, log_in
from .wire import Julep


def test_an_async_with_block_serves_from_the_running_loop() -> None:
    async def main() -> None:
        async with serve("julep") as sandbox:
            headers = {"Authorization": f"Bearer {sandbox.api_key}"}
            async with aiohttp.ClientSession(headers=headers) as session:
                async with session.get(f"{sandbox.api_url}/agents") as answer:
                    assert await answer.json() == {"items": []}

    asyncio.run(main())


def test_no_repr_shows_a_key(sandbox: JulepSandbox, julep: Julep) -> None:
    julep.agent(name="hush")
    shown = f"{sandbox!r} {sandbox.requests!r}"
    assert sandbox.url in shown
    assert sandbox.api_key not in shown
    assert "hush" not in shown


def test_a_data_file_keeps_the_key_the_records_and_the_ranking(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve("julep", data=file) as first:
        julep = Julep(first.url, first.api_key)
        agent = julep.agent(docs=[{"title": "Trains", "content": "The night train leaves at nine."}])
        session = julep.session_of(agent)
        julep.chat(session, "hello")
        other = first.add_developer()
        julep.session.close()
    with serve("julep", data=file) as second:
        assert second.api_key == first.api_key
        julep = Julep(second.url, second.api_key)
        assert len(julep.ok("GET", f"/sessions/{session}/history")["items"]) == 2
        assert len(julep.chat(session, "train")["doc_ids"]["agent_doc_ids"]) == 1
        julep.session.headers["Authorization"] = other
        assert julep.ok("GET", "/agents") == {"items": []}
        julep.session.close()


def both_work(sandbox: BothSandbox) -> tuple[Http, Julep]:
    http, julep = Http(sandbox.url, log_in(sandbox, sandbox)), Julep(sandbox.url, sandbox.api_key)
    assert http.ok("GET", "/api/status")["message"] == "Ok"
    assert len(http.ok("GET", "/api/v1/projects")["projects"]) == len(julep.ok("GET", "/agents")["items"])
    assert julep.session.get(f"{sandbox.url}/v1/models", timeout=5).status_code == 200
    return http, julep


def test_both_apis_share_a_port() -> None:
    with serve("both") as sandbox:
        assert isinstance(sandbox, Sandbox)
        assert isinstance(sandbox, JulepSandbox)
        http, julep = both_work(sandbox)
        assert "Route GET:/nothing not found" in http("GET", "/nothing").text
        assert http("GET", "/api/v9/nothing").json()["error"] == "Not Found"
        assert julep.refused(404, "GET", "/nothing") == {"detail": "Not Found"}
        sandbox.faults.status(500, times=2)
        assert http("GET", "/api/v1/projects").json()["statusCode"] == 500
        assert julep.refused(500, "GET", "/agents") == "Internal Server Error"
        assert sandbox.api_key not in repr(sandbox)
        http.session.close()
        julep.session.close()


def test_a_file_of_one_api_serves_both(tmp_path: Path) -> None:
    file = tmp_path / "data"
    with serve(data=file) as one:
        client = Http(one.url, one.token)
        client.ok("POST", "/api/v1/projects", json={"projectName": "Kept"})
        client.session.close()
    with serve("both", data=file) as sandbox:
        julep = Julep(sandbox.url, sandbox.api_key)
        julep.agent()
        julep.session.close()
        for client in both_work(sandbox):
            client.session.close()


def test_every_path_of_infisical_stays_its_own() -> None:
    from gemel.sandbox.assembly import is_julep
    from gemel.sandbox.infisical.server import _ROUTES
    from gemel.sandbox.julep.server import OPERATIONS

    paths = [operation.path for routes in _ROUTES for operation in routes.operations]
    assert len(paths) > 20
    assert not any(is_julep(path) for path in paths)
    assert all(is_julep(f"/api{operation.path}") for operation in OPERATIONS)


@pytest.mark.parametrize("api", ["julep", "both"])
def test_the_control_endpoints_are_there(api: str) -> None:
    with serve(api) as sandbox:
        fault = {"kind": "status", "status": 418}
        assert requests.post(f"{sandbox.url}/__sandbox__/faults", json=fault, timeout=5).json() == {"pending": 1}
        assert requests.get(f"{sandbox.url}/api/agents", timeout=5).status_code == 418
